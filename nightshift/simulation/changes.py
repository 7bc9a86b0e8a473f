"""The help pages of a night: changes.yaml edits pages, takes them down, brings them back and adds a poisoned one.

published(2)["express-delivery"].article.body   # holds 12.90 EUR; on night 1 it held 11.90 EUR
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from nightshift.simulation import content
from nightshift.simulation.calendar import start_of


@dataclass(frozen=True)
class Published:
    """A page on a certain night. `updated` is the time at which its present text was published."""

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
    changes = content.load_yaml("changes.yaml")
    applied = [Edit(**row) for row in changes["edits"] if row["night"] <= night]
    recurring = changes["recurring"]
    for number, edit_night in enumerate(range(recurring["first"], night + 1, recurring["every"])):
        cycle, position = divmod(number, len(recurring["edits"]))
        row = recurring["edits"][position]
        applied.append(Edit(edit_night, row["article"], row["old"], row["new"][cycle % len(row["new"])]))
    return sorted(applied, key=lambda edit: edit.night)


def unpublished(night: int) -> set[str]:
    """The slugs of the pages that are down on `night`."""
    changes = content.load_yaml("changes.yaml")
    slugs = {row["article"] for row in changes["deletions"] if row["night"] <= night}
    closures = changes["closures"]
    for number, first_night in enumerate(range(closures["first"], night + 1, closures["every"])):
        if night < first_night + closures["nights"]:
            slugs.add(closures["articles"][number % len(closures["articles"])])
    return slugs


@lru_cache(maxsize=64)
def published(night: int) -> dict[str, Published]:
    """The pages that are up on `night`, by slug."""
    pages = {
        slug: Published(
            article, datetime(2025, 2, 1, 9, tzinfo=UTC) + timedelta(days=int(content.hash_fraction(slug) * 300))
        )
        for slug, article in content.articles().items()
    }
    latest: dict[tuple[str, str], Edit] = {(edit.article, edit.old): edit for edit in edits(night)}
    for edit in latest.values():
        page = pages[edit.article]
        article = replace(page.article, body=page.article.body.replace(edit.old, edit.new))
        pages[edit.article] = Published(article, max(page.updated, start_of(edit.night) + timedelta(hours=8)))
    poisoned = content.load_yaml("changes.yaml")["poisoned"]
    if night >= poisoned["night"]:
        slug = poisoned["article"]
        article = content.parse_article(slug, (content.FOLDER / "poisoned.md").read_text("utf-8"))
        pages[slug] = Published(article, start_of(poisoned["night"]) + timedelta(hours=11))
    down = unpublished(night)
    return {slug: pages[slug] for slug in sorted(pages) if slug not in down}


def reply(section: content.Section, night: int) -> str:
    """The reply of support about a section, with the numbers that hold on `night`."""
    text = section.reply
    for edit in {(edit.article, edit.old): edit for edit in edits(night)}.values():
        if edit.article == section.article:
            text = text.replace(edit.old, edit.new)
    return text


def label(intent: str, night: int) -> str:
    """The label of an intent in the tickets of `night`: labels are renamed on one night."""
    taxonomy = content.load_yaml("changes.yaml")["taxonomy"]
    return str(taxonomy["names"].get(intent, intent)) if night >= taxonomy["night"] else intent
