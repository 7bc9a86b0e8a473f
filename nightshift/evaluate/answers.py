"""What the assistant says to real questions, held against who resolved them. Every check is a rule, none a model.

    spoken, clock = ask(assistant, questions, memo, key)       # [Spoken(text='...', source='generated', cited=(...)), ...]
    check(spoken, questions)      # {'answered_when_it_should': 0.88, 'cited_retrieved': 1.0, 'cited_gold': 0.71, 'supported': 0.98}

Answers are kept under everything they depend on (see `_key`), so a night in which nothing of that changed generates
nothing. What is kept is redacted, and lies in the store behind refs named answers/*, where forgetting finds it.
"""

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from nightshift.answering.assistant import Answered, Delta, Event, Retrieved, TextGenerator
from nightshift.answering.prompts import marks, without_marks
from nightshift.digests import canonical_json, digest_of
from nightshift.evaluate.budgets import Clock
from nightshift.privacy.redact import redact
from nightshift.progress import track
from nightshift.text.passages import Passage

_FIGURE = re.compile(r"\d+(?:[.,:]\d+)*")
_NAME = re.compile(r"(?<=[a-z,;] )[A-Z][\w-]+")


class Answers(Protocol):
    """An assistant, as far as evaluation needs one."""

    def answer(self, question: str) -> Iterator[Event]: ...

    @property
    def generator(self) -> TextGenerator: ...


@dataclass(frozen=True)
class Question:
    """A question of the test, and the articles that resolved it."""

    text: str
    article_ids: tuple[str, ...]


@dataclass(frozen=True)
class JudgedAnswer:
    """An answer with what is needed to check it. `cited` holds (article id, chunk id), `retrieved` chunk ids."""

    text: str
    source: str
    cited: tuple[tuple[str, str], ...]
    retrieved: tuple[str, ...]
    supported: bool


def ask(
    assistant: Answers, questions: Sequence[Question], memo: dict[str, Any], key: Callable[[str, Retrieved], str]
) -> tuple[list[JudgedAnswer], Clock]:
    """The answers, and the seconds they took. One that is in `memo` is not generated again; new ones are added to it."""
    spoken: list[JudgedAnswer] = []
    found, began, ended = [], [], []
    for question in track(questions, "answers", len(questions), "questions"):
        started = time.perf_counter()
        with closing(_closable(assistant.answer(question.text))) as events:
            retrieved = next(event for event in events if isinstance(event, Retrieved))
            found.append(time.perf_counter() - started)
            known = key(question.text, retrieved)
            if known not in memo:
                next(event for event in events if isinstance(event, Delta))
                began.append(time.perf_counter() - started)
                last = [event for event in events if isinstance(event, Answered)][-1]
                ended.append(time.perf_counter() - started)
                memo[known] = asdict(_spoken(last, retrieved.passages))
        spoken.append(_from_json(memo[known]))
    return spoken, Clock(found, began, ended)


def seconds_to_find(assistant: Answers, questions: Sequence[Question]) -> list[float]:
    """How long it takes to find the passages of each question, and no more than that."""
    seconds = []
    for question in questions:
        started = time.perf_counter()
        with closing(_closable(assistant.answer(question.text))) as events:
            next(event for event in events if isinstance(event, Retrieved))
            seconds.append(time.perf_counter() - started)
    return seconds


def memo_key(generator: str, policy: Mapping[str, Any], prompts: Any) -> Callable[[str, Retrieved], str]:
    """A key that changes with all an answer depends on: generator, policy, prompts, the question and what was found for it."""
    floor = policy["confidence_floor"]
    rest = {name: value for name, value in policy.items() if name != "confidence_floor"}

    def key(question: str, retrieved: Retrieved) -> str:
        passages = [[one.chunk_id, one.title, one.heading, one.text, one.url] for one in retrieved.passages]
        sure = retrieved.confidence >= floor  # the policy asks no more of it, and both vary from night to night
        return digest_of(canonical_json([generator, rest, prompts, question, passages, sure]))

    return key


def check(spoken: Sequence[JudgedAnswer], questions: Sequence[Question]) -> dict[str, float]:
    """Shares over answers to questions that articles do answer, and of how many; a share of nothing is absent.

    cited_retrieved: every citation is a passage that was retrieved. cited_gold: one is an article that resolved such a
    question. supported: every figure and name stands in a cited passage.
    """
    if not spoken:
        return {}
    given = [(one, question) for one, question in zip(spoken, questions, strict=True) if one.source != "declined"]
    shares = {"answered_when_it_should": [one.source != "declined" for one in spoken]}
    if given:
        shares["cited_retrieved"] = [
            bool(one.cited) and {chunk for _, chunk in one.cited} <= set(one.retrieved) for one, _ in given
        ]
        shares["cited_gold"] = [
            any(article in question.article_ids for article, _ in one.cited) for one, question in given
        ]
        shares["supported"] = [one.supported for one, _ in given]
        shares["generated"] = [one.source == "generated" for one, _ in given]
    counts = {"asked": float(len(spoken)), "given": float(len(given))}
    return counts | {name: round(sum(values) / len(values), 6) for name, values in shares.items()}


def supported(text: str, cited: Sequence[Passage]) -> bool:
    """Whether every figure and every name in `text` stands in a cited passage.

    Simpler than the guard in answering/grounding.py, and written apart from it, so that it can catch the guard out.
    """
    source = "\n".join(f"{one.title}\n{one.heading}\n{one.text}\n{one.url}" for one in cited)
    said = without_marks(text)
    figures = set(_FIGURE.findall(source))
    lowered = source.lower()
    return set(_FIGURE.findall(said)) <= figures and all(name.lower() in lowered for name in _NAME.findall(said))


def _spoken(answered: Answered, passages: Sequence[Passage]) -> JudgedAnswer:
    text, _ = redact(answered.text)
    cited = [passages[mark - 1] for mark in marks(text) if 1 <= mark <= len(passages)]
    return JudgedAnswer(
        text=text,
        source=answered.source,
        cited=tuple((one.article_id, one.chunk_id) for one in answered.citations),
        retrieved=tuple(one.chunk_id for one in passages),
        supported=supported(text, cited),
    )


def _from_json(value: Mapping[str, Any]) -> JudgedAnswer:
    cited = tuple((article, chunk) for article, chunk in value["cited"])
    return JudgedAnswer(value["text"], value["source"], cited, tuple(value["retrieved"]), value["supported"])


def _closable(events: Iterator[Event]) -> Any:
    """Events as a generator: closing it early frees the language model."""
    return events if hasattr(events, "close") else (event for event in events)
