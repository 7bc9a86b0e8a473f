"""Drift is quiet when nothing moved, names what did, and says so when there is too little to tell."""

import json
from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from nightshift.artifacts import DriftVerdict
from nightshift.drift.detect import MIN_ROWS, Comparison, TicketSample, cluster, compare, make_reference
from nightshift.drift.evidently_report import merge_rare, report
from nightshift.drift.null_limits import design_effect, psi
from nightshift.drift.reference import newest_nights, sample_tickets
from nightshift.drift.volume import DailyCounts, t_statistic

TOPICS = np.random.default_rng(0).normal(size=(6, 16))
DAY = datetime(2026, 1, 1)  # noqa: DTZ001 (the marts hold UTC without a zone)
DAYS = timedelta(days=1)
LABELS = [f"topic {number}" for number in range(5)]


def nights(first, count, seed, *, a_night=200, mix=(1, 1, 1, 1, 1), words=30, names="topic {}", repeated=0.01):
    """Tickets of `count` nights from night `first` on: each topic is a direction, an intent and a label."""
    rng = np.random.default_rng(seed)
    rows = count * a_night
    topic = rng.choice(len(mix), rows, p=np.array(mix) / sum(mix))
    vectors = TOPICS[topic] + rng.normal(scale=0.3, size=(rows, 16))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    times = [DAY + first * DAYS + row * DAYS / a_night for row in range(rows)]
    past = [DAY + (first - 1 - row // 200) * DAYS + (row % 200) * DAYS / 200 for row in range(20 * 200)]
    return TicketSample(
        times=times,
        n_words=rng.poisson(words, rows).tolist(),
        intents=[f"intent {min(number, 4)}" for number in topic],
        labels=[names.format(number) if rng.random() > 0.1 else "" for number in topic],
        repeated=(rng.random(rows) < repeated).tolist(),
        vectors=vectors,
        daily_counts=DailyCounts.of([*past, *times]),
        nights=count,
    )


RESOLVED = nights(-20, 10, 1).vectors


@pytest.fixture(scope="module")
def reference():
    return make_reference(nights(0, 4, 2), RESOLVED, cluster(RESOLVED), LABELS)


def moved(reference, tonight):
    return set(compare(reference, tonight, RESOLVED).moved)


def test_a_helpdesk_without_tickets_has_no_clusters():
    """No resolved ticket and none to evaluate on: no centre, and no reference to compare with."""
    nothing = np.zeros((0, 4), np.float32)
    assert cluster(nothing).shape == (0, 4)


@pytest.mark.parametrize("seed", range(10, 20))
def test_quiet_on_more_of_the_same(reference, seed):
    """A night of two hundred tickets from the same mix raises nothing."""
    comparison = compare(reference, nights(4, 1, seed), RESOLVED)
    assert (comparison.verdict, comparison.rows, len(comparison.measures)) == (DriftVerdict.QUIET, 200, 9), (
        comparison.moved
    )


def test_a_shift_of_topics_is_seen(reference):
    """One topic trebles: intents and clusters move, and neither lengths nor labels do."""
    comparison = compare(reference, nights(4, 1, 20, mix=(3, 1, 1, 1, 1)), RESOLVED)
    assert (comparison.verdict, set(comparison.moved)) == (DriftVerdict.DRIFT, {"intent", "cluster"})


def test_longer_tickets_are_seen(reference):
    """Twice as long tickets on the same topics move the length alone."""
    assert moved(reference, nights(4, 1, 21, words=70)) == {"length"}


def test_a_new_topic_is_novel(reference):
    """A topic that no resolved ticket has is far from all of them, and its new label is no break of the taxonomy."""
    comparison = compare(reference, nights(4, 1, 22, mix=(1, 1, 1, 1, 1, 0.7)), RESOLVED)
    assert {"novelty", "new topic"} <= set(comparison.moved)
    assert comparison.verdict is DriftVerdict.DRIFT
    assert (comparison.new_labels, comparison.vanished_labels) == (["topic 5"], [])


def test_other_labels_are_no_other_tickets(reference):
    """The same tickets under other labels are a break of the taxonomy, with the names that came and went."""
    comparison = compare(reference, nights(4, 1, 23, names="kind/{}"), RESOLVED)
    assert (comparison.verdict, comparison.moved) == (DriftVerdict.TAXONOMY, ["new labels", "vanished labels"])
    assert comparison.new_labels == [f"kind/{number}" for number in range(5)]
    assert comparison.vanished_labels == [f"topic {number}" for number in range(5)]


def test_both_at_once_are_both_reported(reference):
    """Other tickets under other labels are drift and a break of the taxonomy."""
    comparison = compare(reference, nights(4, 1, 24, mix=(3, 1, 1, 1, 1), names="kind/{}"), RESOLVED)
    assert comparison.verdict is DriftVerdict.DRIFT_AND_TAXONOMY


def test_without_labels_there_are_no_label_measures(reference):
    """A source that labels nothing has six measures and no verdict about labels."""
    comparison = compare(reference, nights(4, 1, 25, names=""), RESOLVED)
    assert (comparison.verdict, len(comparison.measures)) == (DriftVerdict.QUIET, 6)


def test_many_repeated_tickets_are_seen(reference):
    """One sender who repeats himself all night moves the share of repeated tickets alone."""
    assert moved(reference, nights(4, 1, 26, repeated=0.15)) == {"repeated"}


@pytest.mark.parametrize("a_night", [100, 400])
def test_another_volume_is_seen(reference, a_night):
    """Half or twice as many tickets as before move the volume alone."""
    assert moved(reference, nights(4, 1, 27, a_night=a_night)) == {"volume"}


@pytest.mark.parametrize("count", [1, MIN_ROWS - 1])
def test_too_little_data_has_its_own_verdict(reference, count):
    """Below MIN_ROWS nothing is measured, even on a plain shift."""
    comparison = compare(reference, nights(4, 1, 28, a_night=count, mix=(9, 1, 1, 1, 1)), RESOLVED)
    assert (comparison.verdict, comparison.measures) == (DriftVerdict.TOO_LITTLE_DATA, [])


def test_tickets_of_tonight_are_not_compared_with_themselves(reference):
    """Where the reference reaches into tonight, only what came before counts; without any there is no verdict."""
    assert compare(reference, nights(3, 1, 2), RESOLVED).verdict is DriftVerdict.QUIET
    assert compare(reference, nights(0, 1, 2), RESOLVED).verdict is DriftVerdict.TOO_LITTLE_DATA


def test_a_comparison_survives_json(reference):
    """drift.json holds all of it."""
    comparison = compare(reference, nights(4, 1, 23, names="kind/{}"), RESOLVED)
    assert Comparison.from_json(json.loads(json.dumps(comparison.to_json()))) == comparison


def test_the_reference_survives_json_and_is_the_same_each_time(reference):
    """It is stored in a release: same tickets, same bytes, and nothing of a ticket but codes and counts."""
    again = make_reference(nights(0, 4, 2), RESOLVED, cluster(RESOLVED), LABELS)
    assert json.dumps(reference, sort_keys=True) == json.dumps(again, sort_keys=True)
    restored, tonight = json.loads(json.dumps(reference)), nights(4, 1, 5)
    assert compare(restored, tonight, RESOLVED) == compare(reference, tonight, RESOLVED)
    assert len(reference["rows"]["time"][0]) == len("2026-01-01T00")


def test_psi_is_zero_for_equal_shares_and_finite_for_an_empty_bin():
    """The same shares give nothing, further ones more, a bin that nobody saw before something finite."""
    before = np.array([1_000.0, 1_000.0])
    assert psi(before, before) == 0
    assert 0 < psi(before, np.array([1_100.0, 900.0])) < psi(before, np.array([1_500.0, 500.0]))
    assert 0.1 < psi(np.array([1_000.0, 0.0]), np.array([800.0, 200.0])) < 10


def test_days_that_differ_have_a_design_effect():
    """Days drawn from one mix differ as draws do; days with a mix of their own more, and the larger the more."""
    rng = np.random.default_rng(3)
    equal = rng.multinomial(200, [0.1] * 10, 50).astype(float)
    different = np.array([rng.multinomial(200, rng.dirichlet([20] * 10)) for _ in range(50)], float)
    assert design_effect(equal, 200) < 1.15
    assert 1.5 < design_effect(different, 200) < design_effect(different, 800)


def test_weekdays_are_compared_with_their_like_after_three_weeks():
    """A Sunday half as busy as other days is no drift once Sundays are known."""
    sundays = [100 if (DAY + age * DAYS).weekday() == 6 else 200 for age in range(60)]
    times = [
        DAY + age * DAYS + DAYS * part / (count + 1)
        for age, count in enumerate(sundays)
        for part in range(1, count + 1)
    ]
    until = lambda age: DailyCounts.of([time for time in times if time < DAY + age * DAYS])  # noqa: E731
    sunday = next(age for age in range(40, 50) if (DAY + age * DAYS).weekday() == 6)
    t, degrees_of_freedom = t_statistic(until(sunday), until(sunday + 1), 1)
    assert t < 1
    assert degrees_of_freedom > 20
    assert t_statistic(until(5), until(6), 1) is None


def test_tonight_are_the_newest_days_with_enough_tickets():
    """One day where it holds enough; more for a small helpdesk; never a ticket that a release may have learned from."""
    times = [DAY + DAYS * row / 40 for row in range(400)]
    split = ["train"] * 100 + ["eval"] * 300
    tickets = pa.table({"ticket_id": [f"t{row:03}" for row in range(400)], "created_at": times, "split": split})
    assert newest_nights(tickets, 40).num_rows == 40
    assert newest_nights(tickets, 100).num_rows == 120
    assert newest_nights(tickets, 5_000).num_rows == 40
    assert newest_nights(tickets.slice(0, 100), 40).num_rows == 0


class Line:
    """Every text is the same direction."""

    def encode(self, texts):
        return np.ones((len(texts), 1), np.float32)


class NoClassifiers:
    """No intent was learned."""

    intent_labels = ()

    def intents(self, _vectors):
        return None


def test_the_same_words_within_a_day_are_repeated(tmp_path):
    """Case and punctuation do not count; the same words on the next day are another ticket."""
    from nightshift.store import open_store

    texts = ["Where is it?", "where is it", "something else", "Where is it!"]
    times = [DAY, DAY + DAYS / 2, DAY + DAYS, DAY + 2 * DAYS]
    rows = pa.table({"created_at": times, "text": texts, "intent": [""] * 4, "n_words": [3, 3, 2, 3]})
    sample = sample_tickets(
        rows, rows, NoClassifiers(), encoder_digest="e", open_encoder=Line, store=open_store(f"file://{tmp_path}")
    )
    assert sample.repeated == [False, True, False, False]
    assert (sample.nights, sample.daily_counts.counts, sample.intents) == (3, [1, 2], [""] * 4)


def test_rare_categories_are_shown_as_one():
    """A category that tonight should have less than three times, or has not at all, joins the others like it."""
    first, second = merge_rare(["a"] * 90 + ["b"] * 8 + ["c"] * 2, ["a"] * 48 + ["d"] * 2)
    assert (set(first), set(second)) == ({"a", "rare"}, {"a", "rare"})
    assert merge_rare(["a", "b"] * 10, ["a", "b"] * 5) == (["a", "b"] * 10, ["a", "b"] * 5)


@pytest.mark.slow
def test_the_page_has_our_limits():
    """Evidently renders the columns under our limits, not its own, and without a limit calls nothing drifted."""
    before = {"intent": ["a", "b"] * 300, "cluster": ["x", "y"] * 300}
    now = {"intent": ["a", "b", "b"] * 60, "cluster": ["x", "y"] * 90}
    page = report(before, now, {"intent": 0.3, "cluster": 0.3})
    assert page.lstrip().lower().startswith("<!doctype html") or "<html" in page[:500]
    assert "Dataset Drift is NOT detected" in page
    assert "Dataset Drift is NOT detected" in report(before, now, {"intent": 0.0, "cluster": 0.0})
    assert "Dataset Drift is detected" in report(before, now, {"intent": 0.05, "cluster": 0.3})
