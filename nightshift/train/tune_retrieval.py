"""The tuned parameters of a release: how much each retrieval score counts, and when it is better to decline.

    tuned = tune(features, index, document_tower, query_tower, tickets, night)
    tuned.fusion      # {'dense': 0.52, ...}
    tuned.confidence  # {'bias': -3.1, ...}
    tuned.policy      # {'confidence_floor': 0.41, 'passages': 3, ...}

The confidence is fitted on the newest tenth of the resolved tickets of the training part and on those of the same days
that no article resolved, the blend on as many newest tenths as hold enough questions. Nothing that speaks there has
seen them: the query tower keeps the newest tenth aside (on older ones the document tower stands in for it), past tickets
vote only on what was asked after them, and the heads and the outcomes are rehearsed without them.
"""

from dataclasses import replace
from datetime import datetime

import pyarrow as pa

from nightshift.answering.policy import Policy
from nightshift.answering.tuned import TunedParameters
from nightshift.artifacts import Features, Index, Model
from nightshift.index.build import resolved_table, unresolved_table
from nightshift.index.exact import ExactIndex
from nightshift.models.cached_encoder import SharedEncoders
from nightshift.night import Night
from nightshift.retrieval.answerability import Answerability
from nightshift.retrieval.confidence import UNFITTED
from nightshift.retrieval.ranking import Encoder
from nightshift.retrieval.retriever import Retriever
from nightshift.retrieval.ticket_knn import TicketKnn
from nightshift.retrieval.without_answer import evidence_pair
from nightshift.train.abstention import fit_confidence
from nightshift.train.dataset import Labelled
from nightshift.train.fusion_weights import COLD_START, fit_fusion
from nightshift.train.load_dataset import labelled_pairs
from nightshift.train.temporal_cv import OutOfFoldClassifiers, intents_before, out_of_fold_scores, prior_without
from nightshift.train.temporal_split import newest
from nightshift.warehouse import read_mart


def tune(
    features: Features,
    index: Index,
    document_tower: Model,
    query_tower: Model,
    tickets: Labelled,
    night: Night,
) -> TunedParameters:
    """Fit blend and confidence. With too few resolved tickets they are the defaults of a cold start.

    `tickets` are those that the intent head learns from.
    """
    store, threads = night.store, night.settings.threads
    pairs = read_mart(store, features, "training_pairs")
    resolved = resolved_table(pairs, pairs.num_rows)
    held = newest(resolved["created_at"].to_pylist(), resolved["ticket_id"].to_pylist())
    asked = resolved.filter(pa.array(held))
    if not asked.num_rows:
        return TunedParameters(COLD_START, UNFITTED.to_json(), Policy().to_json(), {})
    learned = labelled_pairs(features, document_tower, night)
    encoders = SharedEncoders(store)
    documents = encoders(store.checkout(document_tower.digest), threads)
    queries = encoders(store.checkout(query_tower.digest), threads)
    folder = store.checkout(index.digest)
    chunks, memory = ExactIndex.open(folder), TicketKnn.load(folder)
    texts: list[str] = asked["text"].to_pylist()
    articles: list[list[str]] = asked["article_ids"].to_pylist()
    times: list[datetime] = asked["created_at"].to_pylist()
    heads = OutOfFoldClassifiers(
        prior_without(learned, set(asked["ticket_id"].to_pylist())), intents_before(tickets, min(times))
    )
    outcomes = Answerability(memory, TicketKnn.load(folder, "unresolved"), heads, until=min(times))

    def retriever(blend: dict[str, float], heads: OutOfFoldClassifiers, asking: Encoder) -> Retriever:
        return Retriever(
            chunks,
            memory,
            documents=documents,
            queries=asking,
            heads=heads,
            weights=blend,
            confidence=UNFITTED,
            outcomes=outcomes,
        )

    def rehearsing(heads: OutOfFoldClassifiers, tenth: int) -> Retriever:
        return retriever(COLD_START, heads, documents if tenth else queries)

    blend = fit_fusion(*out_of_fold_scores(resolved, learned, rehearsing))
    ranker = retriever(blend.weights, heads, queries)
    sure, unsure = evidence_pair(ranker, texts, articles, times)
    others = unresolved_table(read_mart(store, features, "unresolved"), len(texts), min(times))
    never = (
        ranker.rank(others["text"].to_pylist(), others["created_at"].to_pylist()).evidence
        if len(others)
        else unsure[:0]
    )
    fitted = fit_confidence(sure, unsure, never)
    return TunedParameters(
        fusion=blend.weights,
        confidence=fitted.confidence.to_json(),
        policy=replace(Policy(), confidence_floor=fitted.floor).to_json(),
        metrics={**blend.metrics, **{f"decline_{name}": value for name, value in fitted.metrics.items()}},
    )
