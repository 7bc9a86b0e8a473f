"""The batch encoder: the vectors of the exact encoder, the same every time, and no network traffic."""

import json
import os
import shutil
import subprocess
import sys
import threading

import numpy as np
import pytest
from tiny_encoder import WORDS, write_tiny_encoder

from nightshift.errors import ModelUnreadable
from nightshift.export.encoder import export_document_tower
from nightshift.export.quantize import quantize
from nightshift.models import batch_encoder
from nightshift.models.batch_encoder import MIN_TEXTS, AdaptiveEncoder, BatchEncoder, open_batch_encoder
from nightshift.models.encoder import OnnxEncoder
from nightshift.night import Night
from nightshift.settings import Settings
from nightshift.store import open_store

TEXTS = [" ".join(WORDS[n % 40 : n % 40 + 1 + n % 20]) for n in range(2_000)]

AUDITED = """
import sys

def watch(event, args):
    if event.startswith("socket.") or event in {"subprocess.Popen", "os.fork", "os.posix_spawn", "os.system"}:
        print(event, args, file=sys.stderr, flush=True)

sys.addaudithook(watch)

from pathlib import Path
from nightshift.models.batch_encoder import BatchEncoder

print(BatchEncoder(Path(sys.argv[1]), threads=1).encode(["word1", "word2"]).shape)
"""


@pytest.fixture(scope="module")
def tower(tmp_path_factory):
    """The folder of an exported tower. Read only."""
    home = tmp_path_factory.mktemp("bulk")
    settings = Settings.from_env({"NIGHTSHIFT_HOME": str(home), "NIGHTSHIFT_THREADS": "1"})
    store = open_store(settings.store)
    base = write_tiny_encoder(home / "base")
    return store.checkout(export_document_tower(base, Night.from_settings(settings, store), TEXTS[:20]).digest)


@pytest.fixture
def copy(tower, tmp_path):
    return shutil.copytree(tower, tmp_path / "copy")


def test_vectors_are_those_of_the_exact_encoder(tower):
    """Each text, whatever its length and batch, has the exact vector but for precision, in order and of length 1."""
    vectors, exact = BatchEncoder(tower, threads=2).encode(TEXTS), OnnxEncoder(tower, threads=1).encode(TEXTS)
    assert vectors.dtype == np.float32
    assert (vectors * exact).sum(1).min() > 0.999
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(BatchEncoder(tower, threads=2, precision="f32").encode(TEXTS), exact, atol=1e-5)


def test_vectors_do_not_depend_on_threads_or_run(tower):
    """The same texts give the same bytes, read by one thread or two, now or again."""
    single, double = BatchEncoder(tower, threads=1), BatchEncoder(tower, threads=2)
    first = double.encode(TEXTS).tobytes()
    assert double.encode(TEXTS).tobytes() == first
    assert single.encode(TEXTS).tobytes() == first
    assert BatchEncoder(tower, threads=2).encode(TEXTS).tobytes() == first


def test_the_first_inference_is_made_by_one_thread(tower, monkeypatch):
    """Opening the encoder runs it once: two threads with the first inference would deadlock."""
    threads, run = [], BatchEncoder._run

    def recorded_run(self, inputs):
        threads.append(threading.current_thread())
        return run(self, inputs)

    monkeypatch.setattr(BatchEncoder, "_run", recorded_run)
    BatchEncoder(tower, threads=2)
    assert threads == [threading.current_thread()]


def test_long_and_empty_texts_have_vectors_too(tower):
    """A text beyond max_tokens reads like its beginning; an empty text and an empty list are no errors."""
    encoder = BatchEncoder(tower, threads=1)
    beginning = " ".join(WORDS[: encoder.max_tokens - 2])
    np.testing.assert_array_equal(encoder.encode([beginning]), encoder.encode([beginning + " word50"]))
    assert np.isfinite(encoder.encode([""])).all()
    assert encoder.encode([]).shape == (0, encoder.dim)


def test_a_damaged_graph_is_a_typed_error(copy):
    """A file that is no model is ModelUnreadable, with its name."""
    (copy / "model.onnx").write_bytes(b"no graph")
    with pytest.raises(ModelUnreadable, match=r"model\.onnx"):
        BatchEncoder(copy, threads=1)


def test_int8_and_gpus_stay_with_onnxruntime(tower, copy, monkeypatch):
    """OpenVINO runs fp32 towers on a CPU; int8 embeds one text at a time, and a GPU is faster."""
    assert isinstance(open_batch_encoder(tower, 1), AdaptiveEncoder)
    monkeypatch.setattr(batch_encoder, "available", lambda: ["CUDAExecutionProvider", "CPUExecutionProvider"])
    assert isinstance(open_batch_encoder(tower, 1), OnnxEncoder)
    monkeypatch.undo()
    quantize(copy / "model.onnx", copy / "model.int8.onnx")
    about = json.loads((copy / "encoder.json").read_bytes())
    (copy / "encoder.json").write_text(json.dumps(about | {"file": "model.int8.onnx"}))
    assert isinstance(open_batch_encoder(copy, 1), OnnxEncoder)


def test_openvino_is_opened_only_for_many_texts(tower, monkeypatch):
    """A few texts are embedded by onnxruntime alone, and a text keeps its vector in another batch."""
    encoder = open_batch_encoder(tower, 1)
    many = encoder.encode(TEXTS[:MIN_TEXTS])
    assert (many * encoder.encode(TEXTS[: MIN_TEXTS - 1] + TEXTS[:1])).sum(1)[:-1].min() > 0.999
    monkeypatch.setattr(batch_encoder, "BatchEncoder", None)
    assert open_batch_encoder(tower, 1).encode(TEXTS[: MIN_TEXTS - 1]).shape == (MIN_TEXTS - 1, 32)


def test_no_network_traffic(tower, tmp_path):
    """Importing OpenVINO, compiling and inferring open no socket, start no process, write nothing to HOME."""
    home = tmp_path / "home"
    home.mkdir()
    env = {name: value for name, value in os.environ.items() if name not in {"CI", "TF_BUILD", "JENKINS_URL"}}
    command = [sys.executable, "-c", AUDITED, str(tower)]
    done = subprocess.run(command, env=env | {"HOME": str(home)}, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "(2, 32)\n", "")
    assert not list(home.iterdir())
