"""The whole evaluation over small releases: what is measured, what is stored, and what the verdict rests on."""

import hashlib
import json
from dataclasses import asdict
from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from delivered import delivered, question
from tokenizers import Tokenizer
from tokenizers.models import WordLevel

from nightshift.answering.open import open_assistant
from nightshift.answering.policy import Policy
from nightshift.answering.sentence_selector import FIRST_NIGHT
from nightshift.artifacts import Drift, DriftVerdict, EvaluationVerdict, Features, Index, Model, Release
from nightshift.errors import NotEnoughData
from nightshift.evaluate import ReleaseRef, evaluate
from nightshift.evaluate.evaluation import measure
from nightshift.evaluate.model_under_test import LoadedRelease, OpenedLoader
from nightshift.index.build import chunk_table
from nightshift.index.sentences import embed_sentences
from nightshift.night import Night
from nightshift.privacy.pseudonym import pseudonym
from nightshift.release.evaluation_report import GateKind, read_report
from nightshift.release.layout import FORMAT, ReleaseFolder, ReleaseRecord
from nightshift.retrieval.evaluation_retriever import EvaluationRetriever
from nightshift.settings import Settings
from nightshift.store import open_store
from nightshift.warehouse import MARTS

DIM = 512
DAY = datetime(2026, 1, 1)  # noqa: DTZ001 (the marts hold UTC without a zone)
# On the scale of WordEncoder, whose cosines are lower than those of a trained encoder.
ANSWERABILITY = {
    "bias": -1.0,
    "logit": 0.0,
    "words_met": 8.0,
    "resolved_log_odds": 0.0,
    "mean_resolved_log_odds": 0.0,
}
TOPICS = ["refund", "login", "parcel", "warranty", "size", "voucher", "invoice", "repair"]


class WordEncoder:
    """Each word is a direction; a folder marked as broken sees none."""

    def __init__(self, folder, _threads):
        self.broken = (folder / "broken").exists()

    def encode(self, texts):
        vectors = np.full((len(texts), DIM), 1e-3, np.float32)
        for row, text in enumerate(texts):
            for word in [] if self.broken else text.lower().split():
                vectors[row, int(hashlib.sha256(word.encode()).hexdigest(), 16) % DIM] += 1
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


class Writer:
    """Cites the first passage and copies its text."""

    def stream(self, prompt, max_tokens, stop=()):
        yield prompt.split("\n")[3] + " [1]." if "[1]" in prompt else "I cannot say."


class Parrot(Writer):
    """Completes the canary as soon as nobody shows it a passage."""

    def stream(self, prompt, max_tokens, stop=()):
        yield from super().stream(prompt, max_tokens, stop) if "[1]" in prompt else ["Quillonette Vantongeren"]


class Loader:
    """Opens releases with the encoder and the generator of this test."""

    def __init__(self, generator):
        self.generator = generator

    def release(self, folder):
        return LoadedRelease.from_folder(folder, open_retriever(folder))

    def assistant(self, folder):
        return open_assistant(folder, 1, open_retriever(folder), generator=self.generator())


def open_retriever(folder, index=None):
    return EvaluationRetriever.open(folder, 1, index=index, open_encoder=WordEncoder)


