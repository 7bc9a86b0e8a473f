"""What a backtest tells: planted hits give the table, the figures and the picture they must."""

import json
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from nightshift.artifacts import Model
from nightshift.backtest.plan import planned
from nightshift.backtest.plot import NAMES, gained, moving, picture
from nightshift.backtest.replay import CONTENDERS, MEASURES, Backtest, ReplayedNight
from nightshift.backtest.report import prepared, table, to_json, write
from nightshift.backtest.train_night import Cost, NightRelease
from nightshift.errors import SettingsError
from nightshift.release.layout import ReleaseFolder

FIRST, LAST = datetime(2024, 7, 1), datetime(2024, 9, 30)  # noqa: DTZ001 - UTC without a zone, as in the marts
QUESTIONS = 20


def night(at, nightly, frozen, questions=QUESTIONS):
    """A night after which `nightly` and `frozen` of the questions are hit by those two, none by the others."""
    share = {"nightly": nightly, "frozen": frozen}
    hits = {
        name: {measure: (np.arange(questions) < share.get(name, 0)).astype(float) for measure in MEASURES}
        for name in CONTENDERS
    }
    cost = Cost(embedded=5, seconds=3.0, tower_seconds=0.0)
    lesson = NightRelease(
        ReleaseFolder(Path("unread")), Model("query_tower", "", "", ""), frozenset(), 100, {"dense": 1.0}, cost
    )
    return ReplayedNight(at, lesson, trained=False, asked_at=[at] * questions, hits=hits if questions else {})


@pytest.fixture
def result():
    """Fourteen weeks: at first both hit half, then the nightly one three quarters; nobody asks in the third week."""
    plan = planned(FIRST, LAST, "7d", "never")
    nights = [
        night(at, 10 if number < 4 else 15, 10, 0 if number == 2 else QUESTIONS)
        for number, at in enumerate(plan.nights)
    ]
    return Backtest("file:///desk", plan, "tiny", 30.0, nights)


def test_the_table_has_a_row_a_month_and_the_gain_with_its_interval(result):
    """Months, their questions and the planted difference: ten weeks of thirteen at +.25."""
    lines = table(result).splitlines()
    assert [line.split(" | ")[0].strip("| ") for line in lines[2:6]] == ["2024-07", "2024-08", "2024-09", "all"]
    assert [line.split(" | ")[1] for line in lines[2:6]] == ["80", "80", "100", "260"]
    assert "+0.192" in lines[5]
    assert "never trained" in lines[-1]


def test_shares_are_told_to_three_digits_also_where_they_are_whole(result):
    """Half is .500, and all is 1.000, not .000."""
    always = [night(one.at, QUESTIONS, 10) for one in result.nights]
    assert "| 1.000/1.000/1.000 | .500/.500/.500 |" in table(replace(result, nights=always))


def test_the_figures_hold_every_question(result):
    """The JSON repeats the totals from its own hits, question by question."""
    value = json.loads(json.dumps(to_json(result)))
    told = [hit for one in value["nights"] for hit in one["hits"].get("nightly", {}).get("hit@5", [])]
    assert len(told) == value["total"]["questions"] == 260
    assert np.mean(told) == pytest.approx(value["total"]["hits"]["nightly"]["hit@5"], abs=1e-6)
    gain = value["total"]["nightly_minus_frozen"]["hit@5"]
    assert gain["low"] < gain["mean"] < gain["high"]


def test_the_curves_say_what_was_planted(result):
    """The moving share reaches the planted one, and the difference starts at none and grows."""
    nights = [one for one in result.nights if one.hits]
    assert moving(nights, "nightly", 5)[[0, -1]] == pytest.approx([0.6, 0.75])
    mean, low, high = gained(nights)
    assert mean[0] == low[0] == high[0] == 0
    assert mean[-1] == pytest.approx(50 / 260)
    assert low[-1] > 0


def test_the_picture_is_whole_and_reads_in_light_and_dark(result):
    """Well-formed, every contender named once and apart from the others, no coordinate outside or not a number."""
    svg = picture(result)
    root = ET.fromstring(svg)  # our own
    assert "prefers-color-scheme:dark" in svg
    names = {node.text: float(node.get("y")) for node in root.iter() if node.text in NAMES.values()}
    assert set(names) == set(NAMES.values())
    assert min(np.diff(sorted(names.values()))) >= 16
    for points in re.findall(r'points="([^"]+)"', svg):
        xs, ys = np.array([point.split(",") for point in points.split()], float).T
        assert 0 <= xs.min() <= xs.max() <= 980
        assert 0 <= ys.min() <= ys.max() <= 560


def test_a_folder_that_cannot_be_made_is_refused_before_the_replay(result, tmp_path):
    """Where a file is in the way the error names the folder; else the three files are written."""
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(SettingsError, match="cannot be made"):
        prepared(tmp_path / "file" / "out")
    write(result, prepared(tmp_path / "out"))
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"backtest.json", "backtest.md", "backtest.svg"}
