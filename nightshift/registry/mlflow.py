"""Which releases there are, which one serves, and how it came to that: a registered model in MLflow.

    support-assistant  version 3  release=03fa77de... evaluation=5d0c... verdict=accepted   alias champion
                       version 2  release=91ab4c0d...                                       alias previous

Serving follows the alias `champion`. Promotion and rollback move it, one transaction, over model, index, prompt and
policy together, and each leaves a line in the history. Writers take turns by a lock in the state folder.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Literal

from nightshift.artifacts import Evaluation, Release
from nightshift.errors import NoChampion, RegistryError
from nightshift.night import Night
from nightshift.registry.tracking import experiment, is_new, log_metrics, registry_client
from nightshift.release.layout import StoredRelease
from nightshift.settings import Settings

MODEL = "support-assistant"
CHAMPION, CHALLENGER, PREVIOUS = "champion", "challenger", "previous"
REASONS_LIMIT = 4_900  # MLflow cuts long tags silently; the whole is in evaluation.json of the run
HISTORY = "promotion-"


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
class Move:
    """One line of the history: which version began to serve, instead of which (0: none), how and when (UTC)."""

    version: int
    digest: str
    instead_of: int
    how: Literal["promoted", "rolled back"]
    at: str


def register(release: Release, evaluation: Evaluation, night: Night) -> RegisteredRelease:
    """Register a release with its evaluation, once; the same release again only gets the newer evaluation."""
    with _one_writer(night.settings), registry_client(night.settings) as client:
        known = [entry for entry in _entries(client) if entry.digest == release.digest]
        version = known[0].version if known else _new_version(client, release, evaluation, night)
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
    return _serving(releases(settings))


def serving(settings: Settings) -> RegisteredRelease:
    """The release that serves; NoChampion before the first promotion."""
    found = champion(settings)
    if found is None:
        raise NoChampion(
            "no release has been promoted yet",
            "run a night first: pyflyte run workflows/nightly.py nightly",
        )
    return found


def promote(settings: Settings, version: int, expected: str | None = None) -> RegisteredRelease:
    """Let `version` serve; the former champion is remembered. Promoting the champion again changes nothing.

    With `expected`, the digest of the release that should be serving now ('' for none), another champion is refused
    with RegistryError: the version was judged against a release that no longer serves.
    """
    with _one_writer(settings), registry_client(settings) as client:
        entries = _entries(client)
        former = _serving(entries)
        serves = former.digest if former else ""
        target = _entry(entries, version)
        if expected is not None and serves not in {expected, target.digest}:
            raise RegistryError(
                f"version {version} was compared with {expected[:12] or 'no release'}, but {serves[:12]} serves by now",
                "run the night again: it compares with the release that serves",
            )
        if former is None or former.version != version:
            client.set_model_version_tag(MODEL, str(version), "replaced", str(former.version if former else 0))
        client.set_model_version_tag(MODEL, str(version), "rolled_back", "false")
        _move(client, former, target, "promoted")
        return _entry(_entries(client), version)


def rollback(settings: Settings, version: int | None = None) -> RegisteredRelease:
    """Give back `version`, or the release that the champion replaced; again, the one before that.

    The release that is taken away is marked, so that no night promotes it by itself. Raises NoChampion, and
    RegistryError where nothing served before.
    """
    with _one_writer(settings), registry_client(settings) as client:
        entries = _entries(client)
        former = _serving(entries)
        if former is None:
            raise NoChampion(
                "no release serves, so none can be taken back",
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
        _move(client, former, target, "rolled back")
        return _entry(_entries(client), target.version)


def history(settings: Settings) -> list[Move]:
    """Every move of the champion alias, oldest first."""
    if is_new(settings):
        return []
    with registry_client(settings) as client:
        return _history(client)


def _move(
    client: Any, former: RegisteredRelease | None, target: RegisteredRelease, how: Literal["promoted", "rolled back"]
) -> None:
    """Point the alias at `target` and write it down. Broken off and called again, it completes what is missing."""
    was = former.version if former else 0
    client.set_registered_model_alias(MODEL, CHAMPION, str(target.version))
    if CHALLENGER in target.aliases:
        client.delete_registered_model_alias(MODEL, CHALLENGER)
    known = _history(client)
    if not known or known[-1].version != target.version:
        if known and was == target.version:  # the alias had moved, the line was not written any more
            was = known[-1].version
        move = Move(target.version, target.digest, was, how, datetime.now(UTC).isoformat(timespec="seconds"))
        client.set_registered_model_tag(MODEL, f"{HISTORY}{len(known) + 1:06d}", json.dumps(asdict(move)))
    before = _entry(_entries(client), target.version).replaced
    if before:
        client.set_registered_model_alias(MODEL, PREVIOUS, str(before))
    elif PREVIOUS in _aliases(client):
        client.delete_registered_model_alias(MODEL, PREVIOUS)


def _new_version(client: Any, release: Release, evaluation: Evaluation, night: Night) -> int:
    """A new version with a run that holds its numbers and, as artifacts, its lineage and evaluation in full."""
    if not client.search_registered_models(f"name='{MODEL}'"):
        client.create_registered_model(MODEL)
    tags = {"release": release.digest}
    run = client.create_run(
        experiment(client, night.settings), run_name=f"release {release.version}", tags=tags
    ).info.run_id
    log_metrics(client, run, evaluation.metrics)
    client.log_dict(run, StoredRelease(release.digest, night.store).lineage, "lineage.json")
    report = night.store.get_json(night.store.tree(evaluation.digest)["evaluation.json"])
    client.log_dict(run, report, "evaluation.json")
    client.set_terminated(run)
    made = client.create_model_version(MODEL, source=f"nightshift:{release.digest}", run_id=run, tags=tags)
    return int(made.version)


def _evaluation_tags(evaluation: Evaluation) -> dict[str, str]:
    reasons = list(evaluation.reasons)
    while len(json.dumps(reasons)) > REASONS_LIMIT:
        reasons = [*reasons[:-2], "and more: see evaluation.json"] if len(reasons) > 1 else [reasons[0][:1_000]]
    return {"evaluation": evaluation.digest, "verdict": str(evaluation.verdict), "reasons": json.dumps(reasons)}


def _entries(client: Any) -> list[RegisteredRelease]:
    """Every registered version, newest first, with its aliases."""
    aliases = _aliases(client)
    found = client.search_model_versions(f"name='{MODEL}'")
    entries = [_from_mlflow(version) for version in found]
    named = [replace(e, aliases=sorted(a for a, v in aliases.items() if v == e.version)) for e in entries]
    return sorted(named, key=lambda entry: -entry.version)


def _from_mlflow(version: Any) -> RegisteredRelease:
    tags = version.tags
    return RegisteredRelease(
        version=int(version.version),
        digest=tags["release"],
        evaluation=tags.get("evaluation", ""),
        verdict=tags.get("verdict", ""),
        reasons=json.loads(tags.get("reasons", "[]")),
        replaced=int(tags.get("replaced", 0)),
        rolled_back=tags.get("rolled_back") == "true",
    )


def _entry(entries: list[RegisteredRelease], version: int) -> RegisteredRelease:
    for entry in entries:
        if entry.version == version:
            return entry
    there = ", ".join(str(entry.version) for entry in entries) or "none yet"
    raise RegistryError(f"there is no release version {version}", f"name one of: {there}")


def _serving(entries: list[RegisteredRelease]) -> RegisteredRelease | None:
    return next((entry for entry in entries if CHAMPION in entry.aliases), None)


def _aliases(client: Any) -> dict[str, int]:
    models = client.search_registered_models(f"name='{MODEL}'")
    return {alias: int(version) for alias, version in models[0].aliases.items()} if models else {}


def _history(client: Any) -> list[Move]:
    models = client.search_registered_models(f"name='{MODEL}'")
    tags = models[0].tags if models else {}
    return [Move(**json.loads(tags[name])) for name in sorted(tags) if name.startswith(HISTORY)]


@contextmanager
def _one_writer(settings: Settings) -> Iterator[None]:
    """Hold the lock of the state folder: of two promotions at once the second waits for the first."""
    from filelock import FileLock  # 0.1 s to import, which reading the registry need not pay

    settings.home.mkdir(parents=True, exist_ok=True)
    with FileLock(settings.home / "registry.lock"):
        yield
