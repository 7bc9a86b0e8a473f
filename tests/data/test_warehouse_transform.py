"""The stage as its callers see it: Features follow from the snapshot alone, whatever the warehouse held before."""

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
from nightshift.warehouse import MARTS, dbt, read_mart, transform

SPLIT = "2026-01-09T00:00:00Z"


@pytest.fixture(scope="module")
def night(tmp_path_factory):
    """One built night: its store, settings, Features and work. Tests build on in any order: only the store stays as it was."""
    store, settings = place(tmp_path_factory.mktemp("night"))
    features, work = transform(snapshot(store, shop()), "", Night.from_settings(settings, store))
    return store, settings, features, work


def edited():
    """The shop one night later: an evaluating ticket now says what t01 says, t02 is labelled late, t11 is new."""
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
    """Later still: an article is deleted, another rewritten, and t05 was withdrawn from the first night's file."""
    later = edited()
    del later["articles/returns.md"]
    later["articles/delivery.md"] = {"articles": [article("delivery", body="Rewritten.", updated_at=day(12))]}
    later["night-1"] = {
        table: [row for row in rows if row["ticket_id"] != "t05"] for table, rows in later["night-1"].items()
    }
    return later


@pytest.mark.slow
def test_features_depend_on_the_snapshot_and_not_on_the_way_to_it(tmp_path):
    """Forward, backward or across: after every step the digest is that of a warehouse that knew nothing before."""
    nights = [shop(), edited(), shrunk()]
    store, travelled = place(tmp_path)
    snapshots = [snapshot(store, night) for night in nights]
    fresh = []
    for number, one in enumerate(snapshots):
        _, anew = place(tmp_path / f"fresh-{number}")
        fresh.append(transform(one, SPLIT, Night.from_settings(anew, store))[0].digest)
    assert len(set(fresh)) == len(nights)
    for step, at in enumerate((0, 1, 2, 0, 2, 1, 0)):
        features, work = transform(snapshots[at], SPLIT, Night.from_settings(travelled, store))
        assert features.digest == fresh[at], f"step {step}"
        assert work.built == ("touched keys" if step else "in full")


def test_the_marts_are_split_by_time_and_paired_with_articles(night):
    """Eight of ten tickets train; the eighth was resolved after the split, so it pairs with nothing."""
    store, _, features, work = night
    assert features.split_at == SPLIT
    pairs = read_mart(store, features, "training_pairs")
    assert pairs["ticket_id"].to_pylist() == [f"t{number:02}" for number in range(1, 8)]
    assert pairs["article_id"].to_pylist()[:2] == ["returns", "delivery"]
    examples = read_mart(store, features, "generator_examples")
    assert examples["answer"].to_pylist()[0] == "Answer at01"
    questions = read_mart(store, features, "eval_questions")
    assert questions.select(["ticket_id", "article_ids"]).to_pylist() == [
        {"ticket_id": "t09", "article_ids": ["returns"]},
        {"ticket_id": "t10", "article_ids": ["delivery"]},
    ]
    assert read_mart(store, features, "tickets")["split"].to_pylist() == ["train"] * 8 + ["eval"] * 2
    assert work.tests_passed > 40
    assert work.tests_failed == 0


def test_every_mart_has_the_columns_that_stages_rely_on(night):
    """Each file has exactly the schema of MARTS, in order, and as many rows as Features says."""
    store, _, features, _ = night
    for name, schema in MARTS.items():
        table = read_mart(store, features, name)
        assert table.schema.equals(schema)
        assert len(table) == features.rows[name]


def test_an_unchanged_night_does_not_start_dbt(night, monkeypatch):
    """The same snapshot again gives the same Features from memory, and says so."""
    store, settings, features, _ = night
    transform(
        snapshot(store, shop()), "", Night.from_settings(settings, store)
    )  # other tests may have gone elsewhere since
    monkeypatch.setattr(dbt, "run_dbt", lambda *_, **__: pytest.fail("dbt was started"))
    again, work = transform(snapshot(store, shop()), "", Night.from_settings(settings, store))
    assert again == features
    assert work.built == "unchanged"


def test_a_split_moved_by_a_second_builds_in_full_and_the_old_one_comes_back(night):
    """Another split or word limit never mixes with what was built before; going back gives the first digest."""
    store, settings, features, _ = night
    moved, work = transform(
        snapshot(store, shop()), "2026-01-05T09:00:01Z", Night.from_settings(settings, store), min_words=6
    )
    assert work.built == "in full"
    assert moved.split_at == "2026-01-05T09:00:01Z"
    assert moved.rows["training_pairs"] == 0  # every question has five words
    assert moved.rows["eval_questions"] == 5
    back, _ = transform(snapshot(store, shop()), "2026-01-09T02:00:00+02:00", Night.from_settings(settings, store))
    assert back == features


def test_a_failed_data_test_exports_nothing_and_the_corrected_night_is_whole(night):
    """The error names the test and counts its rows, without a word of them; the next good night is unharmed."""
    store, settings, features, _ = night
    broken = snapshot(store, {**shop(), "night-2": {"tickets": [ticket("t99", None, "very private words")]}})
    with pytest.raises(DataTestsFailed) as raised:
        transform(broken, SPLIT, Night.from_settings(settings, store))
    assert "not_null_stg_tickets_created_at (1 rows)" in str(raised.value)
    assert "private" not in str(raised.value)
    again, _ = transform(snapshot(store, shop()), SPLIT, Night.from_settings(settings, store))
    assert again == features


