r"""A help article as passages that fit an encoder: one per section, long sections split between sentences.

    chunk_article("gift-return", "Returning a gift", "You need the order number.\n\n## Refund\nIt goes to the giver.")
    # [Chunk('8c1f09be72a4d310', 'gift-return', 'Returning a gift', '', 'You need the order number.'),
    #  Chunk('e07711ac5d8f2b64', 'gift-return', 'Returning a gift', 'Refund', 'It goes to the giver.')]

The id of a chunk is the hash of its content: editing a section changes one id, and only that chunk is embedded again.
"""

import hashlib
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

MAX_WORDS = 180  # about 256 word pieces of English, with room for the title
_LETTERS_PER_WORD = 6  # long words, and scripts without spaces, are measured by letters
_SENTENCE_END = re.compile(r"((?<=[.!?])\s+|\n+)")
_FENCES = ("```", "~~~")


@dataclass(frozen=True)
class Chunk:
    """A part of an article. `heading` is '' for the lead text above the first heading."""

    chunk_id: str
    article_id: str
    title: str
    heading: str
    text: str

    @property
    def embedded(self) -> str:
        """What the encoder embeds: title, heading and text, for a section rarely repeats its title and heading."""
        return "\n".join(filter(None, (self.title, self.heading, self.text)))


def chunk_article(article_id: str, title: str, body: str) -> list[Chunk]:
    """Chunks of an article in reading order, without duplicates. An article without text is one chunk, its title."""
    parts = [(heading, part) for heading, text in sections(body) for part in split(text)]
    chunks = [
        Chunk(_chunk_id(article_id, title, heading, part), article_id, title, heading, part)
        for heading, part in parts or [("", title)]
    ]
    return list({chunk.chunk_id: chunk for chunk in chunks}.values())


def sections(body: str) -> Iterator[tuple[str, str]]:
    """(heading, text) of every `## ` section; the lead has the heading ''. A fenced block holds no headings."""
    heading, lines, fenced = "", list[str](), False
    for line in body.splitlines():
        fenced ^= line.lstrip().startswith(_FENCES)
        if line.startswith("## ") and not fenced:
            yield heading, "\n".join(lines).strip()
            heading, lines = line[3:].strip(), []
        else:
            lines.append(line)
    yield heading, "\n".join(lines).strip()


def split(text: str) -> list[str]:
    """`text` in parts of at most MAX_WORDS, cut between sentences; a longer sentence is cut between words."""
    parts, part = list[str](), ""
    for piece in _pieces(text):
        if part.strip() and _words(part + piece) > MAX_WORDS:
            parts.append(part.strip())
            part = ""
        part += piece
    return [*parts, part.strip()] if part.strip() else parts


def _pieces(text: str) -> Iterator[str]:
    """Sentences with the white space that follows them, none longer than MAX_WORDS."""
    tokens = _SENTENCE_END.split(text)
    for sentence, space in zip(tokens[::2], [*tokens[1::2], ""], strict=True):
        if _words(sentence) > MAX_WORDS:
            yield from (f"{line} " for line in textwrap.wrap(sentence, 2 * MAX_WORDS))
        else:
            yield sentence + space


def _words(text: str) -> int:
    return max(len(text.split()), len(text) // _LETTERS_PER_WORD)


def _chunk_id(*content: str) -> str:
    return hashlib.sha256("\x00".join(content).encode()).hexdigest()[:16]