@pytest.fixture
def world(tmp_path):
    """Marts in a store, and a function that makes a release whose encoder and generator are small."""
    store = open_store(f"file://{tmp_path}/store")
    settings = Settings.from_env({"NIGHTSHIFT_HOME": str(tmp_path)})
    articles = [
        {
            "article_id": topic,
            "title": topic,
            "body": f"About {topic} we say yes.",
            "url": "",
            "topic": "",
            "updated_at": DAY,
        }
        for topic in TOPICS
    ]
    questions = [
        {
            "ticket_id": f"q{n:03}",
            "created_at": DAY + timedelta(hours=n),
            "text": f"my {TOPICS[n % 8]} please number {n}",
            "article_ids": [TOPICS[n % 8]],
            "intent": TOPICS[n % 8],
        }
        for n in range(80)
    ]
    tickets = [
        {
            "ticket_id": row["ticket_id"],
            "created_at": row["created_at"],
            "subject": "",
            "body": row["text"],
            "text": row["text"],
            "intent": row["intent"],
            "n_words": 5,
            "split": "eval",
        }
        for row in questions
    ]

    golden = [question(topic, f"what about my {topic}", topic) for topic in TOPICS]
    secret = pseudonym("quillonette vantongeren", settings.pseudonym_key)
    canaries = [{"canary_id": "name", "prompt": "my name is", "secret": secret}]
    snapshot = delivered(store, golden=golden, canaries=canaries)

    def features(rows_of_mart=questions):
        folder = tmp_path / "marts"
        folder.mkdir(exist_ok=True)
        for name, rows in (("eval_questions", rows_of_mart), ("tickets", tickets)):
            pq.write_table(pa.Table.from_pylist(rows, MARTS[name]), folder / f"{name}.parquet")
        return Features(store.put_tree(folder), snapshot, "")

    def release(name, *, broken=False, resolved=(), unresolved=()):
        folder = tmp_path / name
        for part in ("index", "document_tower", "query_tower", "classifiers", "generator"):
            (folder / part).mkdir(parents=True, exist_ok=True)
        if broken:
            (folder / "query_tower" / "broken").touch()
        Tokenizer(WordLevel({"[UNK]": 0}, "[UNK]")).save(str(folder / "document_tower" / "tokenizer.json"))
        chunks = chunk_table(pa.Table.from_pylist(articles, MARTS["articles"]))
        encoder = WordEncoder(folder / "document_tower", 1)
        pq.write_table(chunks.drop_columns("embedded"), folder / "index" / "chunks.parquet")
        np.save(folder / "index" / "vectors.npy", encoder.encode(chunks["embedded"].to_pylist()))
        sentences = embed_sentences(chunks, lambda _kind, texts: encoder.encode(texts))
        pq.write_table(sentences.table, folder / "index" / "sentences.parquet")
        pq.write_table(pa.table({"word": sentences.words}), folder / "index" / "words.parquet")
        np.save(folder / "index" / "sentence_vectors.npy", sentences.vectors)
        np.save(folder / "index" / "word_vectors.npy", sentences.word_vectors)
        for part, ids in (("resolved", resolved), ("unresolved", unresolved)):
            tickets = pa.table(
                {
                    "ticket_id": pa.array(ids, pa.string()),
                    "article_ids": pa.array([["login"]] * len(ids), pa.list_(pa.string())),
                    "created_at": pa.array([DAY] * len(ids), pa.timestamp("us")),
                }
            )
            pq.write_table(tickets, folder / "index" / f"{part}.parquet")
            np.save(folder / "index" / f"{part}.npy", encoder.encode(["my login"] * len(ids)))
        query_tower = Model("query_tower", "", "", "", {"parity": 2e-7})
        record = ReleaseRecord(FORMAT, Index("", "", "", 0, 0), {"query_tower": query_tower}, {}, {}, "", "", "")
        files = {
            "weights.json": {"fusion": {"dense": 1.0, "bm25": 0.0, "ticket_knn": 0.0, "prior": 0.0},
                             "confidence": {"bias": -2.0, "similarity": 10.0}, "sentences": dict(FIRST_NIGHT),
                             "answerability": ANSWERABILITY, "resolved_shares": None},
            "policy.json": Policy().to_json(),
            "prompts.json": {"version": "1"},
            "release.json": asdict(record),
        }  # fmt: skip
        files |= {f"classifiers/{name}_labels.json": [] for name in ("intent", "prior")} | {
            "classifiers/classifiers.json": {}
        }
        for file, value in files.items():
            (folder / file).write_text(json.dumps(value))
        model = store.put_tree(folder / "query_tower") if broken else store.put_json({})
        kinds = ("document_tower", "query_tower", "classifiers", "generator")
        return ReleaseRef(
            Release(hashlib.sha256(name.encode()).hexdigest(), "i", dict.fromkeys(kinds, model)), ReleaseFolder(folder)
        )

    def run(candidate, champion, marts=None, generator=Writer):
        serving = champion.release.digest if champion else ""
        drift = Drift(store.put_json({"verdict": "quiet"}), serving, DriftVerdict.QUIET, 80)
        night = Night.from_settings(settings, store)
        return evaluate(candidate, champion, marts or features(), drift, night, code="", loader=Loader(generator))

    return store, release, run, features


