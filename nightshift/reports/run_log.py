"""The log of all nights: `.nightshift/nights/<night>/` with a page per stage, and `index.html` over all of them.

    .nightshift/nights/index.html
    .nightshift/nights/2026-01-01/02-transform.html
    .nightshift/nights/2026-01-01/work.json     {"runs": [{"stages": {"transform": {"wall": 8.1, "cpu": 7.9, ...}}}]}

`work.json` holds what each run of the night did and what it cost. A stage that is absent from a run was cached.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict, cast

from nightshift.reports.page import Page, Tone
from nightshift.reports.template import render
from nightshift.store.atomic import atomic_write

STAGES = (
    "ingest",
    "transform",
    "document-tower",
    "index",
    "drift",
    "retraining-plan",
    "query-tower",
    "classifiers",
    "generator",
    "export-query-tower",
    "export-generator",
    "assemble",
    "evaluate",
    "promote",
    "package",
)


class StageWork(TypedDict):
    """What one stage did in one run: `changed` of `total` units, and its cost in seconds."""

    verdict: str
    tone: Tone
    wall: float
    cpu: float
    changed: int
    total: int
    unit: str
    counts: dict[str, int]
    """What else the stage did, e.g. {"rows read": 572} or {"passages embedded": 0, "tickets embedded": 132}."""


class Run(TypedDict):
    """One run of a night: the stages that were executed, in order."""

    stages: dict[str, StageWork]


@dataclass(frozen=True)
class RunLog:
    """The pages and work of all nights under the state folder `home`."""

    home: Path

    @property
    def root(self) -> Path:
        return self.home / "nights"

    @property
    def _current(self) -> Path:
        return self.root / "current"

    def begin(self, night: str) -> None:
        """Open a new run of `night`; later pages and work go to it."""
        self._write(self._current, night)
        runs = self.runs(night)
        self._write_runs(night, [*runs, Run(stages={})])

    @property
    def night(self) -> str:
        """The night of the open run, or `alone` when a stage is launched alone on an empty state."""
        return self._current.read_text() if self._current.exists() else "alone"

    def runs(self, night: str) -> list[Run]:
        """Every run of a night, oldest first."""
        path = self.root / night / "work.json"
        return cast(list[Run], json.loads(path.read_text())["runs"]) if path.exists() else []

    def add(self, stage: str, page: Page, work: StageWork) -> Path:
        """Write the page of a stage and add its work to the open run.

        A later run in which the stage changed nothing leaves the page of the run that did the work.
        """
        night = self.night
        had_worked = self.latest(night).get(stage, work)["changed"] > 0
        runs = self.runs(night) or [Run(stages={})]
        runs[-1]["stages"][stage] = work
        self._write_runs(night, runs)
        path = self.page_path(night, stage)
        if work["changed"] or work["tone"] == "bad" or not (had_worked and path.exists()):
            self._write(path, page.html())
        self._write(self.root / night / "index.html", self._night_page(night))
        self._write(self.root / "index.html", self._all_nights())
        return path

    def page_path(self, night: str, stage: str) -> Path:
        """The file of a stage's page."""
        return self.root / night / f"{STAGES.index(stage) + 1:02d}-{stage}.html"

    def keep(self, name: str, content: bytes) -> Path:
        """Keep a large file, such as Evidently's report, beside the pages of the night."""
        path = self.root / self.night / name
        with atomic_write(path) as temporary:
            temporary.write_bytes(content)
        return path

    def latest(self, night: str) -> dict[str, StageWork]:
        """By stage, in order: its work in the last run that changed something, or in its last run where none did."""
        works: dict[str, StageWork] = {}
        for run in self.runs(night):
            for stage, work in run["stages"].items():
                if work["changed"] or work["tone"] == "bad" or not works.get(stage, work)["changed"]:
                    works[stage] = work
        return {stage: works[stage] for stage in STAGES if stage in works}

    def cost_summary(self, night: str) -> str:
        """The work and cost of the last run of a night, in one line."""
        stages = self.runs(night)[-1]["stages"].values()
        counts: dict[str, int] = {}
        for work in stages:
            for name, count in work["counts"].items():
                counts[name] = counts.get(name, 0) + count
        totals = "".join(f", {count:,} {name}" for name, count in counts.items())
        worked = sum(work["changed"] > 0 for work in stages)
        wall, cpu = (sum(work[clock] for work in stages) for clock in ("wall", "cpu"))
        return f"{worked} of {len(STAGES)} stages worked{totals}; {wall:.1f} s, {cpu:.1f} s of CPU"

    def _night_page(self, night: str) -> str:
        latest, last_run = self.latest(night), self.runs(night)[-1]["stages"]
        rows = [
            {
                "stage": stage,
                "href": self.page_path(night, stage).name,
                "work": work,
                "fresh": last_run.get(stage) == work,
            }
            for stage, work in latest.items()
        ]
        summary = self.cost_summary(night)
        return render("night.html", night=night, outcome=_outcome(latest), rows=rows, cost_summary=summary)

    def _all_nights(self) -> str:
        nights = sorted((path.parent.name for path in self.root.glob("*/work.json")), reverse=True)
        rows = [
            {
                "night": night,
                "outcome": _outcome(latest),
                "runs": len(self.runs(night)),
                "cpu": sum(work["cpu"] for work in latest.values()),
            }
            for night in nights
            if (latest := self.latest(night))
        ]
        return render("nights.html", rows=rows)

    def _write_runs(self, night: str, runs: list[Run]) -> None:
        self._write(self.root / night / "work.json", json.dumps({"runs": runs}, indent=1))

    @staticmethod
    def _write(path: Path, text: str) -> None:
        with atomic_write(path) as temporary:
            temporary.write_text(text)
        path.chmod(0o644)


def _outcome(latest: dict[str, StageWork]) -> StageWork:
    """The work of the promotion, or of the last stage that was reached."""
    return latest.get("promote") or list(latest.values())[-1]
