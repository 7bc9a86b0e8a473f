"""The page on bringing your own data is tested by running its examples."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "bring-your-own-data.md"
BLOCK = re.compile(r"^```\w+ (file|run|output)=(\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(kind):
    return {name: text for form, name, text in BLOCK.findall(PAGE.read_text(encoding="utf-8")) if form == kind}


@pytest.mark.parametrize("example", ["lamps", "tents"])
def test_an_example_prints_what_the_page_says(example, tmp_path):
    """The files, the mapping and the snippet of the page, copied as they are, print the output on the page."""
    for name, text in blocks("file").items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (tmp_path / "look.py").write_text(blocks("run")["look"], encoding="utf-8")
    url = f"file://{tmp_path}/{example}?mapping={tmp_path}/{example}/mapping.yaml"
    env = os.environ | {"NIGHTSHIFT_HOME": str(tmp_path / "home"), "PYTHONPATH": str(PAGE.parents[1])}
    process = subprocess.run(
        [sys.executable, "look.py", url], cwd=tmp_path, env=env, capture_output=True, text=True, check=False
    )
    assert process.stdout == blocks("output")[example], process.stderr


def test_the_page_names_every_key_and_column():
    """The page lists every key of a mapping and every column of a table."""
    from nightshift.schema import TABLES
    from nightshift.sources.mapping_file import TABLE_KEYS

    page = PAGE.read_text(encoding="utf-8")
    assert [key for key in TABLE_KEYS if f"| `{key}` |" not in page] == []
    for table in TABLES.values():
        (line,) = [line for line in page.splitlines() if line.startswith(f"| `{table.name}` |")]
        shown = re.findall(r"(\*\*)?([a-z_]+)(?:\*\*)?(?: \(Markdown\))?,", line.split("|")[2].strip() + ",")
        assert {name: bool(bold) for bold, name in shown} == {
            name: column.required for name, column in table.columns.items()
        }
