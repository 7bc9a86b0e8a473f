"""A release folder made ready to answer.

served = open_release(Path("release"), threads=2)
served.version      # '03fa77de91ab', from the digest recomputed from the files
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nightshift.answering.open import open_assistant
from nightshift.answering.prompts import PREFIX
from nightshift.models.generator import Generator
from nightshift.release.layout import ReleaseFolder, ReleaseRecord
from serving.request_queue import Answers, Interruptible


@dataclass(frozen=True)
class Served:
    """What the service needs of a release: the assistant, its token counter, and what GET /v1/release shows."""

    assistant: Answers
    count_tokens: Callable[[str], int]
    digest: str
    record: ReleaseRecord
    lineage: dict[str, Any]

    @property
    def version(self) -> str:
        """The short name of the release."""
        return self.digest[:12]

    def about(self) -> dict[str, Any]:
        """The JSON of GET /v1/release: digests of the parts, and their origin without the list of source objects."""
        index = self.record.index
        return {
            "version": self.version,
            "digest": self.digest,
            "index": {"digest": index.digest, "chunks": index.chunks, "articles": index.articles},
            "models": {
                name: {"digest": model.digest, "base": model.base} for name, model in self.record.models.items()
            },
            "lineage": {
                "code": self.lineage.get("code"),
                "features": self.lineage.get("features", {}).get("digest"),
                "split_at": self.lineage.get("features", {}).get("split_at"),
                "snapshot": self.lineage.get("snapshot", {}).get("digest"),
            },
        }


def open_release(folder: Path, threads: int) -> Served:
    """Load models and index of a release, and answer one question with them: the first answer is slow otherwise.

    Raises StoreError where `folder` holds no release, IndexUnavailable, ModelUnreadable and SettingsError where a part
    is damaged or was made by other code.
    """
    release = ReleaseFolder.open(folder)
    generator = Generator(release.generator, threads, PREFIX)
    assistant = open_assistant(release, threads, generator=Interruptible(generator))
    for _ in assistant.answer("How can I contact you?"):
        pass
    return Served(assistant, generator.count_tokens, release.compute_digest(), release.record, release.lineage)
