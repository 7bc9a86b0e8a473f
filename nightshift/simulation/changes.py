"""The help pages as they stand on a night: what changes.yaml edits, takes down, brings back and slips in.

published(2)["express-delivery"].article.body   # says 12.90 EUR; on night 1 it said 11.90 EUR
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from nightshift.simulation import content
from nightshift.simulation.calendar import start_of


@dataclass(frozen=True)
class Published:
    """A page on a certain night. `updated` is when its present text went up."""

    article: content.Article
    updated: datetime


@dataclass(frozen=True)
class Edit:
    """On `night`, the text `old` of a page as first published became `new`."""

    night: int
    article: str
    old: str
    new: str


def edits(night: int) -> list[Edit]:
    """Every edit up to `night`, oldest first."""
    changes = content.words("changes.yaml")
    done = [Edit(**row) for row in changes["edits"] if row["night"] <= night]
    recurring = changes["recurring"]
    for turn, when in enumerate(range(recurring["first"], night + 1, recurring["every"])):
        row = recurring["edits"][turn % len(recurring["edits"])]
        lap = turn // len(recurring["edits"])
        done.append(Edit(when, row["article"], row["old"], row["new"][lap % len(row["new"])]))
    return sorted(done, key=lambda edit: edit.night)


def absent(night: int) -> set[str]:
    """The pages that are down on `night`."""
    changes = content.words("changes.yaml")
    gone = {row["article"] for row in changes["deletions"] if row["night"] <= night}
    closures = changes["closures"]
    for turn, when in enumerate(range(closures["first"], night + 1, closures["every"])):
        if night < when + closures["nights"]:
            gone.add(closures["articles"][turn % len(closures["articles"])])
    return gone


@lru_cache(maxsize=64)
def published(night: int) -> dict[str, Published]:
    """The pages that are up on `night`, by slug."""
    pages = {
        slug: Published(
            article, datetime(2025, 2, 1, 9, tzinfo=UTC) + timedelta(days=int(content.fraction(slug) * 300))
        )
        for slug, article in content.articles().items()
    }
    latest: dict[tuple[str, str], Edit] = {(edit.article, edit.old): edit for edit in edits(night)}
    for edit in latest.values():
        page = pages[edit.article]
        article = replace(page.article, body=page.article.body.replace(edit.old, edit.new))
        pages[edit.article] = Published(article, max(page.updated, start_of(edit.night) + timedelta(hours=8)))
    poisoned = content.words("changes.yaml")["poisoned"]
    if night >= poisoned["night"]:
        slug = poisoned["article"]
        article = content.parse(slug, (content.FOLDER / "poisoned.md").read_text("utf-8"))
        pages[slug] = Published(article, start_of(poisoned["night"]) + timedelta(hours=11))
    gone = absent(night)
    return {slug: pages[slug] for slug in sorted(pages) if slug not in gone}


def reply(section: content.Section, night: int) -> str:
    """What support replies about a section on `night`: with the numbers of that night."""
    text = section.reply
    for edit in {(edit.article, edit.old): edit for edit in edits(night)}.values():
        if edit.article == section.article:
            text = text.replace(edit.old, edit.new)
    return text


def label(intent: str, night: int) -> str:
    """What an intent is called in the tickets of `night`."""
    taxonomy = content.words("changes.yaml")["taxonomy"]
    return str(taxonomy["names"].get(intent, intent)) if night >= taxonomy["night"] else intent
