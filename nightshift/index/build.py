"""An index version from the articles of a night: chunk them, embed the new chunks, store what a release serves from.

    index, work = build(features, document_tower, night)
    # work: IndexWork(chunks=412, embedded=3, reused=409, removed=2, resolved=1204, tickets_embedded=31)

The tree holds tables and arrays with rows in the same order:

    chunks.parquet      chunk_id, article_id, title, heading, text, url   vectors.npy     float32 [chunks, dim]
    resolved.parquet    ticket_id, article_ids, created_at                resolved.npy    float32 [tickets, dim]
    unresolved.parquet  the same columns, article_ids empty               unresolved.npy  float32 [tickets, dim]
    sentences.parquet, words.parquet and their vectors: see sentences.py

Resolved tickets are the newest of the training part that an article resolved. Unresolved tickets are at most as many
of the training part that were answered without an article.
"""

import hashlib
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from nightshift.artifacts import Features, Index, Model
from nightshift.errors import NotEnoughData
from nightshift.index.sentences import embed_sentences
from nightshift.models.batch_encoder import open_batch_encoder
from nightshift.models.embedding_cache import Encoder, cached_vectors, text_keys
from nightshift.night import Night
from nightshift.progress import log
from nightshift.store import Store
from nightshift.store.memo import memoize
from nightshift.text.chunks import chunk_article
from nightshift.warehouse import read_mart


@dataclass(frozen=True)
class IndexWork:
    """The work of a build. `removed` counts chunks of the last version that are no longer there: edited or deleted.

    `resolved` counts resolved tickets, `tickets_embedded` the resolved and unresolved ones that had no vector yet.
    """

    chunks: int
    embedded: int
    reused: int
    removed: int
    resolved: int
    tickets_embedded: int


def build(
    features: Features,
    document_tower: Model,
    night: Night,
    open_encoder: Callable[[Path, int], Encoder] = open_batch_encoder,
) -> tuple[Index, IndexWork]:
    """The index of `features` as the document tower sees it; the same content gives the same Index.

    Raises NotEnoughData when there is no article, MissingObject when the tower or a mart is gone.
    """
    store, encoder = night.store, document_tower.digest
    chunks = chunk_table(read_mart(store, features, "articles"))
    if not chunks.num_rows:
        raise NotEnoughData("there is no help article to index", "check the mapping of the table articles")
    resolved = resolved_table(read_mart(store, features, "training_pairs"), night.profile.intent_tickets)
    log(f"    index  {chunks.num_rows:,} chunks, {resolved.num_rows:,} resolved tickets")

    def open_tower() -> Encoder:
        return open_encoder(store.checkout(encoder), night.settings.threads)

    ids, texts = chunks["chunk_id"].to_pylist(), chunks["embedded"].to_pylist()
    vectors, embedded = cached_vectors(
        "chunks", ids, texts, encoder_digest=encoder, open_encoder=open_tower, store=store
    )
    oldest = resolved["created_at"][0].as_py() if resolved.num_rows else None
    unresolved = unresolved_table(read_mart(store, features, "unresolved"), resolved.num_rows, oldest)
    tickets = resolved["text"].to_pylist() + unresolved["text"].to_pylist()
    ticket_vectors, tickets_embedded = cached_vectors(
        "tickets", text_keys(tickets), tickets, encoder_digest=encoder, open_encoder=open_tower, store=store
    )

    def embed(kind: str, sentences: list[str]) -> NDArray[np.float32]:
        vectors, _ = cached_vectors(
            kind, text_keys(sentences), sentences, encoder_digest=encoder, open_encoder=open_tower, store=store
        )
        return vectors

    sentences = embed_sentences(chunks, embed)
    tables = {
        "chunks": chunks.drop_columns("embedded"),
        "sentences": sentences.table,
        "words": pa.table({"word": sentences.words}),
        "resolved": resolved.drop_columns("text"),
        "unresolved": unresolved.drop_columns("text"),
    }
    arrays: dict[str, NDArray[np.floating]] = {
        "vectors": vectors,
        "sentence_vectors": sentences.vectors,
        "word_vectors": sentences.word_vectors,
        "resolved": ticket_vectors[: len(resolved)],
        "unresolved": ticket_vectors[len(resolved) :],
    }
    digest = _index_tree(tables, arrays, encoder, store)
    articles = len(set(chunks["article_id"].to_pylist()))
    work = IndexWork(
        chunks=chunks.num_rows,
        embedded=embedded,
        reused=chunks.num_rows - embedded,
        removed=_removed(chunks, encoder, store),
        resolved=resolved.num_rows,
        tickets_embedded=tickets_embedded,
    )
    store.write_ref(f"index/last/{encoder}", digest)
    return Index(digest, features.digest, encoder, chunks.num_rows, articles), work


