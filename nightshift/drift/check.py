"""Tonight's tickets against the release that serves, before anything is trained.

    drift, page = check_drift(champion, features, night)
    # Drift(verdict='drift', rows=214, moved=['cluster', 'unfamiliar'], ...), and Evidently's page or None

drift.json in the store says all of it: verdict, measures with limits, labels that are new or gone.
"""

from typing import Any, cast

import numpy as np

from nightshift.artifacts import Drift, DriftVerdict, Features, Release
from nightshift.drift.detect import FEWEST, FORMAT, MIXES, Comparison, TicketSample, compare, tabular
from nightshift.drift.evidently_report import report
from nightshift.drift.reference import newest_nights, sample_tickets
from nightshift.models.batch_encoder import open_batch_encoder
from nightshift.models.classifiers import Classifiers
from nightshift.night import Night
from nightshift.release.layout import StoredRelease
from nightshift.retrieval.ticket_knn import TicketKnn
from nightshift.store import Store
from nightshift.warehouse import read_mart

_FEWEST_SHOWN = (
    30  # new tickets; below it a page of distributions shows nothing, and costs more than all the rest of a small night
)


def check_drift(champion: Release | None, features: Features, night: Night) -> tuple[Drift, str | None]:
    """The drift of tonight, and Evidently's page where a few dozen tickets are new, whatever the verdict."""
    store, threads = night.store, night.settings.threads
    reference = StoredRelease(champion.digest, store).reference if champion else {}
    if champion is None or reference.get("form") != FORMAT:
        return _kept(Comparison(DriftVerdict.NO_REFERENCE, 0), champion, features, store), None
    tickets = read_mart(store, features, "tickets")
    rows = newest_nights(tickets, FEWEST)
    if not rows.num_rows or rows["created_at"][-1].as_py().isoformat() <= reference["until"]:
        return _kept(Comparison(DriftVerdict.NOTHING_NEW, 0), champion, features, store), None
    folder = StoredRelease(champion.digest, store).checkout()
    tonight = sample_tickets(
        rows,
        tickets,
        Classifiers(folder.classifiers, threads),
        encoder_digest=champion.models["document_tower"],
        open_encoder=lambda: open_batch_encoder(folder.document_tower, threads),
        store=store,
    )
    found = compare(reference, tonight, TicketKnn.load(folder.index).vectors)
    return _kept(found, champion, features, store), _page(reference, tonight, found)


def read_drift(drift: Drift, store: Store) -> dict[str, Any]:
    """What drift.json says. Raises MissingObject, CorruptObject."""
    return cast(dict[str, Any], store.get_json(drift.digest))


def _page(reference: dict[str, Any], tonight: TicketSample, found: Comparison) -> str | None:
    new = sum(time.isoformat() > reference["until"] for time in tonight.times)
    if min(new, len(reference["rows"]["time"])) < _FEWEST_SHOWN:
        return None
    known = {one.name: one.limit for one in found.measures}
    limits = {name: known.get(name, 0.0) for name in MIXES}
    return report(reference["rows"], tabular(tonight, np.array(reference["centres"], np.float32)), limits)


def _kept(found: Comparison, champion: Release | None, features: Features, store: Store) -> Drift:
    serving = champion.digest if champion else ""
    digest = store.put_json(found.to_json() | {"champion": serving, "features": features.digest})
    return Drift(digest, serving, found.verdict, found.rows, found.moved)
