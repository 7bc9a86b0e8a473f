"""One night, from what the support team has to a release that answers customers.

    pyflyte run workflows/nightly.py nightly
    pyflyte run workflows/nightly.py nightly --source 'simulate://shop?night=2'
    pyflyte run workflows/nightly.py nightly --source 'file:///data/export?mapping=mapping.yaml' --split_at 2025-01-01

Run it again and only what changed is done again. A release is promoted only if it is no worse than the one
that serves; whatever happens here, that one goes on serving.
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
    """How a night ended: what became of its candidate, and the Bento of the release that serves."""

    promotion: Promotion
    bento: FlyteDirectory | None


@workflow
def nightly(source: str = "", profile: str = "tiny", split_at: str = "", lora: str = "auto") -> NightResult:
    """Ingest, transform, learn, export, index, evaluate, promote.

    Args:
        source: where the raw data is: simulate://shop?night=1, file:///folder?mapping=name; empty means NIGHTSHIFT_SOURCE.
        profile: how large the night is: smoke, tiny, small or full.
        split_at: questions from this day on are for evaluation (2025-01-01); empty means the newest fifth.
        lora: auto trains adapters when it pays, always trains, never reuses.
    """
    # what happened
    snapshot = ingest(source=source)
    features = transform(snapshot=snapshot, split_at=split_at)
    # what can be found
    documents = document_tower(features=features, profile=profile)
    chunks = index(features=features, document_tower=documents, profile=profile)
    # what can be learnt
    shift = drift(features=features, profile=profile)
    plan = plan_retraining(features=features, drift=shift, profile=profile, lora=lora)
    tower = query_tower(features=features, index=chunks, document_tower=documents, plan=plan, profile=profile)
    trained_classifiers = classifiers(features=features, document_tower=documents, profile=profile)
    writer = generator(features=features, plan=plan, profile=profile)
    # what it runs as
    questions = export_query_tower(adapter=tower, features=features, index=chunks, profile=profile)
    answers = export_generator(adapter=writer, features=features, profile=profile)
    # what is let out
    candidate = assemble(
        features=features,
        index=chunks,
        document_tower=documents,
        query_tower=questions,
        classifiers=trained_classifiers,
        generator=answers,
        adapters=[tower, writer],
        profile=profile,
    )
    evaluation = evaluate(candidate=candidate, features=features, plan=plan, drift=shift, profile=profile)
    promotion = promote(candidate=candidate, evaluation=evaluation)
    return NightResult(promotion, package(promotion=promotion))
