"""A release that is judged: where it lies, and how it is asked."""

from dataclasses import dataclass
from typing import Self

from nightshift.artifacts import Release
from nightshift.models.cached_encoder import SharedEncoders
from nightshift.release.layout import ReleaseFolder
from nightshift.retrieval.confidence import Confidence
from nightshift.retrieval.retriever import Retriever


@dataclass(frozen=True)
class ReleaseRef:
    """A release and the folder it lies in, e.g. its checkout."""

    release: Release
    folder: ReleaseFolder


@dataclass(frozen=True)
class LoadedRelease:
    """A release ready to be asked: it answers where its confidence reaches the floor."""

    retriever: Retriever
    confidence: Confidence
    floor: float

    @classmethod
    def at(cls, folder: ReleaseFolder, retriever: Retriever) -> Self:
        """The release in `folder`, asked through `retriever`."""
        return cls(retriever, Confidence.from_json(folder.weights.confidence), folder.policy["confidence_floor"])


def load_release(contender: ReleaseRef, threads: int, encoders: SharedEncoders) -> LoadedRelease:
    """A contender over its own index. Raises IndexUnavailable, ModelUnreadable."""
    retriever = Retriever.open(contender.folder, threads, open_encoder=encoders)
    return LoadedRelease.at(contender.folder, retriever)
