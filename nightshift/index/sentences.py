"""The sentences of an index with the vectors that an answer is selected by.

sentences.parquet     chunk (row of chunks.parquet), position in it, heading, kind, start, end, text
sentence_vectors.npy  float16 [sentences, 3, dim]: the sentence alone; with title and heading; between its neighbours
words.parquet         word
word_vectors.npy      float16 [words, dim]

sentences = Sentences.load(release.index, chunks)
sentences.of_articles(["gift-return"])     # int64 [n]: rows of sentences.parquet, in reading order
"""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from nightshift.errors import IndexUnavailable
from nightshift.text.sentences import split_sentences
from nightshift.text.words import stem, unstemmed_words

Embed = Callable[[str, list[str]], NDArray[np.float32]]  # kind of text, texts -> L2-normalised vectors [n, dim]

_SCHEMA = pa.schema(
    [
        ("chunk", pa.int32()),
        ("position", pa.int32()),
        ("heading", pa.string()),
        ("kind", pa.string()),
        ("start", pa.int32()),
        ("end", pa.int32()),
        ("text", pa.string()),
    ]
)


@dataclass(frozen=True)
class Vocabulary:
    """The words of an index: place in the list, vectors float32 [v, dim], stems [v].

    `alone` has for each sentence the places of its words, `framed` those of its title and headings as well.
    """

    place: dict[str, int]
    vectors: NDArray[np.float32]
    stems: NDArray[np.str_]
    alone: list[NDArray[np.int64]]
    framed: list[NDArray[np.int64]]
    counts: Counter[str]

    def rarity(self, word: str) -> float:
        """ln(1 + sentences / sentences that hold a word of the same stem)."""
        return math.log1p(len(self.alone) / max(self.counts[stem(word)], 0.5))


@dataclass(frozen=True)
class Sentences:
    """All sentences of an index version, sorted by chunk and position, with their vectors (see the module)."""

    table: pa.Table
    chunks: pa.Table
    vectors: NDArray[np.float16]
    words: list[str]
    word_vectors: NDArray[np.float16]

    @classmethod
    def load(cls, folder: Path, chunks: pa.Table) -> Self:
        """The sentences of the index in `folder`, whose chunks.parquet is `chunks`. Raises IndexUnavailable."""
        try:
            return cls(
                pq.read_table(folder / "sentences.parquet"),
                chunks,
                np.load(folder / "sentence_vectors.npy"),
                pq.read_table(folder / "words.parquet")["word"].to_pylist(),
                np.load(folder / "word_vectors.npy"),
            )
        except (OSError, ValueError, KeyError, pa.ArrowException) as error:
            raise IndexUnavailable(
                f"the index in {folder.name[:12]} has no complete sentences ({type(error).__name__})",
                "run the night again, or run `nightshift rollback` to the release before",
            ) from error

    @cached_property
    def texts(self) -> list[str]:
        """The text of every sentence [n]."""
        texts: list[str] = self.table["text"].to_pylist()
        return texts

    @cached_property
    def chunk(self) -> NDArray[np.int64]:
        """The row of chunks.parquet that each sentence is of [n]."""
        return np.asarray(self.table["chunk"].to_numpy(), np.int64)

    @cached_property
    def headings(self) -> list[str]:
        """The title, the heading of the chunk and the nearest heading line above each sentence, a line each [n]."""
        return headings_of(self.table, self.chunks)

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The words of the index, and which of them each sentence holds."""
        place = {word: number for number, word in enumerate(self.words)}
        stems = np.array([stem(word) for word in self.words], np.str_)
        alone = [_places(text, place) for text in self.texts]
        titles = {heading: _places(heading, place) for heading in set(self.headings)}
        framed = [np.union1d(own, titles[heading]) for own, heading in zip(alone, self.headings, strict=True)]
        counts = Counter(word for own in alone for word in set(stems[own].tolist()))
        return Vocabulary(place, self.word_vectors.astype(np.float32), stems, alone, framed, counts)

    def article(self, row: int) -> str:
        """The id of the article of a sentence."""
        return self._articles[row]

    def kind(self, row: int) -> str:
        """prose, item, step or row."""
        return self._kinds[row]

    def of_articles(self, article_ids: Sequence[str]) -> NDArray[np.int64]:
        """The rows of all sentences of these articles, in reading order."""
        wanted = set(article_ids)
        rows = [row for row, article in enumerate(self._articles) if article in wanted]
        return np.array(rows, np.int64)

    @cached_property
    def _kinds(self) -> list[str]:
        kinds: list[str] = self.table["kind"].to_pylist()
        return kinds

    @cached_property
    def _articles(self) -> list[str]:
        articles = self.chunks["article_id"].to_pylist()
        return [articles[chunk] for chunk in self.chunk.tolist()]


def _places(text: str, place: dict[str, int]) -> NDArray[np.int64]:
    return np.unique(np.array([place[word] for word in unstemmed_words(text)], np.int64))


def sentence_table(chunks: pa.Table) -> pa.Table:
    """The sentences of every chunk in reading order."""
    rows = [
        {
            "chunk": chunk,
            "position": position,
            "heading": sentence.heading,
            "kind": sentence.kind,
            "start": sentence.start,
            "end": sentence.end,
            "text": sentence.text,
        }
        for chunk, text in enumerate(chunks["text"].to_pylist())
        for position, sentence in enumerate(split_sentences(text))
    ]
    return pa.Table.from_pylist(rows, schema=_SCHEMA)


def headings_of(table: pa.Table, chunks: pa.Table) -> list[str]:
    """The title, the heading of the chunk and the nearest heading line above each sentence of `table`, a line each."""
    titles, headings = chunks["title"].to_pylist(), chunks["heading"].to_pylist()
    return [
        "\n".join(filter(None, (titles[chunk], headings[chunk], line)))
        for chunk, line in zip(table["chunk"].to_pylist(), table["heading"].to_pylist(), strict=True)
    ]


def embed_sentences(chunks: pa.Table, embed: Embed) -> Sentences:
    """The sentences of `chunks` with their vectors. `embed` keeps what it embedded: only new texts cost anything."""
    table = sentence_table(chunks)
    texts, chunk_of = table["text"].to_pylist(), table["chunk"].to_pylist()
    by_chunk: list[list[str]] = [[] for _ in range(chunks.num_rows)]
    for chunk, text in zip(chunk_of, texts, strict=True):
        by_chunk[chunk].append(text)
    windows = [
        " ".join(by_chunk[chunk][max(0, position - 1) : position + 2])
        for chunk, position in zip(chunk_of, table["position"].to_pylist(), strict=True)
    ]
    contexts = [f"{heading}\n{text}" for heading, text in zip(headings_of(table, chunks), texts, strict=True)]
    words = sorted({word for context in contexts for word in unstemmed_words(context)})
    ways = [*texts, *contexts, *windows]
    vectors = embed("sentences", ways).reshape(3, len(texts), -1).swapaxes(0, 1) if ways else np.zeros((0, 3, 0))
    word_vectors = embed("words", words) if words else np.zeros((0, vectors.shape[2]))
    return Sentences(table, chunks, vectors.astype(np.float16), words, word_vectors.astype(np.float16))
