r"""Invariance: a question written another way is the same question.

    worded("My kettle leaks", "greeting")           # 'Hello,\n\nMy kettle leaks\n\nKind regards'
    kept = unchanged(retriever, texts, times)       # {'typos': [1., 0., ...], 'capitals': [...], ...}
    behaviour_gates(kept, kept_by_the_champion, limits)

The invariance tests of CheckList (Ribeiro et al., ACL 2020): typos, a greeting, capitals, and an earlier mail quoted below must
not change which article comes first. They need no golden questions: any question will do. What a ticket becomes here is
embedded like a ticket, so forgetting one has to forget `worded(text, way)` for every way as well.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from nightshift.digests import digest_of
from nightshift.evaluate.gate import Gate, Limits, no_worse, share_at_least

PERTURBATIONS = ("typos", "greeting", "capitals", "quoted mail")
_TYPO_IN = 10  # one word in so many has two letters swapped
_QUOTED = (
    "\n\nOn Monday the support desk wrote:\n> Thank you for your message. We will look at it as soon as we can.\n"
    "> Your support team"
)


class Scores(Protocol):
    """What ranking leaves behind, as far as the first article is concerned."""

    @property
    def scores(self) -> NDArray[np.float64]: ...


class Ranker(Protocol):
    """A retriever, as far as these tests need one."""

    def rank(self, questions: Sequence[str], before: Sequence[datetime] | None = None) -> Scores: ...


def perturb(text: str, way: str) -> str:
    """`text` written another way: one of WAYS. The same text always becomes the same."""
    if way == "typos":
        return _with_typos(text)
    if way == "greeting":
        return f"Hello,\n\n{text}\n\nKind regards"
    return text.upper() if way == "capitals" else text + _QUOTED


def same_first_article(
    ranker: Ranker, texts: Sequence[str], times: Sequence[datetime]
) -> dict[str, NDArray[np.float64]]:
    """For every way to word them, which of the n questions keep their first article: 1 or 0 [n]."""
    as_asked = _first(ranker, texts, times)
    return {
        way: (_first(ranker, [perturb(text, way) for text in texts], times) == as_asked).astype(float)
        for way in PERTURBATIONS
    }


def invariance_gates(
    kept: Mapping[str, NDArray[np.float64]], champion: Mapping[str, NDArray[np.float64]] | None, limits: Limits
) -> list[Gate]:
    """A floor for the share that keeps its first article, and no worse than the champion."""
    values = _by_question(kept)
    ways = ", ".join(f"{way} {of.mean():.2f}" for way, of in kept.items())
    floor = share_at_least("first article kept", float(values.mean()), len(values), limits.unchanged, "questions")
    gates = [Gate(floor.name, floor.value, floor.limit, floor.passed, f"{floor.sentence}: {ways}")]
    if champion is not None:
        differences = values - _by_question(champion)
        gates.append(no_worse(differences, limits.margin, "keeps it no worse than the champion", "the share kept"))
    return gates


def _by_question(kept: Mapping[str, NDArray[np.float64]]) -> NDArray[np.float64]:
    """The share of the ways in which each question keeps its article [n]: the ways of one question are not independent."""
    return np.asarray(np.mean([kept[way] for way in PERTURBATIONS], axis=0))


def _first(ranker: Ranker, texts: Sequence[str], times: Sequence[datetime]) -> NDArray[np.int64]:
    return np.asarray(ranker.rank(texts, times).scores.argmax(axis=1))


def _with_typos(text: str) -> str:
    """Two letters inside a word swapped, in every tenth of the words that are long enough, and in one at least."""
    words = text.split(" ")
    long = [place for place, word in enumerate(words) if len(word) >= 4 and word.isalpha()]
    for place in sorted(long, key=lambda place: digest_of(f"{place} {words[place]}".encode()))[
        : 1 + len(long) // _TYPO_IN
    ]:
        word = words[place]
        at = next((at for at in range(1, len(word) - 1) if word[at] != word[at + 1]), 0)
        words[place] = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    return " ".join(words)
