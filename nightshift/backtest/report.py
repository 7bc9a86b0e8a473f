"""A backtest in words and numbers: a Markdown table by month, and one JSON value with every figure behind it.

| month | questions | nightly hit@1/5/10 | frozen | bm25 | dense | nightly - frozen, hit@5 | CPU s a night |
| 2024-07 | 61 | .44/.70/.79 | .44/.69/.79 | ... | +.016 (-.016 to +.049) | 6.1 |
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nightshift.backtest.plot import picture
from nightshift.backtest.replay import CONTENDERS, MEASURES, Backtest, ReplayedNight
from nightshift.backtest.scores import asked, gain, months, values
from nightshift.errors import SettingsError
from nightshift.metrics.retrieval import interval
from nightshift.progress import log


def table(result: Backtest) -> str:
    """The Markdown table: a row a month, and all of it."""
    lines = [
        "| nights of | questions | nightly hit@1/5/10 | frozen | BM25 | dense | nightly - frozen, hit@5 | CPU s a night |",
        "|---|---|---|---|---|---|---|---|",
    ]
    rows = months(result.nights) | {"all": result.nights}
    return "\n".join([*lines, *(_row(name, nights) for name, nights in rows.items()), "", _footnote(result)])


def prepared(folder: Path) -> Path:
    """`folder`, made if it was not there. Raises SettingsError: better before a long replay than after it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(f"{folder} cannot be made: {error.strerror}", "give another folder to --out") from error
    return folder


def write(result: Backtest, folder: Path) -> None:
    """Write backtest.json, backtest.md and backtest.svg into `folder`."""
    files = {"json": json.dumps(to_json(result)), "md": table(result), "svg": picture(result)}
    for kind, text in files.items():
        (folder / f"backtest.{kind}").write_text(text.rstrip() + "\n")
    log(f"  backtest.json, backtest.md and backtest.svg are in {folder}")


def to_json(result: Backtest) -> dict[str, Any]:
    """Every figure: the totals with their intervals, and night by night the hits of each question."""
    return {
        "source": result.source,
        "from": f"{result.plan.first:%Y-%m-%d}",
        "before": f"{result.plan.end:%Y-%m-%d}",
        "every_days": result.plan.every.days,
        "tower": result.plan.tower,
        "profile": result.profile,
        "reading_seconds": round(result.reading_seconds, 1),
        "total": _totals(result.nights),
        "months": {name: _totals(nights) for name, nights in months(result.nights).items() if asked(nights)},
        "nights": [_night(night) for night in result.nights],
    }


def _row(name: str, nights: Sequence[ReplayedNight]) -> str:
    count = sum(len(night.asked_at) for night in nights)
    seconds = np.mean([night.lesson.cost.seconds for night in nights])
    if not count:
        return f"| {name} | 0 | | | | | | {seconds:.1f} |"
    hits = [
        "/".join(f"{values(nights, contender, measure).mean():.3f}".removeprefix("0") for measure in MEASURES)
        for contender in CONTENDERS
    ]
    return f"| {name} | {count:,} | {' | '.join(hits)} | {_difference(gain(nights, 'hit@5'))} | {seconds:.1f} |"


def _difference(gains: NDArray[np.float64]) -> str:
    low, high = interval(gains)
    return f"{gains.mean():+.3f} ({low:+.3f} to {high:+.3f})"


def _footnote(result: Backtest) -> str:
    nights = result.nights
    ones = ", ".join(f"{measure} {_difference(gain(nights, measure))}" for measure in MEASURES)
    trained = [f"{night.at:%Y-%m-%d}" for night in nights if night.trained]
    tower = f"The query tower was trained on {', '.join(trained)}." if trained else "The query tower was never trained."
    later = [night.lesson.cost for night in nights[1:]]
    return (
        f"Nightly - frozen over all questions: {ones}; in brackets the 95 % interval of a paired bootstrap. {tower} "
        f"{len(nights)} nights; the first one cost {nights[0].lesson.cost.seconds:.0f} s of CPU and embedded "
        f"{nights[0].lesson.cost.embedded:,} texts, a later one {np.mean([cost.seconds for cost in later]):.1f} s "
        f"and {np.mean([cost.embedded for cost in later]):.0f}; reading the history took "
        f"{result.reading_seconds:.0f} s, once. Profile {result.profile}."
    )


def _totals(nights: Sequence[ReplayedNight]) -> dict[str, Any]:
    means = {
        contender: {measure: round(float(values(nights, contender, measure).mean()), 6) for measure in MEASURES}
        for contender in CONTENDERS
    }
    return {
        "questions": sum(len(night.asked_at) for night in nights),
        "hits": means,
        "nightly_minus_frozen": {measure: _summary(gain(nights, measure)) for measure in MEASURES},
        "cpu_seconds": round(sum(night.lesson.cost.seconds for night in nights), 1),
    }


def _summary(gains: NDArray[np.float64]) -> Mapping[str, float]:
    low, high = interval(gains)
    return {"mean": round(float(gains.mean()), 6), "low": low, "high": high}


def _night(night: ReplayedNight) -> dict[str, Any]:
    lesson = night.lesson
    return {
        "night": f"{night.at:%Y-%m-%d}",
        "resolved_tickets": lesson.resolved,
        "embedded": lesson.cost.embedded,
        "cpu_seconds": round(lesson.cost.seconds, 2),
        "tower_cpu_seconds": round(lesson.cost.tower_seconds, 2),
        "tower_trained": night.trained,
        "fusion": lesson.blend,
        "asked_on": [f"{time:%Y-%m-%d}" for time in night.asked_at],
        "hits": {name: {key: one.astype(int).tolist() for key, one in of.items()} for name, of in night.hits.items()},
    }
