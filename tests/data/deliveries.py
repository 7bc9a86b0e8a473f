"""A small lake for the tests of the warehouse: tables as dictionaries, stored as the parts of a snapshot."""

import io
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from nightshift.lake import Manifest, Part, snapshot_of
from nightshift.schema import TABLES
from nightshift.settings import Settings
from nightshift.store.local import FileStore

START = datetime(2026, 1, 1)  # noqa: DTZ001 - the lake's times are UTC without a zone
DEFAULTS = {pa.string(): "", pa.bool_(): False, pa.timestamp("us"): START, pa.int64(): 0}


def day(number, hour=9):
    """An hour of a day of January 2026."""
    return START + timedelta(days=number - 1, hours=hour)


def ticket(name, created, text=None, **columns):
    body = text if text is not None else f"Question number {name} about parcels"
    return {"ticket_id": name, "created_at": created, "updated_at": created, "body": body, **columns}


def article(name, **columns):
    return {"article_id": name, "title": f"About {name}", "body": f"How {name} works.", **columns}


def resolved(name, article_id, time):
    return {"ticket_id": name, "article_id": article_id, "resolved_at": time}


def answer(name, ticket_id, time, **columns):
    facts = {"created_at": time, "updated_at": time, "body": f"Answer {name}", "by_helper": True, "accepted": True}
    return {"answer_id": name, "ticket_id": ticket_id, **facts, **columns}


def snapshot(store, objects):
    """A snapshot of `objects`: {'tickets/night-1': {'tickets': [rows]}, ...}."""
    tables = {name: [] for name in TABLES}
    for name, content in sorted(objects.items()):
        for table, rows in content.items():
            schema = pa.schema(
                [(field.name, field.type) for field in TABLES[table].schema]
            )  # nulls are allowed, for tests of bad rows
            filled = [{field.name: row.get(field.name, DEFAULTS[field.type]) for field in schema} for row in rows]
            tables[table].append(part(store, name, pa.Table.from_pylist(filled, schema)))
    return snapshot_of(store, Manifest({name: tuple(parts) for name, parts in tables.items()}), "2026-01-31T00:00:00Z")


def part(store, name, rows):
    """`rows` as the part of the raw object `name`."""
    data = io.BytesIO()
    pq.write_table(rows, data)
    digest = store.put(data.getvalue())
    return Part(object=name, raw=digest, digest=digest, rows=len(rows), newest="")


def place(folder: Path) -> tuple[FileStore, Settings]:
    """A store and settings whose state lies in `folder`."""
    settings = Settings.from_env({"NIGHTSHIFT_HOME": str(folder / "home")})
    return FileStore(folder / "store"), settings


def shop():
    """Ten tickets on ten days, one a day, each resolved a day later by one of two articles."""
    names = [f"t{number:02}" for number in range(1, 11)]
    return {
        "articles/delivery.md": {"articles": [article("delivery")]},
        "articles/returns.md": {"articles": [article("returns")]},
        "night-1": {
            "tickets": [ticket(name, day(number)) for number, name in enumerate(names, 1)],
            "resolutions": [
                resolved(name, ("delivery", "returns")[number % 2], day(number + 1))
                for number, name in enumerate(names, 1)
            ],
            "answers": [answer(f"a{name}", name, day(number + 1)) for number, name in enumerate(names, 1)],
        },
    }
