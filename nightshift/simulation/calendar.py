"""Nights and days. Night 1 is 2026-01-01; night 0 and below are the days of the backlog."""

from datetime import UTC, datetime, timedelta

FIRST_DAY = datetime(2026, 1, 1, tzinfo=UTC)
# Mean tickets a day, Monday to Sunday: people shop at the weekend and write after it.
TICKETS_BY_WEEKDAY = (235, 215, 205, 195, 190, 170, 165)


def start_of(night: int) -> datetime:
    """Midnight (UTC) at which the day of `night` begins."""
    return FIRST_DAY + timedelta(days=night - 1)


def night_of(time: datetime) -> int:
    """The night of the day of `time`."""
    return (time - FIRST_DAY).days + 1


def timestamp(time: datetime) -> str:
    """The format of every raw time: 2026-01-01T09:12:40Z."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")
