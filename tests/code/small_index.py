"""A small index of sentences, embedded by the words they hold."""

import hashlib

import numpy as np
import pyarrow as pa

from nightshift.index.sentences import embed_sentences
from nightshift.text.passages import Passage
from nightshift.text.words import unstemmed_words

DIM = 2_048


class WordEncoder:
    """Each word of a text that is no stop word is a direction; `texts` lists what was embedded."""

    def __init__(self):
        self.texts = []

    def encode(self, texts):
        self.texts += texts
        vectors = np.zeros((len(texts), DIM), np.float32)
        for row, text in enumerate(texts):
            for word in unstemmed_words(text):
                vectors[row, int(hashlib.sha256(word.encode()).hexdigest(), 16) % DIM] += 1
        return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)


def chunk_table(chunks):
    """chunks.parquet of (article, heading, text), with the article's id as its title."""
    articles, headings, texts = zip(*chunks, strict=True)
    ids = [f"c{number}" for number in range(len(chunks))]
    columns = {"chunk_id": ids, "article_id": articles, "title": articles, "heading": headings, "text": texts}
    return pa.table({**columns, "url": [""] * len(chunks)})


def sentences_of(*chunks):
    """The sentences of (article, heading, text), a chunk each, as an index holds them."""
    return embed_sentences(chunk_table(chunks), lambda _kind, texts: WordEncoder().encode(texts))


def passages_of(sentences):
    """The passages of the sentences' chunks."""
    return [Passage(**chunk, score=0.0) for chunk in sentences.chunks.to_pylist()]
