"""Register the candidate, and promote it if it was accepted.

Launched by workflows/nightly.py; alone: pyflyte run tasks/promote.py promote --help
"""

from flytekit import task

from nightshift.artifacts import Evaluation, Promotion, PromotionOutcome, Release
from nightshift.night import Night
from nightshift.reports.page import Page, Tone
from nightshift.store import lease
from tasks.resources import IMAGE, LIGHT
from tasks.stage import DECK, stage


@task(container_image=IMAGE, requests=LIGHT, **DECK)
def promote(candidate: Release, evaluation: Evaluation) -> Promotion:
    """Move the alias, or keep the candidate with its reasons. Never cached: it changes the registry."""
    from nightshift.registry.promotion import promote_or_reject

    night = Night.open()
    with stage("promote", night) as finish:
        promotion = promote_or_reject(candidate, evaluation, night)
        finish(page(promotion), changed=int(promotion.outcome is PromotionOutcome.PROMOTED), total=1, unit="releases")
    lease.release(night.settings.home)
    return promotion


def page(promotion: Promotion) -> Page:
    """What became of a candidate, for promote and rollback."""
    version, serving = promotion.release[:12], promotion.serving[:12]
    verdicts: dict[PromotionOutcome, tuple[Tone, str]] = {
        PromotionOutcome.PROMOTED: (
            "good",
            f"Release {version} serves from now on (version {promotion.registered_version})",
        ),
        PromotionOutcome.UNCHANGED: ("quiet", f"Nothing changed: release {serving} goes on serving"),
        PromotionOutcome.REJECTED: ("bad", f"Release {version} was rejected; {serving or 'nothing'} goes on serving"),
    }
    tone, verdict = verdicts[promotion.outcome]
    return Page("Promote", tone, verdict).table(("reason",), [(reason,) for reason in promotion.reasons])
