"""Every definition loads, documents itself, and stays in the subset that runs on Flyte 1 and, migrated, on Flyte 2."""

import ast
import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = sorted(p for folder in ("workflows", "tasks") for p in (ROOT / folder).glob("*.py") if p.name != "__init__.py")


@pytest.fixture(autouse=True)
def own_state(tmp_path, monkeypatch):
    monkeypatch.setenv("NIGHTSHIFT_HOME", str(tmp_path))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_definition_loads_and_says_how_to_launch_it(path):
    """Each module imports, and its docstring shows a command or what it does."""
    module = importlib.import_module(f"{path.parent.name}.{path.stem}")
    assert module.__doc__
    if path.parent.name == "workflows" and path.stem != "__init__":
        assert "pyflyte" in module.__doc__


def test_the_schedules_name_the_nightly_workflow():
    """Nightly and weekly-full are cron launch plans of the one workflow, with inputs it has."""
    from workflows import schedules
    from workflows.nightly import nightly

    plans = (schedules.NIGHTLY, schedules.WEEKLY_FULL)
    assert [plan.name for plan in plans] == ["nightshift_nightly", "nightshift_weekly_full"]
    for plan in plans:
        assert plan.workflow is nightly
        assert plan.schedule.cron_schedule.schedule
        assert set(plan.saved_inputs) <= set(nightly.python_interface.inputs)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_only_the_portable_subset_is_used(path):
    """No conditional, eager, on_failure, artifacts or cache policies; `dynamic` only with parentheses."""
    tree = ast.parse(path.read_text())
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    names |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert not names & {"conditional", "eager", "OnArtifact", "CacheFunctionBody"}
    keywords = {word.arg for node in ast.walk(tree) if isinstance(node, ast.Call) for word in node.keywords}
    assert not keywords & {"on_failure", "policies"}
    decorators = [d for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) for d in node.decorator_list]
    assert not [d for d in decorators if isinstance(d, ast.Name) and d.id == "dynamic"]


def test_everything_packages_for_a_cluster(tmp_path):
    """`pyflyte package` serializes every task, workflow and launch plan, as registration would."""
    words = ["--pkgs", "workflows", "package", "--image", "nightshift:test", "--source", str(ROOT), "--force"]
    done = subprocess.run(
        [str(Path(sys.executable).with_name("pyflyte")), *words, "-o", str(tmp_path / "packed.tgz")],
        cwd=ROOT, env=os.environ | {"HOME": str(tmp_path)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    for name in ("tasks.ingest.ingest", "workflows.nightly.nightly", "nightshift_nightly", "nightshift_weekly_full"):
        assert name in done.stdout


def test_training_runs_in_several_processes_by_profile(monkeypatch):
    """The profile of the environment decides: one process needs no launcher, two get torch elastic."""
    from tasks.resources import processes

    monkeypatch.setenv("NIGHTSHIFT_PROFILE", "tiny")
    assert processes() == {}
    monkeypatch.setenv("NIGHTSHIFT_PROFILE", "full")
    assert processes()["task_config"].nproc_per_node == 2


def test_production_asks_the_cluster_for_its_key(monkeypatch):
    """In production the ingest task requests the pseudonym key as a secret; development needs none."""
    from tasks.resources import secrets

    assert secrets() == []
    monkeypatch.setenv("NIGHTSHIFT_MODE", "production")
    monkeypatch.setenv("NIGHTSHIFT_PSEUDONYM_KEY", "k")
    (secret,) = secrets()
    assert (secret.group, secret.key, secret.env_var) == ("nightshift", "pseudonym_key", "NIGHTSHIFT_PSEUDONYM_KEY")


def test_help_imports_neither_flyte_nor_torch():
    """`nightshift --help` and every command's help load no framework."""
    code = (
        "import sys; from typer.testing import CliRunner; from nightshift.cli import app\n"
        "for words in ([], ['ask'], ['release', 'diff'], ['evaluate'], ['simulate']):\n"
        "    assert CliRunner().invoke(app, [*words, '--help']).exit_code == 0, words\n"
        "heavy = {'flytekit', 'torch', 'mlflow', 'transformers', 'onnxruntime', 'pandas', 'evidently', 'bentoml'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT, env=dict(os.environ)
    )
    assert done.stdout.strip() == "[]"
