"""One classifier on frozen embeddings: a logistic regression, and for intents a kernel density over the examples.

    classifier, metrics, slices = fit_calibrated(rows, INTENT)
    classifier.probabilities(vectors)      # [n, len(classifier.labels)]

Fitted on the oldest four fifths of the tickets, calibrated on the next tenth, measured on the newest tenth; the
classifier that is returned is then fitted on all of them. Calibration chooses the temperature and the weight of the
kernel density (which may be 0) together, by the likelihood of the calibration tenth.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from nightshift.metrics.calibration import negative_log_likelihood, softmax, temperature
from nightshift.metrics.classification import classification_metrics, frequency_of, length_of, targets
from nightshift.train.dataset import LabelledVectors
from nightshift.train.kernel_density import MAX_EXAMPLES, KernelDensity

KERNEL_WEIGHTS = (0.0, 0.1, 0.2, 0.3, 0.45, 0.6)  # tried in calibration; the regression has weight 1
FEWEST_HELD_OUT = 40  # tickets of the newest tenth: with fewer, calibration and measures would be noise


@dataclass(frozen=True)
class Hyperparameters:
    """How a classifier is fitted; `inverse_regularisation` is the C of scikit-learn."""

    inverse_regularisation: float = 10.0  # vectors have length 1: C = 1 would flatten every classifier
    tolerance: float = 1e-3
    kernel_density: bool = False


# Intents have more tickets per label and one right label each, so a weaker regularisation pays; it needs a smaller
# tolerance to converge.
INTENT = Hyperparameters(inverse_regularisation=30.0, tolerance=1e-3 / 9, kernel_density=True)
PRIOR = Hyperparameters()  # no kernel density: past tickets have a score of their own (retrieval/ticket_knn.py)


@dataclass(frozen=True)
class Classifier:
    """Logits are vectors @ weights + bias + kernel_weight * log density; `weights` [dim, labels], `bias` [labels]."""

    labels: list[str]
    weights: NDArray[np.float64]
    bias: NDArray[np.float64]
    density: KernelDensity | None = None
    kernel_weight: float = 0.0

    @classmethod
    def from_regression(cls, regression: Any) -> Self:
        """A fitted scikit-learn LogisticRegression; of two labels the first one's logit is 0."""
        weights, bias = np.asarray(regression.coef_.T, np.float64), np.asarray(regression.intercept_, np.float64)
        if weights.shape[1] == 1:
            weights, bias = np.concatenate([0 * weights, weights], axis=1), np.concatenate([0 * bias, bias])
        return cls([str(label) for label in regression.classes_], weights, bias)

    def logits(self, vectors: NDArray[np.float32]) -> NDArray[np.float64]:
        """Unnormalised log-probabilities [n, labels]."""
        linear = vectors @ self.weights + self.bias
        if not (self.density and self.kernel_weight):
            return linear
        return linear + self.kernel_weight * self.density.log_density(vectors)

    def probabilities(self, vectors: NDArray[np.float32]) -> NDArray[np.float64]:
        """Probabilities [n, labels]."""
        return softmax(self.logits(vectors))

    def calibrated(self, temperature: float, kernel_weight: float) -> "Classifier":
        """This classifier with that kernel weight, and its logits divided by `temperature`."""
        return replace(
            self,
            weights=self.weights / temperature,
            bias=self.bias / temperature,
            kernel_weight=kernel_weight / temperature,
        )


def fit_classifier(rows: LabelledVectors, hyperparameters: Hyperparameters = PRIOR) -> Classifier | None:
    """A classifier over the labels of `rows`, with kernel weight 0; None where there are fewer than two labels."""
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits

    vectors, labels, weights = rows.examples()
    if len(set(labels)) < 2:
        return None
    regression = LogisticRegression(
        C=hyperparameters.inverse_regularisation, max_iter=500, tol=hyperparameters.tolerance
    )
    with threadpool_limits(1):  # twice as fast on two cores: the matrices are small, and idle threads spin
        regression.fit(vectors, np.array(labels), sample_weight=weights)
    classifier = Classifier.from_regression(regression)
    return (
        replace(classifier, density=_density(rows, classifier.labels)) if hyperparameters.kernel_density else classifier
    )


