"""The generator's training examples: a past question, passages as serving would show them, and the answer with its
marks.

    rows = read_mart(store, features, "generator_examples")
    training_set = build_examples(rows, passages_of(articles), profile, seed=7)
    training_set.examples[0]
    # Example(ticket_id='10482', prompt='<|im_start|>system...', answer='It is free from 60 EUR [2].', ...)
    training_set.counts
    # {'helper': 214, 'quoted': 61, 'declining': 68, 'not grounded': 9, 'not needed': 702}

A sentence of a helper's answer is kept only if it passes the grounding check that answering applies
(answering/grounding.py). Where none does, or only the article that resolved the ticket is known, the answer is a
sentence of the article. Either way the check is repeated on the passage as truncated for the prompt: answers that the
prompt does not support would teach the model to invent.
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
from nightshift.train.distractors import PassagePool, shared_words
from nightshift.train.temporal_split import newest

DECLINING_SHARE = 0.1
MAX_ANSWER_SENTENCES = 2
MIN_SHARED_WORDS = 0.25  # share of a helper's words that an article must hold to count as the source of the answer
FEWEST_PASSAGE_WORDS = 20
_FRAME_TOKENS = 80  # of the prompt without question and passages
_TOKENS_PER_WORD = 1.6  # a digit is a token of its own
_NAME_WORDS = 10  # title and heading
_HARD_DISTRACTORS = 8  # passages that the shown distractor is drawn from
_GREETING = re.compile(
    r"^(?:hi|hello|hey|dear|good (?:morning|afternoon|evening)|greetings)\b[^,.!?\n]{0,30}[,.!\n]\s*", re.IGNORECASE
)
_SIGNATURE = re.compile(
    r"\n?\s*(?:(?:best|kind|warm|many)?\s*(?:regards|wishes)|cheers|sincerely|yours"
    r"|(?:many )?thanks(?: again)?|thank you)"
    r"\b[^.!?]{0,60}[.!]?\s*$",
    re.IGNORECASE,
)

Kind = Literal["helper", "quoted", "declining"]


@dataclass(frozen=True)
class Example:
    """A prompt, truncated to the profile's length, and the answer to it.

    `question` and the whole passages `shown` are the inputs of the prompt in serving; `article_id` answers it, '' if
    none.
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
    """Training and held-out examples, and counts of all rows by outcome.

    `held_out` comes from the newest tenth of the tickets. `considered` are the ids of all tickets that examples were
    drawn from: those not drawn do not count as new data on the next night.
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
    tickets = sorted(rows.to_pylist(), key=lambda row: str(row["ticket_id"]))
    held_out_rows = newest([row["created_at"] for row in tickets], [str(row["ticket_id"]) for row in tickets])
    builder = _Builder(PassagePool(passages), profile.generator_max_tokens, seed)
    counts: Counter[str] = Counter()
    older = [row for row, held in zip(tickets, held_out_rows, strict=True) if not held]
    latest = [row for row, held in zip(tickets, held_out_rows, strict=True) if held]
    examples = builder.mixed(older, profile.generator_steps * profile.generator_batch, counts)
    held_out = builder.mixed(latest, profile.answered_questions, counts)
    return TrainingSet(examples, held_out, [str(row["ticket_id"]) for row in tickets], dict(sorted(counts.items())))


def passage_words(max_tokens: int, question: str, answer: str) -> tuple[int, ...]:
    """The words allowed for each passage, so that prompt, `question` and answer fit into `max_tokens`.

    (30, 30) for two passages, (35,) where there is room for one only.
    """
    question_words = min(len(question.split()), QUESTION_WORDS)
    left = (max_tokens - _FRAME_TOKENS) / _TOKENS_PER_WORD - question_words - len(answer.split())
    each = int(left / 2) - _NAME_WORDS
    if each >= FEWEST_PASSAGE_WORDS:
        return (min(PASSAGE_WORDS, each),) * 2
    return (max(FEWEST_PASSAGE_WORDS, min(PASSAGE_WORDS, int(left) - _NAME_WORDS)),)


def plain_answer(text: str) -> str:
    """A helper's answer without greeting and signature."""
    return _SIGNATURE.sub("", _GREETING.sub("", as_data(text).strip())).strip()


