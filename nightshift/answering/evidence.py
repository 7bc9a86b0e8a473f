"""From a question to the sentences that answer it, and the probability that they do.

    finder = EvidenceFinder.open(release, retriever, Sentences.load(release.index, retriever.chunks))
    evidence = finder.find(readings("How long is a guest basket kept?"))
    evidence.answerability       # 0.97
    evidence.sentences           # (Cited('A basket is kept ... 24 hours for guests.', Passage(...)),)

Candidates are all sentences of the articles that retrieval ranks first, and of those that hold the likeliest sentences.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from nightshift.answering.compose import compose
from nightshift.answering.follow_up import Reading
from nightshift.answering.sentence_features import SentenceQuery, sentence_features, word_overlaps
from nightshift.answering.sentence_selector import SentenceSelector
from nightshift.index.sentences import Sentences
from nightshift.models.tokenizer import tokenizer_vocabulary
from nightshift.release.layout import ReleaseFolder
from nightshift.retrieval.ranking import Encoder
from nightshift.text.passages import Passage
from nightshift.text.spelling import Vocabulary, corrected

BY_RETRIEVAL: Final = 5  # articles, best first
BY_SENTENCE: Final = 3  # further articles, those with the likeliest sentences
PLAIN_WORDS: Final = 20  # of a plain question, at most; most words of a longer message are about something else


class ArticleRetrieval(Protocol):
    """Ranks articles (retrieval.retriever.Retriever)."""

    @property
    def document_encoder(self) -> Encoder: ...

    @property
    def passages(self) -> Sequence[Passage]: ...

    def best_articles(self, question: str, k: int) -> Mapping[str, float]: ...

    def confidence(self, question: str, passages: Sequence[Passage]) -> float: ...

    def resolved_log_odds(self, question: str) -> float | None: ...

    def chunk_cosines(self, vector: NDArray[np.float32]) -> NDArray[np.float32]: ...


@dataclass(frozen=True)
class Cited:
    """One sentence of the answer and the passage it stands in."""

    text: str
    passage: Passage


@dataclass(frozen=True)
class Evidence:
    """The sentences that answer, in the order they are read, and the probability that they answer (0 to 1).

    `by_retrieval`: the message is too long for a plain question, so the probability is retrieval's own confidence,
    which a night fits on whole tickets.
    """

    sentences: tuple[Cited, ...]
    answerability: float
    by_retrieval: bool = False

    @property
    def passages(self) -> tuple[Passage, ...]:
        """The passages of the sentences, each once, in the order of their first sentence."""
        return tuple(dict.fromkeys(sentence.passage for sentence in self.sentences))


# Fitted to 250 answerable and 35 unanswerable plain questions about half of the simulated company's articles.
FIRST_NIGHT_ANSWERABILITY: Final[Mapping[str, float]] = {
    "bias": -4.87,
    "logit": 0.273,
    "words_met": 3.31,
    "resolved_log_odds": 2.77,
    "mean_resolved_log_odds": 0.0,
}


@dataclass(frozen=True)
class SentenceAnswerability:
    """The probability that the best sentence answers: a logistic over three things.

    `logit`: of the best sentence, without its article's score. `words_met`: the share of the question's words, by
    rarity, that its chunk with title and headings holds or nearly holds. `resolved_log_odds`: that articles resolve
    tickets of the question's intents, above the mean of the resolved tickets.
    """

    bias: float
    logit: float
    words_met: float
    resolved_log_odds: float
    mean_resolved_log_odds: float

    @classmethod
    def from_json(cls, value: Mapping[str, float]) -> Self:
        return cls(**value)

    def probability(self, logit: float, words_met: float, resolved_log_odds: float | None) -> float:
        """`resolved_log_odds` is None where the past says nothing of it."""
        above = 0.0 if resolved_log_odds is None else resolved_log_odds - self.mean_resolved_log_odds
        margin = self.bias + self.logit * logit + self.words_met * words_met + self.resolved_log_odds * above
        return float(1 / (1 + np.exp(-np.clip(margin, -500, 500))))


class EvidenceFinder:
    """Selects the sentences of a release that answer a question. It keeps no state between questions."""

    def __init__(
        self,
        retriever: ArticleRetrieval,
        sentences: Sentences,
        selector: SentenceSelector,
        answerability: SentenceAnswerability,
        vocabulary: Vocabulary,
    ) -> None:
        """`vocabulary` is what typing errors of a question are corrected to."""
        self._retriever, self._sentences = retriever, sentences
        self._selector, self._answerability = selector, answerability
        self._vocabulary = vocabulary
        self._passages = retriever.passages
        self._contexts = sentences.vectors[:, 1].astype(np.float32)

    @classmethod
    def open(cls, release: ReleaseFolder, retriever: ArticleRetrieval, sentences: Sentences) -> Self:
        """The finder of a release over the `sentences` of its index, or of another one that `retriever` stands on."""
        weights = release.weights
        return cls(
            retriever,
            sentences,
            SentenceSelector.from_json(weights.sentences),
            SentenceAnswerability.from_json(weights.answerability),
            Vocabulary.of([*sentences.texts, *sentences.headings], known=tokenizer_vocabulary(release.document_tower)),
        )

    def find(self, readings: Sequence[Reading]) -> Evidence:
        """The evidence for a question in one or more readings, whose logits are added with their weights."""
        if not self._sentences.texts:
            return Evidence((), 0.0)
        readings = [replace(reading, text=corrected(reading.text, self._vocabulary)) for reading in readings]
        encoder = self._retriever.document_encoder
        queries = [SentenceQuery.of(reading.text, self._sentences, encoder) for reading in readings]
        articles = [
            self._articles(reading, query) if reading.asked else {}
            for reading, query in zip(readings, queries, strict=True)
        ]
        rows = self._sentences.of_articles(sorted({article for scores in articles for article in scores}))
        if not len(rows):
            return Evidence((), 0.0)
        logits, without_article = np.zeros(len(rows)), np.zeros(len(rows))
        for reading, query, scores in zip(readings, queries, articles, strict=True):
            features = self._features(query, rows, scores)
            logits += reading.weight * self._selector.logits(features)
            without_article += reading.weight * self._selector.logits_without_article(features)
        exponents = np.exp(logits - logits.max())
        chosen = compose(self._sentences, rows, exponents / exponents.sum())
        if not chosen:
            return Evidence((), 0.0)
        best = int(logits.argmax())
        asked = max(number for number, reading in enumerate(readings) if reading.asked)
        sentences, text = tuple(self._cited(row) for row in chosen), readings[asked].text
        if len(text.split()) > PLAIN_WORDS:
            confidence = self._retriever.confidence(text, [sentence.passage for sentence in sentences])
            return Evidence(sentences, confidence, by_retrieval=True)
        answerability = self._answerability.probability(
            float(without_article[best]),
            self._words_met(queries[asked], int(rows[best])),
            self._retriever.resolved_log_odds(text),
        )
        return Evidence(sentences, answerability)

    def _articles(self, reading: Reading, query: SentenceQuery) -> dict[str, float]:
        """The articles to look into, with retrieval's scores; those that retrieval did not rank get the lowest."""
        scores = dict(self._retriever.best_articles(reading.text, BY_RETRIEVAL))
        lowest = min(scores.values(), default=0.0)
        added = 0
        for row in np.argsort(-(self._contexts @ query.vector), kind="stable").tolist():
            article = self._sentences.article(row)
            if article not in scores:
                scores[article] = lowest
                added += 1
            if added == BY_SENTENCE:
                break
        return scores

    def _features(
        self, query: SentenceQuery, rows: NDArray[np.int64], scores: Mapping[str, float]
    ) -> NDArray[np.float32]:
        lowest = min(scores.values(), default=0.0)
        return sentence_features(
            query,
            self._sentences,
            rows,
            section=self._retriever.chunk_cosines(query.vector)[self._sentences.chunk[rows]],
            article=np.array([scores.get(self._sentences.article(row), lowest) for row in rows.tolist()]),
        )

    def _words_met(self, query: SentenceQuery, row: int) -> float:
        chunk = np.flatnonzero(self._sentences.chunk == self._sentences.chunk[row]).tolist()
        return float(word_overlaps(query, self._sentences, [chunk])[1][0])

    def _cited(self, row: int) -> Cited:
        return Cited(self._sentences.texts[row], self._passages[int(self._sentences.chunk[row])])
