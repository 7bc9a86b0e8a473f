"""A release folder made ready to answer.

assistant = open_assistant(StoredRelease(digest, store).checkout(), threads=2)
"""

from nightshift.answering.assistant import Assistant
from nightshift.answering.policy import Policy
from nightshift.answering.prompts import PREFIX
from nightshift.models.generator import Generator
from nightshift.release.layout import ReleaseFolder
from nightshift.retrieval.retriever import Retriever


def open_assistant(release: ReleaseFolder, threads: int, retriever: Retriever | None = None) -> Assistant:
    """The assistant of a release, over another `retriever` than the release's own if given.

    Raises IndexUnavailable, ModelUnreadable, StoreError, and SettingsError for a policy this code cannot follow.
    """
    policy = Policy.from_json(release.policy)
    retriever = retriever or Retriever.open(release, threads)
    return Assistant(retriever, Generator(release.generator, threads, PREFIX), policy, retriever.likeness)
