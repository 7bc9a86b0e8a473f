"""Throughput of embedding on this machine, as a share of its fp32 limit, compared with other runtimes.

    python -m bench.embedding                                             # 12, 64, 256 tokens and mixed lengths
    python -m bench.embedding --texts tickets.parquet --column text       # and texts of your own
    uv pip install sentence-transformers                                  # for its row; it is no dependency

The limit is measured in the same run (see bench.gemm): the matrix products of the transformer at the best fp32 rate
of this machine. Every round measures the limit and then every encoder on the same texts, tokenizing included; ratios
are taken within a round, and the tables show medians with 95 % bootstrap intervals. All encoders have the same
weights: `cosine` is the lowest between their vectors and those of PyTorch, which embeds one text at a time.
"""

import argparse
import json
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from bench.encoders import PlainOnnx, SentenceTransformers
from bench.gemm import Transformer, best_rate, flops
from bench.texts import read
from nightshift.export.encoder import write_tower
from nightshift.export.quantize import quantize
from nightshift.models.batch_encoder import BatchEncoder, native_precision
from nightshift.models.encoder import OnnxEncoder
from nightshift.models.onnx_session import CPU, CUDA, available
from nightshift.models.tokenizer import BATCH_TOKENS
from nightshift.progress import log
from nightshift.settings import Settings, profile
from nightshift.store.base_models import resolve
from nightshift.train.encoder_module import load_tokenizer, load_tower, max_tokens_of, tokenize

SEED = 7
OURS = "nightshift"
TOKENS_PER_ROUND = 16_384
QUESTION_TOKENS = 17  # the median question of the public support tickets
QUESTIONS = 200


