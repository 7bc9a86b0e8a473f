"""Nights and days. Night 1 is 2026-01-01; night 0 and below are the days of the backlog."""

from datetime import UTC, datetime, timedelta

FIRST = datetime(2026, 1, 1, tzinfo=UTC)
# Monday to Sunday: people write after the weekend, and shop on it.
TICKETS_BY_WEEKDAY = (235, 215, 205, 195, 190, 170, 165)


def start_of(night: int) -> datetime:
    """Midnight (UTC) at which the day of `night` begins."""
    return FIRST + timedelta(days=night - 1)


def night_of(time: datetime) -> int:
    """The night whose day holds `time`."""
    return (time - FIRST).days + 1


def stamp(time: datetime) -> str:
    """The spelling of every raw time: 2026-01-01T09:12:40Z."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")
