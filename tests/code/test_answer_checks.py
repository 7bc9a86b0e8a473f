"""Answers are checked by rules, and asked for again only when something they depend on changed."""

import json

import pytest

from nightshift.answering.assistant import Answered, Citation, Delta, Retrieved
from nightshift.evaluate.answers import Question, ask, check, memo_key, seconds_to_find, supported
from nightshift.text.passages import Passage

GIFT = Passage(
    "c1", "gift", "Returning a gift", "Refund", "Money goes to the giver within 5 days, from Berlin.", "", 2.0
)
LOGIN = Passage("c2", "login", "Signing in", "", "Reset the password.", "", 1.0)
POLICY = {"confidence_floor": 0.35}


class Assistant:
    """Says what it was told to, and counts how often it had to think."""

    def __init__(self, text="Within 5 days [1].", source="generated", cited=GIFT, confidence=0.9):
        self.text, self.source, self.cited, self.confidence = text, source, cited, confidence
        self.thought = 0

    def answer(self, question):
        assert question
        yield Retrieved((GIFT, LOGIN), self.confidence)
        self.thought += 1
        one = self.cited
        citations = () if one is None else (Citation(1, one.article_id, one.title, one.heading, one.chunk_id, one.url),)
        yield Delta(self.text)
        yield Answered(self.text, citations, self.source)


def asked(assistant, memo=None, key=None, questions=None):
    questions = questions or [Question("when is my money back", ("gift",))]
    return ask(assistant, questions, {} if memo is None else memo, key or memo_key("g1", POLICY, {"version": "1"}))


def test_a_good_answer_passes_every_check():
    """Answered, cited from what was retrieved, the right article, and supported."""
    spoken, clock = asked(Assistant())
    assert len(clock.found) == len(clock.began) == len(clock.ended) == 1
    assert check(spoken, [Question("", ("gift",))]) == {
        "asked": 1, "given": 1, "answered_when_it_should": 1, "cited_retrieved": 1, "cited_gold": 1, "supported": 1, "generated": 1,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("assistant", "name"),
    [
        (Assistant(source="declined", cited=None), "answered_when_it_should"),
        (Assistant(cited=None), "cited_retrieved"),
        (Assistant(cited=Passage("c9", "gift", "t", "", "x", "", 0.0)), "cited_retrieved"),
        (Assistant(cited=LOGIN), "cited_gold"),
        (Assistant(text="Within 7 days [1]."), "supported"),
        (Assistant(text="It comes from Hamburg [1]."), "supported"),
    ],
)
def test_each_fault_is_found(assistant, name):
    """One thing wrong, and the check for it says 0."""
    assert check(asked(assistant)[0], [Question("", ("gift",))])[name] == 0


def test_only_answers_given_are_held_to_their_sources():
    """A declined question cites nothing, which is no fault of citation."""
    spoken, _ = asked(Assistant(source="declined", cited=None))
    assert set(check(spoken, [Question("", ("gift",))])) == {"asked", "given", "answered_when_it_should"}
    assert check([], []) == {}


def test_the_same_night_again_generates_nothing():
    """What is remembered is not thought about again, also after a round through JSON."""
    memo = {}
    first, _ = asked(Assistant(), memo)
    again = Assistant()
    second, clock = asked(again, json.loads(json.dumps(memo)))
    assert (second, clock.began, again.thought) == (first, [], 0)


@pytest.mark.parametrize(
    "change",
    [
        {"key": memo_key("g2", POLICY, {"version": "1"})},
        {"key": memo_key("g1", POLICY | {"passages": 1}, {"version": "1"})},
        {"key": memo_key("g1", POLICY, {"version": "2"})},
        {"questions": [Question("something else", ("gift",))]},
        {"assistant": Assistant(confidence=0.1)},
    ],
    ids=["generator", "policy", "prompt", "question", "confidence below the floor"],
)
def test_whatever_an_answer_depends_on_makes_it_anew(change):
    """A change in any of it is a new answer."""
    memo = {}
    asked(Assistant(), memo)
    options = {"assistant": Assistant(), "memo": memo} | change
    asked(**options)
    assert options["assistant"].thought == 1
    assert len(memo) == 2


def test_a_hair_more_confidence_is_the_same_answer():
    """The last digits of a confidence, which differ between machines, do not count."""
    memo = {}
    asked(Assistant(confidence=0.9), memo)
    assert asked(Assistant(confidence=0.9000001), memo)[1].began == []


def test_personal_data_is_not_remembered():
    """An answer that repeats an address is redacted before it is kept."""
    memo = {}
    asked(Assistant(text="Write to jane.roe@example.org [1]."), memo)
    assert "jane.roe" not in json.dumps(memo)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Within 5 days [1].", True),
        ("Money goes to the giver, in Berlin [1].", True),
        ("Within 5.5 days [1].", False),
        ("Ask the Helpdesk [1].", False),
        ("[1] [2]", True),
    ],
)
def test_figures_and_names_must_stand_in_the_source(text, expected):
    """Marks are not figures, first words are not names."""
    assert supported(text, [GIFT]) is expected


def test_finding_is_timed_without_answering():
    """A second look at how long finding takes generates nothing."""
    assistant = Assistant()
    assert len(seconds_to_find(assistant, [Question("when", ("gift",))] * 3)) == 3
    assert assistant.thought == 0