def _density(rows: LabelledVectors, labels: list[str]) -> KernelDensity:
    if len(rows.labels) > MAX_EXAMPLES:
        rows = rows.rows(np.flatnonzero(rows.newest(MAX_EXAMPLES / len(rows.labels))))
    column = {label: position for position, label in enumerate(labels)}
    return KernelDensity(rows.vectors, np.array([column[label] for label in rows.labels], np.int64), len(labels))


def fit_temperature(classifier: Classifier, rows: LabelledVectors) -> tuple[float, float]:
    """The temperature and kernel weight under which `rows`, which the classifier has not seen, are likeliest."""
    target = targets(rows.ticket_ids, rows.labels, classifier.labels)
    linear = classifier.logits(rows.vectors)
    density = classifier.density.log_density(rows.vectors) if classifier.density else 0 * linear
    candidates = []
    for kernel_weight in KERNEL_WEIGHTS if classifier.density else KERNEL_WEIGHTS[:1]:
        logits = linear + kernel_weight * density
        fitted = temperature(logits, target)
        candidates.append((negative_log_likelihood(logits / fitted, target), kernel_weight, fitted))
    _, kernel_weight, fitted = min(candidates)
    return fitted, kernel_weight


def fit_calibrated(
    rows: LabelledVectors, hyperparameters: Hyperparameters = PRIOR
) -> tuple[Classifier | None, dict[str, float], dict[str, dict[str, float]]]:
    """The classifier fitted on all `rows`, its metrics on the newest tenth, and those by slice.

    The metrics and the calibration come from a classifier that has not seen the newest fifth. With fewer than
    FEWEST_HELD_OUT rows in the newest tenth the classifier is not calibrated, and only counts are returned.
    """
    classifier = fit_classifier(rows, hyperparameters)
    if classifier is None:
        return None, {}, {}
    counts = {"examples": float(len(rows.labels)), "labels": float(len(classifier.labels))}
    held_out, tested = rows.newest(0.2), rows.newest(0.1)
    oldest = rows.rows(np.flatnonzero(~held_out))
    out_of_time = fit_classifier(oldest, hyperparameters)
    if out_of_time is None or tested.sum() < FEWEST_HELD_OUT:
        return classifier, counts, {}
    fitted, kernel_weight = fit_temperature(out_of_time, rows.rows(np.flatnonzero(held_out & ~tested)))
    newest = rows.rows(np.flatnonzero(tested))
    metrics, slices = _measured(out_of_time.calibrated(fitted, kernel_weight), newest, Counter(oldest.labels))
    chosen = {"temperature": fitted, **({"kernel_weight": kernel_weight} if hyperparameters.kernel_density else {})}
    return classifier.calibrated(fitted, kernel_weight), {**counts, **chosen, **metrics}, slices


def _measured(
    classifier: Classifier, rows: LabelledVectors, examples: Mapping[str, int]
) -> tuple[dict[str, float], dict[str, dict[str, float]]]:
    """Metrics per ticket; and by its length, and by how many `examples` its (first) label had in training."""
    first = {ticket: row for row, ticket in reversed(list(enumerate(rows.ticket_ids)))}
    tickets = rows.rows(first[ticket] for ticket in sorted(first))
    position = {ticket: index for index, ticket in enumerate(tickets.ticket_ids)}
    target = np.zeros((len(position), len(classifier.labels)))
    for ticket, share in zip(rows.ticket_ids, targets(rows.ticket_ids, rows.labels, classifier.labels), strict=True):
        target[position[ticket]] += share
    slices = {"examples": [frequency_of(examples[label]) for label in tickets.labels]}
    if tickets.n_words:
        slices["words"] = [length_of(words) for words in tickets.n_words]
    return classification_metrics(classifier.probabilities(tickets.vectors), target, slices)
