"""Golden questions: written by hand, and every release must get them right.

    golden = read_golden(features, store)      # [Golden('card-expiry', 'My gift card ...', 'gift-card-balance-expired', ''), ...]
    marks = examine(candidate, golden)         # Marks(found={'card-expiry': True, ...}, apart={...}, declined={...})
    golden_gates(marks, marks_of_champion, limits)

They are rows of the lake's table `golden`, delivered like any other (docs/bring-your-own-data.md). Two kinds of behavioural test
(Ribeiro et al., Beyond Accuracy: Behavioral Testing of NLP models with CheckList, ACL 2020): minimum function, a question's
article is among the first five, and one that no article answers is declined; direction, a question that differs from
another by the words that matter gets another article. The third kind, invariance, is in behaviour.py.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from nightshift.artifacts import Features
from nightshift.evaluate.gate import Gate, Limits, no_worse, not_examined, share_at_least
from nightshift.evaluate.model_under_test import LoadedRelease
from nightshift.lake import read_rows
from nightshift.store import Store

_DEPTH = 5  # articles, as in hit@5


@dataclass(frozen=True)
class Golden:
    """A question and the article that answers it; '' is to be declined. `unlike` is the id of another golden question."""

    question_id: str
    question: str
    article_id: str
    unlike: str


@dataclass(frozen=True)
class GoldenResults:
    """What a release got right, by the id of the question."""

    found: dict[str, bool] = field(default_factory=dict)
    apart: dict[str, bool] = field(default_factory=dict)
    declined: dict[str, bool] = field(default_factory=dict)

    @property
    def failed(self) -> list[str]:
        """Ids of the questions that failed any test, sorted."""
        return sorted({name for marks in vars(self).values() for name, right in marks.items() if not right})

    @property
    def values(self) -> list[bool]:
        """Every mark, in one order for all releases."""
        return [marks[name] for marks in vars(self).values() for name in sorted(marks)]


def read_golden(features: Features, store: Store) -> list[Golden]:
    """The golden questions of tonight's snapshot, sorted by id; none if the source delivers none."""
    found = [Golden(**row) for row in read_rows(store, features.snapshot, "golden")]
    return sorted(found, key=lambda one: one.question_id)


def run_golden(release: LoadedRelease, golden: Sequence[Golden]) -> GoldenResults:
    """Rank the questions and mark them. A question `unlike` one that does not exist is not marked for it."""
    if not golden:
        return GoldenResults()
    ranking = release.retriever.rank([one.question for one in golden])
    best = np.argsort(-ranking.scores, axis=1, kind="stable")[:, :_DEPTH]
    articles = [[release.retriever.article_ids[column] for column in row] for row in best.tolist()]
    first = {one.question_id: row[0] for one, row in zip(golden, articles, strict=True)}
    sure = release.confidence.of(ranking.evidence) >= release.floor
    return GoldenResults(
        found={
            one.question_id: one.article_id in row for one, row in zip(golden, articles, strict=True) if one.article_id
        },
        apart={one.question_id: first[one.question_id] != first[one.unlike] for one in golden if one.unlike in first},
        declined={
            one.question_id: not answers
            for one, answers in zip(golden, sure.tolist(), strict=True)
            if not one.article_id
        },
    )


def golden_gates(marks: GoldenResults, champion: GoldenResults | None, limits: Limits) -> list[Gate]:
    """A floor for each test, and no worse than the champion over all of them."""
    if not marks.values:
        return [
            not_examined("golden", "the source delivers no golden questions; docs/bring-your-own-data.md tells how")
        ]
    floors = {
        "golden found": (marks.found, limits.golden_found),
        "golden told apart": (marks.apart, limits.golden_apart),
        "golden declined": (marks.declined, limits.golden_declined),
    }
    gates = [_floor(name, tested, limit) for name, (tested, limit) in floors.items() if tested]
    if champion is not None:
        differences = np.array(marks.values, float) - np.array(champion.values, float)
        gates.append(no_worse(differences, limits.margin, "golden no worse than the champion", "the golden set"))
    return gates


def _floor(name: str, tested: Mapping[str, bool], limit: float) -> Gate:
    right = sum(tested.values())
    gate = share_at_least(name, right / len(tested), len(tested), limit, "questions")
    wrong = sorted(question for question, passed in tested.items() if not passed)
    told = f"{gate.sentence}; wrong: {', '.join(wrong)}" if wrong else gate.sentence
    return Gate(gate.name, gate.value, gate.limit, gate.passed, told)
