"""Drift is quiet when nothing moved, names what did, and says so when there is too little to tell."""

import json
from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from nightshift.drift.detect import FEWEST, TicketSample, cluster, compare, make_reference
from nightshift.drift.evidently_report import gathered, report
from nightshift.drift.null_limits import design_effect, psi
from nightshift.drift.reference import newest_nights, sample_tickets
from nightshift.drift.volume import Days, t_statistic

TOPICS = np.random.default_rng(0).normal(size=(6, 16))
DAY = datetime(2026, 1, 1)  # noqa: DTZ001 (the marts hold UTC without a zone)
DAYS = timedelta(days=1)
LABELS = [f"topic {one}" for one in range(5)]


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
        intents=[f"intent {min(one, 4)}" for one in topic],
        labels=[names.format(one) if rng.random() > 0.1 else "" for one in topic],
        repeated=(rng.random(rows) < repeated).tolist(),
        vectors=vectors,
        days=Days.of([*past, *times]),
        nights=count,
    )


MEMORY = nights(-20, 10, 1).vectors


@pytest.fixture(scope="module")
def reference():
    return make_reference(nights(0, 4, 2), MEMORY, cluster(MEMORY), LABELS)


def moved(reference, tonight):
    return set(compare(reference, tonight, MEMORY).moved)


def test_a_desk_without_tickets_has_no_clusters():
    """Nothing remembered and nothing judged on: no centre, and no reference to compare with."""
    nothing = np.zeros((0, 4), np.float32)
    assert cluster(nothing).shape == (0, 4)


@pytest.mark.parametrize("seed", range(10, 20))
def test_quiet_on_more_of_the_same(reference, seed):
    """A night of two hundred tickets from the same mix raises nothing."""
    found = compare(reference, nights(4, 1, seed), MEMORY)
    assert (found.verdict, found.rows, len(found.measures)) == ("quiet", 200, 9), found.moved


def test_a_shift_of_topics_is_seen(reference):
    """One topic trebles: intents and clusters say so, and neither lengths nor names of labels do."""
    found = compare(reference, nights(4, 1, 20, mix=(3, 1, 1, 1, 1)), MEMORY)
    assert (found.verdict, set(found.moved)) == ("drift", {"intent", "cluster"})


def test_longer_tickets_are_seen(reference):
    """Twice as long tickets on the same topics move the length alone."""
    assert moved(reference, nights(4, 1, 21, words=70)) == {"length"}


def test_a_new_topic_is_unfamiliar(reference):
    """A topic that the memory never held is far from all of it, and its new label is no break of the taxonomy."""
    found = compare(reference, nights(4, 1, 22, mix=(1, 1, 1, 1, 1, 0.7)), MEMORY)
    assert {"unfamiliar", "new topic"} <= set(found.moved)
    assert (found.verdict, found.new, found.gone) == ("drift", ["topic 5"], [])


def test_other_names_are_told_from_other_tickets(reference):
    """The same tickets under other labels are a break of the taxonomy, with the names that came and went."""
    found = compare(reference, nights(4, 1, 23, names="kind/{}"), MEMORY)
    assert (found.verdict, found.moved) == ("taxonomy", ["new labels", "vanished"])
    assert found.new == [f"kind/{one}" for one in range(5)]
    assert found.gone == [f"topic {one}" for one in range(5)]


def test_both_at_once_are_both_told(reference):
    """Other tickets under other labels are drift and a break of the taxonomy."""
    found = compare(reference, nights(4, 1, 24, mix=(3, 1, 1, 1, 1), names="kind/{}"), MEMORY)
    assert found.verdict == "drift and taxonomy"


def test_without_labels_names_are_no_subject(reference):
    """A source that labels nothing has six measures and no verdict about labels."""
    found = compare(reference, nights(4, 1, 25, names=""), MEMORY)
    assert (found.verdict, len(found.measures)) == ("quiet", 6)


def test_many_repeated_tickets_are_seen(reference):
    """One sender who repeats himself all night is told by the share of repeated tickets alone."""
    assert moved(reference, nights(4, 1, 26, repeated=0.15)) == {"repeated"}


@pytest.mark.parametrize("a_night", [100, 400])
def test_another_volume_is_seen(reference, a_night):
    """Half or twice as many tickets as usual move the volume alone."""
    assert moved(reference, nights(4, 1, 27, a_night=a_night)) == {"volume"}


@pytest.mark.parametrize("count", [1, FEWEST - 1])
def test_too_little_is_said_to_be_too_little(reference, count):
    """Below the fewest there is no verdict, even on a plain shift."""
    found = compare(reference, nights(4, 1, 28, a_night=count, mix=(9, 1, 1, 1, 1)), MEMORY)
    assert (found.verdict, found.measures) == ("too little data", [])


