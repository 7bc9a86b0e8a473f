"""The rows of a file as texts with labels, and their vectors from the frozen encoder.

read(Path("train.parquet"), "text", "label")   # -> Texts(["I am still waiting on my card?"], ["card_arrival"])
"""

import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from nightshift.errors import MissingColumn, UnreadableFile
from nightshift.export.encoder import export_document_tower
from nightshift.metrics.retrieval import interval as bootstrap
from nightshift.models.batch_encoder import open_batch_encoder
from nightshift.night import Night
from nightshift.settings import Settings, profile


@dataclass(frozen=True)
class Texts:
    """n texts, and the value of one or more columns beside each."""

    texts: list[str]
    columns: dict[str, NDArray[np.object_]]

    def rows(self, chosen: NDArray[np.int64]) -> "Texts":
        """The `chosen` rows, in that order."""
        return Texts(
            [self.texts[row] for row in chosen], {name: values[chosen] for name, values in self.columns.items()}
        )


def read(path: Path, text: str, **columns: str) -> Texts:
    """The `text` column of a .parquet, .csv or .jsonl file, and other columns under the given names. Raises
    MissingColumn, UnreadableFile.
    """
    table = _table(path)
    for name in (text, *columns.values()):
        if name not in table.column_names:
            raise MissingColumn(f"{path.name} has no column {name!r}", f"it has: {', '.join(table.column_names)}")
    return Texts(
        table[text].to_pylist(),
        {name: np.array(table[column].to_pylist(), dtype=object) for name, column in columns.items()},
    )


def _table(path: Path) -> pa.Table:
    import pyarrow.csv
    import pyarrow.json
    import pyarrow.parquet

    readers = {
        ".parquet": pyarrow.parquet.read_table,
        ".csv": pyarrow.csv.read_csv,
        ".jsonl": pyarrow.json.read_json,
    }
    if path.suffix not in readers:
        raise UnreadableFile(f"{path.name} has an unknown suffix", f"give one of: {', '.join(readers)}")
    return readers[path.suffix](path)


def vectors(texts: list[str]) -> tuple[NDArray[np.float32], float]:
    """L2-normalised vectors [n, dim] of the encoder of a night, and the CPU seconds to embed them."""
    print(f"... {len(texts):,} texts to vectors", file=sys.stderr, flush=True)
    with tempfile.TemporaryDirectory() as home:
        settings = Settings.from_env({"NIGHTSHIFT_HOME": home})
        night = Night.from_settings(settings)
        tower = export_document_tower(profile("tiny").encoder, night, texts[:32])
        encoder = open_batch_encoder(night.store.checkout(tower.digest), settings.threads)
        started = time.process_time()
        return encoder.encode(texts), time.process_time() - started


def held_out(labels: NDArray[np.object_], share: float, seed: int) -> NDArray[np.bool_]:
    """True for a random `share` of the rows of each label."""
    rng = np.random.default_rng(seed)
    selected = np.zeros(len(labels), np.bool_)
    for label in np.unique(labels.astype(str)):
        rows = rng.permutation(np.flatnonzero(labels.astype(str) == label))
        selected[rows[: round(len(rows) * share)]] = True
    return selected


def interval(values: NDArray[np.floating], seed: int) -> str:
    """The mean of `values` [n] with its 95 % bootstrap interval."""
    low, high = bootstrap(values.astype(np.float64), seed)
    return f"{values.mean():.3f} [{low:.3f}, {high:.3f}]"
