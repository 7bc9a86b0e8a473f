"""What the generator learns from: a past question, the passages it could have been shown, and the answer with its marks.

    taught = build_examples(read_mart(store, features, "generator_examples"), passages_of(articles), profile, seed=7)
    taught.examples[0]
    # Example(ticket_id='10482', prompt='<|im_start|>system...', answer='It is free from 60 EUR [2].', kind='helper', ...)
    taught.counts
    # {'helper': 214, 'quoted': 61, 'declining': 68, 'not grounded': 9, 'not needed': 702}

A sentence of a helper's answer is kept only if it passes the very check that answering applies (answering/grounding.py).
Where none does, or only the article that resolved the ticket is known, the model learns to say what the article says
about it, in the article's words. Either way the check is made again on what the prompt has room for: a model that is
taught to say what it was not shown learns to invent.
"""

import random
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from heapq import nlargest
from typing import Any, Literal

import pyarrow as pa

from nightshift.answering.grounding import check, worth_quoting
from nightshift.answering.prompts import DECLINE, PASSAGE_WORDS, QUESTION_WORDS, as_data, focused, render, with_mark
from nightshift.progress import track
from nightshift.settings import Profile
from nightshift.text.passages import Passage
from nightshift.text.words import content_words, sentences
from nightshift.train.distractors import Library, shared
from nightshift.train.temporal_split import newest

DECLINING_SHARE = 0.1
LONGEST_ANSWER = 2  # sentences
LEAST_SHARED = 0.25  # of a helper's words an article must hold, or it is not what the helper answered from
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
    """One turn to learn: the prompt, cut to what the profile has room for, and what to say after it.

    `question` and the whole passages `shown` are what serving would make its prompt of; `article_id` answers, '' if none.
    """

    ticket_id: str
    prompt: str
    answer: str
    kind: Kind
    question: str
    shown: tuple[Passage, ...]
    article_id: str


@dataclass(frozen=True)
class TrainingSet:
    """What is learned, what it is judged on, and counts of all rows by outcome.

    `held_out` comes from the newest tenth of the tickets, of which nothing is learned. `considered` are the tickets that
    all of it was chosen from: those not chosen are not news tomorrow.
    """

    examples: list[Example]
    held_out: list[Example]
    considered: list[str]
    counts: dict[str, int]


def build_examples(rows: pa.Table, passages: Sequence[Passage], profile: Profile, seed: int) -> TrainingSet:
    """What `rows` teach, sorted by ticket. The same rows, passages and seed give the same examples.

    `rows` is the generator_examples mart: ticket_id, created_at, question, article_id, answer. They are drawn until
    there are as many examples as the profile's steps can learn from, and as many to be judged on as it asks questions.
    """
    known = sorted(rows.to_pylist(), key=lambda row: str(row["ticket_id"]))
    newer = newest([row["created_at"] for row in known], [str(row["ticket_id"]) for row in known])
    builder = _Builder(Library(passages), profile.generator_max_tokens, seed)
    counts: Counter[str] = Counter()
    older = [row for row, held in zip(known, newer, strict=True) if not held]
    latest = [row for row, held in zip(known, newer, strict=True) if held]
    examples = builder.mixed(older, profile.generator_steps * profile.generator_batch, counts)
    held_out = builder.mixed(latest, profile.answered_questions, counts)
    return TrainingSet(examples, held_out, [str(row["ticket_id"]) for row in known], dict(sorted(counts.items())))


def passage_words(max_tokens: int, question: str, answer: str) -> tuple[int, ...]:
    """Words each passage may have, so that the prompt with `question` and the answer fit into `max_tokens`.

    (30, 30) for two passages, (35,) where there is room for one only.
    """
    asked = min(len(question.split()), QUESTION_WORDS)
    left = (max_tokens - _FRAME_TOKENS) / _TOKENS_A_WORD - asked - len(answer.split())
    each = int(left / 2) - _NAME_WORDS
    if each >= FEWEST_PASSAGE_WORDS:
        return (min(PASSAGE_WORDS, each),) * 2
    return (max(FEWEST_PASSAGE_WORDS, min(PASSAGE_WORDS, int(left) - _NAME_WORDS)),)


def plain_answer(text: str) -> str:
    """A helper's answer without greeting and signature."""
    return _SIGNATURE.sub("", _GREETING.sub("", as_data(text).strip())).strip()


