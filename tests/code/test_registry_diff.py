"""`nightshift release list`, `show` and `diff`: what a person reads about releases."""

import pytest

from nightshift.artifacts import EvaluationVerdict, Index, Model
from nightshift.registry import describe
from nightshift.registry.mlflow import RegisteredRelease, Transition
from nightshift.release.diff import ReleaseFacts, diff, render
from nightshift.release.evaluation_report import EvaluationReport, Gate, GateKind, GoldenSection
from nightshift.release.layout import FORMAT, ReleaseRecord


def release(
    digest,
    *,
    classifiers="3",
    chunks=41,
    objects=("tickets/night-0001.jsonl.gz",),
    hit=0.7,
    passed=True,
    floor=0.35,
    wrong=(),
):
    part = [{"object": name, "digest": name} for name in objects]
    digests = {"classifiers": classifiers * 64, "generator": "4" * 64}
    record = ReleaseRecord(
        format=FORMAT,
        index=Index("1" * 64, "5" * 64, "2" * 64, chunks, 12),
        models={kind: Model(kind, digest, "base", "5" * 64) for kind, digest in digests.items()},
        policy={"confidence_floor": floor},
        weights={"fusion": {"dense": 0.5}},
        prompts="p" * 64,
        reference="r" * 64,
        lineage="9" * 64,
    )
    gate = Gate("hit@5", hit, 0.5, passed, f"hit@5 is {hit}", GateKind.FLOOR)
    lineage = {"snapshot": {"tables": {"tickets": part}}}
    evaluation = EvaluationReport(
        release=digest * 64,
        champion="",
        features="5" * 64,
        verdict=EvaluationVerdict.ACCEPTED if passed else EvaluationVerdict.REJECTED,
        reasons=[f"hit@5 is {hit}"],
        gates=[gate],
        metrics={"hit@5": hit},
        slices={"intent": {"care": {"hit@5": hit, "questions": 61.0}, "rare": {"hit@5": 1.0, "questions": 12.0}}},
        golden=GoldenSection(24, list(wrong)),
    )
    return ReleaseFacts(digest * 64, record, lineage, evaluation)


def test_nothing_changed():
    """A release against itself has no change, and the parts are named as the same."""
    difference = diff(release("a"), release("a"))
    assert difference.changes == []
    assert difference.same == ["classifiers", "generator", "prompts"]
    assert "nothing changed" in render(difference)


def test_every_kind_of_change_is_seen():
    """Models, chunks, source objects, parameters, metrics and gates that differ are listed with both sides."""
    objects = [f"tickets/night-000{n}.jsonl.gz" for n in range(1, 6)]
    after = release("b", classifiers="5", chunks=44, objects=objects, hit=0.72, passed=False, floor=0.4, wrong=["card"])
    text = render(diff(release("a", wrong=["horse"]), after))
    for line in (
        "release  aaaaaaaaaaaa -> bbbbbbbbbbbb",
        "classifiers              333333333333 -> 555555555555",
        "index chunks             41 -> 44  (+3)",
        "4 objects added: tickets/night-0002.jsonl.gz, tickets/night-0003.jsonl.gz, tickets/night-0004.jsonl.gz and 1",
        "policy confidence_floor  0.35 -> 0.4",
        "hit@5                    0.700 -> 0.720  (+0.020)",
        "intent care              0.700 -> 0.720  (+0.020 over 61 questions)",
        "golden set               now wrong: card",
        "golden set               now right: horse",
        "gate hit@5               passed -> failed",
        "the same: generator, prompts",
    ):
        assert line in text
    assert text.endswith("bbbbbbbbbbbb was rejected:\n  hit@5 is 0.72")
    assert "rare" not in text


@pytest.mark.parametrize("evaluated", ["before", "after"])
def test_a_release_without_evaluation_compares(evaluated):
    """A side that was never evaluated shows as none."""
    bare, full = ReleaseFacts("a" * 64, release("a").record, release("a").lineage), release("b")
    before, after = (full, bare) if evaluated == "before" else (bare, full)
    sides = {change.name: (change.before, change.after) for change in diff(before, after).changes}
    assert sides["hit@5"] == (("0.700", "none") if evaluated == "before" else ("none", "0.700"))


def test_a_listing_shows_which_release_serves():
    """Versions come newest first, with alias, verdict and the first reason cut to the line."""
    entries = [
        RegisteredRelease(2, "b" * 64, "", "rejected", ["x" * 200], ["challenger"]),
        RegisteredRelease(1, "a" * 64, "", "accepted", [], ["champion"]),
    ]
    head, second, first = describe.listing(entries).splitlines()
    assert "challenger" in second
    assert second.endswith("…")
    assert len(second) < 140
    assert first.endswith("champion")
    assert head.split() == ["version", "release", "verdict", "serves", "reasons"]
    assert "run a night" in describe.listing([])


def test_the_history_is_one_sentence_per_transition():
    """Each transition names the version, the way and what it took the place of."""
    history = [
        Transition(1, "a" * 64, 0, "promoted", "2026-01-02T02:10:00+00:00"),
        Transition(2, "b" * 64, 1, "promoted", "2026-01-03T02:10:00+00:00"),
        Transition(1, "a" * 64, 2, "rolled back", "2026-01-03T09:00:00+00:00"),
    ]
    lines = describe.transitions(history).splitlines()
    assert lines[0].endswith("version 1 (aaaaaaaaaaaa) promoted")
    assert lines[2].endswith("version 1 (aaaaaaaaaaaa) rolled back, instead of 2")


def test_a_sheet_shows_gates():
    """One release in full names its models, numbers and every gate that failed."""
    entry = RegisteredRelease(2, "b" * 64, "", "rejected", [], ["challenger"])
    text = describe.sheet(entry, release("b", hit=0.4, passed=False))
    assert "version 2  rejected  challenger" in text
    assert "model   classifiers 333333333333" in text
    assert "gate    FAILED  hit@5 is 0.4" in text
