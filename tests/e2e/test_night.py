"""A night from end to end on the simulated company, as a user runs it."""

import json
import re
from dataclasses import asdict

import pyarrow.parquet as pq
import pytest

from nightshift.artifacts import AdapterPlan, Decision, RetrainingPlan
from nightshift.registry import mlflow as registry
from nightshift.release.layout import StoredRelease
from nightshift.reports.run_log import STAGES, RunLog
from nightshift.simulation.changes import published
from nightshift.simulation.people import canary
from nightshift.store import open_store
from tests.e2e.conftest import State

SHOP = "simulate://shop?night={night}&history=4"
# What a night always runs: these read the source and the registry.
UNCACHED = {"ingest", "drift", "retraining-plan", "promote", "package"}

pytestmark = pytest.mark.slow


def test_the_first_night_ends_in_a_release_that_serves(company):
    """Every stage works, and the registry's champion is the release that was made."""
    champion = registry.serving(company.settings)
    assert champion.verdict == "accepted"
    night = company.home / "nights" / "2026-01-01"
    assert {path.stem[3:] for path in night.glob("??-*.html")} == set(STAGES)


def test_the_release_answers_with_citations(company):
    """`nightshift ask` streams an answer that cites an article, and names release and reports."""
    output = company.run("nightshift", "ask", "How long do I have to send something back?").stdout
    version = registry.serving(company.settings).digest[:12]
    assert re.search(r"^\s+\[\d\] .+ > .+", output, re.MULTILINE), output
    assert version in output
    assert "nights/index.html" in output


def test_the_same_night_again_recomputes_nothing(company):
    """Only what reads source and registry runs; nothing is embedded, trained or promoted, and it says so."""
    before = registry.serving(company.settings)
    done = company.night(SHOP.format(night=1))
    assert set(company.last_run()) <= UNCACHED | {"query-tower", "generator", "evaluate"}
    assert all(work["changed"] == 0 for work in company.last_run().values()), company.last_run()
    assert registry.serving(company.settings) == before
    assert "Nothing new at the source" in done.stderr
    assert "Nothing changed" in done.stderr


def test_the_pages_hold_nobodys_data_and_stay_small(company):
    """No page or ledger holds the canary's strings, an e-mail address or a ticket; none is larger than 300 KB."""
    person = canary()
    secrets = [person[key] for key in ("id", "name", "email", "order", "phrase")]
    for path in (company.home / "nights").rglob("*.*"):
        text = path.read_text(errors="replace")
        assert not [secret for secret in secrets if secret in text], path
        if path.name != "drift.html":
            assert len(text) < 300_000
            assert not re.search(r"[\w.]+@example\.(com|org|net)", text), path


def test_nothing_stored_holds_the_canary(company):
    """Not one file of the state holds the canary's e-mail address or raw customer id: both went on the way in."""
    strings = [canary()[key].encode() for key in ("email", "id")]
    for path in company.home.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert not [text for text in strings if text in content], path


def test_a_stage_launched_alone_trains_in_two_processes(company):
    """Under torch elastic as in the full profile, one task on the artifacts of the night makes one adapter."""
    store = open_store(company.settings.store)
    champion = registry.serving(company.settings)
    serving = StoredRelease(champion.digest, store)
    record, lineage = serving.record, serving.lineage
    features = {key: lineage["features"][key] for key in ("digest", "snapshot", "split_at")} | {"rows": {}}
    train = AdapterPlan(Decision.TRAIN, "launched alone")
    inputs = {
        "--features": features,
        "--index": asdict(record.index),
        "--document_tower": asdict(record.models["document_tower"]),
        "--plan": asdict(RetrainingPlan("", train, train)),
    }
    words = [word for name, value in inputs.items() for word in (name, json.dumps(value))]
    two_processes = State(company.folder, company.extra | {"NIGHTSHIFT_PROFILE": "full"})
    done = two_processes.run(
        "pyflyte", "run", str(company.project / "tasks/query_tower.py"), "query_tower", *words, "--profile", "smoke"
    )
    made = re.search(r"digest='([0-9a-f]{64})'", done.stdout)
    assert made, done.stdout
    assert "adapter_model.safetensors" in store.tree(made[1])
    assert made[1] != record.models["query_tower_adapter"].digest  # another order of the same sums


