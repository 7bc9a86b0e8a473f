"""A history with a new topic: nightly training finds its articles, a release that is trained once does not."""

import io
import json
from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tiny_encoder import write_tiny_encoder
from typer.testing import CliRunner

from nightshift.backtest.plan import make_plan
from nightshift.backtest.replay import SYSTEMS, replay
from nightshift.backtest.time_travel import History
from nightshift.cli import app
from nightshift.export.encoder import export_document_tower
from nightshift.night import Night
from nightshift.settings import Settings
from nightshift.warehouse import MARTS

FIRST = datetime(2026, 2, 1)  # noqa: DTZ001 - UTC without a zone, as in the marts
ARTICLES, A_DAY = 20, 48
A_WEEK = 7 * A_DAY
UNRESOLVED = 2  # of the last hour before midnight
NEW_FROM = FIRST + timedelta(7)


def ticket(number, created_at):
    """A ticket about one of ten topics in the words of that topic; half of the topics are new in the second week."""
    topic = number % 5 + (5 if created_at >= NEW_FROM else 0)
    words = [f"word{3 * topic + offset}" for offset in np.random.default_rng(number).permutation(3)]
    return {
        "ticket_id": f"t{number:04}",
        "article_id": f"a{10 + topic}",
        "text_key": f"k{number}",
        "text": " ".join([*words, words[0], f"number {number}"]),
        "intent": "",
        "n_words": 6,
        "created_at": created_at,
        "known_at": created_at + timedelta(hours=1),
    }


def parquet(table):
    file = io.BytesIO()
    pq.write_table(table, file)
    return file.getvalue()


@pytest.fixture(scope="module")
def replayed(tmp_path_factory):
    """Replays a plan over a ticket every half hour from a week before the first night, whose articles share no word
    with them.
    """
    folder = tmp_path_factory.mktemp("replay")
    base = write_tiny_encoder(folder)
    links = [ticket(number, FIRST + timedelta(days=-7, minutes=30 * number)) for number in range(28 * A_DAY)]
    names = [f"a{number:02}" for number in range(ARTICLES)]
    rows = [
        {"article_id": name, "title": f"Title {name}", "body": f"Body {name}", "url": "", "topic": ""} for name in names
    ]
    articles = pa.Table.from_pylist([{**row, "updated_at": FIRST} for row in rows], MARTS["articles"])

    def run(home, last, every, tower):
        settings = Settings.from_env({"NIGHTSHIFT_HOME": str(folder / home), "NIGHTSHIFT_PROFILE": "tiny"})
        night = Night.from_settings(settings)
        history = History(pa.Table.from_pylist(links), night.store.put(parquet(articles)), "")
        documents = export_document_tower(base, night, ["word1 word2", "word3"])
        return replay(history, make_plan(FIRST, last, every, tower), documents, night)

    return run


@pytest.fixture(scope="module")
def nights(replayed):
    """Three weekly nights without a query tower of their own."""
    return replayed("never", FIRST + timedelta(20), "7d", "never")


def test_a_new_topic_is_found_by_nightly_and_not_by_frozen(nights):
    """In the week after its first questions were resolved nightly finds the topic's articles, and frozen does not."""
    last = nights[-1].hits
    assert last["nightly"]["hit@1"].mean() > 0.8
    assert last["frozen"]["hit@1"].mean() < 0.2
    assert last["bm25"]["hit@1"].mean() < 0.5


def test_on_the_first_night_nightly_and_frozen_are_equal(nights):
    """They are one release there, so every question has the same hits."""
    first = nights[0].hits
    assert all((first["nightly"][measure] == first["frozen"][measure]).all() for measure in first["frozen"])
    assert first["nightly"]["hit@1"].mean() > 0.8


def test_a_night_embeds_each_new_training_ticket_once(nights):
    """Texts are embedded on the night that trains on them, also where they were test questions of the week before."""
    assert [night.release.cost.embedded for night in nights[1:]] == [A_WEEK, A_WEEK]
    assert nights[0].release.cost.embedded == A_WEEK - UNRESOLVED + ARTICLES
    assert all(night.release.cost.seconds > 0 for night in nights)
    assert not any(night.tower_trained for night in nights)


def test_every_question_is_asked_once_of_every_system(nights):
    """Three weeks of questions, and no system is left out."""
    for night in nights:
        assert set(night.hits) == set(SYSTEMS)
        assert all(len(scores["hit@5"]) == len(night.asked_at) == A_WEEK for scores in night.hits.values())


def test_the_query_tower_is_trained_when_enough_is_new_and_not_before(replayed):
    """Two nights a day apart: the first trains it, the second has an eighth more tickets and uses it again."""
    first, second = replayed("auto", FIRST + timedelta(1), "1d", "auto")
    assert (first.tower_trained, second.tower_trained) == (True, False)
    assert first.release.query_tower == second.release.query_tower
    assert first.release.cost.tower_seconds > second.release.cost.tower_seconds
    assert len(first.release.learned) == A_WEEK - UNRESOLVED


@pytest.mark.slow
def test_the_command_replays_the_simulated_company(tmp_path, monkeypatch):
    """Three nights from the raw files on: the table is printed, the figures and the picture are written."""
    monkeypatch.setenv("NIGHTSHIFT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("NIGHTSHIFT_ENCODER_BASE", write_tiny_encoder(tmp_path))
    days = ["--from", "2026-01-01", "--to", "2026-01-05", "--every", "2d"]
    result = CliRunner().invoke(app, ["backtest", "--source", "simulate://shop?night=5&history=4", *days])
    assert result.exit_code == 0, result.output
    assert "| 2026-01 |" in result.stdout
    folder = tmp_path / "home" / "backtest"
    figures = json.loads((folder / "backtest.json").read_text())
    assert [night["night"] for night in figures["nights"]] == ["2026-01-01", "2026-01-03", "2026-01-05"]
    assert figures["total"]["questions"] > 300
    assert (folder / "backtest.svg").read_text().startswith("<svg")
    assert {path.name for path in (tmp_path / "home").iterdir()} == {"backtest"}
