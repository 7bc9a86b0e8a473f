"""A cut of a real support forum through a whole night: it loads by mapping alone, and the release finds articles."""

import json

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from nightshift.registry import mlflow as registry

pytestmark = [pytest.mark.slow, pytest.mark.realdata]

SPLIT = "2025-01-01"


@pytest.fixture(scope="module")
def cut(shared_data, tmp_path_factory):
    """The tickets of the evaluation set of four months round the split, with their answers, and all articles."""
    whole, folder = shared_data / "thunderbird", tmp_path_factory.mktemp("cut")
    questions = pq.read_table(whole / "rag_eval.parquet")
    start, end = (
        pc.strptime(day, "%Y-%m-%d", "us").cast(questions["created_at"].type) for day in ("2024-10-01", "2025-02-15")
    )
    inside = pc.and_(pc.greater_equal(questions["created_at"], start), pc.less(questions["created_at"], end))
    questions = questions.filter(inside)
    ids = questions["ticket_id"]
    pq.write_table(questions, folder / "rag_eval.parquet")
    for name in ("tickets", "answers"):
        table = pq.read_table(whole / f"{name}.parquet")
        pq.write_table(table.filter(pc.is_in(table["ticket_id"], ids.combine_chunks())), folder / f"{name}.parquet")
    pq.write_table(pq.read_table(whole / "kb_articles.parquet"), folder / "kb_articles.parquet")
    return folder


def test_a_cut_of_real_tickets_goes_through_a_whole_night(company, cut, tmp_path_factory):
    """Ingest to verdict on real questions; the retrieval figures of the dated split are in evaluation.json."""
    state = type(company)(tmp_path_factory.mktemp("thunderbird"), company.extra)
    state.night(f"file://{cut}?mapping=thunderbird", "--split_at", SPLIT)
    entry = registry.releases(state.settings)[0]
    from nightshift.store import open_store

    store = open_store(state.settings.store)
    report = json.loads(store.get(store.tree(entry.evaluation)["evaluation.json"]))
    assert report["metrics"]["hit@10"] > 0.5
    assert report["gates"]


def test_a_release_is_scored_on_a_source_it_never_saw(company, cut):
    """`nightshift evaluate` prints machine-readable figures for the simulated company's release on real questions."""
    done = company.run("nightshift", "evaluate", "--source", f"file://{cut}?mapping=thunderbird", "--from", SPLIT)
    found = json.loads(done.stdout)
    assert found["questions"] > 50
    assert 0.3 < found["metrics"]["hit@10"] <= 1
