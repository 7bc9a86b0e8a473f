"""The grounding check, citations and quotations."""

from dataclasses import replace

import pytest

from nightshift.answering.grounding import check, cite
from nightshift.text.passages import Passage

COST = Passage(
    "c1",
    "standard-delivery",
    "Standard delivery",
    "Cost",
    "Standard delivery costs 4.90 EUR per order in all 14 countries. From a basket value of 60 EUR it is free. "
    "Gift cards do not count toward the 60 EUR. See https://larkfield.example/delivery for the list.",
    "https://larkfield.example/help/standard-delivery",
    0.9,
)
PICKUP = Passage(
    "c2",
    "pickup",
    "Pickup points",
    "",
    "A parcel waits 8 days at the pickup point. Show the code from Monika's e-mail. Then it goes back to the sender.",
    "",
    0.5,
)
PASSAGES = (COST, PICKUP)


@pytest.mark.parametrize(
    "answer",
    [
        "Delivery is free from a basket value of 60 EUR [1].",
        "Standard delivery costs €4.90 per order [1].",
        "Standard delivery costs 4,90 euros [1]. A parcel waits eight days at the pickup point [2].",
        "The list is at https://larkfield.example/delivery [1].",
        "Show the code from Monika's e-mail [2].",
    ],
)
def test_statements_of_the_passages_are_grounded(answer):
    """An answer in the passages' words and figures passes, however the figures are written."""
    assert check(answer, PASSAGES).ok


@pytest.mark.parametrize(
    ("answer", "rule"),
    [
        ("Delivery is free from a basket value of 60 EUR.", "citation: no"),
        ("Delivery is free from a basket value of 60 EUR [3].", "citation: there is no passage [3]"),
        ("Delivery is free from a basket value of 60 EUR [0].", "citation: there is no passage [0]"),
        ("Delivery is free from a basket value of 60 EUR [2].", "amount"),
        ("Standard delivery is free from a basket value of 50 EUR [1].", "amount: 50 EUR"),
        ("Standard delivery is free from a basket value of 60 GBP [1].", "amount: 60 GBP"),
        ("A parcel waits nine days at the pickup point [2].", "number: 9"),
        ("Show the code from Anna's e-mail at the pickup point [2].", "name"),
        ("Standard delivery costs are at https://evil.example/delivery [1].", "url"),
        ("Our drones carry everything overnight to every island [1].", "support"),
        ("Gift cards per order from 14 countries are free of value [1].", "support"),
        ("Gift cards count toward the 60 EUR [1].", "negation"),
        ("Standard delivery costs 60 EUR per order in all 14 countries [1].", "number"),
    ],
)
def test_each_invention_is_named(answer, rule):
    """An answer that adds, swaps or turns round a fact fails with the rule it broke."""
    grounding = check(answer, PASSAGES)
    assert not grounding.ok
    assert any(reason.startswith(rule) for reason in grounding.reasons)


def test_a_figure_of_another_sentence_is_refused():
    """A number that the passage says of something else does not pass, though the passage holds it."""
    reasons = check("Standard delivery costs 4.90 EUR per order in all 60 countries [1].", PASSAGES).reasons
    assert reasons == ("number: the cited passages say it of something else",)


def test_a_negation_of_the_other_clause_is_refused():
    """Two sentences that both negate something contradict each other where one negates what the other affirms."""
    rule = replace(PICKUP, text="Opened tents can be returned, but stoves can not be shipped abroad.")
    assert check("Opened tents can be returned, but stoves can not be shipped abroad [1].", (rule,)).ok
    assert not check("Opened tents can not be returned, but stoves can be shipped abroad [1].", (rule,)).ok


def test_reasons_hold_no_names_or_links():
    """What goes into logs says which rule broke, not whom or where the text named."""
    reasons = " ".join(check("Ask Roberta Quill at https://evil.example/x now [1].", PASSAGES).reasons)
    assert "Roberta" not in reasons
    assert "evil" not in reasons


def test_a_sentence_cites_the_passage_that_supports_it_most():
    """What the model numbered wrongly, or not at all, is cited by evidence; its own mark stays where none is better."""
    assert cite("A parcel waits 8 days at the pickup point.", PASSAGES).endswith("point [2].")
    assert cite("A parcel waits 8 days at the pickup point [1].", PASSAGES).endswith("point [2].")
    assert cite("A parcel waits 8 days at the pickup point [9].", PASSAGES).endswith("point [2].")
    assert cite("A parcel waits 8 days [2].", PASSAGES) == "A parcel waits 8 days [2]."
    assert cite("Zebras yawn [1].", PASSAGES) == "Zebras yawn [1]."
