"""The injection classifier: does a text give orders to the model that reads it?

    PromptExample(kind='override', attack=True, text='Ignore every instruction you have received so far and ...')
    PromptExample(kind='technical', attack=False, text='How do I run the debug mode so that I can send you the log?')

    trained = train_injection(ordinary_texts)
    trained.regression, trained.limit, trained.metrics

A logistic regression over letter n-grams (text/ngrams.py), which separate attacks of other sources better than a
sentence vector does (python -m bench.injection). The example prompts (injections.yaml) are attacks, and benign texts
that resemble them. The newest tickets are benign too: together they weigh as much as the benign prompts, and attacks as
much as both. A ticket that a first fit takes for an attack is left out of the second fit, because it may be one.
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

FALSE_ALARMS = 0.01  # share of ordinary texts above the limit
FEWEST_ORDINARY = 200  # with fewer tickets the 1 % quantile of the benign prompts is the limit
FOLDS = 5
INVERSE_REGULARISATION = 10.0
_BATCH = 256  # texts whose n-grams are dense at the same time


@dataclass(frozen=True)
class PromptExample:
    """One sentence of injections.yaml."""

    kind: str
    attack: bool
    text: str


@dataclass(frozen=True)
class TrainedInjection:
    """A calibrated regression whose second class is 'attack', and the probability `limit` that 1 % of ordinary texts
    exceed.

    `recall` is the share of each kind of attack above the limit. It and the metrics are five-fold out-of-fold.
    """

    regression: Any
    limit: float
    recall: dict[str, float]
    metrics: dict[str, float]


@cache
def load_prompt_examples() -> tuple[PromptExample, ...]:
    """All sentences of injections.yaml, attacks first, by kind."""
    kinds = yaml.safe_load(Path(__file__).with_name("injections.yaml").read_text("utf-8"))
    return tuple(
        PromptExample(kind, side == "attack", text)
        for side in ("attack", "benign")
        for kind, texts in kinds[side].items()
        for text in texts
    )


def train_injection(ordinary: Sequence[str]) -> TrainedInjection:
    """Train on all example prompts and on `ordinary` texts; limit, recall and metrics are out-of-fold."""
    examples = load_prompt_examples()
    attack = np.array([example.attack for example in examples])
    prompts, tickets = sparse_ngrams([example.text for example in examples]), sparse_ngrams(ordinary)
    prompt_logits, ticket_logits = _out_of_fold(prompts, attack, tickets)
    target = np.eye(2)[attack.astype(int)]
    fitted = temperature(two_logits(prompt_logits), target)
    of_prompts, of_tickets = (softmax(two_logits(logits / fitted))[:, 1] for logits in (prompt_logits, ticket_logits))
    harmless = of_tickets if len(ordinary) >= FEWEST_ORDINARY else of_prompts[~attack]
    limit = float(np.quantile(harmless, 1 - FALSE_ALARMS))
    regression = fit_injection(prompts, attack, tickets)
    regression.coef_, regression.intercept_ = regression.coef_ / fitted, regression.intercept_ / fitted
    kinds = np.array([example.kind for example in examples])
    return TrainedInjection(
        regression,
        limit,
        {
            kind: float((of_prompts[(kinds == kind) & attack] > limit).mean())
            for kind in dict.fromkeys(kinds[attack].tolist())
        },
        {
            "examples": float(len(attack)),
            "ordinary": float(len(ordinary)),
            "recall": float((of_prompts[attack] > limit).mean()),
            "false_alarms_hard": float((of_prompts[~attack] > limit).mean()),
            "ece": calibration_error(np.maximum(of_prompts, 1 - of_prompts), (of_prompts > 0.5) == attack),
            "brier": brier(softmax(two_logits(prompt_logits / fitted)), target),
            "temperature": fitted,
        },
    )


def fit_injection(prompts: Any, attack: NDArray[np.bool_], ordinary: Any) -> Any:
    """A logistic regression over the n-grams of example prompts [n] and of ordinary texts [m] that do not look like
    attacks.

    Both are `sparse_ngrams`; `attack` [n] labels the prompts.
    """
    first = _fitted(prompts, attack, ordinary)
    if not ordinary.shape[0]:
        return first
    return _fitted(prompts, attack, ordinary[first.decision_function(ordinary) < 0])


def sparse_ngrams(texts: Sequence[str]) -> Any:
    """N-grams of `texts` as a sparse matrix [n, dimensions]."""
    from scipy.sparse import csr_matrix, vstack

    starts = range(0, max(1, len(texts)), _BATCH)
    return vstack([csr_matrix(ngrams(texts[start : start + _BATCH])) for start in starts]).tocsr()


def two_logits(attack: NDArray[np.float64]) -> NDArray[np.float64]:
    """Logits of an attack [n] as logits of (harmless, attack) [n, 2]."""
    return np.stack([np.zeros_like(attack), attack], axis=1)


def _out_of_fold(
    prompts: Any, attack: NDArray[np.bool_], ordinary: Any
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Logits of every prompt [n] and ordinary text [m] by a regression fitted on the other folds."""
    logits = np.zeros(len(attack)), np.zeros(ordinary.shape[0])
    for fold in range(FOLDS):
        tested = tuple(np.arange(len(part)) % FOLDS == fold for part in logits)
        regression = fit_injection(prompts[~tested[0]], attack[~tested[0]], ordinary[~tested[1]])
        for part, texts, rows in zip(logits, (prompts, ordinary), tested, strict=True):
            if rows.any():
                part[rows] = regression.decision_function(texts[rows])
    return logits


def _fitted(prompts: Any, attack: NDArray[np.bool_], ordinary: Any) -> Any:
    from scipy.sparse import vstack
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits

    count, harmless = ordinary.shape[0], (~attack).sum()
    attack_weight = (2 if count else 1) * harmless / attack.sum()
    weights = [np.where(attack, attack_weight, 1.0), np.full(count, harmless / max(1, count))]
    regression = LogisticRegression(C=INVERSE_REGULARISATION, max_iter=1_000)
    with threadpool_limits(1):  # as in classifier.py
        return regression.fit(
            vstack([prompts, ordinary]).tocsr(),
            np.concatenate([attack.astype(np.int64), np.zeros(count, np.int64)]),
            sample_weight=np.concatenate(weights),
        )
