"""Releases as text for the terminal.

version  release       verdict   serves    reasons
      3  03fa77de91ab  accepted  champion  hit@5 is level with the champion on the same 645 questions
      2  91ab4c0d5e6f  accepted  previous
"""

from collections.abc import Sequence

from nightshift.registry.mlflow import RegisteredRelease, Transition
from nightshift.release.diff import ReleaseFacts

SHORT = 12
REASON_WIDTH = 90


def listing(entries: Sequence[RegisteredRelease]) -> str:
    """Every registered release, one line each, newest first."""
    if not entries:
        return "no release is registered yet; run a night: pyflyte run workflows/nightly.py nightly"
    rows = [f"{'version':>7}  {'release':<12}  {'verdict':<8}  {'serves':<10}  reasons"]
    for entry in entries:
        serves = ", ".join(entry.aliases) or ("rolled back" if entry.rolled_back else "")
        reason = entry.reasons[0] if entry.reasons else ""
        cut = reason if len(reason) <= REASON_WIDTH else f"{reason[: REASON_WIDTH - 1]}…"
        rows.append(f"{entry.version:>7}  {entry.digest[:SHORT]}  {entry.verdict:<8}  {serves:<10}  {cut}".rstrip())
    return "\n".join(rows)


def transitions(history: Sequence[Transition]) -> str:
    """Every promotion and rollback, oldest first."""
    if not history:
        return "nothing has been promoted yet"
    return "\n".join(
        f"{transition.time}  version {transition.version} ({transition.digest[:SHORT]}) {transition.kind}"
        + (f", instead of {transition.replaced}" if transition.replaced else "")
        for transition in history
    )


def sheet(entry: RegisteredRelease, release: ReleaseFacts) -> str:
    """One release in full: its parts, its metrics, and every gate with its sentence."""
    index = release.record.index
    lines = [
        f"release {entry.digest}",
        f"version {entry.version}  {entry.verdict}  {', '.join(entry.aliases)}".rstrip(),
        f"index   {index.chunks:,} chunks of {index.articles:,} articles",
    ]
    lines += [f"model   {name} {model.digest[:SHORT]}" for name, model in sorted(release.record.models.items())]
    if release.evaluation:
        metrics = sorted(release.evaluation.metrics.items())
        lines += [f"metric  {name} {value:.3f}" for name, value in metrics]
        gates = release.evaluation.gates
        lines += [f"gate    {'passed' if gate.passed else 'FAILED'}  {gate.sentence}" for gate in gates]
    return "\n".join(lines)
