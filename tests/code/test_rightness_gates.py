"""The check of rightness: what is asked, what counts as right, and which gates can fail."""

from dataclasses import replace

from nightshift.answering.assistant import Answered, Citation, Delta, Retrieved
from nightshift.evaluate.checks.rightness import (
    RightnessResults,
    asks_for,
    generated_gate,
    judge,
    rightness_gates,
    slice_table,
)
from nightshift.evaluate.context import RepliedQuestion
from nightshift.evaluate.gate import Limits
from nightshift.evaluate.golden_questions import GoldenQuestion
from nightshift.text.passages import Passage

LIMITS = replace(Limits(), rightness=0.5, rightness_golden=0.8)
PAGE = Passage("c1", "return", "Returns", "", "You have 30 days. Never send gas by post.", "", 1.0)
ASKED = RepliedQuestion("t1", "How long can I return it?", "You have 30 days to return it.", PAGE.text)
GOLDEN = GoldenQuestion("days", "How many days?", "return", "", "30 days")
YES_NO = GoldenQuestion("gas", "Can I send gas by post?", "return", "", "Never send gas by post.", "no")


class Writer:
    """A generator that must not be asked."""

    def stream(self, prompt, max_tokens, stop=()):
        yield "wrong"


class Assistant:
    """Answers every question alike, with what its generator writes or else with `text`."""

    def __init__(self, text, source="composed"):
        self.text, self.source, self.generator = text, source, Writer()

    def answer(self, question):
        yield Retrieved((PAGE,), 0.9)
        text = "".join(self.generator.stream(question, 9)) or f"{self.text} [1]."
        yield Delta(text)
        yield Answered(text, (Citation(1, "return", "", "", "c1", ""),), self.source)


def judged(text, source="composed"):
    return judge(Assistant(text, source), [ASKED], [GOLDEN, YES_NO])


def failed(gates):
    return [gate.name for gate in gates if not gate.passed]


def test_composed_answers_are_judged_and_the_generator_is_not_asked():
    """The sentence of the article is right by the reply and by gold, and the mark [1] is no figure."""
    results = judged("You have 30 days")
    assert results.values == {"t1": True}
    assert results.golden == {"days": True}
    assert results.contrast == {"gas": False}
    assert results.reversed == []


def test_an_answer_against_the_article_is_a_reversal():
    """It says yes where the article says never."""
    results = judged("You may send gas by post")
    assert results.reversed == ["gas"]
    assert "yes/no answers reversed" in failed(rightness_gates(results, None, LIMITS))
    assert judged("Never send gas by post").reversed == []
    assert judged("Never send gas by post").contrast == {"gas": True}


def test_declining_and_handing_over_are_not_right():
    """Whatever the text holds."""
    for source in ("declined", "handover", "greeting"):
        results = judged("You have 30 days", source)
        assert results.values == {"t1": False}
        assert results.golden == {"days": False}
        assert failed(rightness_gates(results, None, LIMITS)) == ["rightness", "answered", "golden answers right"]


def results_of(right, count, golden=()):
    """`right` of `count` questions answered rightly, and golden answers."""
    values = {f"t{number}": number < right for number in range(count)}
    return RightnessResults(
        values, {f"g{number}": value for number, value in enumerate(golden)}, sources=dict.fromkeys(values, "composed")
    )


def test_a_first_release_below_the_floor_is_rejected():
    """By the estimate over a few questions, by the lower bound over many."""
    assert failed(rightness_gates(results_of(5, 12), None, LIMITS)) == ["rightness"]
    assert failed(rightness_gates(results_of(210, 400), None, LIMITS)) == ["rightness"]
    assert failed(rightness_gates(results_of(260, 400), None, LIMITS)) == []


def test_a_release_right_less_often_than_the_champion_is_rejected():
    """Ten points on the same questions."""
    gates = rightness_gates(results_of(280, 400), results_of(320, 400), LIMITS)
    assert failed(gates) == ["rightness no worse than the champion"]
    assert failed(rightness_gates(results_of(320, 400), results_of(320, 400), LIMITS)) == []


def test_golden_questions_must_be_right_and_are_named():
    """Three of ten wrong."""
    (gate,) = [
        gate for gate in rightness_gates(results_of(9, 10, [True] * 7 + [False] * 3), None, LIMITS) if not gate.passed
    ]
    assert gate.name == "golden answers right"


def test_a_generator_right_less_often_than_composed_answers_is_rejected():
    """On the same questions, by the estimate."""
    assert not generated_gate([True, False, False], [True, True, False]).passed
    assert generated_gate([True, True, False], [True, False, True]).passed


def test_nothing_to_measure_is_told_and_rejects_nothing():
    """A source without replies and golden answers has nights too."""
    (gate,) = rightness_gates(RightnessResults(), None, LIMITS)
    assert gate.passed
    assert "no question has an accepted reply" in gate.sentence


def test_slices_show_where_answers_are_wrong():
    """Slices of ten questions or more, by each kind of label."""
    results = results_of(8, 20)
    labels = {"intent": {f"t{number}": "a" if number < 10 else "b" for number in range(20)}}
    assert slice_table(results, labels) == {
        "intent": {"a": {"questions": 10.0, "rightness": 0.8}, "b": {"questions": 10.0, "rightness": 0.0}}
    }


def test_the_type_of_an_answer_shows_in_the_question():
    """English words; other languages are 'other'."""
    assert asks_for("How long is it kept?") == "duration"
    assert asks_for("How much is it?") == "amount"
    assert asks_for("hello. Can I send it back?") == "yes or no"
    assert asks_for("Wo ist mein Paket?") == "other"
