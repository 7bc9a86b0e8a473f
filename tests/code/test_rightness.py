"""Rightness of answers: by gold, by the facts of support's reply, and reversals."""

import pytest

from nightshift.metrics.rightness import reverses, right_by_gold, right_by_reply, wilson
from nightshift.simulation.gold import contrast_pairs

ARTICLE = "You have 30 days from delivery. Bikes: 60 days. Sending back costs 3.90 EUR. Write to us for more."
GAS = "Gas is never flown; a plane may not carry a gas canister."


def test_an_answer_with_the_gold_fact_is_right():
    """One alternative of every group, in any spelling."""
    assert right_by_gold("Delivery is free from €60.", [["60 EUR"]])
    assert not right_by_gold("Delivery is free.", [["60 EUR"]])
    assert not right_by_gold("", [["60 EUR"]])


def test_a_gold_sentence_may_be_said_in_other_words():
    """Most of its content words, all its figures and the same negation."""
    groups = [["Two different bank cards cannot share one order of 300 EUR."]]
    assert right_by_gold("One order of 300 EUR can not be shared by two different bank cards.", groups)
    assert not right_by_gold("Two different bank cards can share one order of 300 EUR.", groups)
    assert not right_by_gold("Two different bank cards cannot share one order.", groups)
    assert not right_by_gold("Pay by card.", groups)


@pytest.mark.parametrize(
    ("answer", "reply", "right"),
    [
        ("You have thirty days.", "You have 30 days from delivery.", True),
        ("Bikes: 60 days.", "You have 30 days from delivery.", False),
        ("Sending back costs €3.90.", "You have 30 days and it costs 3.90 EUR to send it back.", True),
        ("", "You have 30 days.", False),
        ("You have 45 days.", "Well, so be it.", None),
    ],
)
def test_without_gold_an_answer_is_right_if_it_agrees_with_the_reply(answer, reply, right):
    """A reply that shares nothing with the article measures nothing."""
    assert right_by_reply(answer, reply, ARTICLE) is right


@pytest.mark.parametrize(
    ("answer", "polarity", "reversed_"),
    [
        ("A plane may carry a gas canister.", "no", True),
        ("You may take a gas canister on a plane that may carry gas.", "", True),
        (GAS, "no", False),
        ("Yes, see the page.", "no", True),
        ("No, gas stays at home.", "no", False),
        ("No, a gas canister may never travel on a plane.", "no", False),
        ("No surcharge for heavy goods.", "yes", False),
        ("Stoves have a warranty of 2 years.", "no", False),
    ],
)
def test_reversals_are_found(answer, polarity, reversed_):
    """A clause about the same matter without its negation, or the wrong first word."""
    assert reverses(answer, [GAS], polarity) is reversed_


def test_no_deciding_sentence_reverses_itself():
    """Quoting the sentence that decides is right for both polarities, and never a reversal."""
    for pair in contrast_pairs():
        assert not reverses(pair.deciding, [pair.deciding], "yes"), pair
        assert right_by_gold(pair.deciding, [[pair.deciding]])


def test_dropping_the_negation_of_a_deciding_sentence_is_a_reversal():
    """Of the sentences with one clause and one 'not' or 'never', each is found."""
    sentences = [pair.deciding for pair in contrast_pairs() if pair.deciding.count(" not ") == 1]
    simple = [text for text in sentences if not any(mark in text for mark in ",;:") and " but " not in text]
    assert len(simple) > 10
    assert all(reverses(text.replace(" not ", " "), [text]) for text in simple)


def test_wilson_bounds_narrow_with_the_number_of_answers():
    """Known figures, and the whole range over nothing."""
    low, high = wilson(0.8, 10)
    assert (round(low, 3), round(high, 3)) == (0.49, 0.943)
    assert wilson(0.8, 1000)[0] > 0.77
    assert wilson(0.0, 0) == (0.0, 1.0)
