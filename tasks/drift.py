"""Look whether tonight's tickets are like those that the release which serves was judged on.

pyflyte run tasks/drift.py drift --features '{...}'
"""

from typing import Any

from flytekit import task

from nightshift.artifacts import Drift, Features
from nightshift.night import Night
from nightshift.reports.page import Page, Tone
from tasks.resources import BROAD, IMAGE
from tasks.stage import DECK, stage

_TONES: dict[str, Tone] = {"drift": "warn", "taxonomy": "warn", "drift and taxonomy": "warn", "quiet": "good"}
_SAID = {
    "no reference": "No release serves yet that tonight could differ from",
    "nothing new": "No ticket is newer than the release that serves",
    "too little data": "Too little data to tell: {rows:,} tickets",
    "quiet": "{rows:,} tickets like those before",
    "drift": "Drift: {moved}, over {rows:,} tickets",
    "taxonomy": "Labels changed, tickets did not: {moved}, over {rows:,} tickets",
    "drift and taxonomy": "Tickets changed, and labels as well: {moved}, over {rows:,} tickets",
}


@task(container_image=IMAGE, requests=BROAD, **DECK)
def drift(features: Features, profile: str = "tiny") -> Drift:
    """The verdict over tonight's tickets. Never cached: the registry may have moved."""
    from nightshift.drift.check import check_drift, read_drift
    from nightshift.registry import mlflow as registry
    from nightshift.release.layout import StoredRelease

    night = Night.open(profile)
    store = night.store
    with stage("drift", night) as finish:
        serving = registry.champion(night.settings)
        found, html = check_drift(StoredRelease(serving.digest, store).artifact if serving else None, features, night)
        page = _page(found, read_drift(found, store))
        if html:
            night.run_log.keep("drift.html", html.encode())
            page.link("Evidently's report on tonight's tickets", "drift.html")
        finish(page, changed=found.rows, total=features.rows["tickets"], unit="tickets")
    return found


def _page(found: Drift, report: dict[str, Any]) -> Page:
    verdict = _SAID[found.verdict].format(rows=found.rows, moved=", ".join(found.moved))
    page = Page("Drift", _TONES.get(found.verdict, "quiet"), verdict)
    rows = [(m["name"], m["value"], m["limit"], "MOVED" if m["exceeded"] else "") for m in report["measures"]]
    page.table(
        ("measure", "value", "limit", ""), rows, "Against what chance does in 1 night of 100, all measures together"
    )
    names = [(name, "new") for name in report["new"]] + [(name, "nobody used it") for name in report["gone"]]
    return page.table(("label", ""), names, "Labels") if names else page
