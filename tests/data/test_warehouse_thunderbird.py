"""The stage over 29,512 real tickets."""

import re
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from deliveries import part, place

from nightshift.lake import Manifest, snapshot_of
from nightshift.night import Night
from nightshift.warehouse import Refresh, read_mart, transform

TIME = pa.timestamp("us")


def text(column):
    return pc.fill_null(column.cast(pa.string()), "")


def thunderbird(folder):
    """The tables of the lake from the public data, without the redaction that ingesting adds."""
    tickets, answers, articles, links = (
        pq.read_table(folder / "thunderbird" / f"{name}.parquet")
        for name in ("tickets", "answers", "kb_articles", "rag_eval")
    )
    ticket_times, answer_times = tickets["created_at"].cast(TIME), answers["created_at"].cast(TIME)
    empty = pa.repeat("", len(tickets))
    link_rows = pc.list_parent_indices(links["gold_doc_ids"].combine_chunks())
    return {
        "tickets": pa.table(
            [
                text(tickets["ticket_id"]),
                ticket_times,
                ticket_times,
                empty,
                text(tickets["title"]),
                text(tickets["text"]),
                text(tickets["topic"]),
                empty,
            ],
            ["ticket_id", "created_at", "updated_at", "customer", "subject", "body", "intent", "status"],
        ),
        "answers": pa.table(
            [
                text(answers["answer_id"]),
                text(answers["ticket_id"]),
                answer_times,
                answer_times,
                text(answers["text"]),
                pc.invert(answers["by_asker"]),
                answers["is_solution"],
            ],
            ["answer_id", "ticket_id", "created_at", "updated_at", "body", "by_helper", "accepted"],
        ),
        "articles": pa.table(
            [text(articles[name]) for name in ("doc_id", "title", "text", "url", "topics")]
            + [pa.repeat(pa.scalar(datetime(2023, 1, 1), TIME), len(articles))],  # noqa: DTZ001 - UTC without a zone
            ["article_id", "title", "body", "url", "topic", "updated_at"],
        ),
        "resolutions": pa.table(
            [
                text(links["ticket_id"].take(link_rows)),
                pc.list_flatten(links["gold_doc_ids"]),
                links["created_at"].cast(TIME).take(link_rows),
            ],
            ["ticket_id", "article_id", "resolved_at"],
        ),
    }


def relabelled(tickets):
    """One ticket in a hundred, labelled again a year later."""
    sample = tickets.take(pa.array(range(0, len(tickets), 100)))
    later = pa.repeat(pa.scalar(datetime(2026, 1, 1), TIME), len(sample))  # noqa: DTZ001 - UTC without a zone
    return sample.set_column(2, "updated_at", later).set_column(6, "intent", pa.repeat("relabelled", len(sample)))


@pytest.mark.slow
@pytest.mark.realdata
def test_a_late_edit_of_one_percent_gives_the_features_of_a_fresh_build(shared_data, tmp_path):
    """No text that evaluates trains, and an incremental night gives the Features of an empty warehouse."""
    store, settings = place(tmp_path)
    tables = {name: (part(store, f"{name}.parquet", rows),) for name, rows in thunderbird(shared_data).items()}
    first, work = transform(
        snapshot_of(store, Manifest(tables), ""), "2025-01-01", Night.from_settings(settings, store)
    )
    assert work.refresh is Refresh.FULL
    assert first.rows["tickets"] == 29_512

    trained = {
        key
        for mart, column in (("training_pairs", "text"), ("generator_examples", "question"))
        for key in keys(read_mart(store, first, mart)[column])
    }
    questions = read_mart(store, first, "eval_questions")
    assert first.rows["training_pairs"] > 1_500
    assert len(questions) > 600
    assert not trained & keys(questions["text"])

    late = part(store, "late.parquet", relabelled(pq.read_table(store.path(tables["tickets"][0].digest))))
    edited = snapshot_of(store, Manifest({**tables, "tickets": (*tables["tickets"], late)}), "")
    incremental, work = transform(edited, "2025-01-01", Night.from_settings(settings, store))
    assert work.refresh is Refresh.INCREMENTAL
    assert 296 <= work.keys_touched < 1_000
    fresh, _ = transform(edited, "2025-01-01", Night.from_settings(place(tmp_path / "fresh")[1], store))
    assert incremental == fresh
    assert incremental.digest != first.digest


def keys(texts):
    """The texts without case, punctuation and spacing, with the letters of Python's `re`."""
    return {" ".join(re.findall(r"[^\W_]+", text.lower())) for text in texts.to_pylist()}
