"""Encoders that a night's evaluation opens once and that embed a text once, however many rankings ask for it.

encoders = SharedEncoders()
Retriever.open(candidate, threads, open_encoder=encoders)     # and the champion, whose document tower is the same
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nightshift.runtime.encoder import OnnxEncoder
from nightshift.store.files import digest_of_file


class Remembering:
    """An encoder that keeps every vector. For as many texts as a night evaluates on, not for serving."""

    def __init__(self, encoder: OnnxEncoder) -> None:
        self._encoder = encoder
        self._known: dict[str, NDArray[np.float32]] = {}

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """L2-normalised vectors float32 [len(texts), dim]."""
        missing = list(dict.fromkeys(text for text in texts if text not in self._known))
        if missing:
            self._known.update(zip(missing, self._encoder.encode(missing), strict=True))
        return np.stack([self._known[text] for text in texts]) if texts else self._encoder.encode(texts)


class SharedEncoders:
    """Opens the encoder of a folder; the same weights give the same encoder."""

    def __init__(self) -> None:
        self._open: dict[str, Remembering] = {}

    def __call__(self, folder: Path, threads: int) -> Remembering:
        weights = "".join(digest_of_file(path) for path in sorted(folder.glob("*.onnx")))
        if weights not in self._open:
            self._open[weights] = Remembering(OnnxEncoder(folder, threads))
        return self._open[weights]
