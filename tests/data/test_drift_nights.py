"""Drift on tickets as they come: the planted nights of the simulated company, and the break in Thunderbird's labels.

Words stand in for the encoder and nothing predicts intents: what is left must do.
"""

from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from nightshift.artifacts import DriftVerdict
from nightshift.drift.detect import MIN_ROWS, cluster, compare, make_reference
from nightshift.drift.reference import fresh, learned_labels, newest_nights, sample_tickets
from nightshift.simulation.changes import label
from nightshift.simulation.tickets import tickets_on
from nightshift.store import open_store

TAXONOMY_BREAKS = {DriftVerdict.TAXONOMY, DriftVerdict.DRIFT_AND_TAXONOMY}


class Words:
    """Each word is a direction, common English ones are none."""

    def encode(self, texts):
        from sklearn.feature_extraction.text import HashingVectorizer

        hashed = HashingVectorizer(n_features=256, stop_words="english", alternate_sign=False)
        return hashed.transform(texts).toarray().astype(np.float32)


class NoClassifiers:
    """No intent was learned."""

    intent_labels = ()

    def intents(self, _vectors):
        return None


@pytest.fixture
def compare_nights(tmp_path):
    """Compares the newest tickets before `end` with a release made at `known` and evaluated on `days` days."""
    store = open_store(f"file://{tmp_path}/store")

    def sample(rows, tickets):
        return sample_tickets(rows, tickets, NoClassifiers(), encoder_digest="e", open_encoder=Words, store=store)

    def compared(tickets, known, end, days):
        split = pc.if_else(pc.less(tickets["created_at"], known - timedelta(days=days)), "train", "eval")
        tickets = tickets.append_column("split", split)
        before, now = (tickets.filter(pc.less(tickets["created_at"], at)) for at in (known, end))
        resolved = sample(before.filter(pc.equal(before["split"], "train")).sort_by("created_at"), before).vectors
        reference = make_reference(sample(fresh(before), before), resolved, cluster(resolved), learned_labels(before))
        return compare(reference, sample(newest_nights(now, MIN_ROWS), now), resolved)

    return compared


@pytest.fixture(scope="module")
def company():
    """Thirteen days of backlog and ten nights, labelled as on the day they came."""
    rows = [
        {
            "ticket_id": ticket.id,
            "created_at": ticket.opened.replace(tzinfo=None),
            "text": f"{ticket.subject}\n\n{ticket.text}",
            "n_words": len(ticket.text.split()),
            "intent": label(ticket.initial_intent, night) if ticket.initial_intent else "",
        }
        for night in range(-12, 11)
        for ticket in tickets_on(night, 7)
    ]
    return pa.Table.from_pylist(rows)


def night(number):
    return datetime.fromisoformat("2026-01-01") + timedelta(days=number)


def test_a_night_on_which_nothing_is_planted_is_quiet(compare_nights, company):
    """Pages changed and words are new; topics, names and numbers are not."""
    assert compare_nights(company, night(4), night(5), 3).verdict is DriftVerdict.QUIET


def test_a_new_topic_is_found_on_its_first_night(compare_nights, company):
    """Renting gear is asked about from night 6 on."""
    drift = compare_nights(company, night(5), night(6), 3)
    assert (drift.verdict, drift.new_labels) == (DriftVerdict.DRIFT, ["rental_gear"])
    assert "new topic" in drift.moved


def test_renamed_labels_are_found_on_their_first_night(compare_nights, company):
    """From night 9 on the same tickets bear other names."""
    drift = compare_nights(company, night(8), night(9), 3)
    assert drift.verdict is DriftVerdict.TAXONOMY
    assert "returns/return" in drift.new_labels
    assert "return_item" in drift.vanished_labels


@pytest.fixture(scope="module")
def thunderbird(shared_data):
    """What people asked about Thunderbird in the summer of 2024, and the topic of each question."""
    read = pq.read_table(shared_data / "thunderbird" / "tickets.parquet")
    text = [read[name].fill_null("").cast(pa.string()) for name in ("title", "text", "topic")]
    rows = pa.table(
        {
            "ticket_id": read["ticket_id"].cast(pa.string()),
            "created_at": read["created_at"].cast(pa.timestamp("us")),
            "text": pc.binary_join_element_wise(text[0], text[1], " "),
            "n_words": pc.add(pc.count_substring(text[1], " "), 1),
            "intent": text[2],
        }
    )
    return rows.filter(pc.greater(rows["created_at"], datetime.fromisoformat("2024-06-15")))


@pytest.mark.realdata
@pytest.mark.parametrize(("day", "breaks"), [("2024-09-04", False), ("2024-09-08", True)])
def test_new_topics_of_a_forum_are_told_from_new_tickets(compare_nights, thunderbird, day, breaks):
    """On 2024-09-04 the topics began to get other names: the days before are no break, three days later it is one."""
    end = datetime.fromisoformat(day)
    drift = compare_nights(thunderbird, end - timedelta(days=7), end, 21)
    assert (drift.verdict in TAXONOMY_BREAKS) is breaks
    assert ("troubleshooting" in drift.vanished_labels) is breaks
