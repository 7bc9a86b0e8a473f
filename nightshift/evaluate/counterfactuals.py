"""Sentences that a passage says, and the same ones made false: what grounding has to tell apart.

    claims = planted(passages, most=60)
    claims[0]      # Claim('Standard delivery costs 60 EUR per order [1].', (Passage(...),), 'figure of the passage')
    measure(claims)
    # {'grounding_false_alarms': 0.0, 'grounding_auc': 0.99, 'grounding_auc_negation': 0.98, ...}

Kinds: another passage (the sentence is cited to the most alike passage of another article), figure (one that the
passage does not hold), figure of the passage (one that it holds elsewhere), negation (put in or taken out), name
(of another article's).
"""

import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from nightshift.answering.grounding import check, worth_quoting
from nightshift.answering.prompts import as_data, with_mark
from nightshift.metrics.selective import roc_auc
from nightshift.text.passages import Passage
from nightshift.text.words import content_words, idf, overlap, sentences

TRUE = "true"
KINDS = ("another passage", "figure", "figure of the passage", "negation", "name")
_SEED = 7
_FIGURE = re.compile(r"(?<![\w.,:/-])\d+(?:[.,]\d+)*(?![\w:/-])")
_NAME = re.compile(r"(?<=[a-z,;] )[A-Z][a-z][\w-]+")
_DENIAL = re.compile(r"\b(?P<can>can)not\b|\b(?P<verb>\w+)n['\u2019]t\b|\s(?:not|never)\b(?! only)", re.IGNORECASE)
_AFFIRMATION = re.compile(
    r"\b(?:is|are|was|were|can|will|may|must|should|could|does|do|has|have)\b(?! (?:only|just|no|none|nothing)\b)",
    re.IGNORECASE,
)
_NOBODY = re.compile(r"\b(?:no|nobody|none|nothing|neither|nor|without)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Claim:
    """A sentence with its mark, the passages it may cite, and TRUE or the way in which it is false."""

    text: str
    passages: tuple[Passage, ...]
    kind: str


def make_counterfactuals(passages: Sequence[Passage], most: int) -> list[Claim]:
    """Up to `most` quoted sentences evenly spread over `passages`, each as it is and in every way it can be made false."""
    said = sentences_of(passages)
    places = np.unique(np.linspace(0, len(said) - 1, min(most, len(said))).round().astype(int)).tolist() if said else []
    return list(claims_of([said[place] for place in places], passages))


def sentences_of(passages: Sequence[Passage]) -> list[tuple[str, Passage]]:
    """Every sentence that says something by itself, with its passage."""
    return [(one, passage) for passage in passages for one in sentences(as_data(passage.text)) if worth_quoting(one)]


def claims_of(said: Sequence[tuple[str, Passage]], passages: Sequence[Passage]) -> Iterator[Claim]:
    """The claims that true sentences, each with the passage that says it, give among all `passages`."""
    draw = random.Random(_SEED)
    ways: dict[str, Callable[[str, Passage], str]] = {
        "figure": lambda one, passage: _swapped(one, _FIGURE, _strange_figures(one, passage), draw),
        "figure of the passage": lambda one, passage: _swapped(one, _FIGURE, _other_figures(one, passage), draw),
        "negation": lambda one, _: _denied(one),
        "name": lambda one, passage: _swapped(one, _NAME, _other_names(passage, names), draw),
    }
    names = sorted({name for passage in passages for name in _NAME.findall(as_data(passage.text))})
    weights = idf(passage.text for passage in passages)
    for one, passage in said:
        true = with_mark(one, 1)
        yield Claim(true, (passage,), TRUE)
        others = [other for other in passages if other.article_id != passage.article_id and one not in other.text]
        if others:
            alike = max(others, key=lambda other: overlap(one, other.text, weights))
            yield Claim(true, (alike,), "another passage")
        for kind, way in ways.items():
            if false := way(one, passage):
                yield Claim(with_mark(false, 1), (passage,), kind)


def measure(claims: Sequence[Claim]) -> dict[str, float]:
    """False alarms among the true claims, misses by kind, and the area under the ROC curve of the support score."""
    judged = [(claim.kind, check(claim.text, claim.passages)) for claim in claims]
    scores = {kind: np.array([one.score for found, one in judged if found == kind]) for kind in (TRUE, *KINDS)}
    passed = {kind: [one.ok for found, one in judged if found == kind] for kind in (TRUE, *KINDS)}
    if not len(scores[TRUE]):
        return {}
    metrics = {"grounding_false_alarms": 1 - float(np.mean(passed[TRUE])), "grounding_sentences": len(passed[TRUE])}
    false = np.concatenate([scores[kind] for kind in KINDS])
    if len(false):
        metrics["grounding_auc"] = roc_auc(scores[TRUE], false)
    for kind in KINDS:
        if len(scores[kind]):
            metrics[f"grounding_auc_{kind.replace(' ', '_')}"] = roc_auc(scores[TRUE], scores[kind])
            metrics[f"grounding_missed_{kind.replace(' ', '_')}"] = float(np.mean(passed[kind]))
    return {name: round(float(value), 6) for name, value in metrics.items()}


def _swapped(sentence: str, what: re.Pattern[str], others: Sequence[str], draw: random.Random) -> str:
    """The sentence with its first match exchanged for one of `others`; '' when there is nothing to exchange."""
    found = what.search(sentence)
    return f"{sentence[: found.start()]}{draw.choice(others)}{sentence[found.end() :]}" if found and others else ""


def _strange_figures(sentence: str, passage: Passage) -> list[str]:
    """The first figure of the sentence, a little off, where the passage does not hold the result."""
    found = _FIGURE.search(sentence)
    if not found or not found[0].isdigit():
        return []
    held = set(_FIGURE.findall(f"{passage.name} {passage.text}"))
    return [one for one in (str(int(found[0]) + step) for step in (1, 5, 10)) if one not in held]


def _other_figures(sentence: str, passage: Passage) -> list[str]:
    return sorted(set(_FIGURE.findall(as_data(passage.text))) - set(_FIGURE.findall(sentence)))


def _other_names(passage: Passage, names: Sequence[str]) -> list[str]:
    held = set(content_words(f"{passage.name} {passage.text}"))
    return [name for name in names if not set(content_words(name)) & held]


def _denied(sentence: str) -> str:
    """The sentence without its negation, or with one after its first auxiliary; '' when it has neither."""
    if found := _DENIAL.search(sentence):
        kept = found["can"] or found["verb"] or ""
        return f"{sentence[: found.start()]}{kept}{sentence[found.end() :]}"
    found = None if _NOBODY.search(sentence) else _AFFIRMATION.search(sentence)
    return f"{sentence[: found.end()]} not{sentence[found.end() :]}" if found else ""
