"""The stage: a snapshot becomes Features, at the cost of what changed.

features, work = transform(snapshot, "", night)
"""

from dataclasses import dataclass, field
from enum import StrEnum

from nightshift.artifacts import Features, Snapshot
from nightshift.lake import read_manifest
from nightshift.night import Night
from nightshift.progress import log
from nightshift.store import Store
from nightshift.warehouse import build_state
from nightshift.warehouse.dbt import Parameters, build, code_digest, project
from nightshift.warehouse.duckdb import connect, warehouse_file
from nightshift.warehouse.load import load
from nightshift.warehouse.marts import export
from nightshift.warehouse.split import automatic_split, parse_split


class Refresh(StrEnum):
    """How the marts were brought to the snapshot."""

    NONE = "unchanged"
    INCREMENTAL = "incremental"
    FULL = "full refresh"


@dataclass(frozen=True)
class WarehouseWork:
    """What the transform did, for the page; it differs from run to run and enters no digest.

    `unlinked` counts resolutions whose article was deleted; `seconds` are those of each dbt model.
    """

    refresh: Refresh
    parts: int
    parts_added: int
    parts_removed: int
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
    depend on the snapshot, the split, `min_words` and the dbt code alone, not on what the warehouse held earlier.
    Raises WarehouseError (DataTestsFailed when a data test fails), SettingsError, NotEnoughData.
    """
    store, settings = night.store, night.settings
    split_at = parse_split(split_at) if split_at else ""
    file = warehouse_file(settings.warehouse)
    code = code_digest(project())
    with connect(file) as connection:
        loaded = load(connection, read_manifest(store, snapshot.digest).tables, store)
        parameters = Parameters(split_at or automatic_split(connection), min_words, code)
        last = build_state.last_build(connection)
        incremental = last is not None and last.parameters == parameters
        if last and incremental and not loaded.pending and _has_tree(store, last.features):
            log(f"    warehouse  nothing changed since the marts were built; split at {parameters.split_at}")
            refresh, counts, digest, touched, seconds = Refresh.NONE, last.counts, last.features, 0, {}
        else:
            refresh = Refresh.INCREMENTAL if incremental else Refresh.FULL
            build_state.begin_build(connection)
            dbt_build = build(file, parameters, settings.home, full=not incremental)
            digest, rows = export(connection, store, settings.home / "dbt" / "export")
            unlinked, touched = build_state.unlinked(connection), build_state.touched(connection)
            counts = build_state.Counts(rows, unlinked, dbt_build.tests_passed, dbt_build.tests_warned)
            seconds = dbt_build.seconds
            build_state.finish_build(connection, build_state.LastBuild(parameters, digest, counts))
    features = Features(digest, snapshot.digest, parameters.split_at, counts.rows)
    return features, WarehouseWork(
        refresh, loaded.parts, loaded.added, loaded.removed, touched, **vars(counts), seconds=seconds
    )


def _has_tree(store: Store, tree: str) -> bool:
    return store.has(tree) and all(store.has(file) for file in store.tree(tree).values())
