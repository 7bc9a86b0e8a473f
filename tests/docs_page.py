"""A page of the documentation, and what every check of pages needs.

Page(Path("docs/stages/drift.md"), text).spans      # ["tasks/drift.py", "make test", ...]
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDERS = ("bench", "containers", "dbt", "docs", "nightshift", "serving", "tasks", "tests", "workflows")
CODE = r"[\w.-]+(?:/[\w.-]+)*\.(?:py|sql)"


@dataclass(frozen=True)
class Page:
    """One Markdown page, or the docstring of a module."""

    path: Path
    text: str

    @property
    def blocks(self) -> Iterator[tuple[str, list[str]]]:
        """Its code blocks: the info string, empty for an indented block, and the lines."""
        fence, lines = None, []
        for line in self.text.splitlines():
            if line.startswith("```"):
                if fence is not None:
                    yield fence, lines
                    fence = None
                else:
                    fence, lines = line[3:].strip(), []
            elif fence is not None:
                lines.append(line)
            elif line.startswith("    ") and not line.lstrip().startswith(("-", "*", "|")):
                yield "", [line.strip()]

    @property
    def spans(self) -> list[str]:
        """Its inline code."""
        prose = re.sub(r"^```.*?^```", "", self.text, flags=re.DOTALL | re.MULTILINE)
        return [" ".join(span.split()) for span in re.findall(r"`([^`]+)`", prose)]


class Wrong(Exception):
    """What a page shows does not exist; the text says what."""


def tree(path: str) -> ast.Module:
    if not (ROOT / path).is_file():
        raise Wrong(f"no file {path}")
    return ast.parse((ROOT / path).read_text())


def exists(path: str) -> bool:
    """Whether it lies there, from the root or, as pages name their own folder's files, from any folder."""
    return (ROOT / path).exists() or any(file.endswith(f"/{path}") for file in _files())


@cache
def _files() -> frozenset[str]:
    return frozenset(str(path) for folder in FOLDERS for path in (ROOT / folder).rglob("*.*"))
