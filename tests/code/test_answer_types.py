"""The type of fact that a question asks for, and that a sentence holds."""

import pytest

from nightshift.text.answer_types import answer_types, codes, holds_type


@pytest.mark.parametrize(
    ("question", "types"),
    [
        ("How long is a guest basket kept?", {"duration"}),
        ("until when can I send it back", {"duration"}),
        ("how much time do I have", {"duration"}),
        ("How many parcels may I send?", {"amount"}),
        ("What is the maximum weight?", {"amount"}),
        ("how much is the post", {"price"}),
        ("what does a repair cost", {"price"}),
        ("Where is the label?", {"place"}),
        ("how do I reset it", {"how"}),
        ("Why was my card refused?", {"why"}),
        ("Who pays the return?", {"who"}),
        ("Can I return a gift?", set()),
        ("Is it free?", set()),
        ("Wie lange dauert es?", set()),
        ("broken zip", set()),
        ("", set()),
    ],
)
def test_a_question_asks_for_a_type_of_fact(question, types):
    """The narrowest type counts; a yes/no question, one in another language and a fragment have none."""
    assert answer_types(question) == types


@pytest.mark.parametrize(
    ("sentence", "answer_type", "holds"),
    [
        ("A basket is kept 24 hours for guests.", "duration", True),
        ("It arrives on Monday.", "duration", True),
        ("A basket is kept for guests.", "duration", False),
        ("At most two parcels.", "amount", True),
        ("A few parcels.", "amount", False),
        ("It costs \u20ac5.", "price", True),
        ("Returns are free.", "price", True),
        ("It weighs 5 kg.", "price", False),
        ("Open the page Orders.", "place", True),
        ("First, press Save.", "how", True),
        ("The button is green.", "how", False),
        ("Because the card has expired.", "why", True),
        ("The card has expired.", "why", False),
        ("Guests pay it.", "who", True),
        ("It is paid.", "who", False),
    ],
)
def test_a_sentence_holds_a_type_of_fact(sentence, answer_type, holds):
    """Figures with units, days, prices, places, instructions, reasons and people."""
    assert holds_type(sentence, answer_type) is holds


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("What does code D3 mean?", {"d3"}),
        ('What is "Send back" for?', {"send back"}),
        ("The LED shows E04 after 24 hours", {"led", "e04"}),
        ("what about my bike", set()),
        ("", set()),
    ],
)
def test_codes_are_found_without_plain_numbers(text, expected):
    """Letters with digits, capitals and quoted names, in lower case."""
    assert codes(text) == expected
