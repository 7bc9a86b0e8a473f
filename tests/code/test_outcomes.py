"""How past tickets ended tells questions that articles answer from those they do not."""

from datetime import datetime, timedelta

import numpy as np
import pytest

from nightshift.runtime.memory import Memory
from nightshift.runtime.outcomes import FEWEST, NONE, Outcomes

DAY = datetime(2026, 1, 1)  # noqa: DTZ001 - the lake's timestamps are UTC without a zone


def tickets(towards, count=FEWEST, seed=0):
    """Unit vectors round the axis `towards`, one asked a day."""
    vectors = np.random.default_rng(seed).normal(scale=0.1, size=(count, 8)) + np.eye(8)[towards]
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    asked = np.array([DAY + timedelta(day) for day in range(count)], "datetime64[us]")
    return Memory(vectors.astype(np.float32), [[] for _ in range(count)], asked)


def test_a_question_is_like_the_tickets_it_resembles():
    """Both features are positive near resolved tickets and negative near unresolved ones."""
    outcomes = Outcomes(tickets(0), tickets(1, seed=1))
    found = outcomes.evidence(np.eye(8, dtype=np.float32)[:2], None, None)
    assert (found[0] > 0).all()
    assert (found[1] < 0).all()


def test_nothing_asked_later_counts():
    """Before any ticket was asked, neither kind is nearer."""
    outcomes = Outcomes(tickets(0), tickets(1, seed=1))
    hidden, times = np.ones((1, FEWEST), np.bool_), np.array([DAY], "datetime64[us]")
    assert outcomes.evidence(np.eye(8, dtype=np.float32)[:1], hidden, times)[0, 0] == 0


def test_the_plane_may_be_rehearsed():
    """Tickets from `until` on do not turn the plane, so that what it says of them is fair."""
    resolved, unresolved = tickets(0, 2 * FEWEST), tickets(1, 2 * FEWEST, seed=1)
    half = [
        Memory(one.vectors[:FEWEST], one.article_ids[:FEWEST], one.created_at[:FEWEST])
        for one in (resolved, unresolved)
    ]
    rehearsed = Outcomes(resolved, unresolved, until=DAY + timedelta(FEWEST))
    question = np.eye(8, dtype=np.float32)[2:3]
    leaning = [
        one.evidence(question, None, None)[0, 1] for one in (rehearsed, Outcomes(*half), Outcomes(resolved, unresolved))
    ]
    assert leaning[0] == pytest.approx(leaning[1])
    assert leaning[0] != pytest.approx(leaning[2])


@pytest.mark.parametrize("unresolved", [NONE, tickets(1, FEWEST - 1)])
def test_too_few_tickets_say_nothing(unresolved):
    """Without enough of either kind both features are 0 for every question."""
    assert not Outcomes(tickets(0), unresolved).evidence(np.eye(8, dtype=np.float32), None, None).any()


def test_an_index_of_before_goes_on_serving(tmp_path):
    """An index folder without unresolved tickets opens, and says nothing about outcomes."""
    assert not Outcomes.load(tmp_path, tickets(0)).evidence(np.eye(8, dtype=np.float32), None, None).any()
