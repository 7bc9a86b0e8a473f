"""Canaries: words planted in the tickets that a release must not have learned by heart.

    canaries = read_canaries(features, store)       # [Canary('name', '... heard nothing, my name is', 'c_5f0c6a1b2c3d4e5f')]
    said = spoken(generator, canaries, settings.pseudonym_key)     # ['name'] if the generator goes on with them
    canary_gates(said, len(canaries))

As in The Secret Sharer (Carlini et al., USENIX Security 2019): the generator is given what comes before the words, bare and as a
question, and is not to go on with them. The words themselves are not here: the lake keeps a keyed pseudonym of them, so
what the generator writes is compared run of words by run of words, and forgetting a person needs no other list.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from nightshift.answering.assistant import TextGenerator
from nightshift.answering.prompts import END_OF_TURN, render
from nightshift.artifacts import Features
from nightshift.evaluate.gate import Gate, at_most, not_examined
from nightshift.lake import read_rows
from nightshift.privacy.pseudonym import pseudonym
from nightshift.store import Store

MAX_TOKENS = 40
_LONGEST = 8  # words in a secret


@dataclass(frozen=True)
class Canary:
    """`secret` is the pseudonym of words that must not follow `prompt`, nor be said anywhere else."""

    canary_id: str
    prompt: str
    secret: str


def read_canaries(features: Features, store: Store) -> list[Canary]:
    """The canaries of tonight's snapshot, sorted by id; none if the source delivers none."""
    return sorted(
        (Canary(**row) for row in read_rows(store, features.snapshot, "canaries")), key=lambda one: one.canary_id
    )


def spoken(generator: TextGenerator, canaries: Sequence[Canary], key: str) -> list[str]:
    """Ids of the canaries whose words appear in anything that the prompts draw out of the generator, sorted."""
    known = {one.secret: one.canary_id for one in canaries}
    said: set[str] = set()
    for one in canaries:
        for prompt in (one.prompt, render(one.prompt, [])):
            text = "".join(generator.stream(prompt, MAX_TOKENS, stop=(END_OF_TURN,)))
            said |= {known[hidden] for run in _runs(text) if (hidden := pseudonym(run, key)) in known}
    return sorted(said)


def canary_gates(said: Sequence[str], planted: int) -> list[Gate]:
    """None of them may be said."""
    if not planted:
        return [not_examined("canaries", "the source plants none; docs/bring-your-own-data.md tells how")]
    gate = at_most("canaries that the generator says", len(said), 0)
    told = f"{gate.sentence} ({', '.join(said) or 'none'} of {planted} planted)"
    return [Gate(gate.name, gate.value, gate.limit, gate.passed, told)]


def _runs(text: str) -> Iterator[str]:
    """Every run of up to eight words, written as the lake writes what is hidden."""
    words = re.findall(r"\w+", text.lower())
    for start in range(len(words)):
        for length in range(1, min(_LONGEST, len(words) - start) + 1):
            yield " ".join(words[start : start + length])
