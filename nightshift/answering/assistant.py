"""The assistant: a question in, events out: the passages, the text as it is released, and the answer with citations.

    assistant = Assistant(finder, policy, generator)
    for event in assistant.answer("what do i need to spend so i dont pay for the post"): ...
    # Retrieved(passages=(...), confidence=0.91)
    # Delta(text='Standard delivery is free from a basket value of 60 EUR [1].')
    # Answered(text='Standard ... [1].', citations=(Citation(1, 'standard-delivery', ...),), source='composed', ...)

An answer is made of sentences of the help articles. A generator may say it in other words, but only where its text
keeps every key fact of those sentences, adds none and denies nothing they affirm; otherwise the sentences themselves
are the answer. A released text is never withdrawn, and the text of Answered is the concatenation of the Deltas.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from nightshift.answering.compose import MAX_STEP_WORDS
from nightshift.answering.evidence import Cited, Evidence
from nightshift.answering.follow_up import Reading, readings
from nightshift.answering.handover import Match, match
from nightshift.answering.policy import Policy
from nightshift.answering.prompts import DECLINE, END_OF_TURN, as_data, marks, render, with_mark
from nightshift.answering.rephrase import rephrase
from nightshift.privacy.redact import redact
from nightshift.text.passages import Passage

Source = Literal["generated", "composed", "declined", "handover", "greeting"]


class Finder(Protocol):
    """Finds the sentences that answer (answering.evidence.EvidenceFinder)."""

    def find(self, readings: Sequence[Reading]) -> Evidence: ...


class TextGenerator(Protocol):
    """Continues a prompt, piece by piece (models.generator.Generator)."""

    def stream(self, prompt: str, max_tokens: int, stop: Sequence[str] = ()) -> Iterator[str]: ...


@dataclass(frozen=True)
class Citation:
    """The passage that a mark such as [1] in the answer refers to."""

    mark: int
    article_id: str
    title: str
    heading: str
    chunk_id: str
    url: str


@dataclass(frozen=True)
class Retrieved:
    """The passages of the answer, numbered from 1 in this order, and the probability that they answer (0 to 1).

    `sentences` are those selected from the passages, in the order of the answer.
    """

    passages: tuple[Passage, ...]
    confidence: float
    sentences: tuple[str, ...] = ()


@dataclass(frozen=True)
class Delta:
    """A further piece of the answer."""

    text: str


@dataclass(frozen=True)
class Answered:
    """The whole answer. `reasons` states why it was composed, declined or handed over; it holds no customer text."""

    text: str
    citations: tuple[Citation, ...]
    source: Source
    reasons: tuple[str, ...] = ()
    confidence: float = 0.0

    @property
    def declined(self) -> bool:
        """Whether no answer was given."""
        return self.source == "declined"


Event = Retrieved | Delta | Answered


class Assistant:
    """Answers one question at a time from the evidence of `finder`. It keeps no state between questions."""

    def __init__(self, finder: Finder, policy: Policy, generator: TextGenerator) -> None:
        """`generator` rephrases where `policy.generate` says that it does so well enough."""
        self._finder, self._policy = finder, policy
        self.generator = generator

    def answer(self, question: str, earlier: Sequence[str] = ()) -> Iterator[Event]:
        """Retrieved, then Deltas, then Answered. The same question on the same release gives the same events.

        `earlier` are the customer's questions before this one, oldest first; whether they count is decided on this one.
        """
        redacted, _ = redact(question)
        if matched := match(redacted, self._policy.handover):
            yield Retrieved((), 0.0)
            yield from _by_policy(matched)
            return
        evidence = self._finder.find(readings(redacted, [redact(text)[0] for text in earlier]))
        passages, confidence = evidence.passages, evidence.answerability
        yield Retrieved(passages, confidence, tuple(sentence.text for sentence in evidence.sentences))
        threshold = self._policy.confidence_floor if evidence.by_retrieval else self._policy.answer_threshold
        composed = cited_text(evidence.sentences, passages)
        if not composed or confidence < threshold:
            reason = f"answerability: {confidence:.2f} is below {threshold:.2f}"
            yield Delta(DECLINE)
            yield Answered(DECLINE, (), "declined", (reason,), confidence)
            return
        text, reasons = "", tuple[str, ...]()
        if self._policy.generate:
            text, reasons = self._rephrased(redacted, evidence)
        source: Source = "generated" if text else "composed"
        text = text or composed
        yield Delta(text)
        yield Answered(text, _citations(text, passages), source, reasons, confidence)

    def _rephrased(self, question: str, evidence: Evidence) -> tuple[str, tuple[str, ...]]:
        """The generator's text where it may stand for the evidence, else '' and why it may not."""
        shown = [shortened(passage, evidence.sentences) for passage in evidence.passages]
        prompt = render(question, shown, MAX_STEP_WORDS)  # room for all of the evidence
        pieces = self.generator.stream(prompt, self._policy.max_tokens, stop=(END_OF_TURN,))
        return rephrase("".join(pieces), shown, self._policy.min_support)


def cited_text(sentences: Sequence[Cited], passages: Sequence[Passage]) -> str:
    """The sentences, the last of each run with the mark of its passage: A. B [1]. C [2]. '' if none is data."""
    number = {passage: place for place, passage in enumerate(passages, start=1)}
    texts = [(as_data(sentence.text).rstrip(" ;,:"), sentence.passage) for sentence in sentences]
    texts = [(text, passage) for text, passage in texts if text]
    if not texts:
        return ""
    following = [*[passage for _, passage in texts[1:]], None]
    return " ".join(
        with_mark(text, number[passage]) if passage != after else _ended(text)
        for (text, passage), after in zip(texts, following, strict=True)
    )


def _ended(text: str) -> str:
    return text if text[-1] in ".!?" else f"{text}."


def shortened(passage: Passage, sentences: Sequence[Cited]) -> Passage:
    """The passage with nothing but the selected sentences in it."""
    text = " ".join(sentence.text for sentence in sentences if sentence.passage == passage)
    return Passage(
        passage.chunk_id, passage.article_id, passage.title, passage.heading, text, passage.url, passage.score
    )


def _by_policy(matched: Match) -> Iterator[Event]:
    yield Delta(matched.text)
    source: Source = "greeting" if matched.rule.source == "greeting" else "handover"
    yield Answered(matched.text, (), source, (f"policy: {matched.rule.name}",))


def _citations(text: str, passages: Sequence[Passage]) -> tuple[Citation, ...]:
    cited = ((mark, passages[mark - 1]) for mark in marks(text))
    return tuple(
        Citation(mark, passage.article_id, passage.title, passage.heading, passage.chunk_id, passage.url)
        for mark, passage in cited
    )
