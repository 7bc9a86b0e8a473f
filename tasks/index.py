"""Chunk the articles, embed the chunks that are new, and put the index version in the store.

pyflyte run tasks/index.py index --features '{...}' --document_tower '{...}'
"""

from typing import TYPE_CHECKING

from flytekit import task

from nightshift.artifacts import Features, Index, Model
from nightshift.night import Night
from nightshift.reports.chart import bars
from nightshift.reports.page import Page
from tasks.caching import cached
from tasks.resources import BROAD, IMAGE
from tasks.stage import DECK, stage

if TYPE_CHECKING:
    from nightshift.index.build import IndexWork


@task(container_image=IMAGE, requests=BROAD, cache=cached(__file__), **DECK)
def index(features: Features, document_tower: Model, profile: str = "tiny") -> Index:
    """An index version: all articles, and the vectors of resolved tickets."""
    from nightshift.index.build import build

    night = Night.open(profile)
    with stage("index", night) as finish:
        version, work = build(features, document_tower, night)
        finish(
            _page(version, work),
            changed=work.embedded + work.tickets_embedded,
            total=work.chunks + work.resolved,
            unit="embeddings",
            passages_embedded=work.embedded,
            passages_removed=work.removed,
            tickets_embedded=work.tickets_embedded,
        )
    return version


def _page(version: Index, work: "IndexWork") -> Page:
    passages = f"{work.chunks:,} passages of {version.articles:,} articles"
    verdict = f"{passages}; {work.embedded:,} embedded, {work.removed:,} removed"
    page = Page("Index", "good" if work.embedded or work.removed else "quiet", verdict)
    page.numbers(
        {"passages": work.chunks, "embedded tonight": work.embedded, "reused": work.reused, "removed": work.removed}
    )
    page.numbers({"resolved tickets": work.resolved, "tickets embedded tonight": work.tickets_embedded})
    page.picture(
        "Passages",
        bars({"reused": float(work.reused), "embedded": float(work.embedded), "removed": float(work.removed)}),
    )
    return page.note(f"Index {version.digest[:12]}, embedded by {version.encoder[:12]}.")
