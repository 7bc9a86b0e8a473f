"""Golden questions and questions in other words."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
from delivered import delivered, question

from nightshift.artifacts import Features
from nightshift.evaluate.gate import Limits
from nightshift.evaluate.golden import Golden, GoldenResults, golden_gates, read_golden, run_golden
from nightshift.evaluate.invariance import PERTURBATIONS, invariance_gates, perturb, same_first_article
from nightshift.evaluate.model_under_test import LoadedRelease
from nightshift.retrieval.confidence import FEATURES, Confidence
from nightshift.store import open_store

LIMITS = Limits()
SET = [
    Golden("gift", "a gift", "gifts", ""),
    Golden("points", "some points", "points", "gift"),
    Golden("horse", "a horse", "", ""),
]


@dataclass
class Ranking:
    scores: np.ndarray
    evidence: np.ndarray


class Words:
    """Scores an article by whether the question names it; one that is `deaf` never hears."""

    article_ids = ("other-1", "other-2", "other-3", "other-4", "other-5", "gifts", "points")

    def __init__(self, *, deaf=False):
        self.deaf = deaf

    def rank(self, questions, before=None):
        heard = [[not self.deaf and name[:-1] in text for name in self.article_ids] for text in questions]
        evidence = np.zeros((len(questions), len(FEATURES)))
        evidence[:, 0] = np.array(heard).any(axis=1)
        return Ranking(np.array(heard, float), evidence)


def release(retriever, floor=0.5):
    return LoadedRelease(retriever, Confidence(bias=-2.0, **{FEATURES[0]: 4.0}), floor)


def failed(gates):
    return [gate.name for gate in gates if not gate.passed]


def test_a_release_that_knows_them_is_marked_right():
    """Found, told apart, and what nothing answers is declined."""
    marks = run_golden(release(Words()), SET)
    assert marks == GoldenResults({"gift": True, "points": True}, {"points": True}, {"horse": True})
    assert failed(golden_gates(marks, marks, LIMITS)) == []


def test_a_release_that_hears_nothing_is_rejected_by_id():
    """Every question it should find is named."""
    many = [replace(one, question_id=f"{one.question_id}-{number}") for number in range(8) for one in SET[:1]]
    deaf = run_golden(release(Words(deaf=True)), many)
    gates = golden_gates(deaf, run_golden(release(Words()), many), LIMITS)
    assert failed(gates) == ["golden found", "golden no worse than the champion"]
    assert "wrong: gift-0, gift-1" in gates[0].sentence
    assert deaf.failed == [one.question_id for one in many]


def test_a_release_that_never_declines_is_rejected():
    """Eight questions that nothing answers, all answered."""
    many = [Golden(f"h{number}", "a horse", "", "") for number in range(8)]
    gates = golden_gates(run_golden(release(Words(), floor=0.0), many), None, LIMITS)
    assert failed(gates) == ["golden declined"]


def test_a_release_that_takes_two_questions_for_one_is_rejected():
    """Direction: what differs by the words that matter must get another article."""
    many = [SET[0], *(Golden(f"p{number}", "a gift", "gifts", "gift") for number in range(8))]
    assert "golden told apart" in failed(golden_gates(run_golden(release(Words()), many), None, LIMITS))


def test_a_source_without_them_says_so():
    """No golden questions reject nothing, and the sentence tells where to read."""
    (gate,) = golden_gates(run_golden(release(Words()), []), GoldenResults(), LIMITS)
    assert gate.passed
    assert "docs/bring-your-own-data.md" in gate.sentence


def test_they_are_read_from_the_snapshot(tmp_path):
    """Rows of the lake's table, by id; a snapshot of a source without the table has none."""
    store = open_store(f"file://{tmp_path}/store")
    made = delivered(store, golden=[question("b", "B?", "x"), question("a", "A?")])
    assert read_golden(Features("", made, ""), store) == [Golden("a", "A?", "", ""), Golden("b", "B?", "x", "")]
    assert read_golden(Features("", delivered(store), ""), store) == []


@pytest.mark.parametrize("way", PERTURBATIONS)
def test_a_question_in_other_words_is_another_text(way):
    """Every way changes the text, always alike."""
    text = "My kettle leaks since I bought it, who can help?"
    assert perturb(text, way) != text
    assert perturb(text, way) == perturb(text, way)


def test_what_looks_past_the_wording_passes():
    """The first article stays where a release hears words however they are written."""

    class Tolerant(Words):
        def rank(self, questions, before=None):
            return super().rank(["gift" if "g" in text.lower() else "point" for text in questions], before)

    kept = same_first_article(Tolerant(), ["my gift card is blocked"] * 40, [None] * 40)
    assert set(kept) == set(PERTURBATIONS)
    assert failed(invariance_gates(kept, kept, LIMITS)) == []


def test_what_hangs_on_the_wording_is_rejected():
    """A release whose first article changes with capitals, typos and greetings fails its floor, and the ways are named."""

    class Fickle(Words):
        def rank(self, questions, before=None):
            scores = [[float(len(text) % 7 == column) + text.isupper() for column in range(7)] for text in questions]
            return Ranking(np.array(scores), np.zeros((len(questions), len(FEATURES))))

    texts = [f"my gift card is blocked{'!' * number}" for number in range(40)]
    kept = same_first_article(Fickle(), texts, [None] * 40)
    champion = {way: np.ones(40) for way in PERTURBATIONS}
    gates = invariance_gates(kept, champion, LIMITS)
    assert failed(gates) == ["first article kept", "keeps it no worse than the champion"]
    assert "greeting 0.00" in gates[0].sentence
