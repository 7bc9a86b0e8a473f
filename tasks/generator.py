"""Train a LoRA adapter of the generator to answer from numbered passages, to cite them and to decline.

pyflyte run tasks/generator.py generator --features '{...}' --plan '{...}' --profile tiny
"""

from typing import TYPE_CHECKING

from flytekit import task

from nightshift.artifacts import Decision, Features, Model, RetrainingPlan
from nightshift.errors import NotEnoughData
from nightshift.night import Night
from nightshift.reports.page import Page
from tasks.caching import cached
from tasks.resources import IMAGE, TRAINING, processes
from tasks.stage import DECK, stage

if TYPE_CHECKING:
    from nightshift.train.generator_data import TrainingSet

SEED = 7


@task(container_image=IMAGE, requests=TRAINING, cache=cached(__file__), **processes(), **DECK)
def generator(features: Features, plan: RetrainingPlan, profile: str = "tiny") -> Model:
    """The adapter of this night: trained from the base, or the serving one where the plan reuses it."""
    from nightshift.registry.tracking import tracked
    from nightshift.store.model_tree import read_model
    from nightshift.train.distractors import passages_of
    from nightshift.train.generator import can_train, train_generator
    from nightshift.train.generator_data import build_examples
    from nightshift.warehouse import read_mart

    night = Night.open(profile)
    store = night.store
    base = night.profile.generator
    with stage("generator", night) as finish:
        rows = read_mart(store, features, "generator_examples")
        if plan.generator.decision is Decision.REUSE:
            finish(_not_trained(plan.generator.reason), changed=0, total=rows.num_rows, unit="answers")
            return read_model(plan.generator.adapter, store)
        passages = passages_of(read_mart(store, features, "articles"))
        examples = build_examples(rows, passages, night.profile, SEED)
        if not can_train(examples):
            finish(_not_trained("too few answers to learn from"), changed=0, total=rows.num_rows, unit="answers")
            return Model("generator_adapter", "", base, features.digest)
        params = {"profile": profile, "seed": SEED, "steps": night.profile.generator_steps, **examples.counts}
        try:
            with tracked(night.settings, "generator", params, features.digest) as log_metrics:
                model = train_generator(
                    examples,
                    base,
                    night=night,
                    seed=SEED,
                    log_metrics=log_metrics,
                    trained_on=features.digest,
                )
        except NotEnoughData as error:  # nearly every answer is too long for this profile
            finish(_not_trained(error.what), changed=0, total=rows.num_rows, unit="answers")
            return Model("generator_adapter", "", base, features.digest)
        finish(
            _page(model, examples),
            changed=len(examples.examples),
            total=rows.num_rows,
            unit="answers",
            training_steps=int(model.metrics["steps_taken"]),
        )
    return model


def _not_trained(reason: str) -> Page:
    return Page("Generator", "quiet", f"Not trained tonight: {reason}")


def _page(model: Model, examples: "TrainingSet") -> Page:
    from nightshift.train.generator import at_least_base

    passed, base, questions = (int(model.metrics[name]) for name in ("passed", "passed_base", "questions"))
    result = f"{passed} of {questions} held-out questions answered, {base} by the base"
    if at_least_base(model):
        page = Page("Generator", "good", f"Trained on {len(examples.examples):,} grounded examples: {result}")
    else:
        page = Page("Generator", "quiet", f"The adapter answered fewer questions than the base, which stays: {result}")
    page.note("A question counts as answered if the text passes every answer check and cites the right article.")
    page.table(("metric", "value"), sorted(model.metrics.items()), "Training")
    return page.table(("examples", "number"), sorted(examples.counts.items()), "Answers by use")
