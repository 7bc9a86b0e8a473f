"""Golden questions, the contrast set, and questions in other wordings."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
from delivered import delivered, question

from nightshift.artifacts import Features
from nightshift.evaluate.checks.golden import GoldenResults, golden_gates, run_golden
from nightshift.evaluate.checks.invariance import PERTURBATIONS, invariance_gates, perturb, same_first_article
from nightshift.evaluate.gate import Limits
from nightshift.evaluate.golden_questions import GoldenQuestion, read_golden
from nightshift.evaluate.model_under_test import LoadedRelease
from nightshift.retrieval.confidence import FEATURES, Confidence
from nightshift.store import open_store

LIMITS = Limits()
SET = [
    GoldenQuestion("gift", "a gift", "gifts", ""),
    GoldenQuestion("points", "some points", "points", "gift"),
    GoldenQuestion("horse", "a horse", "", ""),
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


def test_a_release_that_knows_them_passes():
    """Found, contrasted, and what nothing answers is declined."""
    results = run_golden(release(Words()), SET)
    assert results == GoldenResults({"gift": True, "points": True}, {"points": True}, {"horse": True})
    assert failed(golden_gates(results, results, LIMITS)) == []


def test_a_release_that_hears_nothing_is_rejected_by_id():
    """Every question it should find is named."""
    many = [replace(SET[0], question_id=f"{SET[0].question_id}-{number}") for number in range(8)]
    deaf = run_golden(release(Words(deaf=True)), many)
    gates = golden_gates(deaf, run_golden(release(Words()), many), LIMITS)
    assert failed(gates) == ["golden found", "golden no worse than the champion"]
    assert "wrong: gift-0, gift-1" in gates[0].sentence
    assert deaf.failed == [question.question_id for question in many]


def test_a_release_that_never_declines_is_rejected():
    """Eight questions that nothing answers, all answered."""
    many = [GoldenQuestion(f"h{number}", "a horse", "", "") for number in range(8)]
    gates = golden_gates(run_golden(release(Words(), floor=0.0), many), None, LIMITS)
    assert failed(gates) == ["golden declined"]


def test_a_release_that_takes_two_questions_for_one_is_rejected():
    """Contrast set: a near copy with another answer must get another article."""
    many = [SET[0], *(GoldenQuestion(f"p{number}", "a gift", "gifts", "gift") for number in range(8))]
    assert "contrast set" in failed(golden_gates(run_golden(release(Words()), many), None, LIMITS))


def test_a_source_without_them_says_so():
    """No golden questions reject nothing, and the sentence tells where to read."""
    (gate,) = golden_gates(run_golden(release(Words()), []), GoldenResults(), LIMITS)
    assert gate.passed
    assert "docs/bring-your-own-data.md" in gate.sentence


def test_they_are_read_from_the_snapshot(tmp_path):
    """Rows of the lake's table, by id; a snapshot of a source without the table has none."""
    store = open_store(f"file://{tmp_path}/store")
    snapshot = delivered(store, golden=[question("b", "B?", "x"), question("a", "A?")])
    assert read_golden(Features("", snapshot, ""), store) == [
        GoldenQuestion("a", "A?", "", ""),
        GoldenQuestion("b", "B?", "x", ""),
    ]
    assert read_golden(Features("", delivered(store), ""), store) == []


@pytest.mark.parametrize("perturbation", PERTURBATIONS)
def test_a_perturbed_question_is_another_text(perturbation):
    """Every perturbation changes the text, and always alike."""
    text = "My kettle leaks since I bought it, who can help?"
    assert perturb(text, perturbation) != text
    assert perturb(text, perturbation) == perturb(text, perturbation)


def test_what_looks_past_the_wording_passes():
    """The first article stays where a release hears words however they are written."""

    class Tolerant(Words):
        def rank(self, questions, before=None):
            return super().rank(["gift" if "g" in text.lower() else "point" for text in questions], before)

    same = same_first_article(Tolerant(), ["my gift card is blocked"] * 40, [None] * 40)
    assert set(same) == set(PERTURBATIONS)
    assert failed(invariance_gates(same, same, LIMITS)) == []


def test_what_hangs_on_the_wording_is_rejected():
    """A release whose first article changes with capitals, typos and greetings fails, and they are named."""

    class Fickle(Words):
        def rank(self, questions, before=None):
            scores = [[float(len(text) % 7 == column) + text.isupper() for column in range(7)] for text in questions]
            return Ranking(np.array(scores), np.zeros((len(questions), len(FEATURES))))

    texts = [f"my gift card is blocked{'!' * number}" for number in range(40)]
    same = same_first_article(Fickle(), texts, [None] * 40)
    champion = {perturbation: np.ones(40) for perturbation in PERTURBATIONS}
    gates = invariance_gates(same, champion, LIMITS)
    assert failed(gates) == ["invariance", "invariance no worse than the champion"]
    assert "greeting 0.00" in gates[0].sentence
