"""Encoders of an evaluation: opened once for the same weights, asked once for the same text."""

import numpy as np
import pytest

from nightshift.evaluate import remembering
from nightshift.evaluate.remembering import SharedEncoders


class Counting:
    def __init__(self, folder, threads):
        self.asked = []

    def encode(self, texts):
        self.asked.extend(texts)
        return np.array([[len(text), 1.0] for text in texts], np.float32).reshape(len(texts), 2)


@pytest.fixture
def folders(tmp_path, monkeypatch):
    monkeypatch.setattr(remembering, "OnnxEncoder", Counting)
    for name, weights in (("one", "a"), ("copy", "a"), ("other", "b")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "model.onnx").write_text(weights)
    return tmp_path


def test_the_same_weights_are_opened_once(folders):
    """Two releases with one document tower share it; other weights are another encoder."""
    encoders = SharedEncoders()
    assert encoders(folders / "one", 2) is encoders(folders / "copy", 2)
    assert encoders(folders / "one", 2) is not encoders(folders / "other", 2)


def test_a_text_is_embedded_once(folders):
    """Asked again, alone, twice in one list or in another order, a text gets the vector it got first."""
    encoder = SharedEncoders()(folders / "one", 2)
    first = encoder.encode(["tent", "lamp"])
    again = encoder.encode(["lamp", "pan", "tent", "pan"])
    assert encoder._encoder.asked == ["tent", "lamp", "pan"]
    assert np.array_equal(again[[2, 0]], first)
    assert encoder.encode([]).shape == (0, 2)
