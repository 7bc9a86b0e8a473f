"""Artifacts keep their types on the way through Flyte: enums arrive as enums, and JSON shows their values."""

import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

from nightshift.artifacts import Drift, DriftVerdict, Features

ROOT = Path(__file__).parents[2]
PYFLYTE = str(Path(sys.executable).with_name("pyflyte"))
WORKFLOW = """
from flytekit import task, workflow
from nightshift.artifacts import Decision, Drift, DriftVerdict, Features, RetrainingPlan
from tasks.retraining import plan_retraining

@task
def decisions(plan: RetrainingPlan, drift: Drift) -> str:
    assert plan.query_tower.decision is Decision.TRAIN and plan.generator.decision is Decision.TRAIN
    assert drift.verdict is DriftVerdict.DRIFT_AND_TAXONOMY
    return f"{plan.query_tower.decision} {plan.query_tower.reason}"

@workflow
def planned(features: Features, drift: Drift) -> str:
    return decisions(plan=plan_retraining(features=features, drift=drift, profile="smoke"), drift=drift)
"""


def run(tmp_path, *words):
    inputs = {
        "--features": Features("f" * 64, "s" * 64, "2026-01-09"),
        "--drift": Drift("d" * 64, "", DriftVerdict.DRIFT_AND_TAXONOMY, 200, ["cluster"]),
    }
    flags = [part for name, value in inputs.items() for part in (name, json.dumps(asdict(value)))]
    environment = os.environ | {"HOME": str(tmp_path), "NIGHTSHIFT_HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [PYFLYTE, "run", *words, *flags], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


def test_enums_travel_between_tasks(tmp_path):
    """A task branches on the decision that another task made, and on the verdict that the command line gave."""
    (tmp_path / "planned.py").write_text(WORKFLOW)
    assert "train no release serves yet" in run(tmp_path, "planned.py", "planned")


def test_a_plan_is_asked_from_the_command_line(tmp_path):
    """The task alone takes artifacts as JSON and shows its decisions by their values."""
    output = run(tmp_path, str(ROOT / "tasks/retraining.py"), "plan_retraining", "--profile", "smoke")
    assert "no release serves yet" in output
