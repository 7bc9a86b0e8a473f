"""May a generated text stand for the sentences it was given? Decided by rules that a person can read.

    rephrase("It costs 5 EUR.", passages)      # ('', ('fact: 4.9 eur of the evidence is missing', ...))

`passages` hold nothing but the selected sentences. The text must be complete, say nothing that they do not say
(grounding.check) and leave none of their key facts out. Its sentences are cited here: small models number wrongly.
"""

from collections.abc import Sequence

from nightshift.answering.grounding import MIN_SUPPORT, check, cite
from nightshift.answering.prompts import DECLINE, without_marks
from nightshift.text.facts import key_facts
from nightshift.text.passages import Passage
from nightshift.text.words import sentences


def rephrase(text: str, passages: Sequence[Passage], min_support: float = MIN_SUPPORT) -> tuple[str, tuple[str, ...]]:
    """The text with its citations, or '' and why it may not stand for the passages. Reasons hold no customer text."""
    plain = without_marks(text).strip()
    if plain == DECLINE:
        return "", ("generator: it found no answer in the evidence",)
    if plain and plain[-1] not in ".!?":
        return "", ("generator: its last sentence is not complete",)
    written = _written(plain, passages)
    if not written:
        return "", ("generator: it wrote nothing",)
    cited = " ".join(cite(sentence, passages) for sentence in written)
    missing = key_facts(" ".join(passage.text for passage in passages)) - key_facts(" ".join(written))
    grounding = check(cited, passages, min_support)
    reasons = (*(f"fact: {fact} of the evidence is missing" for fact in sorted(missing)), *grounding.reasons)
    return ("", reasons) if reasons else (cited, ())


def _written(text: str, passages: Sequence[Passage]) -> list[str]:
    """The sentences of the text, each once, without the titles and headings that a small model repeats."""
    names = {name for passage in passages for name in (passage.name, passage.title, passage.heading) if name}
    written: list[str] = []
    for sentence in sentences(text):
        name = next((passage.name for passage in passages if passage.heading and sentence.startswith(passage.name)), "")
        rest = sentence.removeprefix(name).lstrip(" :-")
        if rest.rstrip(".!?") not in {"", *names} and rest not in written:
            written.append(rest)
    return written
