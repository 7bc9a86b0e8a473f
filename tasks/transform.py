"""Build and test the marts with dbt.

pyflyte run tasks/transform.py transform --snapshot '{"digest": "...", "as_of": "2026-01-01T23:59:59Z"}'
"""

from typing import TYPE_CHECKING

from flytekit import task

from nightshift.artifacts import Features, Snapshot
from nightshift.night import Night
from nightshift.reports.chart import bars
from nightshift.reports.page import Page
from tasks.caching import cached
from tasks.resources import BROAD, IMAGE
from tasks.stage import DECK, stage

if TYPE_CHECKING:
    from nightshift.warehouse import WarehouseWork


@task(container_image=IMAGE, requests=BROAD, cache=cached(__file__, "dbt"), **DECK)
def transform(snapshot: Snapshot, split_at: str = "") -> Features:
    """Articles, tickets, training pairs, generator examples and evaluation questions, tested by dbt."""
    from nightshift.warehouse import transform as build_marts

    night = Night.open()
    with stage("transform", night) as finish:
        features, work = build_marts(snapshot, split_at, night)
        finish(_page(features, work), changed=work.keys_touched, total=sum(features.rows.values()), unit="keys")
    return features


def _page(features: Features, work: "WarehouseWork") -> Page:
    verdict = f"{len(features.rows)} marts built ({work.refresh}), {work.tests_passed:,} data tests passed"
    page = Page("Transform", "warn" if work.tests_warned else "good", verdict)
    page.numbers(
        {"training pairs": features.rows["training_pairs"], "evaluation questions": features.rows["eval_questions"]}
    )
    page.numbers(
        {
            "tests passed": work.tests_passed,
            "warned": work.tests_warned,
            "links to deleted articles": work.unlinked,
        }
    )
    page.picture("Rows in each mart", bars({name: float(rows) for name, rows in features.rows.items()}))
    if work.seconds:
        page.table(
            ("dbt model", "seconds"),
            sorted(work.seconds.items(), key=lambda item: -item[1])[:12],
            "Slowest models",
        )
    return page.note(f"Questions from {features.split_at} on are for evaluation and never trained on.")
