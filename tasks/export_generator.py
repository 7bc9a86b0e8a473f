"""Merge the generator's adapter into its base and convert it for serving, in four bits where fp32 agrees.

An adapter that answers fewer questions than its base is left out.

pyflyte run tasks/export_generator.py export_generator --adapter '{...}' --features '{...}'
"""

from dataclasses import replace

from flytekit import task

from nightshift.artifacts import Features, Model
from nightshift.night import Night
from nightshift.reports.page import Page
from tasks.caching import cached
from tasks.generator import SEED
from tasks.resources import BROAD, IMAGE
from tasks.stage import DECK, stage

# Features only give the prompts to measure on: a reused adapter is not measured again.
CACHE = replace(cached(__file__), ignored_inputs=("features",))


@task(container_image=IMAGE, requests=BROAD, cache=CACHE, **DECK)
def export_generator(adapter: Model, features: Features, profile: str = "tiny") -> Model:
    """The generator as it serves: parity with PyTorch in fp32, and agreement of the smaller variant with fp32."""
    from nightshift.export.generator import export_generator as export
    from nightshift.train.distractors import passages_of
    from nightshift.train.generator import at_least_base
    from nightshift.train.generator_data import build_examples
    from nightshift.warehouse import read_mart

    night = Night.open(profile)
    store = night.store
    with stage("export-generator", night) as finish:
        passages = passages_of(read_mart(store, features, "articles"))
        examples = build_examples(read_mart(store, features, "generator_examples"), passages, night.profile, SEED)
        probes = [example.prompt for example in [*examples.held_out, *examples.examples]]
        served = adapter if adapter.digest and at_least_base(adapter) else None
        model = export(served, adapter.base, night=night, probes=probes)
        finish(_page(model, "adapter" if served else "base"), changed=1, total=1, unit="models")
    return model


def _page(model: Model, source: str) -> Page:
    bits, size = int(model.metrics["bits"]), model.metrics["size_mb"]
    page = Page("Generator export", "good", f"The {source} ships with {bits} bits per weight, {size:.0f} MB")
    return page.table(("metric", "value"), sorted(model.metrics.items()), "Parity and agreement")
