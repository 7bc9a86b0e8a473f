"""Train the heads on frozen ticket vectors: intent, and which article such tickets were resolved with.

pyflyte run tasks/heads.py heads --features '{...}' --document_tower '{...}'
"""

from flytekit import task

from nightshift.artifacts import Features, Model
from nightshift.pages.chart import bars
from nightshift.pages.page import Page
from nightshift.settings import Settings
from nightshift.settings import profile as size
from nightshift.store import open_store
from tasks.caching import cached
from tasks.resources import BROAD, IMAGE
from tasks.stage import DECK, stage


@task(container_image=IMAGE, requests=BROAD, cache=cached(__file__), **DECK)
def heads(features: Features, document_tower: Model, profile: str = "tiny") -> Model:
    """Both heads, calibrated and exported to ONNX. Seconds, so they learn in full every night."""
    from nightshift.release.tracking import tracked
    from nightshift.train.heads import train_heads
    from nightshift.train.labelled import labelled_pairs, labelled_tickets

    settings = Settings.from_env().at(profile)
    store = open_store(settings.store)
    with stage("heads") as finish:
        tickets = labelled_tickets(features, document_tower, size(profile), store, settings)
        pairs = labelled_pairs(features, document_tower, store, settings)
        examples = len(tickets.labels) + len(pairs.labels)
        with tracked(settings, "heads", {"profile": profile, "examples": examples}, features.digest) as log:
            model = train_heads(
                tickets, pairs, profile=size(profile), store=store, base=document_tower.base, trained_on=features.digest
            )
            log(model.metrics, 0)
        finish(_page(model), changed=examples, total=examples, unit="examples")
    return model


def _page(model: Model) -> Page:
    said = [
        f"{name} {model.metrics[f'{name}_accuracy']:.3f}"
        for name in ("intent", "prior")
        if f"{name}_accuracy" in model.metrics
    ]
    verdict = (
        f"Accuracy on the newest tenth: {', '.join(said)}" if said else "Too few labelled tickets to measure the heads"
    )
    page = Page("Heads", "good" if said else "warn", verdict)
    page.picture(
        "Share right", bars({name: value for name, value in model.metrics.items() if name.endswith("accuracy")})
    )
    return page.table(("measure", "value"), sorted(model.metrics.items()), "All measures")