def test_classifiers_of_the_same_data_are_not_trained_again(company):
    """Other evaluation questions make other features, and the same classifiers."""
    store = open_store(company.settings.store)
    champion = registry.serving(company.settings)
    serving = StoredRelease(champion.digest, store)
    record, lineage = serving.record, serving.lineage
    marts = store.tree(lineage["features"]["digest"]) | {"eval_questions.parquet": store.put(b"others")}
    features = {key: lineage["features"][key] for key in ("snapshot", "split_at")} | {"rows": {}}
    inputs = {
        "--features": features | {"digest": store.put_json(marts)},
        "--document_tower": asdict(record.models["document_tower"]),
    }
    words = [word for name, value in inputs.items() for word in (name, json.dumps(value))]
    done = company.run(
        "pyflyte", "run", str(company.project / "tasks/classifiers.py"), "classifiers", *words, "--profile", "smoke"
    )
    assert record.models["classifiers"].digest in done.stdout
    assert "Nothing new to learn from" in done.stderr


def test_the_next_night_reuses_the_adapters_and_embeds_what_changed(later):
    """Night 2 trains nothing, embeds fewer passages than there are, and registers a second release with its verdict."""
    done = RunLog(later.home).latest("2026-01-02")
    assert done["query-tower"]["changed"] == done["generator"]["changed"] == 0
    assert "lora=never" in done["query-tower"]["verdict"]
    assert 0 < done["index"]["changed"] < done["index"]["total"] / 3
    entries = registry.releases(later.settings)
    assert len(entries) == 3
    assert all(entry.reasons for entry in entries)
    listed = later.run("nightshift", "release", "list").stdout
    assert all(entry.digest[:12] in listed for entry in entries)
    changed = later.run("nightshift", "release", "diff", "1", "2").stdout
    assert "classifiers" in changed
    assert entries[-1].digest[:12] in changed


def test_evidently_draws_the_second_night(later):
    """Its report lies beside the pages of a night that has a champion to compare with, and holds no ticket's words."""
    page = (later.home / "nights/2026-01-02/drift.html").read_text()
    assert "Dataset Drift" in page
    serving = registry.serving(later.settings)
    learned = StoredRelease(serving.digest, open_store(later.settings.store)).checkout().index / "resolved.parquet"
    assert not [ticket for ticket in pq.read_table(learned)["ticket_id"].to_pylist() if ticket in page]
    assert canary()["phrase"] not in page


def test_rollback_serves_a_former_release_again(later):
    """One command moves the alias to the version it names, and back; status tells who serves."""
    before = registry.serving(later.settings)
    rollback = ("pyflyte", "run", str(later.project / "workflows/rollback.py"), "rollback", "--version")
    other = 1 if before.version != 1 else 2
    later.run(*rollback, str(other))
    assert registry.serving(later.settings).version == other
    assert f"version {other}" in later.run("nightshift", "status").stdout
    later.run(*rollback, str(before.version))
    assert registry.serving(later.settings).version == before.version


def test_a_deleted_article_leaves_the_index_the_same_night(later):
    """Night 3 withdraws an article: no chunk of it is in the new index."""
    gone = set(published(2)) - set(published(3))
    assert gone
    newest = registry.releases(later.settings)[0]
    release = StoredRelease(newest.digest, open_store(later.settings.store)).checkout()
    chunks = pq.read_table(release.index / "chunks.parquet")
    assert not gone & set(chunks["article_id"].to_pylist())


def test_an_older_night_is_refused(later):
    """Going back in time is an error with a cure, and the release that serves goes on serving."""
    before = registry.serving(later.settings)
    done = later.night(SHOP.format(night=1), ok=False)
    assert done.returncode != 0
    assert "already holds" in done.stdout + done.stderr
    assert "cure:" in done.stdout + done.stderr
    assert registry.serving(later.settings).digest == before.digest
