"""The stage through its public call: Features depend on the snapshot, whatever the warehouse held earlier."""

import subprocess
import sys
from datetime import timedelta

import pyarrow.parquet as pq
import pytest
from deliveries import answer, article, day, place, resolved, shop, snapshot, ticket

from nightshift.errors import DataTestsFailed, NotEnoughData, SettingsError, StoreFull, WarehouseError
from nightshift.night import Night
from nightshift.settings import Settings
from nightshift.store.local import FileStore
from nightshift.warehouse import MARTS, Refresh, dbt, read_mart, transform
from nightshift.warehouse.duckdb import connect, warehouse_file
from nightshift.warehouse.load import read_part

SPLIT = "2026-01-09T00:00:00Z"


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A night with its Features and work. Every test may leave the warehouse in another state."""
    night = open_night(tmp_path_factory.mktemp("night"))
    features, work = transform(snapshot(night.store, shop()), "", night)
    return night, features, work


def open_night(folder):
    """A night over an empty store and warehouse in `folder`."""
    store, settings = place(folder)
    return Night.from_settings(settings, store)


def edited():
    """The shop one night later: an evaluating ticket has the text of t01, t02 is labelled late, t11 is new."""
    return {
        **shop(),
        "night-2": {
            "tickets": [
                ticket("t09", day(9), "question: NUMBER t01 about parcels!", updated_at=day(11)),
                ticket("t02", day(2), "Question number t02 about parcels", updated_at=day(11), intent="delivery"),
                ticket("t11", day(11)),
            ],
            "resolutions": [resolved("t11", "returns", day(12))],
            "answers": [answer("at03", "t03", day(4), body="A better answer", updated_at=day(5))],
        },
    }


def shrunk():
    """One night later again: an article is deleted, another rewritten, and t05 is gone from the first night's file."""
    later = edited()
    del later["articles/returns.md"]
    later["articles/delivery.md"] = {"articles": [article("delivery", body="Rewritten.", updated_at=day(12))]}
    later["night-1"] = {
        table: [row for row in rows if row["ticket_id"] != "t05"] for table, rows in later["night-1"].items()
    }
    return later


@pytest.mark.slow
def test_features_depend_on_the_snapshot_and_not_on_earlier_builds(tmp_path):
    """Forward, back and across snapshots: after every step the digest is that of an empty warehouse."""
    night = open_night(tmp_path)
    snapshots = [snapshot(night.store, deliveries) for deliveries in (shop(), edited(), shrunk())]
    fresh_digests = []
    for number, delivered in enumerate(snapshots):
        fresh = Night.from_settings(open_night(tmp_path / f"fresh-{number}").settings, night.store)
        fresh_digests.append(transform(delivered, SPLIT, fresh)[0].digest)
    assert len(set(fresh_digests)) == len(snapshots)
    for step, number in enumerate((0, 1, 2, 0, 2, 1, 0)):
        features, work = transform(snapshots[number], SPLIT, night)
        assert features.digest == fresh_digests[number], f"step {step}"
        assert work.refresh is (Refresh.INCREMENTAL if step else Refresh.FULL)


def test_the_marts_are_split_by_time_and_paired_with_articles(built):
    """Eight of ten tickets train; the eighth was resolved after the split, so it pairs with nothing."""
    night, features, work = built
    assert features.split_at == SPLIT
    pairs = read_mart(night.store, features, "training_pairs")
    assert pairs["ticket_id"].to_pylist() == [f"t{number:02}" for number in range(1, 8)]
    assert pairs["article_id"].to_pylist()[:2] == ["returns", "delivery"]
    examples = read_mart(night.store, features, "generator_examples")
    assert examples["answer"].to_pylist()[0] == "Answer at01"
    questions = read_mart(night.store, features, "eval_questions")
    assert questions.select(["ticket_id", "article_ids"]).to_pylist() == [
        {"ticket_id": "t09", "article_ids": ["returns"]},
        {"ticket_id": "t10", "article_ids": ["delivery"]},
    ]
    replies = read_mart(night.store, features, "eval_replies")
    assert set(replies["ticket_id"].to_pylist()) <= {"t09", "t10"}
    assert all(reply.startswith("Answer") for reply in replies["reply"].to_pylist())
    assert read_mart(night.store, features, "tickets")["split"].to_pylist() == ["train"] * 8 + ["eval"] * 2
    assert work.tests_passed > 40
    assert work.tests_failed == 0


