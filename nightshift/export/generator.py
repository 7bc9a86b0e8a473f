"""The generator to ONNX: the adapter merged into the base, converted for onnxruntime-genai, checked and quantized.

    model = export_generator(adapter, profile.generator, night=night, probes=prompts)
    # Model(kind='generator', metrics={'parity': 4e-05, 'int4_agreement': 0.97, 'bits': 4.0, 'size_mb': 112.0, ...})

Variants are tried from the smallest; the first whose greedy tokens agree with fp32 ships, and only that one is stored.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nightshift.answering.prompts import PREFIX, VERSION, render
from nightshift.artifacts import Model
from nightshift.errors import ExportFailed
from nightshift.export.parity import check
from nightshift.models.generator import Generator
from nightshift.models.onnx_session import open_session
from nightshift.night import Night
from nightshift.progress import log
from nightshift.store import Store
from nightshift.store.model_tree import store_model
from nightshift.train.base_checkpoint import load_causal_lm, load_tokenizer, unpack_checkpoint
from nightshift.train.lora import merge_adapter

TOLERANCE = 2e-2  # of logits that range over tens: two fp32 runtimes add in another order
MIN_AGREEMENT = 0.9
CONTINUED_TOKENS = 32
MAX_PROBES = 32  # a thousand tokens: a third of them was too noisy to decide whether int4 agrees in 90 %
NO_PROBE = render("What can you help me with?", [])


@dataclass(frozen=True)
class Variant:
    """One way to store the weights."""

    name: str  # the precision, as the builder names it
    bits: int
    options: tuple[str, ...] = ()


EXACT = Variant("fp32", 32)
# Smallest first. k_quant_mixed keeps 8 bits in the most sensitive layers and the output.
QUANTIZED = (
    Variant("int4", 4, ("algo_config=k_quant_mixed", "shared_embeddings=true")),
    Variant("int8", 8, ("shared_embeddings=true",)),
)


def export_generator(
    adapter: Model | None,
    base_url: str,
    *,
    night: Night,
    probes: Sequence[str],
) -> Model:
    """Merge, convert, compare over the `probes` (whole prompts) and store the smallest variant that agrees.

    Without an adapter the base model itself is exported; without probes it is compared on a prompt without passages.
    Raises ParityExceeded, ExportFailed.
    """
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        prompts, expected = merge_and_save(
            adapter,
            unpack_checkpoint(base_url, night.settings),
            night.store,
            work / "merged",
            list(probes or [NO_PROBE])[:MAX_PROBES],
        )
        exact = convert(work / "merged", work / "fp32", EXACT)
        # Before the graph is open: two fp32 models need much memory.
        continued = continuations(exact, prompts, night.settings.threads)
        graph = Graph(exact, night.settings.threads)
        exported = np.stack([graph.logits(prompt)[-1].copy() for prompt in prompts])  # a view would keep 60 MB each
        metrics = {"parity": check("generator", expected, exported, TOLERANCE)}
        folder, variant = exact, EXACT
        for candidate in QUANTIZED:
            smaller = convert(work / "merged", work / candidate.name, candidate)
            share = agreement(graph, Graph(smaller, night.settings.threads), continued)
            metrics[f"{candidate.name}_agreement"] = share
            if share >= MIN_AGREEMENT:
                folder, variant = smaller, candidate
                break
        metrics["bits"] = float(variant.bits)
        metrics["size_mb"] = sum(file.stat().st_size for file in folder.iterdir()) / 1e6
        log(f"    generator  {variant.name}, {metrics['size_mb']:.0f} MB, parity {metrics['parity']:.1g}")
        return store_model(
            folder,
            night.store,
            kind="generator",
            base=base_url,
            trained_on=adapter.trained_on if adapter else "",
            metrics=metrics,
            facts={"adapter": adapter.digest if adapter else "", "prompt": VERSION, "variant": variant.name},
        )


def merge_and_save(
    adapter: Model | None, base: Path, store: Store, folder: Path, probes: Sequence[str]
) -> tuple[list[list[int]], NDArray[np.float32]]:
    """Write the merged model to `folder`; return the probes' tokens, and PyTorch's logits after each: float32 [n,
    vocabulary].
    """
    import torch

    model, tokenizer = load_causal_lm(base), load_tokenizer(base)
    if adapter:
        model = merge_adapter(model, store.checkout(adapter.digest))
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    prompts = [tokenizer.encode(probe, add_special_tokens=False) for probe in probes]
    with torch.no_grad():
        logits = [model(torch.tensor([prompt]), logits_to_keep=1).logits[0, -1].numpy() for prompt in prompts]
    return prompts, np.stack(logits)


def convert(merged: Path, target: Path, variant: Variant) -> Path:
    """Run onnxruntime-genai's builder in a separate process, because it holds several copies of the weights."""
    command = [sys.executable, "-m", "onnxruntime_genai.models.builder", "-i", str(merged), "-o", str(target)]
    command += ["-p", variant.name, "-e", "cpu", "-c", str(target.with_suffix(".cache"))]
    command += ["--extra_options", *variant.options] if variant.options else []
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "TRANSFORMERS_VERBOSITY": "error"}
    result = subprocess.run(command, env=environment, cwd=merged, capture_output=True, text=True, check=False)
    if result.returncode:
        raise ExportFailed(
            f"onnxruntime-genai could not convert the generator to {variant.name}: {_last_line(result.stderr)}",
            "keep the release that serves; use a base model of an architecture that onnxruntime-genai knows",
        )
    return target


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["it gave no reason"])[-1][:300]


class Graph:
    """A converted model as a plain onnxruntime session, which gives the logits at every position."""

    def __init__(self, folder: Path, threads: int) -> None:
        decoder = json.loads((folder / "genai_config.json").read_bytes())["model"]["decoder"]
        self._session = open_session(folder / decoder["filename"], threads)
        empty = np.zeros((1, decoder["num_key_value_heads"], 0, decoder["head_size"]), np.float32)
        self._cache = {
            node.name: empty for node in self._session.get_inputs() if node.name.startswith("past_key_values")
        }

    def logits(self, tokens: Sequence[int]) -> NDArray[np.float32]:
        """The logits of the token after each of `tokens`: float32 [tokens, vocabulary]."""
        ids = np.array([tokens], np.int64)
        inputs = {"input_ids": ids, "attention_mask": np.ones_like(ids), **self._cache}
        logits: NDArray[np.float32] = self._session.run(["logits"], inputs)[0][0]
        return logits


@dataclass(frozen=True)
class Continuation:
    """The tokens of a prompt and of what fp32 generates after it, which begins at `start`."""

    tokens: list[int]
    start: int


def continuations(folder: Path, prompts: Sequence[Sequence[int]], threads: int) -> list[Continuation]:
    """Greedy generation after each prompt by the converted model in `folder`, as in serving."""
    generator = Generator(folder, threads, PREFIX)
    generated = [list(generator.tokens(prompt, CONTINUED_TOKENS)) for prompt in prompts]
    return [Continuation([*prompt, *tokens], len(prompt)) for prompt, tokens in zip(prompts, generated, strict=True)]


def agreement(exact: Graph, smaller: Graph, continued: Sequence[Continuation]) -> float:
    """The share of the generated tokens that both graphs rank first, given the same tokens before (teacher forcing)."""
    same = total = 0
    for continuation in continued:
        positions = slice(continuation.start - 1, len(continuation.tokens) - 1)
        chosen = [graph.logits(continuation.tokens)[positions].argmax(axis=1) for graph in (exact, smaller)]
        same += int((chosen[0] == chosen[1]).sum())
        total += len(chosen[0])
    return same / total if total else 0.0
