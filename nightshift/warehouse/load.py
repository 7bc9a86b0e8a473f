"""Bring the raw tables to a snapshot: load the added parts, mark the removed ones.

A part is the rows of one raw object in one version, e.g. `tickets/night-0004.jsonl.gz#5f0c...`. The rows of a removed
part stay until the marts have followed (`mark_processed`), because they name the keys to compute again.
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
from nightshift.warehouse.duckdb import RAW_TABLES, count, read_sql, transaction

BATCH_ROWS = 200_000


@dataclass(frozen=True)
class Loaded:
    """Numbers of parts: in the snapshot, added, removed, and `pending`: changed since the marts were last built."""

    parts: int
    added: int
    removed: int
    pending: int


def load(connection: duckdb.DuckDBPyConnection, tables: Mapping[str, Sequence[Part]], store: Store) -> Loaded:
    """Make the raw tables hold the rows of `tables`, in one transaction. Raises WarehouseError, MissingObject."""
    wanted = {
        (table, f"{part.object}#{part.digest}"): part.digest
        for table in RAW_TABLES
        for part in tables.get(table, ())
        if part.rows
    }
    states = {
        (table, part): state
        for table, part, state in connection.execute(read_sql(__package__, "select_parts")).fetchall()
    }
    added = sorted(wanted.keys() - states.keys())
    returned = sorted(key for key in wanted.keys() & states.keys() if states[key] == "removed")
    removed = sorted(key for key in states.keys() - wanted.keys() if states[key] != "removed")
    with transaction(connection):
        _update_states(connection, returned, "new")
        _update_states(connection, removed, "removed")
        _append(connection, {key: wanted[key] for key in added}, store, datetime.now(UTC))
    return Loaded(len(wanted), len(added) + len(returned), len(removed), count(connection, "count_pending_parts"))


def mark_processed(connection: duckdb.DuckDBPyConnection) -> None:
    """Delete the rows of removed parts and mark the others as processed. Call it in a transaction."""
    connection.execute(read_sql(__package__, "mark_processed"))


def read_part(table: str, part: str, digest: str, store: Store, now: datetime) -> pa.Table:
    """The rows of one part: the columns of `RAW_TABLES[table]`, the name of the part, the place of each row in it.

    Raises WarehouseError when a column is missing, MissingObject.
    """
    schema = RAW_TABLES[table]
    path = store.path(digest)
    columns = pq.read_schema(path).names
    missing = [name for name in schema.names if name not in columns]
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


def _update_states(connection: duckdb.DuckDBPyConnection, keys: Sequence[tuple[str, str]], state: str) -> None:
    for table, part in keys:
        parameters = {"table_name": table, "part": part, "state": state}
        connection.execute(read_sql(__package__, "update_part_state"), parameters)


def _append(
    connection: duckdb.DuckDBPyConnection, parts: Mapping[tuple[str, str], str], store: Store, now: datetime
) -> None:
    for table, part in parts:
        connection.execute(read_sql(__package__, "insert_part"), {"table_name": table, "part": part})
    tracked = track(parts.items(), "warehouse: loading", len(parts), "parts")
    for table, parts_of_table in groupby(tracked, key=lambda item: item[0][0]):
        batch: list[pa.Table] = []
        for (_, part), digest in parts_of_table:
            batch.append(read_part(table, part, digest, store, now))
            if sum(map(len, batch)) >= BATCH_ROWS:
                _insert(connection, table, batch)
                batch = []
        if batch:
            _insert(connection, table, batch)


def _insert(connection: duckdb.DuckDBPyConnection, table: str, batch: Sequence[pa.Table]) -> None:
    raw_table = f"nightshift_raw.{table}"
    rows = pa.concat_tables(batch).select(connection.table(raw_table).columns)
    connection.from_arrow(rows).insert_into(raw_table)
