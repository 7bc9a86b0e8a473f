"""A release folder made ready to answer.

assistant = open_assistant(store.checkout(release.digest), threads=2)
"""

from pathlib import Path

from nightshift.models.generator import Generator
from nightshift.retrieval.retriever import Retriever
from nightshift.runtime.assistant import Assistant
from nightshift.runtime.policy import Policy


def open_assistant(release: Path, threads: int) -> Assistant:
    """The assistant of a release folder. Raises IndexUnavailable, ModelUnreadable, SettingsError."""
    policy = Policy.from_json((release / "policy.json").read_text())
    retriever = Retriever.open(release, threads)
    return Assistant(retriever, Generator(release / "generator", threads), policy, retriever.likeness)
