"""The tuned parameters of a release: the fusion weights, the confidence, and the abstention threshold.

    tuned = tune(features, index, document_tower, query_tower, tickets, night)
    tuned.fusion      # {'dense': 0.52, ...}
    tuned.confidence  # {'bias': -3.1, ...}
    tuned.policy      # {'confidence_floor': 0.41, 'passages': 3, ...}

The confidence is fitted on the newest tenth of the resolved tickets of the training part and on the tickets of the same
days that no article resolved; the fusion weights on as many of the newest folds as hold enough questions. All scores
are out of fold: the query tower held the newest tenth out (on older folds the document tower replaces it), ticket kNN
counts earlier tickets only, and the classifiers are fitted without the fold.
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
from nightshift.retrieval.answerability import Answerability, resolved_shares
from nightshift.retrieval.confidence import UNFITTED
from nightshift.retrieval.evaluation_retriever import EvaluationRetriever
from nightshift.retrieval.ranking import Encoder
from nightshift.retrieval.ticket_knn import TicketKnn
from nightshift.retrieval.without_answer import evidence_pair
from nightshift.train.abstention import fit_confidence
from nightshift.train.dataset import LabelledVectors
from nightshift.train.fusion_weights import COLD_START, fit_fusion
from nightshift.train.load_dataset import labelled_pairs
from nightshift.train.temporal_cv import (
    OutOfFoldClassifiers,
    fit_intent_before,
    fit_prior_without,
    out_of_fold_scores,
)
from nightshift.train.temporal_split import newest
from nightshift.warehouse import read_mart


def tune(
    features: Features,
    index: Index,
    document_tower: Model,
    query_tower: Model,
    tickets: LabelledVectors,
    night: Night,
) -> TunedParameters:
    """Fit fusion weights, confidence and threshold; with too few resolved tickets they are those of a cold start.

    `tickets` are those that the intent classifier is trained on.
    """
    store, threads = night.store, night.settings.threads
    pairs = read_mart(store, features, "training_pairs")
    resolved = resolved_table(pairs, pairs.num_rows)
    held_out = newest(resolved["created_at"].to_pylist(), resolved["ticket_id"].to_pylist())
    questions = resolved.filter(pa.array(held_out))
    if not questions.num_rows:
        return TunedParameters(COLD_START, UNFITTED.to_json(), Policy().to_json(), {})
    labelled = labelled_pairs(features, document_tower, night)
    encoders = SharedEncoders(store)
    documents = encoders(store.checkout(document_tower.digest), threads)
    queries = encoders(store.checkout(query_tower.digest), threads)
    folder = store.checkout(index.digest)
    chunks, ticket_knn = ExactIndex.open(folder), TicketKnn.load(folder)
    texts: list[str] = questions["text"].to_pylist()
    articles: list[list[str]] = questions["article_ids"].to_pylist()
    times: list[datetime] = questions["created_at"].to_pylist()
    newest_fold = OutOfFoldClassifiers(
        fit_prior_without(labelled, set(questions["ticket_id"].to_pylist())), fit_intent_before(tickets, min(times))
    )
    unresolved_tickets = TicketKnn.load(folder, "unresolved")
    shares = resolved_shares(ticket_knn, unresolved_tickets, newest_fold, until=min(times))
    answerability = Answerability(ticket_knn, unresolved_tickets, newest_fold, shares)

    def retriever(
        weights: dict[str, float], classifiers: OutOfFoldClassifiers, query_encoder: Encoder
    ) -> EvaluationRetriever:
        return EvaluationRetriever(
            chunks,
            ticket_knn,
            documents=documents,
            queries=query_encoder,
            classifiers=classifiers,
            weights=weights,
            confidence=UNFITTED,
            answerability=answerability,
        )

    def retriever_of_fold(classifiers: OutOfFoldClassifiers, fold: int) -> EvaluationRetriever:
        return retriever(COLD_START, classifiers, documents if fold else queries)

    fusion = fit_fusion(*out_of_fold_scores(resolved, labelled, retriever_of_fold))
    ranker = retriever(fusion.weights, newest_fold, queries)
    answerable, articles_removed = evidence_pair(ranker, texts, articles, times)
    without_article = unresolved_table(read_mart(store, features, "unresolved"), len(texts), min(times))
    unresolved = (
        ranker.rank(without_article["text"].to_pylist(), without_article["created_at"].to_pylist()).evidence
        if len(without_article)
        else articles_removed[:0]
    )
    abstention = fit_confidence(answerable, articles_removed, unresolved)
    return TunedParameters(
        fusion=fusion.weights,
        confidence=abstention.confidence.to_json(),
        policy=replace(Policy(), confidence_floor=abstention.threshold).to_json(),
        metrics={**fusion.metrics, **{f"abstention_{name}": value for name, value in abstention.metrics.items()}},
    )
