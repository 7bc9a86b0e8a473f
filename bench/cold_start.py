"""Articles made searchable as in a first night without a ticket. Part of bench.answers.

    start = cold_start(articles, tower, night)              # a table of article_id, title, body, url
    start.finder.find([Reading("How do I renew a license?", 1.0, asked=True)]).sentences

The index is that of a release: the same chunks, sentences and vectors from the same code. The base encoder is both
towers, fusion weights and confidence are those of a cold start, and the sentence weights those of the first night.
"""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from nightshift.answering.evidence import FIRST_NIGHT_ANSWERABILITY, EvidenceFinder, SentenceAnswerability
from nightshift.answering.sentence_selector import SentenceSelector
from nightshift.artifacts import Features, Model
from nightshift.index.build import build
from nightshift.index.exact import ExactIndex
from nightshift.index.sentences import Sentences
from nightshift.models.batch_encoder import open_batch_encoder
from nightshift.models.encoder import OnnxEncoder
from nightshift.models.tokenizer import tokenizer_vocabulary
from nightshift.night import Night
from nightshift.retrieval.answerability import Answerability
from nightshift.retrieval.confidence import UNFITTED
from nightshift.retrieval.ranking import Encoder
from nightshift.retrieval.retriever import Retriever
from nightshift.retrieval.ticket_knn import TicketKnn
from nightshift.text.spelling import Vocabulary
from nightshift.train.fusion_weights import COLD_START
from nightshift.warehouse import MARTS

OpenEncoder = Callable[[Path, int], Encoder]
ARTICLES = pa.schema([(name, pa.string()) for name in ("article_id", "title", "body", "url")])


@dataclass(frozen=True)
class SelectableSentences(Sentences):
    """The sentences of an index. While `only` names articles, the sentences of no other article are candidates."""

    only: list[str] = field(default_factory=list)

    def of_articles(self, article_ids: Sequence[str]) -> NDArray[np.int64]:
        return super().of_articles(self.only or article_ids)


@dataclass(frozen=True)
class ColdStart:
    """What answers questions about articles before there is any ticket."""

    retriever: Retriever
    sentences: SelectableSentences
    finder: EvidenceFinder


def cold_start(
    articles: pa.Table,
    tower: Model,
    night: Night,
    open_encoder: OpenEncoder = OnnxEncoder,
    bulk_encoder: OpenEncoder = open_batch_encoder,
) -> ColdStart:
    """Index `articles` in the store of `night` with the document tower. Raises NotEnoughData without an article.

    `open_encoder` opens the tower for questions, `bulk_encoder` for the index.
    """
    tables = {name: MARTS[name].empty_table() for name in ("training_pairs", "unresolved")} | {"articles": articles}
    tree = {f"{name}.parquet": night.store.put(_parquet(table)) for name, table in tables.items()}
    features = Features(night.store.put_json(tree), "", "")
    index, _ = build(features, tower, night, bulk_encoder)
    folder, tower_folder = night.store.checkout(index.digest), night.store.checkout(tower.digest)
    encoder = open_encoder(tower_folder, night.settings.threads)
    resolved, unresolved = TicketKnn.load(folder), TicketKnn.load(folder, "unresolved")
    retriever = Retriever(
        ExactIndex.open(folder),
        resolved,
        documents=encoder,
        queries=encoder,
        classifiers=None,
        weights=COLD_START,
        confidence=UNFITTED,
        answerability=Answerability(resolved, unresolved, None, None),
    )
    sentences = SelectableSentences(**vars(Sentences.load(folder, retriever.chunks)))
    answerability = SentenceAnswerability.from_json(FIRST_NIGHT_ANSWERABILITY)
    vocabulary = Vocabulary.of([*sentences.texts, *sentences.headings], known=tokenizer_vocabulary(tower_folder))
    finder = EvidenceFinder(retriever, sentences, SentenceSelector.first_night(), answerability, vocabulary)
    return ColdStart(retriever, sentences, finder)


def _parquet(table: pa.Table) -> bytes:
    file = io.BytesIO()
    pq.write_table(table, file)
    return file.getvalue()
