"""Checks what the pages show against the code: commands, files, links, signatures, and where a term is defined.

problems(Page(Path("docs/stages/drift.md"), text))     # ["docs/stages/drift.md: `make tset`: no target tset", ...]
"""

import re
from collections.abc import Iterator

from tests.docs_calls import wrong_calls
from tests.docs_commands import wrong_commands
from tests.docs_page import CODE, FOLDERS, ROOT, Page, exists

SHOWN_PATH = re.compile(rf"(?:{'|'.join(FOLDERS)})/[\w./-]*\.(?:py|sql|ya?ml|md|html|svg|json)\b|(?<![\w/.*-]){CODE}\b")
LINK = re.compile(r"\]\((?P<target>[^)\s]+)\)")


def problems(page: Page) -> list[str]:
    """Everything that the page shows and the code does not hold."""
    return [
        f"{page.path}: {problem}" for check in (wrong_commands, _paths, _links, wrong_calls) for problem in check(page)
    ]


def _paths(page: Page) -> Iterator[str]:
    shown = [span for span in page.spans if " " not in span]
    shown += [line for info, lines in page.blocks if info in {"", "sh", "python"} for line in lines]
    for text in shown:
        for path in SHOWN_PATH.findall(text):
            if not exists(path):
                yield f"no file {path}"


def _links(page: Page) -> Iterator[str]:
    for target in LINK.findall(page.text):
        if target.startswith(("http:", "https:")):
            continue
        path, _, anchor = target.partition("#")
        file = (ROOT / page.path).parent / path if path else ROOT / page.path
        if not file.exists():
            yield f"the link {target} leads nowhere"
        elif anchor and anchor not in _anchors(file.read_text()):
            yield f"the link {target} leads to no heading"


def _anchors(text: str) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
