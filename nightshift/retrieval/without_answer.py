"""Evidence of questions with their articles there, and with them taken away: unanswerable questions from any history.

answerable, unanswerable = evidence_pair(retriever, questions, articles, asked_at)     # each [n, features]
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Ranked(Protocol):
    """What ranking leaves behind for the confidence."""

    @property
    def evidence(self) -> NDArray[np.float64]: ...


class Ranker(Protocol):
    """A retriever, as far as the fit needs one."""

    def rank(
        self,
        questions: Sequence[str],
        before: Sequence[datetime] | None = None,
        without: Sequence[Sequence[str]] | None = None,
    ) -> Ranked: ...


def evidence_pair(
    retriever: Ranker, questions: Sequence[str], articles: Sequence[Sequence[str]], before: Sequence[datetime] | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Evidence [n, features] of the questions as they are, and with the articles that resolved them taken away."""
    return retriever.rank(questions, before).evidence, retriever.rank(questions, before, articles).evidence