class Encoder(Protocol):
    """Texts to vectors float32 [n, dim]."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]: ...


def texts_of(lengths: Sequence[int], tokenizer: Path, seed: int) -> list[str]:
    """Texts of `lengths` tokens: random whole words of the vocabulary, and the two special tokens."""
    from tokenizers import Tokenizer

    vocabulary = Tokenizer.from_file(str(tokenizer)).get_vocab()
    words = np.array(sorted(word for word in vocabulary if word.isascii() and word.isalpha() and len(word) > 2))
    rng = np.random.default_rng(seed)
    return [" ".join(rng.choice(words, length - 2)) for length in lengths]


def corpora(tokenizer: Path, longest: int) -> dict[str, list[str]]:
    """Texts of equal length, and of mixed: log-normal around 60 tokens like support tickets, cut at `longest`."""
    rng = np.random.default_rng(SEED)
    mixed = np.clip(rng.lognormal(np.log(60), 0.8, TOKENS_PER_ROUND // 80), 6, longest).astype(int)
    lengths = {f"{n} tokens": [n] * (TOKENS_PER_ROUND // n) for n in (12, 64, longest)} | {"mixed": mixed.tolist()}
    return {name: texts_of(counts, tokenizer, SEED) for name, counts in lengths.items()}


def open_encoders(base: Path, folder: Path, threads: int) -> dict[str, Encoder]:
    """Ours first, then those of the other runtimes that are installed."""
    encoders: dict[str, Encoder] = {OURS: BatchEncoder(folder, threads)}
    if native_precision() != "f32":
        encoders["nightshift in f32"] = BatchEncoder(folder, threads, "f32")
    if CUDA in available():
        encoders["nightshift on the GPU"] = OnnxEncoder(folder, threads)
    encoders["onnxruntime, our batches"] = OnnxEncoder(folder, threads, providers=[CPU])
    encoders["onnxruntime, plain"] = PlainOnnx(folder / "model.onnx", folder / "tokenizer.json", max_tokens_of(base))
    if find_spec("sentence_transformers"):
        encoders["sentence-transformers"] = SentenceTransformers(base)
    else:
        log("not installed: uv pip install sentence-transformers")
    return encoders


def measure_rounds(
    encoders: dict[str, Encoder], texts: Sequence[str], rounds: int, limit: Callable[[], float]
) -> tuple[NDArray[np.float64], dict[str, NDArray[np.float64]]]:
    """Seconds of the limit [rounds] and of every encoder [rounds], one after another in every round."""
    seconds: dict[str, list[float]] = {name: [] for name in encoders}
    limits = []
    for _ in range(rounds):
        limits.append(limit())
        for name, encoder in encoders.items():
            started = time.perf_counter()
            encoder.encode(texts)
            seconds[name].append(time.perf_counter() - started)
    return np.array(limits), {name: np.array(rounds_taken) for name, rounds_taken in seconds.items()}


def spread(ratios: NDArray[np.float64], draws: int = 1_000) -> str:
    """The median of `ratios` [rounds] with its 95 % bootstrap interval."""
    chosen = np.random.default_rng(SEED).integers(0, len(ratios), (draws, len(ratios)))
    low, high = np.quantile(np.median(ratios[chosen], axis=1), [0.025, 0.975])
    return f"{np.median(ratios):.2f} ({low:.2f} to {high:.2f})"


def exact_vectors(base: Path, texts: Sequence[str]) -> NDArray[np.float32]:
    """PyTorch, one text at a time without padding."""
    import torch

    tower, tokenizer = load_tower(base), load_tokenizer(base, max_tokens_of(base))
    with torch.no_grad():
        return np.concatenate([tower(**tokenize(tokenizer, [text])).numpy() for text in texts])


def throughput(encoders: dict[str, Encoder], base: Path, named: dict[str, list[str]], rounds: int) -> Iterator[str]:
    """The table of throughput, line by line as it is measured."""
    shape, tokenizer = Transformer.of(base), load_tokenizer(base, max_tokens_of(base))
    tokenizer.no_padding()
    yield "| texts | runtime | texts/s | share of the fp32 limit | ours, times as fast | cosine |"
    yield "|---|---|---|---|---|---|"
    for name, texts in named.items():
        log(f"... {name}")
        work = flops(shape, [len(encoding.ids) for encoding in tokenizer.encode_batch(texts)])
        sample = texts[:: max(1, len(texts) // 32)]
        exact = exact_vectors(base, sample)
        cosines = {
            runtime: float((encoder.encode(sample) * exact).sum(1).min()) for runtime, encoder in encoders.items()
        }
        limits, taken = measure_rounds(encoders, texts, rounds, lambda work=work: work / best_rate(shape, BATCH_TOKENS))
        yield f"| {name} | the limit | {len(texts) / np.median(limits):,.0f} | 1 | | |"
        for runtime, seconds in taken.items():
            times = "" if runtime == OURS else spread(seconds / taken[OURS])
            rate, share = len(texts) / np.median(seconds), spread(limits / seconds)
            yield f"| | {runtime} | {rate:,.0f} | {share} | {times} | {cosines[runtime]:.5f} |"


def latency(folder: Path, threads: int) -> str:
    """The table of single questions: fp32 and int8, alternating."""
    int8 = folder / "int8"
    int8.mkdir()
    shutil.copy(folder / "tokenizer.json", int8)
    quantize(folder / "model.onnx", int8 / "model.int8.onnx")
    record = json.loads((folder / "encoder.json").read_bytes())
    (int8 / "encoder.json").write_text(json.dumps({**record, "file": "model.int8.onnx"}))
    encoders = {"fp32": OnnxEncoder(folder, threads, providers=[CPU]), "int8 per channel": OnnxEncoder(int8, threads)}
    questions = texts_of([QUESTION_TOKENS] * QUESTIONS, folder / "tokenizer.json", SEED)
    taken: dict[str, list[float]] = {name: [] for name in encoders}
    for question in questions:
        for name, encoder in encoders.items():
            started = time.perf_counter()
            encoder.encode([question])
            taken[name].append((time.perf_counter() - started) * 1e3)
    cosines = (encoders["fp32"].encode(questions) * encoders["int8 per channel"].encode(questions)).sum(1)
    lines = [f"| one question of {QUESTION_TOKENS} tokens | p50 ms | p99 ms | cosine, mean |", "|---|---|---|---|"]
    for name, cosine in (("fp32", 1.0), ("int8 per channel", float(cosines.mean()))):
        p50, p99 = np.percentile(taken[name], [50, 99])
        lines.append(f"| {name} | {p50:.1f} | {p99:.1f} | {cosine:.3f} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", default=profile("tiny").encoder, help="URL of the base encoder")
    parser.add_argument("--texts", type=Path, help="file of texts to embed too, in the order they come")
    parser.add_argument("--column", default="text", help="its column")
    parser.add_argument("--rows", type=int, default=200, help="how many of its rows, evenly spaced")
    parser.add_argument("--rounds", type=int, default=7)
    chosen = parser.parse_args()
    base, threads = resolve(chosen.base), Settings.from_env().threads
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tower = load_tower(base, "eager")
        write_tower(tower, base, folder, texts_of([8, 30, 90], base / "tokenizer.json", SEED), threads)
        named = corpora(folder / "tokenizer.json", max_tokens_of(base))
        if chosen.texts:
            rows = read(chosen.texts, chosen.column).texts
            named[chosen.texts.name] = rows[:: max(1, len(rows) // chosen.rows)][: chosen.rows]
        for line in throughput(open_encoders(base, folder, threads), base, named, chosen.rounds):
            print(line, flush=True)
        print()
        print(latency(folder, threads))
    print(
        f"\n{TOKENS_PER_ROUND:,} tokens a round, {chosen.rounds} rounds, batches of {BATCH_TOKENS:,} padded tokens, "
        f"ours in {native_precision()}, {threads} threads, seed {SEED}."
    )


if __name__ == "__main__":
    main()
