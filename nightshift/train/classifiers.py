"""The classifiers on frozen embeddings: seconds to learn, so they learn in full whenever there is anything new.

    intent      vector of a ticket -> its intent          logistic regression beside the nearest labelled tickets
    prior       vector of a ticket -> article ids         logistic regression over what resolved past tickets, and over
                                                          the articles' own sections
    injection   n-grams of a text -> is it an attack?     logistic regression (injection.py) over sentences of our own
                                                          and the newest tickets

    trained = train_classifiers(tickets, pairs, ordinary={ticket_id: text}, profile=profile)
    model = export_classifiers(trained, store, base=document_tower.base, trained_on=features.digest)

A classifier with too little to learn from is absent, and says why.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from nightshift.progress import log
from nightshift.settings import Profile
from nightshift.text.ngrams import ngrams
from nightshift.train.classifier import INTENT, PRIOR, Head, calibrated
from nightshift.train.dataset import Labelled, frequent, recent
from nightshift.train.injection import learn_injection, prompt_examples

FEWEST_EXAMPLES = {"intent": 5, "prior": 1}
PARITY_EVERY = 4  # of the sentences that the injection classifier is checked on


@dataclass(frozen=True)
class TrainedClassifier:
    """One classifier, or why it is `absent`.

    `parity_vectors` float32 [n, dim] are those its export is checked on, `facts` what a release says of it beside its
    weights, `ticket_ids` the tickets it learned from.
    """

    absent: str = ""
    summary: str = ""
    head: Head | None = None
    parity_vectors: NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, 0), np.float32))
    metrics: dict[str, float] = field(default_factory=dict)
    facts: dict[str, object] = field(default_factory=dict)
    ticket_ids: Sequence[str] = ()


def train_classifiers(
    tickets: Labelled, pairs: Labelled, *, ordinary: Mapping[str, str] | None, profile: Profile
) -> dict[str, TrainedClassifier]:
    """Train and calibrate every classifier: {'intent': ..., 'prior': ..., 'injection': ...}.

    `tickets` carry intents, of which the newest `profile.intent_tickets` are learned from; `pairs` carry article ids.
    `ordinary` tickets, text by id, say what is normal to ask; with None there is no injection classifier.
    """
    trained = {
        "intent": _labelled(recent(tickets, profile.intent_tickets), "intent"),
        "prior": _labelled(pairs, "prior"),
        "injection": _injection(ordinary),
    }
    for name, classifier in trained.items():
        log(f"    {name} classifier  {classifier.absent and 'absent: '}{classifier.absent or classifier.summary}")
    return trained


def _labelled(rows: Labelled, name: str) -> TrainedClassifier:
    rows = frequent(rows, FEWEST_EXAMPLES[name])
    head, metrics, slices = calibrated(rows, INTENT if name == "intent" else PRIOR)
    if head is None:
        return TrainedClassifier(f"{len(set(rows.labels))} labels with enough examples: two are needed")
    return TrainedClassifier(
        summary=f"{len(head.labels):,} labels from {len(rows.labels):,} examples",
        head=head,
        parity_vectors=rows.examples()[0],
        metrics=metrics,
        facts={"slices": slices} if slices else {},
        ticket_ids=rows.ticket_ids,
    )


def _injection(ordinary: Mapping[str, str] | None) -> TrainedClassifier:
    if ordinary is None:
        return TrainedClassifier("no texts were given to learn what is ordinary")
    ids = sorted(ordinary)
    learned = learn_injection([ordinary[ticket] for ticket in ids])
    return TrainedClassifier(
        summary=f"{len(prompt_examples()):,} sentences and {len(ids):,} ordinary tickets",
        head=Head.of(learned.regression),
        parity_vectors=ngrams([lesson.text for lesson in prompt_examples()[::PARITY_EVERY]]),
        metrics=learned.measures,
        facts={"limit": float(f"{learned.limit:.6g}"), "caught": learned.caught},
        ticket_ids=ids,
    )
