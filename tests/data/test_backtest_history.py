"""What was known on a night: the same as a real night's marts, and nothing that came later."""

from datetime import timedelta

import pytest
from deliveries import answer, day, place, resolved, shop, snapshot, ticket

from nightshift.backtest import time_travel as reading
from nightshift.backtest.plan import make_plan
from nightshift.backtest.time_travel import history_of, read_history
from nightshift.errors import NotEnoughData
from nightshift.night import Night
from nightshift.warehouse import read_mart, transform

SPLIT = day(6, hour=0)


@pytest.fixture(scope="module")
def replayed(tmp_path_factory):
    """A shop of ten resolved tickets; one more is answered late, one asked again later, one too short to train on."""
    store, settings = place(tmp_path_factory.mktemp("backtest"))
    more = {
        "tickets": [
            ticket("late", day(2), "When does my late parcel come"),
            ticket("copy", day(3), "Question number T09 about parcels!"),
            ticket("short", day(3), "parcel"),
        ],
        "resolutions": [resolved(name, "delivery", day(3)) for name in ("late", "copy", "short")],
        "answers": [answer("a-late", "late", day(8))],
    }
    taken = snapshot(store, {**shop(), "night-2": more})
    plan = make_plan(SPLIT, day(10, hour=0), "2d", "never")
    return store, settings, taken, history_of(taken, plan, Night.from_settings(settings, store))


def known(replayed, night):
    store, _, _, history = replayed
    return set(read_mart(store, history.features(night, store), "training_pairs")["ticket_id"].to_pylist())


def test_a_night_knows_what_the_transform_of_that_night_knows(replayed):
    """Questions are those of the marts at this split; pairs too, less the link that no helper had given yet."""
    store, settings, taken, history = replayed
    cut, real = (
        history.features(SPLIT, store),
        transform(taken, SPLIT.isoformat(), Night.from_settings(settings, store))[0],
    )
    assert read_mart(store, cut, "eval_questions").equals(read_mart(store, real, "eval_questions"))
    assert read_mart(store, cut, "articles").equals(read_mart(store, real, "articles"))
    pairs = {name: read_mart(store, one, "training_pairs") for name, one in (("cut", cut), ("real", real))}
    assert pairs["cut"].schema == pairs["real"].schema
    assert set(pairs["real"]["ticket_id"].to_pylist()) - set(pairs["cut"]["ticket_id"].to_pylist()) == {"late"}


def test_a_link_is_known_after_the_first_answer_and_not_before(replayed):
    """A source that dates a link by its question does not teach what only a later answer told."""
    assert "late" not in known(replayed, day(8))
    assert "late" in known(replayed, day(8) + timedelta(minutes=1))


def test_a_copy_of_a_coming_question_is_not_learned_from_until_it_was_asked(replayed):
    """Case and punctuation do not make it another question; what is too short is never learned from."""
    assert "copy" not in known(replayed, day(9, hour=0))
    assert "copy" in known(replayed, day(10, hour=0))
    assert "short" not in known(replayed, day(10, hour=23))


def test_every_question_is_asked_in_the_span_of_one_night(replayed):
    """Spans cover all questions from the first night on, each once, and none is known on its own night."""
    history = replayed[3]
    plan = make_plan(SPLIT, day(10, hour=0), "2d", "never")
    spans = [set(history.questions(*span)["ticket_id"].to_pylist()) for span in plan.spans()]
    assert [sorted(asked) for asked in spans] == [["t06", "t07"], ["t08", "t09"], ["t10"]]
    for night, asked in zip(plan.nights, spans, strict=True):
        assert not asked & known(replayed, night)


def test_a_time_in_which_few_asked_is_refused_with_the_count(replayed, monkeypatch):
    """Five questions are too few to tell anything: the error counts them and says what to change."""
    store, settings, taken, _ = replayed
    monkeypatch.setattr(reading, "open_source", lambda *_: None)
    monkeypatch.setattr(reading, "ingest", lambda *_: (taken, None))
    plan = make_plan(SPLIT, day(10, hour=0), "2d", "never")
    with pytest.raises(NotEnoughData, match="5 questions") as refused:
        read_history("file:///shop", plan, Night.from_settings(settings, store))
    assert "--from" in refused.value.cure
