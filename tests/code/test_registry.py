"""The registry knows which release serves; promotion and rollback move one alias and keep a history."""

import json
import os
import shutil
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from nightshift.artifacts import DriftVerdict, Evaluation, EvaluationVerdict, Release
from nightshift.errors import NoChampion, RegistryError
from nightshift.night import Night
from nightshift.registry import mlflow as registry
from nightshift.registry.promotion import promote_or_reject, roll_back
from nightshift.registry.tracking import registry_client, tracked
from nightshift.release.layout import FORMAT
from nightshift.settings import Settings

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def empty_database(tmp_path_factory):
    """An SQLite file with MLflow's schema, made once: the migrations take seconds."""
    settings = Settings.from_env({"NIGHTSHIFT_HOME": str(tmp_path_factory.mktemp("registry"))})
    with registry_client(settings) as client:
        client.search_registered_models()
    return settings.home / "mlflow.db"


@pytest.fixture
def settings(tmp_path, empty_database):
    shutil.copy(empty_database, tmp_path / "mlflow.db")
    return Settings.from_env({"NIGHTSHIFT_HOME": str(tmp_path)})


@pytest.fixture
def night(settings):
    return Night.from_settings(settings)


@pytest.fixture
def store(night):
    return night.store


@pytest.fixture
def candidate(store):
    """Makes a release and its evaluation from a name."""

    def make(name, verdict="accepted", champion="", reasons=("no worse than before",), form=FORMAT):
        lineage, evaluated = store.put_json({"code": name}), store.put_json({"of": name, "verdict": verdict})
        files = {"lineage.json": lineage, "release.json": store.put_json({"format": form})}
        release = Release(store.put_json(files), "i" * 64)
        tree = store.put_json({"evaluation.json": evaluated})
        metrics = {"hit@5": 0.71}
        return release, Evaluation(
            tree, release.digest, champion, EvaluationVerdict(verdict), DriftVerdict.QUIET, list(reasons), metrics
        )

    return make


def test_nothing_serves_at_first(settings):
    """Before the first promotion there is no champion, and asking for the serving release says what to do."""
    assert registry.champion(settings) is None
    with pytest.raises(NoChampion, match="run a night first"):
        registry.serving(settings)


def test_a_release_is_registered_once(settings, night, candidate):
    """Registering a release again keeps its version and takes the newer evaluation."""
    release, evaluation = candidate("one")
    first = registry.register(release, evaluation, night)
    again = registry.register(release, replace(evaluation, verdict="rejected", reasons=["slower"]), night)
    assert (first.version, again.version) == (1, 1)
    assert (again.verdict, again.reasons) == ("rejected", ["slower"])
    assert again.aliases == ["challenger"]


def test_reasons_of_any_length_are_kept(settings, night, candidate):
    """Reasons longer than a tag are cut to whole reasons, and the run holds the evaluation in full."""
    release, evaluation = candidate("one", reasons=[f"slice {n} fell below its floor " + "x" * 100 for n in range(200)])
    entry = registry.register(release, evaluation, night)
    assert 10 < len(entry.reasons) < 50
    assert entry.reasons[-1] == "and more: see evaluation.json"
    assert list((settings.home / "mlartifacts").rglob("evaluation.json"))


def test_promotion_and_the_way_back(settings, night, candidate):
    """Three promotions, two rollbacks one step each, and a history that lists all five."""
    for name in ("one", "two", "three"):
        entry = registry.register(*candidate(name), night)
        registry.promote(settings, entry.version)
    assert registry.serving(settings).version == 3
    assert registry.rollback(settings).version == 2
    assert registry.rollback(settings).version == 1
    with pytest.raises(RegistryError, match="first that ever served"):
        registry.rollback(settings)
    history = registry.history(settings)
    assert [(transition.version, transition.replaced, transition.kind) for transition in history] == [
        (1, 0, "promoted"),
        (2, 1, "promoted"),
        (3, 2, "promoted"),
        (2, 3, "rolled back"),
        (1, 2, "rolled back"),
    ]


def test_rollback_to_a_named_version(settings, night, candidate):
    """A named version serves at once; one that does not exist is refused with the ones that do."""
    for name in ("one", "two", "three"):
        registry.promote(settings, registry.register(*candidate(name), night).version)
    assert registry.rollback(settings, 1).aliases == ["champion"]
    with pytest.raises(RegistryError, match="name one of: 3, 2, 1"):
        registry.rollback(settings, 9)


def test_a_night_promotes_rejects_or_leaves(settings, night, candidate):
    """A good candidate serves, the same again is unchanged, a bad one is kept with its reasons."""
    release, evaluation = candidate("one")
    assert promote_or_reject(release, evaluation, night).outcome == "promoted"
    assert promote_or_reject(release, evaluation, night).outcome == "unchanged"
    worse, judged = candidate("two", verdict="rejected", champion=release.digest, reasons=["hit@5 fell by 3 points"])
    rejected = promote_or_reject(worse, judged, night)
    assert (rejected.outcome, rejected.serving, rejected.reasons) == (
        "rejected",
        release.digest,
        ["hit@5 fell by 3 points"],
    )
    assert len(registry.releases(settings)) == 2


