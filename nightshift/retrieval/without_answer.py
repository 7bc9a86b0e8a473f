"""Evidence of past questions with their articles, and with them hidden: unanswerable questions from any history.

answerable, unanswerable = evidence_pair(retriever, questions, articles, created_at)     # each [n, features]
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class RankedQuestions(Protocol):
    """The part of a Ranking that the confidence is fitted on."""

    @property
    def evidence(self) -> NDArray[np.float64]: ...


class Ranker(Protocol):
    """An EvaluationRetriever, as far as the fit needs one."""

    def rank(
        self,
        questions: Sequence[str],
        before: Sequence[datetime] | None = None,
        without: Sequence[Sequence[str]] | None = None,
    ) -> RankedQuestions: ...


def evidence_pair(
    retriever: Ranker, questions: Sequence[str], articles: Sequence[Sequence[str]], before: Sequence[datetime] | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Evidence [n, features] of the questions as they are, and without the articles that resolved them."""
    return retriever.rank(questions, before).evidence, retriever.rank(questions, before, articles).evidence
