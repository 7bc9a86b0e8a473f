"""Look at the source and bring what changed into the lake.

pyflyte run tasks/ingest.py ingest --source 'simulate://shop?night=1'
"""

from flytekit import task

from nightshift import lease
from nightshift.artifacts import Snapshot
from nightshift.lake import ingest as bring_in
from nightshift.pages.shelf import Shelf
from nightshift.settings import Settings
from nightshift.sources import open_source
from nightshift.store import open_store
from tasks.resources import BROAD, IMAGE, secrets
from tasks.stage import DECK, stage


@task(container_image=IMAGE, requests=BROAD, secret_requests=secrets(), **DECK)
def ingest(source: str = "") -> Snapshot:
    """Redact, validate and keep what the source has new; never cached, for it is the look at the source."""
    settings = Settings.from_env()
    lease.take(settings.home)
    opened = open_source(source or settings.source, settings)
    Shelf(settings.home).begin(_night_of(opened.as_of()))
    with stage("ingest") as finish:
        snapshot, work = bring_in(opened, open_store(settings.store), settings)
        finish(_page(snapshot, work, opened.url), work.new + work.changed + work.deleted, work.objects, "objects")
    return snapshot
