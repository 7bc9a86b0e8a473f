"""A study: how well novelty scores find questions of an unknown intent, without such questions in training.

    python -m bench.studies.novelty --train DATA/clinc150/train_val.parquet --label-column intent --novel-column is_oos

Fitted on known questions alone; novel ones (a true value in --novel-column) are only for the test. Without --test a
fifth of the known questions is held out. A tenth of the training questions sets the limit that 19 of 20 known questions
stay below; recall is the share of novel questions above it. Compared with two common scores on the same vectors: the
cosine to the nearest label's mean, and the mean cosine to the ten nearest questions.

The relative Mahalanobis distance of Ren et al. 2021 (arXiv:2106.09022): how far a vector lies from the nearest label's
mean, less how far it lies from the mean of all, each in units of its own spread. It was a part of every release until
it turned out that nothing used it.
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.texts import Texts, held_out, interval, read, vectors
from nightshift.progress import cpu_seconds

SHRINKAGE = 0.5  # of each covariance towards a ball: with a few tickets a label its small directions are noise
ACCEPTED = 0.95  # of known questions, where recall is measured

Score = Callable[[NDArray[np.float32]], NDArray[np.floating]]  # vectors [n, dim] -> novelty [n]


@dataclass(frozen=True)
class RelativeMahalanobis:
    """Relative Mahalanobis distance, multiplied out: x Q x + min over labels of (x W + b), a dimension.

    `quadratic` float64 [dim, dim], `linear` [dim, labels], `constant` [labels].
    """

    quadratic: NDArray[np.float64]
    linear: NDArray[np.float64]
    constant: NDArray[np.float64]

    def distances(self, vectors: NDArray[np.float32]) -> NDArray[np.float64]:
        """How unlike each vector [n, dim] is to every label: [n]."""
        curved = ((vectors @ self.quadratic) * vectors).sum(axis=1)
        return np.asarray(curved + (vectors @ self.linear + self.constant).min(axis=1))


def fit_mahalanobis(vectors: NDArray[np.float32], labels: Sequence[str]) -> RelativeMahalanobis:
    """Fit on `vectors` [n, dim] with `labels`. With a single label all distances are 0."""
    names, of_row = np.unique(np.array(labels), return_inverse=True)
    rows = vectors.astype(np.float64)
    sums = np.zeros((len(names), rows.shape[1]))
    np.add.at(sums, of_row, rows)
    means = sums / np.bincount(of_row)[:, None]
    middle = rows.mean(axis=0)
    within, overall = _precision(rows - means[of_row]), _precision(rows - middle)
    return RelativeMahalanobis(
        quadratic=within - overall,
        linear=2 * ((overall @ middle)[:, None] - within @ means.T),
        constant=np.einsum("ld,de,le->l", means, within, means) - middle @ overall @ middle,
    )


def _precision(residuals: NDArray[np.float64]) -> NDArray[np.float64]:
    """The inverse of their shrunk covariance [dim, dim], divided by the number of dimensions."""
    dim = residuals.shape[1]
    covariance = residuals.T @ residuals / len(residuals)
    ball = max(np.trace(covariance) / dim, 1e-9)  # copies of one ticket have no spread at all
    return np.asarray(np.linalg.inv((1 - SHRINKAGE) * covariance + SHRINKAGE * ball * np.eye(dim)) / dim)


def mahalanobis(known: NDArray[np.float32], labels: NDArray[np.object_]) -> Score:
    return fit_mahalanobis(known, [str(label) for label in labels]).distances


def class_means(known: NDArray[np.float32], labels: NDArray[np.object_]) -> Score:
    names = labels.astype(str)
    means = np.stack([known[names == name].mean(axis=0) for name in np.unique(names)])
    means /= np.linalg.norm(means, axis=1, keepdims=True)
    return lambda embedded: -(embedded @ means.T).max(axis=1)


def nearest(known: NDArray[np.float32], labels: NDArray[np.object_]) -> Score:  # noqa: ARG001  one shape for all scores
    return lambda embedded: -np.sort(embedded @ known.T, axis=1)[:, -10:].mean(axis=1)


SCORES = {
    "relative Mahalanobis": mahalanobis,
    "cosine to a label's mean": class_means,
    "ten nearest questions": nearest,
}


def table(train: Texts, known: Texts, novel: Texts, seed: int) -> str:
    """One row a score; AUROC as the share of pairs in the right order."""
    from sklearn.metrics import roc_auc_score

    embedded, _ = vectors([*train.texts, *known.texts, *novel.texts])
    learned, test_known, test_novel = np.split(embedded, [len(train.texts), len(train.texts) + len(known.texts)])
    labels = train.columns["label"]
    held = held_out(labels, 0.1, seed)
    lines = [
        "| score | AUROC | known accepted | novel found | fitting, CPU s |",
        "|---|---|---|---|---|",
    ]
    for name, fit in SCORES.items():
        limit = np.quantile(fit(learned[~held], labels[~held])(learned[held]), ACCEPTED)
        started = cpu_seconds()
        score = fit(learned, labels)
        spent = cpu_seconds() - started
        of_known, of_novel = score(test_known), score(test_novel)
        truth = np.r_[np.zeros(len(of_known)), np.ones(len(of_novel))]
        area = roc_auc_score(truth, np.r_[of_known, of_novel])
        lines.append(
            f"| {name} | {area:.3f} | {interval(of_known <= limit, seed)} | {interval(of_novel > limit, seed)} "
            f"| {spent:.2f} |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--train", type=Path, required=True)
    parser.add_argument("--test", type=Path, help="known and novel questions; without it both come from --train")
    parser.add_argument("--text-column", default="text")
    parser.add_argument("--label-column", default="label")
    parser.add_argument("--novel-column", default="is_oos")
    parser.add_argument("--seed", type=int, default=7)
    arguments = parser.parse_args()
    columns = {"label": arguments.label_column, "novel": arguments.novel_column}
    rows = read(arguments.train, arguments.text_column, **columns)
    known = rows.rows(np.flatnonzero(~rows.columns["novel"].astype(bool)))
    if arguments.test:
        test = read(arguments.test, arguments.text_column, **columns)
        test_novel = test.columns["novel"].astype(bool)
        train, test_known, novel = known, test.rows(np.flatnonzero(~test_novel)), test.rows(np.flatnonzero(test_novel))
    else:
        held = held_out(known.columns["label"], 0.2, arguments.seed)
        train, test_known = known.rows(np.flatnonzero(~held)), known.rows(np.flatnonzero(held))
        novel = rows.rows(np.flatnonzero(rows.columns["novel"].astype(bool)))
    print(table(train, test_known, novel, arguments.seed))
    labels = len(set(train.columns["label"]))
    print(
        f"\nFitted on {len(train.texts):,} known questions of {labels} labels; tested on "
        f"{len(test_known.texts):,} known and {len(novel.texts):,} novel; seed {arguments.seed}."
    )


if __name__ == "__main__":
    main()
