"""An index version from tonight's articles: chunk, embed what is new, keep what a release serves from.

    index, work = build(features, document_tower, store, settings)
    # work: IndexWork(chunks=412, embedded=3, reused=409, removed=2, memory=1204, memory_embedded=31)

The tree holds, row by row in the same order:

    chunks.parquet  chunk_id, article_id, title, heading, text, url     vectors.npy  float32 [chunks, dim]
    resolved.parquet  ticket_id, article_ids, created_at                  resolved.npy   float32 [tickets, dim]
    unresolved.parquet                                                  unresolved.npy

The memory is what past tickets were resolved with: the newest resolved tickets of the training part. As many that were
answered without an article lie beside them, with no article each.
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
from nightshift.models.batch_encoder import open_batch_encoder
from nightshift.models.embedding_cache import Encoder, cached_vectors, text_keys
from nightshift.progress import log
from nightshift.settings import Settings, profile
from nightshift.store import Store
from nightshift.store.memo import memoize
from nightshift.text.chunks import chunk
from nightshift.warehouse import read_mart


@dataclass(frozen=True)
class IndexWork:
    """What building it took. `removed` counts chunks of the version before that are gone: edited or deleted."""

    chunks: int
    embedded: int
    reused: int
    removed: int
    memory: int
    memory_embedded: int


def build(
    features: Features,
    document_tower: Model,
    store: Store,
    settings: Settings,
    open_encoder: Callable[[Path, int], Encoder] = open_batch_encoder,
) -> tuple[Index, IndexWork]:
    """The index of `features` as the document tower sees it; the same content gives the same Index.

    Raises NotEnoughData when there is no article, MissingObject when the tower or a mart is gone.
    """
    encoder = document_tower.digest
    chunks = chunk_table(read_mart(store, features, "articles"))
    if not chunks.num_rows:
        raise NotEnoughData("there is no help article to index", "check the mapping of the table articles")
    memory = resolved_table(read_mart(store, features, "training_pairs"), profile(settings.profile).intent_tickets)
    log(f"    index  {chunks.num_rows:,} chunks, {memory.num_rows:,} resolved tickets")

    def opened() -> Encoder:
        return open_encoder(store.checkout(encoder), settings.threads)

    ids, texts = chunks["chunk_id"].to_pylist(), chunks["embedded"].to_pylist()
    vectors, embedded = cached_vectors("chunks", ids, texts, encoder_digest=encoder, open_encoder=opened, store=store)
    asked = memory["text"].to_pylist()
    oldest = memory["created_at"][0].as_py() if memory.num_rows else None
    unresolved = unresolved_table(read_mart(store, features, "unresolved"), memory.num_rows, oldest)
    asked += unresolved["text"].to_pylist()
    remembered, memory_embedded = cached_vectors(
        "tickets", text_keys(asked), asked, encoder_digest=encoder, open_encoder=opened, store=store
    )

    kinds = {"resolved": memory.drop_columns("text"), "unresolved": unresolved.drop_columns("text")}
    arrays = {"vectors": vectors, "resolved": remembered[: len(memory)], "unresolved": remembered[len(memory) :]}
    digest = _kept({"chunks": chunks.drop_columns("embedded"), **kinds}, arrays, encoder, store)
    articles = len(set(chunks["article_id"].to_pylist()))
    work = IndexWork(
        chunks=chunks.num_rows,
        embedded=embedded,
        reused=chunks.num_rows - embedded,
        removed=_removed(chunks, encoder, store),
        memory=memory.num_rows,
        memory_embedded=memory_embedded,
    )
    store.write_ref(f"index/last/{encoder}", digest)
    return Index(digest, features.digest, encoder, chunks.num_rows, articles), work


def chunk_table(articles: pa.Table) -> pa.Table:
    """Chunks of all articles, sorted by article in reading order; `embedded` is the text the encoder reads."""
    rows = [
        {
            "chunk_id": one.chunk_id,
            "article_id": one.article_id,
            "title": one.title,
            "heading": one.heading,
            "text": one.text,
            "url": article["url"],
            "embedded": one.embedded,
        }
        for article in articles.select(["article_id", "title", "body", "url"]).sort_by("article_id").to_pylist()
        for one in chunk(article["article_id"], article["title"], article["body"])
    ]
    names = ("chunk_id", "article_id", "title", "heading", "text", "url", "embedded")
    return pa.Table.from_pylist(rows, schema=pa.schema([(name, pa.string()) for name in names]))


def resolved_table(pairs: pa.Table, most: int) -> pa.Table:
    """The newest `most` resolved tickets with all articles that resolved each: ticket_id, article_ids, created_at, text."""
    grouped = pairs.group_by("ticket_id").aggregate([("article_id", "list"), ("created_at", "min"), ("text", "min")])
    newest = grouped.sort_by([("created_at_min", "descending"), ("ticket_id", "ascending")]).slice(0, most)
    rows = newest.sort_by([("created_at_min", "ascending"), ("ticket_id", "ascending")])
    return pa.table(
        {
            "ticket_id": rows["ticket_id"],
            "article_ids": pa.array(
                [sorted(ids) for ids in rows["article_id_list"].to_pylist()], pa.list_(pa.string())
            ),
            "created_at": rows["created_at_min"],
            "text": rows["text_min"],
        }
    ).combine_chunks()


def unresolved_table(tickets: pa.Table, most: int, since: datetime | None) -> pa.Table:
    """Tickets of the training part asked from `since` on that no article resolved, with the columns of memory_table.

    Of more than `most`, those whose ids hash lowest: a sample of all that time, as the resolved ones are, of which a
    night changes little. The newest would say that all that went unresolved did so lately.
    """
    known = tickets.filter(pc.equal(tickets["split"], "train"))
    if since is not None:
        known = known.filter(pc.greater_equal(known["created_at"], pa.scalar(since, known["created_at"].type)))
    hashed = pa.array([hashlib.sha256(ticket.encode()).hexdigest() for ticket in known["ticket_id"].to_pylist()])
    drawn = known.append_column("hashed", hashed.cast(pa.string())).sort_by("hashed").slice(0, most)
    rows = drawn.sort_by([("created_at", "ascending"), ("ticket_id", "ascending")])
    none = pa.array([[]] * rows.num_rows, pa.list_(pa.string()))
    columns = {
        "ticket_id": rows["ticket_id"],
        "article_ids": none,
        "created_at": rows["created_at"],
        "text": rows["text"],
    }
    return pa.table(columns).combine_chunks()


def _kept(tables: dict[str, pa.Table], arrays: dict[str, NDArray[np.float32]], encoder: str, store: Store) -> str:
    """The digest of the index tree.

    The same text embedded in another batch differs in its last digits. What was kept for the same rows and the same
    encoder before is therefore taken again, so that an index does not change with the way to it.
    """
    content = {
        name: [[str(value) for value in row.values()] for row in table.to_pylist()] for name, table in tables.items()
    }

    def made() -> str:
        with tempfile.TemporaryDirectory() as name:
            for table, rows in tables.items():
                pq.write_table(rows, Path(name) / f"{table}.parquet")
            for array, values in arrays.items():
                np.save(Path(name) / f"{array}.npy", values)
            return store.put_tree(Path(name))

    return memoize("index", [encoder, content], made, store)


def _removed(chunks: pa.Table, encoder: str, store: Store) -> int:
    """How many chunks of the last version with this encoder are no longer there."""
    last = store.read_ref(f"index/last/{encoder}")
    if last is None or not store.has(last):
        return 0
    before = pq.read_table(store.path(store.tree(last)["chunks.parquet"]), columns=["chunk_id"])
    return len(set(before["chunk_id"].to_pylist()) - set(chunks["chunk_id"].to_pylist()))
