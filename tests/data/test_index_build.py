"""Building an index: only new texts are embedded, deleted articles leave it, and equal content is an equal version."""

import hashlib
from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from nightshift.artifacts import Features, Model
from nightshift.errors import IndexUnavailable, NotEnoughData
from nightshift.index.build import build, resolved_table, unresolved_table
from nightshift.index.exact import ExactIndex
from nightshift.index.sentences import Sentences
from nightshift.night import Night
from nightshift.settings import Settings
from nightshift.store import open_store
from nightshift.warehouse import MARTS

DIM = 32
DAY = datetime(2026, 1, 1)  # noqa: DTZ001 (the marts hold UTC without a zone)


class WordEncoder:
    """Each word is a direction; `seen` lists the texts that were embedded."""

    def __init__(self):
        self.seen = []

    def encode(self, texts):
        self.seen += texts
        vectors = np.zeros((len(texts), DIM), np.float32)
        for row, text in enumerate(texts):
            for word in text.lower().split():
                vectors[row, int(hashlib.sha256(word.encode()).hexdigest(), 16) % DIM] += 1
        return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)


ARTICLES = {
    "gift": "Lead about gifts.\n\n## Refund\nMoney goes to the giver.\n\n## Cost\nIt is free.",
    "login": "Reset the password by mail.",
    "parcel": "## Lost\nWait five days.\n\n## Late\nTrack it.",
}
PAIRS = [("t1", 0, "lost parcel", "parcel"), ("t2", 1, "gift money", "gift"), ("t2", 1, "gift money", "login")]


@pytest.fixture
def world(tmp_path):
    """A store, settings, and a function that builds an index from articles and pairs."""
    store = open_store(f"file://{tmp_path}/store")
    settings = Settings.from_env({"NIGHTSHIFT_HOME": str(tmp_path)})
    tower = tmp_path / "tower"
    tower.mkdir()
    (tower / "model.json").write_text("{}")
    model = Model("document_tower", store.put_tree(tower), "fake", "")

    def made(articles=ARTICLES, pairs=PAIRS):
        folder = tmp_path / "marts"
        folder.mkdir(exist_ok=True)
        rows = [
            {"article_id": name, "title": name, "body": body, "url": "", "topic": "", "updated_at": DAY}
            for name, body in sorted(articles.items())
        ]
        pq.write_table(pa.Table.from_pylist(rows, MARTS["articles"]), folder / "articles.parquet")
        rows = [
            {"ticket_id": t, "created_at": DAY + timedelta(d), "text": text, "article_id": a, "intent": ""}
            for t, d, text, a in pairs
        ]
        pq.write_table(pa.Table.from_pylist(rows, MARTS["training_pairs"]), folder / "training_pairs.parquet")
        pq.write_table(MARTS["unresolved"].empty_table(), folder / "unresolved.parquet")
        encoder = WordEncoder()
        features = Features(store.put_tree(folder), "s", "")
        index, work = build(features, model, Night.from_settings(settings, store), lambda _folder, _threads: encoder)
        return index, work, encoder.seen

    return store, settings, made


def test_an_unchanged_night_embeds_nothing(world):
    """The second build is the same version and opens no encoder."""
    _, _, made = world
    first, work, seen = made()
    second, again, seen_again = made()
    chunks, tickets, sentences, contexts, words = 6, 2, 6, 6, 20
    assert (first.digest, work.embedded) == (second.digest, chunks)
    assert len(seen) == chunks + tickets + sentences + contexts + words
    assert (again.embedded, again.reused, again.removed, seen_again) == (0, 6, 0, [])


def test_an_edited_section_embeds_one_chunk(world):
    """One sentence changed in one section: its chunk, itself alone and with headings, and its new word are embedded."""
    _, _, made = world
    made()
    edited = ARTICLES | {"gift": ARTICLES["gift"].replace("free", "cheap")}
    _, work, seen = made(edited)
    chunk = "gift\nCost\nIt is cheap."
    assert (work.embedded, work.removed) == (1, 1)
    assert sorted(seen) == sorted([chunk, "It is cheap.", chunk, "cheap"])


def test_a_deleted_article_is_gone(world):
    """Neither its chunks nor its vectors are in the new version."""
    store, _, made = world
    made()
    index, work, _ = made({name: body for name, body in ARTICLES.items() if name != "gift"})
    assert set(ExactIndex.open(store.checkout(index.digest)).chunks["article_id"].to_pylist()) == {"login", "parcel"}
    assert (work.removed, index.chunks, index.articles) == (3, 3, 2)


def test_a_version_does_not_depend_on_the_way_to_it(world, tmp_path):
    """Added and taken away again, an article leaves the version that was there before."""
    _, _, made = world
    first, _, _ = made()
    made(ARTICLES | {"new": "Another article."})
    assert made()[0].digest == first.digest


def test_vectors_lie_beside_their_chunks(world):
    """Each row of vectors.npy is the vector of that row's text, whatever the cache held."""
    store, _, made = world
    made({"gift": ARTICLES["gift"]})
    index, _, _ = made()
    folder = store.checkout(index.digest)
    chunks = pq.read_table(folder / "chunks.parquet").to_pylist()
    texts = ["\n".join(filter(None, (chunk["title"], chunk["heading"], chunk["text"]))) for chunk in chunks]
    np.testing.assert_allclose(np.load(folder / "vectors.npy"), WordEncoder().encode(texts))


