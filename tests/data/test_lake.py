"""The lake: what a delivery becomes, what a second night reads, and what stops it."""

import hashlib
import json
from datetime import UTC, datetime

import pyarrow.parquet as pq
import pytest

from nightshift.errors import (
    CorruptObject,
    EmptyDelivery,
    MappingError,
    MissingColumn,
    NightOutOfOrder,
    StoreFull,
    TooManyBadRows,
    UnreadableFile,
)
from nightshift.lake import ingest, read_ledger, read_manifest
from nightshift.settings import Settings
from nightshift.sources import SourceObject
from nightshift.sources.mapping import parse_mapping
from nightshift.store import open_store

TICKETS = {"ticket_id": "id", "created_at": "at", "updated_at": "changed", "customer": "who", "body": "text"}
TABLES = {"tickets": {"files": "tickets/*.jsonl", "columns": TICKETS}}


class Delivery:
    """A source in memory, which remembers what was read from it."""

    url = key = "memory"

    def __init__(self, tables=None, night=1, **objects):
        self.mapping = parse_mapping({"tables": tables or TABLES}, "memory.yaml")
        self.night = night
        self.content = {f"tickets/{name}.jsonl": lines(*rows) for name, rows in objects.items()}
        self.read_names = []

    def as_of(self):
        return datetime(2026, 1, 1 + self.night, tzinfo=UTC) if self.night else None

    def objects(self):
        return [
            SourceObject(name, hashlib.md5(data).hexdigest(), len(data)) for name, data in sorted(self.content.items())
        ]

    def read(self, name):
        self.read_names.append(name)
        return self.content[name]


def lines(*rows):
    return b"".join(row if isinstance(row, bytes) else json.dumps(row).encode() + b"\n" for row in rows)


def ticket(number, **more):
    return {
        "id": number,
        "at": "2026-01-01T10:00:00Z",
        "changed": "2026-01-01T10:00:00Z",
        "who": "",
        "text": "x",
    } | more


@pytest.fixture
def store(tmp_path):
    return open_store(f"file://{tmp_path}/store")


@pytest.fixture
def settings():
    return Settings.from_env({"NIGHTSHIFT_PSEUDONYM_KEY": "key"})


@pytest.fixture
def night(store, settings):
    return lambda delivery, settings=settings: ingest(delivery, store, settings)


def rows_of(store, snapshot, table="tickets"):
    parts = read_manifest(store, snapshot.digest).tables[table]
    return [row for part in parts for row in pq.read_table(store.path(part.digest)).to_pylist()]


def quarantine_of(store, snapshot, table="tickets"):
    parts = read_manifest(store, snapshot.digest).tables[table]
    return [row for part in parts if part.quarantine for row in pq.read_table(store.path(part.quarantine)).to_pylist()]


def refs(store):
    return {path.name: path.read_text() for path in (store.root / "refs").rglob("*") if path.is_file()}


def test_a_delivery_becomes_typed_redacted_sorted_rows(store, night):
    """Ids are strings, times UTC, customers pseudonyms, texts redacted, and rows in the order of their key."""
    snapshot, work = night(
        Delivery(
            a=[
                ticket(20, at="2026-01-01T12:00:00+02:00", who="K-1", text="I am ann@example.org, 4111111111111111"),
                ticket(10, who="K-1", text="  two\r\nlines "),
            ]
        )
    )
    first, second = rows_of(store, snapshot)
    assert (first["ticket_id"], second["ticket_id"]) == ("10", "20")
    assert second["created_at"] == datetime(2026, 1, 1, 10)  # noqa: DTZ001 (the lake keeps UTC without a zone)
    assert first["customer"] == second["customer"]
    assert first["customer"].startswith("c_")
    assert second["body"] == "I am [EMAIL], [CARD]"
    assert first["body"] == "two\nlines"
    assert (first["intent"], first["status"], first["subject"]) == ("", "", "")
    assert (work.objects, work.new, work.rows_read, work.redacted) == (1, 1, 2, {"CARD": 1, "EMAIL": 1})
    assert snapshot.rows["tickets"] == 2
    assert snapshot.as_of == "2026-01-02T00:00:00Z"


