"""The lake: the rows of a delivery, and what a second night reads."""

from datetime import datetime

import pyarrow.parquet as pq
import pytest
from memory_delivery import TABLES, TICKETS, Delivery, quarantine_of, rows_of, ticket

from nightshift.lake import ingest, read_manifest
from nightshift.night import Night
from nightshift.settings import Settings
from nightshift.store import open_store


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
    """It is counted with its row number; the valid rows are stored."""
    snapshot, work = night(Delivery(a=[ticket(1), bad, ticket(3)]))
    assert [row["ticket_id"] for row in rows_of(store, snapshot)] == ["1", "3"]
    assert [(row["row"], row["reason"]) for row in quarantine_of(store, snapshot)] == [(2, reason)]
    assert work.quarantined == read_manifest(store, snapshot.digest).reasons == {reason: 1}
    assert snapshot.quarantined == {"tickets": 1}


def test_a_broken_row_counts_once(night):
    """A line that is broken for every table of the file is one bad row."""
    both = TABLES | {"customers": {"files": "tickets/*.jsonl", "columns": {"customer": "id", "since": "at"}}}
    snapshot, work = night(Delivery(both, a=[ticket(1), b"{\n", ticket(2)]))
    assert work.quarantined == {"not a JSON object": 1}
    assert snapshot.rows["customers"] == 2


def test_of_two_rows_with_one_key_the_later_stays(store, night):
    """In either order the newest edit is stored and the older row is counted as a duplicate."""
    edits = [ticket(1, text="old"), ticket(1, text="new", changed="2026-01-01T11:00:00Z")]
    for order in (edits, edits[::-1]):
        snapshot, work = night(Delivery(a=order))
        assert [row["body"] for row in rows_of(store, snapshot)] == ["new"]
        assert work.quarantined == {"duplicate": 1}


def test_one_key_in_two_objects_is_a_late_edit(store, night):
    """Both rows are stored: the warehouse chooses between them."""
    snapshot, work = night(Delivery(a=[ticket(1)], b=[ticket(1, text="edited")]))
    assert [row["body"] for row in rows_of(store, snapshot)] == ["x", "edited"]
    assert work.quarantined == {}


def test_a_second_night_reads_only_what_changed(store, night):
    """Unchanged objects are not read; a changed one is, a new one is, and a deleted one leaves the manifest."""
    first, _ = night(Delivery(unchanged=[ticket(1)], edited=[ticket(2)], deleted=[ticket(3)]))
    second = Delivery(night=2, unchanged=[ticket(1)], edited=[ticket(2, text="y")], new=[ticket(4)])
    latest, work = night(second)
    assert second.read_names == ["tickets/edited.jsonl", "tickets/new.jsonl"]
    assert (work.objects, work.new, work.changed, work.deleted) == (3, 1, 1, 1)
    assert [row["ticket_id"] for row in rows_of(store, latest)] == ["2", "4", "1"]
    assert sorted(row["ticket_id"] for row in rows_of(store, first)) == ["1", "2", "3"], "old snapshots stay readable"


def test_the_digest_follows_the_content_alone(tmp_path, night, settings):
    """A night with nothing new keeps the version, and another store with another history computes the same one."""
    first, _ = night(Delivery(a=[ticket(1)], b=[ticket(2)]))
    unchanged, work = night(Delivery(night=2, a=[ticket(1)], b=[ticket(2)]))
    second_store = open_store(f"file://{tmp_path}/second_store")
    ingest(Delivery(night=1, a=[ticket(9)]), Night.from_settings(settings, second_store))
    replayed, _ = ingest(Delivery(night=2, a=[ticket(1)], b=[ticket(2)]), Night.from_settings(settings, second_store))
    assert first.digest == unchanged.digest == replayed.digest
    assert (unchanged.as_of, work.rows_read) == ("2026-01-03T00:00:00Z", 0)
    assert unchanged == replayed


@pytest.mark.parametrize("rule", ["mapping", "key", "redaction", "validation"])
def test_changed_rules_read_everything_again(night, monkeypatch, rule):
    """Parts made under another mapping, key or VERSION are not reused."""
    night(Delivery(a=[ticket(1)]))
    tables, settings = TABLES, Settings.from_env({"NIGHTSHIFT_PSEUDONYM_KEY": "other" if rule == "key" else "key"})
    if rule == "mapping":
        tables = {"tickets": TABLES["tickets"] | {"defaults": {"status": "open"}}}
    elif rule == "redaction":
        monkeypatch.setattr("nightshift.privacy.redact.VERSION", "next")
    elif rule == "validation":
        monkeypatch.setattr("nightshift.lake.validate.VERSION", "next")
    again = Delivery(tables, a=[ticket(1)])
    night(again, settings)
    assert again.read_names == ["tickets/a.jsonl"]


def test_a_source_without_a_time_is_as_of_its_newest_row(night):
    """Without a time of delivery the newest time in the data counts."""
    snapshot, _ = night(Delivery(night=None, a=[ticket(1, changed="2026-02-03T04:05:06Z")]))
    assert snapshot.as_of == "2026-02-03T04:05:06Z"


def test_lists_flags_amounts_and_filters(store, night):
    """One file may feed several tables, each with its own selection of rows."""
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
    snapshot, work = ingest(source, Night.from_settings(settings, store))
    assert {table: snapshot.rows[table] for table in ("articles", "tickets", "answers")} == {
        "articles": 174,
        "tickets": 29_512,
        "answers": 66_027,
    }
    assert snapshot.rows["resolutions"] > 2_158
    assert snapshot.quarantined == {}
    again, work = ingest(source, Night.from_settings(settings, store))
    assert (again, work.rows_read) == (snapshot, 0)
