"""Volume: tickets a day, against the eight weeks before.

    DailyCounts.of(times)          # DailyCounts(end=2026-01-12 21:58, counts=[204, 221, 160, ...]), newest first
    t, degrees_of_freedom = t_statistic(reference, tonight, days=1)

Days end at the hour of the newest ticket, not at midnight: a delivery at noon is no half day.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

_MAX_DAYS = 56  # volumes change from season to season
_WEEKS = 3  # whole weeks before weekdays are told apart
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class DailyCounts:
    """Tickets in each 24 hours back from `end`."""

    end: datetime
    counts: list[int]

    @classmethod
    def of(cls, times: Sequence[datetime]) -> "DailyCounts":
        """Of all tickets there are, at least one. The oldest day is left out: it has only begun."""
        end = max(times)
        ages = np.array([(end - time) // _DAY for time in times])
        return cls(end, np.bincount(ages)[:-1].tolist()[:_MAX_DAYS])

    def weekday(self, age: int) -> int:
        """That of the middle of the day that ended `age` days before `end`."""
        return (self.end - age * _DAY - _DAY / 2).weekday()


def t_statistic(reference: DailyCounts, tonight: DailyCounts, days: int) -> tuple[float, int] | None:
    """|t| of the newest `days` of tonight against the days before, and its degrees of freedom; None below seven days.

    Counts are Poisson, times their dispersion: Pearson's statistic over its degrees of freedom, at least 1 (McCullagh
    and Nelder, Generalized Linear Models, 1989, section 6.2).
    """
    start = tonight.end - days * _DAY
    past = [
        (reference.weekday(age), count)
        for age, count in enumerate(reference.counts)
        if reference.end - age * _DAY <= start
    ]
    if len(past) < 7:
        return None
    by_weekday = len(past) >= _WEEKS * 7
    groups: dict[int, list[int]] = {}
    for weekday, count in past:
        groups.setdefault(weekday if by_weekday else 0, []).append(count)
    means = {weekday: max(float(np.mean(counts)), 0.5) for weekday, counts in groups.items()}
    degrees_of_freedom = len(past) - len(means)
    pearson = sum(
        (count - means[weekday]) ** 2 / means[weekday] for weekday, counts in groups.items() for count in counts
    )
    weekdays = [tonight.weekday(age) if by_weekday else 0 for age in range(days)]
    expected = sum(means[weekday] for weekday in weekdays)
    variance_of_means = sum(
        (weekdays.count(weekday) ** 2) * means[weekday] / len(groups[weekday]) for weekday in set(weekdays)
    )
    observed = sum(tonight.counts[:days])
    dispersion = max(1.0, pearson / degrees_of_freedom)
    return abs(observed - expected) / (dispersion * (expected + variance_of_means)) ** 0.5, degrees_of_freedom
