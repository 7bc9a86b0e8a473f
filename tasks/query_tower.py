"""Train a LoRA adapter of the query tower on which article resolved which ticket.

pyflyte run tasks/query_tower.py query_tower --features '{...}' --index '{...}' --document_tower '{...}' --plan '{...}'
"""

from flytekit import task

from nightshift.artifacts import Decision, Features, Index, Model, RetrainingPlan
from nightshift.night import Night
from nightshift.reports.chart import bars
from nightshift.reports.page import Page
from tasks.caching import cached
from tasks.resources import IMAGE, TRAINING, processes
from tasks.stage import DECK, stage

SEED = 7


@task(container_image=IMAGE, requests=TRAINING, cache=cached(__file__), **processes(), **DECK)
def query_tower(
    features: Features, index: Index, document_tower: Model, plan: RetrainingPlan, profile: str = "tiny"
) -> Model:
    """The adapter of this night: trained, or the serving one where the plan reuses it."""
    from nightshift.registry.tracking import tracked
    from nightshift.retrieval.sections import sections_of
    from nightshift.store.model_tree import read_model
    from nightshift.train.query_tower import train_query_tower
    from nightshift.train.query_tower_data import can_train
    from nightshift.warehouse import read_mart

    night = Night.open(profile)
    store = night.store
    with stage("query-tower", night) as finish:
        pairs = read_mart(store, features, "training_pairs")
        if plan.query_tower.decision is Decision.REUSE:
            model = read_model(plan.query_tower.adapter, store)
            finish(_not_trained(plan.query_tower.reason), changed=0, total=pairs.num_rows, unit="pairs")
        elif not can_train(pairs):
            model = Model("query_tower_adapter", "", document_tower.base, features.digest)
            finish(
                _not_trained("too few resolved tickets to learn from"), changed=0, total=pairs.num_rows, unit="pairs"
            )
        else:
            params = {"profile": profile, "seed": SEED, "pairs": pairs.num_rows, "epochs": night.profile.tower_epochs}
            with tracked(night.settings, "query tower", params, features.digest) as log_metrics:
                model = train_query_tower(
                    pairs,
                    sections_of(store.checkout(index.digest)),
                    document_tower,
                    night=night,
                    seed=SEED,
                    log_metrics=log_metrics,
                    trained_on=features.digest,
                )
            steps = int(model.metrics["steps_taken"])
            finish(_page(model), changed=pairs.num_rows, total=pairs.num_rows, unit="pairs", training_steps=steps)
    return model


def _not_trained(reason: str) -> Page:
    return Page("Query tower", "quiet", f"Not trained tonight: {reason}")


def _page(model: Model) -> Page:
    after = {name: model.metrics[name] for name in ("hit@1", "hit@5", "hit@10", "mrr")}
    base = {name: model.metrics[f"{name}_base"] for name in after}
    gain = after["hit@5"] - base["hit@5"]
    page = Page(
        "Query tower",
        "good" if gain > 0 else "warn",
        f"hit@5 on held-out tickets {base['hit@5']:.3f} before, {after['hit@5']:.3f} after training",
    )
    page.numbers({"tickets learned from": int(model.metrics["tickets"]), "held out": int(model.metrics["held_out"])})
    page.numbers({"epoch kept": int(model.metrics["epochs"]), "last loss": model.metrics["loss"]})
    page.picture("After training; the tick is the untrained tower", bars(after, base))
    return page.note("Held-out tickets are the newest tenth of the training part. The documents stay frozen.")
