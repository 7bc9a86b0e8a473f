"""int8 quantization of a tower, kept only where it ranks articles as well as fp32 on questions with known articles.

quantize_if_equal(folder, sample, threads=2)
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

MAX_LOSS = 0.01  # of hit@5: the same margin as the promotion gate
MIN_OVERLAP = 0.85  # of the ten best articles
FEWEST_QUESTIONS = 50
_EXACT = "model.onnx"


@dataclass(frozen=True)
class RankedSample:
    """Questions with known articles, of the training part: a choice made on evaluation questions would bias their
    metrics.
    """

    texts: Sequence[str]
    article_ids: Sequence[Sequence[str]]
    sections: Sections


def quantize_if_equal(folder: Path, sample: RankedSample, threads: int) -> dict[str, float]:
    """Quantize the tower in `folder`, measure both graphs, and use int8 only if it ranks as well; else it is deleted.

    Returns the metrics; {} with fewer than FEWEST_QUESTIONS questions that have an article.
    """
    golds = sample.sections.golds(sample.article_ids)
    if golds.any(axis=1).sum() < FEWEST_QUESTIONS:
        return {}
    exact = sample.sections.scores(OnnxEncoder(folder, threads).encode(sample.texts))
    quantize(folder / _EXACT, folder / INT8)
    _set_file(folder, INT8)
    quantized = sample.sections.scores(OnnxEncoder(folder, threads).encode(sample.texts))
    hits = ranking(exact, golds)["hit@5"], ranking(quantized, golds)["hit@5"]
    overlap = overlap_at(10, exact, quantized)
    kept = keep_quantized(*hits, overlap)
    if not kept:
        (folder / INT8).unlink()
        _set_file(folder, _EXACT)
    return {"fp32_hit@5": hits[0], "int8_hit@5": hits[1], "int8_overlap@10": overlap, "int8_kept": float(kept)}


def keep_quantized(fp32_hit5: float, int8_hit5: float, overlap: float) -> bool:
    """Whether int8 may serve: it loses at most MAX_LOSS of hit@5, and shares MIN_OVERLAP of the ten best articles."""
    return int8_hit5 >= fp32_hit5 - MAX_LOSS and overlap >= MIN_OVERLAP


def overlap_at(k: int, first: NDArray[np.floating], second: NDArray[np.floating]) -> float:
    """The mean share of the `k` best columns that two score matrices [n, articles] have in common."""
    best = [np.argsort(-scores, axis=1, kind="stable")[:, :k] for scores in (first, second)]
    return float(np.mean([len(set(a) & set(b)) / len(a) for a, b in zip(*best, strict=True)]))


def quantize(exact: Path, target: Path) -> None:
    """Write the int8 graph: weights per channel (per tensor loses twice the agreement), activations dynamic."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    logging.getLogger().disabled = (
        True  # it recommends a preprocessing pass, through the root logger, that changes nothing here
    )
    try:
        quantize_dynamic(exact, target, per_channel=True, weight_type=QuantType.QInt8)
    finally:
        logging.getLogger().disabled = False


def _set_file(folder: Path, file: str) -> None:
    config = json.loads((folder / "encoder.json").read_bytes())
    (folder / "encoder.json").write_bytes(canonical_json({**config, "file": file}))
