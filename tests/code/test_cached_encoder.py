"""Encoders of an evaluation: opened once for equal weights, run once for equal texts, also from night to night."""

from typing import ClassVar

import numpy as np
import pytest

from nightshift.models import cached_encoder
from nightshift.models.cached_encoder import SharedEncoders
from nightshift.store import open_store


class Counting:
    texts: ClassVar[list[str]] = []

    def __init__(self, folder, threads):
        pass

    def encode(self, texts):
        self.texts.extend(texts)
        return np.array([[len(text), 1.0] for text in texts], np.float32).reshape(len(texts), 2)


@pytest.fixture
def folders(tmp_path, monkeypatch):
    monkeypatch.setattr(cached_encoder, "open_batch_encoder", Counting)
    monkeypatch.setattr(Counting, "texts", [])
    for name, weights in (("tower", "a"), ("copy", "a"), ("trained", "b")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "model.onnx").write_text(weights)
    return tmp_path


@pytest.fixture
def store(tmp_path):
    return open_store(f"file://{tmp_path}/store")


def test_the_same_weights_are_opened_once(folders, store):
    """Two releases with equal document towers share an encoder; other weights are another encoder."""
    encoders = SharedEncoders(store)
    assert encoders(folders / "tower", 2) is encoders(folders / "copy", 2)
    assert encoders(folders / "tower", 2) is not encoders(folders / "trained", 2)


def test_a_text_is_embedded_once(folders, store):
    """A text keeps its first vector: repeated, alone, or in another order."""
    encoder = SharedEncoders(store)(folders / "tower", 2)
    first = encoder.encode(["tent", "lamp"])
    again = encoder.encode(["lamp", "pan", "tent", "pan"])
    assert Counting.texts == ["tent", "lamp", "pan"]
    assert np.array_equal(again[[2, 0]], first)
    assert encoder.encode([]).shape == (0, 2)


def test_the_next_night_embeds_only_what_is_new(folders, store):
    """Vectors stay in the store under the digest of the model, beyond the night that embedded them."""
    first = SharedEncoders(store)(folders / "tower", 2).encode(["tent", "lamp"])
    again = SharedEncoders(store)(folders / "copy", 2).encode(["lamp", "stove", "tent"])
    assert Counting.texts == ["tent", "lamp", "stove"]
    assert np.array_equal(again[[2, 0]], first)
    assert store.read_ref(f"embeddings/{store.put_tree(folders / 'tower')}/tickets")
