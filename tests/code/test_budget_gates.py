"""Parity, size and time."""

import json
from dataclasses import asdict, replace

import pytest

from nightshift.artifacts import Index, Model, Release
from nightshift.evaluate.asking import Latency
from nightshift.evaluate.checks.budgets import Size, latency_gates, size_gates, sizes
from nightshift.evaluate.checks.parity import parities, parity_gates
from nightshift.evaluate.gate import Limits
from nightshift.evaluate.model_under_test import ReleaseRef
from nightshift.release.layout import FORMAT, ReleaseFolder, ReleaseRecord

LIMITS = Limits()
MODELS = {"generator": Size(80_000_000, "smol"), "query_tower": Size(90_000_000, "mini")}


def failed(gates):
    return [gate.name for gate in gates if not gate.passed]


@pytest.mark.parametrize("value", [0.5, float("nan")])
def test_an_export_that_differs_is_rejected(value):
    """What serves must be what was trained; a difference that is no number is none that was measured."""
    assert failed(parity_gates({"classifiers": value, "query_tower": 2e-7}, LIMITS)) == ["parity of classifiers"]
    assert failed(parity_gates({"query_tower": 2e-7}, LIMITS)) == []


def test_models_within_the_budget_pass():
    """The same models as the champion's, or somewhat larger."""
    grown = MODELS | {"generator": Size(100_000_000, "smol")}
    assert failed(size_gates(MODELS, MODELS, LIMITS)) == failed(size_gates(grown, MODELS, LIMITS)) == []


def test_a_model_that_doubled_is_named():
    """The same base model twice as large is a mistake in the export."""
    double = MODELS | {"generator": Size(160_000_000, "smol")}
    gates = size_gates(double, MODELS, LIMITS)
    assert failed(gates) == ["size of generator"]
    assert "160.0 MB, over the limit of 120.0 MB" in gates[-1].sentence


def test_another_base_model_may_be_larger_within_the_budget():
    """Somebody chose it; what is deployed still has to fit."""
    larger = MODELS | {"generator": Size(2_000_000_000, "llama")}
    assert failed(size_gates(larger, MODELS, LIMITS)) == []
    assert failed(size_gates(larger, MODELS, replace(LIMITS, model_bytes=10**9))) == ["size of the models"]


def test_time_is_gated_but_not_reported():
    """Two latencies within the budget give the same gates, one beyond it is refused."""
    quick, slower = Latency([0.01] * 20, [0.5], [1.0]), Latency([0.05] * 20, [0.9], [2.0])
    assert latency_gates(quick, LIMITS) == latency_gates(slower, LIMITS) == latency_gates(Latency(), LIMITS)
    assert failed(latency_gates(Latency([3.0] * 20), LIMITS)) == ["retrieval time (p95)"]
    assert failed(latency_gates(Latency([0.01], [30.0]), LIMITS)) == ["time to first token (p50)"]


def test_the_page_shows_the_times():
    """p50 and p95 of what was measured; an answer from the memo has none."""
    assert Latency([0.2, 0.2], [], []).timings == {"retrieval_p50": 0.2, "retrieval_p95": 0.2}
    assert Latency().timings == {}


def test_sizes_and_parities_are_those_of_the_folder(tmp_path):
    """Bytes of every file under a model's folder; the largest parity that its export measured."""
    (tmp_path / "generator" / "deep").mkdir(parents=True)
    (tmp_path / "generator" / "deep" / "weights").write_bytes(b"x" * 7)
    models = {
        "generator": Model("generator", "", "smol", ""),
        "classifiers": Model("classifiers", "", "", "", {"a_parity": 1e-7, "b_parity": 2e-7, "auc": 1}),
    }
    record = ReleaseRecord(FORMAT, Index("", "", "", 0, 0), models, {}, {}, prompts="", reference="", lineage="")
    (tmp_path / "release.json").write_text(json.dumps(asdict(record)))
    release = ReleaseRef(Release("d", "i"), ReleaseFolder(tmp_path))
    assert sizes(release)["generator"] == Size(7, "smol")
    assert parities(release) == {"classifiers": 2e-7}
