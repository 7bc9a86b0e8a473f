"""The warehouse file, and the tables that Nightshift keeps in it beside the marts.

nightshift_raw.{articles,tickets,answers,resolutions}   rows of the lake, each with its part
nightshift_raw.parts                                    which parts are loaded, and the state of each
nightshift_raw.build                                    one row: what the marts were last built with
nightshift_staging.*, nightshift_marts.*                made by dbt
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.resources import files
from pathlib import Path
from urllib.parse import urlsplit

import duckdb
import pyarrow as pa

from nightshift.errors import SettingsError, StoreFull, WarehouseError
from nightshift.schema import TABLES
from nightshift.store.atomic import raise_store_full

# The tables of the lake that are loaded, without the columns that no mart reads. Orders and customers are not loaded.
RAW_TABLES = {
    name: pa.schema(
        [(field.name, field.type) for field in TABLES[name].schema if field.name not in {"customer", "status"}]
    )
    for name in ("articles", "tickets", "answers", "resolutions")
}


@cache
def read_sql(package: str, name: str) -> str:
    """The statements of `name`.sql beside the modules of `package`."""
    return files(package).joinpath(f"{name}.sql").read_text(encoding="utf-8")


def warehouse_file(url: str) -> Path:
    """The file behind duckdb://path. Raises SettingsError for any other scheme."""
    parts = urlsplit(url)
    if parts.scheme != "duckdb" or not parts.path:
        raise SettingsError(
            f"there is no warehouse adapter for {parts.scheme or url!r}", "use duckdb:///folder/warehouse.duckdb"
        )
    return Path(parts.netloc + parts.path).absolute()


@contextmanager
def connect(file: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The warehouse with its raw tables, locked against other processes.

    dbt opens the same database from within this process, so the lock spans the whole transform. Raises WarehouseError
    when another process holds the file, it cannot be read or a statement fails, StoreFull when the disk is full.
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
        connection.execute(read_sql(__package__, "create_tables"))
        yield connection
    except duckdb.Error as error:
        # The message of an engine can quote a row, so neither it nor the error itself is passed on.
        if "no space left" in str(error).lower():
            raise StoreFull(
                f"no space left while writing {file}",
                "free some space and run the night again; nothing is half written",
            ) from None
        raise WarehouseError(
            f"the warehouse {file} failed: {type(error).__name__}",
            "run again; if it fails again, delete the file: it is a cache of the lake and is built anew",
        ) from None
    finally:
        connection.close()


@contextmanager
def transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Commit the statements of the block together, or none of them when it raises."""
    connection.begin()
    try:
        yield
        connection.commit()
    except BaseException:
        connection.rollback()
        raise


def count(connection: duckdb.DuckDBPyConnection, name: str) -> int:
    """The one number that the statement `name`.sql of this package selects."""
    row = connection.execute(read_sql(__package__, name)).fetchone()
    return int(row[0]) if row else 0
