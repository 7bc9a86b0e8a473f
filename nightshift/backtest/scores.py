"""The questions of many nights together: one number per question, by system and measure.

question_scores(nights, "nightly", "hit@5")     # [1., 0., 1., ...]
gain(nights, "hit@5").mean()                    # 0.021: hit@5 of the nightly release minus that of the frozen one
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nightshift.backtest.replay import ReplayedNight
from nightshift.metrics.retrieval import interval


def nights_with_questions(nights: Sequence[ReplayedNight]) -> list[ReplayedNight]:
    """The nights after which at least one question was asked."""
    return [night for night in nights if night.hits]


def question_scores(nights: Sequence[ReplayedNight], system: str, measure: str) -> NDArray[np.float64]:
    """The measure of one system for every question of these nights [n], in the order of the nights."""
    return np.concatenate([night.hits[system][measure] for night in nights_with_questions(nights)])


def gain(nights: Sequence[ReplayedNight], measure: str) -> NDArray[np.float64]:
    """Nightly minus frozen for each question of these nights [n]: 1, 0 or -1."""
    return question_scores(nights, "nightly", measure) - question_scores(nights, "frozen", measure)


def by_month(nights: Sequence[ReplayedNight]) -> dict[str, list[ReplayedNight]]:
    """The nights by the month they begin in: a week that reaches into the next month counts for its first day."""
    months: dict[str, list[ReplayedNight]] = {}
    for night in nights:
        months.setdefault(f"{night.date:%Y-%m}", []).append(night)
    return months


def moving_mean(nights: Sequence[ReplayedNight], system: str, measure: str, window: int) -> NDArray[np.float64]:
    """The mean of a measure over `window` nights, ending at each night that has as many [nights - window + 1].

    Every night must have questions.
    """
    ends = range(window, len(nights) + 1)
    return np.array([question_scores(nights[end - window : end], system, measure).mean() for end in ends])


def cumulative_gain(nights: Sequence[ReplayedNight], measure: str) -> NDArray[np.float64]:
    """Mean, low and high of `gain` over all questions up to each night [3, nights]; the interval covers 95 %."""
    gains = [gain(nights[: end + 1], measure) for end in range(len(nights))]
    return np.array([(values.mean(), *interval(values)) for values in gains]).T
