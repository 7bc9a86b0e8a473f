"""Intents from short texts: the night's head on frozen vectors, beside the encoder tuned on the same texts by LoRA.

    python -m bench.intents --train ../shared/data/banking77/train.parquet                       # a fifth held out
    python -m bench.intents --train train.csv --test test.csv --text-column query --label-column topic
    python -m bench.intents --train train.jsonl --lora-epochs 0                                  # frozen only: seconds

Files are .parquet, .csv or .jsonl. Both have the night's head, calibrated on a tenth of the training part. Accuracy
with its 95 % bootstrap interval over test texts; ECE has 15 bins of equally many texts.
CPU seconds go from texts to a calibrated head; in a night the frozen vectors are there already.
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

CALIBRATED_ON = 0.1


@dataclass(frozen=True)
class Way:
    """One way to tell intents, as measured on the test texts."""

    name: str
    right: NDArray[np.bool_]
    measures: dict[str, float]
    slices: dict[str, dict[str, float]]
    training: float


def fitted(texts: Texts, given: NDArray[np.float32], seed: int) -> Classifier:
    """The night's head over `given` vectors, with the dials that a tenth of them asks for."""
    labels = texts.columns["label"]
    rows = _rows(given, labels)
    aside = held_out(labels, CALIBRATED_ON, seed)
    out_of_fold = fit_classifier(rows.rows(np.flatnonzero(~aside)), INTENT)
    return fit_classifier(rows, INTENT).calibrated(*fit_temperature(out_of_fold, rows.rows(np.flatnonzero(aside))))


def _rows(given: NDArray[np.float32], labels: NDArray[np.object_]) -> LabelledVectors:
    ids = [f"{row:08}" for row in range(len(labels))]
    return LabelledVectors(ids, given, [str(label) for label in labels], [datetime(2000, 1, 1)] * len(ids))  # noqa: DTZ001  texts without a time


def measured(
    name: str, head: Classifier, test: Texts, given: NDArray[np.float32], train: Texts, training: float
) -> Way:
    """Through ONNX, as a release would say it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "intent.onnx"
        write_classifier(head, path, given)
        probabilities = open_session(path, threads=1).run(["probabilities"], {"vector": given})[0].astype(np.float64)
    labels = [str(label) for label in test.columns["label"]]
    target = targets([f"{row}" for row in range(len(labels))], labels, head.labels)
    examples = Counter(str(label) for label in train.columns["label"])
    ways = {
        "words": [length_of(len(text.split())) for text in test.texts],
        "examples": [frequency_of(examples[label]) for label in labels],
    }
    right = target[np.arange(len(labels)), probabilities.argmax(axis=1)] > 0
    return Way(name, right, *classification_metrics(probabilities, target, ways), training)


def frozen(train: Texts, test: Texts, seed: int) -> Way:
    everything, embedding = vectors([*train.texts, *test.texts])
    started = cpu_seconds()
    head = fitted(train, everything[: len(train.texts)], seed)
    spent = cpu_seconds() - started + embedding * len(train.texts) / len(everything)
    return measured("frozen vectors", head, test, everything[len(train.texts) :], train, spent)


def tuned(train: Texts, test: Texts, epochs: int, seed: int) -> Way:
    from bench.intent_tower import tune

    started = cpu_seconds()
    tower = tune(train.texts, [str(label) for label in train.columns["label"]], profile("tiny").encoder, epochs, seed)
    given = tower.encode(train.texts)
    head = fitted(train, given, seed)
    spent = cpu_seconds() - started
    return measured(f"LoRA, {epochs} epochs", head, test, tower.encode(test.texts), train, spent)


def tables(ways: list[Way], seed: int) -> str:
    lines = ["| intents by | accuracy | ECE | Brier | training, CPU s |", "|---|---|---|---|---|"]
    lines += [
        f"| {way.name} | {interval(way.right, seed)} | {way.measures['ece']:.3f} | {way.measures['brier']:.3f} "
        f"| {way.training:.1f} |"
        for way in ways
    ]
    if len(ways) > 1:
        gain = ways[1].right.astype(np.float64) - ways[0].right
        lines += ["", f"LoRA less frozen: {interval(gain, seed)}, paired."]
    lines += ["", f"| slice | texts |{''.join(f' {way.name} |' for way in ways)}", f"|---|---|{'---|' * len(ways)}"]
    for name, one in ways[0].slices.items():
        reached = "".join(f" {way.slices[name]['accuracy']:.3f} |" for way in ways)
        lines.append(f"| {name} | {one['rows']:.0f} |{reached}")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--train", type=Path, required=True)
    parser.add_argument("--test", type=Path, help="without it a fifth of --train is held out, of each label")
    parser.add_argument("--text-column", default="text")
    parser.add_argument("--label-column", default="label")
    parser.add_argument("--lora-epochs", type=int, default=5, help="0: only the frozen vectors")
    parser.add_argument("--seed", type=int, default=7)
    asked = parser.parse_args()
    train = read(asked.train, asked.text_column, label=asked.label_column)
    if asked.test:
        test = read(asked.test, asked.text_column, label=asked.label_column)
    else:
        aside = held_out(train.columns["label"], 0.2, asked.seed)
        train, test = train.rows(np.flatnonzero(~aside)), train.rows(np.flatnonzero(aside))
    ways = [frozen(train, test, asked.seed)]
    if asked.lora_epochs:
        ways.append(tuned(train, test, asked.lora_epochs, asked.seed))
    print(tables(ways, asked.seed))
    labels = len(set(train.columns["label"]))
    print(
        f"\nLearned from {len(train.texts):,} texts of {labels} labels, tested on {len(test.texts):,}; seed {asked.seed}."
    )


if __name__ == "__main__":
    main()
