"""What the marts were last built with: one row in the warehouse, present only while the marts are complete.

LastBuild(Parameters('2026-01-09T00:00:00Z', 3, '5f0c...'), features='77ab...', counts=Counts(rows={...}, ...))
"""

import json
from dataclasses import asdict, dataclass

import duckdb

from nightshift.warehouse.dbt import Parameters
from nightshift.warehouse.duckdb import count, read_sql, transaction
from nightshift.warehouse.load import mark_processed


@dataclass(frozen=True)
class Counts:
    """Rows per mart, resolutions whose article was deleted, and data tests by outcome."""

    rows: dict[str, int]
    unlinked: int
    tests_passed: int
    tests_warned: int


@dataclass(frozen=True)
class LastBuild:
    """A build whose tests passed and whose marts were exported; `features` is the digest of their tree."""

    parameters: Parameters
    features: str
    counts: Counts


def last_build(connection: duckdb.DuckDBPyConnection) -> LastBuild | None:
    """What the marts in the warehouse were built with; None when they are not complete."""
    row = connection.execute(read_sql(__package__, "select_build")).fetchone()
    return LastBuild(Parameters(*row[:3]), row[3], Counts(**json.loads(row[4]))) if row else None


def begin_build(connection: duckdb.DuckDBPyConnection) -> None:
    """Mark the marts as incomplete until `finish_build`: after a build that breaks off, the next one is in full."""
    connection.execute(read_sql(__package__, "delete_build"))


def finish_build(connection: duckdb.DuckDBPyConnection, build: LastBuild) -> None:
    """Record that the marts are complete and exported, and delete the rows of removed parts, in one transaction."""
    with transaction(connection):
        mark_processed(connection)
        connection.execute(
            read_sql(__package__, "insert_build"),
            {**asdict(build.parameters), "features": build.features, "counts": json.dumps(asdict(build.counts))},
        )


def unlinked(connection: duckdb.DuckDBPyConnection) -> int:
    """The number of resolutions whose article does not exist; they enter no mart."""
    return count(connection, "count_unlinked")


def touched(connection: duckdb.DuckDBPyConnection) -> int:
    """The number of tickets and articles that the last build computed again."""
    return count(connection, "count_touched")
