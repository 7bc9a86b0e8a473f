"""The stage: a snapshot becomes Features, at the cost of what changed.

features, work = transform(snapshot, "", night)
"""

from dataclasses import dataclass, field

from nightshift.artifacts import Features, Snapshot
from nightshift.lake import read_manifest
from nightshift.night import Night
from nightshift.progress import log
from nightshift.store import Store
from nightshift.warehouse import build_state
from nightshift.warehouse.dbt import Parameters, build, code_digest, project
from nightshift.warehouse.duckdb import opened, warehouse_file
from nightshift.warehouse.load import load
from nightshift.warehouse.marts import export
from nightshift.warehouse.split import automatic_split, parse_split


@dataclass(frozen=True)
class WarehouseWork:
    """What the transform did, for the page; it differs from run to run and enters no digest.

    `built` is "unchanged", "touched keys" or "in full". `unlinked` counts resolutions whose article is gone.
    """

    built: str
    parts: int
    parts_came: int
    parts_left: int
    keys_touched: int
    unlinked: int
    tests_passed: int
    tests_warned: int
    tests_failed: int = 0  # a build with a failed test raises DataTestsFailed and gives no Features
    rows: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)


def transform(snapshot: Snapshot, split_at: str, night: Night, min_words: int = 3) -> tuple[Features, WarehouseWork]:
    """Load what changed, build the marts with dbt, test them, and put them into the store.

    `split_at` is an ISO time; '' puts the newest fifth of the resolved tickets into evaluation. The Features
    depend on the snapshot, the split, `min_words` and the dbt code alone, never on what the warehouse held before.
    Raises WarehouseError (DataTestsFailed when a data test fails), SettingsError, NotEnoughData.
    """
    store, settings = night.store, night.settings
    split_at = parse_split(split_at) if split_at else ""
    file = warehouse_file(settings.warehouse)
    code = code_digest(project())
    with opened(file) as connection:
        loaded = load(connection, read_manifest(store, snapshot.digest).tables, store)
        parameters = Parameters(split_at or automatic_split(connection), min_words, code)
        last = build_state.last_build(connection)
        same = last is not None and last.parameters == parameters
        if last and same and not loaded.pending and _holds(store, last.features):
            log(f"    warehouse  nothing changed since the marts were built; split at {parameters.split_at}")
            how, counts, digest, touched, seconds = "unchanged", last.counts, last.features, 0, {}
        else:
            how = "touched keys" if same else "in full"
            build_state.begin(connection)
            built = build(file, parameters, settings.home, full=not same)
            digest, rows = export(connection, store, settings.home / "dbt" / "export")
            unlinked, touched = build_state.unlinked(connection), build_state.touched(connection)
            counts = build_state.Counts(rows, unlinked, built.tests_passed, built.tests_warned)
            seconds = built.seconds
            build_state.finish(connection, build_state.LastBuild(parameters, digest, counts))
    features = Features(digest, snapshot.digest, parameters.split_at, counts.rows)
    return features, WarehouseWork(
        how, loaded.parts, loaded.came, loaded.left, touched, **vars(counts), seconds=seconds
    )


def _holds(store: Store, tree: str) -> bool:
    return store.has(tree) and all(store.has(file) for file in store.tree(tree).values())
