"""Golden questions, written by hand and delivered as rows of the lake's table `golden` (docs/bring-your-own-data.md).

read_golden(features, store)[0]
# GoldenQuestion('card-expiry', 'My gift card ...', 'gift-card-balance-expired', contrast='', must_contain='3 years')
"""

from dataclasses import dataclass
from typing import Self

from nightshift.artifacts import Features
from nightshift.lake import read_rows
from nightshift.store import Store


@dataclass(frozen=True)
class GoldenQuestion:
    """A question and the article that answers it, '' where it is to be declined.

    `contrast` is the id of another golden question: a near copy with another answer, or ''. `must_contain` is what a
    right answer holds (text.facts.parse_groups), `polarity` the truth of a yes/no question; '' where unknown.
    """

    question_id: str
    question: str
    article_id: str
    contrast: str
    must_contain: str = ""
    polarity: str = ""

    @classmethod
    def from_row(cls, row: dict[str, str]) -> Self:
        return cls(
            row["question_id"],
            row["question"],
            row["article_id"],
            row["unlike"],
            row.get("must_contain", ""),
            row.get("polarity", "").strip().lower(),
        )


def read_golden(features: Features, store: Store) -> list[GoldenQuestion]:
    """The golden questions of tonight's snapshot, sorted by id; none if the source delivers none."""
    questions = [GoldenQuestion.from_row(row) for row in read_rows(store, features.snapshot, "golden")]
    return sorted(questions, key=lambda question: question.question_id)