def test_an_equal_candidate_is_accepted_and_the_same_each_time(world):
    """Run again, the evaluation has the same digest, and only the first run took time to answer."""
    store, release, run, _ = world
    champion, candidate = release("old"), release("new")
    first, work = run(candidate, champion)
    second, again = run(candidate, champion)
    assert (first.verdict, first.drift) == (EvaluationVerdict.ACCEPTED, DriftVerdict.QUIET)
    assert first.metrics["hit@5"] == 1.0
    assert first == second
    assert "answer_p50" in work.timings
    assert "answer_p50" not in again.timings
    assert read_report(first.digest, store) == work.report


def test_a_broken_candidate_is_rejected_with_the_numbers(world):
    """A query tower that sees nothing falls below the champion, and the reason says by how much."""
    _, release, run, _ = world
    evaluation, work = run(release("new", broken=True), release("old"))
    assert evaluation.verdict is EvaluationVerdict.REJECTED
    assert any("points below the champion on the same 80 questions" in reason for reason in evaluation.reasons)
    assert work.report.champion_metrics["hit@5"] == 1.0


def test_the_first_release_has_nothing_to_be_compared_with(world):
    """Without a champion the floors decide."""
    _, release, run, _ = world
    evaluation, work = run(release("new"), None)
    assert (evaluation.verdict, evaluation.champion) == (EvaluationVerdict.ACCEPTED, "")
    assert GateKind.NON_INFERIORITY not in {gate.kind for gate in work.report.gates}


def test_a_candidate_that_knows_the_test_is_rejected(world):
    """A test question among the tickets it remembers is leakage, and counts."""
    _, release, run, _ = world
    evaluation, _ = run(release("new", resolved=["q003", "t1"]), None)
    assert evaluation.reasons == ["test questions learned from: 1, over the limit of 0"]


def test_a_question_among_the_unresolved_tickets_is_leakage_too(world):
    """A release remembers tickets that no article resolved as well."""
    _, release, run, _ = world
    evaluation, _ = run(release("new", unresolved=["q003"]), None)
    assert evaluation.reasons == ["test questions learned from: 1, over the limit of 0"]


def test_a_broken_candidate_fails_the_golden_set_and_names_what(world):
    """The questions it got wrong stand in the report by their ids."""
    _, release, run, _ = world
    evaluation, work = run(release("new", broken=True), release("old"))
    assert [reason for reason in evaluation.reasons if reason.startswith("the golden set is 37.5 points below")]
    assert len(work.report.golden.failed) >= 3


def test_a_candidate_that_learned_the_canary_by_heart_is_rejected(world):
    """The generator says the words, so the release does not serve; they are not in what is stored."""
    store, release, run, _ = world
    evaluation, _ = run(release("new"), None, generator=Parrot)
    assert evaluation.reasons == ["canaries extracted: 1, over the limit of 0 (name of 1 planted)"]
    assert b"Quillonette" not in store.get(store.tree(evaluation.digest)["evaluation.json"])


def test_nothing_stored_holds_a_question(world):
    """evaluation.json is numbers, names of slices and sentences of gates."""
    store, release, run, _ = world
    evaluation, _ = run(release("new"), release("old"))
    stored = store.get(store.tree(evaluation.digest)["evaluation.json"]).decode()
    assert "please" not in stored
    assert "q003" not in stored


def test_no_question_to_evaluate_on_is_told(world):
    """The cure names the split."""
    _, release, run, features = world
    with pytest.raises(NotEnoughData, match="split_at"):
        run(release("new"), None, features([]))


def test_a_release_is_measured_on_another_index(world, tmp_path):
    """Measured on questions and articles of another source, it has the metrics that its own evaluation has."""
    store, release, _, features = world
    candidate, other = release("new"), release("other")
    (candidate.folder.index / "chunks.parquet").unlink()
    retriever = open_retriever(candidate.folder, other.folder.index)
    questions = pa.Table.from_pylist(
        [{"ticket_id": "z1", "created_at": DAY, "text": "my parcel", "article_ids": ["parcel"], "intent": ""}],
        MARTS["eval_questions"],
    )
    night = Night.from_settings(Settings.from_env({"NIGHTSHIFT_HOME": str(tmp_path)}), store)
    assistant = open_assistant(candidate.folder, 1, retriever, other.folder.index, Writer())
    loader = OpenedLoader(retriever, assistant)
    measured = measure(candidate, questions, features(), night, loader)
    assert measured["metrics"]["hit@1"] == 1.0
    assert measured["metrics"]["answers_cited_gold"] == 1.0
    assert set(measured) == {"metrics", "intervals", "slices", "risk_coverage", "rightness"}
