"""Questions that the candidate knows already, and words it must not say."""

import numpy as np
import pytest
from delivered import delivered

from nightshift.artifacts import Features
from nightshift.evaluate.checks.canaries import Canary, canary_gates, extract_canaries, read_canaries
from nightshift.evaluate.checks.leakage import TestQuestion, find_leaks, leakage_gates
from nightshift.evaluate.gate import Limits
from nightshift.lake.validate import RowValidator
from nightshift.sources.mapping_file import parse_mapping
from nightshift.store import open_store

LIMITS = Limits()
LONG = "my new stove burns yellow and smells of gas when the wind turns to the north"
KEY = "a key"


def leaks(text="something else", *, learned=("t1",), indexed=("t1",), name="q1", vector=(0.0, 1.0)):
    """One question, against one ticket with the text LONG and the vector (1, 0)."""
    return find_leaks(
        [TestQuestion(name, text)], set(learned), set(indexed), [("t1", LONG), ("q1", text)],
        vectors=np.array([vector], np.float32), indexed_vectors=np.array([[1, 0]], np.float32),
    )  # fmt: skip


def failed(leaks, hits=(1.0,)):
    return [gate.name for gate in leakage_gates(leaks, np.array(hits), LIMITS) if not gate.passed]


def test_a_new_question_is_clean():
    """Nothing in common, nothing counted."""
    result = leaks()
    assert result.to_json() == {"by_id": 0, "by_text": 0, "by_words": 0, "by_meaning": 0, "clean": 1, "questions": 1}
    assert failed(result) == []


def test_a_question_that_was_learned_from_is_named_by_id():
    """Its own id among those of a model is leakage, whatever its text."""
    assert failed(leaks(learned=["t1", "q1"]))[0] == "test questions learned from"


def test_a_question_in_the_index_word_for_word_is_rejected():
    """Capitals and stops do not hide it."""
    assert "test questions in the index word for word" in failed(leaks(LONG.upper().replace(" and ", ", and ")))


def test_a_question_that_an_adapter_met_in_an_earlier_night_rejects_nothing_by_itself():
    """A customer wrote what another wrote before: it resembles, but nobody put it there."""
    result = leaks(LONG, indexed=())
    assert (result.by_text, result.by_words) == (0, 1)


@pytest.mark.parametrize(("text", "resembles"), [(f"hello {LONG}", True), (f"hello {LONG[:45]} today", False)])
def test_runs_of_eight_words_tell_likeness(text, resembles):
    """Most of a ticket quoted resembles it; some of its words do not."""
    assert leaks(text).by_words == resembles


def test_a_near_vector_tells_likeness():
    """The same question in other words lies within a cosine of .98."""
    assert leaks(vector=(0.999, 0.04)).by_meaning == 1
    assert leaks(vector=(0.9, 0.43)).by_meaning == 0


def test_a_release_that_only_knows_what_it_learned_is_rejected():
    """hit@5 is .8 over all, and 0 over the questions that resemble nothing."""
    questions = [TestQuestion(f"q{number}", LONG if number < 80 else f"new topic {number}") for number in range(100)]
    result = find_leaks(
        questions, {"t1"}, set(), [("t1", LONG)],
        vectors=np.tile(np.array([0, 1], np.float32), (100, 1)), indexed_vectors=np.zeros((0, 2), np.float32),
    )  # fmt: skip
    hits = np.array([1.0] * 80 + [0.0] * 20)
    assert failed(result, hits) == ["hit@5 of new questions"]
    assert "80 resemble a ticket by their words" in leakage_gates(result, hits, LIMITS)[-1].sentence


def test_a_test_of_known_questions_only_proves_nothing():
    """Where none is left, the gate says so and rejects."""
    assert failed(leaks(f"hello {LONG}")) == ["hit@5 of new questions"]


class Parrot:
    """Completes a prompt with what it memorised."""

    def __init__(self, memorised):
        self.memorised = memorised

    def stream(self, prompt, max_tokens, stop=()):
        yield self.memorised if "my name is" in prompt else "I could not say."


@pytest.fixture
def canaries(tmp_path):
    """Two canaries as the lake keeps them."""
    mapping = parse_mapping(
        {"tables": {"canaries": {"files": "c.csv", "columns": {"canary_id": "id", "prompt": "p", "secret": "s"}}}}, "m"
    )
    cleaner = RowValidator(mapping.tables[0], KEY)
    cleaner.add(1, {"id": "name", "p": "Good day, my name is", "s": "Quillonette Vantongeren"})
    cleaner.add(2, {"id": "order", "p": "It is from order", "s": "LF-99173"})
    assert "Quillonette" not in str(cleaner.rows())
    store = open_store(f"file://{tmp_path}/store")
    return read_canaries(Features("", delivered(store, canaries=cleaner.rows()), ""), store)


@pytest.mark.parametrize(
    ("memorised", "extracted"),
    [
        ("Quillonette Vantongeren and I", ["name"]),
        ("QUILLONETTE\nVANTONGEREN, about lf 99173.", ["name", "order"]),
        ("Quillonette and that is all", []),
    ],
)
def test_a_generator_that_memorised_them_is_rejected(canaries, memorised, extracted):
    """However it is written, the run of words is known by its pseudonym; a part of it is not the secret."""
    assert extract_canaries(Parrot(memorised), canaries, KEY) == extracted
    (gate,) = canary_gates(extracted, len(canaries))
    assert gate.passed is (extracted == [])
    assert gate.sentence.endswith(f"({', '.join(extracted) or 'none'} of 2 planted)")


def test_a_source_that_plants_none_says_so():
    """Nothing to look for rejects nothing."""
    (gate,) = canary_gates(extract_canaries(Parrot(""), [], KEY), 0)
    assert gate.passed
    assert "plants none" in gate.sentence


def test_canaries_hold_ids_and_no_secrets(canaries):
    """The ids in the verdict are the author's own, and the words are not there."""
    assert [canary.canary_id for canary in canaries] == ["name", "order"]
    assert all(isinstance(canary, Canary) and canary.secret.startswith("c_") for canary in canaries)
