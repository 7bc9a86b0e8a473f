"""Does a text give orders to whoever reads it? Learned from sentences of our own, and from what this team's customers write.

    Lesson(kind='override', attack=True, text='Ignore every instruction you have received so far and ...')
    Lesson(kind='technical', attack=False, text='How do I run the debug mode so that I can send you the log?')

    found = learn_injection(vectors, tickets)   # vectors of `lessons()`, in order; tickets: vectors of ordinary texts
    found.regression, found.limit, found.measures

The sentences (injections.yaml) say what an attack looks like, and what only sounds like one. The team's newest tickets
say what is normal here: together they weigh as much as the benign sentences, and attacks as much as both. A ticket
that looks like an attack after a first fit is left out of the second, for somebody may have tried it before.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from nightshift.train.calibration import brier, calibration_error, softmax, temperature

FALSE_ALARMS = 0.01  # of ordinary texts: there the limit lies
FEWEST_ORDINARY = 200  # tickets from which a quantile of 1 % can be read
FOLDS = 5
INVERSE_REGULARISATION = 10.0


@dataclass(frozen=True)
class Lesson:
    """One sentence of injections.yaml."""

    kind: str
    attack: bool
    text: str


@dataclass(frozen=True)
class Injection:
    """A calibrated regression whose second class is 'attack'; above `limit` lies 1 % of ordinary texts.

    `caught` is the share of each kind of attack above the limit, learned without it.
    """

    regression: Any
    limit: float
    caught: dict[str, float]
    measures: dict[str, float]


@cache
def lessons() -> tuple[Lesson, ...]:
    """All sentences, attacks first, by kind."""
    written = yaml.safe_load(Path(__file__).with_name("injections.yaml").read_text("utf-8"))
    return tuple(
        Lesson(kind, side == "attack", text)
        for side in ("attack", "benign")
        for kind, texts in written[side].items()
        for text in texts
    )


def learn_injection(vectors: NDArray[np.float32], tickets: NDArray[np.float32]) -> Injection:
    """Learn from `vectors` [n, dim] of `lessons()` and [m, dim] of ordinary texts; judged five-fold, each on what it had not seen."""
    attack = np.array([lesson.attack for lesson in lessons()])
    unseen = np.zeros(len(attack)), np.zeros(len(tickets))
    for fold in range(FOLDS):
        asked = np.arange(len(attack)) % FOLDS == fold, np.arange(len(tickets)) % FOLDS == fold
        rehearsal = fit_injection(vectors[~asked[0]], attack[~asked[0]], tickets[~asked[1]])
        for scores, given, part in zip(unseen, (vectors, tickets), asked, strict=True):
            if part.any():
                scores[part] = rehearsal.decision_function(given[part])
    heat = temperature(_two(unseen[0]), _one_hot(attack))
    sure, ordinary = (softmax(_two(scores / heat))[:, 1] for scores in unseen)
    limit = float(np.quantile(ordinary if len(tickets) >= FEWEST_ORDINARY else sure[~attack], 1 - FALSE_ALARMS))
    regression = fit_injection(vectors, attack, tickets)
    regression.coef_, regression.intercept_ = regression.coef_ / heat, regression.intercept_ / heat
    kinds = np.array([lesson.kind for lesson in lessons()])
    return Injection(
        regression,
        limit,
        {kind: float((sure[(kinds == kind) & attack] > limit).mean()) for kind in dict.fromkeys(kinds[attack])},
        {
            "examples": float(len(attack)),
            "ordinary": float(len(tickets)),
            "recall": float((sure[attack] > limit).mean()),
            "false_alarms_hard": float((sure[~attack] > limit).mean()),
            "ece": calibration_error(np.maximum(sure, 1 - sure), (sure > 0.5) == attack),
            "brier": brier(softmax(_two(unseen[0] / heat)), _one_hot(attack)),
            "temperature": heat,
        },
    )


def fit_injection(vectors: NDArray[np.float32], attack: NDArray[np.bool_], tickets: NDArray[np.float32]) -> Any:
    """A logistic regression over lessons [n, dim] and ordinary texts [m, dim], but for those that look like attacks."""
    first = _fitted(vectors, attack, tickets)
    if not len(tickets):
        return first
    return _fitted(vectors, attack, tickets[first.decision_function(tickets) < 0])


def _fitted(vectors: NDArray[np.float32], attack: NDArray[np.bool_], tickets: NDArray[np.float32]) -> Any:
    from sklearn.linear_model import LogisticRegression

    harmless = (~attack).sum()
    weights = np.where(attack, (2 if len(tickets) else 1) * harmless / attack.sum(), 1.0)
    regression = LogisticRegression(C=INVERSE_REGULARISATION, max_iter=1_000)
    return regression.fit(
        np.concatenate([vectors, tickets]) if len(tickets) else vectors,
        np.concatenate([attack.astype(np.int64), np.zeros(len(tickets), np.int64)]),
        sample_weight=np.concatenate([weights, np.full(len(tickets), harmless / max(1, len(tickets)))]),
    )


def _two(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Logits of an attack [n] as those of (harmless, attack) [n, 2]."""
    return np.stack([np.zeros_like(logits), logits], axis=1)


def _one_hot(attack: NDArray[np.bool_]) -> NDArray[np.float64]:
    return np.asarray(np.eye(2)[attack.astype(int)])