def test_no_raw_personal_data_reaches_the_store(store, night):
    """Neither good nor bad rows leave a customer id, an address or an unmapped column anywhere in the store."""
    night(
        Delivery(
            a=[
                ticket(1, who="KUNDE-77", text="ann@example.org", name="Ann Unmapped"),
                ticket(2, who="KUNDE-77", text="bob@example.org", at="when bob@example.org called"),
                b'{"id": 3, "who": "KUNDE-77", "text": "eve@example.org"\n',
            ]
        )
    )
    for path in store.root.rglob("*"):
        if not path.is_file():
            continue
        text = path.read_bytes()
        if text[:4] == b"PAR1":
            text = str(pq.read_table(path).to_pylist()).encode()
        for secret in (b"KUNDE-77", b"example.org", b"Unmapped"):
            assert secret not in text


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (ticket(""), "missing key"),
        (ticket(None), "missing key"),
        (ticket({"a": 1}), "missing key"),
        (ticket([1]), "wrong type"),
        (ticket(2, at="yesterday"), "unparsable time"),
        (ticket(2, at=None), "unparsable time"),
        (ticket(2, at="0001-01-01T00:00:00Z"), "unparsable time"),
        (ticket(2, at=True), "wrong type"),
        (ticket(2, text="  \n"), "empty text"),
        (ticket(2, text=None), "empty text"),
        (ticket(2, text=17), "wrong type"),
        (ticket(2, text=["a"]), "wrong type"),
        (ticket(1), "duplicate"),
        (ticket(2, text="\ud83d"), "not valid UTF-8"),
        (b'{"id": "\xff"}\n', "not valid UTF-8"),
        (b"{\n", "not a JSON object"),
    ],
)
def test_a_bad_row_goes_to_quarantine_with_its_reason(store, night, bad, reason):
    """It is counted everywhere, and where it stood is known; the good rows go on."""
    snapshot, work = night(Delivery(a=[ticket(1), bad, ticket(3)]))
    assert [row["ticket_id"] for row in rows_of(store, snapshot)] == ["1", "3"]
    assert [(row["row"], row["reason"]) for row in quarantine_of(store, snapshot)] == [(2, reason)]
    assert work.quarantined == read_manifest(store, snapshot.digest).reasons == {reason: 1}
    assert snapshot.quarantined == {"tickets": 1}


def test_a_broken_row_counts_once(night):
    """A line that no table can read is one bad row, however many tables read the file."""
    both = TABLES | {"customers": {"files": "tickets/*.jsonl", "columns": {"customer": "id", "since": "at"}}}
    snapshot, work = night(Delivery(both, a=[ticket(1), b"{\n", ticket(2)]))
    assert work.quarantined == {"not a JSON object": 1}
    assert snapshot.rows["customers"] == 2


def test_a_default_that_does_not_fit_is_a_mistake_of_the_mapping(night):
    """It is told before any row is blamed for it."""
    tables = {"tickets": TABLES["tickets"] | {"defaults": {"updated_at": "some day"}}}
    with pytest.raises(MappingError, match=r"tickets\.updated_at"):
        night(Delivery(tables, a=[ticket(1)]))


def test_of_two_rows_with_one_key_the_later_stays(store, night):
    """Whatever their order in the file, the newest edit is kept and the other is counted as a duplicate."""
    edits = [ticket(1, text="old"), ticket(1, text="new", changed="2026-01-01T11:00:00Z")]
    for order in (edits, edits[::-1]):
        snapshot, work = night(Delivery(a=order))
        assert [row["body"] for row in rows_of(store, snapshot)] == ["new"]
        assert work.quarantined == {"duplicate": 1}


