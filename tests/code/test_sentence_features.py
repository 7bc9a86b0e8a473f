"""The features by which a sentence is recognised as the answer."""

import numpy as np
import pytest
from small_index import WordEncoder, sentences_of

from nightshift.answering.sentence_features import (
    FEATURES,
    SentenceQuery,
    is_lead_in,
    sentence_features,
    word_overlaps,
)
from nightshift.answering.sentence_selector import FIRST_NIGHT, SentenceSelector

BASKET = sentences_of(
    ("basket", "", "This page covers baskets. A basket is kept 24 hours for guests. Members keep baskets all month."),
    ("basket", "Codes", "Code D3 means that stock ran out. Press reload."),
    ("parcel", "", "A parcel waits 8 days at the pickup point."),
)
GUESTS = BASKET.texts.index("A basket is kept 24 hours for guests.")


def features(question, sentences=BASKET, encoder=None, article=None):
    """One row of named features for each sentence."""
    rows = np.arange(len(sentences.texts))
    query = SentenceQuery.of(question, sentences, encoder or WordEncoder())
    article = np.zeros(len(rows)) if article is None else np.array(article)
    values = sentence_features(query, sentences, rows, section=np.zeros(len(rows)), article=article)
    assert values.shape == (len(rows), len(FEATURES))
    assert np.isfinite(values).all()
    return values


def column(question, name, **options):
    return features(question, **options)[:, FEATURES.index(name)].tolist()


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("How long is a basket kept for guests?", "A basket is kept 24 hours for guests."),
        ("what does code D3 mean", "Code D3 means that stock ran out."),
        ("how many days is my parcel kept", "A parcel waits 8 days at the pickup point."),
    ],
)
def test_the_sentence_that_answers_is_likeliest(question, answer):
    """The weights of the first night rank it before the lead-in, its neighbours and other articles."""
    logits = SentenceSelector.first_night().logits(features(question))
    assert BASKET.texts[int(logits.argmax())] == answer


def test_context_counts_title_and_headings():
    """A word of the heading alone reaches the features with context, and not those of the sentence."""
    reload = BASKET.texts.index("Press reload.")
    assert column("codes", "sentence")[reload] == 0
    assert column("codes", "context")[reload] > 0.4
    assert column("codes", "words")[reload] == 0
    assert column("codes", "words_context")[reload] == 1


def test_the_type_of_fact_is_compared_only_if_one_is_asked_for():
    """1 where the sentence holds a duration, -1 where it does not, 0 for a yes/no question."""
    values = column("How long is it kept?", "answer_type")
    assert values[GUESTS] == 1
    assert values[BASKET.texts.index("Press reload.")] == -1
    assert set(column("Is it kept?", "answer_type")) == {0}


def test_a_code_counts_only_if_one_is_asked_for():
    """1 where the sentence holds the code of the question, -1 elsewhere, 0 without a code."""
    values = column("what does d3 mean", "code")
    assert values[BASKET.texts.index("Code D3 means that stock ran out.")] == 1
    assert values.count(-1) == len(values) - 1
    assert set(column("what is kept", "code")) == {0}


def test_lead_ins_and_short_sentences_are_marked():
    """The lead-in and the sentence of two words."""
    assert [text for text, value in zip(BASKET.texts, column("x", "lead_in"), strict=True) if value] == [
        "This page covers baskets."
    ]
    assert column("x", "short")[BASKET.texts.index("Press reload.")] == 1


def test_the_score_of_an_article_counts_below_the_best_one():
    """0 for the best article, negative for the others."""
    scores = [3.0] * 5 + [1.5]
    assert column("x", "article", article=scores) == [0.0] * 5 + [-1.5]


@pytest.mark.parametrize(
    ("text", "lead_in"),
    [
        ("This page covers returns.", True),
        ("Learn more about returns.", True),
        ("See below.", True),
        ("How long does it take?", True),
        ("Follow these steps:", True),
        ("Returns are free.", False),
        ("Choose Forgot password to reset it.", False),
        ("A page of the catalogue costs 5 EUR.", False),
    ],
)
def test_a_lead_in_announces_instead_of_saying(text, lead_in):
    """References, announcements and questions."""
    assert is_lead_in(text) is lead_in


def test_only_the_question_and_its_unknown_words_are_embedded():
    """In one call; words of the index have their vectors, and a word that is repeated is embedded once."""
    encoder = WordEncoder()
    query = SentenceQuery.of("is a zeppelin basket a zeppelin", BASKET, encoder)
    assert encoder.texts == ["is a zeppelin basket a zeppelin", "zeppelin"]
    assert query.words == ("zeppelin", "basket")


def test_overlap_is_weighted_by_rarity():
    """A word that no sentence holds weighs more than one that several hold; none held is 0, all held is 1."""
    query = SentenceQuery.of("zeppelin basket", BASKET, WordEncoder())
    alone, framed = word_overlaps(query, BASKET, [[GUESTS], [len(BASKET.texts) - 1]])
    assert 0 < alone[0] < 0.5
    assert alone[1] == framed[1] == 0
    whole = SentenceQuery.of("guest baskets", BASKET, WordEncoder())
    assert word_overlaps(whole, BASKET, [[GUESTS]])[0] == pytest.approx([1.0])


def test_a_group_holds_what_any_of_its_sentences_holds():
    """Words spread over two sentences are all held by both together."""
    query = SentenceQuery.of("guests reload", BASKET, WordEncoder())
    reload = BASKET.texts.index("Press reload.")
    single = word_overlaps(query, BASKET, [[GUESTS], [reload]])[0]
    assert word_overlaps(query, BASKET, [[GUESTS, reload]])[0][0] == pytest.approx(single.sum())


@pytest.mark.parametrize(
    "question",
    ["", "  ?!", "is it", "\u30ae\u30d5\u30c8\u306e\u8fd4\u54c1", "\u0639\u0631\u0628\u064a", "\x00", "9" * 5_000],
)
def test_any_question_has_features(question):
    """Without content words or in another script no word is met, and all values are finite."""
    assert set(column(question, "words")) == {0}


def test_no_candidate_has_no_features():
    """An empty matrix with a column for each feature."""
    query = SentenceQuery.of("basket", BASKET, WordEncoder())
    none = sentence_features(
        query, BASKET, np.array([], np.int64), section=np.array([0.0])[:0], article=np.array([0.0])[:0]
    )
    assert none.shape == (0, len(FEATURES))


def test_a_selector_survives_json_and_leaves_out_what_it_does_not_know():
    """A feature without weight weighs nothing; the article's score can be left out to compare questions."""
    assert SentenceSelector.from_json(FIRST_NIGHT).to_json() == dict(FIRST_NIGHT)
    selector = SentenceSelector.from_json({"article": 2.0, "words": 1.0, "retired": 9.0})
    values = features("guests", article=[0.0, -1.0, 0.0, 0.0, 0.0, 0.0])
    assert selector.logits(values)[GUESTS] == -1.0
    assert selector.logits_without_article(values)[GUESTS] == 1.0
