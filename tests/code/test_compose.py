"""The fewest sentences that answer, whole and in reading order."""

import numpy as np
import pytest
from small_index import sentences_of

from nightshift.answering.compose import (
    ENOUGH,
    LEAST,
    LEAST_ELSEWHERE,
    MAX_SENTENCES,
    MAX_STEP_WORDS,
    MAX_WORDS,
    compose,
)

FIVE = sentences_of(
    ("gift", "", "One is blue. Two is red. Three is green."),
    ("login", "", "Four is pink. Five is grey."),
)


def answer(probabilities, sentences=FIVE):
    """The texts composed from sentences of these probabilities."""
    return [
        sentences.texts[row]
        for row in compose(sentences, np.arange(len(sentences.texts)), np.array(probabilities, float))
    ]


@pytest.mark.parametrize(
    ("probabilities", "texts"),
    [
        ([0.02, ENOUGH, 0.04, 0.04, 0.0], ["Two is red."]),
        ([0.3, 0.65, 0.05, 0.0, 0.0], ["One is blue.", "Two is red."]),
        ([0.3, 0.3, 0.3, 0.05, 0.05], ["One is blue.", "Two is red.", "Three is green."]),
        ([0.8, LEAST - 0.01, LEAST - 0.01, LEAST - 0.01, 0.0], ["One is blue."]),
    ],
)
def test_sentences_are_added_until_they_hold_enough(probabilities, texts):
    """One that is sure stands alone, one too unlikely is not added, and there are at most MAX_SENTENCES."""
    assert answer(probabilities) == texts
    assert len(texts) <= MAX_SENTENCES


def test_another_article_needs_more():
    """What suffices for a further sentence of the same article does not for one of another."""
    between = (LEAST + LEAST_ELSEWHERE) / 2
    assert answer([0.8, between, 0.0, 0.0, 0.0]) == ["One is blue.", "Two is red."]
    assert answer([0.8, 0.0, 0.0, between, 0.0]) == ["One is blue."]
    assert answer([0.8, 0.0, 0.0, LEAST_ELSEWHERE + 0.01, 0.0]) == ["One is blue.", "Four is pink."]


def test_the_article_of_the_likeliest_sentence_comes_first():
    """Within an article sentences stand in reading order."""
    assert answer([0.0, 0.2, 0.0, 0.3, 0.4]) == ["Four is pink.", "Five is grey.", "Two is red."]
    assert answer([0.2, 0.1, 0.4, 0.0, 0.0]) == ["One is blue.", "Two is red.", "Three is green."]


def test_a_lead_in_is_never_an_answer():
    """However likely; without any other sentence there is none."""
    sentences = sentences_of(("gift", "", "This page covers gifts. How do gifts work? Gifts are free."))
    assert answer([0.9, 0.05, 0.05], sentences) == ["Gifts are free."]
    assert answer([0.6, 0.4], sentences_of(("gift", "", "This page covers gifts. How do gifts work?"))) == []


def test_no_candidate_gives_no_sentence():
    """Nothing to choose from is the empty answer."""
    assert compose(FIVE, np.array([], np.int64), np.array([])) == ()


def test_steps_stay_whole():
    """One likely step brings its neighbouring steps, and nothing of the text around them or of another chunk."""
    steps = sentences_of(
        ("login", "", "Passwords are long.\n1. Open the menu.\n2. Press Reset.\n3. Read the mail.\nMails are quick."),
        ("login", "More", "1. Close the menu."),
    )
    texts = ["Open the menu.", "Press Reset.", "Read the mail."]
    assert answer([0.01, 0.01, 0.95, 0.01, 0.01, 0.01], steps) == texts


def test_too_many_steps_are_not_brought():
    """Steps of more than MAX_STEP_WORDS stay out; the likely one stands alone."""
    step = " ".join(["word"] * (MAX_STEP_WORDS // 3 - 2))
    steps = sentences_of(
        ("login", "", f"1. First {step} x.\n2. Second {step} x.\n3. Third {step} x.\n4. Fourth {step} x.")
    )
    assert len(answer([0.01, 0.97, 0.01, 0.01], steps)) == 1


@pytest.mark.parametrize("start", ["It", "They", "This", "Otherwise", "In that case it"])
def test_a_sentence_that_refers_back_brings_the_one_before(start):
    """The sentence before it stands in the same chunk and is no lead-in."""
    sentences = sentences_of(("gift", "", f"A voucher lasts three years. {start} expires then. Shops sell it."))
    assert answer([0.01, 0.98, 0.01], sentences) == ["A voucher lasts three years.", f"{start} expires then."]


def test_nothing_is_brought_across_chunks_or_from_a_lead_in():
    """The first sentence of a chunk stands alone, as does one after a lead-in."""
    sentences = sentences_of(
        ("gift", "", "This page covers vouchers. It lasts three years."), ("gift", "Cards", "It is made of paper.")
    )
    assert answer([0.01, 0.98, 0.01], sentences) == ["It lasts three years."]
    assert answer([0.01, 0.01, 0.98], sentences) == ["It is made of paper."]


def test_an_answer_is_short():
    """A further sentence beyond MAX_WORDS is left out, a shorter one after it is not; the first one is never cut."""
    long = " ".join(["word"] * 34)
    sentences = sentences_of(("gift", "", f"A {long} one. B {long} two. Short one."))
    texts = answer([0.5, 0.3, 0.2], sentences)
    assert [text.split()[0] for text in texts] == ["A", "Short"]
    assert sum(len(text.split()) for text in texts) <= MAX_WORDS
