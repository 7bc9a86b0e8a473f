"""What the generator learns from: a past question, the passages it could have been shown, and the answer with its marks.

    taught = build_examples(read_mart(store, features, "generator_examples"), passages_of(articles), profile, seed=7)
    taught.examples[0]
    # Example(ticket_id='10482', prompt='<|im_start|>system...', answer='It is free from 60 EUR [2].', kind='helper')
    taught.counts
    # {'helper': 214, 'quoted': 61, 'declining': 68, 'not grounded': 9, 'not needed': 702}

A sentence of a helper's answer is kept only if it passes the very check that answering applies (runtime/grounding.py).
Where none does, or only the article that resolved the ticket is known, the model learns to say what the article says
about it, in the article's words.
"""

import random
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from heapq import nlargest
from typing import Any, Literal

import pyarrow as pa

from nightshift.index.chunks import chunk
from nightshift.progress import track
from nightshift.runtime.grounding import check, worth_quoting
from nightshift.runtime.passages import Passage
from nightshift.runtime.prompts import DECLINE, PASSAGE_WORDS, QUESTION_WORDS, as_data, focused, render, with_mark
from nightshift.runtime.words import content_words, overlap, rarity, sentences
from nightshift.settings import Profile

DECLINING_SHARE = 0.2
LONGEST_ANSWER = 2  # sentences
LEAST_SHARED = 0.25  # of a helper's words an article must hold, or it is not what the helper answered from
FEWEST_SHARED = 3  # words of a question that a sentence must hold to be taught as its answer
FEWEST_PASSAGE_WORDS = 20
_FRAME_TOKENS = 80  # of the prompt without question and passages
_TOKENS_A_WORD = 1.6  # a digit is a token of its own
_NAME_WORDS = 10  # title and heading
_NEAREST = 8  # articles a hard distractor is drawn from
_GREETING = re.compile(
    r"^(?:hi|hello|hey|dear|good (?:morning|afternoon|evening)|greetings)\b[^,.!?\n]{0,30}[,.!\n]\s*", re.IGNORECASE
)
_SIGNATURE = re.compile(
    r"\n?\s*(?:(?:best|kind|warm|many)?\s*(?:regards|wishes)|cheers|sincerely|yours|(?:many )?thanks(?: again)?|thank you)"
    r"\b[^.!?]{0,60}[.!]?\s*$",
    re.IGNORECASE,
)

Kind = Literal["helper", "quoted", "declining"]


@dataclass(frozen=True)
class Example:
    """One turn to learn: the prompt as serving would render it, and what to say after it."""

    ticket_id: str
    created_at: datetime
    prompt: str
    answer: str
    kind: Kind


@dataclass(frozen=True)
class TrainingSet:
    """The examples, the tickets they were chosen from (those not chosen are not news tomorrow), and counts by outcome."""

    examples: list[Example]
    considered: list[str]
    counts: dict[str, int]


def passages_of(articles: pa.Table) -> list[Passage]:
    """Every chunk of the articles mart as a passage that nobody has asked for yet (score 0)."""
    rows = articles.select(["article_id", "title", "body", "url"]).sort_by("article_id").to_pylist()
    return [
        Passage(one.chunk_id, one.article_id, one.title, one.heading, one.text, row["url"], 0.0)
        for row in rows
        for one in chunk(row["article_id"], row["title"], row["body"])
    ]


