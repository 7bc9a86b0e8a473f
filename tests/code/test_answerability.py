"""Resolved and unresolved tickets tell questions that articles answer from those they do not."""

import json
from datetime import datetime, timedelta

import numpy as np
import pytest

from nightshift.digests import canonical_json
from nightshift.retrieval.answerability import MIN_TICKETS, Answerability, resolved_shares
from nightshift.retrieval.ranking import Hidden
from nightshift.retrieval.ticket_knn import TicketKnn

DAY = datetime(2026, 1, 1)  # noqa: DTZ001 - the lake's timestamps are UTC without a zone


class AxisClassifier:
    """An intent per axis: the nearest axis of a vector is its most probable intent."""

    def intents(self, vectors):
        sharp = np.exp(8 * vectors)
        return (sharp / sharp.sum(axis=1, keepdims=True)).astype(np.float32)


class NoIntents:
    def intents(self, vectors):
        return None


def tickets(axis, count=MIN_TICKETS, seed=0):
    """Unit vectors around the axis, one ticket per day."""
    vectors = np.random.default_rng(seed).normal(scale=0.1, size=(count, 8)) + np.eye(8)[axis]
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    created_at = np.array([DAY + timedelta(day) for day in range(count)], "datetime64[us]")
    return TicketKnn(vectors.astype(np.float32), [[] for _ in range(count)], created_at)


def joined(*parts):
    return TicketKnn(
        np.concatenate([part.vectors for part in parts]),
        [articles for part in parts for articles in part.article_ids],
        np.concatenate([part.created_at for part in parts]),
    )


def fitted(resolved, unresolved, classifier, until=None):
    shares = resolved_shares(resolved, unresolved, classifier, until)
    return Answerability(resolved, unresolved, classifier, shares)


AXES = np.eye(8, dtype=np.float32)
NOTHING = Hidden()


def test_a_question_is_like_the_tickets_it_resembles():
    """Both features are positive near resolved tickets and negative near unresolved ones."""
    evidence = fitted(tickets(0), tickets(1, seed=1), AxisClassifier()).evidence(AXES[:2], NOTHING)
    assert (evidence[0] > 0).all()
    assert (evidence[1] < 0).all()


def test_shares_stored_at_night_give_the_evidence_of_shares_fitted_at_open():
    """JSON keeps every digit: a release that stores the shares ranks as one that would fit them when it opens."""
    resolved, unresolved = tickets(0, 60), joined(tickets(0, 30, seed=1), tickets(1, 60, seed=2))
    at_open = fitted(resolved, unresolved, AxisClassifier())
    stored = json.loads(canonical_json(resolved_shares(resolved, unresolved, AxisClassifier())))
    from_release = Answerability(resolved, unresolved, AxisClassifier(), stored)
    assert at_open.evidence(AXES, NOTHING)[:, 1].any()
    assert np.array_equal(from_release.evidence(AXES, NOTHING), at_open.evidence(AXES, NOTHING))


def test_hidden_tickets_are_not_nearest():
    """Where all tickets of both kinds are hidden, neither kind is nearer."""
    answerability = fitted(tickets(0), tickets(1, seed=1), AxisClassifier())
    mask = np.ones((1, MIN_TICKETS), np.bool_)
    assert answerability.evidence(AXES[:1], Hidden(mask, mask))[0, 0] == 0


def test_missing_links_do_not_condemn_an_intent():
    """Where half of an intent's tickets are unresolved for want of a link, its log odds stay positive."""
    answerability = fitted(tickets(0, 60), joined(tickets(0, 30, seed=1), tickets(1, 60, seed=2)), AxisClassifier())
    often, never = answerability.evidence(AXES[:2], NOTHING)[:, 1]
    assert often > 0 > never


def test_shares_can_be_fitted_out_of_fold():
    """Tickets from `until` on do not count, so that evidence on them is out of fold."""
    resolved, unresolved = tickets(0, 2 * MIN_TICKETS), tickets(1, 2 * MIN_TICKETS, seed=1)
    first_half = [
        TicketKnn(part.vectors[:MIN_TICKETS], part.article_ids[:MIN_TICKETS], part.created_at[:MIN_TICKETS])
        for part in (resolved, unresolved)
    ]
    variants = (
        fitted(resolved, unresolved, AxisClassifier(), until=DAY + timedelta(MIN_TICKETS)),
        fitted(*first_half, AxisClassifier()),
        fitted(resolved, unresolved, AxisClassifier()),
    )
    out_of_fold, half, whole = (variant.evidence(AXES[:1], NOTHING)[0, 1] for variant in variants)
    assert out_of_fold == pytest.approx(half)
    assert out_of_fold != pytest.approx(whole)


@pytest.mark.parametrize("classifier", [None, NoIntents()])
def test_without_intents_only_the_nearest_tickets_count(classifier):
    """A helpdesk without intent labels has log odds of 0 and the same margin."""
    evidence = fitted(tickets(0), tickets(1, seed=1), classifier).evidence(AXES[:2], NOTHING)
    assert not evidence[:, 1].any()
    assert evidence[0, 0] > 0 > evidence[1, 0]


@pytest.mark.parametrize("count", [0, MIN_TICKETS - 1])
def test_too_few_tickets_give_no_evidence(count):
    """Without enough of either kind both features are 0 for every question."""
    unresolved = tickets(1, count)
    assert resolved_shares(tickets(0), unresolved, AxisClassifier()) is None
    assert not fitted(tickets(0), unresolved, AxisClassifier()).evidence(AXES, NOTHING).any()
