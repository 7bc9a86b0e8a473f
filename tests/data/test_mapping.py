"""Mapping files: their keys, and the errors for mistakes in them."""

import copy
import subprocess
import sys

import pytest
import yaml

from nightshift.errors import MappingError
from nightshift.schema import TABLES
from nightshift.sources.mapping import Expression
from nightshift.sources.mapping_file import load_mapping, parse_mapping

GOOD = yaml.safe_load("""
tables:
  resolutions:
    files: done/**/*.csv
    columns: {ticket_id: Id, article_id: Page, resolved_at: [When]}
""")


def broken(**changes):
    content = copy.deepcopy(GOOD)
    content["tables"]["resolutions"].update(changes)
    return content


@pytest.mark.parametrize("name", ["company", "thunderbird"])
def test_shipped_mappings_fill_every_required_column(name):
    """The shipped mappings load, and so fill every required column."""
    mapping = load_mapping(name)
    assert {table.table for table in mapping.tables} <= set(TABLES)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"table": {}}, "'table'"),
        ({"tables": {"ticket": {}}}, "did you mean 'tickets'"),
        ({"tables": {}}, "tables is empty"),
        (["tables"], "key: value"),
        (broken(colums={}), "did you mean 'columns'"),
        ({"tables": {"resolutions": {"files": "a.csv", "colums": {}}}}, "did you mean 'columns'"),
        (broken(columns={"ticket": "Id"}), "did you mean 'ticket_id'"),
        (broken(columns={"ticket_id": "Id"}), "nothing fills article_id, resolved_at"),
        (
            broken(columns=GOOD["tables"]["resolutions"]["columns"] | {"ticket_id": {"upper": "Id"}}),
            "is not understood",
        ),
        (broken(columns=GOOD["tables"]["resolutions"]["columns"] | {"ticket_id": {"not": "Id"}}), "true or false"),
        (broken(columns=GOOD["tables"]["resolutions"]["columns"] | {"ticket_id": 3}), "is not a text"),
        (broken(columns=GOOD["tables"]["resolutions"]["columns"] | {"ticket_id": None}), "is missing"),
        (broken(files="done/*"), "cannot be told from its name"),
        (broken(files=None), "files is missing"),
        (broken(format="xlsx"), "valid: csv, jsonl, markdown, parquet"),
        (broken(sections={"column": "a", "heading": "b", "text": "c"}), "articles only"),
        (broken(delimiter="tab"), "one character"),
        (broken(where={"Id": {"a": 1}}), "single value"),
        (broken(where=["Id"]), "key: value"),
        (broken(where={3: "x"}), "there is no key '3'"),
        (broken(defaults={"resolved_at": [1]}), "defaults: resolved_at is not a single value"),
        (broken(explode=3), "explode is not a text"),
        (broken(defaults={"resolved": "2026-01-01"}), "did you mean 'resolved_at'"),
    ],
)
def test_a_mistake_is_named_with_its_cure(content, message):
    """The error for an unknown key, table or column or a wrong type names its place and a valid value."""
    with pytest.raises(MappingError) as caught:
        parse_mapping(content, "shop.yaml")
    assert message in str(caught.value)
    assert "shop.yaml" in caught.value.what


def test_yaml_mistakes_name_the_line(tmp_path):
    """The error for a file that is not YAML names the line."""
    path = tmp_path / "shop.yaml"
    path.write_text("tables:\n  tickets: {files: [\n", encoding="utf-8")
    with pytest.raises(MappingError, match="line 3"):
        load_mapping(str(path))


def test_an_absent_mapping_names_the_shipped_ones():
    """The error for an unknown name lists the shipped mappings."""
    with pytest.raises(MappingError, match="company, thunderbird"):
        load_mapping("thunderbirb")


@pytest.mark.parametrize(
    ("files", "reads", "leaves"),
    [
        ("a/*.csv", ["a/x.csv", "a/.csv"], ["a/b/x.csv", "x.csv", "a/x.csv.gz", "ba/x.csv"]),
        ("a/**/*.csv", ["a/x.csv", "a/b/x.csv", "a/b/c/x.csv"], ["x.csv"]),
        ("**/x?.csv", ["x1.csv", "a/x2.csv"], ["x.csv", "x/1.csv"]),
        ("a+b (1).csv", ["a+b (1).csv"], ["aab (1).csv"]),
    ],
)
def test_patterns_match_as_in_a_shell(files, reads, leaves):
    """* stays in its folder, ** goes into folders, and other characters are literal."""
    (table,) = parse_mapping(broken(files=files), "m").tables
    assert [name for name in reads if not table.reads(name)] == []
    assert [name for name in leaves if table.reads(name)] == []


def test_the_digest_follows_the_meaning():
    """Neither its name nor the order of its keys changes the digest of a mapping; any value does."""
    reordered = {"tables": {"resolutions": dict(reversed(GOOD["tables"]["resolutions"].items()))}}
    assert parse_mapping(GOOD, "a").digest == parse_mapping(reordered, "b").digest
    assert parse_mapping(GOOD, "a").digest != parse_mapping(broken(delimiter=";"), "a").digest


def test_the_format_follows_from_the_suffix():
    """`format:` is not needed for known suffixes."""
    formats = {"x.jsonl.gz": "jsonl", "x.ndjson": "jsonl", "x.csv": "csv", "x.parquet": "parquet", "x/*.md": "markdown"}
    assert {files: parse_mapping(broken(files=files), "m").tables[0].format for files in formats} == formats


def test_columns_become_expressions():
    """A name, a list and an operation each become an expression."""
    content = yaml.safe_load("""
    tables:
      answers:
        files: a.csv
        columns:
          {answer_id: A, ticket_id: T, created_at: C, updated_at: C, body: [X, Y],
           by_helper: {column: R, is: agent}, accepted: {not: N}}
    """)
    (table,) = parse_mapping(content, "m").tables
    assert table.columns["body"] == Expression(("X", "Y"))
    assert table.columns["by_helper"] == Expression(("R",), "is", ("agent",))
    assert table.columns["accepted"] == Expression(("N",), "not")


def test_the_lake_does_not_import_pydantic():
    """Only reading a mapping file imports pydantic, which takes about as long as everything else in the lake."""
    program = "import sys, nightshift.lake, nightshift.sources; print('pydantic' in sys.modules)"
    process = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert process.stdout == "False\n"
