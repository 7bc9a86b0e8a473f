"""The classifiers of a release: intents, the articles that resolve such questions, and prompt injections.

classifiers = Classifiers(store.checkout(model.digest), threads=1)
classifiers.intents(vectors)      # [n, len(intent_labels)] probabilities, or None where no intents were learned
classifiers.priors(vectors)       # [n, len(prior_labels)] probabilities over article ids, or None
classifiers.injection(texts)      # [n] probabilities of a prompt injection, or None; an alarm is above injection_limit
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nightshift.models.onnx_session import open_session
from nightshift.text.ngrams import ngrams


class _Classifier:
    """Labels and their probabilities; `labels` is empty where there was nothing to learn from."""

    def __init__(self, folder: Path, name: str, threads: int) -> None:
        self.labels: list[str] = json.loads((folder / f"{name}_labels.json").read_bytes())
        self._session = open_session(folder / f"{name}.onnx", threads) if self.labels else None

    def probabilities(self, vectors: NDArray[np.float32]) -> NDArray[np.float32] | None:
        return None if self._session is None else _probabilities(self._session, vectors)


class Classifiers:
    """The classifiers of one release. Vectors are those of the document tower, float32 [n, dim]."""

    def __init__(self, folder: Path, threads: int) -> None:
        """Open the classifiers in `folder`. Raises ModelUnreadable."""
        self._intent = _Classifier(folder, "intent", threads)
        self._prior = _Classifier(folder, "prior", threads)
        facts: dict[str, Any] = json.loads((folder / "classifiers.json").read_bytes())
        self._injection_limit: float | None = facts.get("injection", {}).get("limit")
        self._injection = open_session(folder / "injection.onnx", threads) if self._injection_limit else None

    @property
    def intent_labels(self) -> list[str]:
        """Intents, in the order of the columns of `intents`."""
        return self._intent.labels

    @property
    def prior_labels(self) -> list[str]:
        """Article ids, in the order of the columns of `priors`."""
        return self._prior.labels

    @property
    def injection_limit(self) -> float | None:
        """The probability that 1 % of ordinary texts exceed; None without an injection classifier."""
        return self._injection_limit

    def intents(self, vectors: NDArray[np.float32]) -> NDArray[np.float32] | None:
        """Calibrated probabilities [n, intents]; None where no intents were learned."""
        return self._intent.probabilities(vectors)

    def priors(self, vectors: NDArray[np.float32]) -> NDArray[np.float32] | None:
        """Calibrated probabilities [n, articles]; None where no prior was learned."""
        return self._prior.probabilities(vectors)

    def injection(self, texts: Sequence[str]) -> NDArray[np.float32] | None:
        """Calibrated probabilities [n] of a prompt injection, at even odds; None without an injection classifier."""
        if self._injection is None:
            return None
        return np.array([_probabilities(self._injection, ngrams([text]))[0, 1] for text in texts], np.float32)


def _probabilities(session: Any, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    probabilities: NDArray[np.float32] = session.run(["probabilities"], {"vector": vectors})[0]
    return probabilities
