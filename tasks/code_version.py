"""Digests of first-party code, and of the data files beside it.

code_version(Path("tasks/index.py"))            # what this task reaches through imports
code_version(Path("tasks/transform.py"), ("dbt",))
code_of()                                       # all that can shape a release
"""

import hashlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import grimp

ROOT = Path(__file__).parents[1]
# These modules change how a night is run and shown, never its results.
PRESENTATION = ("nightshift.reports", "nightshift.progress", "nightshift.cli")
PLUMBING = ("tasks.caching", "tasks.code_version", "tasks.resources", "tasks.stage")
DATA_SUFFIXES = {".sql", ".yml", ".yaml", ".md", ".json"}
BUILD_FOLDERS = {"target", "logs"}  # dbt writes them


def code_version(task_file: Path, folders: tuple[str, ...] = ()) -> str:
    """Hex SHA-256 of the code and data that the task in `task_file` can reach; `folders` are further data folders."""
    reached = {task_file.resolve(), *map(_file, _imports().find_upstream_modules(f"tasks.{task_file.stem}"))}
    beside = {data for file in reached if file.parent != ROOT / "tasks" for data in _data_beside(file.parent)}
    named = {data for folder in folders for data in _data_below(ROOT / folder)}
    return _digest(reached | beside | named)


def code_of() -> str:
    """Hex SHA-256 of all the code and data that can shape a release: its lineage names it."""
    files = [path for path in (ROOT / "nightshift").rglob("*") if path.suffix == ".py" or path.suffix in DATA_SUFFIXES]
    shaping = [path for path in files if not _name(path).startswith(PRESENTATION)]
    return _digest([*shaping, *_data_below(ROOT / "dbt")])


def _digest(paths: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in sorted(paths):
        digest.update(f"{path.relative_to(ROOT)}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


@cache
def _imports() -> grimp.ImportGraph:
    """Imports between first-party modules, those inside functions too; nothing is followed through presentation.

    A module imports its package as well: Python runs `nightshift/store/__init__.py` before `nightshift/store/local.py`.
    """
    graph = grimp.build_graph("tasks", "nightshift", cache_dir=None)
    for name in list(graph.modules):
        if name.startswith(PRESENTATION) or name in PLUMBING:
            graph.remove_module(name)
        elif name.count(".") > 1:
            graph.add_import(importer=name, imported=name.rpartition(".")[0])
    return graph


def _file(name: str) -> Path:
    base = ROOT / Path(*name.split("."))
    module = base.with_suffix(".py")
    return module if module.exists() else base / "__init__.py"


def _name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


@cache
def _data_beside(folder: Path) -> tuple[Path, ...]:
    return tuple(path for path in folder.iterdir() if path.suffix in DATA_SUFFIXES)


@cache
def _data_below(folder: Path) -> tuple[Path, ...]:
    return tuple(
        path
        for path in folder.rglob("*")
        if path.suffix in DATA_SUFFIXES and not BUILD_FOLDERS & set(path.relative_to(folder).parts)
    )
