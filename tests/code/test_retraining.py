"""Adapters are reused while few tickets are new to them, and never after a ticket they learned from is erased."""

from dataclasses import asdict, replace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from nightshift.artifacts import AdapterPlan, Decision, Drift, DriftVerdict, Features, Index, Model, RetrainingPlan
from nightshift.errors import SettingsError
from nightshift.night import Night
from nightshift.registry import mlflow as registry
from nightshift.registry.mlflow import RegisteredRelease
from nightshift.registry.retraining import plan_retraining
from nightshift.release.layout import FORMAT, ReleaseRecord
from nightshift.settings import Settings, profile

QUIET = Drift("d" * 64, "c" * 64, DriftVerdict.QUIET, 200)
MOVED = replace(QUIET, verdict=DriftVerdict.DRIFT, moved=["novelty", "volume"])
TINY = replace(profile("tiny"), retrain_share=0.25)


@pytest.fixture
def night(tmp_path):
    settings = Settings.from_env({"NIGHTSHIFT_HOME": str(tmp_path)})
    return replace(Night.from_settings(settings), profile=TINY)


@pytest.fixture
def store(night):
    return night.store


@pytest.fixture
def features(store, tmp_path):
    """Makes features with these training tickets and one evaluation question, e1."""

    def make(*today):
        folder = tmp_path / "marts"
        folder.mkdir(exist_ok=True)
        marts = {
            "tickets": [*today, "e1"],
            "training_pairs": today,
            "generator_examples": today,
            "eval_questions": ["e1"],
        }
        for name, ids in marts.items():
            pq.write_table(pa.table({"ticket_id": pa.array(ids, pa.string())}), folder / f"{name}.parquet")
        return Features(store.put_tree(folder), "s" * 64, "2026-01-09")

    return make


@pytest.fixture
def champion(store, monkeypatch):
    """Makes a serving release whose adapters learned from these tickets."""

    def make(*learned, form=FORMAT):
        adapter = store.put_json({"trained_on.json": store.put_json(sorted(learned))})
        kinds = ("query_tower_adapter", "generator_adapter")
        models = {kind: Model(kind, adapter, "base", "f" * 64) for kind in kinds}
        index = Index("1" * 64, "f" * 64, "2" * 64, 41, 12)
        record = ReleaseRecord(form, index, models, {}, {}, prompts="", reference="", lineage="")
        release = store.put_json({"release.json": store.put_json(asdict(record))})
        monkeypatch.setattr(registry, "champion", lambda _: RegisteredRelease(1, release, "", "accepted"))
        return adapter

    return make


def test_without_a_champion_all_is_trained(night, features):
    """The first night trains both adapters and says why."""
    plan = plan_retraining(features("t1"), QUIET, night, "never")
    assert plan == RetrainingPlan("", *[AdapterPlan(Decision.TRAIN, "no release serves yet")] * 2)


def test_a_champion_of_another_format_is_none(night, features, champion):
    """What this code cannot open is neither reused nor compared with, and the reason says so."""
    champion("t1", "t2", form=FORMAT - 1)
    plan = plan_retraining(features("t1", "t2"), QUIET, night, "auto")
    assert (plan.champion, plan.query_tower.decision) == ("", Decision.TRAIN)
    assert "another version" in plan.generator.reason


def test_few_new_tickets_reuse(night, features, champion):
    """With a fifth of the tickets new and a limit of a quarter, the adapters are reused and the numbers both."""
    adapter = champion("t1", "t2", "t3", "t4")
    plan = plan_retraining(features("t1", "t2", "t3", "t4", "t5"), QUIET, night, "auto")
    assert plan.query_tower == plan.generator
    assert plan.generator == AdapterPlan(Decision.REUSE, "20% of 5 tickets are new, the limit is 25%", adapter)


def test_many_new_tickets_train(night, features, champion):
    """At the limit the adapters are trained, unless the person said never."""
    adapter = champion("t1", "t2", "t3")
    tonight = features("t1", "t2", "t3", "t4")
    assert plan_retraining(tonight, QUIET, night, "auto").query_tower.decision is Decision.TRAIN
    assert plan_retraining(tonight, QUIET, night, "never").query_tower.adapter == adapter


def test_always_trains(night, features, champion):
    """lora=always trains although nothing is new."""
    champion("t1")
    plan = plan_retraining(features("t1"), QUIET, night, "always")
    assert plan.query_tower == AdapterPlan(Decision.TRAIN, "lora=always")


def test_erased_and_evaluation_tickets_force_training(night, features, champion):
    """An adapter that learned from a forgotten ticket or from tonight's evaluation is trained anew, even with never."""
    for learned, why in (("t0", "1 tickets that are gone"), ("e1", "1 tickets that tonight's evaluation asks")):
        champion("t1", learned)
        plan = plan_retraining(features("t1"), QUIET, night, "never")
        assert plan.query_tower == AdapterPlan(Decision.TRAIN, f"it learned from {why}")


def test_drift_trains_the_query_tower_on_what_is_new(night, features, champion):
    """When tickets are about something else, a single new one is enough for the query tower; the generator waits."""
    adapter = champion("t1", "t2", "t3", "t4")
    plan = plan_retraining(features("t1", "t2", "t3", "t4", "t5"), MOVED, night, "auto")
    assert plan.generator.adapter == adapter
    why = "tonight's tickets are about something else (novelty); 20% of 5 tickets are new, the limit is 25%"
    assert plan.query_tower == AdapterPlan(Decision.TRAIN, why)


def test_drift_trains_nothing_where_it_cannot_pay(night, features, champion):
    """Nothing new to learn from, only more or renamed tickets, or the person's word: the adapter is used again."""
    adapter = champion("t1", "t2", "t3", "t4")
    both = replace(MOVED, verdict=DriftVerdict.DRIFT_AND_TAXONOMY, moved=["labels", "vanished", "volume"])
    assert plan_retraining(features("t1", "t2", "t3", "t4"), MOVED, night, "auto").query_tower.adapter == adapter
    more = features("t1", "t2", "t3", "t4", "t5")
    assert plan_retraining(more, both, night, "auto").query_tower.adapter == adapter
    assert plan_retraining(more, MOVED, night, "never").query_tower.adapter == adapter


def test_a_wrong_choice_is_both(night, features):
    """Another value of lora is refused with the ones there are."""
    with pytest.raises(SettingsError, match="auto, always, never"):
        plan_retraining(features("t1"), QUIET, night, "sometimes")