def test_a_night_does_not_undo_a_rollback(settings, night, candidate):
    """What a person rolled back is not promoted by the next night, but may be by hand."""
    first, _ = candidate("one")
    promote_or_reject(*candidate("one"), night)
    second = candidate("two", champion=first.digest)
    promote_or_reject(*second, night)
    assert roll_back(settings).serving == first.digest
    refused = promote_or_reject(*second, night)
    assert (refused.outcome, refused.serving) == ("rejected", first.digest)
    assert "rolled version 2 back" in refused.reasons[0]
    assert roll_back(settings, 2).serving == second[0].digest
    assert registry.serving(settings).rolled_back is False


def test_a_stale_comparison_is_refused(settings, night, candidate):
    """A candidate judged against a release that no longer serves is not promoted."""
    promote_or_reject(*candidate("one"), night)
    with pytest.raises(RegistryError, match="run the night again"):
        promote_or_reject(*candidate("two", champion="0" * 64), night)


def test_a_release_of_another_format_gives_way(settings, night, candidate):
    """After an update nothing can be compared with what serves: a candidate judged without it takes its place."""
    promote_or_reject(*candidate("old", form=FORMAT - 1), night)
    assert promote_or_reject(*candidate("new"), night).outcome == "promoted"
    with pytest.raises(RegistryError, match="compared with no release"):
        promote_or_reject(*candidate("newer"), night)


def test_a_promotion_broken_off_is_completed(settings, night, candidate, monkeypatch):
    """When the process dies after the alias moved, promoting again writes the history that is missing."""
    registry.promote(settings, registry.register(*candidate("one"), night).version)
    release, evaluation = candidate("two", champion=registry.serving(settings).digest)
    registry.register(release, evaluation, night)
    with monkeypatch.context() as broken:
        broken.setattr(registry.json, "dumps", lambda _: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            registry.promote(settings, 2)
    assert registry.serving(settings).version == 2
    assert len(registry.history(settings)) == 1
    assert promote_or_reject(release, evaluation, night).serving == release.digest
    assert [(transition.version, transition.replaced) for transition in registry.history(settings)] == [(1, 0), (2, 1)]
    assert registry.rollback(settings).version == 1


def test_the_history_of_an_older_registry_is_read(settings, night, candidate):
    """Transitions that were written under the former keys are part of the history."""
    registry.register(*candidate("one"), night)
    old = {"version": 1, "digest": "a" * 64, "instead_of": 0, "how": "promoted", "at": "2026-01-02T02:10:00+00:00"}
    with registry_client(settings) as client:
        client.set_registered_model_tag(registry.MODEL, "promotion-000001", json.dumps(old))
    expected = registry.Transition(1, "a" * 64, 0, "promoted", "2026-01-02T02:10:00+00:00")
    assert registry.history(settings) == [expected]


def test_two_promotions_at_once(settings, night, candidate):
    """Of two processes that promote at once both are in the history, in the order in which they served."""
    for name in ("one", "two"):
        registry.register(*candidate(name), night)
    code = textwrap.dedent("""
        import sys
        from nightshift.registry import mlflow as registry
        from nightshift.settings import Settings
        registry.promote(Settings.from_env(), int(sys.argv[1]))
    """)
    env = {**os.environ, "NIGHTSHIFT_HOME": str(settings.home)}

    def promote(version):
        command = [sys.executable, "-c", code, str(version)]
        return subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)

    with ThreadPoolExecutor(2) as pool:
        for done in pool.map(promote, (1, 2)):
            assert done.returncode == 0, done.stderr
            assert done.stderr == ""
    first, second = registry.history(settings)
    assert (first.replaced, second.replaced) == (0, first.version)
    assert registry.serving(settings).version == second.version


def test_training_is_tracked(settings):
    """A stage's run holds its parameters, the digest of its data and every step; a failed one says so."""
    with tracked(settings, "query tower", {"epochs": 2}, "d" * 64) as log:
        log({"loss": 1.5, "hit@5": 0.6}, 1)
        log({"loss": 1.1}, 2)
    with pytest.raises(ZeroDivisionError), tracked(settings, "classifiers", {}, "d" * 64):
        raise ZeroDivisionError
    with registry_client(settings) as client:
        failed, done = client.search_runs([client.get_experiment_by_name("nightshift").experiment_id])
        steps = [(metric.step, metric.value) for metric in client.get_metric_history(done.info.run_id, "loss")]
    assert failed.info.status == "FAILED"
    assert (done.data.params, done.data.tags["dataset"], steps) == ({"epochs": "2"}, "d" * 64, [(1, 1.5), (2, 1.1)])
    assert done.data.metrics["hit_at_5"] == 0.6


def test_a_damaged_registry_is_an_error(tmp_path):
    """A registry file that is no database fails at once with a cure."""
    (tmp_path / "mlflow.db").write_text("not a database, but long enough to look like one at first sight")
    with pytest.raises(RegistryError, match="cannot be opened"):
        registry.champion(Settings.from_env({"NIGHTSHIFT_HOME": str(tmp_path)}))


def test_an_unreachable_registry_is_an_error(tmp_path):
    """A registry server that does not answer is a RegistryError that shows no credentials."""
    env = {"NIGHTSHIFT_HOME": str(tmp_path), "NIGHTSHIFT_REGISTRY": "http://ann:secret@127.0.0.1:9/"}
    with pytest.raises(RegistryError) as raised:
        registry.champion(Settings.from_env(env))
    assert "127.0.0.1" in str(raised.value)
    assert "secret" not in str(raised.value)
