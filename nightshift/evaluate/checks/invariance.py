r"""Invariance: another wording of a question gets the same first article.

    perturb("My kettle leaks", "greeting")             # 'Hello,\n\nMy kettle leaks\n\nKind regards'
    same_first_article(retriever, texts, times)        # {'typos': [1., 0., ...], 'capitals': [...], ...}

The invariance tests of CheckList (Ribeiro et al., ACL 2020): typos, a greeting, capitals, and an earlier mail quoted
below. They need no golden questions. A perturbed ticket is embedded like a ticket, so forgetting a ticket has to forget
`perturb(text, perturbation)` for every one of PERTURBATIONS as well.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from nightshift.digests import digest_of
from nightshift.evaluate.check import CheckResult
from nightshift.evaluate.context import EvaluationContext, sample
from nightshift.evaluate.gate import Limits, no_worse, share_at_least
from nightshift.release.evaluation_report import Gate

PERTURBATIONS = ("typos", "greeting", "capitals", "quoted mail")
_TYPO_EVERY = 10  # words: one in so many has two letters swapped
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


@dataclass(frozen=True)
class Invariance:
    """Golden questions that have an answer, and `questions` of tonight's, asked again in other wordings."""

    questions: int = 24
    group = "invariance"

    def run(self, context: EvaluationContext) -> CheckResult:
        some = sample(context.questions, self.questions)
        answerable = [question.question for question in context.golden if question.article_id]
        latest = context.questions["created_at"].to_pylist()[-1]
        texts = some["text"].to_pylist() + answerable
        times = some["created_at"].to_pylist() + [latest] * len(answerable)
        same = same_first_article(context.loaded.retriever, texts, times)
        serving = context.loaded_champion
        champion = same_first_article(serving.retriever, texts, times) if serving else None
        return CheckResult(invariance_gates(same, champion, context.limits))


def perturb(text: str, perturbation: str) -> str:
    """`text` in another wording, by one of PERTURBATIONS. The same text always becomes the same."""
    if perturbation == "typos":
        return _with_typos(text)
    if perturbation == "greeting":
        return f"Hello,\n\n{text}\n\nKind regards"
    return text.upper() if perturbation == "capitals" else text + _QUOTED


def same_first_article(
    ranker: Ranker, texts: Sequence[str], times: Sequence[datetime]
) -> dict[str, NDArray[np.float64]]:
    """For every perturbation, which of the n questions keep their first article: 1 or 0 [n]."""
    unperturbed = _first(ranker, texts, times)
    return {
        perturbation: (_first(ranker, [perturb(text, perturbation) for text in texts], times) == unperturbed).astype(
            float
        )
        for perturbation in PERTURBATIONS
    }


def invariance_gates(
    same: Mapping[str, NDArray[np.float64]], champion: Mapping[str, NDArray[np.float64]] | None, limits: Limits
) -> list[Gate]:
    """A floor for the share that keeps its first article, and no worse than the champion."""
    values = _by_question(same)
    shares = ", ".join(f"{perturbation} {kept.mean():.2f}" for perturbation, kept in same.items())
    floor = share_at_least("invariance", float(values.mean()), len(values), limits.invariance, "questions")
    gates = [replace(floor, sentence=f"{floor.sentence}: {shares}")]
    if champion is not None:
        differences = values - _by_question(champion)
        gates.append(no_worse("invariance no worse than the champion", differences, limits.margin, "invariance"))
    return gates


def _by_question(same: Mapping[str, NDArray[np.float64]]) -> NDArray[np.float64]:
    """The share of perturbations under which each question keeps its article [n]: those of a question are dependent."""
    return np.asarray(np.mean([same[perturbation] for perturbation in PERTURBATIONS], axis=0))


def _first(ranker: Ranker, texts: Sequence[str], times: Sequence[datetime]) -> NDArray[np.int64]:
    return np.asarray(ranker.rank(texts, times).scores.argmax(axis=1))


def _with_typos(text: str) -> str:
    """Two letters inside a word swapped, in every tenth of the words that are long enough, and in at least one."""
    words = text.split(" ")
    long = [position for position, word in enumerate(words) if len(word) >= 4 and word.isalpha()]
    by_digest = sorted(long, key=lambda position: digest_of(f"{position} {words[position]}".encode()))
    for position in by_digest[: 1 + len(long) // _TYPO_EVERY]:
        word = words[position]
        swap = next((letter for letter in range(1, len(word) - 1) if word[letter] != word[letter + 1]), 0)
        words[position] = word[:swap] + word[swap + 1] + word[swap] + word[swap + 2 :]
    return " ".join(words)
