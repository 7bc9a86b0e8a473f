"""The warehouse file and what Nightshift keeps in it beside the marts.

nightshift_raw.{articles,tickets,answers,resolutions}   rows of the lake, each with its part
nightshift_raw.parts                                    which parts are loaded, and their state
nightshift_raw.build                                    one row: what the marts were built with
nightshift_staging.*, nightshift_marts.*                made by dbt
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import duckdb
import pyarrow as pa

from nightshift.errors import SettingsError, StoreFull, WarehouseError
from nightshift.schema import TABLES
from nightshift.store.atomic import raise_store_full

# What the marts read. Orders and customers stay in the lake, and so do the tickets' pseudonyms.
LOADED = {
    name: pa.schema(
        [(field.name, field.type) for field in TABLES[name].schema if field.name not in {"customer", "status"}]
    )
    for name in ("articles", "tickets", "answers", "resolutions")
}

_SQL_TYPES = {pa.string(): "varchar", pa.bool_(): "boolean", pa.timestamp("us"): "timestamp"}


def warehouse_file(url: str) -> Path:
    """The file behind duckdb://path; SettingsError for a scheme nobody speaks."""
    parts = urlsplit(url)
    if parts.scheme != "duckdb" or not parts.path:
        raise SettingsError(f"no warehouse speaks {parts.scheme or url!r}", "use duckdb:///folder/warehouse.duckdb")
    return Path(parts.netloc + parts.path).absolute()


@contextmanager
def opened(file: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The warehouse for this process alone; WarehouseError when another holds it or it cannot be read.

    dbt joins the same database from within this process, so the lock spans the whole transform.
    """
    with raise_store_full(file.parent):
        file.parent.mkdir(parents=True, exist_ok=True)
    try:
        connection = duckdb.connect(str(file))
    except duckdb.Error as error:
        if "could not set lock" in str(error).lower():
            raise WarehouseError(
                f"another night is using the warehouse {file}",
                "wait until it has ended and run again, or give this night its own NIGHTSHIFT_WAREHOUSE",
            ) from error
        raise WarehouseError(
            f"the warehouse {file} cannot be opened",
            "check the disk; the file is a cache of the lake, so it may be deleted and is then built anew",
        ) from error
    try:
        _create(connection)
        yield connection
    except duckdb.Error as error:
        # The message of an engine can quote a row, so neither it nor the error itself goes further.
        if "no space left" in str(error).lower():
            raise StoreFull(
                f"no space left while writing {file}",
                "free some space and run the night again; nothing is half written",
            ) from None
        raise WarehouseError(
            f"the warehouse {file} failed: {type(error).__name__}",
            "run again; if it stays, delete the file: it is a cache of the lake and is built anew",
        ) from None
    finally:
        connection.close()


def _create(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("create schema if not exists nightshift_raw")
    for table, schema in LOADED.items():
        columns = ", ".join(f"{field.name} {_SQL_TYPES[field.type]}" for field in schema)
        connection.execute(
            f"create table if not exists nightshift_raw.{table} ({columns}, part varchar, part_row bigint, loaded_at timestamp)"
        )
    connection.execute(
        "create table if not exists nightshift_raw.parts (table_name varchar, part varchar, state varchar)"
    )
    connection.execute(
        "create table if not exists nightshift_raw.build "
        "(split_at varchar, min_words bigint, code varchar, features varchar, counts varchar)"
    )


def count(connection: duckdb.DuckDBPyConnection, sql: str) -> int:
    """The one number that `sql` selects."""
    row = connection.execute(sql).fetchone()
    return int(row[0]) if row else 0
