"""Search in one version: exact by vector, safe by word."""

import random
import string
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pyarrow as pa
import pytest

from nightshift.index.bm25 import fts_table
from nightshift.index.exact import ExactIndex


def table(texts):
    blank = [""] * len(texts)
    names = [f"a{n:03}" for n in range(len(texts))]
    return pa.table(
        {"chunk_id": names, "article_id": names, "title": blank, "heading": blank, "text": texts, "url": blank}
    )


def unit(rows, dim, seed):
    vectors = np.random.default_rng(seed).normal(size=(rows, dim)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.fixture
def index():
    texts = ["refund to the giver", "reset your password", "parcels are tracked", "the parcel was lost, refunded"]
    return ExactIndex(table(texts), unit(4, 8, 0), fts_table(table(texts)))


@pytest.mark.parametrize("seed", range(8))
def test_exact_search_is_brute_force(seed):
    """Any vectors, any k: the same chunks in the same order as sorting all cosines."""
    rows, k = random.Random(seed).randint(1, 300), random.Random(seed).randint(1, 320)
    vectors, questions = unit(rows, 16, seed), unit(5, 16, seed + 100)
    index = ExactIndex(table(["x"] * rows), vectors, fts_table(table(["x"])))
    scores, positions = index.dense(questions, k)
    cosines = questions @ vectors.T
    assert positions.tolist() == np.argsort(-cosines, axis=1)[:, :k].tolist()
    np.testing.assert_allclose(scores, -np.sort(-cosines, axis=1)[:, :k], atol=1e-5)


def test_words_meet_in_any_of_their_forms(index):
    """Stemming joins parcel and parcels; more shared words rank higher."""
    _, positions = index.bm25("Was my PARCEL lost?", 10)
    assert positions.tolist() == [3, 2]


HOSTILE = [
    "", " ", '"', '""', "'", "*", "refund*", "NEAR(", "NEAR(a b, 5)", "AND", "OR NOT", "NOT refund", "text:refund",
    "^refund",
    "{title heading}: x", "a-b", "(((", ")", "\x00", "refund\x00giver", "-- drop table chunks",
    "'; DROP TABLE chunks; --",
    "\ud800", "_", "___", "²", "½", "👩‍💻", "́", "%s", "\\", "refund " * 5_000, "x" * 100_000,
    " ".join(f"w{n}" for n in range(5_000)),
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_no_text_is_syntax(index, text):
    """Every text is searched as words: no error, and the table still answers."""
    index.bm25(text, 5)
    assert len(index.bm25("password", 5)[1]) == 1


def test_random_text_is_never_syntax(index):
    """A thousand random strings of everything FTS5 might understand, and the index answers as before."""
    rng = random.Random(0)
    letters = string.printable + "“”«»\x00\u200b\ud83d"
    for _ in range(1_000):
        index.bm25("".join(rng.choices(letters, k=rng.randint(0, 40))) + rng.choice(["", " NEAR", " AND", '"']), 5)
    assert len(index.bm25("password", 5)[1]) == 1


def test_threads_share_an_index(index):
    """Many threads that search at the same time get the results of a single thread."""
    expected = index.bm25("parcel", 5)[1].tolist()
    with ThreadPoolExecutor(8) as pool:
        assert all(answer[1].tolist() == expected for answer in pool.map(lambda _: index.bm25("parcel", 5), range(200)))
