"""The registered releases and which one serves: a registered model in MLflow.

    support-assistant  version 3  release=03fa77de... evaluation=5d0c... verdict=accepted   alias champion
                       version 2  release=91ab4c0d...                                       alias previous

Serving follows the alias `champion`. Promotion and rollback move it in one transaction, over models, index, prompt and
policy together, and each adds a Transition to the history. One writer at a time holds a lock in the state folder.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from nightshift.artifacts import Evaluation, Release
from nightshift.errors import NoChampion, RegistryError
from nightshift.night import Night
from nightshift.registry.tracking import experiment, is_new, log_metrics, registry_client
from nightshift.release.evaluation_report import FILE as EVALUATION
from nightshift.release.layout import LINEAGE, StoredRelease
from nightshift.settings import Settings

MODEL = "support-assistant"
CHAMPION, CHALLENGER, PREVIOUS = "champion", "challenger", "previous"
REASONS_LIMIT = 4_900  # characters; MLflow cuts longer tags silently; the run holds evaluation.json whole
HISTORY = "promotion-"  # prefix of the tags that hold the history, one transition each
_OLD_KEYS = {"instead_of": "replaced", "how": "kind", "at": "time"}  # in the history of older registries


@dataclass(frozen=True)
class RegisteredRelease:
    """One version of the registered model. `replaced` is the version that served before it, 0 for none."""

    version: int
    digest: str
    evaluation: str
    verdict: str
    reasons: list[str] = field(default_factory=list)
    aliases: list[str] = field(default_factory=list)
    replaced: int = 0
    rolled_back: bool = False


@dataclass(frozen=True)
class Transition:
    """One line of the history: `version` began to serve in place of `replaced` (0: none) at `time` (UTC, ISO)."""

    version: int
    digest: str
    replaced: int
    kind: Literal["promoted", "rolled back"]
    time: str


def register(release: Release, evaluation: Evaluation, night: Night) -> RegisteredRelease:
    """Register a release with its evaluation. A release that is registered already takes the newer evaluation."""
    with _one_writer(night.settings), registry_client(night.settings) as client:
        registered = [entry for entry in _entries(client) if entry.digest == release.digest]
        version = registered[0].version if registered else _new_version(client, release, evaluation, night)
        for key, value in _evaluation_tags(evaluation).items():
            client.set_model_version_tag(MODEL, str(version), key, value)
        if CHAMPION not in _entry(_entries(client), version).aliases:
            client.set_registered_model_alias(MODEL, CHALLENGER, str(version))
        return _entry(_entries(client), version)


def releases(settings: Settings) -> list[RegisteredRelease]:
    """Every registered release, newest first."""
    if is_new(settings):
        return []
    with registry_client(settings) as client:
        return _entries(client)


def entry(settings: Settings, version: int) -> RegisteredRelease:
    """One registered release. Raises RegistryError where there is no such version."""
    return _entry(releases(settings), version)


def champion(settings: Settings) -> RegisteredRelease | None:
    """The release that serves, or None before the first promotion."""
    return _champion_of(releases(settings))


def serving(settings: Settings) -> RegisteredRelease:
    """The release that serves; NoChampion before the first promotion."""
    release = champion(settings)
    if release is None:
        raise NoChampion(
            "no release has been promoted yet",
            "run a night first: pyflyte run workflows/nightly.py nightly",
        )
    return release


def promote(settings: Settings, version: int, expected: str | None = None) -> RegisteredRelease:
    """Let `version` serve, and record the version it replaced. Promoting the champion again changes nothing.

    With `expected`, the digest of the release that should be serving now ('' for none), another champion is refused
    with RegistryError: the version was judged against a release that no longer serves.
    """
    with _one_writer(settings), registry_client(settings) as client:
        entries = _entries(client)
        former = _champion_of(entries)
        serving_digest = former.digest if former else ""
        target = _entry(entries, version)
        if expected is not None and serving_digest not in {expected, target.digest}:
            raise RegistryError(
                f"version {version} was compared with {expected[:12] or 'no release'}, "
                f"but {serving_digest[:12]} serves by now",
                "run the night again: it compares with the release that serves",
            )
        if former is None or former.version != version:
            client.set_model_version_tag(MODEL, str(version), "replaced", str(former.version if former else 0))
        client.set_model_version_tag(MODEL, str(version), "rolled_back", "false")
        _set_champion(client, former, target, "promoted")
        return _entry(_entries(client), version)


def rollback(settings: Settings, version: int | None = None) -> RegisteredRelease:
    """Let `version` serve again, or the one that the champion replaced; called again, it goes one further back.

    The champion that is replaced is marked as rolled back, so that no night promotes it by itself. Raises NoChampion,
    and RegistryError where the champion replaced none.
    """
    with _one_writer(settings), registry_client(settings) as client:
        entries = _entries(client)
        former = _champion_of(entries)
        if former is None:
            raise NoChampion(
                "no release serves, so none can be rolled back",
                "run a night first: pyflyte run workflows/nightly.py nightly",
            )
        if version is None and former.replaced == 0:
            raise RegistryError(
                f"version {former.version} is the first that ever served",
                "name the version to serve instead: pyflyte run workflows/rollback.py rollback --version 2",
            )
        target = _entry(entries, version or former.replaced)
        if target.version != former.version:
            client.set_model_version_tag(MODEL, str(former.version), "rolled_back", "true")
            client.set_model_version_tag(MODEL, str(target.version), "rolled_back", "false")
        _set_champion(client, former, target, "rolled back")
        return _entry(_entries(client), target.version)


def history(settings: Settings) -> list[Transition]:
    """Every transition of the champion alias, oldest first."""
    if is_new(settings):
        return []
    with registry_client(settings) as client:
        return _history(client)


def _set_champion(
    client: Any, former: RegisteredRelease | None, target: RegisteredRelease, kind: Literal["promoted", "rolled back"]
) -> None:
    """Point the alias at `target` and append to the history. Called again after an interruption, it completes both."""
    replaced = former.version if former else 0
    client.set_registered_model_alias(MODEL, CHAMPION, str(target.version))
    if CHALLENGER in target.aliases:
        client.delete_registered_model_alias(MODEL, CHALLENGER)
    transitions = _history(client)
    if not transitions or transitions[-1].version != target.version:
        if transitions and replaced == target.version:  # interrupted when only the alias had moved
            replaced = transitions[-1].version
        time = datetime.now(UTC).isoformat(timespec="seconds")
        value = json.dumps(asdict(Transition(target.version, target.digest, replaced, kind, time)))
        client.set_registered_model_tag(MODEL, f"{HISTORY}{len(transitions) + 1:06d}", value)
    previous = _entry(_entries(client), target.version).replaced
    if previous:
        client.set_registered_model_alias(MODEL, PREVIOUS, str(previous))
    elif PREVIOUS in _aliases(client):
        client.delete_registered_model_alias(MODEL, PREVIOUS)


def _new_version(client: Any, release: Release, evaluation: Evaluation, night: Night) -> int:
    """Create a version, with a run that holds its metrics and, as artifacts, its lineage and evaluation in full."""
    if not client.search_registered_models(f"name='{MODEL}'"):
        client.create_registered_model(MODEL)
    tags = {"release": release.digest}
    name = f"release {release.version}"
    run = client.create_run(experiment(client, night.settings), run_name=name, tags=tags).info.run_id
    log_metrics(client, run, evaluation.metrics)
    client.log_dict(run, StoredRelease(release.digest, night.store).lineage, LINEAGE)
    report = night.store.get_json(night.store.tree(evaluation.digest)[EVALUATION])
    client.log_dict(run, report, EVALUATION)
    client.set_terminated(run)
    created = client.create_model_version(MODEL, source=f"nightshift:{release.digest}", run_id=run, tags=tags)
    return int(created.version)


def _evaluation_tags(evaluation: Evaluation) -> dict[str, str]:
    reasons = list(evaluation.reasons)
    while len(json.dumps(reasons)) > REASONS_LIMIT:
        reasons = [*reasons[:-2], "and more: see evaluation.json"] if len(reasons) > 1 else [reasons[0][:1_000]]
    return {"evaluation": evaluation.digest, "verdict": str(evaluation.verdict), "reasons": json.dumps(reasons)}


def _entries(client: Any) -> list[RegisteredRelease]:
    """Every registered version, newest first, with its aliases."""
    aliases = _aliases(client)
    entries = [_from_mlflow(version, aliases) for version in client.search_model_versions(f"name='{MODEL}'")]
    return sorted(entries, key=lambda entry: -entry.version)


def _from_mlflow(version: Any, aliases: dict[str, int]) -> RegisteredRelease:
    tags, number = version.tags, int(version.version)
    return RegisteredRelease(
        version=number,
        digest=tags["release"],
        evaluation=tags.get("evaluation", ""),
        verdict=tags.get("verdict", ""),
        reasons=json.loads(tags.get("reasons", "[]")),
        aliases=sorted(alias for alias, aliased in aliases.items() if aliased == number),
        replaced=int(tags.get("replaced", 0)),
        rolled_back=tags.get("rolled_back") == "true",
    )


def _entry(entries: list[RegisteredRelease], version: int) -> RegisteredRelease:
    for entry in entries:
        if entry.version == version:
            return entry
    versions = ", ".join(str(entry.version) for entry in entries) or "none yet"
    raise RegistryError(f"there is no release version {version}", f"name one of: {versions}")


def _champion_of(entries: list[RegisteredRelease]) -> RegisteredRelease | None:
    return next((entry for entry in entries if CHAMPION in entry.aliases), None)


def _aliases(client: Any) -> dict[str, int]:
    models = client.search_registered_models(f"name='{MODEL}'")
    return {alias: int(version) for alias, version in models[0].aliases.items()} if models else {}


def _history(client: Any) -> list[Transition]:
    models = client.search_registered_models(f"name='{MODEL}'")
    tags = models[0].tags if models else {}
    values = [json.loads(tags[name]) for name in sorted(tags) if name.startswith(HISTORY)]
    return [Transition(**{_OLD_KEYS.get(key, key): item for key, item in value.items()}) for value in values]


@contextmanager
def _one_writer(settings: Settings) -> Iterator[None]:
    """Hold the lock of the state folder: of two promotions at once the second waits for the first."""
    from filelock import FileLock  # 0.1 s to import, which reading the registry need not pay

    settings.home.mkdir(parents=True, exist_ok=True)
    with FileLock(settings.home / "registry.lock"):
        yield
