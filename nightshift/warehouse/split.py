"""The split: the time before which tickets train, and from which on they evaluate.

parse_split("2026-01-09") -> '2026-01-09T00:00:00Z'
"""

from datetime import UTC, datetime

import duckdb

from nightshift.errors import NotEnoughData, SettingsError
from nightshift.warehouse.duckdb import read_sql

TRAINING_PERCENT = 80


def parse_split(text: str) -> str:
    """An ISO time in one spelling: UTC, to the second, e.g. '2026-01-09T00:00:00Z'. Raises SettingsError."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise SettingsError(
            f"split_at is {text[:40]!r}", "give a date or a time such as 2026-01-09T00:00:00Z"
        ) from None
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def automatic_split(connection: duckdb.DuckDBPyConnection) -> str:
    """The day on which the newest fifth of the resolved tickets begins. Raises NotEnoughData when none is resolved."""
    row = connection.execute(read_sql(__package__, "select_split"), {"training_percent": TRAINING_PERCENT}).fetchone()
    if row is None:
        raise NotEnoughData(
            "no ticket of the snapshot was resolved by an article that exists, so nothing can be learnt",
            "map the source's links from tickets to articles to the table `resolutions`",
        )
    return parse_split(row[0].isoformat())
