"""Tune retrieval and assemble everything that answers into one release.

Launched by workflows/nightly.py; alone: pyflyte run tasks/assemble.py assemble --help
"""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from flytekit import task

from nightshift.artifacts import Features, Index, Model, Release
from nightshift.night import Night
from nightshift.reports.chart import bars
from nightshift.reports.page import Page
from tasks.caching import cached
from tasks.code_version import code_of, code_version
from tasks.resources import BROAD, IMAGE
from tasks.stage import DECK, stage

if TYPE_CHECKING:
    from nightshift.answering.tuned import TunedParameters


@task(container_image=IMAGE, requests=BROAD, cache=cached(__file__), **DECK)
def assemble(
    features: Features,
    index: Index,
    document_tower: Model,
    query_tower: Model,
    classifiers: Model,
    generator: Model,
    adapters: list[Model],
    profile: str = "tiny",
) -> Release:
    """A candidate: index, models, fusion weights, policy, prompts, drift reference and lineage under one digest."""
    from nightshift.answering.tuned import TunedParameters
    from nightshift.index.build import unresolved_table
    from nightshift.registry.assemble import assemble as assemble_release
    from nightshift.store.memo import memoize
    from nightshift.train.load_dataset import labelled_pairs, labelled_tickets
    from nightshift.train.tune_retrieval import tune
    from nightshift.warehouse import read_mart

    night = Night.open(profile)
    store = night.store
    with stage("assemble", night) as finish:
        tickets = labelled_tickets(features, document_tower, night)
        pairs = labelled_pairs(features, document_tower, night)

        def fit() -> str:
            fitted = tune(features, index, document_tower, query_tower, tickets, night)
            return store.put_json({"tuned.json": store.put_json(asdict(fitted))})

        unresolved = read_mart(store, features, "unresolved")
        unresolved_ids = unresolved_table(unresolved, unresolved.num_rows, None)["ticket_id"].to_pylist()
        inputs = [code_version(Path(__file__)), profile, index.digest, document_tower.digest, query_tower.digest]
        tree = store.tree(
            memoize("tuned", [*inputs, tickets.fingerprint, pairs.fingerprint, unresolved_ids], fit, store)
        )
        tuned = TunedParameters(**cast(dict[str, Any], store.get_json(tree["tuned.json"])))
        served = [document_tower, query_tower, classifiers, generator]
        models = {model.kind: model for model in [*served, *adapters] if model.digest}
        release = assemble_release(features, index, models, tuned, code_of(), night)
        finish(_page(release, tuned), changed=len(models), total=len(models), unit="models")
    return release


def _page(release: Release, tuned: "TunedParameters") -> Page:
    page = Page("Assemble", "good", f"Candidate {release.version} is assembled")
    page.picture("Fusion weight of each retrieval score", bars(tuned.fusion))
    page.table(("on held-out tickets of the training part", "value"), sorted(tuned.metrics.items()), "Tuning")
    return page.table(
        ("part", "digest"), [(name, digest[:12]) for name, digest in sorted(release.models.items())], "Parts"
    )
