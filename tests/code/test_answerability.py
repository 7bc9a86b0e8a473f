"""How past tickets ended tells questions that articles answer from those they do not."""

from datetime import datetime, timedelta

import numpy as np
import pytest

from nightshift.retrieval.answerability import FEWEST, NONE, Answerability
from nightshift.retrieval.ticket_knn import TicketKnn

DAY = datetime(2026, 1, 1)  # noqa: DTZ001 - the lake's timestamps are UTC without a zone


class AxisHead:
    """An intent an axis: a vector is of the intent whose axis it is nearest to, mostly."""

    def intents(self, vectors):
        sharp = np.exp(8 * vectors)
        return (sharp / sharp.sum(axis=1, keepdims=True)).astype(np.float32)


class NoHead:
    def intents(self, vectors):
        return None


def tickets(towards, count=FEWEST, seed=0):
    """Unit vectors round the axis `towards`, one asked a day."""
    vectors = np.random.default_rng(seed).normal(scale=0.1, size=(count, 8)) + np.eye(8)[towards]
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    asked = np.array([DAY + timedelta(day) for day in range(count)], "datetime64[us]")
    return TicketKnn(vectors.astype(np.float32), [[] for _ in range(count)], asked)


def joined(*parts):
    return TicketKnn(
        np.concatenate([one.vectors for one in parts]),
        [articles for one in parts for articles in one.article_ids],
        np.concatenate([one.created_at for one in parts]),
    )


AXES = np.eye(8, dtype=np.float32)


def test_a_question_is_like_the_tickets_it_resembles():
    """Both features are positive near resolved tickets and negative near unresolved ones."""
    found = Answerability(tickets(0), tickets(1, seed=1), AxisHead()).evidence(AXES[:2], None, None)
    assert (found[0] > 0).all()
    assert (found[1] < 0).all()


def test_nothing_asked_later_counts():
    """Before any ticket was asked, neither kind is nearer."""
    outcomes = Answerability(tickets(0), tickets(1, seed=1), AxisHead())
    hidden, times = np.ones((1, FEWEST), np.bool_), np.array([DAY], "datetime64[us]")
    assert outcomes.evidence(AXES[:1], hidden, times)[0, 0] == 0


def test_forgotten_links_do_not_condemn_an_intent():
    """Where half of an intent's tickets are unresolved, the nearest of them may be; the intent is still usually answered."""
    outcomes = Answerability(tickets(0, 60), joined(tickets(0, 30, seed=1), tickets(1, 60, seed=2)), AxisHead())
    often, never = outcomes.evidence(AXES[:2], None, None)[:, 1]
    assert often > 0 > never


def test_how_intents_end_may_be_rehearsed():
    """Tickets from `until` on do not count, so that what is said of them is fair."""
    resolved, unresolved = tickets(0, 2 * FEWEST), tickets(1, 2 * FEWEST, seed=1)
    half = [
        TicketKnn(one.vectors[:FEWEST], one.article_ids[:FEWEST], one.created_at[:FEWEST])
        for one in (resolved, unresolved)
    ]
    rehearsed = Answerability(resolved, unresolved, AxisHead(), until=DAY + timedelta(FEWEST))
    contenders = (rehearsed, Answerability(*half, AxisHead()), Answerability(resolved, unresolved, AxisHead()))
    usual = [one.evidence(AXES[:1], None, None)[0, 1] for one in contenders]
    assert usual[0] == pytest.approx(usual[1])
    assert usual[0] != pytest.approx(usual[2])


@pytest.mark.parametrize("heads", [None, NoHead()])
def test_without_intents_the_nearest_tickets_speak_alone(heads):
    """A desk that labels nothing has no usual way to end, and is no worse off."""
    found = Answerability(tickets(0), tickets(1, seed=1), heads).evidence(AXES[:2], None, None)
    assert not found[:, 1].any()
    assert found[0, 0] > 0 > found[1, 0]


@pytest.mark.parametrize("unresolved", [NONE, tickets(1, FEWEST - 1)])
def test_too_few_tickets_say_nothing(unresolved):
    """Without enough of either kind both features are 0 for every question."""
    assert not Answerability(tickets(0), unresolved, AxisHead()).evidence(AXES, None, None).any()


def test_an_index_of_before_goes_on_serving(tmp_path):
    """An index folder without unresolved tickets opens, and says nothing about outcomes."""
    assert not Answerability.load(tmp_path, tickets(0), AxisHead()).evidence(AXES, None, None).any()
