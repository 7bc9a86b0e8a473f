"""Prompt injection: the recall of the injection classifier at a false-alarm rate of 1 %.

    python -m bench.injection --prompts DATA/guard/injection_dev.parquet
    python -m bench.injection --prompts F --tickets DATA/thunderbird/tickets.parquet

--prompts: texts with label 1 (attack) or 0, and a source. First the classifier of a night, which is trained on the
example prompts in nightshift/train/injections.yaml (and on --tickets, as ordinary texts) and on none of the --prompts;
then the same with four fifths of the --prompts in turn (five-fold). 1 % of the harmless prompts lie above the limit of
a row; recall has its 95 % bootstrap interval. ECE has 15 bins of equally many texts.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, vstack

from bench.texts import held_out, interval, read
from nightshift.metrics.calibration import brier, calibration_error, softmax, temperature
from nightshift.train.injection import FALSE_ALARMS, fit_injection, load_prompt_examples, sparse_ngrams, two_logits

FOLDS = 5


def out_of_fold(
    examples: csr_matrix,
    attack: NDArray[np.bool_],
    prompts: csr_matrix,
    truth: NDArray[np.bool_],
    folds: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Logits [n] of each fold of `prompts` by a classifier that is trained on the other folds too."""
    logits = np.zeros(len(truth))
    for fold in range(FOLDS):
        others = folds != fold
        regression = fit_injection(
            vstack([examples, prompts[others]]), np.concatenate([attack, truth[others]]), prompts[:0]
        )
        logits[~others] = regression.decision_function(prompts[~others])
    return logits


def folds_of(groups: NDArray[np.object_], seed: int) -> NDArray[np.int64]:
    """A fold [n] for each row, spread evenly over `groups`."""
    folds = np.zeros(len(groups), np.int64)
    for fold in range(1, FOLDS):
        left = np.flatnonzero(folds == 0)
        folds[left[held_out(groups[left], 1 / (FOLDS - fold + 1), seed + fold)]] = fold
    return folds


def row(name: str, logits: NDArray[np.float64], truth: NDArray[np.bool_], seed: int) -> str:
    """AUROC, recall at the limit, and calibration after temperature scaling, fitted on each half for the other."""
    from sklearn.metrics import roc_auc_score

    detected = logits[truth] > np.quantile(logits[~truth], 1 - FALSE_ALARMS, method="higher")
    two, target = two_logits(logits), np.eye(2)[truth.astype(int)]
    probabilities = np.zeros_like(two)
    for half in (np.arange(len(truth)) % 2 == 0, np.arange(len(truth)) % 2 == 1):
        probabilities[half] = softmax(two[half] / temperature(two[~half], target[~half]))
    ece = calibration_error(probabilities.max(axis=1), probabilities.argmax(axis=1) == truth)
    area = roc_auc_score(truth, logits)
    return f"| {name} | {area:.3f} | {interval(detected, seed)} | {ece:.3f} | {brier(probabilities, target):.3f} |"


def by_source(methods: dict[str, NDArray[np.float64]], truth: NDArray[np.bool_], sources: NDArray[np.object_]) -> str:
    lines = [f"| source | texts |{''.join(f' {name} |' for name in methods)}", f"|---|---|{'---|' * len(methods)}"]
    for attack in (True, False):
        for source in sorted(set(sources[truth == attack])):
            rows = (sources == source) & (truth == attack)
            shares = "".join(
                f" {(logits[rows] > np.quantile(logits[~truth], 1 - FALSE_ALARMS, method='higher')).mean():.3f} |"
                for logits in methods.values()
            )
            lines.append(f"| {source}, {'attacks' if attack else 'harmless'} | {rows.sum()} |{shares}")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prompts", type=Path, required=True)
    parser.add_argument("--text-column", default="text")
    parser.add_argument("--label-column", default="label")
    parser.add_argument("--source-column", default="source")
    parser.add_argument("--tickets", type=Path, help="a file of ordinary texts; the last 2,000 are taken")
    parser.add_argument("--tickets-column", default="text")
    parser.add_argument("--seed", type=int, default=7)
    arguments = parser.parse_args()
    prompts = read(
        arguments.prompts, arguments.text_column, label=arguments.label_column, source=arguments.source_column
    )
    ordinary = read(arguments.tickets, arguments.tickets_column).texts[-2000:] if arguments.tickets else []
    print("... n-grams of all texts", file=sys.stderr, flush=True)
    examples, tested, tickets = (
        sparse_ngrams([example.text for example in load_prompt_examples()]),
        sparse_ngrams(prompts.texts),
        sparse_ngrams(ordinary),
    )
    attack = np.array([example.attack for example in load_prompt_examples()])
    truth = prompts.columns["label"].astype(int) == 1
    sources = prompts.columns["source"].astype(str)
    folds = folds_of(
        np.array([f"{source} {attack}" for source, attack in zip(sources, truth, strict=True)]), arguments.seed
    )
    methods = {"our examples": fit_injection(examples, attack, tickets[:0]).decision_function(tested)}
    if arguments.tickets:
        methods["our examples and tickets"] = fit_injection(examples, attack, tickets).decision_function(tested)
    methods["our examples and four fifths of the prompts"] = out_of_fold(examples, attack, tested, truth, folds)
    print("| trained on | AUROC | attacks found | ECE | Brier |\n|---|---|---|---|---|")
    for name, logits in methods.items():
        print(row(name, logits, truth, arguments.seed))
    print(f"\n{by_source(methods, truth, sources)}")
    print(
        f"\n{len(attack)} example prompts, {len(truth)} prompts ({truth.sum()} attacks), {len(ordinary):,} tickets; "
        f"seed {arguments.seed}."
    )


if __name__ == "__main__":
    main()
