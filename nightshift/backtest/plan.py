"""Which nights a backtest replays, and whether it trains the query tower.

plan = make_plan(datetime(2024, 7, 1), datetime(2025, 6, 30), "7d", "never")
plan.nights      # [2024-07-01, 2024-07-08, ..., 2025-06-30]: train on each, then test on the questions before the next
plan.end         # 2025-07-01: the last day is included
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from nightshift.errors import SettingsError

TOWER = ("never", "auto")


@dataclass(frozen=True)
class Plan:
    """The first night, the end of the last day, and the time between nights; times are UTC without a zone.

    `tower`: never leaves the query tower at its base; auto trains it on the first night, and again when enough is new.
    """

    first: datetime
    end: datetime
    every: timedelta
    tower: str

    @property
    def nights(self) -> list[datetime]:
        """Midnights, oldest first."""
        return [self.first + number * self.every for number in range(-(-(self.end - self.first) // self.every))]

    def spans(self) -> Iterator[tuple[datetime, datetime]]:
        """Each night with the end of the time span whose questions test it."""
        for night in self.nights:
            yield night, min(night + self.every, self.end)


def make_plan(first: datetime, last: datetime, every: str, tower: str) -> Plan:
    """The plan from the first night to the `last` day; `every` is such as "7d". Raises SettingsError."""
    if tower not in TOWER:
        raise SettingsError(f"--tower is {tower!r}", f"use one of: {', '.join(TOWER)}")
    days = re.fullmatch(r"([1-9]\d{0,2})d", every)
    if not days:
        raise SettingsError(f"--every is {every!r}", "give a number of days from 1d to 999d, such as 7d")
    if first > last:
        raise SettingsError(
            f"--from {first:%Y-%m-%d} comes after --to {last:%Y-%m-%d}", "give the earlier day to --from"
        )
    plan = Plan(first, last + timedelta(days=1), timedelta(days=int(days[1])), tower)
    if len(plan.nights) < 2:
        raise SettingsError(
            f"there is one night from {first:%Y-%m-%d} to {last:%Y-%m-%d} at {every}; two are needed",
            "give a longer time, or nights closer together with --every",
        )
    return plan
