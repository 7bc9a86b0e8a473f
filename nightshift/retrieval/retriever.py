"""The retriever that serves: passages for a question from four fused retrieval scores, and the confidence in them.

    retriever = Retriever.open(ReleaseFolder(path), threads=2)
    passages = retriever.search("Who gets the money when I return a gift?", k=5)
    retriever.confidence("Who gets the money when I return a gift?", passages)   # 0.93

Evaluation ranks thousands of past questions with EvaluationRetriever, a subclass that can hide what came later.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from nightshift.index import SearchIndex
from nightshift.index.exact import ExactIndex
from nightshift.models.classifiers import Classifiers
from nightshift.models.encoder import OnnxEncoder
from nightshift.release.layout import ReleaseFolder
from nightshift.retrieval.answerability import Answerability, resolved_shares
from nightshift.retrieval.confidence import FEATURES, Confidence, evidence
from nightshift.retrieval.fusion import article_scores, fuse, section_positions, z_scores
from nightshift.retrieval.ranking import Encoder, Hidden, Ranking, TicketClassifiers
from nightshift.retrieval.ticket_knn import TicketKnn
from nightshift.text.passages import Passage

_DEPTH = 5_000  # chunks requested from the index; deeper ones get the score of the last of these
_PASSAGES_PER_ARTICLE = 2


class Retriever:
    """The index, towers and classifiers of a release. Safe from several threads."""

    def __init__(
        self,
        index: SearchIndex,
        resolved: TicketKnn,
        *,
        documents: Encoder,
        queries: Encoder,
        classifiers: TicketClassifiers | None,
        weights: Mapping[str, float],
        confidence: Confidence,
        answerability: Answerability,
    ) -> None:
        """`documents` and `queries` are the two towers, `weights` the fusion weight of each of SCORES."""
        self._index, self._resolved, self._answerability = index, resolved, answerability
        self._documents, self._queries, self._classifiers = documents, queries, classifiers
        self._weights, self._confidence = weights, confidence
        section_weights = weights["dense"], weights["bm25"]  # the only two scores that differ between sections
        self._section_weights = section_weights if any(section_weights) else (1.0, 0.0)
        self._chunks = index.chunks.to_pylist()
        article_of = [chunk["article_id"] for chunk in self._chunks]  # sorted: chunks of an article are contiguous
        self.article_ids = sorted(set(article_of))
        self._columns = {article: column for column, article in enumerate(self.article_ids)}
        self._starts = np.searchsorted(article_of, self.article_ids)
        columns = np.array([self._columns[article] for article in article_of])
        self._positions = section_positions(columns, len(self.article_ids))
        self._resolved_columns = resolved.article_columns(self._columns)
        self._last: tuple[str, Ranking, NDArray[np.float32]] | None = None

    @classmethod
    def open(
        cls,
        release: ReleaseFolder,
        threads: int,
        index: Path | None = None,
        open_encoder: Callable[[Path, int], Encoder] | None = None,
    ) -> Self:
        """The retriever of a release, over its own index or over that in the folder `index`.

        The resolved shares in the release are those of its own index; over another index they are fitted here.
        Raises IndexUnavailable, ModelUnreadable.
        """
        folder, encoder, weights = index or release.index, open_encoder or OnnxEncoder, release.weights
        classifiers = Classifiers(release.classifiers, threads)
        resolved, unresolved = TicketKnn.load(folder), TicketKnn.load(folder, "unresolved")
        shares = weights.resolved_shares if index is None else resolved_shares(resolved, unresolved, classifiers)
        return cls(
            ExactIndex.open(folder),
            resolved,
            documents=encoder(release.document_tower, threads),
            queries=encoder(release.query_tower, threads),
            classifiers=classifiers,
            weights=weights.fusion,
            confidence=Confidence.from_json(weights.confidence),
            answerability=Answerability(resolved, unresolved, classifiers, shares),
        )

    def search(self, question: str, k: int) -> list[Passage]:
        """At most k passages, best first, at most two of one article.

        The second passage of an article scores lower than the first by the difference of their section scores.
        """
        ranking, chunk_scores = self._rank_question(question)
        results: list[tuple[float, int]] = []
        for column in np.argsort(-ranking.scores[0], kind="stable")[:k]:
            chunks = self._chunks_of(int(column))
            best = chunks[np.argsort(-chunk_scores[chunks], kind="stable")[:_PASSAGES_PER_ARTICLE]]
            differences = chunk_scores[best] - chunk_scores[best[0]]
            results += zip((ranking.scores[0, column] + differences).tolist(), best.tolist(), strict=True)
        results.sort(key=lambda result: (-result[0], result[1]))
        return [self._passage(position, score) for score, position in results[:k]]

    def best_articles(self, question: str, k: int) -> dict[str, float]:
        """The k articles with the highest fused scores, best first."""
        scores = self._rank_question(question)[0].scores[0]
        return {
            self.article_ids[column]: float(scores[column])
            for column in np.argsort(-scores, kind="stable")[:k].tolist()
        }

    def resolved_log_odds(self, question: str) -> float | None:
        """The log-odds that an article resolves tickets of the question's intents; None with too few past tickets."""
        if not self._answerability.informed:
            return None
        return float(self._rank_question(question)[0].evidence[0, FEATURES.index("resolved_log_odds")])

    def chunk_cosines(self, vector: NDArray[np.float32]) -> NDArray[np.float32]:
        """The cosine of every chunk to a document-tower vector [dim], in the order of `passages` [chunks]."""
        cosines: NDArray[np.float32] = self._dense(vector[None])[0]
        return cosines

    @property
    def chunks(self) -> pa.Table:
        """The chunks of the index, in the order of `passages`."""
        return self._index.chunks

    @property
    def document_encoder(self) -> Encoder:
        """The frozen document tower."""
        return self._documents

    @property
    def passages(self) -> list[Passage]:
        """All passages, with score 0."""
        return [self._passage(position, 0.0) for position in range(len(self._chunks))]

    def confidence(self, question: str, passages: Sequence[Passage]) -> float:
        """The calibrated probability that `passages`, the results of `search`, hold an answer; 0 without passages."""
        return float(self._confidence.of(self._rank_question(question)[0].evidence)[0]) if passages else 0.0

    def _rank_question(self, question: str) -> tuple[Ranking, NDArray[np.float32]]:
        """One question ranked, and chunk scores [chunks]; the last one is cached, as `confidence` follows `search`."""
        last = self._last
        if last is None or last[0] != question:
            ranking, chunk_scores = self._rank([question], Hidden())
            self._last = last = (question, ranking, chunk_scores[0])
        return last[1], last[2]

    def _rank(self, questions: Sequence[str], hidden: Hidden) -> tuple[Ranking, NDArray[np.float32]]:
        """All articles for n questions, and chunk scores [n, chunks]."""
        vectors = self._documents.encode(questions)
        query_vectors = vectors if self._queries is self._documents else self._queries.encode(questions)
        dense, bm25 = self._dense(query_vectors), self._bm25(questions)
        votes = self._resolved.votes(vectors, self._resolved_columns, len(self.article_ids), hidden.resolved)
        by_section = [article_scores(chunk_scores, self._positions) for chunk_scores in (dense, bm25)]
        retrieval_scores = np.stack([*by_section, votes, self._prior(vectors)], axis=1)
        removed = hidden.articles
        if removed is not None:  # a hidden article gets the lowest score of the others
            lowest = np.where(removed[:, None], np.inf, retrieval_scores).min(axis=2, keepdims=True)
            lowest = np.where(np.isfinite(lowest), lowest, 0)
            retrieval_scores = np.where(removed[:, None], lowest, retrieval_scores).astype(np.float32)
        scores = fuse(retrieval_scores, self._weights)
        if removed is not None:
            scores[removed] = -np.inf
        chunk_scores = self._section_weights[0] * z_scores(dense) + self._section_weights[1] * z_scores(bm25)
        features = evidence(retrieval_scores, scores, self._answerability.evidence(vectors, hidden))
        return Ranking(scores, retrieval_scores, features), chunk_scores.astype(np.float32)

    def _dense(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Cosine of every chunk [n, chunks]."""
        cosines, positions = self._index.dense(vectors, _DEPTH)
        chunk_scores = np.repeat(cosines[:, -1:], len(self._chunks), axis=1)
        np.put_along_axis(chunk_scores, positions, cosines, axis=1)
        return chunk_scores

    def _bm25(self, questions: Sequence[str]) -> NDArray[np.float32]:
        """BM25 of every chunk [n, chunks]; 0 where no word is shared."""
        chunk_scores = np.zeros((len(questions), len(self._chunks)), np.float32)
        for row, question in enumerate(questions):
            scores, positions = self._search_words(question)
            chunk_scores[row, positions] = scores
        return chunk_scores

    def _search_words(self, question: str) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        return self._index.bm25(question, _DEPTH)

    def _prior(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Log probability of every article [n, articles]; an article unknown to the classifier gets the lowest."""
        probabilities = None if self._classifiers is None else self._classifiers.priors(vectors)
        if self._classifiers is None or probabilities is None:
            return np.zeros((len(vectors), len(self.article_ids)), np.float32)
        logs = np.log(np.maximum(probabilities, 1e-9)).astype(np.float32)
        prior = np.repeat(logs.min(axis=1, keepdims=True), len(self.article_ids), axis=1)
        for label, article in enumerate(self._classifiers.prior_labels):
            if article in self._columns:
                prior[:, self._columns[article]] = logs[:, label]
        return prior

    def _chunks_of(self, column: int) -> NDArray[np.int64]:
        end = self._starts[column + 1] if column + 1 < len(self._starts) else len(self._chunks)
        return np.arange(self._starts[column], end)

    def _passage(self, position: int, score: float) -> Passage:
        return Passage(**self._chunks[position], score=score)
