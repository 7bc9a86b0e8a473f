"""The report of a backtest: known hits give the expected table, figures and picture."""

import json
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from nightshift.artifacts import Model
from nightshift.backtest.plan import make_plan
from nightshift.backtest.plot import NAMES, picture
from nightshift.backtest.replay import MEASURES, SYSTEMS, Backtest, ReplayedNight
from nightshift.backtest.report import make_folder, table, to_json, write
from nightshift.backtest.scores import cumulative_gain, moving_mean
from nightshift.backtest.train_night import Cost, NightRelease
from nightshift.errors import SettingsError
from nightshift.release.layout import ReleaseFolder

FIRST, LAST = datetime(2024, 7, 1), datetime(2024, 9, 30)  # noqa: DTZ001 - UTC without a zone, as in the marts
QUESTIONS = 20


def night(date, nightly, frozen, questions=QUESTIONS):
    """A night on whose questions `nightly` and `frozen` have that many hits, and the other systems none."""
    hit_counts = {"nightly": nightly, "frozen": frozen}
    hits = {
        name: {measure: (np.arange(questions) < hit_counts.get(name, 0)).astype(float) for measure in MEASURES}
        for name in SYSTEMS
    }
    cost = Cost(embedded=5, seconds=3.0, tower_seconds=0.0)
    release = NightRelease(
        ReleaseFolder(Path("unread")), Model("query_tower", "", "", ""), frozenset(), 100, {"dense": 1.0}, cost
    )
    return ReplayedNight(
        date, release, tower_trained=False, asked_at=[date] * questions, hits=hits if questions else {}
    )


@pytest.fixture
def result():
    """Fourteen weeks: at first both hit half, then the nightly one three quarters; the third week has no questions."""
    plan = make_plan(FIRST, LAST, "7d", "never")
    nights = [
        night(date, 10 if number < 4 else 15, 10, 0 if number == 2 else QUESTIONS)
        for number, date in enumerate(plan.nights)
    ]
    return Backtest("file:///helpdesk", plan, "tiny", 30.0, nights)


def test_the_table_has_a_row_a_month_and_the_gain_with_its_interval(result):
    """Months, their questions and the known difference: +.25 in ten weeks of thirteen."""
    lines = table(result).splitlines()
    assert [line.split(" | ")[0].strip("| ") for line in lines[2:6]] == ["2024-07", "2024-08", "2024-09", "all"]
    assert [line.split(" | ")[1] for line in lines[2:6]] == ["80", "80", "100", "260"]
    assert "+0.192" in lines[5]
    assert "never trained" in lines[-1]


def test_shares_have_three_digits_also_where_they_are_whole(result):
    """Half is .500, and all is 1.000, not .000."""
    nights = [night(replayed.date, QUESTIONS, 10) for replayed in result.nights]
    assert "| 1.000/1.000/1.000 | .500/.500/.500 |" in table(replace(result, nights=nights))


def test_the_figures_hold_every_question(result):
    """The totals in the JSON are those of its own hits, question by question."""
    value = json.loads(json.dumps(to_json(result)))
    hits = [hit for night in value["nights"] for hit in night["hits"].get("nightly", {}).get("hit@5", [])]
    assert len(hits) == value["total"]["questions"] == 260
    assert np.mean(hits) == pytest.approx(value["total"]["hits"]["nightly"]["hit@5"], abs=1e-6)
    gain = value["total"]["nightly_minus_frozen"]["hit@5"]
    assert gain["low"] < gain["mean"] < gain["high"]


def test_the_curves_are_the_known_shares(result):
    """The moving mean reaches the known share, and the cumulative gain starts at 0 and grows."""
    nights = [replayed for replayed in result.nights if replayed.hits]
    assert moving_mean(nights, "nightly", "hit@5", 5)[[0, -1]] == pytest.approx([0.6, 0.75])
    mean, low, high = cumulative_gain(nights, "hit@5")
    assert mean[0] == low[0] == high[0] == 0
    assert mean[-1] == pytest.approx(50 / 260)
    assert low[-1] > 0


def test_the_picture_is_whole_and_reads_in_light_and_dark(result):
    """Well-formed, every system named once and apart from the others, every coordinate a number inside the picture."""
    svg = picture(result)
    root = ET.fromstring(svg)  # our own
    width, height = (float(size) for size in root.get("viewBox").split()[2:])
    assert "prefers-color-scheme:dark" in svg
    names = {node.text: float(node.get("y")) for node in root.iter() if node.text in NAMES.values()}
    assert sorted(node.text for node in root.iter() if node.text in NAMES.values()) == sorted(NAMES.values())
    assert min(np.diff(sorted(names.values()))) >= 11  # points; the letters are 9.5 high
    paths = [node.get("d") for node in root.findall(".//{*}g[@id='figure_1']//{*}path") if node.get("clip-path")]
    assert len(paths) >= len(NAMES) + 1
    for path in paths:
        xs, ys = np.array(re.findall(r"[ML] (\S+) (\S+)", path), float).T
        assert 0 <= xs.min() <= xs.max() <= width
        assert 0 <= ys.min() <= ys.max() <= height


def test_the_same_result_gives_the_same_picture(result):
    """No date and no random identifier is in the SVG."""
    assert picture(result) == picture(result)


def test_a_folder_that_cannot_be_created_is_refused_before_the_replay(result, tmp_path):
    """Where a file is in the way the error names the folder; else the three files are written."""
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(SettingsError, match="cannot be created"):
        make_folder(tmp_path / "file" / "out")
    write(result, make_folder(tmp_path / "out"))
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"backtest.json", "backtest.md", "backtest.svg"}
