"""Counterfactuals are false in one way each, and grounding is measured on them."""

from nightshift.answering.grounding import check
from nightshift.evaluate.checks.counterfactuals import KINDS, TRUE, grounding_metrics, make_counterfactuals
from nightshift.text.passages import Passage

PASSAGES = (
    Passage(
        "c1",
        "delivery",
        "Standard delivery",
        "",
        "Standard delivery costs 4.90 EUR per order. An order from Birkholm can be changed within 60 minutes. "
        "We do not count gift cards toward the free limit of 75 EUR.",
        "",
        0.0,
    ),
    Passage(
        "c2", "pickup", "Pickup", "", "A parcel waits 8 days at the shop near Nyborg. Show the code there.", "", 0.0
    ),
)


def test_every_kind_is_made_once_a_sentence_at_most():
    """A sentence gives a true claim and, where it can, one with another figure, name, negation and passage."""
    claims = make_counterfactuals(PASSAGES, size=10)
    texts = {(claim.kind, claim.text) for claim in claims}
    assert len([claim for claim in claims if claim.kind == TRUE]) == 4
    assert {kind for kind, _ in texts} == {TRUE, *KINDS}
    assert ("negation", "We do count gift cards toward the free limit of 75 EUR [1].") in texts
    assert ("negation", "An order from Birkholm can not be changed within 60 minutes [1].") in texts


def test_they_are_the_same_every_time():
    """The same passages give the same claims."""
    assert make_counterfactuals(PASSAGES, 4) == make_counterfactuals(PASSAGES, 4)


def test_grounding_tells_them_apart():
    """On plain sentences nothing true is refused, and nothing false is let through."""
    metrics = grounding_metrics(make_counterfactuals(PASSAGES, 10))
    assert metrics["grounding_false_alarms"] == 0
    assert {name: value for name, value in metrics.items() if "missed" in name and value} == {}
    assert metrics["grounding_auc"] == 1


def test_no_sentence_no_grounding_metrics():
    """A passage without a sentence worth quoting gives no metrics."""
    assert grounding_metrics(make_counterfactuals([Passage("c", "a", "T", "", "Yes.", "", 0.0)], 5)) == {}


def test_the_score_falls_with_every_broken_rule():
    """True is 1; one changed figure halves it; a changed figure and a negation quarter it."""
    verbs = (
        "can be changed within 60 minutes",
        "can be changed within 8 minutes",
        "cannot be changed within 8 minutes",
    )
    scores = [check(f"An order from Birkholm {verb} [1].", PASSAGES).score for verb in verbs]
    assert scores == [1.0, 0.5, 0.25]
