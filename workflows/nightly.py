"""One night, from what the support team has to a release that answers customers.

    pyflyte run workflows/nightly.py nightly
    pyflyte run workflows/nightly.py nightly --source 'simulate://shop?night=2'
    pyflyte run workflows/nightly.py nightly --source 'file:///data/export?mapping=mapping.yaml' --split_at 2025-01-01

A second run repeats only what changed. A release is promoted only if it is no worse than the serving one, which serves
on until then.
"""

from typing import NamedTuple

from flytekit import workflow
from flytekit.types.directory import FlyteDirectory

from nightshift.artifacts import Promotion
from tasks.assemble import assemble
from tasks.classifiers import classifiers
from tasks.document_tower import document_tower
from tasks.drift import drift
from tasks.evaluate import evaluate
from tasks.export_generator import export_generator
from tasks.export_query_tower import export_query_tower
from tasks.generator import generator
from tasks.index import index
from tasks.ingest import ingest
from tasks.package import package
from tasks.promote import promote
from tasks.query_tower import query_tower
from tasks.retraining import plan_retraining
from tasks.transform import transform


class NightResult(NamedTuple):
    """The promotion of the candidate, and the Bento of the serving release, None before the first promotion."""

    promotion: Promotion
    bento: FlyteDirectory | None


@workflow
def nightly(source: str = "", profile: str = "tiny", split_at: str = "", lora: str = "auto") -> NightResult:
    """Ingest, transform, learn, export, index, evaluate, promote.

    Args:
        source: URL of the raw data, e.g. simulate://shop?night=1 or file:///folder?mapping=name; empty means
            NIGHTSHIFT_SOURCE.
        profile: size of the night: smoke, tiny, small or full.
        split_at: questions from this day on are for evaluation (2025-01-01); empty means the newest fifth.
        lora: auto trains adapters when it pays, always trains, never reuses.
    """
    # data
    snapshot = ingest(source=source)
    features = transform(snapshot=snapshot, split_at=split_at)
    # documents
    documents = document_tower(features=features, profile=profile)
    article_index = index(features=features, document_tower=documents, profile=profile)
    # training
    drift_check = drift(features=features, profile=profile)
    plan = plan_retraining(features=features, drift=drift_check, profile=profile, lora=lora)
    query_adapter = query_tower(
        features=features, index=article_index, document_tower=documents, plan=plan, profile=profile
    )
    trained_classifiers = classifiers(features=features, document_tower=documents, profile=profile)
    generator_adapter = generator(features=features, plan=plan, profile=profile)
    # export
    queries = export_query_tower(adapter=query_adapter, features=features, index=article_index, profile=profile)
    answer_model = export_generator(adapter=generator_adapter, features=features, profile=profile)
    # release
    candidate = assemble(
        features=features,
        index=article_index,
        document_tower=documents,
        query_tower=queries,
        classifiers=trained_classifiers,
        generator=answer_model,
        adapters=[query_adapter, generator_adapter],
        profile=profile,
    )
    evaluation = evaluate(candidate=candidate, features=features, plan=plan, drift=drift_check, profile=profile)
    promotion = promote(candidate=candidate, evaluation=evaluation)
    return NightResult(promotion, package(promotion=promotion))