def test_one_key_in_two_objects_is_a_late_edit(store, night):
    """Both rows are kept: which one counts is decided when the lake is transformed."""
    snapshot, work = night(Delivery(a=[ticket(1)], b=[ticket(1, text="edited")]))
    assert [row["body"] for row in rows_of(store, snapshot)] == ["x", "edited"]
    assert work.quarantined == {}


def test_a_second_night_reads_only_what_changed(store, night):
    """Unchanged objects are not read; a changed one is, a new one is, and a deleted one leaves the manifest."""
    before, _ = night(Delivery(kept=[ticket(1)], edited=[ticket(2)], gone=[ticket(3)]))
    second = Delivery(night=2, kept=[ticket(1)], edited=[ticket(2, text="y")], fresh=[ticket(4)])
    after, work = night(second)
    assert second.read_names == ["tickets/edited.jsonl", "tickets/fresh.jsonl"]
    assert (work.objects, work.new, work.changed, work.deleted) == (3, 1, 1, 1)
    assert [row["ticket_id"] for row in rows_of(store, after)] == ["2", "4", "1"]
    assert sorted(row["ticket_id"] for row in rows_of(store, before)) == ["1", "2", "3"], "old snapshots stay readable"


def test_the_digest_follows_the_content_alone(tmp_path, night, settings):
    """A night with nothing new keeps the version, and another store comes to the same one, whatever the history."""
    first, _ = night(Delivery(a=[ticket(1)], b=[ticket(2)]))
    quiet, work = night(Delivery(night=2, a=[ticket(1)], b=[ticket(2)]))
    elsewhere = open_store(f"file://{tmp_path}/elsewhere")
    ingest(Delivery(night=1, a=[ticket(9)]), elsewhere, settings)
    other, _ = ingest(Delivery(night=2, a=[ticket(1)], b=[ticket(2)]), elsewhere, settings)
    assert first.digest == quiet.digest == other.digest
    assert (quiet.as_of, work.rows_read) == ("2026-01-03T00:00:00Z", 0)
    assert quiet == other


@pytest.mark.parametrize("what", ["mapping", "key", "redaction", "cleaning"])
def test_changed_rules_read_everything_again(night, monkeypatch, what):
    """Parts made under another mapping, key or code are not reused."""
    night(Delivery(a=[ticket(1)]))
    tables, settings = TABLES, Settings.from_env({"NIGHTSHIFT_PSEUDONYM_KEY": "other" if what == "key" else "key"})
    if what == "mapping":
        tables = {"tickets": TABLES["tickets"] | {"defaults": {"status": "open"}}}
    elif what == "redaction":
        monkeypatch.setattr("nightshift.privacy.redact.VERSION", "next")
    elif what == "cleaning":
        monkeypatch.setattr("nightshift.lake.cleaning.VERSION", "next")
    again = Delivery(tables, a=[ticket(1)])
    night(again, settings)
    assert again.read_names == ["tickets/a.jsonl"]


def test_a_night_out_of_order_is_refused(store, night):
    """An older delivery than the lake holds changes nothing; the same one again is fine."""
    night(Delivery(night=3, a=[ticket(1)]))
    kept = refs(store)
    with pytest.raises(NightOutOfOrder, match="2026-01-03"):
        night(Delivery(night=2, a=[ticket(1), ticket(2)]))
    assert refs(store) == kept
    night(Delivery(night=3, a=[ticket(1), ticket(2)]))


def test_a_source_without_a_time_is_as_of_its_newest_row(night):
    """A folder cannot tell when it was delivered: the data does."""
    snapshot, _ = night(Delivery(night=None, a=[ticket(1, changed="2026-02-03T04:05:06Z")]))
    assert snapshot.as_of == "2026-02-03T04:05:06Z"


