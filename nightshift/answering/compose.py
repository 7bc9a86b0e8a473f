"""The fewest sentences that answer, in reading order.

    compose(sentences, rows, probabilities)      # (17, 18): rows of the sentence table

Sentences are added from the likeliest on until they hold ENOUGH of the probability. A further one must be likely
itself, one of another article more so. A numbered step brings its neighbouring steps, and a sentence that begins with
a word for something said before it brings the sentence before.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np
import regex
from numpy.typing import NDArray

from nightshift.answering.sentence_features import is_lead_in
from nightshift.index.sentences import Sentences

ENOUGH: Final = 0.9  # of the probability that a sentence answers
LEAST: Final = 0.05  # of a further sentence of the same article
LEAST_ELSEWHERE: Final = 0.07  # of a further sentence of another article
MAX_SENTENCES: Final = 3
MAX_WORDS: Final = 60
MAX_STEP_WORDS: Final = 90

_REFERS_BACK = regex.compile(
    r"(?:it|its|they|their|them|this|that|these|those|he|she|otherwise|then|instead|both|neither"
    r"|in (?:that|this) case)\b",
    regex.IGNORECASE,
)


def compose(sentences: Sentences, rows: NDArray[np.int64], probabilities: NDArray[np.float64]) -> tuple[int, ...]:
    """The rows that answer, those of the likeliest article first; () where every candidate is a lead-in.

    `rows` [n] are the candidates, `probabilities` [n] sum to 1 over them.
    """
    order = np.argsort(-probabilities, kind="stable")
    likeliest = [int(place) for place in order if not is_lead_in(sentences.texts[rows[place]])]
    chosen: list[int] = []
    held = 0.0
    for place in likeliest:
        row, probability = int(rows[place]), float(probabilities[place])
        if chosen and (len(chosen) >= MAX_SENTENCES or held >= ENOUGH or probability < LEAST):
            break
        elsewhere = bool(chosen) and sentences.article(row) != sentences.article(chosen[0])
        if (elsewhere and probability < LEAST_ELSEWHERE) or (chosen and _words(sentences, [*chosen, row]) > MAX_WORDS):
            continue
        chosen.append(row)
        held += probability
    if not chosen:
        return ()
    lead = sentences.article(chosen[0])
    complete = {row for chosen_row in chosen for row in _with_context(sentences, chosen_row)}
    return tuple(sorted(complete, key=lambda row: (sentences.article(row) != lead, row)))


def _with_context(sentences: Sentences, row: int) -> Iterator[int]:
    """The row, with the steps around a step, and with the sentence before where it refers back to it."""
    yield row
    steps = [row]
    for direction in (-1, 1):
        neighbour = row + direction
        while _joined(sentences, row, neighbour) and sentences.kind(neighbour) == "step" == sentences.kind(row):
            steps.append(neighbour)
            neighbour += direction
    if _words(sentences, steps) <= MAX_STEP_WORDS:
        yield from steps
    before = row - 1
    if (
        _REFERS_BACK.match(sentences.texts[row])
        and _joined(sentences, row, before)
        and not is_lead_in(sentences.texts[before])
        and _words(sentences, [before, row]) <= MAX_WORDS
    ):
        yield before


def _joined(sentences: Sentences, row: int, neighbour: int) -> bool:
    """Whether `neighbour` is a row of the same chunk."""
    return 0 <= neighbour < len(sentences.texts) and bool(sentences.chunk[neighbour] == sentences.chunk[row])


def _words(sentences: Sentences, rows: list[int]) -> int:
    return sum(len(sentences.texts[row].split()) for row in rows)
