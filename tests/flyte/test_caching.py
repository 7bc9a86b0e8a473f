"""The cache version follows the code that a task can reach, and nothing else."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "tasks/code_version.py"
FILES = {
    "tasks/__init__.py": "",
    "tasks/one.py": "from nightshift.lake import ingest\nfrom tasks.two import SEED\nimport tasks.stage\n",
    "tasks/two.py": "SEED = 7\n",
    "tasks/stage.py": "",
    "nightshift/__init__.py": "",
    "nightshift/lake.py": "def f():\n    from nightshift.store import local\n    import nightshift.progress\n",
    "nightshift/store/__init__.py": "",
    "nightshift/store/local.py": "x = 1\n",
    "nightshift/store/words.yaml": "a: 1\n",
    "nightshift/other.py": "text = 'import nightshift.store.unread'\n",
    "nightshift/store/unread.py": "y = 1\n",
    "nightshift/progress.py": "import nightshift.other\n",
    "dbt/models/a.sql": "select 1\n",
}


@pytest.fixture
def project(tmp_path):
    """A project of a few modules, and a function that gives the version of its task `one`."""
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    shutil.copy(SOURCE, tmp_path / "tasks")

    def version(*folders):
        call = f"code_version(Path('tasks/one.py'), {folders})"
        code = f"from pathlib import Path; from tasks.code_version import code_version; print({call})"
        environment = os.environ | {"PYTHONPATH": str(tmp_path)}
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
        )
        return done.stdout

    return tmp_path, version


@pytest.mark.parametrize(
    "changed",
    [
        "tasks/one.py",
        "tasks/two.py",
        "nightshift/lake.py",
        "nightshift/store/__init__.py",
        "nightshift/store/local.py",
        "nightshift/store/words.yaml",
    ],
)
def test_a_change_in_reach_changes_it(project, changed):
    """The task's own file, what it imports, what that imports inside a function, packages and data beside all count."""
    root, version = project
    first = version()
    (root / changed).write_text((root / changed).read_text() + "# changed\n")
    assert version() != first


@pytest.mark.parametrize(
    "changed",
    ["nightshift/other.py", "nightshift/progress.py", "nightshift/store/unread.py", "tasks/stage.py"],
)
def test_a_change_out_of_reach_does_not(project, changed):
    """A module that nothing in reach imports, and what only shapes how a night looks, leave the version alone."""
    root, version = project
    first = version()
    (root / changed).write_text("changed = 1\n")
    assert version() == first


def test_named_folders_count(project):
    """SQL counts for the task that names its folder, wherever the project lies."""
    root, version = project
    plain, first = version(), version("dbt")
    (root / "dbt/models/a.sql").write_text("select 2\n")
    assert version("dbt") != first
    assert version() == plain
    shutil.rmtree(root / "dbt/models")
    assert version("dbt") != first
