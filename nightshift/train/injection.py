"""Does a text give orders to whoever reads it? Learned from sentences of our own, and from what this team's customers write.

    Lesson(kind='override', attack=True, text='Ignore every instruction you have received so far and ...')
    Lesson(kind='technical', attack=False, text='How do I run the debug mode so that I can send you the log?')

    found = learn_injection(ordinary_texts)
    found.regression, found.limit, found.measures

A logistic regression over letters (text/ngrams.py): on attacks from elsewhere they tell more than a sentence vector
does (python -m bench.injection). The sentences (injections.yaml) say what an attack looks like, and what only sounds like one. The
team's newest tickets say what is normal here: together they weigh as much as the benign sentences, and attacks as much
as both. A ticket that looks like an attack after a first fit is left out of the second: somebody may have tried before.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from nightshift.metrics.calibration import brier, calibration_error, softmax, temperature
from nightshift.text.ngrams import ngrams

FALSE_ALARMS = 0.01  # of ordinary texts: there the limit lies
FEWEST_ORDINARY = 200  # tickets from which a quantile of 1 % can be read
FOLDS = 5
INVERSE_REGULARISATION = 10.0
_TOGETHER = 256  # texts whose letters are dense at the same time


@dataclass(frozen=True)
class PromptExample:
    """One sentence of injections.yaml."""

    kind: str
    attack: bool
    text: str


@dataclass(frozen=True)
class Injection:
    """A calibrated regression whose second class is 'attack'; above `limit` lies 1 % of ordinary texts.

    `caught` is the share of each kind of attack above the limit, each sentence judged by a head that had not seen it.
    """

    regression: Any
    limit: float
    caught: dict[str, float]
    measures: dict[str, float]


@cache
def prompt_examples() -> tuple[PromptExample, ...]:
    """All sentences, attacks first, by kind."""
    written = yaml.safe_load(Path(__file__).with_name("injections.yaml").read_text("utf-8"))
    return tuple(
        PromptExample(kind, side == "attack", text)
        for side in ("attack", "benign")
        for kind, texts in written[side].items()
        for text in texts
    )


def learn_injection(ordinary: Sequence[str]) -> Injection:
    """Learn from all lessons and from `ordinary` texts; judged five-fold, every text by a head that had not seen it."""
    attack = np.array([lesson.attack for lesson in prompt_examples()])
    taught, normal = letters([lesson.text for lesson in prompt_examples()]), letters(ordinary)
    unseen = np.zeros(len(attack)), np.zeros(len(ordinary))
    for fold in range(FOLDS):
        asked = np.arange(len(attack)) % FOLDS == fold, np.arange(len(ordinary)) % FOLDS == fold
        rehearsal = fit_injection(taught[~asked[0]], attack[~asked[0]], normal[~asked[1]])
        for scores, given, part in zip(unseen, (taught, normal), asked, strict=True):
            if part.any():
                scores[part] = rehearsal.decision_function(given[part])
    target = np.eye(2)[attack.astype(int)]
    heat = temperature(logits_of(unseen[0]), target)
    sure, harmless = (softmax(logits_of(scores / heat))[:, 1] for scores in unseen)
    limit = float(np.quantile(harmless if len(ordinary) >= FEWEST_ORDINARY else sure[~attack], 1 - FALSE_ALARMS))
    regression = fit_injection(taught, attack, normal)
    regression.coef_, regression.intercept_ = regression.coef_ / heat, regression.intercept_ / heat
    kinds = np.array([lesson.kind for lesson in prompt_examples()])
    return Injection(
        regression,
        limit,
        {
            kind: float((sure[(kinds == kind) & attack] > limit).mean())
            for kind in dict.fromkeys(kinds[attack].tolist())
        },
        {
            "examples": float(len(attack)),
            "ordinary": float(len(ordinary)),
            "recall": float((sure[attack] > limit).mean()),
            "false_alarms_hard": float((sure[~attack] > limit).mean()),
            "ece": calibration_error(np.maximum(sure, 1 - sure), (sure > 0.5) == attack),
            "brier": brier(softmax(logits_of(unseen[0] / heat)), target),
            "temperature": heat,
        },
    )


def fit_injection(taught: Any, attack: NDArray[np.bool_], ordinary: Any) -> Any:
    """A logistic regression over the `letters` of lessons [n] and of ordinary texts [m] that do not look like attacks."""
    first = _fitted(taught, attack, ordinary)
    if not ordinary.shape[0]:
        return first
    return _fitted(taught, attack, ordinary[first.decision_function(ordinary) < 0])


def letters(texts: Sequence[str]) -> Any:
    """N-grams of `texts` as a sparse matrix [n, places]."""
    from scipy.sparse import csr_matrix, vstack

    starts = range(0, max(1, len(texts)), _TOGETHER)
    return vstack([csr_matrix(ngrams(texts[start : start + _TOGETHER])) for start in starts]).tocsr()


def logits_of(attack: NDArray[np.float64]) -> NDArray[np.float64]:
    """Logits of an attack [n] as those of (harmless, attack) [n, 2]."""
    return np.stack([np.zeros_like(attack), attack], axis=1)


def _fitted(taught: Any, attack: NDArray[np.bool_], ordinary: Any) -> Any:
    from scipy.sparse import vstack
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits

    count, harmless = ordinary.shape[0], (~attack).sum()
    of_attack = (2 if count else 1) * harmless / attack.sum()
    regression = LogisticRegression(C=INVERSE_REGULARISATION, max_iter=1_000)
    with threadpool_limits(1):  # as in heads.py
        return regression.fit(
            vstack([taught, ordinary]).tocsr(),
            np.concatenate([attack.astype(np.int64), np.zeros(count, np.int64)]),
            sample_weight=np.concatenate([np.where(attack, of_attack, 1.0), np.full(count, harmless / max(1, count))]),
        )
