"""Which passages answer a question: four signals per article, blended, and how sure that is.

    retriever = Retriever.open(ReleaseFolder(path), threads=2)
    passages = retriever.search("Who gets the money when I return a gift?", k=5)
    retriever.confidence("Who gets the money when I return a gift?", passages)   # 0.93

Serving asks one question at a time, evaluation thousands, through the same code.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from nightshift.index import SearchIndex
from nightshift.index.exact import ExactIndex
from nightshift.models.classifiers import Classifiers
from nightshift.models.encoder import OnnxEncoder
from nightshift.release.layout import ReleaseFolder
from nightshift.retrieval.answerability import Answerability
from nightshift.retrieval.confidence import Confidence, evidence
from nightshift.retrieval.fusion import by_article, fuse, places_of, z_scores
from nightshift.retrieval.ranking import Encoder, Ranking, TicketHeads
from nightshift.retrieval.ticket_knn import TicketKnn
from nightshift.text.passages import Passage

_BATCH = 256  # questions ranked together: bounds the score matrices
_DEPTH = 5_000  # chunks an index is asked for; deeper ones count as the last of these
_WORDS_KEPT = 1_000  # questions: 60 MB at most, of an index with more chunks than _DEPTH
_A_ARTICLE = 2  # passages of one article among the results


class Retriever:
    """A release's index, towers and prior head, asked together. Safe from several threads."""

    def __init__(
        self,
        index: SearchIndex,
        memory: TicketKnn,
        *,
        documents: Encoder,
        queries: Encoder,
        heads: TicketHeads | None,
        weights: Mapping[str, float],
        confidence: Confidence,
        outcomes: Answerability,
    ) -> None:
        self._index, self._memory, self._outcomes = index, memory, outcomes
        self._words = lru_cache(_WORDS_KEPT)(index.bm25)  # an evaluation asks every question three times
        self._documents, self._queries, self._heads = documents, queries, heads
        self._weights, self._confidence = weights, confidence
        said = weights["dense"], weights["bm25"]  # only these two tell an article's sections apart
        self._of_section = said if any(said) else (1.0, 0.0)
        self._chunks = index.chunks.to_pylist()
        of_chunk = [chunk["article_id"] for chunk in self._chunks]  # sorted: an article's chunks lie together
        self.article_ids = sorted(set(of_chunk))
        self._columns = {article: column for column, article in enumerate(self.article_ids)}
        self._starts = np.searchsorted(of_chunk, self.article_ids)
        self._places = places_of(np.array([self._columns[article] for article in of_chunk]), len(self.article_ids))
        self._links = memory.links(self._columns)
        self._last: tuple[str, Ranking, NDArray[np.float32]] | None = None

    @classmethod
    def open(
        cls,
        release: ReleaseFolder,
        threads: int,
        index: Path | None = None,
        open_encoder: Callable[[Path, int], Encoder] | None = None,
    ) -> Self:
        """The retriever of a release, over another `index` folder if given.

        Raises IndexUnavailable, ModelUnreadable.
        """
        index, encoder = index or release.index, open_encoder or OnnxEncoder
        weights = release.weights
        memory, heads = TicketKnn.load(index), Classifiers(release.classifiers, threads)
        return cls(
            ExactIndex.open(index),
            memory,
            documents=encoder(release.document_tower, threads),
            queries=encoder(release.query_tower, threads),
            heads=heads,
            weights=weights.fusion,
            confidence=Confidence.from_json(weights.confidence),
            outcomes=Answerability.load(index, memory, heads),
        )

    def search(self, question: str, k: int) -> list[Passage]:
        """At most k passages, best first, at most two of one article.

        A second passage of an article ranks below its first by as much as it says less about the question.
        """
        ranking, of_chunk = self._one(question)
        scored: list[tuple[float, int]] = []
        for column in np.argsort(-ranking.scores[0], kind="stable")[:k]:
            chunks = self._chunks_of(int(column))
            best = chunks[np.argsort(-of_chunk[chunks], kind="stable")[:_A_ARTICLE]]
            less = of_chunk[best] - of_chunk[best[0]]
            scored += zip((ranking.scores[0, column] + less).tolist(), best.tolist(), strict=True)
        scored.sort(key=lambda one: (-one[0], one[1]))
        return [self._passage(position, score) for score, position in scored[:k]]

    @property
    def passages(self) -> list[Passage]:
        """Every passage there is, as nobody asked for it."""
        return [self._passage(position, 0.0) for position in range(len(self._chunks))]

    def confidence(self, question: str, passages: Sequence[Passage]) -> float:
        """The calibrated probability that `passages`, found for this question, hold an answer to it."""
        return float(self._confidence.of(self._one(question)[0].evidence)[0]) if passages else 0.0

    def document_vectors(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """L2-normalised vectors [n, dim] of the texts by the document tower."""
        return self._documents.encode(texts)

    def likeness(self, question: str, sentences: Sequence[str]) -> list[float]:
        """The cosine of each sentence to the question, as the towers see them: what to quote."""
        said: list[float] = (self._documents.encode(sentences) @ self._queries.encode([question])[0]).tolist()
        return said

    def rank_articles(
        self, questions: Sequence[str], before: Sequence[datetime] | None = None
    ) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
        """Blended scores [n, articles] and the raw signals behind them [n, signals, articles]."""
        ranking = self.rank(questions, before)
        return ranking.scores, ranking.signals

    def rank(
        self,
        questions: Sequence[str],
        before: Sequence[datetime] | None = None,
        without: Sequence[Collection[str]] | None = None,
    ) -> Ranking:
        """Every article for every question.

        before: when each question was asked; tickets asked then or later do not vote on it.
        without: articles to pretend away from each question, with the tickets they resolved.
        """
        batches = [ranking for ranking, _ in self._batches(questions, before, without)]
        return Ranking(
            *(np.concatenate([getattr(one, part) for one in batches]) for part in ("scores", "signals", "evidence"))
        )

    def _one(self, question: str) -> tuple[Ranking, NDArray[np.float32]]:
        """One question ranked, with its chunk scores; the last one is remembered, for `confidence` follows `search`."""
        last = self._last
        if last is None or last[0] != question:
            ranking, of_chunk = next(self._batches([question], None, None))
            self._last = last = (question, ranking, of_chunk[0])
        return last[1], last[2]

    def _batches(
        self,
        questions: Sequence[str],
        before: Sequence[datetime] | None,
        without: Sequence[Collection[str]] | None,
    ) -> Iterator[tuple[Ranking, NDArray[np.float32]]]:
        for start in range(0, len(questions), _BATCH):
            part = slice(start, start + _BATCH)
            texts = list(questions[part])
            gone = self._gone(without[part]) if without is not None else None
            asked = (
                np.array([time.replace(tzinfo=None) for time in before[part]], "datetime64[us]")
                if before is not None
                else None
            )
            yield self._ranked(texts, gone, asked)

    def _ranked(
        self, questions: list[str], gone: NDArray[np.bool_] | None, times: NDArray[np.datetime64] | None
    ) -> tuple[Ranking, NDArray[np.float32]]:
        hidden = self._hidden(len(questions), times, gone)
        vectors = self._documents.encode(questions)
        asked = vectors if self._queries is self._documents else self._queries.encode(questions)
        dense, bm25 = self._dense(asked), self._bm25(questions)
        votes = self._memory.votes(vectors, self._links, len(self.article_ids), hidden)
        per_article = [by_article(of_chunk, self._places) for of_chunk in (dense, bm25)]
        signals = np.stack([*per_article, votes, self._prior(vectors)], axis=1)
        if gone is not None:  # an article that is not there is one that no signal speaks for
            lowest = np.where(gone[:, None], np.inf, signals).min(axis=2, keepdims=True)
            signals = np.where(gone[:, None], np.where(np.isfinite(lowest), lowest, 0), signals).astype(np.float32)
        scores = fuse(signals, self._weights)
        if gone is not None:
            scores[gone] = -np.inf
        of_chunk = self._of_section[0] * z_scores(dense) + self._of_section[1] * z_scores(bm25)
        ended = self._outcomes.evidence(vectors, hidden, times)
        return Ranking(scores, signals, evidence(signals, scores, ended)), of_chunk.astype(np.float32)

    def _dense(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Cosine of every chunk [n, chunks]."""
        scores, positions = self._index.dense(vectors, _DEPTH)
        of_chunk = np.repeat(scores[:, -1:], len(self._chunks), axis=1)
        np.put_along_axis(of_chunk, positions, scores, axis=1)
        return of_chunk

    def _bm25(self, questions: list[str]) -> NDArray[np.float32]:
        """BM25 of every chunk [n, chunks]; 0 where no word is shared."""
        of_chunk = np.zeros((len(questions), len(self._chunks)), np.float32)
        for row, question in enumerate(questions):
            scores, positions = self._words(question, _DEPTH)
            of_chunk[row, positions] = scores
        return of_chunk

    def _prior(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Log probability of every article [n, articles]; one the head never saw is as unlikely as its least likely."""
        probabilities = None if self._heads is None else self._heads.priors(vectors)
        if self._heads is None or probabilities is None:
            return np.zeros((len(vectors), len(self.article_ids)), np.float32)
        logs = np.log(np.maximum(probabilities, 1e-9)).astype(np.float32)
        prior = np.repeat(logs.min(axis=1, keepdims=True), len(self.article_ids), axis=1)
        known = [
            (label, self._columns[name]) for label, name in enumerate(self._heads.prior_labels) if name in self._columns
        ]
        for label, column in known:
            prior[:, column] = logs[:, label]
        return prior

    def _gone(self, without: Sequence[Collection[str]]) -> NDArray[np.bool_]:
        """Articles taken away [n, articles]."""
        gone = np.zeros((len(without), len(self.article_ids)), np.bool_)
        for row, articles in enumerate(without):
            gone[row, [self._columns[article] for article in articles if article in self._columns]] = True
        return gone

    def _hidden(
        self, count: int, times: NDArray[np.datetime64] | None, gone: NDArray[np.bool_] | None
    ) -> NDArray[np.bool_] | None:
        """Tickets that may not vote [n, m]: asked no earlier than the question, or resolved by an article taken away."""
        if times is None and gone is None:
            return None
        hidden = np.zeros((count, len(self._memory)), np.bool_)
        if times is not None:
            hidden |= self._memory.created_at >= times[:, None]
        if gone is not None:
            padded = np.concatenate([gone, np.zeros((count, 1), np.bool_)], axis=1)
            for row in range(count):
                hidden[row] |= padded[row][self._links].any(axis=1)
        return hidden

    def _chunks_of(self, column: int) -> NDArray[np.int64]:
        end = self._starts[column + 1] if column + 1 < len(self._starts) else len(self._chunks)
        return np.arange(self._starts[column], end)

    def _passage(self, position: int, score: float) -> Passage:
        return Passage(**self._chunks[position], score=score)
