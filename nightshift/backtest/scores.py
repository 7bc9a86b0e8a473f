"""The questions of many nights together: one number each, by contender and measure.

values(nights, "nightly", "hit@5")     # [1., 0., 1., ...]
gain(nights, "hit@5").mean()           # 0.021: what learning every night was worth
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nightshift.backtest.replay import ReplayedNight


def asked(nights: Sequence[ReplayedNight]) -> list[ReplayedNight]:
    """The nights after which somebody asked something."""
    return [night for night in nights if night.hits]


def values(nights: Sequence[ReplayedNight], contender: str, measure: str) -> NDArray[np.float64]:
    """One number per question of these nights [n], in the order of the nights."""
    return np.concatenate([night.hits[contender][measure] for night in asked(nights)])


def gain(nights: Sequence[ReplayedNight], measure: str) -> NDArray[np.float64]:
    """What learning every night changed for each question of these nights [n]: 1, 0 or -1."""
    return values(nights, "nightly", measure) - values(nights, "frozen", measure)


def months(nights: Sequence[ReplayedNight]) -> dict[str, list[ReplayedNight]]:
    """The nights by the month they begin in: a week that reaches into the next one counts for its first day."""
    found: dict[str, list[ReplayedNight]] = {}
    for night in nights:
        found.setdefault(f"{night.at:%Y-%m}", []).append(night)
    return found
