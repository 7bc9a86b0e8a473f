"""Train the classifiers on frozen ticket vectors: intent, article prior and prompt injection.

pyflyte run tasks/classifiers.py classifiers --features '{...}' --document_tower '{...}'
"""

from pathlib import Path
from typing import Any, cast

from flytekit import task

from nightshift.artifacts import Features, Model
from nightshift.night import Night
from nightshift.reports.chart import bars
from nightshift.reports.page import Page
from tasks.caching import cached
from tasks.code_version import code_version
from tasks.resources import BROAD, IMAGE
from tasks.stage import DECK, stage


@task(container_image=IMAGE, requests=BROAD, cache=cached(__file__), **DECK)
def classifiers(features: Features, document_tower: Model, profile: str = "tiny") -> Model:
    """All classifiers, calibrated and exported to ONNX. Training takes seconds: any new example trains all in full."""
    from nightshift.digests import canonical_json, digest_of
    from nightshift.export.classifiers import export_classifiers
    from nightshift.registry.tracking import tracked
    from nightshift.store.memo import memoize
    from nightshift.store.model_tree import read_model
    from nightshift.train.classifiers import train_classifiers
    from nightshift.train.load_dataset import labelled_pairs, labelled_tickets, ordinary_tickets

    night = Night.open(profile)
    store = night.store
    with stage("classifiers", night) as finish:
        tickets = labelled_tickets(features, document_tower, night)
        pairs = labelled_pairs(features, document_tower, night)
        ordinary = ordinary_tickets(features, store)
        examples = len(tickets.labels) + len(pairs.labels)

        def train() -> str:
            with tracked(
                night.settings, "classifiers", {"profile": profile, "examples": examples}, features.digest
            ) as log_metrics:
                trained = train_classifiers(tickets, pairs, ordinary=ordinary, profile=night.profile)
                model = export_classifiers(trained, store, base=document_tower.base, trained_on=features.digest)
                log_metrics(model.metrics, 0)
            return model.digest

        texts = digest_of(canonical_json(ordinary))
        inputs = [code_version(Path(__file__)), profile, document_tower.digest]
        model = read_model(
            memoize("classifiers", [*inputs, tickets.fingerprint, pairs.fingerprint, texts], train, store), store
        )
        report = cast(dict[str, Any], store.get_json(store.tree(model.digest)["classifiers.json"]))
        new = examples if model.trained_on == features.digest else 0
        finish(_page(model.metrics, report, new), changed=new, total=examples, unit="examples")
    return model


def _page(metrics: dict[str, float], report: dict[str, Any], new: int) -> Page:
    accuracies = [
        f"{name} {metrics[f'{name}_accuracy']:.3f}" for name in ("intent", "prior") if f"{name}_accuracy" in metrics
    ]
    verdict = (
        f"Accuracy on the newest tenth: {', '.join(accuracies)}"
        if accuracies
        else "Too few labelled tickets to measure the classifiers"
    )
    page = Page("Classifiers", "good" if accuracies else "warn", verdict)
    if not new:
        page = Page("Classifiers", "quiet", f"Nothing new to learn from. {verdict}")
    page.picture("Accuracy", bars({name: value for name, value in metrics.items() if name.endswith("accuracy")}))
    slices = [
        (name, label, int(metric["rows"]), metric["accuracy"], metric["ece"])
        for name in ("intent", "prior")
        for label, metric in report.get(name, {}).get("slices", {}).items()
    ]
    recalls = list(report.get("injection", {}).get("recall", {}).items())
    tables = {
        "Not trained": (("classifier", "reason"), sorted(report["absent"].items())),
        "Slices": (("classifier", "slice", "held-out tickets", "accuracy", "calibration error"), slices),
        "Attacks above the limit that 1 % of tickets exceed": (("kind of attack", "recall"), recalls),
        "Metrics": (("metric", "value"), sorted(metrics.items())),
    }
    for caption, (columns, rows) in tables.items():
        if rows:
            page.table(columns, rows, caption)
    return page
