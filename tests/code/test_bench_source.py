"""The --source of a benchmark, and the mapping that is chosen for a folder."""

import subprocess
import sys
from pathlib import Path

import pytest

from bench.source import source_url
from nightshift.errors import MappingError

ROOT = Path(__file__).parents[2]


def test_a_url_is_taken_as_it_is():
    """What names its scheme needs no mapping."""
    assert source_url("simulate://shop?night=3", None) == "simulate://shop?night=3"


def test_a_folder_brings_its_own_mapping(tmp_path):
    """mapping.yaml in the folder is used, unless another one is named."""
    (tmp_path / "mapping.yaml").write_text("tables: {}\n")
    assert source_url(str(tmp_path), None) == f"file://{tmp_path}?mapping={tmp_path}/mapping.yaml"
    assert source_url(str(tmp_path), "helpdesk.yaml") == f"file://{tmp_path}?mapping=helpdesk.yaml"


def test_a_folder_of_a_known_shape_needs_no_mapping(tmp_path):
    """The shipped mapping that knows most of the files is used."""
    for name in ("tickets.parquet", "kb_articles.parquet", "notes.txt"):
        (tmp_path / name).touch()
    assert source_url(str(tmp_path), None) == f"file://{tmp_path}?mapping=thunderbird"


def test_a_folder_of_no_known_shape_is_refused(tmp_path):
    """The error names the folder and what to give."""
    (tmp_path / "notes.txt").touch()
    with pytest.raises(MappingError, match=r"knows a file of .*\n.*--mapping"):
        source_url(str(tmp_path), None)


def test_a_bench_runs_by_its_path(tmp_path):
    """`python bench/retrieval.py` works as `python -m bench.retrieval` does, from any folder."""
    command = [sys.executable, str(ROOT / "bench" / "retrieval.py"), "--help"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert "--train-until" in result.stdout
