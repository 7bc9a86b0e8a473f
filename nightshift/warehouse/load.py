"""Bring the raw tables to a snapshot: load the parts that came, mark the parts that left.

A part is one raw object's rows in one version, e.g. `tickets/night-0004.jsonl.gz#5f0c...`. A part that left
stays until the marts have followed (`settle`), so that they know which keys to compute again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from nightshift.errors import WarehouseError
from nightshift.lake import Part
from nightshift.progress import track
from nightshift.store import Store
from nightshift.warehouse.duckdb import LOADED, count

ROWS_AT_ONCE = 200_000


@dataclass(frozen=True)
class Loaded:
    """What loading did, in parts; `pending` are all that came or left since the marts were last built."""

    parts: int
    came: int
    left: int
    pending: int


def load(connection: duckdb.DuckDBPyConnection, tables: Mapping[str, Sequence[Part]], store: Store) -> Loaded:
    """Make the raw tables hold exactly `tables`, in one transaction. Raises WarehouseError, MissingObject."""
    wanted = {
        (table, f"{part.object}#{part.digest}"): part.digest
        for table in LOADED
        for part in tables.get(table, ())
        if part.rows
    }
    state = {
        (table, part): state
        for table, part, state in connection.execute(
            "select table_name, part, state from nightshift_raw.parts"
        ).fetchall()
    }
    came = sorted(wanted.keys() - state.keys())
    back = sorted(key for key in wanted.keys() & state.keys() if state[key] == "gone")
    left = sorted(key for key in state.keys() - wanted.keys() if state[key] != "gone")
    connection.begin()
    try:
        _mark(connection, back, "new")
        _mark(connection, left, "gone")
        _append(connection, {key: wanted[key] for key in came}, store, datetime.now(UTC))
        connection.commit()
    except BaseException:
        connection.rollback()
        raise
    pending = count(connection, "select count(*) from nightshift_raw.parts where state <> 'kept'")
    return Loaded(len(wanted), len(came) + len(back), len(left), pending)


def mark_processed(connection: duckdb.DuckDBPyConnection) -> None:
    """The marts have followed: forget the rows of parts that left, and keep the others. Call it in a transaction."""
    for table in LOADED:
        connection.execute(
            f"delete from nightshift_raw.{table} where part in "  # noqa: S608 - a name from LOADED
            "(select part from nightshift_raw.parts where table_name = ? and state = 'gone')",
            [table],
        )
    connection.execute("delete from nightshift_raw.parts where state = 'gone'")
    connection.execute("update nightshift_raw.parts set state = 'kept' where state = 'new'")


def read_part(table: str, part: str, digest: str, store: Store, now: datetime) -> pa.Table:
    """The rows of one part with the columns of `LOADED[table]`, its name, and each row's place in it."""
    schema = LOADED[table]
    path = store.path(digest)
    missing = [name for name in schema.names if name not in pq.read_schema(path).names]
    if missing:
        raise WarehouseError(
            f"a part of {table} has no column {', '.join(missing)}",
            "the lake was written by another version: ingest into a new store",
        )
    rows = pq.read_table(path, columns=schema.names).select(schema.names).cast(schema)
    return (
        rows.append_column("part", pa.repeat(part, len(rows)))
        .append_column("part_row", pa.array(range(len(rows)), pa.int64()))
        .append_column("loaded_at", pa.repeat(pa.scalar(now.replace(tzinfo=None), pa.timestamp("us")), len(rows)))
    )


def _mark(connection: duckdb.DuckDBPyConnection, keys: Sequence[tuple[str, str]], state: str) -> None:
    for table, part in keys:
        connection.execute(
            "update nightshift_raw.parts set state = ? where table_name = ? and part = ?", [state, table, part]
        )


def _append(
    connection: duckdb.DuckDBPyConnection, parts: Mapping[tuple[str, str], str], store: Store, now: datetime
) -> None:
    if parts:
        connection.executemany("insert into nightshift_raw.parts values (?, ?, 'new')", [list(key) for key in parts])
    told = track(parts.items(), "warehouse: loading", len(parts), "parts")
    for table, of_table in groupby(told, key=lambda item: item[0][0]):
        batch: list[pa.Table] = []
        for (_, part), digest in of_table:
            batch.append(read_part(table, part, digest, store, now))
            if sum(map(len, batch)) >= ROWS_AT_ONCE:
                _insert(connection, table, batch)
                batch = []
        if batch:
            _insert(connection, table, batch)


def _insert(connection: duckdb.DuckDBPyConnection, table: str, batch: Sequence[pa.Table]) -> None:
    rows = pa.concat_tables(batch)
    connection.register("batch", rows)
    connection.execute(f"insert into nightshift_raw.{table} by name select * from batch")  # noqa: S608 - a name from LOADED
    connection.unregister("batch")
