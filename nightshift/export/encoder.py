"""Document and query tower to ONNX, with pooling and L2 norm inside the graph.

    tower = export_document_tower(profile.encoder, night, texts)
    query = export_query_tower(adapter, night, texts, sample=sample)

    tree: model.onnx  tokenizer.json
          encoder.json {"dim": 384, "file": "model.onnx", "max_tokens": 256, "pooling": "mean"}
          and model.int8.onnx where it ranks as well as the fp32 one (`sample`: questions whose articles are known)

Eager attention through the TorchScript exporter gives the graph that onnxruntime runs fastest on a CPU. The
metrics of an export are in the artifact, not in the tree: the digest of a tower is that of its weights, so the frozen
document tower keeps its digest, and the index its vectors, whatever texts parity is measured on.
"""

import dataclasses
import math
import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nightshift.artifacts import Model
from nightshift.digests import canonical_json
from nightshift.errors import NotEnoughData
from nightshift.export.parity import check
from nightshift.export.quantize import RankedSample, quantize_if_equal
from nightshift.models.encoder import OnnxEncoder
from nightshift.night import Night
from nightshift.store.base_models import resolve
from nightshift.store.model_tree import store_model
from nightshift.train.lora import merge_adapter

if TYPE_CHECKING:
    from nightshift.train.encoder_module import Tower

TOLERANCE = 1e-4
PARITY_TEXTS = 32


def export_document_tower(base: str, night: Night, texts: Sequence[str]) -> Model:
    """The frozen base encoder as ONNX, checked against PyTorch on `texts`. Raises ParityExceeded, BaseModelMissing."""
    from nightshift.train.encoder_module import load_tower

    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        parity = write_tower(load_tower(resolve(base), "eager"), resolve(base), folder, texts, night.settings.threads)
        model = store_model(folder, night.store, kind="document_tower", base=base, trained_on="", metrics={})
    return dataclasses.replace(model, metrics={"parity": parity})


def export_query_tower(
    adapter: Model,
    night: Night,
    texts: Sequence[str],
    *,
    sample: RankedSample | None = None,
) -> Model:
    """The base encoder with `adapter` merged into it as ONNX; without a digest of the adapter, the base encoder.

    Its `trained_on` is the digest of the adapter. With a `sample` an int8 graph is measured too, and kept if it ranks
    as well. Raises ParityExceeded, BaseModelMissing.
    """
    from nightshift.train.encoder_module import load_tower

    base = resolve(adapter.base)
    tower = load_tower(base, "eager")
    if adapter.digest:
        tower.encoder = merge_adapter(tower.encoder, night.store.checkout(adapter.digest))
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        metrics = {"parity": write_tower(tower.eval(), base, folder, texts, night.settings.threads)}
        if sample is not None:
            metrics |= quantize_if_equal(folder, sample, night.settings.threads)
        model = store_model(
            folder, night.store, kind="query_tower", base=adapter.base, trained_on=adapter.digest, metrics={}
        )
    return dataclasses.replace(model, metrics=metrics)


def write_tower(tower: "Tower", base: Path, folder: Path, texts: Sequence[str], threads: int) -> float:
    """Fill `folder` with what OnnxEncoder reads and return its parity with `tower` on a spread of `texts`."""
    from nightshift.train.encoder_module import load_tokenizer, max_tokens_of

    distinct = sorted(set(texts))
    checked = distinct[:: math.ceil(len(distinct) / PARITY_TEXTS) or 1]
    if not checked:
        raise NotEnoughData(
            "there are no texts to check the export on", "pass some of the texts that the tower will embed"
        )
    tokenizer = load_tokenizer(base, max_tokens_of(base))
    original = _torch_vectors(tower, tokenizer, checked)
    config = {
        "dim": original.shape[1],
        "file": "model.onnx",
        "max_tokens": max_tokens_of(base),
        "pooling": tower.pooling,
    }
    (folder / "encoder.json").write_bytes(canonical_json(config))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    tokenizer.save(str(folder / "tokenizer.json"))
    write_onnx(tower, folder / "model.onnx")
    return check("tower", original, OnnxEncoder(folder, threads).encode(checked), TOLERANCE)


def _torch_vectors(tower: "Tower", tokenizer: Any, texts: list[str]) -> NDArray[np.float32]:
    import torch

    from nightshift.train.encoder_module import tokenize

    with torch.no_grad():
        # Text by text, without padding: a mistake in the exported padding mask then shows as a difference.
        return np.concatenate([tower(**tokenize(tokenizer, [text])).numpy() for text in texts])


def write_onnx(tower: "Tower", path: Path) -> None:
    """Trace `tower` (in evaluation mode) for any batch and length; the same weights give the same bytes."""
    import torch

    ids = torch.tensor([[1, 2, 3, 4], [1, 2, 3, 0]])
    mask = torch.tensor([[1, 1, 1, 1], [1, 1, 1, 0]])
    axes = {0: "batch", 1: "tokens"}
    with warnings.catch_warnings():
        # The TorchScript exporter is deprecated but wanted (see above); the tracer warns of shapes that parity checks.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            tower,
            (ids, mask),
            str(path),
            dynamo=False,
            opset_version=17,
            input_names=["input_ids", "attention_mask"],
            output_names=["vector"],
            dynamic_axes={"input_ids": axes, "attention_mask": axes, "vector": {0: "batch"}},
        )
