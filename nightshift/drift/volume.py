"""How many tickets a day, against the eight weeks before.

    Days.of(times)          # Days(end=2026-01-12 21:58, counts=[204, 221, 160, ...]): 24 hours each, newest first
    t, freedom = surprise(before, tonight, days=1)

Days end at the hour of the newest ticket, not at midnight: a delivery at noon is no half day.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

_MOST = 56  # volumes change from season to season
_WEEKS = 3  # of whole weeks, before weekdays are told apart
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Days:
    """Tickets in each 24 hours back from `end`."""

    end: datetime
    counts: list[int]

    @classmethod
    def of(cls, times: Sequence[datetime]) -> "Days":
        """Of all tickets there are, at least one. The oldest day is left out: it has only begun."""
        end = max(times)
        ages = np.array([(end - time) // _DAY for time in times])
        return cls(end, np.bincount(ages)[:-1].tolist()[:_MOST])

    def weekday(self, age: int) -> int:
        """That of the middle of a day."""
        return (self.end - age * _DAY - _DAY / 2).weekday()


def t_statistic(before: Days, tonight: Days, days: int) -> tuple[float, int] | None:
    """|t| of the newest `days` of tonight against the days before, and its degrees of freedom; None without two weeks.

    Counts are Poisson, times what days really differ by: Pearson's statistic over its degrees of freedom, at least 1
    (McCullagh and Nelder, Generalized Linear Models, 1989, section 6.2).
    """
    start = tonight.end - days * _DAY
    known = [
        (before.weekday(age), count) for age, count in enumerate(before.counts) if before.end - age * _DAY <= start
    ]
    if len(known) < 7:
        return None
    by_weekday = len(known) >= _WEEKS * 7
    past: dict[int, list[int]] = {}
    for weekday, count in known:
        past.setdefault(weekday if by_weekday else 0, []).append(count)
    usual = {weekday: max(float(np.mean(counts)), 0.5) for weekday, counts in past.items()}
    freedom = len(known) - len(usual)
    uneven = sum((count - usual[weekday]) ** 2 / usual[weekday] for weekday, counts in past.items() for count in counts)
    ages = [tonight.weekday(age) if by_weekday else 0 for age in range(days)]
    expected = sum(usual[weekday] for weekday in ages)
    doubt = sum((ages.count(weekday) ** 2) * usual[weekday] / len(past[weekday]) for weekday in set(ages))
    found = sum(tonight.counts[:days])
    return abs(found - expected) / (max(1.0, uneven / freedom) * (expected + doubt)) ** 0.5, freedom
