"""Facts in a text, whatever their spelling."""

import pytest

from nightshift.text.facts import holds, key_facts, normalise, parse_groups


@pytest.mark.parametrize(
    ("text", "groups"),
    [
        ("Delivery is free from €60.", [["60 EUR"]]),
        ("You have thirty days.", [["30-day"]]),
        ("It costs 4,90 euros.", [["4.90 EUR"]]),
        ("At most 1.200 EUR", [["1,200 EUR"]]),
        ("It takes 3-5 business days.", [["3 to 5 business days"]]),
        ("We can't ship it.", [["not", "never"]]),
        ("It is refundable.", [["refund*"]]),
        ("Ten percent with code D3", [["10 %"], ["d3"]]),
        ("It lasts 30min.", [["30 minutes"]]),
    ],
)
def test_a_fact_is_found_in_any_spelling(text, groups):
    """Currencies, number words, ranges, contractions and units are compared in one spelling."""
    assert holds(text, groups)


@pytest.mark.parametrize(
    ("text", "groups"),
    [
        ("It costs 60.50 EUR.", [["60 EUR"]]),
        ("It costs 160 EUR.", [["60 EUR"]]),
        ("Open until 8:30.", [["8"]]),
        ("The refund comes.", [["fund"]]),
        ("Within 30 days.", [["30 days"], ["not"]]),
    ],
)
def test_another_fact_is_not_taken_for_it(text, groups):
    """Whole words and whole numbers only, and every group counts."""
    assert not holds(text, groups)


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        ("You have thirty days.", {"30 day"}),
        ("It takes 3 to 5 business days and costs €4.90.", {"3 to 5 day", "4.90 eur"}),
        ("Use code D3 or E-12.", {"d3", "e 12"}),
        ("Press Keep Longer in the app.", {"keep longer"}),
        ('Press "Send back" first.', {"send back"}),
        ("Until 14:00 we ship the same day.", {"14:00"}),
        ("Mix up to 5 gift cards.", {"5"}),
        ("Your basket is in euros, one of the two.", set()),
        ("You press Send. I'm glad. Do it.", set()),
        ("", set()),
    ],
)
def test_key_facts_are_figures_codes_and_names(text, facts):
    """A figure has its unit; words of a sentence, single capitals and counts up to three are no key facts."""
    assert key_facts(text) == facts


def test_normalised_text_stays_as_it_is():
    """A second pass changes nothing."""
    text = normalise("You can't pay €1,200.00 in 3-5 days (D3)!")
    assert normalise(text) == text == "you can not pay 1200 eur in 3 to 5 day d3"


def test_groups_are_written_on_one_line():
    """An & with blanks divides groups, a | alternatives; nothing is no group."""
    assert parse_groups("cash & not|never | no") == (("cash",), ("not", "never", "no"))
    assert parse_groups("B&B breakfast") == (("B&B breakfast",),)
    assert parse_groups("") == ()
