"""The eight tables of the lake, to which every source is mapped; the warehouse reads the same definition.

    TABLES["resolutions"].keys -> ("ticket_id", "article_id")

Times are UTC with microseconds and no zone, ids are strings, and nothing is null: an unknown value is ''.
"""

from dataclasses import dataclass
from enum import Enum
from functools import cached_property

import pyarrow as pa


class Kind(Enum):
    """The kind of a column decides how it is parsed, validated and redacted."""

    ID = "id"
    CUSTOMER = "customer"  # a person: stored as a keyed pseudonym only
    TIME = "time"
    TEXT = "text"  # written by people: redacted
    LABEL = "label"
    FLAG = "flag"
    CENTS = "cents"
    HIDDEN = "hidden"  # secret words: stored as a keyed pseudonym only


ARROW = {
    Kind.ID: pa.string(),
    Kind.CUSTOMER: pa.string(),
    Kind.TIME: pa.timestamp("us"),
    Kind.TEXT: pa.string(),
    Kind.LABEL: pa.string(),
    Kind.FLAG: pa.bool_(),
    Kind.CENTS: pa.int64(),
    Kind.HIDDEN: pa.string(),
}


@dataclass(frozen=True)
class Column:
    """A column of a table. A required one must have a value in every row; others may be ''."""

    kind: Kind
    required: bool = True


@dataclass(frozen=True)
class Table:
    """A table of the lake: its primary key and its columns, in the order in which they are stored."""

    name: str
    keys: tuple[str, ...]
    columns: dict[str, Column]

    @cached_property
    def schema(self) -> pa.Schema:
        """The Arrow schema of its parts."""
        return pa.schema([pa.field(name, ARROW[column.kind], nullable=False) for name, column in self.columns.items()])


def _table(name: str, keys: tuple[str, ...], **columns: Column) -> Table:
    return Table(name, keys, columns)


ID, CUSTOMER, TIME, TEXT = Column(Kind.ID), Column(Kind.CUSTOMER), Column(Kind.TIME), Column(Kind.TEXT)
FLAG, CENTS, HIDDEN = Column(Kind.FLAG), Column(Kind.CENTS), Column(Kind.HIDDEN)
MAYBE_CUSTOMER, MAYBE_TEXT, LABEL = (Column(kind, required=False) for kind in (Kind.CUSTOMER, Kind.TEXT, Kind.LABEL))

TABLES = {
    table.name: table
    for table in (
        _table(
            "articles", ("article_id",), article_id=ID, title=TEXT, body=TEXT, url=LABEL, topic=LABEL, updated_at=TIME
        ),
        _table(
            "tickets",
            ("ticket_id",),
            ticket_id=ID,
            created_at=TIME,
            updated_at=TIME,
            customer=MAYBE_CUSTOMER,
            subject=MAYBE_TEXT,
            body=TEXT,
            intent=LABEL,
            status=LABEL,
        ),
        _table(
            "answers",
            ("answer_id",),
            answer_id=ID,
            ticket_id=ID,
            created_at=TIME,
            updated_at=TIME,
            body=TEXT,
            by_helper=FLAG,
            accepted=FLAG,
        ),
        _table("resolutions", ("ticket_id", "article_id"), ticket_id=ID, article_id=ID, resolved_at=TIME),
        _table(
            "orders",
            ("order_id",),
            order_id=ID,
            customer=MAYBE_CUSTOMER,
            status=LABEL,
            placed_at=TIME,
            updated_at=TIME,
            total_cents=CENTS,
            item=LABEL,
        ),
        _table("customers", ("customer",), customer=CUSTOMER, country=LABEL, since=TIME),
        # Every release is evaluated on these two; nothing is trained on them.
        _table(
            "golden",
            ("question_id",),
            question_id=ID,
            question=TEXT,
            article_id=LABEL,
            unlike=LABEL,
            must_contain=MAYBE_TEXT,
            polarity=LABEL,
        ),
        _table("canaries", ("canary_id",), canary_id=ID, prompt=TEXT, secret=HIDDEN),
    )
}
