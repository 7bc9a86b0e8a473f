"""Drift is quiet when nothing moved, loud when something did, and silent when there is too little to say."""

import json
from datetime import datetime, timedelta

import numpy as np
import pytest

from nightshift.evaluate.drift import Asked, make_reference, measure, psi
from nightshift.evaluate.drift_report import report

TOPICS = np.random.default_rng(0).normal(size=(6, 16))
DAY = datetime(2026, 1, 1)  # noqa: DTZ001 (the marts hold UTC without a zone)


def tickets(count, seed, mix=(1, 1, 1, 1, 1), words=30, topics=TOPICS):
    """Tickets of five topics, each an intent and a direction."""
    rng = np.random.default_rng(seed)
    topic = rng.choice(len(mix), count, p=np.array(mix) / sum(mix))
    vectors = topics[topic] + rng.normal(scale=0.3, size=(count, 16))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    times = [DAY + timedelta(minutes=int(minute)) for minute in rng.integers(0, 20_000, count)]
    lengths = rng.poisson(words, count).tolist()
    return Asked(times, lengths, [f"intent {one}" for one in topic], vectors)


MEMORY = tickets(2_000, 1).vectors


@pytest.fixture(scope="module")
def reference():
    return make_reference(tickets(4_000, 2), MEMORY)


@pytest.mark.parametrize("seed", range(10, 15))
def test_quiet_on_more_of_the_same(reference, seed):
    """Fresh tickets from the same mix raise nothing."""
    found = measure(reference, tickets(1_500, seed), MEMORY)
    assert (found.verdict, found.rows, len(found.measures)) == ("quiet", 1_500, 4)


def test_a_shift_of_intents_is_seen(reference):
    """One topic trebles: intents and clusters say so, lengths do not."""
    found = measure(reference, tickets(1_500, 20, mix=(6, 1, 1, 1, 1)), MEMORY)
    assert found.verdict == "drift"
    assert {one.name for one in found.measures if one.exceeded} == {"intent", "cluster"}


def test_longer_tickets_are_seen(reference):
    """Twice as long tickets on the same topics move the length alone."""
    found = measure(reference, tickets(1_500, 21, words=70), MEMORY)
    assert {one.name for one in found.measures if one.exceeded} == {"length"}


def test_a_new_topic_is_unfamiliar(reference):
    """Tickets on a topic the memory never held are far from all of it, whatever label the heads give them."""
    new = tickets(1_500, 22, mix=(1, 1, 1, 1, 1, 2), topics=TOPICS)
    relabelled = Asked(
        new.times, new.n_words, ["intent 0" if one == "intent 5" else one for one in new.intents], new.vectors
    )
    exceeded = {one.name for one in measure(reference, relabelled, MEMORY).measures if one.exceeded}
    assert "unfamiliar" in exceeded


@pytest.mark.parametrize("count", [0, 1, 999])
def test_too_little_is_said_to_be_too_little(reference, count):
    """Below a thousand rows there is no verdict, even on a plain shift."""
    found = measure(reference, tickets(count, 23, mix=(9, 1, 1, 1, 1)), MEMORY)
    assert (found.verdict, found.measures) == ("too little data", [])


def test_a_small_reference_gives_no_verdict():
    """The reference counts as well."""
    assert measure(make_reference(tickets(300, 3), MEMORY), tickets(2_000, 4), MEMORY).verdict == "too little data"


def test_the_reference_survives_json_and_is_the_same_each_time(reference):
    """It is stored in a release: same tickets, same bytes, and nothing of a ticket but its numbers."""
    again = make_reference(tickets(4_000, 2), MEMORY)
    assert json.dumps(reference, sort_keys=True) == json.dumps(again, sort_keys=True)
    restored = json.loads(json.dumps(reference))
    tonight = tickets(1_200, 5)
    assert measure(restored, tonight, MEMORY) == measure(reference, tonight, MEMORY)
    assert set(reference["rows"]) == {"intent", "cluster", "n_words", "hour", "weekday"}


def test_psi_is_zero_for_equal_shares_and_grows_with_the_distance():
    """The same shares give nothing, further ones more."""
    before = np.array([1_000.0, 1_000.0])
    assert psi(before, before) == 0
    assert 0 < psi(before, np.array([1_100.0, 900.0])) < psi(before, np.array([1_500.0, 500.0]))


def test_a_bin_that_was_empty_is_finite():
    """A label nobody saw before counts, without dividing by zero."""
    assert 0.1 < psi(np.array([1_000.0, 0.0]), np.array([800.0, 200.0])) < 10


@pytest.mark.slow
def test_the_page_for_browsing_is_made():
    """Evidently renders the tabular columns, and the page holds each of them."""
    rows = {"intent": ["a", "b"] * 50, "cluster": ["x"] * 100, "n_words": list(range(100)), "hour": [1, 2] * 50,
            "weekday": ["Mon", "Tue"] * 50}  # fmt: skip
    page = report(rows, rows)
    assert page.lstrip().lower().startswith("<!doctype html") or "<html" in page[:500]
    assert all(column in page for column in rows)
