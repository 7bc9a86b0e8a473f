"""Questions of a kind that nobody asked before: how well the unfamiliar score finds them, having seen none.

    python -m bench.unfamiliar --train ../shared/data/clinc150/train_val.parquet --label-column intent --strange-column is_oos

Learned from known questions alone; strange ones (a true value in --strange-column) are only for the test. Without --test
a fifth of the known questions is held out. A tenth of what is learned from sets the distances of new known questions, by
which 19 of 20 should be accepted; recall is the share of strange questions above that. Beside it two usual scores on the
same vectors: the cosine to the nearest label's mean, and the mean cosine to the ten nearest questions.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.texts import Texts, held_out, interval, read, vectors
from nightshift.progress import cpu_seconds
from nightshift.train.novelty import ACCEPTED, fit_familiar

Score = Callable[[NDArray[np.float32]], NDArray[np.floating]]  # vectors [n, dim] -> strangeness [n]


def mahalanobis(known: NDArray[np.float32], labels: NDArray[np.object_]) -> Score:
    return fit_familiar(known, [str(label) for label in labels]).distances


def class_means(known: NDArray[np.float32], labels: NDArray[np.object_]) -> Score:
    names = labels.astype(str)
    means = np.stack([known[names == name].mean(axis=0) for name in np.unique(names)])
    means /= np.linalg.norm(means, axis=1, keepdims=True)
    return lambda given: -(given @ means.T).max(axis=1)


def nearest(known: NDArray[np.float32], labels: NDArray[np.object_]) -> Score:  # noqa: ARG001  one shape for all scores
    return lambda given: -np.sort(given @ known.T, axis=1)[:, -10:].mean(axis=1)


SCORES = {
    "relative Mahalanobis (the night's)": mahalanobis,
    "cosine to a label's mean": class_means,
    "ten nearest questions": nearest,
}


def table(train: Texts, known: Texts, strange: Texts, seed: int) -> str:
    """One row a score; AUROC as the share of pairs in the right order."""
    from sklearn.metrics import roc_auc_score

    given, _ = vectors([*train.texts, *known.texts, *strange.texts])
    learned, met, odd = np.split(given, [len(train.texts), len(train.texts) + len(known.texts)])
    labels = train.columns["label"]
    aside = held_out(labels, 0.1, seed)
    lines = [
        "| score | AUROC | known accepted | strange found | fitting, CPU s |",
        "|---|---|---|---|---|",
    ]
    for name, make in SCORES.items():
        limit = np.quantile(make(learned[~aside], labels[~aside])(learned[aside]), ACCEPTED)
        started = cpu_seconds()
        score = make(learned, labels)
        spent = cpu_seconds() - started
        of_known, of_strange = score(met), score(odd)
        truth = np.r_[np.zeros(len(of_known)), np.ones(len(of_strange))]
        area = roc_auc_score(truth, np.r_[of_known, of_strange])
        lines.append(
            f"| {name} | {area:.3f} | {interval(of_known <= limit, seed)} | {interval(of_strange > limit, seed)} "
            f"| {spent:.2f} |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--train", type=Path, required=True)
    parser.add_argument("--test", type=Path, help="known and strange questions; without it both come from --train")
    parser.add_argument("--text-column", default="text")
    parser.add_argument("--label-column", default="label")
    parser.add_argument("--strange-column", default="is_oos")
    parser.add_argument("--seed", type=int, default=7)
    asked = parser.parse_args()
    columns = {"label": asked.label_column, "strange": asked.strange_column}
    everything = read(asked.train, asked.text_column, **columns)
    known = everything.rows(np.flatnonzero(~everything.columns["strange"].astype(bool)))
    if asked.test:
        test = read(asked.test, asked.text_column, **columns)
        odd = test.columns["strange"].astype(bool)
        train, met, strange = known, test.rows(np.flatnonzero(~odd)), test.rows(np.flatnonzero(odd))
    else:
        aside = held_out(known.columns["label"], 0.2, asked.seed)
        train, met = known.rows(np.flatnonzero(~aside)), known.rows(np.flatnonzero(aside))
        strange = everything.rows(np.flatnonzero(everything.columns["strange"].astype(bool)))
    print(table(train, met, strange, asked.seed))
    labels = len(set(train.columns["label"]))
    print(
        f"\nLearned from {len(train.texts):,} known questions of {labels} labels; tested on {len(met.texts):,} known and "
        f"{len(strange.texts):,} strange; seed {asked.seed}."
    )


if __name__ == "__main__":
    main()
