"""The heads: what can be learned in seconds from what past tickets said, in full whenever any of it is new.

    intent      vector of a ticket -> its intent               logistic regression; labels: tickets that carry one
    prior       vector of a ticket -> article ids              logistic regression; labels: what resolved past tickets,
                                                               and the articles' own sections
    unfamiliar  vector -> how unlike all earlier tickets       unfamiliar.py; by intent, or by article where there are none
    injection   letters of a text -> does it give orders?      injection.py; sentences of our own and the newest tickets

    model = train_heads(Labelled(ids, vectors, intents, created_at), Labelled(ids, vectors, article_ids, created_at),
                        ordinary={ticket_id: text}, profile=profile, store=store, base=tower.base,
                        trained_on=features.digest)

A head with too little to learn from is absent, and heads.json says why; it also holds the limits and the slices. Each
head over tickets is learned from the oldest four fifths, calibrated on the next tenth and measured on the newest
tenth; the one that is kept has then learned from all of it.
"""

import copy
import dataclasses
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nightshift.artifacts import Model
from nightshift.export.heads import write_distances, write_head
from nightshift.modeltree import store_model, write_trained_on
from nightshift.progress import say
from nightshift.runtime.ngrams import ngrams
from nightshift.settings import Profile
from nightshift.store import Store
from nightshift.store.files import canonical_json
from nightshift.train.calibration import softmax, temperature
from nightshift.train.injection import learn_injection, lessons
from nightshift.train.measures import frequency_of, judged, length_of, targets
from nightshift.train.rows import Labelled, frequent, recent
from nightshift.train.unfamiliar import learn_familiar

INVERSE_REGULARISATION = 10.0  # vectors have length 1: the default of 1 would flatten every head
TOLERANCE = 1e-3
INTENTS_FIT_CLOSER = 3.0  # times: there are more tickets a label, with one right answer each
FEWEST_EXAMPLES = {"intent": 5, "prior": 1, "unfamiliar": 5}
FEWEST_HELD_OUT = 40  # below it calibration and measures would be noise
PARITY_EVERY = 4  # of the sentences that the injection head is checked on


@dataclass(frozen=True)
class Head:
    """A fitted logistic regression whose coefficients are already divided by its temperature."""

    regression: Any
    labels: list[str]

    def logits(self, vectors: NDArray[np.float32]) -> NDArray[np.float64]:
        """Unnormalised log-probabilities [n, labels]; with two labels the first one's are 0."""
        logits = np.asarray(self.regression.decision_function(vectors), np.float64)
        return logits if logits.ndim == 2 else np.stack([np.zeros_like(logits), logits], axis=1)

    def probabilities(self, vectors: NDArray[np.float32]) -> NDArray[np.float64]:
        """Probabilities [n, labels]."""
        return softmax(self.logits(vectors))

    def cooled(self, by: float) -> "Head":
        """The same head with its logits divided by `by`."""
        regression = copy.copy(self.regression)
        regression.coef_, regression.intercept_ = self.regression.coef_ / by, self.regression.intercept_ / by
        return dataclasses.replace(self, regression=regression)


def fit_head(rows: Labelled, closeness: float = 1.0) -> Head | None:
    """A head over the labels of `rows`, fitted `closeness` times as close; None with fewer than two to tell apart."""
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits

    vectors, labels, weights = rows.examples()
    if len(set(labels)) < 2:
        return None
    # The closer the fit, the later it converges: stopped early it would be worse than a looser one.
    regression = LogisticRegression(C=INVERSE_REGULARISATION * closeness, max_iter=500, tol=TOLERANCE / closeness**2)
    with threadpool_limits(1):  # twice as fast on two cores: the matrices are small, and idle threads spin
        regression.fit(vectors, np.array(labels), sample_weight=weights)
    return Head(regression, [str(label) for label in regression.classes_])


def train_heads(
    tickets: Labelled,
    pairs: Labelled,
    *,
    ordinary: Mapping[str, str] | None = None,
    profile: Profile,
    store: Store,
    base: str,
    trained_on: str,
) -> Model:
    """Train, calibrate, export and check every head, and keep them in one tree.

    `tickets` carry intents, `pairs` article ids; `ordinary` tickets by id, as texts, say what is normal to ask; without
    them (None, not none of them) there is no injection head.
    `base` and `trained_on` name the document tower's base and the features. Intents are learned from the newest
    `profile.intent_tickets`. Raises ParityExceeded.
    """
    tickets = recent(tickets, profile.intent_tickets)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        learned = {
            "intent": _classifier("intent", tickets, folder),
            "prior": _classifier("prior", pairs, folder),
            "unfamiliar": _unfamiliar(tickets if len(set(tickets.labels)) > 1 else pairs, folder),
            "injection": _injection(ordinary, folder),
        }
        for name, head in learned.items():
            say(f"    {name} head  {head.absent and 'absent: '}{head.absent or head.said}")
        about = {name: head.facts for name, head in learned.items() if head.facts}
        absent = {name: head.absent for name, head in learned.items() if head.absent}
        (folder / "heads.json").write_bytes(canonical_json({"absent": absent, **about}))
        write_trained_on(folder, (ticket for head in learned.values() for ticket in head.ticket_ids))
        metrics = {f"{name}_{one}": value for name, head in learned.items() for one, value in head.metrics.items()}
        return store_model(folder, store, kind="heads", base=base, trained_on=trained_on, metrics=metrics)


