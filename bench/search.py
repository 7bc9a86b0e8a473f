"""How long a search takes: every vector compared, against FAISS exact and approximate, and BM25 beside.

    python -m bench.search                                # 100,000 chunks of 384 dimensions
    python -m bench.search --chunks 1000000 --questions 50

Made data: vectors lie round 1,000 topics as sections of articles do, a question near one of them; texts are of words
whose frequency falls as Zipf's law says. One question at a time, all contenders in turn; BM25 a quarter of the questions. Recall is the share of the
ten nearest chunks (by float64 cosines) that are found. The last table says how the exact search grows, and up to how
many chunks it keeps within --budget ms: only above that would an approximate index pay.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from nightshift.index.bm25 import open_words
from nightshift.index.exact import ExactIndex
from nightshift.progress import log

SEED = 7
TOPICS, WORDS, WORDS_A_CHUNK, WORDS_A_QUESTION = 1_000, 30_000, 120, 12
NEAREST, DEEP = 10, 5_000  # what a person sees, and what the retriever asks for
HNSW_LINKS, HNSW_EFFORT = 32, (64, 256)

Search = Callable[[int], NDArray[np.int64]]  # question number -> positions


def near(rng: np.random.Generator, to: NDArray[np.float32], cosine: float) -> NDArray[np.float32]:
    """Unit vectors at about `cosine` from the unit vectors `to` [n, dim]."""
    noise = rng.standard_normal(to.shape, np.float32) / np.sqrt(to.shape[1], dtype=np.float32)
    found = np.float32(cosine) * to + np.float32(np.sqrt(1 - cosine**2)) * noise
    return np.asarray(found / np.linalg.norm(found, axis=1, keepdims=True), np.float32)


def made(chunks: int, dim: int, questions: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Vectors of chunks and of questions."""
    rng = np.random.default_rng(SEED)
    topics = near(rng, np.zeros((TOPICS, dim), np.float32), 0)
    vectors = near(rng, topics[rng.integers(0, TOPICS, chunks)], 0.7)
    return vectors, near(rng, vectors[rng.integers(0, chunks, questions)], 0.7)


def spoken(rows: int, words: int, rng: np.random.Generator) -> list[str]:
    """Texts of words whose frequency falls with their rank; the commonest are left out, as stop words are."""
    weights = 1 / (50 + np.arange(WORDS))
    drawn = rng.choice(WORDS, (rows, words), p=weights / weights.sum())
    return [" ".join(f"w{word}" for word in row) for row in drawn]


def table_of(texts: list[str]) -> pa.Table:
    """Chunks with a text and nothing else."""
    blank = pa.array([""] * len(texts))
    names = pa.array([f"c{row}" for row in range(len(texts))])
    return pa.table(
        {"chunk_id": names, "article_id": names, "title": blank, "heading": blank, "text": texts, "url": blank}
    )


def timed(searches: dict[str, Search], questions: int) -> dict[str, NDArray[np.float64]]:
    """Milliseconds of every search for every question, in turns; the first question is asked once before, unmeasured."""
    taken: dict[str, list[float]] = {name: [] for name in searches}
    for search in searches.values():
        search(0)
    for number in range(questions):
        for name, search in searches.items():
            started = time.perf_counter()
            search(number)
            taken[name].append((time.perf_counter() - started) * 1e3)
    return {name: np.array(of) for name, of in taken.items()}


def recall(search: Search, truth: NDArray[np.int64]) -> float:
    """The share of the nearest chunks [questions, NEAREST] among the first NEAREST found."""
    found = [search(number)[:NEAREST] for number in range(len(truth))]
    return float(np.mean([len(set(a.tolist()) & set(b.tolist())) / NEAREST for a, b in zip(found, truth, strict=True)]))


def nearest(vectors: NDArray[np.float32], questions: NDArray[np.float32]) -> NDArray[np.int64]:
    """The truth, in float64."""
    cosines = questions.astype(np.float64) @ vectors.T.astype(np.float64)
    return np.argsort(-cosines, axis=1)[:, :NEAREST]


def built(make: Callable[[], Any]) -> tuple[Any, float]:
    """What `make` makes, and its seconds."""
    started = time.perf_counter()
    return make(), time.perf_counter() - started


def hnsw(vectors: NDArray[np.float32]) -> Any:
    import faiss

    graph = faiss.IndexHNSWFlat(vectors.shape[1], HNSW_LINKS, faiss.METRIC_INNER_PRODUCT)
    graph.add(vectors)
    return graph


def flat(vectors: NDArray[np.float32]) -> Any:
    import faiss

    exact = faiss.IndexFlatIP(vectors.shape[1])
    exact.add(vectors)
    return exact


