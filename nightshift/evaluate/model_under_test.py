"""A release that is judged: where it lies, and how it is asked."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, cast

from nightshift.artifacts import Release
from nightshift.models.cached_encoder import SharedEncoders
from nightshift.retrieval.confidence import Confidence
from nightshift.retrieval.retriever import Retriever


@dataclass(frozen=True)
class ReleaseRef:
    """A release and the folder it lies in (store.checkout of its digest)."""

    release: Release
    folder: Path

    def json(self, name: str) -> dict[str, Any]:
        """One of its JSON files."""
        return cast(dict[str, Any], json.loads((self.folder / name).read_bytes()))


@dataclass(frozen=True)
class LoadedRelease:
    """A release ready to be asked: it answers where its confidence reaches the floor."""

    retriever: Retriever
    confidence: Confidence
    floor: float

    @classmethod
    def at(cls, folder: Path, retriever: Retriever) -> Self:
        """The release in `folder`, asked through `retriever`."""
        weights, policy = (json.loads((folder / name).read_bytes()) for name in ("weights.json", "policy.json"))
        return cls(retriever, Confidence.from_json(weights["confidence"]), policy["confidence_floor"])


def load_release(contender: ReleaseRef, threads: int, encoders: SharedEncoders) -> LoadedRelease:
    """A contender over its own index. Raises IndexUnavailable, ModelUnreadable."""
    retriever = Retriever.open(contender.folder, threads, open_encoder=encoders)
    return LoadedRelease.at(contender.folder, retriever)
