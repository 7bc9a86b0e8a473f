"""A release folder made ready to answer.

assistant = open_assistant(store.checkout(release.digest), threads=2)
"""

from pathlib import Path

from nightshift.answering.assistant import Assistant
from nightshift.answering.policy import Policy
from nightshift.answering.prompts import PREFIX
from nightshift.models.generator import Generator
from nightshift.retrieval.retriever import Retriever


def open_assistant(release: Path, threads: int) -> Assistant:
    """The assistant of a release folder. Raises IndexUnavailable, ModelUnreadable, SettingsError."""
    policy = Policy.from_json((release / "policy.json").read_text())
    retriever = Retriever.open(release, threads)
    return Assistant(retriever, Generator(release / "generator", threads, PREFIX), policy, retriever.likeness)
