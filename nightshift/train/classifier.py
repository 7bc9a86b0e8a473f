"""One head: a logistic regression over vectors and, where its recipe says so, what the nearest examples are labelled.

    head, metrics, slices = calibrated(rows, INTENT)
    head.probabilities(vectors)      # [n, len(head.labels)]

It is learned from the oldest four fifths, calibrated on the next tenth and measured on the newest tenth; the one that
is kept has then learned from all of it. Calibrating finds two numbers together, those under which the tenth is
likeliest: the temperature, and how much say the neighbours have beside the regression, which may be none.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from nightshift.metrics.calibration import negative_log_likelihood, softmax, temperature
from nightshift.metrics.classification import frequency_of, judged, length_of, targets
from nightshift.train.dataset import Labelled
from nightshift.train.kernel_density import MOST, KernelDensity

INVERSE_REGULARISATION = 10.0  # vectors have length 1: the default of 1 would flatten every head
TOLERANCE = 1e-3
SAYS = (0.0, 0.1, 0.2, 0.3, 0.45, 0.6)  # of the neighbours, beside 1 for the regression
FEWEST_HELD_OUT = 40  # below it calibration and measures would be noise


@dataclass(frozen=True)
class Recipe:
    """How a head is learned: how many times as close it is fitted, and whether it remembers its examples."""

    closeness: float = 1.0
    remembers: bool = False


# More tickets a label, with one right answer each: a closer fit pays. Past tickets have a signal of their own in
# retrieval (retrieval/ticket_knn.py): the prior head need not remember them.
INTENT, PRIOR = Recipe(closeness=3.0, remembers=True), Recipe()


@dataclass(frozen=True)
class Head:
    """Logits are vectors @ weights + bias + say * the neighbours' evidence; `weights` [dim, labels], `bias` [labels]."""

    labels: list[str]
    weights: NDArray[np.float64]
    bias: NDArray[np.float64]
    neighbours: KernelDensity | None = None
    say: float = 0.0

    @classmethod
    def of(cls, regression: Any, neighbours: KernelDensity | None = None) -> Self:
        """A fitted scikit-learn LogisticRegression; of two labels the first one's logit is 0."""
        weights, bias = np.asarray(regression.coef_.T, np.float64), np.asarray(regression.intercept_, np.float64)
        if weights.shape[1] == 1:
            weights, bias = np.concatenate([0 * weights, weights], axis=1), np.concatenate([0 * bias, bias])
        return cls([str(label) for label in regression.classes_], weights, bias, neighbours)

    def logits(self, vectors: NDArray[np.float32]) -> NDArray[np.float64]:
        """Unnormalised log-probabilities [n, labels]."""
        plain = vectors @ self.weights + self.bias
        return plain + self.say * self.neighbours.evidence(vectors) if self.neighbours and self.say else plain

    def probabilities(self, vectors: NDArray[np.float32]) -> NDArray[np.float64]:
        """Probabilities [n, labels]."""
        return softmax(self.logits(vectors))

    def tempered(self, heat: float, say: float) -> "Head":
        """The same head with so much say for its neighbours, and its logits divided by `heat`."""
        return replace(self, weights=self.weights / heat, bias=self.bias / heat, say=say / heat)


def fit_head(rows: Labelled, recipe: Recipe = PRIOR) -> Head | None:
    """A head over the labels of `rows`, whose neighbours have no say yet; None with fewer than two labels to tell apart."""
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits

    vectors, labels, weights = rows.examples()
    if len(set(labels)) < 2:
        return None
    # The closer the fit, the later it converges: stopped early it would be worse than a looser one.
    closeness = recipe.closeness
    regression = LogisticRegression(C=INVERSE_REGULARISATION * closeness, max_iter=500, tol=TOLERANCE / closeness**2)
    with threadpool_limits(1):  # twice as fast on two cores: the matrices are small, and idle threads spin
        regression.fit(vectors, np.array(labels), sample_weight=weights)
    head = Head.of(regression)
    return replace(head, neighbours=_neighbours(rows, head.labels)) if recipe.remembers else head


def _neighbours(rows: Labelled, labels: list[str]) -> KernelDensity:
    known = rows if len(rows.labels) <= MOST else rows.rows(np.flatnonzero(rows.newest(MOST / len(rows.labels))))
    column = {label: place for place, label in enumerate(labels)}
    return KernelDensity(known.vectors, np.array([column[label] for label in known.labels], np.int64), len(labels))


def fit_temperature(head: Head, rows: Labelled) -> tuple[float, float]:
    """The temperature and the neighbours' say under which `rows`, which the head has not seen, are likeliest."""
    target = targets(rows.ticket_ids, rows.labels, head.labels)
    plain = head.logits(rows.vectors)
    near = head.neighbours.evidence(rows.vectors) if head.neighbours else 0 * plain
    tried = []
    for say in SAYS if head.neighbours else SAYS[:1]:
        heat = temperature(plain + say * near, target)
        tried.append((negative_log_likelihood((plain + say * near) / heat, target), say, heat))
    _, say, heat = min(tried)
    return heat, say


def calibrated(
    rows: Labelled, recipe: Recipe = PRIOR
) -> tuple[Head | None, dict[str, float], dict[str, dict[str, float]]]:
    """The head of all `rows` with the dials that the past asks for, what its rehearsal reached, and that by slice."""
    head = fit_head(rows, recipe)
    if head is None:
        return None, {}, {}
    counts = {"examples": float(len(rows.labels)), "labels": float(len(head.labels))}
    unseen, measured = rows.newest(0.2), rows.newest(0.1)
    old = rows.rows(np.flatnonzero(~unseen))
    rehearsal = fit_head(old, recipe)
    if rehearsal is None or measured.sum() < FEWEST_HELD_OUT:
        return head, counts, {}
    heat, say = fit_temperature(rehearsal, rows.rows(np.flatnonzero(unseen & ~measured)))
    newest = rows.rows(np.flatnonzero(measured))
    reached, slices = _judged(rehearsal.tempered(heat, say), newest, Counter(old.labels))
    told = {"temperature": heat, **({"neighbours": say} if recipe.remembers else {})}
    return head.tempered(heat, say), {**counts, **told, **reached}, slices


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
