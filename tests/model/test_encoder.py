"""The exported encoder: the vectors of PyTorch, the same digest every time, batches in order."""

import json

import numpy as np
import pytest
from tiny_encoder import WORDS, write_tiny_encoder

from nightshift.errors import ModelUnreadable, NotEnoughData, ParityExceeded
from nightshift.export import encoder as export
from nightshift.models.encoder import OnnxEncoder
from nightshift.models.onnx_session import CPU, available, fastest
from nightshift.models.tokenizer import batches_by_length
from nightshift.night import Night
from nightshift.settings import Settings, profile
from nightshift.store import open_store


@pytest.fixture
def settings(tmp_path):
    return Settings.from_env({"NIGHTSHIFT_HOME": str(tmp_path / "home"), "NIGHTSHIFT_THREADS": "1"})


@pytest.fixture
def store(settings):
    return open_store(settings.store)


@pytest.fixture
def base(tmp_path):
    return write_tiny_encoder(tmp_path / "base")


TEXTS = [" ".join(WORDS[start : start + length]) for start, length in ((0, 1), (5, 7), (9, 20), (3, 40))]


def test_exported_twice_it_has_the_same_digest(base, store, settings):
    """The digest of the document tower depends on its weights alone: not on the texts of its parity, not on the run."""
    first = export.export_document_tower(base, Night.from_settings(settings, store), TEXTS)
    second = export.export_document_tower(base, Night.from_settings(settings, store), TEXTS[:2])
    assert first.digest == second.digest
    assert first.metrics["parity"] < 1e-5


def test_no_path_of_this_machine_is_stored(base, store, settings, tmp_path):
    """Nothing in the tree names the folder the base model came from, but for the URL that a person chose."""
    model = export.export_document_tower(base, Night.from_settings(settings, store), TEXTS)
    for name, digest in store.tree(model.digest).items():
        stored = store.get(digest).replace(base.encode(), b"")
        assert str(tmp_path).encode() not in stored, name


def test_vectors_come_back_in_order_and_normalised(base, store, settings):
    """Batching by length never swaps two texts, and every vector has length 1."""
    model = export.export_document_tower(base, Night.from_settings(settings, store), TEXTS)
    encoder = OnnxEncoder(store.checkout(model.digest), threads=1)
    together = encoder.encode(TEXTS)
    assert together.dtype == np.float32
    assert together.shape == (len(TEXTS), encoder.dim)
    np.testing.assert_allclose(together, np.concatenate([encoder.encode([text]) for text in TEXTS]), atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)


def test_long_and_empty_texts_have_vectors_too(base, store, settings):
    """A text beyond max_tokens has the vector of its beginning; an empty text and an empty list are no errors."""
    encoder = OnnxEncoder(
        store.checkout(export.export_document_tower(base, Night.from_settings(settings, store), TEXTS).digest),
        threads=1,
    )
    assert encoder.max_tokens == 24
    beginning = " ".join(WORDS[:22])
    np.testing.assert_allclose(encoder.encode([beginning]), encoder.encode([beginning + " word50"]), atol=1e-6)
    assert np.isfinite(encoder.encode([""])).all()
    assert encoder.encode([]).shape == (0, encoder.dim)


def test_an_export_that_differs_is_refused(base, store, settings, monkeypatch):
    """When the graph and PyTorch disagree, the export stops."""
    monkeypatch.setattr(OnnxEncoder, "encode", lambda self, texts: np.ones((len(texts), self.dim), np.float32))
    with pytest.raises(ParityExceeded):
        export.export_document_tower(base, Night.from_settings(settings, store), TEXTS)


def test_without_texts_nothing_is_exported(base, store, settings):
    """Parity measured on no text is no parity: NotEnoughData."""
    with pytest.raises(NotEnoughData):
        export.export_document_tower(base, Night.from_settings(settings, store), [])


def test_a_damaged_graph_is_a_typed_error(base, store, settings, tmp_path):
    """A file that is no model is ModelUnreadable."""
    (tmp_path / "broken").mkdir()
    for name, digest in store.tree(
        export.export_document_tower(base, Night.from_settings(settings, store), TEXTS).digest
    ).items():
        (tmp_path / "broken" / name).write_bytes(store.get(digest))
    (tmp_path / "broken" / "model.onnx").write_bytes(b"no graph")
    with pytest.raises(ModelUnreadable):
        OnnxEncoder(tmp_path / "broken", threads=1)


def test_batches_hold_every_text_once_within_the_budget():
    """Each position appears once, and padded tokens stay within the budget unless one text alone exceeds it."""
    lengths = [9, 2, 40, 2, 7, 100, 3]
    batches = list(batches_by_length(lengths, 40))
    assert sorted(position for batch in batches for position in batch) == list(range(len(lengths)))
    assert all(len(batch) == 1 or len(batch) * max(lengths[i] for i in batch) <= 40 for batch in batches)
    assert [len(batch) for batch in batches_by_length(lengths, 0)] == [1] * len(lengths)


def test_the_default_encoder_understands(store, settings):
    """The real base model, exported, finds the article that means the same in other words."""
    texts = ["How do I get my money back?", "Refunds are paid within five days.", "Our office is closed on Sunday."]
    model = export.export_document_tower(profile("tiny").encoder, Night.from_settings(settings, store), texts)
    folder = store.checkout(model.digest)
    question, refunds, office = OnnxEncoder(folder, threads=1).encode(texts)
    assert question @ refunds > question @ office + 0.2
    assert json.loads((folder / "encoder.json").read_bytes()) == {
        "dim": 384,
        "file": "model.onnx",
        "max_tokens": 256,
        "pooling": "mean",
    }


def test_many_batches_have_the_vectors_of_single_texts(base, store, settings):
    """Batches that run concurrently come back in order, with the vectors each text has alone."""
    folder = store.checkout(export.export_document_tower(base, Night.from_settings(settings, store), TEXTS).digest)
    texts = [" ".join(WORDS[n % 40 : n % 40 + 1 + n % 20]) for n in range(2_000)]
    together = OnnxEncoder(folder, threads=3).encode(texts)
    alone = OnnxEncoder(folder, threads=1)
    some = range(0, len(texts), 97)
    np.testing.assert_allclose(together[some], np.concatenate([alone.encode([texts[n]]) for n in some]), atol=1e-6)


def test_a_gpu_is_used_where_there_is_one():
    """The providers are chosen from what onnxruntime offers: a GPU first, in full fp32, the CPU always."""
    assert fastest([CPU]) == [(CPU, {})]
    assert fastest(["TensorrtExecutionProvider", "CUDAExecutionProvider", CPU]) == [
        ("CUDAExecutionProvider", {"use_tf32": "0"}),
        (CPU, {}),
    ]
    assert CPU in available()
