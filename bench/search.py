"""How long a search takes: every vector compared, against FAISS exact and approximate, and BM25 beside.

    python -m bench.search                                # 100,000 chunks of 384 dimensions
    python -m bench.search --chunks 1000000 --questions 50

Synthetic data: vectors lie around 1,000 topics as sections of articles do, and each question lies near a vector; the
frequency of words follows Zipf's law. Questions are asked one at a time, each of every search in turn; BM25 gets a
quarter of the questions. Recall is the share of the ten nearest chunks (by float64 cosines) that a search returns. The
last table shows how the time of the exact search grows, and up to how many chunks it stays within --budget ms: only
above that size would an approximate index pay.
"""

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from nightshift.index.bm25 import fts_table
from nightshift.index.exact import ExactIndex
from nightshift.progress import log

SEED = 7
TOPICS, WORDS, WORDS_PER_CHUNK, WORDS_PER_QUESTION = 1_000, 30_000, 120, 12
NEAREST, DEEP = 10, 5_000  # the results of a search page, and the depth of the retriever
HNSW_LINKS, HNSW_EF_SEARCH = 32, (64, 256)

Search = Callable[[int], NDArray[np.int64]]  # question number -> positions


def vectors_near(rng: np.random.Generator, centres: NDArray[np.float32], cosine: float) -> NDArray[np.float32]:
    """Unit vectors at about `cosine` from the unit vectors `centres` [n, dim]."""
    noise = rng.standard_normal(centres.shape, np.float32) / np.sqrt(centres.shape[1], dtype=np.float32)
    vectors = np.float32(cosine) * centres + np.float32(np.sqrt(1 - cosine**2)) * noise
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def synthetic_vectors(chunks: int, dim: int, questions: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Vectors float32 of chunks [chunks, dim] and of questions [questions, dim]."""
    rng = np.random.default_rng(SEED)
    topics = vectors_near(rng, np.zeros((TOPICS, dim), np.float32), 0)
    vectors = vectors_near(rng, topics[rng.integers(0, TOPICS, chunks)], 0.7)
    return vectors, vectors_near(rng, vectors[rng.integers(0, chunks, questions)], 0.7)


def zipf_texts(rows: int, words: int, rng: np.random.Generator) -> list[str]:
    """Texts of `words` words whose frequency falls with their rank; the 50 commonest (stop words) are left out."""
    weights = 1 / (50 + np.arange(WORDS))
    drawn = rng.choice(WORDS, (rows, words), p=weights / weights.sum())
    return [" ".join(f"w{word}" for word in row) for row in drawn]


def chunk_table(texts: list[str]) -> pa.Table:
    """A chunk table in which only `text` is filled."""
    blank = pa.array([""] * len(texts))
    names = pa.array([f"c{row}" for row in range(len(texts))])
    return pa.table(
        {"chunk_id": names, "article_id": names, "title": blank, "heading": blank, "text": texts, "url": blank}
    )


def timed(searches: dict[str, Search], questions: int) -> dict[str, NDArray[np.float64]]:
    """Milliseconds of every search [questions], question by question, after an untimed one."""
    taken: dict[str, list[float]] = {name: [] for name in searches}
    for search in searches.values():
        search(0)
    for number in range(questions):
        for name, search in searches.items():
            started = time.perf_counter()
            search(number)
            taken[name].append((time.perf_counter() - started) * 1e3)
    return {name: np.array(milliseconds) for name, milliseconds in taken.items()}


def recall(search: Search, truth: NDArray[np.int64]) -> float:
    """The share of the nearest chunks `truth` [questions, NEAREST] that are among the first NEAREST results."""
    results = [search(number)[:NEAREST] for number in range(len(truth))]
    return float(
        np.mean([len(set(a.tolist()) & set(b.tolist())) / NEAREST for a, b in zip(results, truth, strict=True)])
    )


def nearest(vectors: NDArray[np.float32], questions: NDArray[np.float32]) -> NDArray[np.int64]:
    """Positions [questions, NEAREST] of the nearest chunks by float64 cosines."""
    cosines = questions.astype(np.float64) @ vectors.T.astype(np.float64)
    return np.argsort(-cosines, axis=1)[:, :NEAREST]


def timed_build(build: Callable[[], Any]) -> tuple[Any, float]:
    """The result of `build`, and its seconds."""
    started = time.perf_counter()
    return build(), time.perf_counter() - started


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


def faiss_of(index: Any, questions: NDArray[np.float32], ef_search: int = 0) -> Search:
    """Search in a FAISS index; `ef_search` is how many candidates a graph keeps."""

    def search(number: int) -> NDArray[np.int64]:
        if ef_search:
            index.hnsw.efSearch = ef_search
        positions: NDArray[np.int64] = index.search(questions[number : number + 1], NEAREST)[1][0]
        return positions

    return search


def exact_of(index: ExactIndex, questions: NDArray[np.float32], k: int) -> Search:
    """Search for k chunks in our own index."""
    return lambda number: index.dense(questions[number : number + 1], k)[1][0]


def bm25_of(index: ExactIndex, questions: list[str], k: int) -> Search:
    """Search by words for k chunks in our own index."""
    return lambda number: index.bm25(questions[number], k)[1]


def comparison(chunks: int, dim: int, questions: int) -> str:
    """The table of all searches at one size."""
    import faiss

    vectors, question_vectors = synthetic_vectors(chunks, dim, questions)
    rng = np.random.default_rng(SEED)
    log(f"... {chunks:,} chunks: words")
    fts, fts_seconds = timed_build(lambda: fts_table(chunk_table(zipf_texts(chunks, WORDS_PER_CHUNK, rng))))
    texts = zipf_texts(questions, WORDS_PER_QUESTION, rng)
    log("... graph")
    graph, graph_seconds = timed_build(lambda: hnsw(vectors))
    exact, exact_seconds = timed_build(lambda: flat(vectors))
    ours = ExactIndex(chunk_table([""] * chunks), vectors, fts)
    mib = vectors.nbytes / 2**20
    graph_mib = faiss.serialize_index(graph).nbytes / 2**20
    pages = fts.execute("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size").fetchone()[0]
    searches: dict[str, tuple[Search, float, float]] = {
        f"nightshift, k={NEAREST}": (exact_of(ours, question_vectors, NEAREST), 0, mib),
        f"nightshift, k={DEEP:,}": (exact_of(ours, question_vectors, DEEP), 0, mib),
        f"FAISS IndexFlatIP, k={NEAREST}": (faiss_of(exact, question_vectors), exact_seconds, mib),
    }
    for ef_search in HNSW_EF_SEARCH:
        searches[f"FAISS HNSW{HNSW_LINKS}, efSearch {ef_search}, k={NEAREST}"] = (
            faiss_of(graph, question_vectors, ef_search),
            graph_seconds,
            graph_mib,
        )
    for k in (NEAREST, DEEP):
        searches[f"BM25 (FTS5), k={k:,}"] = (bm25_of(ours, texts, k), fts_seconds, pages / 2**20)
    log("... questions")
    dense = {name: search for name, (search, _, _) in searches.items() if not name.startswith("BM25")}
    bm25 = {name: search for name, (search, _, _) in searches.items() if name not in dense}
    taken = timed(dense, questions) | timed(bm25, max(1, questions // 4))
    truth = nearest(vectors, question_vectors)
    lines = [
        f"| {chunks:,} chunks x {dim} | p50 ms | p99 ms | recall@{NEAREST} | build s | MiB |",
        "|---|---|---|---|---|---|",
    ]
    for name, (search, seconds, size) in searches.items():
        recalled = f"{recall(search, truth):.3f}" if name in dense else ""
        p50, p99 = np.percentile(taken[name], [50, 99])
        lines.append(f"| {name} | {p50:.1f} | {p99:.1f} | {recalled} | {seconds:.1f} | {size:,.0f} |")
    return "\n".join(lines)


def growth(chunks: int, dim: int, questions: int, budget: float) -> str:
    """The exact search at several sizes, and where it meets the budget: a line through p50 by least squares."""
    sizes = [chunks // 10, chunks // 3, chunks, 2 * chunks]
    fts = fts_table(chunk_table(["word"]))
    medians = []
    for size in sizes:
        vectors, question_vectors = synthetic_vectors(size, dim, questions)
        index = ExactIndex(chunk_table([""] * size), vectors, fts)
        taken = timed({"exact": exact_of(index, question_vectors, NEAREST)}, questions)
        medians.append(float(np.median(taken["exact"])))
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
    print(comparison(chosen.chunks, chosen.dim, chosen.questions), flush=True)
    print()
    print(growth(chosen.chunks, chosen.dim, min(chosen.questions, 50), chosen.budget))
    print(f"\n{chosen.questions} questions, one at a time, seed {SEED}.")


if __name__ == "__main__":
    main()
