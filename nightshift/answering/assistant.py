"""A question in, events out: the passages found, the text as it is released, and the answer with its citations.

    assistant = Assistant(retriever, generator, policy)
    for event in assistant.answer("what do i need to spend so i dont pay for the post"): ...
    # Retrieved(passages=(...), confidence=0.91)
    # Delta(text='Standard delivery is free from a basket value of 60 EUR [1].')
    # Answered(text='Standard ... [1].', citations=(Citation(1, 'standard-delivery', ...),), source='generated', ...)

A sentence is released only after it passed the grounding check, so nothing shown is ever taken back, and the text
of Answered is exactly what was streamed.
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
    """What finds passages and says how sure it is."""

    def search(self, question: str, k: int) -> Sequence[Passage]: ...

    def confidence(self, question: str, passages: Sequence[Passage]) -> float: ...


class TextGenerator(Protocol):
    """What writes text after a prompt, piece by piece."""

    def stream(self, prompt: str, max_tokens: int, stop: Sequence[str] = ()) -> Iterator[str]: ...


@dataclass(frozen=True)
class Citation:
    """What a mark in the answer stands for."""

    mark: int
    article_id: str
    title: str
    heading: str
    chunk_id: str
    url: str


@dataclass(frozen=True)
class Retrieved:
    """The passages the answer may rest on, numbered from 1 in this order, and the confidence in them (0 to 1)."""

    passages: tuple[Passage, ...]
    confidence: float


@dataclass(frozen=True)
class Delta:
    """A further piece of the answer, checked."""

    text: str


@dataclass(frozen=True)
class Answered:
    """The whole answer. `reasons` says why it was quoted, cut short or declined; it holds no customer text."""

    text: str
    citations: tuple[Citation, ...]
    source: Literal["generated", "quoted", "declined"]
    reasons: tuple[str, ...] = ()

    @property
    def declined(self) -> bool:
        """Whether the assistant said that it does not know."""
        return self.source == "declined"


Event = Retrieved | Delta | Answered

_GAVE_UP = ("generator: it found no answer in the passages",)


class Assistant:
    """Answers one question at a time from what retrieval finds; keeps nothing between questions."""

    def __init__(
        self, retriever: Retrieval, generator: TextGenerator, policy: Policy, likeness: Likeness | None = None
    ) -> None:
        self._retriever = retriever
        self.generator = generator
        self._policy = policy
        self._likeness = likeness

    def answer(self, question: str) -> Iterator[Event]:
        """Retrieved, then Deltas, then Answered. The same question on the same release gives the same events."""
        asked, _ = redact(question)
        passages = tuple(near(self._retriever.search(asked, self._policy.passages), self._policy.spread))
        confidence = self._retriever.confidence(asked, passages)
        yield Retrieved(passages, confidence)
        if not passages or confidence < self._policy.confidence_floor:
            yield from _declined(f"confidence: {confidence:.2f} is below {self._policy.confidence_floor:.2f}")
            return
        released: list[str] = []
        reasons: tuple[str, ...] = ()
        names = {one.name for one in passages}
        with closing(self._sentences(asked, passages)) as written:  # frees the generator when a sentence fails
            for sentence in written:
                if without_marks(sentence) == DECLINE:
                    reasons = _GAVE_UP
                    break
                if not content_words(sentence):  # a small model that has said all goes on with bare marks
                    break
                if without_marks(sentence).strip() in names:  # it may begin with the title of its passage
                    continue
                cited = cite(sentence, passages)
                grounding = check(cited, passages, self._policy.min_support)
                if not grounding.ok:
                    reasons = grounding.reasons
                    break
                if cited not in released:  # a small model may repeat itself
                    released.append(cited)
                    yield Delta(cited if len(released) == 1 else f" {cited}")
        if not released and reasons == _GAVE_UP:
            yield from _declined(*reasons)
        elif released:
            yield _answered(" ".join(released), passages, "generated", reasons)
        else:
            yield from self._quoted(asked, passages, reasons or ("generator: it finished no sentence",))

    def _sentences(self, question: str, passages: Sequence[Passage]) -> Generator[str, None, None]:
        """The generator's sentences, each as soon as the next one begins. One broken off at max_tokens is left out."""
        pending = ""
        prompt = render(question, passages)
        for piece in self.generator.stream(prompt, self._policy.max_tokens, stop=(END_OF_TURN,)):
            whole, pending = complete_sentences(pending + piece)
            yield from whole
        if pending.rstrip().endswith((".", "!", "?", "]")):
            yield pending.strip()

    def _quoted(self, question: str, passages: Sequence[Passage], reasons: tuple[str, ...]) -> Iterator[Event]:
        text = quote(question, passages, self._likeness)
        if not text:
            yield from _declined(*reasons)
            return
        yield Delta(text)
        yield _answered(text, passages, "quoted", reasons)


def near(passages: Sequence[Passage], spread: float) -> list[Passage]:
    """The passages of the first one's article, and those of others that score at most `spread` below it."""
    best = passages[:1]
    return [one for one in passages if one.article_id == best[0].article_id or one.score >= best[0].score - spread]


def _declined(*reasons: str) -> Iterator[Event]:
    yield Delta(DECLINE)
    yield Answered(DECLINE, (), "declined", reasons)


def _answered(
    text: str, passages: Sequence[Passage], source: Literal["generated", "quoted"], reasons: tuple[str, ...]
) -> Answered:
    cited = ((mark, passages[mark - 1]) for mark in marks(text))
    citations = tuple(Citation(m, p.article_id, p.title, p.heading, p.chunk_id, p.url) for m, p in cited)
    return Answered(text, citations, source, reasons)
