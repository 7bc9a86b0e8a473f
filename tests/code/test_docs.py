"""The pages agree with the code: every command resolves, every file and link exists, every signature is the code's."""

import ast
import re
from pathlib import Path

import pytest

from tests.docs_checker import problems
from tests.docs_commands import commands
from tests.docs_page import ROOT, Page

# The changelog names what is gone.
PAGES = sorted(path for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")] if path.name != "CHANGELOG.md")
LAUNCHED = [
    path
    for folder in ("bench", "nightshift", "serving", "tasks", "workflows")
    for path in sorted((ROOT / folder).rglob("*.py"))
]


def planted(text: str) -> list[str]:
    return problems(Page(Path("docs/planted.md"), text))


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_a_page_shows_exists(path):
    """Commands, options, files, links, names and parameters of the page are those of the code."""
    assert problems(Page(path.relative_to(ROOT), path.read_text())) == []


def test_commands_in_module_docstrings_resolve():
    """The command at the top of a module runs it: target, module, task and options exist."""
    found = []
    for path in LAUNCHED:
        docstring = ast.get_docstring(ast.parse(path.read_text())) or ""
        lines = "\n".join(f"    {line.strip()}" for line in docstring.splitlines()[1:])
        found += [
            problem
            for problem in problems(Page(path.relative_to(ROOT), lines))
            if re.search("`(.venv|python|pyflyte|make|nightshift) ", problem)
        ]
    assert found == []


def test_the_pages_show_commands():
    """The checker finds the commands of the first page, so that an empty result means that they are right."""
    lines = [line for line, _ in commands(Page(Path("README.md"), (ROOT / "README.md").read_text()))]
    assert {line.removeprefix(".venv/bin/").split()[0] for line in lines} == {"make", "nightshift", "pyflyte", "python"}


@pytest.mark.parametrize(
    ("shown", "problem"),
    [
        ("    make tset", "no target tset"),
        ("    make bench DATUM=folder", "reads no DATUM"),
        ("    nightshift releases list", "no subcommand releases"),
        ("    nightshift release lits", "no subcommand lits"),
        ("    nightshift simulate --out shop --nite 3", "--nite"),
        ("    nightshift simulate --night 3", "--out"),
        ("    nightshift release diff 1 two", "two"),
        ("    nightshift ask", "Missing argument"),
        ("Try `nightshift backtset`.\n`nightshift backtset --to x`", "no subcommand backtset"),
        ("    pyflyte run workflows/nihgtly.py nightly", "no file workflows/nihgtly.py"),
        ("    pyflyte run workflows/nightly.py nightly --lra always", "takes no lra"),
        ("    pyflyte run workflows/nightly.py weekly", "no task or workflow weekly"),
        ("    pyflyte run tasks/drift.py drift", "needs features"),
        ("    .venv/bin/pyflyte run workflows/nightly.py nightly --profile huge", "no profile huge"),
        ("    python -m bench.serach", "no file bench/serach"),
        ("    python -m bench.search --fast", "takes no --fast"),
        ("```sh\npython bench/search.py \\\n  --fast\n```", "takes no --fast"),
        ("It lies in `nightshift/reports/shelf.py`.", "no file nightshift/reports/shelf.py"),
        ("It lies in `reports/shelf.py` and `shelf.py`.", "no file shelf.py"),
        ("See [drift](stages/drfit.md).", "leads nowhere"),
        ("See [drift](stages/drift.md#no-such-heading).", "leads to no heading"),
        ("```\ncheck_drift(champ, features, night)  -> Drift   nightshift/drift/check.py\n```", "champion, not champ"),
        ("```\ncheck_drift(champion, features)  -> Drift   nightshift/drift/check.py\n```", "'night'"),
        ("```\nlook(champion, features, night)  -> Drift   nightshift/drift/check.py\n```", "no look"),
        ("```\npromote, rolback   nightshift/registry/mlflow.py\n```", "no rolback"),
        ("`nightshift.digests.digest(x)`", "no digest"),
        ("`nightshift.runtime.assistant`", "no runtime"),
        ("| shelf | `Shelf` in `nightshift/reports/run_log.py` |", "no Shelf"),
        ("```python\nfrom nightshift.nihgt import Night\n```", "nightshift.nihgt"),
        ("```python\nfrom nightshift.night import Shift\n```", "no Shift"),
        ("```python\nfrom nightshift.night import Night\nNight.open(profile='tiny')\n```", "profile"),
        ("```python\nfrom nightshift.night import Night\nNight.begin()\n```", "no begin"),
    ],
)
def test_a_wrong_name_is_reported(shown, problem):
    """What a page must not show is reported, and the report says what is wrong."""
    assert any(problem in report for report in planted(shown)), planted(shown)


@pytest.mark.parametrize(
    "shown",
    [
        "    make ask Q='Where is my parcel?'      # any question",
        "    .venv/bin/nightshift release diff 1 2",
        "Replay it with `nightshift backtest`, or `nightshift evaluate --source ... --from 2025-01-01`.",
        "    pyflyte run tasks/drift.py drift --features '{...}'",
        "    pyflyte run tasks/export_generator.py export_generator --help",
        "    NIGHTSHIFT_PROFILE=small python -m bench.search",
        "```\nStoredRelease(digest, store).checkout()  -> ReleaseFolder   nightshift/release/layout.py\n```",
        "```\nassemble(features, index, ...)  -> Release   nightshift/registry/assemble.py\n```",
        "| run log | `RunLog.latest` in `nightshift/reports/run_log.py` |",
        "```python\nfrom nightshift.night import Night\nnight = Night.open('tiny')\n```",
    ],
)
def test_right_commands_and_names_pass(shown):
    """What exists is not reported."""
    assert planted(shown) == []


def test_the_glossary_is_alphabetical():
    """The terms stand in order, each once, each with the name and the file where it lives."""
    rows = re.findall(
        r"^\| (?!term \||-)(.+?) \| .+ \| (.+) \|$", (ROOT / "docs" / "glossary.md").read_text(), re.MULTILINE
    )
    terms = [term.lower() for term, _ in rows]
    assert len(terms) > 30
    assert terms == sorted(set(terms))
    assert all(re.search(r"`.+\.(py|sql|md)`", where) for _, where in rows)
