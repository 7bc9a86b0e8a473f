"""What frozen vectors say at once: the intent of a question, and which articles resolved such questions before.

heads = Heads(store.checkout(model.digest), threads=1)
heads.intents(vectors)   # [n, len(heads.intent_labels)] probabilities, or None where no intents were learned
heads.priors(vectors)    # [n, len(heads.prior_labels)] probabilities over article ids, or None
"""

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nightshift.runtime.session import open_session


class _Head:
    """One logistic regression; `labels` is empty where there was nothing to learn it from."""

    def __init__(self, folder: Path, name: str, threads: int) -> None:
        self.labels: list[str] = json.loads((folder / f"{name}_labels.json").read_bytes())
        self._session = open_session(folder / f"{name}.onnx", threads) if self.labels else None

    def probabilities(self, vectors: NDArray[np.float32]) -> NDArray[np.float32] | None:
        if self._session is None:
            return None
        probabilities: NDArray[np.float32] = self._session.run(["probabilities"], {"vector": vectors})[0]
        return probabilities


class Heads:
    """The intent and prior heads of one release. Vectors are those of the document tower, float32 [n, dim]."""

    def __init__(self, folder: Path, threads: int) -> None:
        self._intent = _Head(folder, "intent", threads)
        self._prior = _Head(folder, "prior", threads)

    @property
    def intent_labels(self) -> list[str]:
        return self._intent.labels

    @property
    def prior_labels(self) -> list[str]:
        """Article ids, in the order of the columns of `priors`."""
        return self._prior.labels

    def intents(self, vectors: NDArray[np.float32]) -> NDArray[np.float32] | None:
        """Calibrated probabilities [n, intents]; None when no intent head was learned."""
        return self._intent.probabilities(vectors)

    def priors(self, vectors: NDArray[np.float32]) -> NDArray[np.float32] | None:
        """Calibrated probabilities [n, articles]; None when no prior head was learned."""
        return self._prior.probabilities(vectors)
