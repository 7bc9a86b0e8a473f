"""The nights on a run_log: `.nightshift/nights/<night>/` with a page a stage, and `index.html` over all of them.

    .nightshift/nights/index.html
    .nightshift/nights/2026-01-01/02-transform.html
    .nightshift/nights/2026-01-01/work.json     {"runs": [{"stages": {"transform": {"wall": 8.1, "cpu": 7.9, ...}}}]}

`work.json` is the ledger of what each run of the night did and what it cost; a stage that is absent from a
run was taken from the cache.
"""

import json
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TypedDict, cast

from nightshift.reports.page import STYLE, Page, Tone
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
    counts: dict[
        str, int
    ]  # what else it did, e.g. {"rows read": 572} or {"passages embedded": 0, "tickets embedded": 132}


class Run(TypedDict):
    """One run of a night: the stages that really worked, in order."""

    stages: dict[str, StageWork]


@dataclass(frozen=True)
class RunLog:
    """The pages of all nights under one state folder."""

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
        """The night that is open, or `alone` when a stage is launched by itself on an empty state."""
        return self._current.read_text() if self._current.exists() else "alone"

    def runs(self, night: str) -> list[Run]:
        """What every run of a night did, oldest first."""
        path = self.root / night / "work.json"
        return cast(list[Run], json.loads(path.read_text())["runs"]) if path.exists() else []

    def add(self, stage: str, page: Page, work: StageWork) -> Path:
        """Put a page on the run_log and note what the stage cost.

        A later run of the night in which a stage had nothing to do leaves the page of the one that did the work.
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
        """Where the page of a stage lies."""
        return self.root / night / f"{STAGES.index(stage) + 1:02d}-{stage}.html"

    def keep(self, name: str, content: bytes) -> Path:
        """Keep a large file, such as Evidently's report, beside tonight's pages."""
        path = self.root / self.night / name
        with atomic_write(path) as temporary:
            temporary.write_bytes(content)
        return path

    def latest(self, night: str) -> dict[str, StageWork]:
        """The last run of every stage of a night that did something, in stage order; for one that never did, its last."""
        done: dict[str, StageWork] = {}
        for run in self.runs(night):
            for stage, work in run["stages"].items():
                if work["changed"] or work["tone"] == "bad" or not done.get(stage, work)["changed"]:
                    done[stage] = work
        return {stage: done[stage] for stage in STAGES if stage in done}

    def cost_summary(self, night: str) -> str:
        """What the last run of a night did and cost, in one line."""
        stages = self.runs(night)[-1]["stages"].values()
        counts: dict[str, int] = {}
        for work in stages:
            for name, count in work["counts"].items():
                counts[name] = counts.get(name, 0) + count
        did = "".join(f", {count:,} {name}" for name, count in counts.items())
        worked = sum(work["changed"] > 0 for work in stages)
        wall, cpu = (sum(work[clock] for work in stages) for clock in ("wall", "cpu"))
        return f"{worked} of {len(STAGES)} stages worked{did}; {wall:.1f} s, {cpu:.1f} s of CPU"

    def _night_page(self, night: str) -> str:
        runs = self.runs(night)
        rows = []
        for stage, work in self.latest(night).items():
            fresh = runs[-1]["stages"].get(stage) == work
            rows.append(
                f'<tr><td><a href="{self.page_path(night, stage).name}">{escape(stage)}</a></td>'
                f'<td class="{work["tone"]}">{escape(work["verdict"])}</td>'
                f'<td class="n">{work["changed"]:,} of {work["total"]:,} {escape(work["unit"])}</td>'
                f'<td class="n">{work["wall"]:.1f}</td><td class="n">{work["cpu"]:.1f}</td>'
                f'<td class="n">{"this run" if fresh else "reused"}</td></tr>'
            )
        last = _outcome(self.latest(night))
        return _document(
            f"Night of {night}",
            f'<p><a href="../index.html">all nights</a></p><p class="verdict {last["tone"]}">{escape(last["verdict"])}</p>'
            "<table><thead><tr><th>stage</th><th>verdict</th><th class=n>changed</th><th class=n>wall s</th>"
            f"<th class=n>CPU s</th><th></th></tr></thead><tbody>{''.join(rows)}</tbody></table>"
            f"<p>The last run: {escape(self.cost_summary(night))}.</p>",
        )

    def _all_nights(self) -> str:
        rows = []
        for folder in sorted((p for p in self.root.iterdir() if (p / "work.json").exists()), reverse=True):
            latest = self.latest(folder.name)
            if not latest:
                continue
            last = _outcome(latest)
            cpu = sum(work["cpu"] for work in latest.values())
            rows.append(
                f'<tr><td><a href="{folder.name}/index.html">{escape(folder.name)}</a></td>'
                f'<td class="{last["tone"]}">{escape(last["verdict"])}</td>'
                f'<td class="n">{len(self.runs(folder.name))}</td><td class="n">{cpu:.1f}</td></tr>'
            )
        return _document(
            "Nights",
            "<table><thead><tr><th>night</th><th>how it ended</th><th class=n>runs</th><th class=n>CPU s</th></tr>"
            f"</thead><tbody>{''.join(rows)}</tbody></table>",
        )

    def _write_runs(self, night: str, runs: list[Run]) -> None:
        self._write(self.root / night / "work.json", json.dumps({"runs": runs}, indent=1))

    @staticmethod
    def _write(path: Path, text: str) -> None:
        with atomic_write(path) as temporary:
            temporary.write_text(text)
        path.chmod(0o644)


def _outcome(latest: dict[str, StageWork]) -> StageWork:
    """What a night came to: the promotion, or how far it got."""
    return latest.get("promote") or list(latest.values())[-1]


def _document(title: str, body: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)} - Nightshift</title><style>{STYLE}</style></head>"
        f'<body style="margin:0;background:Canvas"><div class="ns"><h1>{escape(title)}</h1>{body}</div></body></html>'
    )