def test_no_text_of_customers_is_written_beside_the_warehouse(night):
    """dbt's target and logs, which are kept for looking into, hold code only."""
    _, settings, _, _ = night
    written = [path for path in (settings.home / "dbt").rglob("*") if path.is_file()]
    assert written
    assert not [path for path in written if b"about parcels" in path.read_bytes()]


def test_a_second_process_is_told_that_another_night_is_running(night):
    """A warehouse held by another process is refused by name, and free again when the stage is done."""
    store, settings, features, _ = night
    file = str(settings.home / "warehouse.duckdb")
    hold = f"import duckdb, sys; held = duckdb.connect({file!r}); print('held', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", hold],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as other:
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(WarehouseError, match="another night is using the warehouse"):
            transform(snapshot(store, shop()), "", Night.from_settings(settings, store))
        other.stdin.close()
    assert transform(snapshot(store, shop()), "", Night.from_settings(settings, store))[0] == features


def test_it_works_from_any_folder_and_writes_only_under_home(night, tmp_path, monkeypatch):
    """From an unrelated working directory the stage builds, stays in that directory, and leaves nothing there."""
    store, settings, features, _ = night
    monkeypatch.chdir(tmp_path)
    before = set(dbt.project().rglob("*"))
    transform(snapshot(store, shop()), "2026-01-04", Night.from_settings(settings, store))
    assert transform(snapshot(store, shop()), "", Night.from_settings(settings, store))[0] == features
    assert list(tmp_path.iterdir()) == []
    assert set(dbt.project().rglob("*")) == before


def test_a_wiped_store_gets_its_features_again(night, tmp_path):
    """The warehouse remembers a build whose bytes are gone: they are exported again, under the same digest."""
    _, settings, features, _ = night
    store, _ = place(tmp_path)
    again, work = transform(snapshot(store, shop()), "", Night.from_settings(settings, store))
    assert again.digest == features.digest
    assert work.built == "touched keys"
    assert len(read_mart(store, again, "tickets")) == 10


def test_a_build_that_broke_off_is_followed_by_one_in_full(night, tmp_path):
    """A disk that fills during the export leaves no build to rely on; the next night makes the marts whole."""
    _, settings, features, _ = night

    class Full(FileStore):
        def put_tree(self, _folder):
            raise StoreFull("no space left", "free some")

    store, full = FileStore(tmp_path / "store"), Full(tmp_path / "store")
    one = snapshot(store, edited())
    with pytest.raises(StoreFull):
        transform(one, SPLIT, Night.from_settings(settings, full))
    assert transform(one, SPLIT, Night.from_settings(settings, store))[1].built == "in full"
    assert transform(snapshot(store, shop()), SPLIT, Night.from_settings(settings, store))[0].digest == features.digest


def test_resolutions_of_deleted_articles_are_dropped_and_counted(night):
    """A link to an article that does not exist pairs with nothing."""
    store, settings, _, _ = night
    gone = {name: content for name, content in shop().items() if name != "articles/returns.md"}
    features, work = transform(snapshot(store, gone), SPLIT, Night.from_settings(settings, store))
    assert work.unlinked == 5
    assert set(read_mart(store, features, "training_pairs")["article_id"].to_pylist()) == {"delivery"}
    assert read_mart(store, features, "generator_examples")["article_id"].to_pylist().count("") == 4


@pytest.mark.parametrize("split_at", ["2026-01-09'; drop table nightshift_raw.tickets; --", "soon", "2026-13-01"])
def test_a_split_that_is_no_time_is_refused(night, split_at):
    """Nothing but a parsed time ever reaches SQL."""
    store, settings, _, _ = night
    with pytest.raises(SettingsError, match="split_at is"):
        transform(snapshot(store, shop()), split_at, Night.from_settings(settings, store))


def test_a_snapshot_without_resolved_tickets_cannot_be_split(tmp_path):
    """The automatic split says what is missing and where to map it."""
    store, settings = place(tmp_path)
    with pytest.raises(NotEnoughData, match="resolved by an article that exists"):
        transform(
            snapshot(store, {"night-1": {"tickets": [ticket("t1", day(1))]}}), "", Night.from_settings(settings, store)
        )


def test_a_warehouse_nobody_speaks_or_nobody_can_read_is_named(tmp_path):
    """Another scheme is refused; a damaged file says that it may be deleted."""
    store, settings = place(tmp_path)
    oracle = Settings.from_env({"NIGHTSHIFT_WAREHOUSE": "oracle://x/y"})
    with pytest.raises(SettingsError, match=r"no warehouse speaks .oracle"):
        transform(snapshot(store, shop()), "", Night.from_settings(oracle, store))
    settings.home.mkdir()
    (settings.home / "warehouse.duckdb").write_bytes(b"not a database at all" * 1000)
    with pytest.raises(WarehouseError, match="cannot be opened") as raised:
        transform(snapshot(store, shop()), "", Night.from_settings(settings, store))
    assert "deleted" in raised.value.cure


def test_a_part_of_another_shape_is_refused(night):
    """A lake part that lacks a column names the table and the column."""
    store, settings, _, _ = night
    from nightshift.warehouse.load import read_part

    path = settings.home / "odd.parquet"
    pq.write_table(read_mart(store, night[2], "articles").drop_columns(["url"]), path)
    digest = store.put_file(path)
    with pytest.raises(WarehouseError, match="a part of articles has no column url"):
        read_part("articles", "x#y", digest, store, day(1) + timedelta(days=1))


def test_an_unknown_mart_is_named(night):
    """Asking for a mart that is not there lists those that are."""
    store, _, features, _ = night
    with pytest.raises(WarehouseError, match="no mart 'orders'") as raised:
        read_mart(store, features, "orders")
    assert "training_pairs" in raised.value.cure
