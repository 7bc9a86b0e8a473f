"""Read what changed at the source into the lake.

pyflyte run tasks/ingest.py ingest --source 'simulate://shop?night=1'
"""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from flytekit import task

from nightshift.artifacts import Snapshot
from nightshift.night import Night
from nightshift.reports.chart import bars
from nightshift.reports.page import Page
from nightshift.store import lease
from tasks.resources import BROAD, IMAGE, secrets
from tasks.stage import DECK, stage

if TYPE_CHECKING:
    from nightshift.lake import LakeWork


@task(container_image=IMAGE, requests=BROAD, secret_requests=secrets(), **DECK)
def ingest(source: str = "") -> Snapshot:
    """Redact, validate and store new and changed objects. Never cached: only the source knows what changed."""
    from nightshift.lake import ingest as ingest_source
    from nightshift.sources import open_source

    night = Night.open()
    lease.take(night.settings.home)
    delivery = open_source(source or night.settings.source, night.settings)
    as_of = delivery.as_of() or datetime.now(UTC)
    night.run_log.begin((as_of - timedelta(seconds=1)).strftime("%Y-%m-%d"))  # midnight belongs to the day it ends
    with stage("ingest", night) as finish:
        snapshot, work = ingest_source(delivery, night)
        touched = work.new + work.changed + work.deleted
        page = _page(snapshot, work, delivery.url)
        finish(page, changed=touched, total=work.objects, unit="objects", rows_read=work.rows_read)
    return snapshot


def _page(snapshot: Snapshot, work: "LakeWork", url: str) -> Page:
    bad = sum(work.quarantined.values())
    if work.rows_read:
        verdict = f"{work.rows_read:,} rows read, {bad:,} of them quarantined"
    else:
        verdict = "Nothing new at the source"
    page = Page("Ingest", "quiet" if not work.rows_read else "warn" if bad else "good", verdict)
    page.numbers(
        {
            "new objects": work.new,
            "changed": work.changed,
            "deleted": work.deleted,
            "rows read": work.rows_read,
            "bad rows": bad,
        }
    )
    page.picture("Rows in the lake", bars({name: float(rows) for name, rows in snapshot.rows.items() if rows}))
    if work.redacted:
        page.table(("kind", "times"), sorted(work.redacted.items()), "Personal data redacted")
    if work.quarantined:
        page.table(("reason", "rows"), sorted(work.quarantined.items()), "Quarantine")
    return page.note(f"Snapshot {snapshot.digest[:12]} as of {snapshot.as_of}, from {url}.")