@dataclass(frozen=True)
class _Learned:
    """What became of one head: why it is absent, or what it said, measured, knows and has seen."""

    absent: str = ""
    said: str = ""
    metrics: dict[str, float] = field(default_factory=dict)
    facts: dict[str, object] = field(default_factory=dict)
    ticket_ids: Sequence[str] = ()


def _classifier(name: str, given: Labelled, folder: Path) -> _Learned:
    rows = frequent(given, FEWEST_EXAMPLES[name])
    head, metrics, slices = calibrated(rows, INTENTS_FIT_CLOSER if name == "intent" else 1.0)
    (folder / f"{name}_labels.json").write_bytes(canonical_json(head.labels if head else []))
    if head is None:
        return _Learned(absent=f"{len(set(rows.labels))} labels with enough examples: two are needed")
    metrics["parity"] = write_head(head.regression, folder / f"{name}.onnx", rows.examples()[0])
    said = f"{len(head.labels):,} labels from {len(rows.labels):,} examples"
    return _Learned("", said, metrics, {"slices": slices} if slices else {}, rows.ticket_ids)


def _unfamiliar(given: Labelled, folder: Path) -> _Learned:
    rows = frequent(given, FEWEST_EXAMPLES["unfamiliar"])
    fresh, measured = rows.newest(0.2), rows.newest(0.1)
    if measured.sum() < FEWEST_HELD_OUT:
        return _Learned(absent=f"{len(rows.labels)} labelled tickets: {10 * FEWEST_HELD_OUT} are needed")
    learned = learn_familiar(rows.vectors, rows.labels, fresh, measured)
    metrics = {
        "examples": float(len(rows.labels)),
        "accepted": learned.accepted,
        "parity": write_distances(learned.familiar, folder / "unfamiliar.onnx", rows.vectors),
    }
    said = f"{len(set(rows.labels)):,} labels from {len(rows.labels):,} examples"
    return _Learned("", said, metrics, {"quantiles": learned.quantiles}, rows.ticket_ids)


def _injection(ordinary: Mapping[str, str] | None, folder: Path) -> _Learned:
    if ordinary is None:
        return _Learned(absent="no texts were given to learn what is ordinary")
    ids = sorted(ordinary)
    found = learn_injection([ordinary[ticket] for ticket in ids])
    checked = ngrams([lesson.text for lesson in lessons()[::PARITY_EVERY]])
    parity = write_head(found.regression, folder / "injection.onnx", checked)
    said = f"{len(lessons()):,} sentences and {len(ids):,} ordinary tickets"
    facts: dict[str, object] = {"limit": float(f"{found.limit:.6g}"), "caught": found.caught}
    return _Learned("", said, {**found.measures, "parity": parity}, facts, ids)


def calibrated(
    rows: Labelled, closeness: float = 1.0
) -> tuple[Head | None, dict[str, float], dict[str, dict[str, float]]]:
    """The head of all `rows` at the temperature that the past asks for, what its rehearsal reached, and that by slice."""
    head = fit_head(rows, closeness)
    if head is None:
        return None, {}, {}
    counts = {"examples": float(len(rows.labels)), "labels": float(len(head.labels))}
    unseen, measured = rows.newest(0.2), rows.newest(0.1)
    old = rows.rows(np.flatnonzero(~unseen))
    rehearsal = fit_head(old, closeness)
    if rehearsal is None or measured.sum() < FEWEST_HELD_OUT:
        return head, counts, {}
    calibration = rows.rows(np.flatnonzero(unseen & ~measured))
    heat = temperature(
        rehearsal.logits(calibration.vectors), targets(calibration.ticket_ids, calibration.labels, rehearsal.labels)
    )
    reached, slices = _judged(rehearsal.cooled(heat), rows.rows(np.flatnonzero(measured)), Counter(old.labels))
    return head.cooled(heat), {**counts, "temperature": heat, **reached}, slices


def _judged(
    head: Head, rows: Labelled, examples: Mapping[str, int]
) -> tuple[dict[str, float], dict[str, dict[str, float]]]:
    """Measures per ticket, and by its length and by how many `examples` its (first) label had to be learned from."""
    first = {ticket: row for row, ticket in reversed(list(enumerate(rows.ticket_ids)))}
    tickets = rows.rows(first[ticket] for ticket in sorted(first))
    place = {ticket: index for index, ticket in enumerate(tickets.ticket_ids)}
    target = np.zeros((len(place), len(head.labels)))
    for ticket, share in zip(rows.ticket_ids, targets(rows.ticket_ids, rows.labels, head.labels), strict=True):
        target[place[ticket]] += share
    ways = {"examples": [frequency_of(examples[label]) for label in tickets.labels]}
    if tickets.n_words:
        ways["words"] = [length_of(words) for words in tickets.n_words]
    return judged(head.probabilities(tickets.vectors), target, ways)