class _Builder:
    """Turns rows into examples, each with a random generator of its own: one more row changes no other example."""

    def __init__(self, library: Library, max_tokens: int, seed: int) -> None:
        self._library = library
        self._max_tokens = max_tokens
        self._seed = seed

    def declines(self, row: dict[str, Any]) -> bool:
        """Whether the row is to teach declining: nothing linked answers it, or it was drawn for that."""
        return not self._library.holds(row["article_id"]) or self._chance(row).random() < DECLINING_SHARE

    def mixed(self, rows: Sequence[dict[str, Any]], wanted: int, counts: Counter[str]) -> list[Example]:
        """At most `wanted` examples, a tenth of them declining, sorted by ticket; what became of each row is counted."""
        drawn = random.Random(self._seed).sample(rows, len(rows))
        declining = int(wanted * DECLINING_SHARE)
        answering = self._first([row for row in drawn if not self.declines(row)], wanted - declining, counts)
        # No more of them where there are few others: a generator that always declines is of no use.
        fewer = max(1, min(declining, int(len(answering) * DECLINING_SHARE)))
        examples = answering + self._first([row for row in drawn if self.declines(row)], fewer, counts)
        return sorted(examples, key=lambda one: one.ticket_id)

    def _first(self, rows: Sequence[dict[str, Any]], most: int, counts: Counter[str]) -> list[Example]:
        """At most `most` examples, in the order of `rows`."""
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
            return self._declining(row, question, chance)
        said, kind = grounded(answer, gold) if answer else (self._library.nearest_said(question, gold), "quoted")
        if not said:
            return None, "not grounded"
        words = passage_words(self._max_tokens, question, " ".join(with_mark(one, 1) for one in said))
        short = replace(gold, text=focused(as_data(gold.text), " ".join(said), words[0]))
        said = [one for one in said if check(with_mark(one, 1), [short]).ok]
        if not said:
            return None, "no room for what it says"
        shown = [gold, *self._distractors(question, row["article_id"], len(words) - 1, chance)]
        chance.shuffle(shown)
        mark = shown.index(gold) + 1
        prompt = render(question, [short if one is gold else one for one in shown], words[0])
        answer = " ".join(with_mark(one, mark) for one in said)
        return Example(str(row["ticket_id"]), prompt, answer, kind, question, tuple(shown), gold.article_id), kind

    def _declining(
        self, row: dict[str, Any], question: str, chance: random.Random
    ) -> tuple[Example | None, Kind | Literal["no article"]]:
        """An example that shows passages of any other articles.

        Not of the nearest: whether those answer, a small model cannot tell. It learned to decline three questions in
        ten, whatever it was shown. That decision is made before it is asked (retrieval/confidence.py).
        """
        words = passage_words(self._max_tokens, question, DECLINE)
        shown = self._library.others(row["article_id"], len(words), chance)
        if not shown:
            return None, "no article"
        prompt = render(question, shown, words[0])
        return Example(str(row["ticket_id"]), prompt, DECLINE, "declining", question, tuple(shown), ""), "declining"

    def _chance(self, row: dict[str, Any]) -> random.Random:
        return random.Random(f"{self._seed}/{row['ticket_id']}")

    def _distractors(self, question: str, article_id: str, n: int, chance: random.Random) -> list[Passage]:
        """Passages of other articles: of those nearest to the question, so that telling them apart must be learned."""
        near = self._library.nearest(question, article_id, _NEAREST)
        return chance.sample(near, min(n, len(near)))


def grounded(answer: str, gold: Passage) -> tuple[list[str], Kind]:
    """The sentences to learn, two at most: the helper's own that the passage supports, else the passage's nearest to them."""
    whole = [sentence for sentence in sentences(answer) if worth_quoting(sentence) and "://" not in sentence]
    own = [sentence for sentence in whole if check(with_mark(sentence, 1), [gold]).ok]
    if own:
        return own[:LONGEST_ANSWER], "helper"
    if shared(answer, f"{gold.name}\n{gold.text}") < LEAST_SHARED * len(set(content_words(answer))):
        return [], "quoted"
    said = [sentence for sentence in sentences(as_data(gold.text)) if worth_quoting(sentence)]
    best = nlargest(2, range(len(said)), key=lambda i: (shared(answer, said[i]), -i))
    return [said[i] for i in sorted(best)], "quoted"
