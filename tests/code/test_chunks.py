"""Articles are cut into chunks by section, and the id of a chunk is the hash of its content."""

import pytest

from nightshift.text.chunks import MAX_WORDS, chunk_article, split

BODY = "Lead text.\n\n## Refund\nIt goes to the giver.\n\n## Cost\nNothing at all."


def test_every_section_is_a_chunk_in_reading_order():
    """Lead and sections come out in order, with their headings and without the marks."""
    chunks = chunk_article("gift", "Returning a gift", BODY)
    assert [(section.heading, section.text) for section in chunks] == [
        ("", "Lead text."),
        ("Refund", "It goes to the giver."),
        ("Cost", "Nothing at all."),
    ]


def test_an_edit_changes_one_id():
    """Editing one section leaves the ids of the others as they were."""
    first = {section.heading: section.chunk_id for section in chunk_article("gift", "Returning a gift", BODY)}
    edited = {
        section.heading: section.chunk_id
        for section in chunk_article("gift", "Returning a gift", BODY.replace("Nothing", "Little"))
    }
    assert [heading for heading in first if first[heading] != edited[heading]] == ["Cost"]


@pytest.mark.parametrize(("article", "title"), [("other", "Returning a gift"), ("gift", "Giving back a gift")])
def test_the_id_covers_all_that_is_embedded(article, title):
    """The same section under another title or in another article is another chunk."""
    ids = {section.chunk_id for section in chunk_article("gift", "Returning a gift", BODY)}
    assert ids.isdisjoint(section.chunk_id for section in chunk_article(article, title, BODY))


@pytest.mark.parametrize("body", ["", "\n\n", "## Only a heading", "## A\n\n## B\n"])
def test_an_article_without_text_is_found_by_its_title(body):
    """There is one chunk, and its text is the title."""
    assert [section.text for section in chunk_article("a", "Opening hours", body)] == ["Opening hours"]


def test_a_heading_inside_a_fenced_block_is_text():
    """A shell comment in a code block does not start a section."""
    chunks = chunk_article("a", "Shell", "Run:\n```\n## not a heading\nls\n```\n## Real\nYes.")
    assert [section.heading for section in chunks] == ["", "Real"]


def test_the_same_section_twice_is_kept_once():
    """Ids within an article are unique."""
    assert len(chunk_article("a", "T", "## X\nSame.\n\n## X\nSame.")) == 1


@pytest.mark.parametrize(
    "text",
    [
        "This is a sentence of seven words. " * 200,
        "word " * 1_000,
        "x" * 10_000,
        "文" * 5_000,
        "\n".join(f"- item {n} of a list" for n in range(300)),
    ],
    ids=["sentences", "one sentence", "one word", "no spaces", "list"],
)
def test_long_sections_are_split_and_nothing_is_lost(text):
    """Every part fits the encoder, and together they hold every letter."""
    parts = split(text)
    assert all(len(part.split()) <= MAX_WORDS and len(part) <= MAX_WORDS * 7 for part in parts)
    assert "".join("".join(parts).split()) == "".join(text.split())
    assert len(parts) > 1


def test_sentences_stay_whole():
    """A cut falls between sentences where there are any."""
    assert all(part.endswith(".") for part in split("One two three four five. " * 100))
