import dataclasses
import json
import math
import os
import random
import subprocess
import sys
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pyarrow as pa
import pytest
from tiny_encoder import WORDS, write_tiny_encoder

from nightshift.artifacts import Model
from nightshift.errors import TrainingFailed
from nightshift.export.encoder import export_query_tower
from nightshift.export.quantize import RankedSample, keep_quantized, overlap_at
from nightshift.metrics.ranking import ranking
from nightshift.models.encoder import OnnxEncoder
from nightshift.night import Night
from nightshift.retrieval.sections import Sections
from nightshift.settings import Settings, profile
from nightshift.store import open_store
from nightshift.train.query_tower import article_loss, train_query_tower
from nightshift.train.query_tower_data import batches, build_examples, can_train

ARTICLES = 5
PROFILE = dataclasses.replace(profile("tiny"), tower_epochs=6, tower_batch=8)


def pairs(tickets: int = 120) -> pa.Table:
    """Tickets whose words give away which article resolved them."""
    rng = random.Random(3)
    rows = []
    for number in range(tickets):
        article = number % ARTICLES
        words = rng.choices(WORDS[article * 6 : article * 6 + 6], k=4) + rng.choices(WORDS[40:], k=3)
        rows.append(
            {
                "ticket_id": f"t{number:03}",
                "created_at": datetime(2026, 1, 1) + timedelta(hours=number),  # noqa: DTZ001  the lake's times carry no zone
                "text": " ".join(words),
                "article_id": f"a{article}",
            }
        )
    return pa.Table.from_pylist(rows)