def test_every_mart_has_the_columns_of_its_schema(built):
    """Each file has exactly the schema of MARTS, in order, and as many rows as Features says."""
    night, features, _ = built
    for name, schema in MARTS.items():
        table = read_mart(night.store, features, name)
        assert table.schema.equals(schema)
        assert len(table) == features.rows[name]


def test_an_unchanged_night_does_not_start_dbt(built, monkeypatch):
    """The same snapshot again gives the Features of the last build, and the work is reported as unchanged."""
    night, features, _ = built
    transform(snapshot(night.store, shop()), "", night)  # other tests may have left another state
    monkeypatch.setattr(dbt, "run_dbt", lambda *_, **__: pytest.fail("dbt was started"))
    again, work = transform(snapshot(night.store, shop()), "", night)
    assert again == features
    assert work.refresh is Refresh.NONE


def test_another_split_builds_in_full_and_the_first_one_gives_the_first_digest(built):
    """Marts of another split or word limit are never mixed, even for a split one second later."""
    night, features, _ = built
    moved, work = transform(snapshot(night.store, shop()), "2026-01-05T09:00:01Z", night, min_words=6)
    assert work.refresh is Refresh.FULL
    assert moved.split_at == "2026-01-05T09:00:01Z"
    assert moved.rows["training_pairs"] == 0  # every question has five words
    assert moved.rows["eval_questions"] == 5
    back, _ = transform(snapshot(night.store, shop()), "2026-01-09T02:00:00+02:00", night)
    assert back == features


def test_a_failed_data_test_exports_nothing_and_the_corrected_night_is_complete(built):
    """The error names the test and counts its rows without quoting them; the next good night gives its Features."""
    night, features, _ = built
    broken = snapshot(night.store, {**shop(), "night-2": {"tickets": [ticket("t99", None, "very private words")]}})
    with pytest.raises(DataTestsFailed) as raised:
        transform(broken, SPLIT, night)
    assert "not_null_stg_tickets_created_at (1 rows)" in str(raised.value)
    assert "private" not in str(raised.value)
    again, _ = transform(snapshot(night.store, shop()), SPLIT, night)
    assert again == features


def test_no_text_of_customers_is_written_beside_the_warehouse(built):
    """dbt's target and logs, which are kept for debugging, hold code only."""
    night, _, _ = built
    written = [path for path in (night.settings.home / "dbt").rglob("*") if path.is_file()]
    assert written
    assert not [path for path in written if b"about parcels" in path.read_bytes()]


def test_a_warehouse_that_another_process_holds_is_refused(built):
    """The error says that another night is using it; when that process has ended, the stage runs."""
    night, features, _ = built
    file = str(night.settings.home / "warehouse.duckdb")
    hold = f"import duckdb, sys; connection = duckdb.connect({file!r}); print('held', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", hold],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as holder:
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(WarehouseError, match="another night is using the warehouse"):
            transform(snapshot(night.store, shop()), "", night)
        holder.stdin.close()
    assert transform(snapshot(night.store, shop()), "", night)[0] == features


def test_it_works_from_any_folder_and_writes_only_under_home(built, tmp_path, monkeypatch):
    """From an unrelated working directory the stage builds, stays in that directory, and leaves nothing there."""
    night, features, _ = built
    monkeypatch.chdir(tmp_path)
    project_files = set(dbt.project().rglob("*"))
    transform(snapshot(night.store, shop()), "2026-01-04", night)
    assert transform(snapshot(night.store, shop()), "", night)[0] == features
    assert list(tmp_path.iterdir()) == []
    assert set(dbt.project().rglob("*")) == project_files


def test_a_wiped_store_gets_its_features_again(built, tmp_path):
    """When the bytes of the last build are gone, they are exported again, under the same digest."""
    night, features, _ = built
    store, _ = place(tmp_path)
    again, work = transform(snapshot(store, shop()), "", Night.from_settings(night.settings, store))
    assert again.digest == features.digest
    assert work.refresh is Refresh.INCREMENTAL
    assert len(read_mart(store, again, "tickets")) == 10