def test_tickets_of_tonight_are_not_held_against_themselves(reference):
    """Where the reference reaches into tonight, only what came before counts; with nothing before there is no verdict."""
    assert compare(reference, nights(3, 1, 2), MEMORY).verdict == "quiet"
    assert compare(reference, nights(0, 1, 2), MEMORY).verdict == "too little data"


def test_the_reference_survives_json_and_is_the_same_each_time(reference):
    """It is stored in a release: same tickets, same bytes, and nothing of a ticket but codes and counts."""
    again = make_reference(nights(0, 4, 2), MEMORY, cluster(MEMORY), LABELS)
    assert json.dumps(reference, sort_keys=True) == json.dumps(again, sort_keys=True)
    restored, tonight = json.loads(json.dumps(reference)), nights(4, 1, 5)
    assert compare(restored, tonight, MEMORY) == compare(reference, tonight, MEMORY)
    assert len(reference["rows"]["time"][0]) == len("2026-01-01T00")


def test_psi_is_zero_for_equal_shares_and_finite_for_an_empty_bin():
    """The same shares give nothing, further ones more, a bin that nobody saw before something finite."""
    before = np.array([1_000.0, 1_000.0])
    assert psi(before, before) == 0
    assert 0 < psi(before, np.array([1_100.0, 900.0])) < psi(before, np.array([1_500.0, 500.0]))
    assert 0.1 < psi(np.array([1_000.0, 0.0]), np.array([800.0, 200.0])) < 10


def test_uneven_days_count_for_less():
    """Days drawn from one mix are as even as chance; days with a mix of their own are not, the more so the larger they are."""
    rng = np.random.default_rng(3)
    even = rng.multinomial(200, [0.1] * 10, 50).astype(float)
    uneven = np.array([rng.multinomial(200, rng.dirichlet([20] * 10)) for _ in range(50)], float)
    assert design_effect(even, 200) < 1.15
    assert 1.5 < design_effect(uneven, 200) < design_effect(uneven, 800)


def test_weekdays_are_compared_with_their_like_after_three_weeks():
    """A Sunday half as busy as other days surprises nobody once Sundays are known."""
    sundays = [100 if (DAY + age * DAYS).weekday() == 6 else 200 for age in range(60)]
    times = [
        DAY + age * DAYS + DAYS * part / (count + 1)
        for age, count in enumerate(sundays)
        for part in range(1, count + 1)
    ]
    until = lambda age: Days.of([time for time in times if time < DAY + age * DAYS])  # noqa: E731
    sunday = next(age for age in range(40, 50) if (DAY + age * DAYS).weekday() == 6)
    t, freedom = t_statistic(until(sunday), until(sunday + 1), 1)
    assert t < 1
    assert freedom > 20
    assert t_statistic(until(5), until(6), 1) is None


def test_tonight_are_the_newest_days_with_enough_tickets():
    """One day where it holds enough; more days for a small desk; never a ticket that a release may have learned from."""
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


class NoHeads:
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
    found = sample_tickets(
        rows, rows, NoHeads(), encoder_digest="e", open_encoder=Line, store=open_store(f"file://{tmp_path}")
    )
    assert found.repeated == [False, True, False, False]
    assert (found.nights, found.days.counts, found.intents) == (3, [1, 2], [""] * 4)


def test_rare_categories_are_shown_as_one():
    """A category that tonight should have less than three times, or has not at all, joins the others like it."""
    first, second = gathered(["a"] * 90 + ["b"] * 8 + ["c"] * 2, ["a"] * 48 + ["d"] * 2)
    assert (set(first), set(second)) == ({"a", "rare"}, {"a", "rare"})
    assert gathered(["a", "b"] * 10, ["a", "b"] * 5) == (["a", "b"] * 10, ["a", "b"] * 5)


@pytest.mark.slow
def test_the_page_for_browsing_calls_drift_what_we_do():
    """Evidently renders the columns under our limits, not its own, and without a limit calls nothing drifted."""
    before = {"intent": ["a", "b"] * 300, "cluster": ["x", "y"] * 300}
    now = {"intent": ["a", "b", "b"] * 60, "cluster": ["x", "y"] * 90}
    page = report(before, now, {"intent": 0.3, "cluster": 0.3})
    assert page.lstrip().lower().startswith("<!doctype html") or "<html" in page[:500]
    assert "Dataset Drift is NOT detected" in page
    assert "Dataset Drift is NOT detected" in report(before, now, {"intent": 0.0, "cluster": 0.0})
    assert "Dataset Drift is detected" in report(before, now, {"intent": 0.05, "cluster": 0.3})