def sections() -> Sections:
    """Two sections an article, in random directions."""
    vectors = np.random.default_rng(5).normal(size=(2 * ARTICLES, 32)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return Sections(vectors, [f"a{number // 2}" for number in range(2 * ARTICLES)])


def train(home: Path, base: str, **changed) -> Model:
    settings = Settings.from_env({"NIGHTSHIFT_HOME": str(home), "NIGHTSHIFT_THREADS": "1"})
    given = {
        "pairs": pairs(),
        "sections": sections(),
        "document_tower": Model("document_tower", "d" * 64, base, ""),
        "night": replace(Night.from_settings(settings), profile=PROFILE),
        "seed": 7,
        "log_metrics": lambda _values, _step: None,
        "trained_on": "f" * 64,
    }
    with patch(
        "nightshift.train.query_tower.LEARNING_RATE", 4e-3
    ):  # random weights have further to go than pretrained ones
        return train_query_tower(**{**given, **changed})


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return write_tiny_encoder(tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def adapter(home, base):
    return train(home, base)


def test_it_learns_which_article_resolves_which_ticket(adapter):
    """On held-out tickets the trained tower ranks the right article first far more often than the untrained one."""
    assert adapter.metrics["hit@1"] >= adapter.metrics["hit@1_base"] + 0.3
    assert adapter.metrics["held_out"] == 12


def test_the_same_night_gives_the_same_adapter(adapter, base, tmp_path):
    """Same pairs in another order, same seed, another store: the same digest; another seed: another adapter."""
    shuffled = pairs().take(np.random.default_rng(0).permutation(120))
    assert train(tmp_path, base, pairs=shuffled).digest == adapter.digest
    assert train(tmp_path, base, seed=8).digest != adapter.digest


def test_the_adapter_names_its_tickets_and_no_path(adapter, home):
    """trained_on.json lists every ticket, so that erasing one finds the adapter; its config names no local folder."""
    folder = open_store(f"file://{home}/store").checkout(adapter.digest)
    assert json.loads((folder / "trained_on.json").read_bytes()) == pairs().column("ticket_id").to_pylist()
    assert json.loads((folder / "adapter_config.json").read_bytes())["base_model_name_or_path"] == adapter.base
    assert sorted(path.name for path in folder.iterdir()) == [
        "adapter_config.json",
        "adapter_model.safetensors",
        "model.json",
        "trained_on.json",
    ]


def test_the_exported_tower_ranks_as_the_trained_one(adapter, home):
    """Merged and exported, the adapter still finds the right article: for the tickets held out, as often as in
    training.
    """
    settings = Settings.from_env({"NIGHTSHIFT_HOME": str(home), "NIGHTSHIFT_THREADS": "1"})
    store = open_store(settings.store)
    rows = pairs().slice(108)
    texts = rows.column("text").to_pylist()
    sample = RankedSample(
        pairs().column("text").to_pylist(), [[a] for a in pairs().column("article_id").to_pylist()], sections()
    )
    exported = export_query_tower(adapter, Night.from_settings(settings, store), texts, sample=sample)
    assert exported.trained_on == adapter.digest
    folder = store.checkout(exported.digest)
    scores = sections().scores(OnnxEncoder(folder, threads=1).encode(texts))
    hits = ranking(scores, sections().golds([[a] for a in rows.column("article_id").to_pylist()]))
    assert hits["hit@1"] == pytest.approx(adapter.metrics["hit@1"], abs=0.1)
    assert (folder / "model.int8.onnx").exists() == bool(exported.metrics["int8_kept"])
    assert {"fp32_hit@5", "int8_hit@5", "int8_overlap@10", "parity"} <= set(exported.metrics)


def test_too_few_tickets_leave_the_base_tower(base, home, tmp_path):
    """With too few resolved tickets nothing is trained, and what is exported is the base encoder."""
    few = pairs(40)
    assert not can_train(few)
    assert can_train(pairs())
    none = train(tmp_path, base, pairs=few)
    assert none.digest == ""
    settings = Settings.from_env({"NIGHTSHIFT_HOME": str(home), "NIGHTSHIFT_THREADS": "1"})
    store = open_store(settings.store)
    exported = export_query_tower(none, Night.from_settings(settings, store), ["word1 word2"])
    assert OnnxEncoder(store.checkout(exported.digest), threads=1).encode(["word1"]).shape == (1, 32)


def test_a_diverging_loss_stops_the_training(base, tmp_path):
    """Section vectors that are not numbers end in TrainingFailed, not in an adapter."""
    broken = Sections(np.full((10, 32), np.nan, np.float32), sections().article_of)
    with pytest.raises(TrainingFailed):
        train(tmp_path, base, sections=broken)


@pytest.mark.slow
def test_two_processes_learn_as_one_does(adapter, base, tmp_path):
    """Under torch elastic both processes return one artifact, about as good as that of a single process."""
    script = tmp_path / "elastic.py"
    script.write_text(
        "import sys, json, dataclasses\nfrom pathlib import Path\n"
        f"sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "from test_query_tower import train\n"
        "import os\n"
        "model = train(Path(sys.argv[1]), sys.argv[2])\n"
        "Path(sys.argv[1], 'rank' + os.environ['RANK']).write_text(json.dumps(dataclasses.asdict(model)))\n"
    )
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", str(script)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    ran = subprocess.run(
        [*command, str(tmp_path), base], env=environment, capture_output=True, text=True, check=False, timeout=240
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    first, second = (json.loads((tmp_path / f"rank{rank}").read_text()) for rank in (0, 1))
    assert first == second
    assert open_store(f"file://{tmp_path}/store").has(first["digest"])
    assert first["metrics"]["hit@1"] >= adapter.metrics["hit@1"] - 0.2


def test_the_loss_is_that_of_the_best_section():
    """By hand: an article counts with its best section, and any of a ticket's articles is right."""
    import torch

    towards = torch.tensor([[1.0, 0.0]])
    documents = torch.tensor([[0.5, 0.0], [0.4, 0.0], [0.45, 0.0]])  # article 0 has two sections
    columns = torch.tensor([0, 0, 1])
    one = article_loss(towards, documents, columns, torch.tensor([[False, True]]))
    assert one.item() == pytest.approx(math.log(1 + math.exp((0.5 - 0.45) / 0.05)), abs=1e-5)
    both = article_loss(towards, documents, columns, torch.tensor([[True, True]]))
    assert both.item() == pytest.approx(0, abs=1e-5)


def test_examples_are_one_a_ticket_and_the_newest_are_held_out():
    """Tickets of several articles are one example; pairs of an unknown article are left out."""
    rows = pairs(20).to_pylist()
    rows += [{**rows[0], "article_id": "a3"}, {**rows[1], "ticket_id": "gone", "article_id": "deleted"}]
    examples = build_examples(pa.Table.from_pylist(rows), sections())
    assert examples.ticket_ids == [f"t{number:03}" for number in range(20)]
    assert examples.golds[0].tolist() == [True, False, False, True, False]
    assert np.flatnonzero(examples.held_out).tolist() == [18, 19]


def test_every_process_has_a_row_of_every_batch():
    """A last batch smaller than the number of processes is left out; else every row is used once."""
    rows = np.arange(9)
    assert sorted(np.concatenate(list(batches(rows, 4, 1, 1)))) == list(range(9))
    assert [len(batch) for batch in batches(rows, 4, 1, 2)] == [4, 4]


def test_int8_is_kept_only_where_it_ranks_as_well():
    """A point of hit@5 may be lost, the ten best must be nearly the same."""
    assert keep_quantized(0.70, 0.69, 0.9)
    assert not keep_quantized(0.70, 0.68, 0.9)
    assert not keep_quantized(0.70, 0.70, 0.8)
    scores = np.array([[3.0, 2.0, 1.0, 0.0]])
    assert overlap_at(2, scores, scores[:, ::-1]) == 0
    assert overlap_at(2, scores, scores) == 1
