"""The generator as it serves: the adapter merged into the base, converted for onnxruntime-genai, checked, quantized.

    model = export_generator(adapter, profile.generator, profile=profile, store=store, settings=settings, probes=prompts)
    # Model(kind='generator', metrics={'parity': 4e-05, 'int4_agreement': 0.97, 'bits': 4.0, 'size_mb': 112.0, ...})

Smaller variants are tried first; the first that chooses nearly the same words as fp32 ships, and it alone is stored.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nightshift.artifacts import Model
from nightshift.errors import ExportFailed, NotEnoughData
from nightshift.export.parity import check
from nightshift.modeltree import store_model
from nightshift.progress import say
from nightshift.runtime.generator import Generator
from nightshift.runtime.prompts import END_OF_TURN, VERSION
from nightshift.runtime.session import open_session
from nightshift.settings import Profile, Settings
from nightshift.store import Store
from nightshift.train.checkpoint import load, load_tokenizer, unpacked

TOLERANCE = 2e-2  # of logits that range over tens: two fp32 runtimes add in another order
MIN_AGREEMENT = 0.9
CONTINUED_TOKENS = 32
MOST_PROBES = 12


@dataclass(frozen=True)
class Variant:
    """One way to store the weights."""

    name: str
    bits: int
    options: tuple[str, ...] = ()


EXACT = Variant("fp32", 32)
# Smallest first. Mixed: the most sensitive layers and the output keep 8 bits.
QUANTIZED = (
    Variant("int4", 4, ("algo_config=k_quant_mixed", "shared_embeddings=true")),
    Variant("int8", 8, ("shared_embeddings=true",)),
)


def export_generator(
    adapter: Model | None,
    base_url: str,
    *,
    store: Store,
    settings: Settings,
    probes: Sequence[str],
) -> Model:
    """Merge, convert, compare over the `probes` (whole prompts) and store the smallest variant that agrees.

    Without an adapter the base model itself is exported. Raises ParityExceeded, ExportFailed, NotEnoughData.
    """
    if not probes:
        raise NotEnoughData("there is no prompt to compare the exported generator on", "pass at least one example's prompt")
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        prompts, expected = _merged(adapter, unpacked(base_url, settings), store, work / "merged", list(probes)[:MOST_PROBES])
        exact = _converted(work / "merged", work / "fp32", EXACT)
        session = open_session(exact / "model.onnx", settings.threads)
        metrics = {"parity": check("generator", expected, _last_logits(session, prompts), TOLERANCE)}
        said = continuations(exact, probes, prompts, settings.threads)
        folder, variant = exact, EXACT
        for candidate in QUANTIZED:
            smaller = _converted(work / "merged", work / candidate.name, candidate)
            share = agreement(session, open_session(smaller / "model.onnx", settings.threads), said)
            metrics[f"{candidate.name}_agreement"] = share
            if share >= MIN_AGREEMENT:
                folder, variant = smaller, candidate
                break
        metrics["bits"] = float(variant.bits)
        metrics["size_mb"] = sum(file.stat().st_size for file in folder.iterdir()) / 1e6
        say(f"    generator  {variant.name}, {metrics['size_mb']:.0f} MB, parity {metrics['parity']:.1g}")
        return store_model(
            folder,
            store,
            kind="generator",
            base=base_url,
            trained_on=adapter.trained_on if adapter else "",
            metrics=metrics,
            facts={"adapter": adapter.digest if adapter else "", "prompt": VERSION, "variant": variant.name},
        )
