"""The newest tickets against the serving release, before anything is trained.

    drift, page = check_drift(champion, features, night) # Drift(verdict=<DriftVerdict.DRIFT: 'drift'>, rows=214,
    moved=['cluster', 'novelty'], ...), and Evidently's page or None

drift.json in the store holds the whole comparison: verdict, measures with limits, labels that are new or vanished.
"""

from typing import Any, cast

import numpy as np

from nightshift.artifacts import Drift, DriftVerdict, Features, Release
from nightshift.drift.detect import FORMAT, MIN_ROWS, Comparison, TicketSample, compare, tabular
from nightshift.drift.evidently_report import report
from nightshift.drift.measures import MIXES
from nightshift.drift.reference import newest_nights, sample_tickets
from nightshift.models.batch_encoder import open_batch_encoder
from nightshift.models.classifiers import Classifiers
from nightshift.night import Night
from nightshift.release.layout import StoredRelease
from nightshift.retrieval.ticket_knn import TicketKnn
from nightshift.store import Store
from nightshift.warehouse import read_mart

# New tickets below which there is no page: it would show nothing, and cost more than the rest of a small night.
_MIN_SHOWN = 30


def check_drift(champion: Release | None, features: Features, night: Night) -> tuple[Drift, str | None]:
    """The drift of tonight, and Evidently's page where at least 30 tickets are new, whatever the verdict."""
    store, threads = night.store, night.settings.threads
    reference = StoredRelease(champion.digest, store).reference if champion else {}
    if champion is None or reference.get("format") != FORMAT:
        return _stored(Comparison(DriftVerdict.NO_REFERENCE, 0), champion, features, store), None
    tickets = read_mart(store, features, "tickets")
    rows = newest_nights(tickets, MIN_ROWS)
    if not rows.num_rows or rows["created_at"][-1].as_py().isoformat() <= reference["until"]:
        return _stored(Comparison(DriftVerdict.NOTHING_NEW, 0), champion, features, store), None
    folder = StoredRelease(champion.digest, store).checkout()
    tonight = sample_tickets(
        rows,
        tickets,
        Classifiers(folder.classifiers, threads),
        encoder_digest=champion.models["document_tower"],
        open_encoder=lambda: open_batch_encoder(folder.document_tower, threads),
        store=store,
    )
    comparison = compare(reference, tonight, TicketKnn.load(folder.index).vectors)
    return _stored(comparison, champion, features, store), _page(reference, tonight, comparison)


def read_drift(drift: Drift, store: Store) -> Comparison:
    """What drift.json holds. Raises MissingObject, CorruptObject."""
    return Comparison.from_json(cast(dict[str, Any], store.get_json(drift.digest)))


def _page(reference: dict[str, Any], tonight: TicketSample, comparison: Comparison) -> str | None:
    new = sum(time.isoformat() > reference["until"] for time in tonight.times)
    if min(new, len(reference["rows"]["time"])) < _MIN_SHOWN:
        return None
    measured = {measure.name: measure.limit for measure in comparison.measures}
    limits = {name.value: measured.get(name, 0.0) for name in MIXES}
    return report(reference["rows"], tabular(tonight, np.array(reference["cluster_centres"], np.float32)), limits)


def _stored(comparison: Comparison, champion: Release | None, features: Features, store: Store) -> Drift:
    serving = champion.digest if champion else ""
    digest = store.put_json(comparison.to_json() | {"champion": serving, "features": features.digest})
    return Drift(digest, serving, comparison.verdict, comparison.rows, comparison.moved)