class _Builder:
    """Turns rows into examples. Each row has its own random generator, so a new row changes no other example."""

    def __init__(self, pool: PassagePool, max_tokens: int, seed: int) -> None:
        self._pool = pool
        self._max_tokens = max_tokens
        self._seed = seed

    def declines(self, row: dict[str, Any]) -> bool:
        """Whether the row becomes a declining example: no known article is linked to it, or it was drawn for that."""
        return not self._pool.has_article(row["article_id"]) or self._rng(row).random() < DECLINING_SHARE

    def mixed(self, rows: Sequence[dict[str, Any]], wanted: int, counts: Counter[str]) -> list[Example]:
        """At most `wanted` examples, a tenth declining, sorted by ticket; `counts` counts the outcome of each row."""
        drawn = random.Random(self._seed).sample(rows, len(rows))
        declining = int(wanted * DECLINING_SHARE)
        answering = self._first([row for row in drawn if not self.declines(row)], wanted - declining, counts)
        # No larger a share where there are few answering ones: the generator would learn to always decline.
        n_declining = max(1, min(declining, int(len(answering) * DECLINING_SHARE)))
        examples = answering + self._first([row for row in drawn if self.declines(row)], n_declining, counts)
        return sorted(examples, key=lambda example: example.ticket_id)

    def _first(self, rows: Sequence[dict[str, Any]], most: int, counts: Counter[str]) -> list[Example]:
        """At most `most` examples, in the order of `rows`."""
        examples: list[Example] = []
        for row in track(rows, "examples", len(rows), "questions"):
            example, outcome = self._example(row) if len(examples) < most else (None, "not needed")
            counts[outcome] += 1
            examples += [example] if example else []
        return examples

    def _example(self, row: dict[str, Any]) -> tuple[Example | None, str]:
        """The example of one row and its outcome: the kind, or the reason why it is left out."""
        rng = self._rng(row)
        question, answer = row["question"], plain_answer(row["answer"])
        gold = None if self.declines(row) else self._pool.gold(row["article_id"], f"{question}\n{answer}")
        if gold is None:
            return self._declining(row, question, rng)
        answer_sentences, kind = (
            grounded(answer, gold) if answer else (self._pool.nearest_sentence(question, gold), "quoted")
        )
        if not answer_sentences:
            return None, "not grounded"
        words = passage_words(
            self._max_tokens, question, " ".join(with_mark(sentence, 1) for sentence in answer_sentences)
        )
        short = replace(gold, text=focused(as_data(gold.text), " ".join(answer_sentences), words[0]))
        answer_sentences = [sentence for sentence in answer_sentences if check(with_mark(sentence, 1), [short]).ok]
        if not answer_sentences:
            return None, "no room for what it says"
        shown = [gold, *self._distractors(question, row["article_id"], len(words) - 1, rng)]
        rng.shuffle(shown)
        mark = shown.index(gold) + 1
        prompt = render(question, [short if passage is gold else passage for passage in shown], words[0])
        answer = " ".join(with_mark(sentence, mark) for sentence in answer_sentences)
        return Example(str(row["ticket_id"]), prompt, answer, kind, question, tuple(shown), gold.article_id), kind

    def _declining(
        self, row: dict[str, Any], question: str, rng: random.Random
    ) -> tuple[Example | None, Kind | Literal["no article"]]:
        """An example that shows random passages of other articles.

        With hard distractors a small model learned to decline three questions in ten, whatever the passages: it cannot
        judge whether near passages answer. That decision is made by the confidence (retrieval/confidence.py).
        """
        words = passage_words(self._max_tokens, question, DECLINE)
        shown = self._pool.random_distractors(row["article_id"], len(words), rng)
        if not shown:
            return None, "no article"
        prompt = render(question, shown, words[0])
        return Example(str(row["ticket_id"]), prompt, DECLINE, "declining", question, tuple(shown), ""), "declining"

    def _rng(self, row: dict[str, Any]) -> random.Random:
        return random.Random(f"{self._seed}/{row['ticket_id']}")

    def _distractors(self, question: str, article_id: str, n: int, rng: random.Random) -> list[Passage]:
        """Passages drawn from the hard distractors of the question."""
        near = self._pool.hard_distractors(question, article_id, _HARD_DISTRACTORS)
        return rng.sample(near, min(n, len(near)))


def grounded(answer: str, gold: Passage) -> tuple[list[str], Kind]:
    """The answer, two sentences at most: the helper's that the passage supports, else the nearest of the passage."""
    complete = [sentence for sentence in sentences(answer) if worth_quoting(sentence) and "://" not in sentence]
    supported = [sentence for sentence in complete if check(with_mark(sentence, 1), [gold]).ok]
    if supported:
        return supported[:MAX_ANSWER_SENTENCES], "helper"
    if shared_words(answer, f"{gold.name}\n{gold.text}") < MIN_SHARED_WORDS * len(set(content_words(answer))):
        return [], "quoted"
    of_passage = [sentence for sentence in sentences(as_data(gold.text)) if worth_quoting(sentence)]
    nearest = nlargest(2, range(len(of_passage)), key=lambda i: (shared_words(answer, of_passage[i]), -i))
    return [of_passage[i] for i in sorted(nearest)], "quoted"
