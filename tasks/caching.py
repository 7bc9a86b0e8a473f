"""A cache version that changes when the code behind a task changes, and only then.

    @task(cache=cached(__file__))

A fixed version would not see changes in imported code. This one is the digest of the task's own file and of
every first-party module it reaches through imports, with the data files that lie beside them (SQL, mappings,
articles), of the base models in use, and of the identity of the store: a cached result names bytes in that very store.
"""

import hashlib
import re
from functools import cache
from pathlib import Path

from flytekit import Cache

from nightshift.settings import Settings, profile
from nightshift.store import open_store

ROOT = Path(__file__).parents[1]
# They change how a night looks, never what it makes.
PRESENTATION = ("nightshift.reports", "nightshift.progress", "nightshift.cli")
# Read by pattern, not parsed: `pyflyte run --help` waits for this. What looks like an import in a text only adds a file.
IMPORT = re.compile(r"^[ \t]*(?:from|import) (nightshift[\w.]*)(?: import (\([^)]*\)|.*))?", re.MULTILINE)
DATA_SUFFIXES = {".sql", ".yml", ".yaml", ".md", ".json"}


def cached(task_file: str, *folders: str) -> Cache:
    """The cache of the task in `task_file`; `folders` are data outside the package that it reads, e.g. "dbt"."""
    settings = Settings.from_env()
    version = hashlib.sha256(code_version(Path(task_file), folders).encode())
    sizes = profile(settings.profile)
    version.update(f"{open_store(settings.store).identity} {sizes.encoder} {sizes.generator}".encode())
    return Cache(version=version.hexdigest()[:16])


def code_version(task_file: Path, folders: tuple[str, ...] = ()) -> str:
    """Digest of the code and data that a task in `task_file` can reach."""
    reached: set[Path] = set()
    waiting = [task_file.resolve()]
    while waiting:
        path = waiting.pop()
        if path not in reached:
            reached.add(path)
            waiting.extend(_imports(path))
    digest = hashlib.sha256()
    beside = {d for f in reached if f != task_file.resolve() for d in _data_beside(f.parent)}
    named = {d for folder in folders for d in _data_below(ROOT / folder)}
    for path in sorted(reached | beside | named):
        digest.update(f"{path.relative_to(ROOT)}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def code_of() -> str:
    """Digest of all the code and data that can shape a release: what its lineage names."""
    digest = hashlib.sha256()
    files = [p for p in (ROOT / "nightshift").rglob("*") if p.suffix == ".py" or p.suffix in DATA_SUFFIXES]
    shaping = [p for p in files if not _name_of(p).startswith(PRESENTATION)]
    for path in sorted([*shaping, *_data_below(ROOT / "dbt")]):
        digest.update(f"{path.relative_to(ROOT)}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _name_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


@cache
def _imports(path: Path) -> tuple[Path, ...]:
    """First-party modules that a file imports, anywhere in it."""
    names: set[str] = set()
    for module, imported in IMPORT.findall(path.read_text()):
        names |= {module, *(f"{module}.{word}" for word in re.findall(r"\w+", imported))}
    found = (_module_file(name) for name in sorted(names) if not name.startswith(PRESENTATION))
    return tuple(path for path in found if path)


@cache
def _module_file(name: str) -> Path | None:
    base = ROOT / Path(*name.split("."))
    for candidate in (base.with_suffix(".py"), base / "__init__.py"):
        if candidate.exists():
            return candidate
    return None


@cache
def _data_beside(folder: Path) -> tuple[Path, ...]:
    return tuple(p for p in folder.iterdir() if p.suffix in DATA_SUFFIXES)


@cache
def _data_below(folder: Path) -> tuple[Path, ...]:
    hidden = {"target", "logs"}
    return tuple(
        p for p in folder.rglob("*") if p.suffix in DATA_SUFFIXES and not hidden & set(p.relative_to(folder).parts)
    )
