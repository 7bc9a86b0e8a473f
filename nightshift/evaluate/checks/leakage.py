"""Whether the candidate has learned from the questions it is evaluated on.

    leaks = find_leaks(questions, learned, indexed, tickets, vectors=vectors, indexed_vectors=indexed_vectors)
    leaks.to_json()      # {'by_id': 0, 'by_text': 0, 'by_words': 12, 'by_meaning': 31, 'clean': 605, 'questions': 645}

By ticket id, in the index and in what every model was trained on, and by text, in the index: none may be there, and the
warehouse sees to that. Likeness is different. Customers write again and in set phrases, so some questions resemble a
ticket that was learned from and nobody is at fault; but a release that only knows those has learned nothing. So they
are counted, and hit@5 must meet its floor without them as well. A question resembles a ticket when 70 % of its 8-grams
of words stand in tickets that were learned from (PaLM, Chowdhery et al. 2022, section 8), or when its vector has a
cosine of .98 to one of the index.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import cast

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from nightshift.drift.novelty import nearest_cosine
from nightshift.evaluate.check import CheckResult
from nightshift.evaluate.context import EvaluationContext
from nightshift.evaluate.gate import Limits, at_most, share_at_least
from nightshift.release.evaluation_report import Gate, GateKind
from nightshift.retrieval.ticket_knn import TicketKnn
from nightshift.warehouse import read_mart

N_GRAM = 8  # words
RESEMBLES = 0.7  # of a question's n-grams
NEAR = 0.98  # cosine
_WORD = re.compile(r"[^\W_]+")  # as dbt compares texts


class Leakage:
    """No question is among the tickets that the candidate learned from."""

    group = "leakage"

    def run(self, context: EvaluationContext) -> CheckResult:
        index, tickets = context.candidate.folder.index, read_mart(context.night.store, context.features, "tickets")
        indexed = {
            ticket_id
            for part in ("resolved", "unresolved")
            for ticket_id in pq.read_table(index / f"{part}.parquet")["ticket_id"].to_pylist()
        }
        texts = context.questions["text"].to_pylist()
        pairs = zip(context.questions["ticket_id"].to_pylist(), texts, strict=True)
        leaks = find_leaks(
            [TestQuestion(ticket_id, text) for ticket_id, text in pairs],
            indexed | _trained_on(context),
            indexed,
            zip(tickets["ticket_id"].to_pylist(), tickets["text"].to_pylist(), strict=True),
            vectors=context.loaded.retriever.document_vectors(texts),
            indexed_vectors=TicketKnn.load(index).vectors,
        )
        gates = leakage_gates(leaks, context.rankings.values["hit@5"], context.limits)
        return CheckResult(gates, sections={"leakage": leaks.to_json()})


@dataclass(frozen=True)
class TestQuestion:
    """A question of the test, and the ticket it is from."""

    __test__ = False  # pytest: no test class

    ticket_id: str
    text: str


@dataclass(frozen=True)
class Leaks:
    """How many of n questions were learned from or resemble such tickets; `clean` bool [n]: resembles none."""

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
    questions: Sequence[TestQuestion],
    learned: set[str],
    indexed: set[str],
    tickets: Iterable[tuple[str, str]],
    *,
    vectors: NDArray[np.float32],
    indexed_vectors: NDArray[np.float32],
) -> Leaks:
    """Compare n questions with what was learned.

    learned: ids of tickets that any part was trained on or that lie in the index; indexed: those in the index. tickets:
    (id, text) of all. vectors float32 [n, dim] and indexed_vectors float32 [m, dim] by the same document tower.
    """
    learned_words = [(ticket_id, _words(text)) for ticket_id, text in tickets if ticket_id in learned]
    exact = {tuple(words) for ticket_id, words in learned_words if ticket_id in indexed}
    question_words = [_words(question.text) for question in questions]
    wanted = {n_gram for words in question_words for n_gram in _n_grams(words)}
    seen = {n_gram for _, words in learned_words for n_gram in _n_grams(words) if n_gram in wanted}
    by_words = np.array([_share_seen(words, seen) >= RESEMBLES for words in question_words], np.bool_)
    by_meaning = nearest_cosine(vectors, indexed_vectors) >= NEAR
    return Leaks(
        by_id=sum(question.ticket_id in learned for question in questions),
        by_text=sum(
            tuple(words) in exact and question.ticket_id not in learned
            for question, words in zip(questions, question_words, strict=True)
        ),
        by_words=int(by_words.sum()),
        by_meaning=int(by_meaning.sum()),
        clean=~(by_words | by_meaning),
    )


def leakage_gates(leaks: Leaks, hits: NDArray[np.float64], limits: Limits) -> list[Gate]:
    """Nothing known by id or by text; and hit@5 [n] of the clean questions still meets its floor."""
    gates = [
        at_most("test questions learned from", leaks.by_id, 0),
        at_most("test questions in the index word for word", leaks.by_text, 0),
    ]
    clean, total = int(leaks.clean.sum()), len(leaks.clean)
    counted = (
        f"{leaks.by_words:,} resemble a ticket by their words, {leaks.by_meaning:,} by their meaning, of {total:,}"
    )
    name = "hit@5 of new questions"
    if not clean:
        sentence = f"{name} cannot be measured: {counted}, and none is left"
        return [*gates, Gate(name, 0.0, limits.hit_at_5, passed=False, sentence=sentence, kind=GateKind.FLOOR)]
    floor = share_at_least(name, float(hits[leaks.clean].mean()), clean, limits.hit_at_5, "questions")
    return [*gates, replace(floor, sentence=f"{floor.sentence}; {counted}")]


def _trained_on(context: EvaluationContext) -> set[str]:
    """Ids of the tickets that any model of the candidate was trained on."""
    store = context.night.store
    ticket_ids: set[str] = set()
    for digest in sorted(set(context.candidate.release.models.values())):
        tree = store.tree(digest)
        if "trained_on.json" in tree:
            ticket_ids |= set(cast(list[str], store.get_json(tree["trained_on.json"])))
    return ticket_ids


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def _n_grams(words: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Every run of eight words; a shorter text is one run."""
    for start in range(max(1, len(words) - N_GRAM + 1)):
        yield tuple(words[start : start + N_GRAM])


def _share_seen(words: Sequence[str], seen: set[tuple[str, ...]]) -> float:
    n_grams = list(_n_grams(words))
    return sum(n_gram in seen for n_gram in n_grams) / len(n_grams)
