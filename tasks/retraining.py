"""Ask the registry who serves, and decide which adapters are good enough to be used again.

pyflyte run tasks/retraining.py standing --features '{...}' --drift '{...}' --profile tiny --lora auto
"""

from flytekit import task

from nightshift.artifacts import Drift, Features, RetrainingPlan
from nightshift.night import Night
from nightshift.reports.page import Page
from tasks.resources import IMAGE, LIGHT
from tasks.stage import DECK, stage


@task(container_image=IMAGE, requests=LIGHT, **DECK)
def plan_retraining(features: Features, drift: Drift, profile: str = "tiny", lora: str = "auto") -> RetrainingPlan:
    """Who serves and what may be reused. Never cached: the registry may have moved."""
    from nightshift.registry.retraining import plan_retraining

    night = Night.open(profile)
    with stage("standing", night) as finish:
        state = plan_retraining(features, drift, night, lora)
        trained = [name.replace("_", " ") for name, reason in state.reasons.items() if reason.startswith("trained")]
        verdict = f"To train tonight: {', '.join(trained)}" if trained else "No adapter needs training tonight"
        page = Page("Standing", "good" if trained else "quiet", verdict)
        page.table(("adapter", "decision"), [(name.replace("_", " "), why) for name, why in state.reasons.items()])
        page.note(f"Release {state.champion[:12]} serves." if state.champion else "No release serves yet.")
        finish(page, changed=len(trained), total=len(state.reasons), unit="adapters")
    return state
