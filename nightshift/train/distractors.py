"""The help articles as the generator's examples see them: passages, and which of them share words with a text.

library = Library(passages_of(read_mart(store, features, "articles")))
library.gold("standard-delivery", "from what sum is it free").heading      # 'Cost'
library.nearest("from what sum is it free", "standard-delivery", 8)        # what could be taken for it
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

FEWEST_SHARED = 3  # words of a question that a sentence must hold to be taught as its answer


def passages_of(articles: pa.Table) -> list[Passage]:
    """Every chunk of the articles mart as a passage that nobody has asked for yet (score 0)."""
    rows = articles.select(["article_id", "title", "body", "url"]).sort_by("article_id").to_pylist()
    return [
        Passage(one.chunk_id, one.article_id, one.title, one.heading, one.text, row["url"], 0.0)
        for row in rows
        for one in chunk_article(row["article_id"], row["title"], row["body"])
    ]


class Library:
    """The passages, and which of them share words with a text."""

    def __init__(self, passages: Sequence[Passage]) -> None:
        self.passages = passages
        self._words = [set(content_words(f"{one.name}\n{one.text}")) for one in passages]
        self._weights = idf(f"{one.name}\n{one.text}" for one in passages)
        self._holding: dict[str, list[int]] = {}
        self._of_article: dict[str, list[int]] = {}
        for position, passage in enumerate(passages):
            self._of_article.setdefault(passage.article_id, []).append(position)
            for word in self._words[position]:
                self._holding.setdefault(word, []).append(position)

    def gold(self, article_id: str, text: str) -> Passage | None:
        """The passage of the article that shares the most telling words with `text`; None for an unknown article."""
        wanted = set(content_words(text))
        places = self._of_article.get(article_id, [])
        best = max(places, key=lambda i: (self._shared(i, wanted), -i), default=None)
        return None if best is None else self.passages[best]

    def nearest(self, text: str, not_of: str, n: int) -> list[Passage]:
        """The `n` passages of other articles that share the most telling words with `text`, best first."""
        scores: Counter[int] = Counter()
        for word in sorted(set(content_words(text))):
            for position in self._holding.get(word, []):
                scores[position] += self._weights[word]  # type: ignore[assignment]  # a Counter adds floats as well
        allowed = (one for one in scores.items() if self.passages[one[0]].article_id != not_of)
        return [self.passages[i] for i, _ in nlargest(n, allowed, key=lambda one: (one[1], -one[0]))]

    def others(self, not_of: str, n: int, chance: random.Random) -> list[Passage]:
        """Any `n` passages of other articles, drawn by `chance`."""
        allowed = [one for one in self.passages if one.article_id != not_of]
        return chance.sample(allowed, min(n, len(allowed)))

    def holds(self, article_id: str) -> bool:
        """Whether there is a passage of the article."""
        return article_id in self._of_article

    def nearest_said(self, question: str, passage: Passage) -> list[str]:
        """The sentence of the passage that says most about the question, if it shares a few words with it at all."""
        said = [one for one in sentences(as_data(passage.text)) if worth_quoting(one)]
        best = max(said, key=lambda one: overlap(question, one, self._weights), default="")
        return [best] if shared(question, best) >= FEWEST_SHARED else []

    def _shared(self, position: int, wanted: set[str]) -> float:
        return sum(self._weights[word] for word in sorted(wanted & self._words[position]))


def shared(wanted: str, sentence: str) -> int:
    """How many content words the two have in common."""
    return len(set(content_words(wanted)) & set(content_words(sentence)))
