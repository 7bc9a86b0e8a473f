"""The classifiers on frozen embeddings: seconds to train, so all are trained whenever there is anything new.

    intent      vector of a ticket -> its intent          logistic regression and kernel density
    prior       vector of a ticket -> article ids         logistic regression on resolved tickets and on the sections of
                                                          the articles
    injection   n-grams of a text -> attack or not        logistic regression (injection.py) on example prompts and on
                                                          the newest tickets

    trained = train_classifiers(tickets, pairs, ordinary={ticket_id: text}, profile=profile)
    model = export_classifiers(trained, store, base=document_tower.base, trained_on=features.digest)

A classifier with too few examples is absent, with the reason.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from nightshift.progress import log
from nightshift.settings import Profile
from nightshift.text.ngrams import ngrams
from nightshift.train.classifier import INTENT, PRIOR, Classifier, fit_calibrated
from nightshift.train.dataset import LabelledVectors, frequent, recent
from nightshift.train.injection import load_prompt_examples, train_injection

FEWEST_EXAMPLES = {"intent": 5, "prior": 1}  # of a label
PARITY_EVERY = 4  # every fourth example prompt checks the export of the injection classifier


@dataclass(frozen=True)
class TrainedClassifier:
    """One classifier, or the reason why it is `absent`.

    `parity_vectors` float32 [n, dim] are those that its export is checked on, `facts` what classifiers.json holds of
    it, `ticket_ids` the tickets it was trained on.
    """

    absent: str = ""
    summary: str = ""
    classifier: Classifier | None = None
    parity_vectors: NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, 0), np.float32))
    metrics: dict[str, float] = field(default_factory=dict)
    facts: dict[str, object] = field(default_factory=dict)
    ticket_ids: Sequence[str] = ()


def train_classifiers(
    tickets: LabelledVectors, pairs: LabelledVectors, *, ordinary: Mapping[str, str] | None, profile: Profile
) -> dict[str, TrainedClassifier]:
    """Train and calibrate every classifier: {'intent': ..., 'prior': ..., 'injection': ...}.

    `tickets` are labelled with intents, of which the newest `profile.intent_tickets` are used; `pairs` with article
    ids. `ordinary` tickets, text by id, are harmless examples for the injection classifier; with None there is none.
    """
    trained = {
        "intent": _on_vectors(recent(tickets, profile.intent_tickets), "intent"),
        "prior": _on_vectors(pairs, "prior"),
        "injection": _injection(ordinary),
    }
    for name, result in trained.items():
        log(f"    {name} classifier  {result.absent and 'absent: '}{result.absent or result.summary}")
    return trained


def _on_vectors(rows: LabelledVectors, name: str) -> TrainedClassifier:
    rows = frequent(rows, FEWEST_EXAMPLES[name])
    classifier, metrics, slices = fit_calibrated(rows, INTENT if name == "intent" else PRIOR)
    if classifier is None:
        return TrainedClassifier(f"{len(set(rows.labels))} labels with enough examples: two are needed")
    return TrainedClassifier(
        summary=f"{len(classifier.labels):,} labels from {len(rows.labels):,} examples",
        classifier=classifier,
        parity_vectors=rows.examples()[0],
        metrics=metrics,
        facts={"slices": slices} if slices else {},
        ticket_ids=rows.ticket_ids,
    )


def _injection(ordinary: Mapping[str, str] | None) -> TrainedClassifier:
    if ordinary is None:
        return TrainedClassifier("no ordinary texts were given")
    ids, prompts = sorted(ordinary), load_prompt_examples()
    trained = train_injection([ordinary[ticket] for ticket in ids])
    return TrainedClassifier(
        summary=f"{len(prompts):,} example prompts and {len(ids):,} ordinary tickets",
        classifier=Classifier.from_regression(trained.regression),
        parity_vectors=ngrams([prompt.text for prompt in prompts[::PARITY_EVERY]]),
        metrics=trained.metrics,
        facts={"limit": float(f"{trained.limit:.6g}"), "recall": trained.recall},
        ticket_ids=ids,
    )