@pytest.mark.parametrize(
    ("good", "bad", "stops"), [(0, 21, True), (5, 20, False), (300, 21, True), (1000, 50, False), (1000, 53, True)]
)
def test_too_many_bad_rows_stop_the_night(store, night, good, bad, stops):
    """Twenty may always be bad, and beyond that one row in twenty; the message says which kind and where."""
    delivery = Delivery(a=[ticket(n) for n in range(good)] + [ticket("")] * bad)
    if not stops:
        assert night(delivery)[0].quarantined == {"tickets": bad}
        return
    with pytest.raises(TooManyBadRows) as caught:
        night(delivery)
    assert f"{bad} missing key" in caught.value.what
    assert f"missing key: tickets/a.jsonl row {good + 1}" in caught.value.cure
    assert not (store.root / "refs").exists()


def test_old_bad_rows_do_not_stop_a_later_night(night):
    """Only new rows are weighed: what was accepted stays accepted."""
    old = [ticket(n) for n in range(300)] + [ticket("")] * 15
    night(Delivery(a=old))
    snapshot, work = night(Delivery(night=2, a=old, b=[ticket(n) for n in range(300, 310)] + [ticket("")] * 15))
    assert work.quarantined == {"missing key": 15}
    assert snapshot.quarantined == {"tickets": 30}


@pytest.mark.parametrize(
    ("broken", "error"),
    [
        ({"tickets/b.jsonl": b'{"id": 1}\n'}, MissingColumn),
        ({"tickets/b.jsonl": b'\xff\xfe{\x00"\x00'}, UnreadableFile),
        ({"tickets/b.jsonl": b'[{"id": 1}]'}, UnreadableFile),
    ],
)
def test_a_broken_file_leaves_the_last_snapshot(store, night, broken, error):
    """Nothing is half written: after the failure the ledger points where it did, and a repaired night goes on."""
    night(Delivery(a=[ticket(1)]))
    kept = refs(store)
    delivery = Delivery(night=2, a=[ticket(1)])
    delivery.content |= broken
    with pytest.raises(error):
        night(delivery)
    assert refs(store) == kept
    assert night(Delivery(night=2, a=[ticket(1)], b=[ticket(2)]))[0].rows["tickets"] == 2


def test_empty_deliveries_are_refused(store, night):
    """No object, no matching file, no usable row: each says so, and the last snapshot stays."""
    with pytest.raises(EmptyDelivery, match=r"no file tickets/\*\.jsonl"):
        night(Delivery())
    with pytest.raises(EmptyDelivery, match="no usable row"):
        night(Delivery(a=[]))
    with pytest.raises(EmptyDelivery, match="1 empty text"):
        night(Delivery(a=[ticket(1, text="")]))
    night(Delivery(a=[ticket(1)]))
    kept = refs(store)
    with pytest.raises(EmptyDelivery, match="any more"):
        night(Delivery(night=2))
    assert refs(store) == kept


def test_a_table_that_no_file_matches_is_a_mistake(night):
    """A typing error in `files` is not taken for an empty table."""
    tables = TABLES | {"customers": {"files": "custmers/*.csv", "columns": {"customer": "id", "since": "at"}}}
    with pytest.raises(EmptyDelivery, match=r"custmers.*wanted by customers"):
        night(Delivery(tables, a=[ticket(1)]))


def test_no_space_leaves_the_last_snapshot(store, night, monkeypatch):
    """A full disk is told as such, and nothing points to what was not written."""
    night(Delivery(a=[ticket(1)]))
    kept = refs(store)

    def full(_data):
        raise StoreFull("no space left", "free some space")

    monkeypatch.setattr(store, "put", full)
    with pytest.raises(StoreFull):
        night(Delivery(night=2, a=[ticket(1)], b=[ticket(2)]))
    assert refs(store) == kept


