"""What a retriever stands on, and what it says of every article.

ranking = retriever.rank(["Who gets the money when I return a gift?"])
ranking.scores[0].argmax()      # the place in retriever.article_ids of the article that answers best
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Encoder(Protocol):
    """Text to L2-normalised vectors float32 [n, dim]."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]: ...


class TicketHeads(Protocol):
    """Probabilities over article ids and over intents from document-tower vectors."""

    @property
    def prior_labels(self) -> list[str]: ...

    def priors(self, vectors: NDArray[np.float32]) -> NDArray[np.float32] | None: ...

    def intents(self, vectors: NDArray[np.float32]) -> NDArray[np.float32] | None: ...


@dataclass(frozen=True)
class Ranking:
    """n questions against all articles, in the order of `Retriever.article_ids`."""

    scores: NDArray[np.float64]  # [n, articles] blended; -inf where an article was taken away
    signals: NDArray[np.float32]  # [n, signals in the order of SIGNALS, articles]
    evidence: NDArray[np.float64]  # [n, features in the order of FEATURES]
