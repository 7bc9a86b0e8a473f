import json

import numpy as np
import pytest

from bench.texts import held_out, read
from nightshift.errors import MissingColumn, UnreadableFile

ROWS = [("where is my card?", "arrival"), ("it was declined", "declined"), ("still no card", "arrival")]


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_any_file_of_two_columns_is_read(tmp_path, kind):
    """CSV and JSON lines give the same rows under the given names, whatever their columns are called."""
    path = tmp_path / f"rows.{kind}"
    if kind == "csv":
        path.write_text("query,topic\n" + "".join(f"{text},{label}\n" for text, label in ROWS))
    else:
        path.write_text("".join(json.dumps({"query": text, "topic": label}) + "\n" for text, label in ROWS))
    rows = read(path, "query", label="topic")
    assert rows.texts == [text for text, _ in ROWS]
    assert list(rows.columns["label"]) == [label for _, label in ROWS]


def test_an_unknown_column_or_suffix_is_refused(tmp_path):
    """The error names the columns that there are, or the kinds that can be read."""
    path = tmp_path / "rows.csv"
    path.write_text("query,topic\na,b\n")
    with pytest.raises(MissingColumn, match="query, topic"):
        read(path, "text", label="topic")
    with pytest.raises(UnreadableFile, match="parquet"):
        read(tmp_path / "rows.xls", "text")


def test_a_share_of_each_label_is_held_out():
    """The held-out part keeps the mix of labels, and is the same for the same seed."""
    labels = np.array(["a"] * 50 + ["b"] * 10, dtype=object)
    selected = held_out(labels, 0.2, seed=3)
    assert (selected[:50].sum(), selected[50:].sum()) == (10, 2)
    assert (selected == held_out(labels, 0.2, seed=3)).all()
