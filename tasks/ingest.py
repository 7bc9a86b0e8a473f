"""Look at the source and bring what changed into the lake.

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
    """Redact, validate and keep what the source has new. Never cached: it is the look at the source."""
    from nightshift.lake import ingest as bring_in
    from nightshift.sources import open_source

    night = Night.open()
    lease.take(night.settings.home)
    opened = open_source(source or night.settings.source, night.settings)
    told = opened.as_of() or datetime.now(UTC)
    night.run_log.begin((told - timedelta(seconds=1)).strftime("%Y-%m-%d"))  # midnight ends a day
    with stage("ingest", night) as finish:
        snapshot, work = bring_in(opened, night)
        touched = work.new + work.changed + work.deleted
        page = _page(snapshot, work, opened.url)
        finish(page, changed=touched, total=work.objects, unit="objects", rows_read=work.rows_read)
    return snapshot


def _page(snapshot: Snapshot, work: "LakeWork", url: str) -> Page:
    bad = sum(work.quarantined.values())
    if work.rows_read:
        verdict = f"{work.rows_read:,} rows read, {bad:,} of them set aside as bad"
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
        page.table(("what was redacted on the way in", "times"), sorted(work.redacted.items()), "Personal data")
    if work.quarantined:
        page.table(("why rows were set aside", "rows"), sorted(work.quarantined.items()), "Quarantine")
    return page.note(f"Snapshot {snapshot.digest[:12]} as of {snapshot.as_of}, from {url}.")
