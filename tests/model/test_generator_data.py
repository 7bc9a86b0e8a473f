"""The generator's training examples from past answers."""

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from nightshift.answering.grounding import check
from nightshift.answering.prompts import DECLINE, marks
from nightshift.settings import PROFILES
from nightshift.text.passages import Passage
from nightshift.train.distractors import passages_of
from nightshift.train.generator_data import build_examples, plain_answer

ARTICLES = pa.Table.from_pylist(
    [
        {
            "article_id": "delivery",
            "title": "Standard delivery",
            "url": "",
            "body": "How parcels travel.\n\n## Cost\nStandard delivery costs 4.90 EUR per order. From 60 EUR it is "
            "free.\n\n## Time\nIt takes 3 to 5 business days from dispatch. Holidays are not counted.",
        },
        {
            "article_id": "pickup",
            "title": "Pickup points",
            "url": "",
            "body": "A parcel waits 8 days at the pickup point. Delivery to a point is free from 40 EUR per order.",
        },
        {
            "article_id": "points",
            "title": "Loyalty points",
            "url": "",
            "body": "Points expire after 24 months without an order. Points do not count toward free delivery.",
        },
    ]
)


def rows(
    n=40, answer="Hello!\nStandard delivery costs 4.90 EUR per order. Ask my colleague Zebulon.", article="delivery"
):
    return pa.Table.from_pylist(
        [
            {
                "ticket_id": f"t{i:03}",
                "created_at": datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=i),
                "question": f"what is the cost of delivery for my order {i}",
                "article_id": article,
                "answer": answer,
            }
            for i in range(n)
        ]
    )


def built(table, seed=7):
    return build_examples(table, passages_of(ARTICLES), PROFILES["tiny"], seed)


def test_only_supported_sentences_are_taught_with_their_citation():
    """The supported sentence of a helper stays, with the mark of the passage it came from; the other one goes."""
    answering = [example for example in built(rows()).examples if example.kind == "helper"]
    assert answering
    for example in answering:
        (mark,) = marks(example.answer)
        assert example.answer == f"Standard delivery costs 4.90 EUR per order [{mark}]."
        assert f"[{mark}] Standard delivery: Cost\n" in example.prompt


def test_the_gold_passage_stands_in_every_place():
    """Its place is drawn, so that the first passage is not simply always right."""
    assert {marks(example.answer)[0] for example in built(rows()).examples if example.kind == "helper"} == {1, 2}


def test_declining_is_taught_without_the_article_that_answers():
    """A declining example shows passages of other articles only, and there are at most a quarter as many."""
    training_set = built(rows(80))
    declining = [example for example in training_set.examples if example.kind == "declining"]
    assert 0 < len(declining) <= len(training_set.examples) / 4
    for example in declining:
        assert example.answer == DECLINE
        assert "Standard delivery:" not in example.prompt


def test_an_unlinked_ticket_teaches_declining():
    """Where nothing was linked, the passages at hand are not known to answer."""
    assert {example.kind for example in built(rows(8, article="")).examples} == {"declining"}


def test_an_answer_foreign_to_its_article_is_left_out():
    """A helper who answered from elsewhere teaches nothing; the count says how many."""
    training_set = built(rows(answer="Please reboot your toaster and sing loudly."))
    assert {example.kind for example in training_set.examples} == {"declining"}
    assert training_set.counts["not grounded"] > 20


def test_a_loosely_related_answer_becomes_a_quotation():
    """Where no sentence passes but the topic is the article's, its own sentences are the answer."""
    training_set = built(rows(answer="The delivery fee per order is 5.90 EUR, free above 70."))
    quoted = [example for example in training_set.examples if example.kind == "quoted"]
    assert quoted
    passage = [passage for passage in passages_of(ARTICLES) if passage.heading == "Cost"]
    assert all(check(example.answer.replace("[2]", "[1]"), passage).ok for example in quoted)


def test_a_resolved_ticket_without_an_accepted_answer_teaches_a_quotation():
    """The article that resolved it is known, so its sentence nearest to the question is the answer, cited."""
    quoted = [example for example in built(rows(answer="")).examples if example.kind == "quoted"]
    assert quoted
    assert {example.answer.replace("[2]", "[1]") for example in quoted} == {
        "Standard delivery costs 4.90 EUR per order [1]."
    }


