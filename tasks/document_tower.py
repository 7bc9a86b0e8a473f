"""Export the frozen document encoder to ONNX. It is the same every night, so vectors of the index stay valid.

pyflyte run tasks/document_tower.py document_tower --features '{...}' --profile tiny
"""

from dataclasses import replace

from flytekit import task

from nightshift.artifacts import Features, Model
from nightshift.night import Night
from nightshift.reports.page import Page
from tasks.caching import cached
from tasks.resources import BROAD, IMAGE
from tasks.stage import DECK, stage

# Features only give texts to measure parity on; the tower does not depend on them.
CACHE = replace(cached(__file__), ignored_inputs=("features",))


@task(container_image=IMAGE, requests=BROAD, cache=CACHE, **DECK)
def document_tower(features: Features, profile: str = "tiny") -> Model:
    """Export the base encoder and check it against PyTorch on real texts."""
    from nightshift.export.encoder import export_document_tower
    from nightshift.warehouse import read_mart

    night = Night.open(profile)
    with stage("document-tower", night) as finish:
        texts = read_mart(night.store, features, "articles")["body"].to_pylist()
        model = export_document_tower(night.profile.encoder, night, texts)
        page = Page("Document tower", "good", "The exported encoder gives the vectors of the PyTorch model")
        page.numbers({"largest difference": model.metrics["parity"]}).note(f"{model.base}, {model.digest[:12]}.")
        finish(page, changed=1, total=1, unit="models")
    return model
