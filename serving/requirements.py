"""The part of requirements.lock that serving needs: what it imports and what that requires.

locked(ROOTS, Path("requirements.lock"))  ->  ['aiohttp==3.14.1', ..., 'onnxruntime==1.31.1', ...]
"""

from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from nightshift.errors import PackagingError

ROOTS = (
    "anyio", "bentoml", "numpy", "onnxruntime", "onnxruntime-genai", "packaging", "phonenumbers",
    "prometheus-client", "pyarrow", "pydantic", "python-stdnum", "starlette", "tokenizers", "uvicorn",
)  # fmt: skip


def locked(roots: Iterable[str], lock: Path) -> list[str]:
    """The lines of the lock for `roots` and everything these require on this platform, sorted.

    Raises PackagingError for a package that the lock does not hold.
    """
    versions = {str(canonicalize_name(Requirement(line).name)): line for line in _locked_lines(lock)}
    required: set[str] = set()
    queue = [Requirement(root) for root in roots]
    seen: set[tuple[str, frozenset[str]]] = set()
    while queue:
        requirement = queue.pop()
        name, extras = str(canonicalize_name(requirement.name)), frozenset(requirement.extras)
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        required.add(name)
        queue.extend(_requirements_of(name, extras))
    absent = sorted(required - versions.keys())
    if absent:
        raise PackagingError(f"{lock.name} does not hold {', '.join(absent)}", "bring the lock up to date: make lock")
    return [versions[name] for name in sorted(required)]


def _requirements_of(name: str, extras: frozenset[str]) -> list[Requirement]:
    try:
        declared = [Requirement(text) for text in requires(name) or []]
    except PackageNotFoundError:  # not installed here, so nothing on this platform requires it
        return []
    environments = [{"extra": extra} for extra in ("", *extras)]
    return [r for r in declared if r.marker is None or any(r.marker.evaluate(e) for e in environments)]


def _locked_lines(lock: Path) -> list[str]:
    texts = (line.partition("#")[0].strip() for line in lock.read_text().splitlines())
    return [text for text in texts if text and not text.startswith("-")]
