"""Answers are checked by rules, and asked for again only when something they depend on changed."""

import json

import pytest

from nightshift.answering.assistant import Answered, Citation, Delta, Retrieved
from nightshift.evaluate.asking import Question, ask, memo_key, retrieval_seconds, supported
from nightshift.evaluate.checks.answers import answer_gates, answer_metrics
from nightshift.evaluate.gate import Limits
from nightshift.text.passages import Passage

GIFT = Passage(
    "c1", "gift", "Returning a gift", "Refund", "Money goes to the giver within 5 days, from Berlin.", "", 2.0
)
LOGIN = Passage("c2", "login", "Signing in", "", "Reset the password.", "", 1.0)
POLICY = {"answer_threshold": 0.35, "confidence_floor": 0.35}
GOOD_METRICS = {
    "cited_retrieved": 1.0,
    "supported": 1.0,
    "cited_gold": 0.7,
    "answer_rate": 0.9,
    "questions": 100,
    "answered": 90,
}


class Assistant:
    """Gives a fixed answer, and counts how often it generates."""

    def __init__(self, text="Within 5 days [1].", source="generated", cited=GIFT, confidence=0.9, sentences=()):
        self.text, self.source, self.cited, self.confidence = text, source, cited, confidence
        self.sentences = sentences
        self.generated = 0

    def answer(self, question, earlier=()):
        assert question
        yield Retrieved((GIFT, LOGIN), self.confidence, self.sentences)
        self.generated += 1
        cited = self.cited
        citations = (
            ()
            if cited is None
            else (Citation(1, cited.article_id, cited.title, cited.heading, cited.chunk_id, cited.url),)
        )
        yield Delta(self.text)
        yield Answered(self.text, citations, self.source)


def answers_of(assistant, memo=None, key=None, questions=None):
    questions = questions or [Question("when is my money back", ("gift",))]
    return ask(assistant, questions, {} if memo is None else memo, key or memo_key("g1", POLICY, {"version": "1"}))


def test_a_good_answer_passes_every_answer_metrics():
    """Answered, cited from what was retrieved, the right article, and supported."""
    answers, latency = answers_of(Assistant())
    assert len(latency.retrieval) == len(latency.first_token) == len(latency.answer) == 1
    assert answer_metrics(answers, [Question("", ("gift",))]) == {
        "questions": 1,
        "answered": 1,
        "answer_rate": 1,
        "cited_retrieved": 1,
        "cited_gold": 1,
        "supported": 1,
        "generated": 1,
    }


@pytest.mark.parametrize(
    ("assistant", "name"),
    [
        (Assistant(source="declined", cited=None), "answer_rate"),
        (Assistant(cited=None), "cited_retrieved"),
        (Assistant(cited=Passage("c9", "gift", "t", "", "x", "", 0.0)), "cited_retrieved"),
        (Assistant(cited=LOGIN), "cited_gold"),
        (Assistant(text="Within 7 days [1]."), "supported"),
        (Assistant(text="It comes from Hamburg [1]."), "supported"),
    ],
)
def test_each_fault_is_found(assistant, name):
    """One thing wrong, and the check for it says 0."""
    assert answer_metrics(answers_of(assistant)[0], [Question("", ("gift",))])[name] == 0


def test_only_answered_questions_are_held_to_their_sources():
    """A declined question cites nothing, which is no fault of citation."""
    answers, _ = answers_of(Assistant(source="declined", cited=None))
    assert set(answer_metrics(answers, [Question("", ("gift",))])) == {"questions", "answered", "answer_rate"}
    assert answer_metrics([], []) == {}


def test_the_same_night_again_generates_nothing():
    """What is in the memo is not generated again, also after a round through JSON."""
    memo = {}
    first, _ = answers_of(Assistant(), memo)
    again = Assistant()
    second, latency = answers_of(again, json.loads(json.dumps(memo)))
    assert (second, latency.first_token, again.generated) == (first, [], 0)


@pytest.mark.parametrize(
    "change",
    [
        {"key": memo_key("g2", POLICY, {"version": "1"})},
        {"key": memo_key("g1", POLICY | {"max_tokens": 1}, {"version": "1"})},
        {"key": memo_key("g1", POLICY, {"version": "2"})},
        {"questions": [Question("something else", ("gift",))]},
        {"assistant": Assistant(confidence=0.1)},
        {"assistant": Assistant(sentences=("Within 5 days.",))},
    ],
    ids=["generator", "policy", "prompt", "question", "answerability below the threshold", "selected sentences"],
)
def test_whatever_an_answer_depends_on_makes_it_anew(change):
    """A change in any of it is a new answer."""
    memo = {}
    answers_of(Assistant(), memo)
    options = {"assistant": Assistant(), "memo": memo} | change
    answers_of(**options)
    assert options["assistant"].generated == 1
    assert len(memo) == 2


def test_a_hair_more_confidence_is_the_same_answer():
    """The last digits of a confidence, which differ between machines, do not count."""
    memo = {}
    answers_of(Assistant(confidence=0.9), memo)
    assert answers_of(Assistant(confidence=0.9000001), memo)[1].first_token == []


def test_personal_data_is_not_kept():
    """An answer that repeats an address is redacted before it is kept."""
    memo = {}
    answers_of(Assistant(text="Write to jane.roe@example.org [1]."), memo)
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


def test_retrieval_is_timed_without_answering():
    """Timing retrieval a second time generates nothing."""
    assistant = Assistant()
    assert len(retrieval_seconds(assistant, [Question("when", ("gift",))] * 3)) == 3
    assert assistant.generated == 0


def failed(gates):
    return [gate.name for gate in gates if not gate.passed]


@pytest.mark.parametrize("name", ["cited_retrieved", "supported", "cited_gold", "answer_rate"])
def test_each_check_of_answers_can_reject(name):
    """A share far below its floor fails its gate and no other."""
    assert failed(answer_gates(GOOD_METRICS | {name: 0.05}, Limits())) == [name]


def test_a_check_that_could_not_be_made_is_no_gate():
    """A night without answers has no shares over them."""
    assert answer_gates({}, Limits()) == []


def test_good_answers_pass_every_gate():
    """Each sentence can be read alone: it names the share and its number."""
    gates = answer_gates(GOOD_METRICS, Limits())
    assert [gate.name for gate in gates] == ["cited_retrieved", "supported", "cited_gold", "answer_rate"]
    assert failed(gates) == []
    assert all(gate.sentence.startswith(gate.name) and any(map(str.isdigit, gate.sentence)) for gate in gates)
