"""The abstention benchmark reads the truth and counts the declined questions of both kinds."""

import json

import numpy as np
import pytest

from bench.abstention import ScoredQuestions, declined_answerable, declined_unanswerable, table
from bench.truth import answered_by, read_truth


def test_the_truth_may_be_a_file_or_a_folder(tmp_path):
    """Rows of all files of a folder, or of one file, by ticket."""
    for night, ticket in ((0, "a"), (1, "b")):
        row = {"ticket_id": ticket, "kind": "question", "article": "here"}
        (tmp_path / f"night-{night:04d}.jsonl").write_text(json.dumps(row) + "\n")
    assert set(read_truth(tmp_path)) == {"a", "b"}
    assert set(read_truth(tmp_path / "night-0001.jsonl")) == {"b"}


def test_both_shares_by_hand():
    """One of ten answerable questions lies among the unanswerable: declining it declines all of those."""
    answerable, unanswerable = np.array([0.1, *np.linspace(0.6, 0.9, 9)]), np.linspace(0.0, 0.5, 10)
    assert declined_unanswerable(answerable, unanswerable) == pytest.approx(0.2)
    assert declined_answerable(answerable, unanswerable) == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        ({"kind": "question", "article": "here"}, ("answerable", "here")),
        ({"kind": "question", "article": "gone"}, ("unanswerable", "")),
        ({"kind": "unanswerable", "article": "", "missing": "here"}, ("answerable", "here")),
        ({"kind": "unanswerable", "article": "", "missing": ""}, ("unanswerable", "")),
        ({"kind": "order_status", "article": ""}, ("about an order", "")),
    ],
)
def test_what_a_release_can_answer_is_what_it_holds(row, kind):
    """A page that was down when somebody asked, and is back, answers; one that is gone since does not."""
    assert answered_by(row, ["here"]) == kind


def test_orders_are_reported_separately():
    """They have a row of their own and change no other number."""
    kinds = np.repeat(["answerable", "unanswerable", "about an order"], [40, 40, 5])
    confidence = np.concatenate([np.linspace(0.5, 1, 40), np.linspace(0, 0.4, 40), np.zeros(5)])
    without = ScoredQuestions(kinds[:80], confidence[:80], kinds[:80] == "answerable", 0.45)
    lines = table(ScoredQuestions(kinds, confidence, kinds == "answerable", 0.45)).splitlines()
    assert [line for line in lines if "order" not in line] == table(without).splitlines()
    assert "| 5 questions about an order, declined at the threshold | 1.000 |" in lines
