r"""The sentences of a help text: prose, list items, numbered steps and table rows, with the heading lines above them.

    split_sentences("Deadlines\n- You have 30 days.\n- Gifts: 60 days.")[0]
    # Sentence(text='You have 30 days.', heading='Deadlines', kind='item', start=12, end=29)

Regular expressions only, linear in the length of the text: 200 kB take about 50 ms.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import regex

Kind = Literal["prose", "item", "step", "row"]

MAX_WORDS = 60  # a longer sentence is divided at semicolons, then at commas before a conjunction, then by words
HEADING_WORDS = 12  # a line of at most so many words without a final stop, above other text, is a heading

_END = regex.compile(
    r"(?<=[.!?][\"')\]\u2019\u201d]{0,2})\s+(?=[\"'(\[\u2018\u201c]?[\p{Lu}\p{N}\p{Lo}])"
    r"|(?<=[a-z][.!?])(?=[A-Z][a-z])|(?<=[\u3002\uff01\uff1f])"
)
_ABBREVIATION = regex.compile(
    r"(?:\b(?:e\.g|i\.e|etc|vs|approx|no|nr|mr|mrs|ms|dr|st|inc|ltd|u\.s|p\.m|a\.m|\p{Lu})\.)$", regex.IGNORECASE
)
_BULLET = regex.compile(r"\s*(?:[-*+\u2022\u25cf\u2013]\s+)")
_STEP = regex.compile(r"\s*(?:(?:step\s+)?\d{1,2}[.):]\s+)", regex.IGNORECASE)
_RULE = regex.compile(r"\s*(?:```|~~~)|[\s|:=*_~-]*$")
_MARKUP_HEADING = regex.compile(r"\s*#{1,6}\s+")
_SOFT_BREAK = regex.compile(r"(?<=;)\s+|(?<=,)\s+(?=(?:and|but|or|if|when|because|which|unless)\b)")


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence, white space folded. `start` and `end` are characters of the text it was split from.

    `heading` is the nearest heading line above it inside that text, '' for none.
    """

    text: str
    heading: str
    kind: Kind
    start: int
    end: int


def split_sentences(text: str) -> list[Sentence]:
    """All sentences of `text` in reading order. Heading lines and rules are no sentences."""
    sentences: list[Sentence] = []
    heading = ""
    for start, end, kind in _pieces(text):
        words = " ".join(text[start:end].split())
        if kind == "heading":
            heading = words.strip("# ")
        else:
            sentences.append(Sentence(_cells(words) if kind == "row" else words, heading, kind, start, end))
    return sentences


def _pieces(text: str) -> Iterator[tuple[int, int, Kind | Literal["heading"]]]:
    """(start, end, kind) of every sentence and heading line."""
    spans = _lines(text)
    for number, (start, end) in enumerate(spans, start=1):
        line = text[start:end]
        if _RULE.match(line):
            continue
        if markup := _MARKUP_HEADING.match(line):
            yield start + markup.end(), end, "heading"
        elif _is_row(line):
            yield start, end, "row"
        elif number < len(spans) and _is_heading(line):
            yield start, end, "heading"
        else:
            bullet, step = _BULLET.match(line), _STEP.match(line)
            marker = bullet or step
            kind: Kind = "item" if bullet else "step" if step else "prose"
            for begin, stop in _ended(text, start + (marker.end() if marker else 0), end):
                yield begin, stop, kind


def _lines(text: str) -> list[tuple[int, int]]:
    """Spans of the lines that hold anything; one that goes on in lower case on the next line is joined to it."""
    spans: list[tuple[int, int]] = []
    previous_end = -1  # of the line right above, blank or not
    for match in regex.finditer(r"[^\n]*\n?", text):
        start, end = match.start(), match.start() + len(match[0].rstrip("\n"))
        if text[start:end].strip():
            first = text[start:end].lstrip()[0]
            if spans and spans[-1][1] == previous_end and first.islower() and text[previous_end - 1] not in ".:!?|":
                spans[-1] = (spans[-1][0], end)
            else:
                spans.append((start, end))
        previous_end = end
    return spans


def _is_row(line: str) -> bool:
    cells = line.strip()
    return (len(cells) > 2 and cells[0] == cells[-1] == "|") or "\t" in cells


def _cells(row: str) -> str:
    """The cells of a table row as a reader sees them: '| S | 5 EUR |' is 'S: 5 EUR'."""
    cells = [cell.strip() for cell in row.strip("| ").split("|")]
    return f"{cells[0]}: {', '.join(cells[1:])}" if len(cells) > 1 else row


def _is_heading(line: str) -> bool:
    return (
        len(line.split()) <= HEADING_WORDS
        and line.rstrip()[-1] not in ".:;,!?"
        and not _BULLET.match(line)
        and not _STEP.match(line)
    )


def _ended(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Spans of text[start:end] that end like sentences, each at most MAX_WORDS long."""
    begin = start
    for match in _END.finditer(text, start, end):
        stop = match.start()
        if stop > begin and not _ABBREVIATION.search(text, max(begin, stop - 12), stop):
            yield from _divided(text, begin, stop)
            begin = match.end()
    yield from _divided(text, begin, end)


def _divided(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The trimmed span, divided where it is longer than MAX_WORDS."""
    words = [match.span() for match in regex.finditer(r"\S+", text, pos=start, endpos=end)]
    first = 0
    while first < len(words):
        last = min(first + MAX_WORDS, len(words))
        if last < len(words):
            begin, limit = words[first][0], words[last][0]
            breaks = [match.end() for match in _SOFT_BREAK.finditer(text, begin + 1, limit)]
            if breaks:
                last = next(place for place in range(first, last + 1) if words[place][0] >= breaks[-1])
        yield words[first][0], words[last - 1][1]
        first = last
