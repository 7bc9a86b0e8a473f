"""Questions asked of the assistant, what of its answers is kept, and how long it took.

    answers, latency = ask(assistant, questions, memo, key)
    answers[0]      # JudgedAnswer(text='...', source='generated', cited=(('gift', 'c1'),), retrieved=('c1', 'c2'), ...)

Answers are kept under everything they depend on (`memo_key`), so a night in which nothing of that changed generates
nothing. What is kept is redacted, and lies in the store behind refs named answers/*, where forgetting finds it.
"""

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from nightshift.answering.assistant import Answered, Delta, Event, Retrieved
from nightshift.answering.prompts import marks, without_marks
from nightshift.digests import canonical_json, digest_of
from nightshift.evaluate.model_under_test import QuestionAnswerer
from nightshift.privacy.redact import redact
from nightshift.progress import track
from nightshift.text.passages import Passage

_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
_NAME = re.compile(r"(?<=[a-z,;] )[A-Z][\w-]+")


@dataclass(frozen=True)
class Question:
    """A question of the test, the articles that resolved it, and its ticket."""

    text: str
    article_ids: tuple[str, ...]
    ticket_id: str = ""


@dataclass(frozen=True)
class JudgedAnswer:
    """An answer with what is needed to check it. `cited` holds (article id, chunk id), `retrieved` chunk ids."""

    text: str
    source: str
    cited: tuple[tuple[str, str], ...]
    retrieved: tuple[str, ...]
    supported: bool

    @property
    def declined(self) -> bool:
        return self.source == "declined"


@dataclass(frozen=True)
class Latency:
    """Seconds to retrieve for each question, and of answers generated tonight to their first token and to their end."""

    retrieval: Sequence[float] = ()
    first_token: Sequence[float] = ()
    answer: Sequence[float] = ()

    def retrieves_within(self, seconds: float) -> bool:
        """Whether the 95th percentile of retrieval lies within `seconds`."""
        return not self.retrieval or float(np.percentile(self.retrieval, 95)) <= seconds

    def generates_within(self, seconds: float) -> bool:
        """Whether the median time to the first token lies within `seconds`: the first answer of a process is slow."""
        return not self.first_token or float(np.percentile(self.first_token, 50)) <= seconds

    @property
    def timings(self) -> dict[str, float]:
        """p50 and p95 in seconds, for the page only."""
        return {
            f"{name}_p{percent}": round(float(np.percentile(seconds, percent)), 3)
            for name, seconds in vars(self).items()
            if seconds
            for percent in (50, 95)
        }


@dataclass(frozen=True)
class AskedQuestions:
    """n questions, their n answers, and how long these took."""

    questions: list[Question]
    answers: list[JudgedAnswer]
    latency: Latency


def ask(
    assistant: QuestionAnswerer,
    questions: Sequence[Question],
    memo: dict[str, Any],
    key: Callable[[str, Retrieved], str],
) -> tuple[list[JudgedAnswer], Latency]:
    """The answers, and the seconds they took. An answer in `memo` is not generated again; new ones are added to it."""
    answers: list[JudgedAnswer] = []
    retrieval, first_token, answer = [], [], []
    for question in track(questions, "answers", len(questions), "questions"):
        started = time.perf_counter()
        with closing(_closable(assistant.answer(question.text))) as events:
            retrieved = next(event for event in events if isinstance(event, Retrieved))
            retrieval.append(time.perf_counter() - started)
            entry = key(question.text, retrieved)
            if entry not in memo:
                next(event for event in events if isinstance(event, Delta))
                first_token.append(time.perf_counter() - started)
                last = [event for event in events if isinstance(event, Answered)][-1]
                answer.append(time.perf_counter() - started)
                memo[entry] = asdict(_judged(last, retrieved.passages))
        answers.append(_from_json(memo[entry]))
    return answers, Latency(retrieval, first_token, answer)


def retrieval_seconds(assistant: QuestionAnswerer, questions: Sequence[Question]) -> list[float]:
    """Seconds to retrieve the passages of each question, without an answer."""
    seconds = []
    for question in questions:
        started = time.perf_counter()
        with closing(_closable(assistant.answer(question.text))) as events:
            next(event for event in events if isinstance(event, Retrieved))
            seconds.append(time.perf_counter() - started)
    return seconds


def memo_key(generator: str, policy: Mapping[str, Any], prompts: Any) -> Callable[[str, Retrieved], str]:
    """A key that changes with all an answer depends on: generator, policy, prompts, question and what was retrieved."""
    thresholds = [policy["answer_threshold"], policy["confidence_floor"]]
    rest = {name: value for name, value in policy.items() if name not in {"answer_threshold", "confidence_floor"}}

    def key(question: str, retrieved: Retrieved) -> str:
        passages = [
            [passage.chunk_id, passage.title, passage.heading, passage.text, passage.url]
            for passage in retrieved.passages
        ]
        sure = [
            retrieved.confidence >= threshold for threshold in thresholds
        ]  # all that the policy reads of both, which vary from night to night
        return digest_of(canonical_json([generator, rest, prompts, question, passages, retrieved.sentences, sure]))

    return key


def supported(text: str, cited: Sequence[Passage]) -> bool:
    """Whether every number and every name in `text` stands in a cited passage.

    Simpler than the guard in answering/grounding.py and independent of it, so that it can show an error of the guard.
    """
    source = "\n".join(f"{passage.title}\n{passage.heading}\n{passage.text}\n{passage.url}" for passage in cited)
    unmarked = without_marks(text)
    numbers = set(_NUMBER.findall(source))
    lowered = source.lower()
    names_found = all(name.lower() in lowered for name in _NAME.findall(unmarked))
    return set(_NUMBER.findall(unmarked)) <= numbers and names_found


def _judged(answered: Answered, passages: Sequence[Passage]) -> JudgedAnswer:
    text, _ = redact(answered.text)
    cited = [passages[mark - 1] for mark in marks(text) if 1 <= mark <= len(passages)]
    return JudgedAnswer(
        text=text,
        source=answered.source,
        cited=tuple((citation.article_id, citation.chunk_id) for citation in answered.citations),
        retrieved=tuple(passage.chunk_id for passage in passages),
        supported=supported(text, cited),
    )


def _from_json(value: Mapping[str, Any]) -> JudgedAnswer:
    cited = tuple((article, chunk) for article, chunk in value["cited"])
    return JudgedAnswer(value["text"], value["source"], cited, tuple(value["retrieved"]), value["supported"])


def _closable(events: Iterator[Event]) -> Any:
    """Events as a generator: closing it early frees the language model."""
    return events if hasattr(events, "close") else (event for event in events)
