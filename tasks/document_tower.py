"""The frozen encoder of documents, as ONNX. The same every night, so the vectors of the index stay valid.

pyflyte run tasks/document_tower.py document_tower --features '{...}' --profile tiny
"""

from dataclasses import replace

from flytekit import task

from nightshift.artifacts import Features, Model
from nightshift.reports.page import Page
from nightshift.settings import Settings
from nightshift.settings import profile as size
from nightshift.store import open_store
from tasks.caching import cached
from tasks.resources import BROAD, IMAGE
from tasks.stage import DECK, stage

# The features only lend texts to measure parity on: the tower does not depend on them.
CACHE = replace(cached(__file__), ignored_inputs=("features",))


@task(container_image=IMAGE, requests=BROAD, cache=CACHE, **DECK)
def document_tower(features: Features, profile: str = "tiny") -> Model:
    """Export the base encoder and check it against PyTorch on real texts."""
    from nightshift.export.encoder import export_document_tower
    from nightshift.warehouse import read_mart

    settings = Settings.from_env().with_profile(profile)
    store = open_store(settings.store)
    with stage("document-tower") as finish:
        texts = read_mart(store, features, "articles")["body"].to_pylist()
        model = export_document_tower(size(profile).encoder, store, settings, texts)
        page = Page("Document tower", "good", "The exported encoder gives the vectors of the original")
        page.numbers({"largest difference": model.metrics["parity"]}).note(f"{model.base}, {model.digest[:12]}.")
        finish(page, changed=1, total=1, unit="models")
    return model
