"""Does the candidate already know the questions it is judged on?

    leaks = look(questions, learned, vectors, memory)     # Leaks(by_id=0, by_text=0, by_words=12, by_meaning=31, clean=[...])
    leakage_gates(leaks, hits, limits)

By ticket id, in the memory and in what every model was trained on, and by text, in the memory: none may be there, the warehouse sees
to that. Likeness is another matter. Customers write again and in set phrases, so some questions resemble a ticket that was
learned from without anybody's fault; but a release that only knows those has learned nothing. So they are counted, and the
floor of hit@5 must be met without them as well. A question resembles when 70 % of its runs of eight words stand in
tickets that were learned from (PaLM, Chowdhery et al. 2022, section 8), or when its vector has a cosine of .98 to one remembered.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nightshift.evaluate.gate import Gate, Limits, at_most, share_at_least

RUN = 8  # words
RESEMBLES = 0.7
NEAR = 0.98
_BATCH = 256
_WORD = re.compile(r"[^\W_]+")  # as dbt compares texts


@dataclass(frozen=True)
class Question:
    """A question of the test."""

    ticket_id: str
    text: str


@dataclass(frozen=True)
class Leaks:
    """How many questions are known, by each way to know them, and which resemble nothing that was learned: bool [n]."""

    by_id: int
    by_text: int
    by_words: int
    by_meaning: int
    clean: NDArray[np.bool_]

    def to_json(self) -> dict[str, int]:
        """The counts, and how many are clean."""
        counts = {name: value for name, value in vars(self).items() if name != "clean"}
        return counts | {"clean": int(self.clean.sum()), "questions": len(self.clean)}


def find_leaks(
    questions: Sequence[Question],
    learned: set[str],
    remembered: set[str],
    tickets: Iterable[tuple[str, str]],
    *,
    vectors: NDArray[np.float32],
    memory: NDArray[np.float32],
) -> Leaks:
    """Compare n questions with what was learned.

    learned: ids of tickets that any part was trained on or remembers; remembered: those in the memory. tickets: (id, text) of
    all. vectors float32 [n, dim] and memory float32 [m, dim] by the same document tower.
    """
    of_learned = [(name, _words(text)) for name, text in tickets if name in learned]
    exact = {tuple(words) for name, words in of_learned if name in remembered}
    asked = [_words(one.text) for one in questions]
    wanted = {run for words in asked for run in _runs(words)}
    seen = {run for _, words in of_learned for run in _runs(words) if run in wanted}
    by_words = np.array([_share(words, seen) >= RESEMBLES for words in asked], np.bool_)
    by_meaning = _nearest(vectors, memory) >= NEAR
    return Leaks(
        by_id=sum(one.ticket_id in learned for one in questions),
        by_text=sum(
            tuple(words) in exact and one.ticket_id not in learned for one, words in zip(questions, asked, strict=True)
        ),
        by_words=int(by_words.sum()),
        by_meaning=int(by_meaning.sum()),
        clean=~(by_words | by_meaning),
    )


def leakage_gates(leaks: Leaks, hits: NDArray[np.float64], limits: Limits) -> list[Gate]:
    """Nothing known by id or by text; and hit@5 [n] without what resembles still meets its floor."""
    gates = [
        at_most("test questions learned from", leaks.by_id, 0),
        at_most("test questions remembered word for word", leaks.by_text, 0),
    ]
    clean, total = int(leaks.clean.sum()), len(leaks.clean)
    told = f"{leaks.by_words:,} resemble a ticket by their words, {leaks.by_meaning:,} by their meaning, of {total:,}"
    name = "hit@5 of new questions"
    if not clean:
        sentence = f"{name} cannot be told: {told}, and none is left"
        return [*gates, Gate(name, 0.0, limits.hit_at_5, passed=False, sentence=sentence)]
    floor = share_at_least(name, float(hits[leaks.clean].mean()), clean, limits.hit_at_5, "questions")
    return [*gates, Gate(name, floor.value, floor.limit, floor.passed, f"{floor.sentence}; {told}")]


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def _runs(words: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Every run of eight words; a shorter text is one run."""
    for start in range(max(1, len(words) - RUN + 1)):
        yield tuple(words[start : start + RUN])


def _share(words: Sequence[str], seen: set[tuple[str, ...]]) -> float:
    runs = list(_runs(words))
    return sum(run in seen for run in runs) / len(runs)


def _nearest(vectors: NDArray[np.float32], memory: NDArray[np.float32]) -> NDArray[np.float32]:
    """The highest cosine of each vector to one of `memory` [n]; -1 where there is none."""
    if not len(memory):
        return np.full(len(vectors), -1, np.float32)
    batches = (vectors[start : start + _BATCH] for start in range(0, len(vectors), _BATCH))
    return np.concatenate([(batch @ memory.T).max(axis=1) for batch in batches])
