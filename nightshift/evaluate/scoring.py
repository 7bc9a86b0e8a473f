"""What is measured of a release on questions: how articles are ranked and what would be declined, as a whole and by slice.

    found = found_on(release.retriever, questions)
    summary(found, questions, declining(release, questions), answers)     # {'metrics': {...}, 'slices': {...}, ...}

`questions` is the mart eval_questions, or any table like it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from nightshift.digests import digest_of
from nightshift.evaluate import answers
from nightshift.evaluate.model_under_test import LoadedRelease
from nightshift.evaluate.slices import labelled, slices
from nightshift.metrics.retrieval import QuestionScores, interval, score_rankings
from nightshift.metrics.selective import decline_metrics, risk_coverage
from nightshift.release.layout import ReleaseFolder
from nightshift.retrieval.retriever import Retriever
from nightshift.retrieval.without_answer import evidence_pair
from nightshift.settings import Settings
from nightshift.settings import profile as profile_named

BY_TIME = [("created_at", "ascending"), ("ticket_id", "ascending")]
_MOST_DECLINED = 1_000  # questions asked a second time, without their articles


def found_on(retriever: Retriever, questions: pa.Table) -> QuestionScores:
    """How the articles are ranked for every question, knowing nothing that came after it."""
    ranking = retriever.rank(questions["text"].to_pylist(), questions["created_at"].to_pylist())
    return score_rankings(
        questions["ticket_id"].to_pylist(), ranking.scores, retriever.article_ids, questions["article_ids"].to_pylist()
    )


@dataclass(frozen=True)
class Declining:
    """Shares declined, and how the risk of answering grows with the share answered: [[coverage, risk], ...]."""

    metrics: dict[str, float]
    risk_coverage: list[list[float]]


def declining(release: LoadedRelease, questions: pa.Table, found: QuestionScores) -> Declining:
    """What would be declined of the questions with their articles there, and with them taken away.

    Right is what has a right article among the first five.
    """
    some = _spread(questions, _MOST_DECLINED)
    hits = dict(zip(found.ids, found.of["hit@5"] > 0, strict=True))
    right = np.array([hits[one] for one in some["ticket_id"].to_pylist()])
    pair = evidence_pair(
        release.retriever, some["text"].to_pylist(), some["article_ids"].to_pylist(), some["created_at"].to_pylist()
    )
    sure, unsure = (release.confidence.of(one) for one in pair)
    curve = risk_coverage(np.concatenate([sure, unsure]), np.concatenate([right, np.zeros_like(right)]))
    return Declining(decline_metrics(sure, unsure, release.floor), curve)


def drawn(questions: pa.Table, most: int) -> pa.Table:
    """At most `most` questions by the digest of their ids: a night shares most of them with the night before, and what
    was made of those is kept.
    """
    ids = questions["ticket_id"].to_pylist()
    chosen = sorted(range(len(ids)), key=lambda row: digest_of(ids[row].encode()))[:most]
    return questions.take(sorted(chosen))


def asked(questions: pa.Table, most: int) -> list[answers.Question]:
    """The questions that the assistant is asked."""
    some = drawn(questions, most)
    pairs = zip(some["text"].to_pylist(), some["article_ids"].to_pylist(), strict=True)
    return [answers.Question(text, tuple(articles)) for text, articles in pairs]


def labels_of(questions: pa.Table) -> dict[str, list[str]]:
    """The slice of each question, by kind."""
    return labelled(questions["intent"].to_pylist(), questions["text"].to_pylist())


def summary(
    found: QuestionScores,
    questions: pa.Table,
    checks: Declining,
    said: Mapping[str, float],
    grounding: Mapping[str, float],
) -> dict[str, Any]:
    """Metrics, interval and slices, as evaluation.json holds them."""
    metrics = found.metrics | {f"decline_{name}": value for name, value in checks.metrics.items()}
    return {
        "metrics": metrics | {f"answers_{name}": value for name, value in said.items()} | dict(grounding),
        "risk_coverage": checks.risk_coverage,
        "hit@5_interval": list(interval(found.of["hit@5"])),
        "slices": slices(found.of["hit@5"], labels_of(questions)),
    }


def measured(
    retriever: Retriever, assistant: answers.Answers, questions: pa.Table, folder: ReleaseFolder, settings: Settings
) -> dict[str, Any]:
    """The summary of the release in `folder` on any questions.

    The retriever and the assistant may stand on another index than the release's own.
    """
    questions = questions.sort_by(BY_TIME)
    release = LoadedRelease.at(folder, retriever)
    chosen = asked(questions, profile_named(settings.profile).answered_questions)
    key = answers.memo_key("", folder.policy, "")
    spoken, _ = answers.ask(assistant, chosen, {}, key)
    said = answers.check(spoken, chosen)
    found = found_on(retriever, questions)
    return summary(found, questions, declining(release, questions, found), said, {})


def _spread(questions: pa.Table, most: int) -> pa.Table:
    """At most `most` rows, evenly spread over time."""
    count = questions.num_rows
    return questions.take(np.unique(np.linspace(0, count - 1, min(most, count)).round().astype(int)))
