"""The models a retriever runs, what may be hidden from a question, and a ranking of all articles.

ranking = EvaluationRetriever.open(release, threads=2).rank(["Who gets the money when I return a gift?"])
ranking.scores[0].argmax()      # the position in retriever.article_ids of the best article
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Encoder(Protocol):
    """Text to L2-normalised vectors float32 [n, dim]."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]: ...


class TicketClassifiers(Protocol):
    """Probabilities over article ids and over intents from document-tower vectors."""

    @property
    def prior_labels(self) -> list[str]: ...

    def priors(self, vectors: NDArray[np.float32]) -> NDArray[np.float32] | None: ...

    def intents(self, vectors: NDArray[np.float32]) -> NDArray[np.float32] | None: ...


@dataclass(frozen=True)
class Hidden:
    """What n questions may not use, as masks; None hides nothing. Serving hides nothing, evaluation the future."""

    resolved: NDArray[np.bool_] | None = None  # [n, resolved tickets]
    unresolved: NDArray[np.bool_] | None = None  # [n, unresolved tickets]
    articles: NDArray[np.bool_] | None = None  # [n, articles]


@dataclass(frozen=True)
class Ranking:
    """n questions against all articles, in the order of `Retriever.article_ids`."""

    scores: NDArray[np.float64]  # [n, articles] fused; -inf where the article is hidden
    retrieval_scores: NDArray[np.float32]  # [n, scores in the order of SCORES, articles]
    evidence: NDArray[np.float64]  # [n, features in the order of FEATURES]
