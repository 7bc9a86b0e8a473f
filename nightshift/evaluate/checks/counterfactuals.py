"""Counterfactuals: true sentences of the passages, each made false, that the grounding check has to separate.

    claims = make_counterfactuals(passages, size=60)
    claims[0]      # Claim('Standard delivery costs 60 EUR per order [1].', (Passage(...),), 'figure of the passage')
    grounding_metrics(claims)
    # {'grounding_false_alarms': 0.0, 'grounding_auc': 0.99, 'grounding_auc_negation': 0.98, ...}

Kinds: another passage (the sentence is cited to the most similar passage of another article), figure (a number that the
passage does not hold), figure of the passage (a number that it holds elsewhere), negation (put in or taken out), name
(of another article's).
"""

import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np

from nightshift.answering.grounding import check, worth_quoting
from nightshift.answering.prompts import as_data, with_mark
from nightshift.evaluate.check import CheckResult
from nightshift.evaluate.context import EvaluationContext
from nightshift.metrics.selective import roc_auc
from nightshift.store.memo import memoize
from nightshift.text.passages import Passage
from nightshift.text.words import content_words, idf, overlap, sentences

TRUE = "true"
KINDS = ("another passage", "figure", "figure of the passage", "negation", "name")
_SEED = 7
_FIGURE = re.compile(r"(?<![\w.,:/-])\d+(?:[.,]\d+)*(?![\w:/-])")
_NAME = re.compile(r"(?<=[a-z,;] )[A-Z][a-z][\w-]+")
_NEGATED = re.compile(r"\b(?P<can>can)not\b|\b(?P<verb>\w+)n['\u2019]t\b|\s(?:not|never)\b(?! only)", re.IGNORECASE)
_AUXILIARY = re.compile(
    r"\b(?:is|are|was|were|can|will|may|must|should|could|does|do|has|have)\b(?! (?:only|just|no|none|nothing)\b)",
    re.IGNORECASE,
)
_NEGATIVE_PRONOUN = re.compile(r"\b(?:no|nobody|none|nothing|neither|nor|without)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Counterfactuals:
    """How well the grounding check separates true sentences of tonight's passages from false ones; it has no gate.

    The metrics depend on code and passages alone, and are kept in the store under both.
    """

    sentences: int = 60
    group = "grounding"

    def run(self, context: EvaluationContext) -> CheckResult:
        store, passages = context.night.store, context.loaded.retriever.passages

        def measured() -> str:
            metrics = grounding_metrics(make_counterfactuals(passages, self.sentences))
            return store.put_json({"grounding.json": store.put_json(metrics)})

        ingredients = [context.code, [passage.chunk_id for passage in passages]]
        tree = store.tree(memoize("grounding", ingredients, measured, store))
        return CheckResult(metrics=cast(dict[str, float], store.get_json(tree["grounding.json"])))


@dataclass(frozen=True)
class Claim:
    """A sentence with its mark, the passages it may cite, and TRUE or the way in which it is false."""

    text: str
    passages: tuple[Passage, ...]
    kind: str


def make_counterfactuals(passages: Sequence[Passage], size: int) -> list[Claim]:
    """Up to `size` sentences evenly spread over `passages`, each as it is and in every way it can be made false."""
    quoted = sentences_of(passages)
    if not quoted:
        return []
    rows = np.unique(np.linspace(0, len(quoted) - 1, min(size, len(quoted))).round().astype(int)).tolist()
    return list(claims_of([quoted[row] for row in rows], passages))


def sentences_of(passages: Sequence[Passage]) -> list[tuple[str, Passage]]:
    """Every sentence that can stand alone, with its passage."""
    return [
        (sentence, passage)
        for passage in passages
        for sentence in sentences(as_data(passage.text))
        if worth_quoting(sentence)
    ]


def claims_of(quoted: Sequence[tuple[str, Passage]], passages: Sequence[Passage]) -> Iterator[Claim]:
    """The claims made from true sentences, each with the passage that holds it, among all `passages`."""
    draw = random.Random(_SEED)
    names = sorted({name for passage in passages for name in _NAME.findall(as_data(passage.text))})
    weights = idf(passage.text for passage in passages)
    changes: dict[str, Callable[[str, Passage], str]] = {
        "figure": lambda sentence, passage: _swapped(sentence, _FIGURE, _absent_figures(sentence, passage), draw),
        "figure of the passage": lambda sentence, passage: _swapped(
            sentence, _FIGURE, _other_figures(sentence, passage), draw
        ),
        "negation": lambda sentence, _: _negated(sentence),
        "name": lambda sentence, passage: _swapped(sentence, _NAME, _other_names(passage, names), draw),
    }
    for sentence, passage in quoted:
        true = with_mark(sentence, 1)
        yield Claim(true, (passage,), TRUE)
        others = [other for other in passages if other.article_id != passage.article_id and sentence not in other.text]
        if others:
            similarity = [overlap(sentence, other.text, weights) for other in others]
            yield Claim(true, (others[int(np.argmax(similarity))],), "another passage")
        for kind, change in changes.items():
            if false := change(sentence, passage):
                yield Claim(with_mark(false, 1), (passage,), kind)


def grounding_metrics(claims: Sequence[Claim]) -> dict[str, float]:
    """False alarms among the true claims, misses by kind, and the area under the ROC curve of the support score."""
    judged = [(claim.kind, check(claim.text, claim.passages)) for claim in claims]
    scores = {of: np.array([judgement.score for kind, judgement in judged if kind == of]) for of in (TRUE, *KINDS)}
    passed = {of: [judgement.ok for kind, judgement in judged if kind == of] for of in (TRUE, *KINDS)}
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


def _swapped(sentence: str, pattern: re.Pattern[str], others: Sequence[str], draw: random.Random) -> str:
    """The sentence with its first match exchanged for one of `others`; '' when there is nothing to exchange."""
    match = pattern.search(sentence)
    return f"{sentence[: match.start()]}{draw.choice(others)}{sentence[match.end() :]}" if match and others else ""


def _absent_figures(sentence: str, passage: Passage) -> list[str]:
    """The first figure of the sentence, plus 1, 5 or 10, where the passage does not hold the result."""
    match = _FIGURE.search(sentence)
    if not match or not match[0].isdigit():
        return []
    present = set(_FIGURE.findall(f"{passage.name} {passage.text}"))
    return [figure for figure in (str(int(match[0]) + step) for step in (1, 5, 10)) if figure not in present]


def _other_figures(sentence: str, passage: Passage) -> list[str]:
    return sorted(set(_FIGURE.findall(as_data(passage.text))) - set(_FIGURE.findall(sentence)))


def _other_names(passage: Passage, names: Sequence[str]) -> list[str]:
    present = set(content_words(f"{passage.name} {passage.text}"))
    return [name for name in names if not set(content_words(name)) & present]


def _negated(sentence: str) -> str:
    """The sentence without its negation, or with one after its first auxiliary; '' when it has neither."""
    if match := _NEGATED.search(sentence):
        verb = match["can"] or match["verb"] or ""
        return f"{sentence[: match.start()]}{verb}{sentence[match.end() :]}"
    auxiliary = None if _NEGATIVE_PRONOUN.search(sentence) else _AUXILIARY.search(sentence)
    return f"{sentence[: auxiliary.end()]} not{sentence[auxiliary.end() :]}" if auxiliary else ""
