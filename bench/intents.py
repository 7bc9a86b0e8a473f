"""Intents of short texts: the classifier of a night on frozen vectors, against the encoder tuned on the same texts by
LoRA.

    python -m bench.intents --train DATA/banking77/train.parquet                       # a fifth held out
    python -m bench.intents --train train.csv --test test.csv --text-column query --label-column topic
    python -m bench.intents --train train.jsonl --lora-epochs 0                                  # frozen only: seconds

Files are .parquet, .csv or .jsonl. Both use the classifier of a night, calibrated on a tenth of the training part.
Accuracy with its 95 % bootstrap interval over test texts; ECE has 15 bins of equally many texts. CPU seconds are from
texts to a calibrated classifier; in a night the frozen vectors are in the cache already.
"""

import argparse
import tempfile
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.texts import Texts, held_out, interval, read, vectors
from nightshift.export.classifiers import write_classifier
from nightshift.metrics.classification import classification_metrics, frequency_of, length_of, targets
from nightshift.models.onnx_session import open_session
from nightshift.progress import cpu_seconds
from nightshift.settings import profile
from nightshift.train.classifier import INTENT, Classifier, fit_classifier, fit_temperature
from nightshift.train.dataset import LabelledVectors

CALIBRATION_SHARE = 0.1


@dataclass(frozen=True)
class Measured:
    """The metrics of one method on the test texts; `right` bool [texts], `training` in CPU seconds."""

    name: str
    right: NDArray[np.bool_]
    measures: dict[str, float]
    slices: dict[str, dict[str, float]]
    training: float


def fitted(texts: Texts, embedded: NDArray[np.float32], seed: int) -> Classifier:
    """The classifier of a night on vectors [n, dim] of `texts`, calibrated on a tenth of them."""
    labels = texts.columns["label"]
    rows = _rows(embedded, labels)
    calibration = held_out(labels, CALIBRATION_SHARE, seed)
    out_of_fold = fit_classifier(rows.rows(np.flatnonzero(~calibration)), INTENT)
    return fit_classifier(rows, INTENT).calibrated(
        *fit_temperature(out_of_fold, rows.rows(np.flatnonzero(calibration)))
    )


def _rows(embedded: NDArray[np.float32], labels: NDArray[np.object_]) -> LabelledVectors:
    ids = [f"{row:08}" for row in range(len(labels))]
    return LabelledVectors(ids, embedded, [str(label) for label in labels], [datetime(2000, 1, 1)] * len(ids))  # noqa: DTZ001  texts without a time


def measured(
    name: str, classifier: Classifier, test: Texts, embedded: NDArray[np.float32], train: Texts, training: float
) -> Measured:
    """Metrics on the test texts through ONNX, as in a release."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "intent.onnx"
        write_classifier(classifier, path, embedded)
        probabilities = open_session(path, threads=1).run(["probabilities"], {"vector": embedded})[0].astype(np.float64)
    labels = [str(label) for label in test.columns["label"]]
    target = targets([f"{row}" for row in range(len(labels))], labels, classifier.labels)
    examples = Counter(str(label) for label in train.columns["label"])
    slices = {
        "words": [length_of(len(text.split())) for text in test.texts],
        "examples": [frequency_of(examples[label]) for label in labels],
    }
    right = target[np.arange(len(labels)), probabilities.argmax(axis=1)] > 0
    return Measured(name, right, *classification_metrics(probabilities, target, slices), training)


def frozen(train: Texts, test: Texts, seed: int) -> Measured:
    all_vectors, embedding = vectors([*train.texts, *test.texts])
    started = cpu_seconds()
    classifier = fitted(train, all_vectors[: len(train.texts)], seed)
    seconds = cpu_seconds() - started + embedding * len(train.texts) / len(all_vectors)
    return measured("frozen vectors", classifier, test, all_vectors[len(train.texts) :], train, seconds)


def tuned(train: Texts, test: Texts, epochs: int, seed: int) -> Measured:
    from bench.studies.intent_tower import tune

    started = cpu_seconds()
    tower = tune(train.texts, [str(label) for label in train.columns["label"]], profile("tiny").encoder, epochs, seed)
    embedded = tower.encode(train.texts)
    classifier = fitted(train, embedded, seed)
    seconds = cpu_seconds() - started
    return measured(f"LoRA, {epochs} epochs", classifier, test, tower.encode(test.texts), train, seconds)


def tables(methods: list[Measured], seed: int) -> str:
    lines = ["| intents by | accuracy | ECE | Brier | training, CPU s |", "|---|---|---|---|---|"]
    lines += [
        f"| {method.name} | {interval(method.right, seed)} | {method.measures['ece']:.3f} "
        f"| {method.measures['brier']:.3f} | {method.training:.1f} |"
        for method in methods
    ]
    if len(methods) > 1:
        gain = methods[1].right.astype(np.float64) - methods[0].right
        lines += ["", f"LoRA less frozen: {interval(gain, seed)}, paired."]
    lines += [
        "",
        f"| slice | texts |{''.join(f' {method.name} |' for method in methods)}",
        f"|---|---|{'---|' * len(methods)}",
    ]
    for name, slice_metrics in methods[0].slices.items():
        accuracies = "".join(f" {method.slices[name]['accuracy']:.3f} |" for method in methods)
        lines.append(f"| {name} | {slice_metrics['rows']:.0f} |{accuracies}")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--train", type=Path, required=True)
    parser.add_argument("--test", type=Path, help="without it a fifth of --train is held out, of each label")
    parser.add_argument("--text-column", default="text")
    parser.add_argument("--label-column", default="label")
    parser.add_argument("--lora-epochs", type=int, default=5, help="0: only the frozen vectors")
    parser.add_argument("--seed", type=int, default=7)
    arguments = parser.parse_args()
    train = read(arguments.train, arguments.text_column, label=arguments.label_column)
    if arguments.test:
        test = read(arguments.test, arguments.text_column, label=arguments.label_column)
    else:
        tested = held_out(train.columns["label"], 0.2, arguments.seed)
        train, test = train.rows(np.flatnonzero(~tested)), train.rows(np.flatnonzero(tested))
    methods = [frozen(train, test, arguments.seed)]
    if arguments.lora_epochs:
        methods.append(tuned(train, test, arguments.lora_epochs, arguments.seed))
    print(tables(methods, arguments.seed))
    labels = len(set(train.columns["label"]))
    print(
        f"\nTrained on {len(train.texts):,} texts of {labels} labels, tested on {len(test.texts):,}; "
        f"seed {arguments.seed}."
    )


if __name__ == "__main__":
    main()
