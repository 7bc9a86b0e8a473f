"""The help articles as passages for the generator's examples: the gold passage of an answer, and distractors.

passages = PassagePool(passages_of(read_mart(store, features, "articles")))
passages.gold("standard-delivery", "from what sum is it free").heading      # 'Cost'
passages.hard_distractors("from what sum is it free", "standard-delivery", 8)   # nearest passages of other articles
"""

import random
from collections import Counter
from collections.abc import Sequence
from heapq import nlargest

import pyarrow as pa

from nightshift.answering.grounding import worth_quoting
from nightshift.answering.prompts import as_data
from nightshift.text.chunks import chunk_article
from nightshift.text.passages import Passage
from nightshift.text.words import content_words, idf, overlap, sentences

FEWEST_SHARED_WORDS = 3  # of a question, that a sentence must hold to be taught as its answer


def passages_of(articles: pa.Table) -> list[Passage]:
    """Every chunk of the articles mart as a passage with score 0."""
    rows = articles.select(["article_id", "title", "body", "url"]).sort_by("article_id").to_pylist()
    return [
        Passage(chunk.chunk_id, chunk.article_id, chunk.title, chunk.heading, chunk.text, row["url"], 0.0)
        for row in rows
        for chunk in chunk_article(row["article_id"], row["title"], row["body"])
    ]


class PassagePool:
    """The passages, and how many rare words each shares with a text."""

    def __init__(self, passages: Sequence[Passage]) -> None:
        self.passages = passages
        self._words = [set(content_words(f"{passage.name}\n{passage.text}")) for passage in passages]
        self._weights = idf(f"{passage.name}\n{passage.text}" for passage in passages)
        self._positions_of_word: dict[str, list[int]] = {}
        self._positions_of_article: dict[str, list[int]] = {}
        for position, passage in enumerate(passages):
            self._positions_of_article.setdefault(passage.article_id, []).append(position)
            for word in self._words[position]:
                self._positions_of_word.setdefault(word, []).append(position)

    def gold(self, article_id: str, text: str) -> Passage | None:
        """The passage of the article whose words shared with `text` weigh most; None for an unknown article."""
        words = set(content_words(text))
        positions = self._positions_of_article.get(article_id, [])
        best = max(positions, key=lambda position: (self._shared_weight(position, words), -position), default=None)
        return None if best is None else self.passages[best]

    def hard_distractors(self, text: str, article_id: str, n: int) -> list[Passage]:
        """The `n` passages of other articles whose words shared with `text` weigh most, best first."""
        scores: Counter[int] = Counter()
        for word in sorted(set(content_words(text))):
            for position in self._positions_of_word.get(word, []):
                scores[position] += self._weights[word]  # type: ignore[assignment]  # a Counter adds floats as well
        allowed = [position for position in scores if self.passages[position].article_id != article_id]
        best = nlargest(n, allowed, key=lambda position: (scores[position], -position))
        return [self.passages[position] for position in best]

    def random_distractors(self, article_id: str, n: int, rng: random.Random) -> list[Passage]:
        """Any `n` passages of other articles than `article_id`."""
        allowed = [passage for passage in self.passages if passage.article_id != article_id]
        return rng.sample(allowed, min(n, len(allowed)))

    def has_article(self, article_id: str) -> bool:
        """Whether there is a passage of the article."""
        return article_id in self._positions_of_article

    def nearest_sentence(self, question: str, passage: Passage) -> list[str]:
        """The sentence of the passage with the largest overlap with the question, or [] if they share too few words."""
        candidates = [sentence for sentence in sentences(as_data(passage.text)) if worth_quoting(sentence)]
        best = max(candidates, key=lambda sentence: overlap(question, sentence, self._weights), default="")
        return [best] if shared_words(question, best) >= FEWEST_SHARED_WORDS else []

    def _shared_weight(self, position: int, words: set[str]) -> float:
        return sum(self._weights[word] for word in sorted(words & self._words[position]))


def shared_words(text: str, sentence: str) -> int:
    """The number of distinct content words in both."""
    return len(set(content_words(text)) & set(content_words(sentence)))