def test_a_build_that_broke_off_is_followed_by_one_in_full(built, tmp_path):
    """A disk that is full during the export leaves no recorded build; the next night builds the marts in full."""
    night, features, _ = built

    class Full(FileStore):
        def put_tree(self, _folder):
            raise StoreFull("no space left", "free some")

    full = Night.from_settings(night.settings, Full(tmp_path / "store"))
    emptied = Night.from_settings(night.settings, FileStore(tmp_path / "store"))
    second = snapshot(emptied.store, edited())
    with pytest.raises(StoreFull):
        transform(second, SPLIT, full)
    assert transform(second, SPLIT, emptied)[1].refresh is Refresh.FULL
    assert transform(snapshot(emptied.store, shop()), SPLIT, emptied)[0].digest == features.digest


def test_a_file_with_the_earlier_names_of_states_gives_the_same_features(built):
    """Parts that an earlier version marked as kept or gone are processed or removed ones."""
    night, features, _ = built
    transform(snapshot(night.store, edited()), SPLIT, night)
    with connect(warehouse_file(night.settings.warehouse)) as warehouse:
        warehouse.execute("update nightshift_raw.parts set state = if(part like 'night-2%', 'gone', 'kept')")
        warehouse.execute("update nightshift_raw.build set code = 'earlier'")
    again, work = transform(snapshot(night.store, shop()), SPLIT, night)
    assert work.refresh is Refresh.FULL
    assert again == features


def test_resolutions_of_deleted_articles_are_dropped_and_counted(built):
    """A resolution whose article does not exist enters no mart."""
    night, _, _ = built
    without_returns = {name: content for name, content in shop().items() if name != "articles/returns.md"}
    features, work = transform(snapshot(night.store, without_returns), SPLIT, night)
    assert work.unlinked == 5
    assert set(read_mart(night.store, features, "training_pairs")["article_id"].to_pylist()) == {"delivery"}
    assert read_mart(night.store, features, "generator_examples")["article_id"].to_pylist().count("") == 4


@pytest.mark.parametrize("split_at", ["2026-01-09'; drop table nightshift_raw.tickets; --", "soon", "2026-13-01"])
def test_a_split_that_is_not_a_time_is_refused(built, split_at):
    """Only a parsed time is passed to SQL."""
    night, _, _ = built
    with pytest.raises(SettingsError, match="split_at is"):
        transform(snapshot(night.store, shop()), split_at, night)


def test_a_snapshot_without_resolved_tickets_cannot_be_split(tmp_path):
    """The error says that no ticket is resolved, and where to map the links."""
    night = open_night(tmp_path)
    unresolved = snapshot(night.store, {"night-1": {"tickets": [ticket("t1", day(1))]}})
    with pytest.raises(NotEnoughData, match="resolved by an article that exists"):
        transform(unresolved, "", night)


def test_an_unknown_or_unreadable_warehouse_is_refused(tmp_path):
    """The errors name the unknown scheme, and say that a damaged file may be deleted."""
    night = open_night(tmp_path)
    oracle = Night.from_settings(Settings.from_env({"NIGHTSHIFT_WAREHOUSE": "oracle://x/y"}), night.store)
    with pytest.raises(SettingsError, match=r"no warehouse adapter for .oracle"):
        transform(snapshot(night.store, shop()), "", oracle)
    night.settings.home.mkdir()
    (night.settings.home / "warehouse.duckdb").write_bytes(b"not a database at all" * 1000)
    with pytest.raises(WarehouseError, match="cannot be opened") as raised:
        transform(snapshot(night.store, shop()), "", night)
    assert "deleted" in raised.value.cure


def test_a_part_without_a_column_is_refused(built):
    """The error names the table and the column."""
    night, features, _ = built
    path = night.settings.home / "without-url.parquet"
    pq.write_table(read_mart(night.store, features, "articles").drop_columns(["url"]), path)
    digest = night.store.put_file(path)
    with pytest.raises(WarehouseError, match="a part of articles has no column url"):
        read_part("articles", "x#y", digest, night.store, day(1) + timedelta(days=1))


def test_an_unknown_mart_is_refused(built):
    """The error lists the marts that exist; orders are none of them."""
    night, features, _ = built
    with pytest.raises(WarehouseError, match="no mart 'orders'") as raised:
        read_mart(night.store, features, "orders")
    assert "training_pairs" in raised.value.cure
