"""The heads: logistic regressions over frozen document-tower vectors of tickets, seconds to learn in full.

    intent   vector of a ticket -> its intent            labels: tickets that carry one
    prior    vector of a ticket -> article ids           labels: what resolved past tickets, frequent articles first

    model = train_heads(Labelled(ids, vectors, intents, created_at), Labelled(ids, vectors, article_ids, created_at),
                        profile=profile, store=store, base=tower.base, trained_on=features.digest)

A head with fewer than two labels to tell apart is absent, and heads.json says why. Each head is learned from the
oldest four fifths, calibrated on the next tenth and measured on the newest tenth; the one that is kept has then
learned from all of it.
"""

import copy
import dataclasses
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nightshift.artifacts import Model
from nightshift.export.heads import write_head
from nightshift.modeltree import store_model, write_trained_on
from nightshift.progress import say
from nightshift.settings import Profile
from nightshift.store import Store
from nightshift.store.files import canonical_json
from nightshift.train.calibration import brier, calibration_error, softmax, temperature
from nightshift.train.holdout import newest

INVERSE_REGULARISATION = 10.0  # vectors have length 1: the default of 1 would flatten every head
FEWEST_EXAMPLES = {"intent": 5, "prior": 1}
FEWEST_HELD_OUT = 40  # below it calibration and measures would be noise


@dataclass(frozen=True)
class Labelled:
    """Rows to learn from: ticket ids, their vectors float32 [n, dim], one label each ('' = none), and when they came.

    A ticket with several labels has several rows, which together weigh as one.
    """

    ticket_ids: Sequence[str]
    vectors: NDArray[np.float32]
    labels: Sequence[str]
    created_at: Sequence[datetime]

    def rows(self, chosen: Iterable[int]) -> "Labelled":
        """The `chosen` rows, in that order."""
        order = [int(row) for row in chosen]
        return Labelled(
            [self.ticket_ids[row] for row in order],
            self.vectors[order],
            [self.labels[row] for row in order],
            [self.created_at[row] for row in order],
        )

    def newest(self, share: float) -> NDArray[np.bool_]:
        """True for the rows of the newest `share` of the tickets."""
        return newest(self.created_at, self.ticket_ids, share)


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


def fit_head(rows: Labelled) -> Head | None:
    """A head over the labels of `rows`; None when there are fewer than two to tell apart."""
    from sklearn.linear_model import LogisticRegression

    if len(set(rows.labels)) < 2:
        return None
    shares = Counter(rows.ticket_ids)
    weights = np.array([1 / shares[ticket] for ticket in rows.ticket_ids])
    regression = LogisticRegression(C=INVERSE_REGULARISATION, max_iter=300, tol=1e-3)
    regression.fit(rows.vectors, np.array(rows.labels), sample_weight=weights)
    return Head(regression, [str(label) for label in regression.classes_])


def train_heads(
    tickets: Labelled, pairs: Labelled, *, profile: Profile, store: Store, base: str, trained_on: str
) -> Model:
    """Train, calibrate, export and check both heads, and keep them in one tree.

    `tickets` carry intents, `pairs` article ids; `base` and `trained_on` name the document tower's base and the
    features. Intents are learned from the newest `profile.intent_tickets`. Raises ParityExceeded.
    """
    metrics: dict[str, float] = {}
    absent: dict[str, str] = {}
    learned: set[str] = set()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for name, given in (("intent", recent(tickets, profile.intent_tickets)), ("prior", pairs)):
            rows = frequent(given, FEWEST_EXAMPLES[name])
            head, measures = calibrated(rows)
            (folder / f"{name}_labels.json").write_bytes(canonical_json(head.labels if head else []))
            if head is None:
                absent[name] = f"{len(set(rows.labels))} labels with enough examples: two are needed"
                say(f"    {name} head  absent: {absent[name]}")
                continue
            learned.update(rows.ticket_ids)
            measures["parity"] = write_head(head.regression, folder / f"{name}.onnx", rows.vectors)
            metrics |= {f"{name}_{measure}": value for measure, value in measures.items()}
            say(f"    {name} head  {len(head.labels):,} labels from {len(rows.labels):,} examples")
        (folder / "heads.json").write_bytes(canonical_json({"absent": absent}))
        write_trained_on(folder, learned)
        return store_model(folder, store, kind="heads", base=base, trained_on=trained_on, metrics=metrics)


def frequent(rows: Labelled, fewest: int) -> Labelled:
    """The rows whose label is not '' and occurs at least `fewest` times, sorted by ticket and label."""
    counts = Counter(rows.labels)
    kept = [row for row, label in enumerate(rows.labels) if label and counts[label] >= fewest]
    return rows.rows(sorted(kept, key=lambda row: (rows.ticket_ids[row], rows.labels[row])))


def recent(rows: Labelled, tickets: int) -> Labelled:
    """The newest `tickets` rows that carry a label at all."""
    labelled = rows.rows(row for row, label in enumerate(rows.labels) if label)
    if len(labelled.labels) <= tickets:
        return labelled
    return labelled.rows(np.flatnonzero(labelled.newest(tickets / len(labelled.labels))))


def calibrated(rows: Labelled) -> tuple[Head | None, dict[str, float]]:
    """The head of all `rows` at the temperature that the past asks for, and what its rehearsal reached."""
    head = fit_head(rows)
    if head is None:
        return None, {}
    measures = {"examples": float(len(rows.labels)), "labels": float(len(head.labels))}
    unseen, measured = rows.newest(0.2), rows.newest(0.1)
    rehearsal = fit_head(rows.rows(np.flatnonzero(~unseen)))
    if rehearsal is None or measured.sum() < FEWEST_HELD_OUT:
        return head, measures
    calibration = rows.rows(np.flatnonzero(unseen & ~measured))
    heat = temperature(rehearsal.logits(calibration.vectors), targets(calibration, rehearsal.labels))
    return head.cooled(heat), {
        **measures,
        "temperature": heat,
        **_measures(rehearsal.cooled(heat), rows.rows(np.flatnonzero(measured))),
    }


def targets(rows: Labelled, labels: Sequence[str]) -> NDArray[np.float64]:
    """One row per row of `rows`: its share of one ticket under its label; zeros for a label nobody learned."""
    column = {label: index for index, label in enumerate(labels)}
    shares = Counter(rows.ticket_ids)
    target = np.zeros((len(rows.labels), len(labels)))
    for row, (ticket, label) in enumerate(zip(rows.ticket_ids, rows.labels, strict=True)):
        if label in column:
            target[row, column[label]] = 1 / shares[ticket]
    return target


def _measures(head: Head, rows: Labelled) -> dict[str, float]:
    """Accuracy, ECE and Brier per ticket: any of its labels counts as right."""
    ids = sorted(set(rows.ticket_ids))
    place = {ticket: index for index, ticket in enumerate(ids)}
    target = np.zeros((len(ids), len(head.labels)))
    vectors = np.zeros((len(ids), rows.vectors.shape[1]), np.float32)
    for row, share in enumerate(targets(rows, head.labels)):
        target[place[rows.ticket_ids[row]]] += share
        vectors[place[rows.ticket_ids[row]]] = rows.vectors[row]
    probabilities = head.probabilities(vectors)
    right = target[np.arange(len(ids)), probabilities.argmax(axis=1)] > 0
    return {
        "accuracy": float(right.mean()),
        "ece": calibration_error(probabilities.max(axis=1), right),
        "brier": brier(probabilities, target),
        "held_out": float(len(ids)),
    }
