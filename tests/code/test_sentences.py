"""Help texts split into sentences: what is a sentence, what a heading, and where each lies in the text."""

from itertools import pairwise

import pytest

from nightshift.text.sentences import MAX_WORDS, split_sentences

ARTICLE = """Deadlines
- You have 30 days. Gifts have 60.
\u2022 Sale items: 14 days.

## Return it
1. Open My orders.
2) Press "Send back" (top right).
Step 3: Drop the parcel.

| Size | Price |
|------|-------|
| S    | 5 EUR |
Large parcels cost more; see e.g. Dr. Fox at 4.90 EUR. 60 EUR is free!Really? Yes."""


def texts(text):
    return [sentence.text for sentence in split_sentences(text)]


def test_an_article_is_split_into_prose_items_steps_and_rows():
    """Markers of lists are left out, headings are no sentences but stand beside those below them."""
    assert [(sentence.kind, sentence.heading, sentence.text) for sentence in split_sentences(ARTICLE)] == [
        ("item", "Deadlines", "You have 30 days."),
        ("item", "Deadlines", "Gifts have 60."),
        ("item", "Deadlines", "Sale items: 14 days."),
        ("step", "Return it", "Open My orders."),
        ("step", "Return it", 'Press "Send back" (top right).'),
        ("step", "Return it", "Drop the parcel."),
        ("row", "Return it", "Size: Price"),
        ("row", "Return it", "S: 5 EUR"),
        ("prose", "Return it", "Large parcels cost more; see e.g. Dr. Fox at 4.90 EUR."),
        ("prose", "Return it", "60 EUR is free!"),
        ("prose", "Return it", "Really?"),
        ("prose", "Return it", "Yes."),
    ]


def test_a_sentence_is_the_text_of_its_span():
    """`start` and `end` give the sentence in the text, but for folded white space."""
    sentences = split_sentences(ARTICLE)
    prose = [sentence for sentence in sentences if sentence.kind != "row"]
    assert [" ".join(ARTICLE[sentence.start : sentence.end].split()) for sentence in prose] == [
        sentence.text for sentence in prose
    ]
    assert all(left.end <= right.start for left, right in pairwise(sentences))


@pytest.mark.parametrize(
    "text",
    [
        "Ask Mrs. Roe, J. Fox or Shop Inc. Berlin.",
        "It takes approx. 5 days, e.g. Monday to Friday.",
        "See no. 5, No. 6 and nr. 7.",
        "It costs 4.90 EUR or 1.200,50 USD.",
        "Open v2.0.1 at help.example.org now.",
    ],
)
def test_a_dot_inside_a_sentence_does_not_end_it(text):
    """Abbreviations, initials, figures and addresses stay whole."""
    assert texts(text) == [text]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            'He said "Stop." Then he left. (See there.) Done',
            ['He said "Stop."', "Then he left.", "(See there.)", "Done"],
        ),
        (
            "\u3053\u308c\u306f\u6587\u3067\u3059\u3002\u6b21\uff01\u6700\u5f8c",
            ["\u3053\u308c\u306f\u6587\u3067\u3059\u3002", "\u6b21\uff01", "\u6700\u5f8c"],
        ),
        ("\u00c9t\u00e9 fini. \u00c0 bient\u00f4t.", ["\u00c9t\u00e9 fini.", "\u00c0 bient\u00f4t."]),
        ("Size\tPrice\nS\t5 EUR", ["Size Price", "S 5 EUR"]),
    ],
)
def test_ends_of_sentences_in_other_shapes(text, expected):
    """Quotes, brackets, scripts without spaces, accented capitals and tab-separated rows."""
    assert texts(text) == expected


def test_a_line_with_a_stop_or_at_the_end_is_no_heading():
    """A heading has no final stop and text below it."""
    assert texts("Deadlines.\nTitle only") == ["Deadlines.", "Title only"]


@pytest.mark.parametrize("text", ["", "  \n \n", "---\n***\n|---|---|", "# One\n## Two\n### Three"])
def test_without_a_sentence_there_is_none(text):
    """Empty texts, rules and headings alone hold no sentence."""
    assert split_sentences(text) == []


def test_a_long_sentence_is_divided_where_it_pauses():
    """At the last semicolon or conjunction within MAX_WORDS, else after MAX_WORDS; nothing is lost."""
    first, second = "a first part " * 12 + "ends;", "and a second one " * 10
    assert texts(first + " " + second.strip()) == [first, second.strip()]
    assert [len(text.split()) for text in texts("word " * 130)] == [MAX_WORDS, MAX_WORDS, 10]


@pytest.mark.parametrize("unit", ["One two three. ", "word ", "Dr. ", "yes, and ", "1. ", "e.g. A "])
def test_a_line_of_200_kb_is_split_without_loss(unit):
    """The spans rebuild the text, and no sentence is longer than MAX_WORDS."""
    text = unit * (200_000 // len(unit))
    sentences = split_sentences(text)
    assert all(len(sentence.text.split()) <= MAX_WORDS for sentence in sentences)
    assert len(sentences) >= len(text.split()) // MAX_WORDS
    words = [word for sentence in sentences for word in text[sentence.start : sentence.end].split()]
    marker = 1 if unit == "1. " else 0  # the first number marks a step
    assert words == text.split()[marker:]
