"""A release folder made ready to answer.

assistant = open_assistant(StoredRelease(digest, store).checkout(), threads=2)
"""

from pathlib import Path

from nightshift.answering.assistant import Assistant, TextGenerator
from nightshift.answering.evidence import EvidenceFinder
from nightshift.answering.policy import Policy
from nightshift.answering.prompts import PREFIX
from nightshift.index.sentences import Sentences
from nightshift.models.generator import Generator
from nightshift.release.layout import ReleaseFolder
from nightshift.retrieval.retriever import Retriever


def open_assistant(
    release: ReleaseFolder,
    threads: int,
    retriever: Retriever | None = None,
    index: Path | None = None,
    generator: TextGenerator | None = None,
) -> Assistant:
    """The assistant of a release; over another `retriever` and its `index` folder than the release's own if given.

    Raises IndexUnavailable, ModelUnreadable, StoreError, and SettingsError for a policy this code cannot follow.
    """
    policy = Policy.from_json(release.policy)
    folder = index or release.index
    retriever = retriever or Retriever.open(release, threads)
    finder = EvidenceFinder.open(release, retriever, Sentences.load(folder, retriever.chunks))
    return Assistant(finder, policy, generator or Generator(release.generator, threads, PREFIX))
