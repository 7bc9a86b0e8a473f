"""Compare the newest tickets with those that the serving release was evaluated on.

pyflyte run tasks/drift.py drift --features '{...}'
"""

from typing import TYPE_CHECKING

from flytekit import task

from nightshift.artifacts import Drift, DriftVerdict, Features
from nightshift.night import Night
from nightshift.reports.page import Page, Tone
from tasks.resources import BROAD, IMAGE
from tasks.stage import DECK, stage

if TYPE_CHECKING:
    from nightshift.drift.detect import Comparison

_VERDICTS: dict[DriftVerdict, tuple[Tone, str]] = {
    DriftVerdict.NO_REFERENCE: ("quiet", "No release serves yet to compare with"),
    DriftVerdict.NOTHING_NEW: ("quiet", "No ticket is newer than the release that serves"),
    DriftVerdict.TOO_LITTLE_DATA: ("quiet", "Too little data to tell: {rows:,} tickets"),
    DriftVerdict.QUIET: ("good", "No drift over {rows:,} tickets"),
    DriftVerdict.DRIFT: ("warn", "Drift: {moved}, over {rows:,} tickets"),
    DriftVerdict.TAXONOMY: ("warn", "Labels changed, tickets did not: {moved}, over {rows:,} tickets"),
    DriftVerdict.DRIFT_AND_TAXONOMY: ("warn", "Tickets changed, and labels as well: {moved}, over {rows:,} tickets"),
}


@task(container_image=IMAGE, requests=BROAD, **DECK)
def drift(features: Features, profile: str = "tiny") -> Drift:
    """The verdict over the newest tickets. Never cached: the registry may have moved."""
    from nightshift.drift.check import check_drift, read_drift
    from nightshift.registry import mlflow as registry
    from nightshift.release.layout import StoredRelease

    night = Night.open(profile)
    store = night.store
    with stage("drift", night) as finish:
        serving = registry.champion(night.settings)
        result, html = check_drift(StoredRelease(serving.digest, store).artifact if serving else None, features, night)
        page = _page(result, read_drift(result, store))
        if html:
            night.run_log.keep("drift.html", html.encode())
            page.link("Evidently's report on the newest tickets", "drift.html")
        finish(page, changed=result.rows, total=features.rows["tickets"], unit="tickets")
    return result


def _page(result: Drift, comparison: "Comparison") -> Page:
    tone, verdict = _VERDICTS[result.verdict]
    page = Page("Drift", tone, verdict.format(rows=result.rows, moved=", ".join(result.moved)))
    rows = [(m.name.value, m.value, m.limit, "MOVED" if m.exceeded else "") for m in comparison.measures]
    page.table(
        ("measure", "value", "limit", ""),
        rows,
        "Limits are exceeded by chance in 1 night of 100, all measures together",
    )
    labels = [(label, "new") for label in comparison.new_labels]
    labels += [(label, "no longer used") for label in comparison.vanished_labels]
    return page.table(("label", ""), labels, "Labels") if labels else page