def test_a_lost_part_is_made_again(store, night):
    """A part that was found corrupt is set aside, and the next night reads its object anew."""
    snapshot, _ = night(Delivery(a=[ticket(1)], b=[ticket(2)]))
    part = read_manifest(store, snapshot.digest).tables["tickets"][0]
    damaged = store._object(part.digest)
    damaged.chmod(0o644)
    damaged.write_bytes(b"x" * damaged.stat().st_size)
    fresh = open_store(f"file://{store.root}")
    with pytest.raises(CorruptObject):
        fresh.path(part.digest)
    again = Delivery(night=2, a=[ticket(1)], b=[ticket(2)])
    healed, _ = night(again)
    assert again.read_names == ["tickets/a.jsonl"]
    assert healed.digest == snapshot.digest


def test_a_lost_ledger_is_a_first_night(store, night):
    """When the record of earlier nights is gone, everything is read again and comes out the same."""
    snapshot, _ = night(Delivery(a=[ticket(1)]))
    store._object(store.read_ref("lake/memory")).unlink()
    again, work = night(Delivery(a=[ticket(1)]))
    assert (again, work.new) == (snapshot, 1)
    assert read_ledger(store, "memory").snapshot == snapshot.digest


def test_lists_flags_amounts_and_filters(store, night):
    """One file may feed several tables, each with its own rows of it."""
    tables = {
        "tickets": {
            "files": "tickets/*.jsonl",
            "where": {"kind": ["q", None]},
            "columns": TICKETS | {"body": ["head", "text"], "intent": "topic"},
        },
        "resolutions": {
            "files": "tickets/*.jsonl",
            "explode": "pages",
            "columns": {"ticket_id": "id", "article_id": "pages", "resolved_at": "at"},
        },
        "orders": {
            "files": "tickets/*.jsonl",
            "where": {"total": ["19.99", 5]},
            "columns": {"order_id": "id", "placed_at": "at", "updated_at": "at", "total_cents": {"cents": "total"}},
        },
    }
    snapshot, _ = night(
        Delivery(
            tables,
            a=[
                ticket(1, kind="q", head="H", pages=["b", "a", "b"], total=19.99, topic=7),
                ticket(2, head=None, pages=[], total=5),
                ticket(3, kind="spam", pages=None, total=1),
            ],
        )
    )
    assert [(row["ticket_id"], row["body"], row["intent"]) for row in rows_of(store, snapshot)] == [
        ("1", "H\n\nx", "7"),
        ("2", "x", ""),
    ]
    assert [row["article_id"] for row in rows_of(store, snapshot, "resolutions")] == ["a", "b"]
    assert [row["total_cents"] for row in rows_of(store, snapshot, "orders")] == [1999, 500]


@pytest.mark.slow
@pytest.mark.realdata
def test_public_support_questions_load_by_their_mapping(shared_data, store, settings):
    """The Thunderbird export loads whole, and a second night reads nothing."""
    from nightshift.sources import open_source

    source = open_source(f"file://{shared_data}/thunderbird?mapping=thunderbird", settings)
    snapshot, work = ingest(source, store, settings)
    assert {table: snapshot.rows[table] for table in ("articles", "tickets", "answers")} == {
        "articles": 174,
        "tickets": 29_512,
        "answers": 66_027,
    }
    assert snapshot.rows["resolutions"] > 2_158
    assert snapshot.quarantined == {}
    again, work = ingest(source, store, settings)
    assert (again, work.rows_read) == (snapshot, 0)


def test_the_simulated_company_loads(store, settings):
    """Night after night: only planted rows are bad, and a new night reads the new objects alone."""
    from nightshift.sources import open_source

    first, _ = ingest(open_source("simulate://shop?night=1&history=2", settings), store, settings)
    assert all(first.rows.values())
    assert set(first.quarantined) <= {"tickets"}
    second, work = ingest(open_source("simulate://shop?night=2&history=2", settings), store, settings)
    assert 0 < work.new < work.objects / 2
    assert second.rows["tickets"] > first.rows["tickets"]
