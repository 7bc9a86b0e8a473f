"""The simulated company in the lake."""

from collections import Counter

from nightshift.lake import ingest, read_manifest
from nightshift.night import Night
from nightshift.settings import Settings
from nightshift.simulation.simulate import truth, write_night
from nightshift.sources import open_source
from nightshift.store import open_store


def test_the_simulated_company_loads(store, settings):
    """Only tickets have bad rows, and a second night reads the new objects alone."""
    first, _ = ingest(open_source("simulate://shop?night=1&history=2", settings), Night.from_settings(settings, store))
    assert all(first.rows.values())
    assert set(first.quarantined) <= {"tickets"}
    second, work = ingest(
        open_source("simulate://shop?night=2&history=2", settings), Night.from_settings(settings, store)
    )
    assert 0 < work.new < work.objects / 2
    assert second.rows["tickets"] > first.rows["tickets"]


def test_files_and_simulation_give_the_same_tables(tmp_path):
    """A folder written by write_night and the simulated source become the same snapshot of the lake."""
    write_night(tmp_path / "shop", 2, history=1)
    digests = set()
    for url in ("simulate://shop?night=2&history=1", f"file://{tmp_path}/shop?mapping=company"):
        settings = Settings.from_env({"NIGHTSHIFT_HOME": str(tmp_path / f"home{len(digests)}")})
        snapshot, _ = ingest(open_source(url, settings), Night.from_settings(settings))
        digests.add(snapshot.digest)
    assert len(digests) == 1


def test_malformed_lines_alone_are_quarantined(tmp_path):
    """Of all that the company delivers, the lake quarantines exactly the lines that are malformed in the truth."""
    settings = Settings.from_env({"NIGHTSHIFT_HOME": str(tmp_path)})
    store = open_store(settings.store)
    snapshot, _ = ingest(open_source("simulate://shop?night=4", settings), Night.from_settings(settings, store))
    quarantined = Counter()
    for part in read_manifest(store, snapshot.digest).tables["tickets"]:
        quarantined.update({part.object: sum(part.quarantined.values())})
    malformed = {
        f"tickets/night-{night:04d}.jsonl.gz": sum(row["kind"] == "malformed" for row in truth(night))
        for night in range(5)
    }
    assert +quarantined == +Counter(malformed)
    assert snapshot.quarantined == {"tickets": sum(malformed.values())}


def test_the_mapping_covers_every_object(settings):
    """Every object of the source belongs to a table of its mapping."""
    source = open_source("simulate://shop?night=1", settings)
    assert [item.name for item in source.objects() if not source.mapping.tables_of(item.name)] == []