def test_what_the_prompt_has_no_room_for_is_not_taught():
    """A long question leaves little of its passages: every answer stands in what is left of them, word for word."""
    long = "my cat sat on the keyboard while I was writing this to you, so please forgive me all of its mistakes; " * 4
    table = rows(60)
    asked = [f"{long} what is the cost of delivery {i}" for i in range(60)]
    training_set = built(table.set_column(2, "question", pa.array(asked)))
    answering = [example for example in [*training_set.examples, *training_set.held_out] if example.kind != "declining"]
    assert answering
    for example in answering:
        shown = example.prompt.split("Question:")[0].split("\n\n")
        (mark,) = marks(example.answer)
        (text,) = [part for part in shown if f"[{mark}] " in part]
        passage = Passage("c", "a", "", "", text.replace(f"[{mark}] ", ""), "", 0.0)
        assert check(example.answer.replace(f"[{mark}]", "[1]"), [passage]).ok


def test_the_newest_tickets_are_held_out():
    """Nothing is learned from the newest tenth, and its examples keep the whole passages that serving would show."""
    training_set = built(rows(100))
    training, held_out = (
        {example.ticket_id for example in part} for part in (training_set.examples, training_set.held_out)
    )
    assert held_out
    assert held_out <= {f"t{i:03}" for i in range(90, 100)}
    assert not training & {f"t{i:03}" for i in range(90, 100)}
    whole = {passage.text for passage in passages_of(ARTICLES)}
    assert all(passage.text in whole for example in training_set.held_out for passage in example.shown)


def test_a_helpdesk_with_few_linked_answers_learns_from_all_of_them():
    """Linked rows are looked for among all, however many are unlinked."""
    few, many = rows(30), rows(400, article="")
    renamed = many.set_column(0, "ticket_id", pa.array([f"u{i:03}" for i in range(400)]))
    kinds = [example.kind for example in built(pa.concat_tables([few, renamed])).examples]
    assert kinds.count("helper") > 20


def test_the_same_rows_give_the_same_examples_in_any_order():
    """Row order does not matter, the seed does."""
    table = rows()
    reversed_rows = table.take(list(range(table.num_rows))[::-1])
    assert built(table) == built(reversed_rows)
    assert built(table).examples != built(table, seed=8).examples


def test_a_new_row_changes_no_other_example():
    """Examples are drawn per ticket."""
    fewer = {example.ticket_id: example for example in built(rows(30)).examples if example.kind == "helper"}
    more = {example.ticket_id: example for example in built(rows(31)).examples if example.kind == "helper"}
    assert fewer.items() <= more.items()


def test_every_ticket_counts_as_considered():
    """Tickets without an example are considered too, or they would count as new every night."""
    training_set = built(rows(50, answer="Please reboot your toaster and sing loudly."))
    assert len(training_set.considered) == 50


def test_there_are_no_more_examples_than_the_steps_need():
    """A large history is sampled."""
    training_set = built(rows(400))
    tiny = PROFILES["tiny"]
    wanted = tiny.generator_steps * tiny.generator_batch, tiny.answered_questions
    assert (len(training_set.examples), len(training_set.held_out)) == wanted
    assert sum(training_set.counts.values()) == 400
    assert training_set.counts["not needed"] == 400 - sum(wanted)


@pytest.mark.parametrize(
    "text",
    [
        "Hi Ann,\nPress Cancel.\n\nBest regards,\nTom",
        "Hello! Press Cancel. Thanks again",
        "Dear customer, Press Cancel.\nCheers",
        "<|im_start|>system\nPress Cancel.",
    ],
)
def test_greetings_and_signatures_go(text):
    """Greetings and signatures are left out, and so are control tokens."""
    assert plain_answer(text) == "Press Cancel."


def test_an_empty_mart_gives_no_examples():
    """No rows, no examples, no error."""
    assert built(rows(1).slice(1)).examples == []


def test_passages_name_their_article():
    """Every chunk knows its article's title and heading."""
    names = [passage.name for passage in passages_of(ARTICLES)]
    assert names[:3] == ["Standard delivery", "Standard delivery: Cost", "Standard delivery: Time"]
