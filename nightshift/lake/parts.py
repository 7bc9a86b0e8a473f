"""Writes parts and quarantines: equal rows give equal Parquet files, and so equal digests."""

from datetime import datetime

import pyarrow as pa
import pyarrow.parquet as pq

from nightshift.lake.validate import BadRow
from nightshift.schema import TABLES, Kind
from nightshift.sources.readers import Row
from nightshift.store import Store

QUARANTINE = pa.schema([("row", pa.int64()), ("reason", pa.string()), ("fields", pa.string())])


def put_part(store: Store, table: str, rows: list[Row]) -> str:
    """Store rows, already sorted, as a Parquet part of `table`; returns its digest. Raises StoreFull."""
    schema = TABLES[table].schema
    columns = [pa.array((row[name] for row in rows), type=schema.field(name).type) for name in schema.names]
    return store.put(_parquet(pa.table(columns, schema=schema)))


def put_quarantine(store: Store, bad: list[BadRow]) -> str:
    """Store bad rows as a Parquet file (row, reason, fields); returns its digest, '' when there are none."""
    if not bad:
        return ""
    ordered = sorted(bad, key=lambda row: (row.number, row.reason, row.fields))
    rows = [{"row": row.number, "reason": row.reason, "fields": row.fields} for row in ordered]
    return store.put(_parquet(pa.Table.from_pylist(rows, schema=QUARANTINE)))


def newest(table: str, rows: list[Row]) -> str:
    """The latest time in any time column, as 2026-01-05T08:00:00Z; '' without rows."""
    columns = [name for name, column in TABLES[table].columns.items() if column.kind is Kind.TIME]
    times = [time for row in rows for name in columns if isinstance(time := row[name], datetime)]
    return f"{max(times).isoformat(timespec='seconds')}Z" if times else ""


def _parquet(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    data: bytes = sink.getvalue().to_pybytes()
    return data
