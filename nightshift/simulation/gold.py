"""The gold facts: what a right answer to each question template holds, and yes/no questions in both polarities.

    fact_of("standard-delivery", "Cost and the free limit", "what do i need to spend ...", night=3)
    # GoldFact(groups=(('60 EUR',),), answer_type='amount', polarity='')
    contrast_pairs()[0].ask_no      # 'Can I pay cash on delivery?'

A text holds the fact when it has one alternative of every group (text/facts.py). facts/<article>.yaml has a row for
each question template; `variants` give the groups from a night on, up to night 120. No pipeline reads facts/ or
plain_questions.yaml: they are the truth that answers are compared with.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from nightshift.simulation import content

ANSWER_TYPES = ("amount", "code", "duration", "name", "other", "place", "reason", "step", "yes_no")


@dataclass(frozen=True)
class GoldFact:
    """What a right answer holds. `polarity` is the truth of a yes/no question, 'yes' or 'no', else ''."""

    groups: tuple[tuple[str, ...], ...]
    answer_type: str
    polarity: str

    def to_json(self) -> dict[str, object]:
        return {
            "groups": [list(group) for group in self.groups],
            "answer_type": self.answer_type,
            "polarity": self.polarity,
        }


@dataclass(frozen=True)
class ContrastPair:
    """The same matter asked so that the truth is yes, and no. `deciding` is the sentence of the page that decides."""

    article: str
    section: str
    deciding: str
    ask_yes: str
    ask_no: str
    split: str


@cache
def _rows() -> dict[tuple[str, str, str], Mapping[str, Any]]:
    """The row of facts/ for (article, section, question template)."""
    return {
        (slug, row["section"], row["ask"]): row
        for slug in content.articles()
        for row in content.load_yaml(f"facts/{slug}.yaml")
    }


def fact_of(article: str, section: str, question: str, night: int) -> GoldFact:
    """The fact of a question template as of `night`. Raises KeyError for a question that is no template."""
    return gold_fact(_rows()[article, section, question], night)


def gold_fact(row: Mapping[str, Any], night: int) -> GoldFact:
    """A row of facts/ or of plain_questions.yaml as of `night`."""
    groups = row["groups"]
    for variant in row.get("variants", ()):
        if variant["from_night"] <= night:
            groups = variant["groups"]
    return GoldFact(tuple(tuple(group) for group in groups), row["answer_type"], row.get("polarity", ""))


@cache
def contrast_pairs() -> tuple[ContrastPair, ...]:
    """Every pair of contrast.yaml."""
    return tuple(ContrastPair(**row) for row in content.load_yaml("contrast.yaml"))


def delivered_contrast() -> tuple[ContrastPair, ...]:
    """The half of the pairs that the company delivers as golden questions: none is about a page that changes."""
    changes = content.load_yaml("changes.yaml")
    changing = {row["article"] for row in (*changes["edits"], *changes["deletions"], *changes["recurring"]["edits"])}
    changing |= set(changes["closures"]["articles"])
    stable = [pair for pair in contrast_pairs() if pair.article not in changing]
    return tuple(stable[::2])
