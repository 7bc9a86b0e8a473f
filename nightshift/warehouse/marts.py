"""The marts as Parquet in the store: one file each, sorted by key, the same bytes for the same rows.

digest, rows = export(connection, store, settings.home / "dbt" / "export")    # '77ab...', {'articles': 70, ...}
read_mart(store, features, "training_pairs")                                  # -> pyarrow.Table
"""

import tempfile
from itertools import groupby
from operator import itemgetter
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from nightshift.artifacts import Features
from nightshift.errors import WarehouseError
from nightshift.store import Store
from nightshift.store.atomic import raise_store_full

_TIME = pa.timestamp("us")

# The columns that other stages may use. Rows are sorted by ticket_id and article_id, whichever of them a mart has.
MARTS = {
    "articles": pa.schema(
        {
            "article_id": pa.string(),
            "title": pa.string(),
            "body": pa.string(),
            "url": pa.string(),
            "topic": pa.string(),
            "updated_at": _TIME,
        }
    ),
    "tickets": pa.schema(
        {
            "ticket_id": pa.string(),
            "created_at": _TIME,
            "subject": pa.string(),
            "body": pa.string(),
            "text": pa.string(),
            "intent": pa.string(),
            "n_words": pa.int64(),
            "split": pa.string(),
        }
    ),
    "training_pairs": pa.schema(
        {
            "ticket_id": pa.string(),
            "created_at": _TIME,
            "text": pa.string(),
            "article_id": pa.string(),
            "intent": pa.string(),
        }
    ),
    "unresolved": pa.schema(
        {"ticket_id": pa.string(), "created_at": _TIME, "text": pa.string(), "split": pa.string()},
    ),
    "generator_examples": pa.schema(
        {
            "ticket_id": pa.string(),
            "created_at": _TIME,
            "question": pa.string(),
            "article_id": pa.string(),
            "answer": pa.string(),
        }
    ),
    "eval_questions": pa.schema(
        {
            "ticket_id": pa.string(),
            "created_at": _TIME,
            "text": pa.string(),
            "article_ids": pa.list_(pa.string()),
            "intent": pa.string(),
        }
    ),
    "eval_replies": pa.schema({"ticket_id": pa.string(), "created_at": _TIME, "reply": pa.string()}),
}


def export(connection: duckdb.DuckDBPyConnection, store: Store, work_folder: Path) -> tuple[str, dict[str, int]]:
    """Put every mart into the store; the digest of the tree, and the number of rows of each mart."""
    rows: dict[str, int] = {}
    with raise_store_full(work_folder):
        work_folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=work_folder) as folder:
            for name in MARTS:
                table = mart(connection, name)
                rows[name] = len(table)
                pq.write_table(table, Path(folder) / f"{name}.parquet", compression="zstd")
            return store.put_tree(Path(folder)), rows


def mart(connection: duckdb.DuckDBPyConnection, name: str) -> pa.Table:
    """One mart in the warehouse with the columns of `MARTS[name]`, sorted by its key."""
    if name == "eval_questions":
        return group_questions(_select(connection, name, ["ticket_id", "article_id", "created_at", "text", "intent"]))
    return _select(connection, name, MARTS[name].names).cast(MARTS[name])


def _select(connection: duckdb.DuckDBPyConnection, name: str, columns: list[str]) -> pa.Table:
    keys = [column for column in ("ticket_id", "article_id") if column in columns]
    table = connection.table(f"nightshift_marts.{name}")
    return table.project(", ".join(columns)).order(", ".join(keys)).to_arrow_table()


def group_questions(links: pa.Table) -> pa.Table:
    """One row per ticket with the list of its articles, from one row per ticket and article, sorted by both.

    The lists are made here because their SQL differs from engine to engine.
    """
    groups = [list(group) for _, group in groupby(links.to_pylist(), key=itemgetter("ticket_id"))]
    rows = [{**group[0], "article_ids": [row["article_id"] for row in group]} for group in groups]
    schema = MARTS["eval_questions"]
    return pa.table({name: pa.array([row[name] for row in rows], schema.field(name).type) for name in schema.names})


def read_mart(store: Store, features: Features, name: str) -> pa.Table:
    """One mart of `features`, with the columns of `MARTS[name]`. Raises WarehouseError, MissingObject."""
    files = store.tree(features.digest)
    if f"{name}.parquet" not in files:
        raise WarehouseError(f"there is no mart {name!r}", f"use one of: {', '.join(MARTS)}")
    return pq.read_table(store.path(files[f"{name}.parquet"]))
