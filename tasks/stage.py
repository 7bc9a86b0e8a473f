"""The frame of every task: log the stage, measure its cost, write its page to the run log and the Deck.

with stage("transform", night) as finish:
    features, work = transform(snapshot, split_at, night)
    finish(page(features, work), changed=work.keys, total=work.rows, unit="keys", rows_written=work.rows)
"""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from flytekit import Deck
from threadpoolctl import threadpool_limits

from nightshift.errors import NightshiftError
from nightshift.night import Night
from nightshift.progress import cpu_seconds, log
from nightshift.reports.page import Page
from nightshift.reports.run_log import STAGES, StageWork

Finish = Callable[..., None]

# Everything that enable_deck needs to show our page and nothing else.
DECK: dict[str, Any] = {"enable_deck": True, "deck_fields": ()}


@contextmanager
def stage(name: str, night: Night) -> Iterator[Finish]:
    """Run one stage. `finish(page, changed, total, unit, **counts)` must be called; an error makes a page of its own.

    `counts` are what else the stage did, for the cost summary: rows_read=572 becomes "572 rows read". BLAS is limited
    to one thread: the matrices of a night are small, and threads that wait for work burn CPU.
    """
    started, cpu = time.monotonic(), cpu_seconds()
    reports = os.environ.get("RANK", "0") == "0"  # only the first of several training processes does
    if reports:
        log(f"[{STAGES.index(name) + 1:2d}/{len(STAGES)}] {name}")
    outcome: list[tuple[Page, int, int, str, dict[str, int]]] = []

    def finish(page: Page, changed: int, total: int, unit: str, **counts: int) -> None:
        outcome.append((page, changed, total, unit, counts))

    def publish(page: Page, changed: int, total: int, unit: str, counts: dict[str, int]) -> None:
        wall, spent = time.monotonic() - started, cpu_seconds() - cpu
        page.note(f"{changed:,} of {total:,} {unit} processed in {wall:.1f} s ({spent:.1f} s of CPU).")
        work = StageWork(
            verdict=page.verdict,
            tone=page.tone,
            wall=wall,
            cpu=spent,
            changed=changed,
            total=total,
            unit=unit,
            counts={name.replace("_", " "): count for name, count in counts.items()},
        )
        if reports:
            run_log = night.run_log
            run_log.add(name, page, work)
            Deck(name, page.fragment())
            log(f"        {page.verdict}  [{changed:,}/{total:,} {unit}, {wall:.1f} s, {spent:.1f} s of CPU]")
            if name == STAGES[-1]:
                log(f"night of {run_log.night}: {run_log.cost_summary(run_log.night)}")

    try:
        with threadpool_limits(1, "blas"):
            yield finish
    except NightshiftError as error:
        page = Page(name, "bad", error.what.splitlines()[0]).note(error.what).note(f"Cure: {error.cure}")
        publish(page, 0, 0, "done", {})
        raise
    publish(*outcome[0])
