"""The gate lets equals through and stops the clearly worse, whatever the size of the night."""

import numpy as np
import pytest

from nightshift.evaluate.gate import Verdict, at_least, at_most, no_worse, not_measured, share_at_least
from nightshift.release.evaluation_report import GateKind


def hits(rng, count, share):
    return (rng.random(count) < share).astype(float)


def paired(rng, count, base, worse, churn):
    """Champion hits, and a candidate that disagrees on `churn` of the questions and is `worse` by expectation."""
    champion = hits(rng, count, base)
    lost = (champion == 1) & (rng.random(count) < (churn + worse) / 2 / base)
    won = (champion == 0) & (rng.random(count) < (churn - worse) / 2 / (1 - base))
    return np.where(lost, 0.0, np.where(won, 1.0, champion)), champion


def compared(differences, *, primary=False):
    return no_worse("hit@5 no worse than the champion", differences, 0.01, primary=primary)


def accepted_share(count, worse, churn, nights=400):
    rng = np.random.default_rng(count)
    pairs = (paired(rng, count, 0.7, worse, churn) for _ in range(nights))
    return np.mean([compared(candidate - champion).passed for candidate, champion in pairs])


@pytest.mark.parametrize(("count", "churn"), [(60, 0.2), (300, 0.2), (645, 0.1), (3_000, 0.03), (20_000, 0.05)])
def test_equal_models_pass(count, churn):
    """Nightly promotion does not stall: an equal model passes at least four nights in five."""
    assert accepted_share(count, 0.0, churn) >= 0.8


@pytest.mark.parametrize(("count", "at_most"), [(60, 0.6), (200, 0.1), (645, 0.01), (3_000, 0.0), (20_000, 0.0)])
def test_ten_points_worse_is_stopped(count, at_most):
    """A model that is truly ten points worse is stopped, the surer the more questions there are."""
    assert accepted_share(count, 0.10, 0.2) <= at_most


def test_three_points_worse_does_not_pass_a_large_night():
    """With questions enough to conclude, three points are seen."""
    assert accepted_share(20_000, 0.03, 0.05) == 0


@pytest.mark.parametrize("count", [10, 50, 200, 645, 3_000, 50_000])
def test_a_measured_loss_of_ten_points_never_passes(count):
    """However few the questions, minus ten points on them is refused."""
    differences = np.zeros(count)
    differences[: count // 10] = -1
    assert not compared(differences).passed


@pytest.mark.parametrize("count", [1, 2, 60, 5_000])
def test_the_same_answers_pass(count):
    """A candidate that hits exactly what the champion hits is accepted."""
    assert compared(np.zeros(count)).passed


def test_a_night_too_small_to_conclude_says_so():
    """The sentence names the rule that was applied, with its numbers."""
    small = compared(np.array([1.0, -1.0, 0.0, 0.0] * 50))
    large = compared(np.array([1.0] + [0.0] * 4_999))
    assert "too few questions" in small.sentence
    assert "200 questions" in small.sentence
    assert "lower bound" in large.sentence
    assert "too few" not in large.sentence


def test_one_failed_gate_rejects_and_is_the_reason():
    """Only what failed is given as a reason; else the comparison comes first."""
    floor, primary = at_least("hit@5", 0.7, 0.5), compared(np.zeros(100), primary=True)
    assert Verdict([floor, primary]).reasons == [primary.sentence, "all 2 gates passed"]
    failed = at_most("parity of classifiers", float("nan"), 0.01)
    verdict = Verdict([floor, primary, failed])
    assert not verdict.accepted
    assert verdict.reasons == [failed.sentence]


def test_what_was_not_measured_says_so_and_rejects_nothing():
    """A source without golden questions still has nights."""
    gate = not_measured("golden", "the source delivers none")
    assert (gate.passed, gate.kind) == (True, GateKind.NOT_MEASURED)
    assert gate.sentence == "golden: the source delivers none"


@pytest.mark.parametrize(
    ("share", "count", "passed"),
    [
        (0.286, 14, False),
        (0.31, 14, True),
        (0.31, 399, True),
        (0.31, 400, False),
        (0.36, 400, True),
        (0.2, 5_000, False),
    ],
)
def test_a_share_meets_its_floor_by_the_estimate_and_over_many_answers_by_the_lower_bound(share, count, passed):
    """No share below its floor passes, however few the answers; one barely above it does not over many."""
    assert share_at_least("cited_gold", share, count, 0.3).passed is passed
