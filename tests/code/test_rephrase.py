"""Which generated texts may stand for the sentences they were written from."""

import pytest

from nightshift.answering.prompts import DECLINE
from nightshift.answering.rephrase import rephrase
from nightshift.text.passages import Passage

COST = Passage(
    "c1",
    "delivery",
    "Delivery",
    "Cost",
    "Standard delivery costs 4.90 EUR per order. From a basket value of 60 EUR it is free.",
    "",
    0.0,
)
POINT = Passage("c2", "pickup", "Pickup", "", "A parcel is never kept longer than 8 days at the pickup point.", "", 0.0)


@pytest.mark.parametrize(
    "text",
    [
        "Standard delivery costs 4.90 EUR per order [1]. From a basket value of 60 EUR it is free [1].",
        "From a basket value of \u20ac60 delivery is free, else it costs \u20ac4.90 per order [1].",
        "It is free from a basket value of sixty EUR [1]. Standard delivery costs 4,90 EUR [1].",
    ],
)
def test_a_text_that_keeps_every_fact_may_stand(text):
    """In another order and another spelling of the figures."""
    assert rephrase(text, [COST])[1] == ()


@pytest.mark.parametrize(
    ("text", "passage", "reason"),
    [
        ("Standard delivery costs 4.90 EUR per order [1].", COST, "fact: 60 eur of the evidence is missing"),
        (
            "Delivery costs 4.90 EUR per order, from a basket value of 60 EUR it is free within 3 days [1].",
            COST,
            "number: 3",
        ),
        ("A parcel may be kept longer than 8 days at the pickup point [1].", POINT, "negation"),
        (
            "Delivery costs 4.90 EUR per order. From a basket value of 60 EUR it is [1]",
            COST,
            "generator: its last sentence",
        ),
        ("Delivery costs 4.90 EUR per order, and from 60 EUR our friendly drones fly it to Mars [1].", COST, "name"),
        ("Standard delivery: Cost", COST, "generator: its last sentence"),
        ("Delivery.", COST, "generator: it wrote nothing"),
        (DECLINE, COST, "generator: it found no answer"),
        (f"{DECLINE[:-1]} [1].", COST, "generator: it found no answer"),
        ("", COST, "generator: it wrote nothing"),
        ("[1]", COST, "generator: it wrote nothing"),
    ],
)
def test_an_unfaithful_text_may_not_stand(text, passage, reason):
    """A fact left out or added, a reversal, a broken sentence, no source, or no answer; the reason says which."""
    written, reasons = rephrase(text, [passage])
    assert written == ""
    assert any(given.startswith(reason) for given in reasons)


def test_facts_of_every_passage_must_be_kept():
    """A text about one of two passages leaves the facts of the other out."""
    text = "Standard delivery costs 4.90 EUR per order [1]. From a basket value of 60 EUR it is free [1]."
    assert rephrase(text, [COST, POINT]) == ("", ("fact: 8 day of the evidence is missing",))


def test_each_sentence_is_cited_to_the_passage_that_supports_it():
    """Whatever passage the generator named, or none."""
    text = (
        "Standard delivery costs 4.90 EUR per order [2]. From a basket value of 60 EUR it is free. "
        "A parcel is never kept longer than 8 days."
    )
    assert rephrase(text, [COST, POINT])[0] == (
        "Standard delivery costs 4.90 EUR per order [1]. From a basket value of 60 EUR it is free [1]. "
        "A parcel is never kept longer than 8 days [2]."
    )


def test_repetitions_and_repeated_titles_are_left_out():
    """A small model says a sentence twice, and begins with the title of its passage."""
    once = "Standard delivery costs 4.90 EUR per order. From a basket value of 60 EUR it is free."
    assert rephrase(f"Delivery: Cost {once} {once}", [COST])[0].count("4.90") == 1