def chunk_table(articles: pa.Table) -> pa.Table:
    """Chunks of all articles, sorted by article in reading order; `embedded` is the text the encoder reads."""
    rows = [
        {
            "chunk_id": chunk.chunk_id,
            "article_id": chunk.article_id,
            "title": chunk.title,
            "heading": chunk.heading,
            "text": chunk.text,
            "url": article["url"],
            "embedded": chunk.embedded,
        }
        for article in articles.select(["article_id", "title", "body", "url"]).sort_by("article_id").to_pylist()
        for chunk in chunk_article(article["article_id"], article["title"], article["body"])
    ]
    names = ("chunk_id", "article_id", "title", "heading", "text", "url", "embedded")
    return pa.Table.from_pylist(rows, schema=pa.schema([(name, pa.string()) for name in names]))


def resolved_table(pairs: pa.Table, limit: int) -> pa.Table:
    """The newest `limit` resolved tickets, oldest first: ticket_id, article_ids, created_at, text.

    `pairs` has a row per ticket and article; `article_ids` are all articles that resolved the ticket, sorted.
    """
    grouped = pairs.group_by("ticket_id").aggregate([("article_id", "list"), ("created_at", "min"), ("text", "min")])
    newest = grouped.sort_by([("created_at_min", "descending"), ("ticket_id", "ascending")]).slice(0, limit)
    rows = newest.sort_by([("created_at_min", "ascending"), ("ticket_id", "ascending")])
    article_ids = [sorted(ids) for ids in rows["article_id_list"].to_pylist()]
    columns = {
        "ticket_id": rows["ticket_id"],
        "article_ids": pa.array(article_ids, pa.list_(pa.string())),
        "created_at": rows["created_at_min"],
        "text": rows["text_min"],
    }
    return pa.table(columns).combine_chunks()


def unresolved_table(tickets: pa.Table, limit: int, since: datetime | None) -> pa.Table:
    """Tickets of the training part asked from `since` on that no article resolved, in the columns of resolved_table.

    Of more than `limit`, those whose hashed ids are lowest: a sample over the whole time, of which one night changes
    little. The newest would make every recent question look unanswerable.
    """
    candidates = tickets.filter(pc.equal(tickets["split"], "train"))
    if since is not None:
        recent = pc.greater_equal(candidates["created_at"], pa.scalar(since, candidates["created_at"].type))
        candidates = candidates.filter(recent)
    hashes = [hashlib.sha256(ticket.encode()).hexdigest() for ticket in candidates["ticket_id"].to_pylist()]
    sample = candidates.append_column("hash", pa.array(hashes, pa.string())).sort_by("hash").slice(0, limit)
    rows = sample.sort_by([("created_at", "ascending"), ("ticket_id", "ascending")])
    columns = {
        "ticket_id": rows["ticket_id"],
        "article_ids": pa.array([[]] * rows.num_rows, pa.list_(pa.string())),
        "created_at": rows["created_at"],
        "text": rows["text"],
    }
    return pa.table(columns).combine_chunks()


def _index_tree(
    tables: dict[str, pa.Table], arrays: dict[str, NDArray[np.floating]], encoder: str, store: Store
) -> str:
    """The digest of the index tree.

    The vector of a text differs in its last digits from batch to batch. The tree stored first for these rows and this
    encoder is therefore reused, so that an index does not depend on the nights that led to it.
    """
    content = {
        name: [[str(value) for value in row.values()] for row in table.to_pylist()] for name, table in tables.items()
    }

    def write_tree() -> str:
        with tempfile.TemporaryDirectory() as name:
            for table, rows in tables.items():
                pq.write_table(rows, Path(name) / f"{table}.parquet")
            for array, values in arrays.items():
                np.save(Path(name) / f"{array}.npy", values)
            return store.put_tree(Path(name))

    return memoize("index", [encoder, content], write_tree, store)


def _removed(chunks: pa.Table, encoder: str, store: Store) -> int:
    """How many chunks of the last version with this encoder are no longer there."""
    last = store.read_ref(f"index/last/{encoder}")
    if last is None or not store.has(last):
        return 0
    previous = pq.read_table(store.path(store.tree(last)["chunks.parquet"]), columns=["chunk_id"])
    return len(set(previous["chunk_id"].to_pylist()) - set(chunks["chunk_id"].to_pylist()))
