"""The assistant: a question in, events out: the passages, the text as it is released, and the answer with citations.

    assistant = Assistant(retriever, generator, policy)
    for event in assistant.answer("what do i need to spend so i dont pay for the post"): ...
    # Retrieved(passages=(...), confidence=0.91)
    # Delta(text='Standard delivery is free from a basket value of 60 EUR [1].')
    # Answered(text='Standard ... [1].', citations=(Citation(1, 'standard-delivery', ...),), source='generated', ...)

A sentence is released only after it passed the grounding check, so no released text is ever withdrawn, and the text of
Answered is the concatenation of the Deltas.
"""

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Literal, Protocol

from nightshift.answering.grounding import Likeness, check, cite, quote
from nightshift.answering.policy import Policy
from nightshift.answering.prompts import DECLINE, END_OF_TURN, marks, render, without_marks
from nightshift.privacy.redact import redact
from nightshift.text.passages import Passage
from nightshift.text.words import complete_sentences, content_words


class Retrieval(Protocol):
    """Finds passages, and the probability that they answer (retrieval.retriever.Retriever)."""

    def search(self, question: str, k: int) -> Sequence[Passage]: ...

    def confidence(self, question: str, passages: Sequence[Passage]) -> float: ...


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
    """The passages for the answer, numbered from 1 in this order, and the confidence in them (0 to 1)."""

    passages: tuple[Passage, ...]
    confidence: float


@dataclass(frozen=True)
class Delta:
    """A further piece of the answer, which passed the grounding check."""

    text: str


@dataclass(frozen=True)
class Answered:
    """The whole answer. `reasons` states why it was quoted, cut short or declined; it holds no customer text."""

    text: str
    citations: tuple[Citation, ...]
    source: Literal["generated", "quoted", "declined"]
    reasons: tuple[str, ...] = ()

    @property
    def declined(self) -> bool:
        """Whether no answer was given."""
        return self.source == "declined"


Event = Retrieved | Delta | Answered

_GENERATOR_DECLINED = ("generator: it found no answer in the passages",)


class Assistant:
    """Answers one question at a time from the passages of `retriever`. It keeps no state between questions.

    `likeness` scores sentences against a question, for quotations; without it shared words do.
    """

    def __init__(
        self, retriever: Retrieval, generator: TextGenerator, policy: Policy, likeness: Likeness | None = None
    ) -> None:
        self._retriever = retriever
        self.generator = generator
        self._policy = policy
        self._likeness = likeness

    def answer(self, question: str) -> Iterator[Event]:
        """Retrieved, then Deltas, then Answered. The same question on the same release gives the same events."""
        redacted, _ = redact(question)
        results = self._retriever.search(redacted, self._policy.passages)
        passages = tuple(within_spread(results, self._policy.spread))
        confidence = self._retriever.confidence(redacted, passages)
        yield Retrieved(passages, confidence)
        if not passages or confidence < self._policy.confidence_floor:
            yield from _declined(f"confidence: {confidence:.2f} is below {self._policy.confidence_floor:.2f}")
            return
        released: list[str] = []
        reasons: tuple[str, ...] = ()
        names = {passage.name for passage in passages}
        with closing(self._sentences(redacted, passages)) as sentences:  # frees the generator when a sentence fails
            for sentence in sentences:
                if without_marks(sentence) == DECLINE:
                    reasons = _GENERATOR_DECLINED
                    break
                if not content_words(sentence):  # a small model may end with bare marks
                    break
                if without_marks(sentence).strip() in names:  # a small model may begin with the title of its passage
                    continue
                cited = cite(sentence, passages)
                grounding = check(cited, passages, self._policy.min_support)
                if not grounding.ok:
                    reasons = grounding.reasons
                    break
                if cited not in released:  # a small model may repeat itself
                    released.append(cited)
                    yield Delta(cited if len(released) == 1 else f" {cited}")
        if not released and reasons == _GENERATOR_DECLINED:
            yield from _declined(*reasons)
        elif released:
            yield _answered(" ".join(released), passages, "generated", reasons)
        else:
            yield from self._quoted(redacted, passages, reasons or ("generator: it finished no sentence",))

    def _sentences(self, question: str, passages: Sequence[Passage]) -> Generator[str, None, None]:
        """The generator's sentences, each as soon as the next one begins. One cut off at max_tokens is left out."""
        pending = ""
        prompt = render(question, passages)
        for piece in self.generator.stream(prompt, self._policy.max_tokens, stop=(END_OF_TURN,)):
            complete, pending = complete_sentences(pending + piece)
            yield from complete
        if pending.rstrip().endswith((".", "!", "?", "]")):
            yield pending.strip()

    def _quoted(self, question: str, passages: Sequence[Passage], reasons: tuple[str, ...]) -> Iterator[Event]:
        text = quote(question, passages, self._likeness)
        if not text:
            yield from _declined(*reasons)
            return
        yield Delta(text)
        yield _answered(text, passages, "quoted", reasons)


def within_spread(passages: Sequence[Passage], spread: float) -> list[Passage]:
    """The passages of the first passage's article, and those of other articles that score at most `spread` below it."""
    return [
        passage
        for passage in passages
        if passage.article_id == passages[0].article_id or passage.score >= passages[0].score - spread
    ]


def _declined(*reasons: str) -> Iterator[Event]:
    yield Delta(DECLINE)
    yield Answered(DECLINE, (), "declined", reasons)


def _answered(
    text: str, passages: Sequence[Passage], source: Literal["generated", "quoted"], reasons: tuple[str, ...]
) -> Answered:
    cited = ((mark, passages[mark - 1]) for mark in marks(text))
    citations = tuple(Citation(m, p.article_id, p.title, p.heading, p.chunk_id, p.url) for m, p in cited)
    return Answered(text, citations, source, reasons)