def test_sentences_lie_beside_their_vectors(world):
    """Each sentence has the vectors of itself, of it under its headings and between its neighbours; words have one."""
    store, _, made = world
    index, _, _ = made(ARTICLES | {"gift": "## Refund\nMoney goes to the giver. It takes five days. Cards take ten."})
    folder = store.checkout(index.digest)
    sentences = Sentences.load(folder, ExactIndex.open(folder).chunks)
    rows = sentences.of_articles(["gift"]).tolist()
    assert [sentences.texts[row] for row in rows] == [
        "Money goes to the giver.",
        "It takes five days.",
        "Cards take ten.",
    ]
    assert sentences.vectors.shape == (len(sentences.texts), 3, DIM)
    expected = [
        "It takes five days.",
        "gift\nRefund\nIt takes five days.",
        "Money goes to the giver. It takes five days. Cards take ten.",
    ]
    np.testing.assert_allclose(sentences.vectors[rows[1]], WordEncoder().encode(expected), atol=1e-3)
    assert sentences.words == sorted(set(sentences.words))
    np.testing.assert_allclose(sentences.word_vectors, WordEncoder().encode(sentences.words), atol=1e-3)


@pytest.mark.parametrize("name", ["sentences.parquet", "sentence_vectors.npy", "words.parquet", "word_vectors.npy"])
def test_an_index_without_whole_sentences_does_not_open(world, tmp_path, name):
    """An absent or damaged file of the sentences is IndexUnavailable."""
    store, _, made = world
    index, _, _ = made()
    folder = tmp_path / "copy"
    folder.mkdir()
    for file, digest in store.tree(index.digest).items():
        (folder / file).write_bytes(store.get(digest))
    chunks = ExactIndex.open(folder).chunks
    (folder / name).write_bytes((folder / name).read_bytes()[:-40])
    with pytest.raises(IndexUnavailable):
        Sentences.load(folder, chunks)
    (folder / name).unlink()
    with pytest.raises(IndexUnavailable):
        Sentences.load(folder, chunks)


def test_resolved_tickets_are_the_newest_with_all_their_articles():
    """One row a ticket, its articles sorted, the oldest left out beyond the cap."""
    pairs = pa.Table.from_pylist(
        [
            {"ticket_id": t, "created_at": DAY + timedelta(d), "text": x, "article_id": a, "intent": ""}
            for t, d, x, a in PAIRS
        ],
        MARTS["training_pairs"],
    )
    assert resolved_table(pairs, 1).select(["ticket_id", "article_ids"]).to_pylist() == [
        {"ticket_id": "t2", "article_ids": ["gift", "login"]}
    ]


def test_unresolved_tickets_are_a_sample_of_their_time():
    """A sample over the whole time since the oldest resolved ticket; new tickets change it little."""
    day = datetime(2025, 1, 1)  # noqa: DTZ001  the marts hold UTC without a zone
    rows = [{"ticket_id": f"t{n}", "split": "train", "created_at": day + timedelta(n), "text": "?"} for n in range(400)]
    tickets = pa.Table.from_pylist([*rows, rows[-1] | {"ticket_id": "evaluated", "split": "eval"}])
    sample = unresolved_table(tickets, 100, day + timedelta(100))
    times = sample["created_at"].to_pylist()
    assert sample.num_rows == 100
    assert times == sorted(times)
    assert times[0] >= day + timedelta(100)
    assert 30 < sum(time < day + timedelta(250) for time in times) < 70
    more = pa.concat_tables([tickets, pa.Table.from_pylist([rows[-1] | {"ticket_id": f"n{n}"} for n in range(10)])])
    again = unresolved_table(more, 100, day + timedelta(100))
    assert len(set(sample["ticket_id"].to_pylist()) - set(again["ticket_id"].to_pylist())) <= 10
    assert "evaluated" not in unresolved_table(more, 1_000, None)["ticket_id"].to_pylist()


def test_no_resolved_ticket_yet_is_no_obstacle(world):
    """The first night of a team without links still has an index."""
    store, _, made = world
    index, work, _ = made(pairs=[])
    assert work.resolved == 0
    assert ExactIndex.open(store.checkout(index.digest)).chunks.num_rows == 6


def test_no_article_is_an_error_with_a_cure(world):
    """Without an article there is nothing to index: NotEnoughData."""
    with pytest.raises(NotEnoughData):
        world[2](articles={})


def test_a_version_in_the_store_opens_and_answers_both_searches(world, tmp_path):
    """The checked-out tree alone answers by word and by vector; an absent folder is IndexUnavailable."""
    store, _, made = world
    version, _, _ = made()
    index = ExactIndex.open(store.checkout(version.digest))
    position = index.bm25("the giver's money", 1)[1][0]
    assert index.chunks["heading"][position].as_py() == "Refund"
    assert index.dense(WordEncoder().encode(["parcel Late Track it."]), 1)[1][0][0] == 5
    with pytest.raises(IndexUnavailable):
        ExactIndex.open(tmp_path / "absent")


def test_a_damaged_version_does_not_open(world, tmp_path):
    """Vectors cut short are IndexUnavailable."""
    store, _, made = world
    index, _, _ = made()
    folder = tmp_path / "copy"
    folder.mkdir()
    for name, digest in store.tree(index.digest).items():
        (folder / name).write_bytes(store.get(digest))
    (folder / "vectors.npy").write_bytes((folder / "vectors.npy").read_bytes()[:-40])
    with pytest.raises(IndexUnavailable):
        ExactIndex.open(folder)
