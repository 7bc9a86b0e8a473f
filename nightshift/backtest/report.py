"""A backtest as a Markdown table by month, and as one JSON value with every figure behind it.

| nights of | questions | nightly hit@1/5/10 | frozen | bm25 | dense | nightly - frozen, hit@5 | CPU s a night |
| 2024-07 | 61 | .44/.70/.79 | .44/.69/.79 | ... | +.016 (-.016 to +.049) | 6.1 |
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nightshift.backtest.plot import picture
from nightshift.backtest.replay import MEASURES, SYSTEMS, Backtest, ReplayedNight
from nightshift.backtest.scores import by_month, gain, nights_with_questions, question_scores
from nightshift.errors import SettingsError
from nightshift.metrics.retrieval import interval
from nightshift.progress import log


def table(result: Backtest) -> str:
    """The Markdown table: a row per month, a row over all nights, and a line with the intervals and costs."""
    lines = [
        (
            "| nights of | questions | nightly hit@1/5/10 | frozen | BM25 | dense "
            "| nightly - frozen, hit@5 | CPU s a night |"
        ),
        "|---|---|---|---|---|---|---|---|",
    ]
    rows = by_month(result.nights) | {"all": result.nights}
    return "\n".join([*lines, *(_row(name, nights) for name, nights in rows.items()), "", _footnote(result)])


def make_folder(folder: Path) -> Path:
    """Create `folder` where it is missing. Raises SettingsError: call it before the replay, which takes long."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(f"{folder} cannot be created: {error.strerror}", "give another folder to --out") from error
    return folder


def write(result: Backtest, folder: Path) -> None:
    """Write backtest.json, backtest.md and backtest.svg into `folder`."""
    files = {"json": json.dumps(to_json(result)), "md": table(result), "svg": picture(result)}
    for kind, text in files.items():
        (folder / f"backtest.{kind}").write_text(text.rstrip() + "\n")
    log(f"  backtest.json, backtest.md and backtest.svg are in {folder}")


def to_json(result: Backtest) -> dict[str, Any]:
    """Every figure: the totals with their intervals, and for each night the hits of each question."""
    return {
        "source": result.source,
        "from": f"{result.plan.first:%Y-%m-%d}",
        "before": f"{result.plan.end:%Y-%m-%d}",
        "every_days": result.plan.every.days,
        "tower": result.plan.tower,
        "profile": result.profile,
        "reading_seconds": round(result.reading_seconds, 1),
        "total": _totals(result.nights),
        "months": {
            name: _totals(nights) for name, nights in by_month(result.nights).items() if nights_with_questions(nights)
        },
        "nights": [_night_to_json(night) for night in result.nights],
    }


def _row(name: str, nights: Sequence[ReplayedNight]) -> str:
    count = sum(len(night.asked_at) for night in nights)
    seconds = np.mean([night.release.cost.seconds for night in nights])
    if not count:
        return f"| {name} | 0 | | | | | | {seconds:.1f} |"
    hits = [
        "/".join(f"{question_scores(nights, system, measure).mean():.3f}".removeprefix("0") for measure in MEASURES)
        for system in SYSTEMS
    ]
    return f"| {name} | {count:,} | {' | '.join(hits)} | {_difference(gain(nights, 'hit@5'))} | {seconds:.1f} |"


def _difference(gains: NDArray[np.float64]) -> str:
    low, high = interval(gains)
    return f"{gains.mean():+.3f} ({low:+.3f} to {high:+.3f})"


def _footnote(result: Backtest) -> str:
    nights = result.nights
    gains = ", ".join(f"{measure} {_difference(gain(nights, measure))}" for measure in MEASURES)
    trained = [f"{night.date:%Y-%m-%d}" for night in nights if night.tower_trained]
    tower = f"The query tower was trained on {', '.join(trained)}." if trained else "The query tower was never trained."
    later = [night.release.cost for night in nights[1:]]
    return (
        f"Nightly - frozen over all questions: {gains}; in brackets the 95 % interval of a paired bootstrap. {tower} "
        f"{len(nights)} nights; the first one cost {nights[0].release.cost.seconds:.0f} s of CPU and embedded "
        f"{nights[0].release.cost.embedded:,} texts, a later one {np.mean([cost.seconds for cost in later]):.1f} s "
        f"and {np.mean([cost.embedded for cost in later]):.0f}; reading the history took "
        f"{result.reading_seconds:.0f} s, once. Profile {result.profile}."
    )


def _totals(nights: Sequence[ReplayedNight]) -> dict[str, Any]:
    means = {
        system: {measure: round(float(question_scores(nights, system, measure).mean()), 6) for measure in MEASURES}
        for system in SYSTEMS
    }
    return {
        "questions": sum(len(night.asked_at) for night in nights),
        "hits": means,
        "nightly_minus_frozen": {measure: _summary(gain(nights, measure)) for measure in MEASURES},
        "cpu_seconds": round(sum(night.release.cost.seconds for night in nights), 1),
    }


def _summary(gains: NDArray[np.float64]) -> Mapping[str, float]:
    low, high = interval(gains)
    return {"mean": round(float(gains.mean()), 6), "low": low, "high": high}


def _night_to_json(night: ReplayedNight) -> dict[str, Any]:
    release = night.release
    return {
        "night": f"{night.date:%Y-%m-%d}",
        "resolved_tickets": release.resolved,
        "embedded": release.cost.embedded,
        "cpu_seconds": round(release.cost.seconds, 2),
        "tower_cpu_seconds": round(release.cost.tower_seconds, 2),
        "tower_trained": night.tower_trained,
        "fusion": release.fusion,
        "asked_on": [f"{time:%Y-%m-%d}" for time in night.asked_at],
        "hits": {
            system: {measure: scores.astype(int).tolist() for measure, scores in measures.items()}
            for system, measures in night.hits.items()
        },
    }
