"""The difference between two releases: parts, source objects, parameters, metrics, gates, and the verdict.

release  03fa77de91ab -> 91ab4c0d5e6f
  classifiers              7c1e40b2a9d3 -> 0d5e6fc1e240
  index chunks             1,204 -> 1,231  (+27)
  tickets                  2 objects added: tickets/night-0005.jsonl.gz, tickets/night-0006.jsonl.gz
  hit@5                    0.712 -> 0.731  (+0.019)
  intent gear_care         0.967 -> 0.934  (-0.033 over 61 questions)
  golden set               now right: card-expiry
  gate hit@5               failed -> passed
the same: document_tower, generator, prompts, query_tower
91ab4c0d5e6f was accepted:
  hit@5 is 1.9 points above the champion on the same 645 questions; ...
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from nightshift.artifacts import EvaluationVerdict, Index
from nightshift.release.evaluation_report import EvaluationReport, Gate, read_report
from nightshift.release.layout import ReleaseRecord, StoredRelease
from nightshift.store import Store

SHORT = 12
NAMED_OBJECTS = 3  # per table; the others are counted
LISTED_SLICES = 5  # those whose hit@5 changed most
ABSENT = "none"


@dataclass(frozen=True)
class ReleaseFacts:
    """One release with what is known of it: its record, its lineage, and its evaluation (None without one)."""

    digest: str
    record: ReleaseRecord
    lineage: Mapping[str, Any]
    evaluation: EvaluationReport | None = None


@dataclass(frozen=True)
class Change:
    """One thing that differs: its name and both sides as text. Where both sides are '', `note` says what changed."""

    name: str
    before: str
    after: str
    note: str = ""


@dataclass(frozen=True)
class Difference:
    """The changes between two releases, the names of equal parts, and the verdict over the later release."""

    before: str
    after: str
    changes: list[Change]
    same: list[str]
    verdict: EvaluationVerdict | None = None
    reasons: list[str] = field(default_factory=list)


def read_facts(digest: str, evaluation: str, store: Store) -> ReleaseFacts:
    """Read a release, and the evaluation tree `evaluation` ('' for none). Raises StoreError, MissingObject."""
    release = StoredRelease(digest, store)
    report = read_report(evaluation, store) if evaluation else None
    return ReleaseFacts(digest, release.record, release.lineage, report)


def diff(a: ReleaseFacts, b: ReleaseFacts) -> Difference:
    """The changes from release `a` to `b`: parts, source objects, parameters, metrics, slices, golden set and gates."""
    parts = _parts(a.record, b.record)
    changes = [change for change in parts if change.before != change.after]
    changes += _index(a.record.index, b.record.index)
    changes += _objects(a.lineage["snapshot"]["tables"], b.lineage["snapshot"]["tables"])
    changes += _parameters("policy", a.record.policy, b.record.policy)
    changes += _parameters("weight", a.record.weights, b.record.weights)
    before, after = a.evaluation, b.evaluation
    changes += _metrics(before.metrics if before else {}, after.metrics if after else {})
    changes += _slices(before.slices if before else {}, after.slices if after else {})
    changes += _golden(before.golden.failed, after.golden.failed) if before and after else []
    changes += _gates(before.gates if before else [], after.gates if after else [])
    same = sorted(change.name for change in parts if change.before == change.after)
    verdict, reasons = (after.verdict, after.reasons) if after else (None, [])
    return Difference(a.digest, b.digest, changes, same, verdict, list(reasons))


def render(difference: Difference) -> str:
    """The difference as text for the terminal."""
    lines = [f"release  {difference.before[:SHORT]} -> {difference.after[:SHORT]}"]
    for change in difference.changes:
        sides = change.note if not change.before and not change.after else f"{change.before} -> {change.after}"
        note = f"  ({change.note})" if change.note and sides != change.note else ""
        lines.append(f"  {change.name:<24} {sides}{note}")
    if not difference.changes:
        lines.append("  nothing changed")
    if difference.same:
        lines.append(f"the same: {', '.join(difference.same)}")
    if difference.verdict:
        lines.append(f"{difference.after[:SHORT]} was {difference.verdict}:")
        lines += [f"  {reason}" for reason in difference.reasons]
    return "\n".join(lines)


def _parts(a: ReleaseRecord, b: ReleaseRecord) -> list[Change]:
    """The digests of models and prompts on both sides, equal or not."""

    def digest(record: ReleaseRecord, name: str) -> str:
        return record.models[name].digest[:SHORT] if name in record.models else ABSENT

    models = [Change(name, digest(a, name), digest(b, name)) for name in sorted({*a.models, *b.models})]
    return [*models, Change("prompts", a.prompts[:SHORT], b.prompts[:SHORT])]


def _index(a: Index, b: Index) -> list[Change]:
    counts = {"chunks": (a.chunks, b.chunks), "articles": (a.articles, b.articles)}
    return [
        Change(f"index {unit}", f"{before:,}", f"{after:,}", f"{after - before:+,}")
        for unit, (before, after) in counts.items()
        if before != after
    ]


def _objects(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[Change]:
    """Source objects that were added, removed or changed, by table."""
    changes = []
    for table in sorted({*a, *b}):
        before, after = ({part["object"]: part["digest"] for part in side.get(table, [])} for side in (a, b))
        sets = {
            "added": after.keys() - before.keys(),
            "gone": before.keys() - after.keys(),
            "changed": {name for name in before.keys() & after.keys() if before[name] != after[name]},
        }
        changes += [Change(table, "", "", _count_and_names(names, verb)) for verb, names in sets.items() if names]
    return changes


def _count_and_names(names: set[str], verb: str) -> str:
    shown = sorted(names)[:NAMED_OBJECTS]
    more = f" and {len(names) - NAMED_OBJECTS} more" if len(names) > NAMED_OBJECTS else ""
    return f"{len(names)} object{'s' * (len(names) > 1)} {verb}: {', '.join(shown)}{more}"


def _parameters(kind: str, a: Any, b: Any) -> list[Change]:
    """Values of a nested mapping that differ, by their path, e.g. `weight fusion.dense`."""
    before, after = dict(_leaves(a)), dict(_leaves(b))
    return [
        Change(f"{kind} {path}", before.get(path, ABSENT), after.get(path, ABSENT))
        for path in sorted({*before, *after})
        if before.get(path) != after.get(path)
    ]


def _leaves(value: Any, path: str = "") -> list[tuple[str, str]]:
    if isinstance(value, Mapping):
        return [leaf for key in sorted(value) for leaf in _leaves(value[key], f"{path}.{key}" if path else key)]
    if isinstance(value, list):  # a share per intent: too many to show, and different every night
        return []
    return [(path, str(value))]


def _metrics(a: Mapping[str, float], b: Mapping[str, float]) -> list[Change]:
    changes = []
    for name in sorted({*a, *b}):
        if a.get(name) == b.get(name):
            continue
        before, after = (f"{side[name]:.3f}" if name in side else ABSENT for side in (a, b))
        note = f"{b[name] - a[name]:+.3f}" if name in a and name in b else ""
        changes.append(Change(name, before, after, note))
    return changes


def _slices(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[Change]:
    """hit@5 of the slices whose hit@5 changed most, the largest change first."""
    before, after = (
        {f"{kind} {label}": scores for kind, labels in side.items() for label, scores in labels.items()}
        for side in (a, b)
    )
    differences = {name: after[name]["hit@5"] - before[name]["hit@5"] for name in before.keys() & after.keys()}
    changed = sorted(
        (name for name in differences if differences[name]), key=lambda name: (-abs(differences[name]), name)
    )
    return [
        Change(
            name,
            f"{before[name]['hit@5']:.3f}",
            f"{after[name]['hit@5']:.3f}",
            f"{differences[name]:+.3f} over {after[name]['questions']:,.0f} questions",
        )
        for name in changed[:LISTED_SLICES]
    ]


def _golden(failed_before: Sequence[str], failed_after: Sequence[str]) -> list[Change]:
    """The ids of golden questions that fail since, or no longer fail."""
    before, after = set(failed_before), set(failed_after)
    sets = {"now wrong": after - before, "now right": before - after}
    return [Change("golden set", "", "", f"{state}: {', '.join(sorted(ids))}") for state, ids in sets.items() if ids]


def _gates(a: Sequence[Gate], b: Sequence[Gate]) -> list[Change]:
    before, after = ({gate.name: "passed" if gate.passed else "failed" for gate in side} for side in (a, b))
    return [
        Change(f"gate {name}", before.get(name, ABSENT), after.get(name, ABSENT))
        for name in sorted({*before, *after})
        if before.get(name) != after.get(name)
    ]
