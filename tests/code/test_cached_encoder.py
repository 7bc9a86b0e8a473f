"""Encoders of an evaluation: opened once for the same weights, asked once for the same text, tonight and later."""

from typing import ClassVar

import numpy as np
import pytest

from nightshift.models import cached_encoder
from nightshift.models.cached_encoder import SharedEncoders
from nightshift.store import open_store


class Counting:
    asked: ClassVar[list[str]] = []

    def __init__(self, folder, threads):
        pass

    def encode(self, texts):
        self.asked.extend(texts)
        return np.array([[len(text), 1.0] for text in texts], np.float32).reshape(len(texts), 2)


@pytest.fixture
def folders(tmp_path, monkeypatch):
    monkeypatch.setattr(cached_encoder, "open_batch_encoder", Counting)
    monkeypatch.setattr(Counting, "asked", [])
    for name, weights in (("one", "a"), ("copy", "a"), ("other", "b")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "model.onnx").write_text(weights)
    return tmp_path


@pytest.fixture
def store(tmp_path):
    return open_store(f"file://{tmp_path}/store")


def test_the_same_weights_are_opened_once(folders, store):
    """Two releases with one document tower share it; other weights are another encoder."""
    encoders = SharedEncoders(store)
    assert encoders(folders / "one", 2) is encoders(folders / "copy", 2)
    assert encoders(folders / "one", 2) is not encoders(folders / "other", 2)


def test_a_text_is_embedded_once(folders, store):
    """Asked again, alone, twice in one list or in another order, a text gets the vector it got first."""
    encoder = SharedEncoders(store)(folders / "one", 2)
    first = encoder.encode(["tent", "lamp"])
    again = encoder.encode(["lamp", "pan", "tent", "pan"])
    assert Counting.asked == ["tent", "lamp", "pan"]
    assert np.array_equal(again[[2, 0]], first)
    assert encoder.encode([]).shape == (0, 2)


def test_the_next_night_embeds_only_what_is_new(folders, store):
    """Vectors outlive the night that made them, under the digest that the store knows the model by."""
    first = SharedEncoders(store)(folders / "one", 2).encode(["tent", "lamp"])
    again = SharedEncoders(store)(folders / "copy", 2).encode(["lamp", "stove", "tent"])
    assert Counting.asked == ["tent", "lamp", "stove"]
    assert np.array_equal(again[[2, 0]], first)
    assert store.read_ref(f"embeddings/{store.put_tree(folders / 'one')}/tickets")