def of_faiss(index: Any, questions: NDArray[np.float32], effort: int = 0) -> Search:
    """Search in a FAISS index; `effort` is how many candidates a graph keeps."""

    def search(number: int) -> NDArray[np.int64]:
        if effort:
            index.hnsw.efSearch = effort
        positions: NDArray[np.int64] = index.search(questions[number : number + 1], NEAREST)[1][0]
        return positions

    return search


def contenders(chunks: int, dim: int, questions: int) -> str:
    """The table of all searches at one size."""
    import faiss

    vectors, asked = made(chunks, dim, questions)
    rng = np.random.default_rng(SEED)
    log(f"... {chunks:,} chunks: words")
    words, seconds_of_words = built(lambda: open_words(table_of(spoken(chunks, WORDS_A_CHUNK, rng)), Path("absent")))
    said = spoken(questions, WORDS_A_QUESTION, rng)
    log("... graph")
    graph, seconds_of_graph = built(lambda: hnsw(vectors))
    exact, seconds_of_exact = built(lambda: flat(vectors))
    ours = ExactIndex(table_of([""] * chunks), vectors, words)
    mib = vectors.nbytes / 2**20
    graph_mib = faiss.serialize_index(graph).nbytes / 2**20
    pages = words.execute("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size").fetchone()[0]
    searches: dict[str, tuple[Search, float, float]] = {
        f"nightshift, k={NEAREST}": (lambda n: ours.dense(asked[n : n + 1], NEAREST)[1][0], 0, mib),
        f"nightshift, k={DEEP:,}": (lambda n: ours.dense(asked[n : n + 1], DEEP)[1][0], 0, mib),
        f"FAISS IndexFlatIP, k={NEAREST}": (of_faiss(exact, asked), seconds_of_exact, mib),
    }
    for effort in HNSW_EFFORT:
        searches[f"FAISS HNSW{HNSW_LINKS}, efSearch {effort}, k={NEAREST}"] = (
            of_faiss(graph, asked, effort),
            seconds_of_graph,
            graph_mib,
        )
    for k in (NEAREST, DEEP):
        searches[f"BM25 (FTS5), k={k:,}"] = (lambda n, k=k: ours.bm25(said[n], k)[1], seconds_of_words, pages / 2**20)
    log("... questions")
    dense = {name: search for name, (search, _, _) in searches.items() if not name.startswith("BM25")}
    words_too = {name: search for name, (search, _, _) in searches.items() if name not in dense}
    taken = timed(dense, questions) | timed(words_too, max(1, questions // 4))
    truth = nearest(vectors, asked)
    lines = [
        f"| {chunks:,} chunks x {dim} | p50 ms | p99 ms | recall@{NEAREST} | build s | MiB |",
        "|---|---|---|---|---|---|",
    ]
    for name, (search, seconds, size) in searches.items():
        found = f"{recall(search, truth):.3f}" if name in dense else ""
        p50, p99 = np.percentile(taken[name], [50, 99])
        lines.append(f"| {name} | {p50:.1f} | {p99:.1f} | {found} | {seconds:.1f} | {size:,.0f} |")
    return "\n".join(lines)


def growth(chunks: int, dim: int, questions: int, budget: float) -> str:
    """The exact search at several sizes, and where it meets the budget: a line through p50 by least squares."""
    sizes = [chunks // 10, chunks // 3, chunks, 2 * chunks]
    words = open_words(table_of(["word"]), Path("absent"))
    medians = []
    for size in sizes:
        vectors, asked = made(size, dim, questions)
        index = ExactIndex(table_of([""] * size), vectors, words)
        taken = timed({"": lambda n, index=index, asked=asked: index.dense(asked[n : n + 1], NEAREST)[1][0]}, questions)
        medians.append(float(np.median(taken[""])))
    slope, start = np.polyfit(sizes, medians, 1)
    lines = ["| exact search, chunks | p50 ms |", "|---|---|"]
    lines += [f"| {size:,} | {ms:.1f} |" for size, ms in zip(sizes, medians, strict=True)]
    return "\n".join(
        [*lines, "", f"Within {budget:g} ms up to about {(budget - start) / slope:,.0f} chunks on this machine."]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chunks", type=int, default=100_000)
    parser.add_argument("--dim", type=int, default=384)
    parser.add_argument("--questions", type=int, default=100)
    parser.add_argument("--budget", type=float, default=15.0, help="milliseconds an exact search may take")
    chosen = parser.parse_args()
    print(contenders(chosen.chunks, chosen.dim, chosen.questions), flush=True)
    print()
    print(growth(chosen.chunks, chosen.dim, min(chosen.questions, 50), chosen.budget))
    print(f"\n{chosen.questions} questions, one at a time, seed {SEED}.")


if __name__ == "__main__":
    main()
