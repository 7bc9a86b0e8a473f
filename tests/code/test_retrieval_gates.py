"""Retrieval and its slices: a lost topic is seen, and an equal release passes however many slices there are."""

import numpy as np

from nightshift.evaluate.checks.retrieval_quality import retrieval_gates
from nightshift.evaluate.checks.slices import slice_gates
from nightshift.evaluate.gate import Limits

LIMITS = Limits()


def failed(gates):
    return [gate.name for gate in gates if not gate.passed]


def labels(slices, of):
    return {"intent": [f"intent-{number}" for number in range(slices) for _ in range(of)]}


def test_equal_releases_pass_twenty_slices():
    """Retrained on the same, with one answer in ten changed by chance, at most one night in ten fails for a slice."""
    rng = np.random.default_rng(3)
    nights = []
    for _ in range(200):
        champion = (rng.random(1_000) < 0.7).astype(float)
        candidate = np.where(rng.random(1_000) < 0.1, (rng.random(1_000) < 0.7).astype(float), champion)
        nights.append(failed(slice_gates(candidate, champion, labels(20, 50), LIMITS)) == [])
    assert np.mean(nights) >= 0.9


def test_a_lost_topic_is_named_though_the_whole_is_level():
    """Fifteen of fifty lost in one topic and won in the others: only the slice tells."""
    champion = np.tile([1.0] * 35 + [0.0] * 15, 20)
    candidate = champion.copy()
    candidate[:15] = 0.0
    candidate[[50 * part + 49 for part in range(1, 16)]] = 1.0
    assert failed(retrieval_gates(candidate, champion, LIMITS)) == []
    (gate,) = [gate for gate in slice_gates(candidate, champion, labels(20, 50), LIMITS) if not gate.passed]
    assert gate.name == "slices no worse than the champion"
    assert "intent intent-0 is 30.0 points below the champion on 50 questions" in gate.sentence


def test_a_slice_below_its_floor_is_named():
    """A topic that is hardly ever found is refused, also without a champion."""
    hits = np.ones(200)
    hits[:45] = 0.0
    (gate,) = slice_gates(hits, None, labels(4, 50), LIMITS)
    assert not gate.passed
    assert "intent intent-0 0.100 over 50 questions" in gate.sentence


def test_small_slices_say_nothing():
    """Thirty-nine questions are no slice."""
    assert slice_gates(np.zeros(39), np.ones(39), labels(1, 39), LIMITS) == []


def test_every_gate_names_itself_its_number_and_its_limit():
    """Each sentence can be read alone."""
    gates = [
        *retrieval_gates(np.ones(100), np.ones(100), LIMITS),
        *slice_gates(np.ones(100), np.ones(100), labels(2, 50), LIMITS),
    ]
    assert [gate.name for gate in gates] == [
        "hit@5",
        "hit@5 no worse than the champion",
        "slices",
        "slices no worse than the champion",
    ]
    assert failed(gates) == []
    assert all(any(digit.isdigit() for digit in gate.sentence) for gate in gates)
