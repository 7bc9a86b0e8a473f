"""The baseline of bench.answers, and an assistant asked so that its evidence can be looked at.

two_best("How long is a guest basket kept?", retriever, sentences)     # (17, 42): rows of the sentence table
reply = ask(assistant, recorder, "and for members?", ("How long is a guest basket kept?",))
reply.text, reply.source, reply.seconds      # ('A basket is kept ...', 'composed', 0.084)
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from nightshift.answering.assistant import Answered, Assistant, Finder
from nightshift.answering.evidence import BY_RETRIEVAL, ArticleRetrieval, Evidence
from nightshift.answering.follow_up import Reading
from nightshift.answering.policy import Policy
from nightshift.answering.prompts import without_marks
from nightshift.index.sentences import Sentences
from nightshift.metrics.retrieval import interval
from nightshift.metrics.rightness import wilson

QUOTED = 2  # sentences of the baseline
BASELINE = "two best sentences by cosine"


@dataclass(frozen=True)
class Reply:
    """An answer without its marks, where it comes from, the probability that it answers, and the seconds it took."""

    text: str
    source: str
    confidence: float
    evidence: Evidence
    seconds: float

    @property
    def words(self) -> int:
        return len(self.text.split())


class RecordingFinder:
    """A finder that keeps the evidence it found last."""

    def __init__(self, finder: Finder) -> None:
        self._finder = finder
        self.evidence = Evidence((), 0.0)

    def find(self, readings: Sequence[Reading]) -> Evidence:
        self.evidence = self._finder.find(readings)
        return self.evidence


def never_declining(policy: Policy) -> Policy:
    """The same policy with an answer to everything that the articles have a sentence for."""
    return replace(policy, answer_threshold=0.0, confidence_floor=0.0)


def ask(assistant: Assistant, recorder: RecordingFinder, question: str, earlier: Sequence[str] = ()) -> Reply:
    """The answer of `assistant`, which finds its evidence with `recorder`."""
    recorder.evidence = Evidence((), 0.0)
    started = time.perf_counter()
    answered = [event for event in assistant.answer(question, earlier) if isinstance(event, Answered)][-1]
    seconds = time.perf_counter() - started
    text = without_marks(answered.text)
    return Reply(text, answered.source, answered.confidence, recorder.evidence, seconds)


def two_best(question: str, retriever: ArticleRetrieval, sentences: Sentences) -> tuple[int, ...]:
    """The rows of the two sentences nearest to the question by cosine, best first.

    Of the five articles that retrieval ranks first. Title and headings are no part of the sentence.
    """
    rows = sentences.of_articles(sorted(retriever.best_articles(question, BY_RETRIEVAL)))
    vector = retriever.document_encoder.encode([question])[0]
    cosines = sentences.vectors[rows, 0].astype(np.float32) @ vector
    return tuple(rows[np.argsort(-cosines, kind="stable")[:QUOTED]].tolist())


def quote(question: str, retriever: ArticleRetrieval, sentences: Sentences) -> tuple[Reply, tuple[int, ...]]:
    """The baseline's answer, which never declines, and the rows of its sentences."""
    started = time.perf_counter()
    rows = two_best(question, retriever, sentences)
    text = " ".join(sentences.texts[row] for row in rows)
    return Reply(text, "quoted", 1.0, Evidence((), 1.0), time.perf_counter() - started), rows


def with_interval(values: NDArray[np.float64] | Sequence[float], seed: int) -> str:
    """A mean with its 95 % bootstrap interval: '0.411 (0.391 to 0.430)'."""
    array = np.asarray(values, np.float64)
    low, high = interval(array, seed)
    return f"{array.mean():.3f} ({low:.3f} to {high:.3f})"


def share(values: NDArray[np.float64] | Sequence[float]) -> str:
    """The share of values 0 or 1 with Wilson's 95 % interval; a bootstrap of six right answers has no width."""
    array = np.asarray(values, np.float64)
    low, high = wilson(float(array.mean()), len(array))
    return f"{array.mean():.3f} ({low:.3f} to {high:.3f})"


def difference(values: NDArray[np.float64] | Sequence[float], seed: int) -> str:
    """A mean of paired differences with its 95 % bootstrap interval: '+0.064 (+0.051 to +0.077)'."""
    array = np.asarray(values, np.float64)
    low, high = interval(array, seed)
    return f"{array.mean():+.3f} ({low:+.3f} to {high:+.3f})"


def milliseconds(replies: Sequence[Reply]) -> tuple[str, str]:
    """The 50th and 95th percentile of the time an answer took."""
    times = [1000 * reply.seconds for reply in replies]
    return f"{np.percentile(times, 50):.0f}", f"{np.percentile(times, 95):.0f}"