def build_examples(rows: pa.Table, passages: Sequence[Passage], profile: Profile, seed: int) -> TrainingSet:
    """What `rows` teach, sorted by ticket. The same rows, passages and seed give the same examples.

    `rows` is the generator_examples mart: ticket_id, created_at, question, article_id, answer. They are drawn until
    there are as many examples as the profile's steps can learn from.
    """
    considered = sorted(rows.to_pylist(), key=lambda row: str(row["ticket_id"]))
    drawn = random.Random(seed).sample(considered, len(considered))
    builder = _Builder(Library(passages), profile.generator_max_tokens, seed)
    wanted = profile.generator_steps * profile.generator_batch
    counts: Counter[str] = Counter()
    declining = int(wanted * DECLINING_SHARE)
    answering = builder.examples([row for row in drawn if not builder.declines(row)], wanted - declining, counts)
    # At most a quarter of the others: a generator that always declines is of no use.
    fewer = max(1, min(declining, len(answering) // 4))
    examples = answering + builder.examples([row for row in drawn if builder.declines(row)], fewer, counts)
    return TrainingSet(
        sorted(examples, key=lambda one: one.ticket_id),
        [str(row["ticket_id"]) for row in considered],
        dict(sorted(counts.items())),
    )


def passage_words(max_tokens: int, question: str, answer: str, n_passages: int) -> int:
    """Words each passage may have, so that the prompt with `question` and the answer fit into `max_tokens`."""
    asked = min(len(question.split()), QUESTION_WORDS)
    left = max_tokens - _FRAME_TOKENS - _TOKENS_A_WORD * (asked + len(answer.split()))
    return min(PASSAGE_WORDS, max(FEWEST_PASSAGE_WORDS, int(left / _TOKENS_A_WORD / n_passages) - _NAME_WORDS))


def plain_answer(text: str) -> str:
    """A helper's answer without greeting and signature."""
    return _SIGNATURE.sub("", _GREETING.sub("", as_data(text).strip())).strip()


class Library:
    """The passages, and which of them share words with a text."""

    def __init__(self, passages: Sequence[Passage]) -> None:
        self.passages = passages
        self._words = [set(content_words(f"{one.name}\n{one.text}")) for one in passages]
        self._weights = rarity(f"{one.name}\n{one.text}" for one in passages)
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

    def holds(self, article_id: str) -> bool:
        """Whether there is a passage of the article."""
        return article_id in self._of_article

    def nearest_said(self, question: str, passage: Passage) -> list[str]:
        """The sentence of the passage that says most about the question, if it shares a few words with it at all."""
        said = [one for one in sentences(as_data(passage.text)) if worth_quoting(one)]
        best = max(said, key=lambda one: overlap(question, one, self._weights), default="")
        return [best] if _shared(question, best) >= FEWEST_SHARED else []

    def _shared(self, position: int, wanted: set[str]) -> float:
        return sum(self._weights[word] for word in sorted(wanted & self._words[position]))


class _Builder:
    """Turns rows into examples, each with a random generator of its own: one more row changes no other example."""

    def __init__(self, library: Library, max_tokens: int, seed: int) -> None:
        self._library = library
        self._max_tokens = max_tokens
        self._seed = seed

    def declines(self, row: dict[str, Any]) -> bool:
        """Whether the row is to teach declining: nothing linked answers it, or it was drawn for that."""
        return not self._library.holds(row["article_id"]) or self._chance(row).random() < DECLINING_SHARE

    def examples(self, rows: Sequence[dict[str, Any]], most: int, counts: Counter[str]) -> list[Example]:
        """At most `most` examples, in the order of `rows`; what became of each row is added to `counts`."""
        made: list[Example] = []
        for row in track(rows, "examples", len(rows), "questions"):
            example, outcome = self._example(row) if len(made) < most else (None, "not needed")
            counts[outcome] += 1
            made += [example] if example else []
        return made

    def _example(self, row: dict[str, Any]) -> tuple[Example | None, str]:
        """The example of one row and what became of it: a kind, or why it was left out."""
        chance = self._chance(row)
        question, answer = row["question"], plain_answer(row["answer"])
        gold = None if self.declines(row) else self._library.gold(row["article_id"], f"{question}\n{answer}")
        if gold is None:
            shown = self._distractors(question, row["article_id"], 2, chance)
            if not shown:
                return None, "no article"
            return self._made(row, question, shown, DECLINE, "declining"), "declining"
        said, kind = grounded(answer, gold) if answer else (self._library.nearest_said(question, gold), "quoted")
        if not said:
            return None, "not grounded"
        n_words = passage_words(self._max_tokens, question, " ".join(with_mark(one, 1) for one in said), 2)
        gold = replace(gold, text=focused(as_data(gold.text), " ".join([*said, question]), n_words))
        shown = [gold, *self._distractors(question, row["article_id"], 1, chance)]
        chance.shuffle(shown)
        mark = shown.index(gold) + 1
        return self._made(row, question, shown, " ".join(with_mark(one, mark) for one in said), kind), kind

    def _chance(self, row: dict[str, Any]) -> random.Random:
        return random.Random(f"{self._seed}/{row['ticket_id']}")

    def _distractors(self, question: str, article_id: str, n: int, chance: random.Random) -> list[Passage]:
        """Passages of other articles: of those nearest to the question, so that telling them apart must be learned."""
        near = self._library.nearest(question, article_id, _NEAREST)
        return chance.sample(near, min(n, len(near)))

    def _made(self, row: dict[str, Any], question: str, shown: list[Passage], answer: str, kind: Kind) -> Example:
        n_words = passage_words(self._max_tokens, question, answer, len(shown))
        prompt = render(question, shown, n_words)
        return Example(str(row["ticket_id"]), row["created_at"], prompt, answer, kind)


def grounded(answer: str, gold: Passage) -> tuple[list[str], Kind]:
    """The sentences to learn, two at most: the helper's own that the passage supports, else the passage's nearest to them."""
    whole = [sentence for sentence in sentences(answer) if worth_quoting(sentence) and "://" not in sentence]
    own = [sentence for sentence in whole if check(with_mark(sentence, 1), [gold]).ok]
    if own:
        return own[:LONGEST_ANSWER], "helper"
    if _shared(answer, f"{gold.name}\n{gold.text}") < LEAST_SHARED * len(set(content_words(answer))):
        return [], "quoted"
    said = [sentence for sentence in sentences(as_data(gold.text)) if worth_quoting(sentence)]
    best = nlargest(2, range(len(said)), key=lambda i: (_shared(answer, said[i]), -i))
    return [said[i] for i in sorted(best)], "quoted"


def _shared(wanted: str, sentence: str) -> int:
    return len(set(content_words(wanted)) & set(content_words(sentence)))
