"""The cache version follows the code that a task can reach, and nothing else."""

import shutil

import pytest

from tasks import caching


@pytest.fixture
def project(tmp_path, monkeypatch):
    for name, text in {
        "tasks/one.py": "from nightshift.lake import ingest\n",
        "nightshift/__init__.py": "",
        "nightshift/lake.py": "def f():\n    from nightshift.store import local\n",
        "nightshift/store/__init__.py": "",
        "nightshift/store/local.py": "x = 1\n",
        "nightshift/store/words.yaml": "a: 1\n",
        "nightshift/other.py": "y = 1\n",
        "nightshift/progress.py": "z = 1\n",
        "dbt/models/a.sql": "select 1\n",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.setattr(caching, "ROOT", tmp_path)

    def forget():
        for cache in (caching._imports, caching._module_file, caching._data_beside, caching._data_below):
            cache.cache_clear()

    def version(*folders):
        forget()
        return caching.code_version(tmp_path / "tasks/one.py", folders)

    yield tmp_path, version
    forget()


@pytest.mark.parametrize(
    "changed", ["tasks/one.py", "nightshift/lake.py", "nightshift/store/local.py", "nightshift/store/words.yaml"]
)
def test_a_change_in_reach_changes_it(project, changed):
    """The task's own file, what it imports, what that imports inside a function, and data beside it all count."""
    root, version = project
    before = version()
    (root / changed).write_text((root / changed).read_text() + "# changed\n")
    assert version() != before


@pytest.mark.parametrize("changed", ["nightshift/other.py", "nightshift/progress.py"])
def test_a_change_out_of_reach_does_not(project, changed):
    """A module nobody in reach imports, and what only shapes how a night looks, leave the cache alone."""
    root, version = project
    before = version()
    (root / changed).write_text("changed = 1\n")
    assert version() == before


def test_named_folders_count(project):
    """SQL counts for the task that names its folder, wherever the project lies."""
    root, version = project
    plain, before = version(), version("dbt")
    (root / "dbt/models/a.sql").write_text("select 2\n")
    assert version("dbt") != before
    assert version() == plain
    shutil.rmtree(root / "dbt/models")
    assert version("dbt") != before
