"""The classifiers of a release: intents, the articles that resolved such questions, and injections.

heads = Heads(store.checkout(model.digest), threads=1)
heads.intents(vectors)      # [n, len(heads.intent_labels)] probabilities, or None where no intents were learned
heads.priors(vectors)       # [n, len(heads.prior_labels)] probabilities over article ids, or None
heads.injection(texts)      # [n] probability that a text gives orders to its reader, or None; alarm above heads.injection_limit
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nightshift.models.onnx_session import open_session
from nightshift.text.ngrams import ngrams


class _Head:
    """Labels and their probabilities; `labels` is empty where there was nothing to learn it from."""

    def __init__(self, folder: Path, name: str, threads: int) -> None:
        self.labels: list[str] = json.loads((folder / f"{name}_labels.json").read_bytes())
        self._session = open_session(folder / f"{name}.onnx", threads) if self.labels else None

    def probabilities(self, vectors: NDArray[np.float32]) -> NDArray[np.float32] | None:
        return None if self._session is None else _run(self._session, "probabilities", vectors)


class Classifiers:
    """The heads of one release. Vectors are those of the document tower, float32 [n, dim]."""

    def __init__(self, folder: Path, threads: int) -> None:
        self._intent = _Head(folder, "intent", threads)
        self._prior = _Head(folder, "prior", threads)
        facts: dict[str, Any] = json.loads((folder / "classifiers.json").read_bytes())
        self._injection_limit: float | None = facts.get("injection", {}).get("limit")
        self._injection = open_session(folder / "injection.onnx", threads) if self._injection_limit else None

    @property
    def intent_labels(self) -> list[str]:
        return self._intent.labels

    @property
    def prior_labels(self) -> list[str]:
        """Article ids, in the order of the columns of `priors`."""
        return self._prior.labels

    @property
    def injection_limit(self) -> float | None:
        """The probability that one in a hundred ordinary texts exceeds; None in a release older than the head."""
        return self._injection_limit

    def intents(self, vectors: NDArray[np.float32]) -> NDArray[np.float32] | None:
        """Calibrated probabilities [n, intents]; None when no intent head was learned."""
        return self._intent.probabilities(vectors)

    def priors(self, vectors: NDArray[np.float32]) -> NDArray[np.float32] | None:
        """Calibrated probabilities [n, articles]; None when no prior head was learned."""
        return self._prior.probabilities(vectors)

    def injection(self, texts: Sequence[str]) -> NDArray[np.float32] | None:
        """Calibrated probabilities [n] that a text is an attack, at even odds; None in a release older than the head."""
        if self._injection is None:
            return None
        return np.array([_run(self._injection, "probabilities", ngrams([text]))[0, 1] for text in texts], np.float32)


def _run(session: Any, output: str, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    given: NDArray[np.float32] = session.run([output], {"vector": vectors})[0]
    return given
