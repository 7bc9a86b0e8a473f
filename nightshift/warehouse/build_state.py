"""What the marts were last built with: one row beside them, there only while they are whole.

LastBuild(Parameters('2026-01-09T00:00:00Z', 3, '5f0c...'), features='77ab...', counts=Counts(rows={...}, unlinked=4, ...))
"""

import json
from dataclasses import asdict, dataclass

import duckdb

from nightshift.warehouse.dbt import Parameters
from nightshift.warehouse.duckdb import count
from nightshift.warehouse.load import mark_processed


@dataclass(frozen=True)
class Counts:
    """Rows per mart, resolutions whose article is gone, and data tests by outcome."""

    rows: dict[str, int]
    unlinked: int
    tests_passed: int
    tests_warned: int


@dataclass(frozen=True)
class LastBuild:
    """A build whose tests passed and whose marts were exported."""

    parameters: Parameters
    features: str
    counts: Counts


def last_build(connection: duckdb.DuckDBPyConnection) -> LastBuild | None:
    """What the marts in the warehouse were built with; None when they are not whole."""
    row = connection.execute("select split_at, min_words, code, features, counts from nightshift_raw.build").fetchone()
    return LastBuild(Parameters(*row[:3]), row[3], Counts(**json.loads(row[4]))) if row else None


def begin(connection: duckdb.DuckDBPyConnection) -> None:
    """Until `finish`, nobody may take the marts for whole: a build that breaks off is followed by one in full."""
    connection.execute("delete from nightshift_raw.build")


def finish(connection: duckdb.DuckDBPyConnection, done: LastBuild) -> None:
    """The marts are whole and exported: forget what left, and remember how they were built; all or nothing."""
    connection.begin()
    try:
        mark_processed(connection)
        connection.execute(
            "insert into nightshift_raw.build values (?, ?, ?, ?, ?)",
            [*asdict(done.parameters).values(), done.features, json.dumps(asdict(done.counts))],
        )
        connection.commit()
    except BaseException:
        connection.rollback()
        raise


def unlinked(connection: duckdb.DuckDBPyConnection) -> int:
    """How many resolutions name an article that does not exist: they pair with nothing."""
    return count(
        connection,
        "select count(*) from nightshift_staging.stg_resolutions "
        "where article_id not in (select article_id from nightshift_marts.articles)",
    )


def touched(connection: duckdb.DuckDBPyConnection) -> int:
    """How many tickets and articles may read differently than in the last build."""
    tickets = count(connection, "select count(*) from nightshift_staging.touched_tickets")
    return tickets + count(connection, "select count(*) from nightshift_staging.touched_articles")
