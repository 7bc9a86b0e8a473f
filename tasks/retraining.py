"""Ask the registry which release serves, and decide which of its adapters are reused.

pyflyte run tasks/retraining.py plan_retraining --features '{...}' --drift '{...}' --profile tiny --lora auto
"""

from flytekit import task

from nightshift.artifacts import Decision, Drift, Features, RetrainingPlan
from nightshift.night import Night
from nightshift.reports.page import Page
from tasks.resources import IMAGE, LIGHT
from tasks.stage import DECK, stage


@task(container_image=IMAGE, requests=LIGHT, **DECK)
def plan_retraining(features: Features, drift: Drift, profile: str = "tiny", lora: str = "auto") -> RetrainingPlan:
    """The serving release and the decision over each adapter. Never cached: the registry may have moved."""
    from nightshift.registry.retraining import plan_retraining

    night = Night.open(profile)
    with stage("retraining-plan", night) as finish:
        plan = plan_retraining(features, drift, night, lora)
        adapters = {"query tower": plan.query_tower, "generator": plan.generator}
        train = [name for name, adapter in adapters.items() if adapter.decision is Decision.TRAIN]
        verdict = f"To train tonight: {', '.join(train)}" if train else "No adapter needs training tonight"
        page = Page("Retraining plan", "good" if train else "quiet", verdict)
        rows = [(name, adapter.decision, adapter.reason) for name, adapter in adapters.items()]
        page.table(("adapter", "decision", "reason"), rows)
        page.note(f"Release {plan.champion[:12]} serves." if plan.champion else "No release serves yet.")
        finish(page, changed=len(train), total=len(adapters), unit="adapters")
    return plan
