"""What stops an ingest: the last snapshot stays current and whole."""

import pytest
from memory_delivery import TABLES, Delivery, refs, ticket

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
from nightshift.lake import read_ingest_state, read_manifest
from nightshift.store import open_store


def test_a_default_that_does_not_fit_is_a_mistake_of_the_mapping(night):
    """The error names the default, before any row is quarantined for it."""
    tables = {"tickets": TABLES["tickets"] | {"defaults": {"updated_at": "some day"}}}
    with pytest.raises(MappingError, match=r"tickets\.updated_at"):
        night(Delivery(tables, a=[ticket(1)]))


def test_a_night_out_of_order_is_refused(store, night):
    """A delivery older than the last one changes nothing; one of the same night is accepted."""
    night(Delivery(night=3, a=[ticket(1)]))
    saved = refs(store)
    with pytest.raises(NightOutOfOrder, match="2026-01-03"):
        night(Delivery(night=2, a=[ticket(1), ticket(2)]))
    assert refs(store) == saved
    night(Delivery(night=3, a=[ticket(1), ticket(2)]))


@pytest.mark.parametrize(
    ("good", "bad", "stops"), [(0, 21, True), (5, 20, False), (300, 21, True), (1000, 50, False), (1000, 53, True)]
)
def test_too_many_bad_rows_stop_the_night(store, night, good, bad, stops):
    """Twenty bad rows are always accepted, and one row in twenty; the error names each reason and its first row."""
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
    """Only new rows count toward the limit: accepted rows stay accepted."""
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
    """After a failure the ingest state is unchanged, and a corrected delivery is ingested."""
    night(Delivery(a=[ticket(1)]))
    saved = refs(store)
    delivery = Delivery(night=2, a=[ticket(1)])
    delivery.content |= broken
    with pytest.raises(error):
        night(delivery)
    assert refs(store) == saved
    assert night(Delivery(night=2, a=[ticket(1)], b=[ticket(2)]))[0].rows["tickets"] == 2


def test_empty_deliveries_are_refused(store, night):
    """No object, no matching file and no usable row are refused, and the last snapshot stays."""
    with pytest.raises(EmptyDelivery, match=r"no file tickets/\*\.jsonl"):
        night(Delivery())
    with pytest.raises(EmptyDelivery, match="no usable row"):
        night(Delivery(a=[]))
    with pytest.raises(EmptyDelivery, match="1 empty text"):
        night(Delivery(a=[ticket(1, text="")]))
    night(Delivery(a=[ticket(1)]))
    saved = refs(store)
    with pytest.raises(EmptyDelivery, match="any more"):
        night(Delivery(night=2))
    assert refs(store) == saved


def test_a_table_that_no_file_matches_is_a_mistake(night):
    """A typing error in `files` is not taken for an empty table."""
    tables = TABLES | {"customers": {"files": "custmers/*.csv", "columns": {"customer": "id", "since": "at"}}}
    with pytest.raises(EmptyDelivery, match=r"custmers.*wanted by customers"):
        night(Delivery(tables, a=[ticket(1)]))


def test_no_space_leaves_the_last_snapshot(store, night, monkeypatch):
    """A full disk raises StoreFull, and no reference changes."""
    night(Delivery(a=[ticket(1)]))
    saved = refs(store)

    def full(_data):
        raise StoreFull("no space left", "free some space")

    monkeypatch.setattr(store, "put", full)
    with pytest.raises(StoreFull):
        night(Delivery(night=2, a=[ticket(1)], b=[ticket(2)]))
    assert refs(store) == saved


def test_a_lost_part_is_made_again(store, night):
    """A corrupt part is detected, and the next ingest reads its object again."""
    snapshot, _ = night(Delivery(a=[ticket(1)], b=[ticket(2)]))
    part = read_manifest(store, snapshot.digest).tables["tickets"][0]
    damaged = store.path(part.digest)
    damaged.chmod(0o644)
    damaged.write_bytes(b"x" * damaged.stat().st_size)
    fresh = open_store(f"file://{store.root}")
    with pytest.raises(CorruptObject):
        fresh.path(part.digest)
    again = Delivery(night=2, a=[ticket(1)], b=[ticket(2)])
    healed, _ = night(again)
    assert again.read_names == ["tickets/a.jsonl"]
    assert healed.digest == snapshot.digest


def test_a_lost_ingest_state_is_a_first_night(store, night):
    """Without its ingest state a source is read again, with the same snapshot."""
    snapshot, _ = night(Delivery(a=[ticket(1)]))
    store.path(store.read_ref("lake/memory")).unlink()
    again, work = night(Delivery(a=[ticket(1)]))
    assert (again, work.new) == (snapshot, 1)
    assert read_ingest_state(store, "memory").snapshot == snapshot.digest
