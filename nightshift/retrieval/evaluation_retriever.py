"""The retriever of evaluation and training: many past questions at once, without what their time did not know.

    retriever = EvaluationRetriever.open(release, threads=2, open_encoder=SharedEncoders(store))
    retriever.rank(texts, before=created_at).scores                       # [n, articles]
    retriever.rank(texts, before=created_at, without=article_ids)         # the same questions, made unanswerable

It scores through the code that serves. Two options keep evaluation honest: `before` hides the tickets created at the
time of a question or later, `without` hides articles together with the tickets they resolved.
"""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from nightshift.retrieval.ranking import Hidden, Ranking
from nightshift.retrieval.retriever import Retriever

_BATCH = 256  # questions ranked together: bounds the score matrices
_CACHED_SEARCHES = 1_000  # an evaluation ranks every question three times; 60 MB at most


class EvaluationRetriever(Retriever):
    """A Retriever that ranks all articles for past questions."""

    def rank(
        self,
        questions: Sequence[str],
        before: Sequence[datetime] | None = None,
        without: Sequence[Collection[str]] | None = None,
    ) -> Ranking:
        """All articles for n questions.

        before: when each question was created; tickets created then or later are hidden from it.
        without: articles hidden from each question, with the tickets they resolved.
        """
        rankings = []
        for start in range(0, len(questions), _BATCH):
            batch = slice(start, start + _BATCH)
            hidden = self._hidden(
                None if before is None else before[batch], None if without is None else without[batch]
            )
            rankings.append(self._rank(questions[batch], hidden)[0])
        return Ranking(
            np.concatenate([ranking.scores for ranking in rankings]),
            np.concatenate([ranking.retrieval_scores for ranking in rankings]),
            np.concatenate([ranking.evidence for ranking in rankings]),
        )

    def document_vectors(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """L2-normalised vectors [n, dim] of the texts by the document tower."""
        return self._documents.encode(texts)

    def _hidden(self, before: Sequence[datetime] | None, without: Sequence[Collection[str]] | None) -> Hidden:
        resolved = unresolved = articles = None
        if before is not None:
            times = np.array([time.replace(tzinfo=None) for time in before], "datetime64[us]")[:, None]
            resolved = self._resolved.created_at >= times
            unresolved = self._answerability.unresolved.created_at >= times
        if without is not None:
            articles = self._article_mask(without)
            removed = self._resolved_by(articles)
            resolved = removed if resolved is None else resolved | removed
        return Hidden(resolved, unresolved, articles)

    def _article_mask(self, article_ids: Sequence[Collection[str]]) -> NDArray[np.bool_]:
        """The given articles of each question, as a mask [n, articles]."""
        mask = np.zeros((len(article_ids), len(self.article_ids)), np.bool_)
        for row, articles in enumerate(article_ids):
            mask[row, [self._columns[article] for article in articles if article in self._columns]] = True
        return mask

    def _resolved_by(self, articles: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """The tickets [n, tickets] that any of the `articles` [n, articles] resolved."""
        padded = np.concatenate([articles, np.zeros((len(articles), 1), np.bool_)], axis=1)
        mask = np.zeros((len(articles), len(self._resolved)), np.bool_)
        for row in range(len(articles)):
            mask[row] = padded[row][self._resolved_columns].any(axis=1)
        return mask

    def _search_words(self, question: str) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        return self._cached_search(question)

    @cached_property
    def _cached_search(self) -> Callable[[str], tuple[NDArray[np.float32], NDArray[np.int64]]]:
        return lru_cache(_CACHED_SEARCHES)(super()._search_words)
