"""int8 where it ranks as well: measured on questions whose articles are known, decided by a rule anyone can read.

offer_int8(folder, sample, threads=2)
# {'fp32_hit@5': 0.695, 'int8_hit@5': 0.692, 'int8_overlap@10': 0.93, 'int8_kept': 1.0}
"""

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nightshift.digests import canonical_json
from nightshift.metrics.ranking import ranking
from nightshift.models.encoder import INT8, OnnxEncoder
from nightshift.retrieval.sections import Sections

LARGEST_LOSS = 0.01  # of hit@5: the same margin as the promotion gate
SMALLEST_OVERLAP = 0.85  # of the ten best articles
FEWEST_QUESTIONS = 50
_EXACT = "model.onnx"


@dataclass(frozen=True)
class RankedSample:
    """Questions with known articles. Never the evaluation questions: a choice made on them would flatter itself."""

    texts: Sequence[str]
    article_ids: Sequence[Sequence[str]]
    sections: Sections


def offer_int8(folder: Path, sample: RankedSample, threads: int) -> dict[str, float]:
    """Quantize the tower in `folder`, measure both graphs, and leave int8 there, and in use, only if it ranks as well.

    Returns what was measured; nothing when too few questions have an article to tell.
    """
    golds = sample.sections.golds(sample.article_ids)
    if golds.any(axis=1).sum() < FEWEST_QUESTIONS:
        return {}
    exact = sample.sections.scores(OnnxEncoder(folder, threads).encode(sample.texts))
    quantize(folder / _EXACT, folder / INT8)
    _use(folder, INT8)
    quantized = sample.sections.scores(OnnxEncoder(folder, threads).encode(sample.texts))
    hits = ranking(exact, golds)["hit@5"], ranking(quantized, golds)["hit@5"]
    overlap = shared_of_best(exact, quantized, 10)
    kept = keep_quantized(*hits, overlap)
    if not kept:
        (folder / INT8).unlink()
        _use(folder, _EXACT)
    return {"fp32_hit@5": hits[0], "int8_hit@5": hits[1], "int8_overlap@10": overlap, "int8_kept": float(kept)}


def keep_quantized(fp32_hit5: float, int8_hit5: float, overlap: float) -> bool:
    """Whether int8 may serve: no loss beyond the margin, and nearly the same ten articles."""
    return int8_hit5 >= fp32_hit5 - LARGEST_LOSS and overlap >= SMALLEST_OVERLAP


def shared_of_best(one: NDArray[np.floating], other: NDArray[np.floating], k: int) -> float:
    """The mean part of the `k` best columns that two score matrices share."""
    best = [np.argsort(-scores, axis=1, kind="stable")[:, :k] for scores in (one, other)]
    return float(np.mean([len(set(a) & set(b)) / len(a) for a, b in zip(*best, strict=True)]))


def quantize(exact: Path, target: Path) -> None:
    """Write the int8 graph: weights per channel (per tensor loses twice the agreement), activations as they come."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    logging.getLogger().disabled = True  # it advises, through the root logger, a pass that changes nothing here
    try:
        quantize_dynamic(exact, target, per_channel=True, weight_type=QuantType.QInt8)
    finally:
        logging.getLogger().disabled = False


def _use(folder: Path, file: str) -> None:
    about = json.loads((folder / "encoder.json").read_bytes())
    (folder / "encoder.json").write_bytes(canonical_json({**about, "file": file}))
