"""Merge the query tower's adapter into its base and export it, as int8 where that ranks as well.

pyflyte run tasks/export_query_tower.py export_query_tower --adapter '{...}' --features '{...}' --index '{...}'
"""

from dataclasses import replace

from flytekit import task

from nightshift.artifacts import Features, Index, Model
from nightshift.night import Night
from nightshift.reports.chart import bars
from nightshift.reports.page import Page
from tasks.caching import cached
from tasks.resources import BROAD, IMAGE
from tasks.stage import DECK, stage

# Features and index only give the questions to measure on: a reused adapter is not measured again.
CACHE = replace(cached(__file__), ignored_inputs=("features", "index"))


@task(container_image=IMAGE, requests=BROAD, cache=CACHE, **DECK)
def export_query_tower(adapter: Model, features: Features, index: Index, profile: str = "tiny") -> Model:
    """The query tower as it serves, with its parity and what quantization would cost."""
    from nightshift.export.encoder import export_query_tower as export
    from nightshift.export.quantize import RankedSample
    from nightshift.retrieval.sections import sections_of
    from nightshift.train.query_tower_data import build_examples
    from nightshift.warehouse import read_mart

    night = Night.open(profile)
    store = night.store
    with stage("export-query-tower", night) as finish:
        sections = sections_of(store.checkout(index.digest))
        examples = build_examples(read_mart(store, features, "training_pairs"), sections)
        held_out = [row for row, out in enumerate(examples.held_out) if out]
        sample = RankedSample(
            [examples.texts[row] for row in held_out],
            [[sections.articles[column] for column in examples.golds[row].nonzero()[0]] for row in held_out],
            sections,
        )
        texts = examples.texts or read_mart(store, features, "tickets")["text"].to_pylist()
        model = export(adapter, night, texts, sample=sample)
        finish(_page(model), changed=1, total=1, unit="models")
    return model


def _page(model: Model) -> Page:
    int8 = model.metrics.get("int8_kept") == 1.0
    page = Page(
        "Query tower export", "good", f"Exported as {'int8' if int8 else 'fp32'}; its vectors agree with PyTorch"
    )
    page.numbers({"largest difference": model.metrics["parity"]})
    hits = {name: value for name, value in model.metrics.items() if "hit@5" in name or "overlap" in name}
    return page.picture("fp32 against int8 on held-out tickets", bars(hits)) if hits else page
