"""A release under evaluation: where it lies, and how it is opened."""

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, Self

from nightshift.answering.assistant import Event, TextGenerator
from nightshift.answering.open import open_assistant
from nightshift.artifacts import Release
from nightshift.models.cached_encoder import SharedEncoders
from nightshift.release.layout import ReleaseFolder
from nightshift.retrieval.confidence import Confidence
from nightshift.retrieval.evaluation_retriever import EvaluationRetriever
from nightshift.store import Store


@dataclass(frozen=True)
class ReleaseRef:
    """A release and the folder it lies in, e.g. its checkout."""

    release: Release
    folder: ReleaseFolder


@dataclass(frozen=True)
class LoadedRelease:
    """A release ready to rank: it answers where its confidence reaches `floor`."""

    retriever: EvaluationRetriever
    confidence: Confidence
    floor: float

    @classmethod
    def from_folder(cls, folder: ReleaseFolder, retriever: EvaluationRetriever) -> Self:
        """The release in `folder`, ranked by `retriever`."""
        return cls(retriever, Confidence.from_json(folder.weights.confidence), folder.policy["confidence_floor"])


class QuestionAnswerer(Protocol):
    """An assistant, as far as evaluation needs one."""

    def answer(self, question: str, earlier: Sequence[str] = ()) -> Iterator[Event]: ...

    generator: TextGenerator


class SilentGenerator:
    """Writes nothing, so an assistant answers with sentences of its passages."""

    def stream(self, prompt: str, max_tokens: int, stop: Sequence[str] = ()) -> Iterator[str]:  # noqa: ARG002 (protocol)
        """No piece at all."""
        return iter(())


def composing(assistant: QuestionAnswerer) -> QuestionAnswerer:
    """The same assistant without its generator: everything else is shared."""
    composer = copy.copy(assistant)
    composer.generator = SilentGenerator()
    return composer


class ReleaseLoader(Protocol):
    """Opens a release folder. Both methods raise IndexUnavailable, ModelUnreadable."""

    def release(self, folder: ReleaseFolder) -> LoadedRelease:
        """For rankings of many questions."""
        ...

    def assistant(self, folder: ReleaseFolder) -> QuestionAnswerer:
        """The assistant as it serves."""
        ...


class CachedLoader:
    """Encoders are shared between releases with the same towers, and their vectors kept in the store."""

    def __init__(self, store: Store, threads: int) -> None:
        self._encoders, self._threads = SharedEncoders(store), threads

    def release(self, folder: ReleaseFolder) -> LoadedRelease:
        retriever = EvaluationRetriever.open(folder, self._threads, open_encoder=self._encoders)
        return LoadedRelease.from_folder(folder, retriever)

    def assistant(self, folder: ReleaseFolder) -> QuestionAnswerer:
        return open_assistant(folder, self._threads)


@dataclass(frozen=True)
class OpenedLoader:
    """A loader of one release whose parts are open already, e.g. over another index."""

    retriever: EvaluationRetriever
    opened_assistant: QuestionAnswerer

    def release(self, folder: ReleaseFolder) -> LoadedRelease:
        return LoadedRelease.from_folder(folder, self.retriever)

    def assistant(self, folder: ReleaseFolder) -> QuestionAnswerer:  # noqa: ARG002 (the loader's signature)
        return self.opened_assistant
