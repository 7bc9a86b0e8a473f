"""Follow-up questions: which texts are searched, decided by the words alone."""

import pytest

from nightshift.answering.follow_up import Reading, readings

WARRANTY = "How long is the warranty?"


@pytest.mark.parametrize(
    "question",
    ["and for bikes?", "What about tents?", "until when?", "E12", "and if I live abroad?", "does that include theft?"],
)
def test_a_fragment_is_searched_together_with_the_earlier_turn(question):
    """An elliptical question has three readings, and articles are searched with the joined one only."""
    alone, joined, earlier = readings(question, [WARRANTY])
    assert joined == Reading(f"{WARRANTY} {question}", joined.weight, asked=True)
    assert (alone.text, earlier.text) == (question, WARRANTY)
    assert not alone.asked
    assert not earlier.asked
    assert joined.weight > alone.weight > 0 > earlier.weight
    assert alone.weight + joined.weight + earlier.weight == pytest.approx(1)


@pytest.mark.parametrize(
    "question",
    ["and by when do I have to hand that in?", "how much does a new one cost me?", "how long is the second deadline?"],
)
def test_a_question_that_may_lean_on_the_turn_is_searched_both_ways(question):
    """A pronoun or a definite noun gives the joined reading less weight than the question alone."""
    alone, joined, _ = readings(question, [WARRANTY])
    assert alone.asked
    assert joined.asked
    assert alone.weight > joined.weight


@pytest.mark.parametrize(
    "question",
    [
        "How many days do I have to return a pair of boots?",
        "Can I return a lamp that is broken?",
        "Is it possible to pay one order with two cards?",
        "I have a steel kettle, how do I descale it?",
        "Which courier brings the furniture?",
    ],
)
def test_a_self_contained_question_is_read_alone(question):
    """Nothing of the earlier turn counts for a question that names what it asks about."""
    assert readings(question, [WARRANTY]) == [Reading(question, 1.0, asked=True)]


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("something else: what does express cost?", "what does express cost?"),
        ("Another question, is it free?", "is it free?"),
        ("ok thanks. Which discount do students get?", "Which discount do students get?"),
        ("thx, and when do my points expire", "when do my points expire"),
        ("Now about returns: by when?", "returns: by when?"),
        ("Also, for how many weeks can I rent a tent?", "for how many weeks can I rent a tent?"),
    ],
)
def test_a_change_of_topic_is_not_dragged_along(question, text):
    """Words that close or open a topic are left out, and so are the earlier turns."""
    assert readings(question, [WARRANTY]) == [Reading(text, 1.0, asked=True)]


def test_without_earlier_turns_every_question_is_read_alone():
    """A fragment has nothing to lean on in a first turn, and blank turns do not count."""
    assert readings("and for bikes?") == readings("and for bikes?", ["user: "])
    assert readings("and for bikes?") == [Reading("and for bikes?", 1.0, asked=True)]


def test_a_chain_of_fragments_goes_back_to_the_whole_question():
    """The second fragment is joined to the question that the first one leant on."""
    assert readings("and forks?", [WARRANTY, "and for bikes?"])[1].text == f"{WARRANTY} and for bikes? and forks?"


def test_a_reply_to_the_desk_is_joined_to_what_it_asked():
    """A turn without a question answers what the desk asked back; roles in front of turns are no part of the text."""
    turns = ["user: I want my money back", "agent: Did you buy it in one of our stores?"]
    _, joined, _ = readings("I bought the tent in your online shop last summer", turns)
    assert joined.text == "Did you buy it in one of our stores? I bought the tent in your online shop last summer"
