"""Promote a candidate whose evaluation accepted it; keep a rejected one registered, with the reasons.

promote_or_reject(release, evaluation, night)
Promotion(release='03fa...', outcome='rejected', serving='91ab...', registered_version=4, reasons=['hit@5 ...'])
"""

from nightshift.artifacts import Evaluation, EvaluationVerdict, Promotion, PromotionOutcome, Release
from nightshift.errors import StoreError
from nightshift.night import Night
from nightshift.registry import mlflow as registry
from nightshift.release.layout import StoredRelease
from nightshift.settings import Settings


def promote_or_reject(release: Release, evaluation: Evaluation, night: Night) -> Promotion:
    """Register the candidate, and let it serve if its evaluation accepted it.

    A candidate that a person rolled back is never promoted by a night: only by hand. One that was compared with a
    release that no longer serves is refused with RegistryError. Repeating the call changes nothing.
    """
    settings, store = night.settings, night.store
    champion = registry.champion(settings)
    if champion and champion.digest == release.digest:
        registry.promote(settings, champion.version)  # completes a promotion that was interrupted
        return _promotion(
            champion, PromotionOutcome.UNCHANGED, champion.digest, [f"version {champion.version} serves already"]
        )
    if evaluation.release != release.digest:
        raise StoreError(
            f"the evaluation is of release {evaluation.release[:12]}, not of {release.version}",
            "evaluate this release first",
        )
    serving = champion.digest if champion else ""
    entry = registry.register(release, evaluation, night)
    if evaluation.verdict != EvaluationVerdict.ACCEPTED:
        return _promotion(entry, PromotionOutcome.REJECTED, serving, list(evaluation.reasons))
    if entry.rolled_back:
        command = f"pyflyte run workflows/rollback.py rollback --version {entry.version}"
        reason = f"a person rolled version {entry.version} back; to serve it all the same: {command}"
        return _promotion(entry, PromotionOutcome.REJECTED, serving, [reason])
    expected = evaluation.champion
    if champion and not expected and not StoredRelease(champion.digest, store).comparable:
        expected = champion.digest  # made by another version of Nightshift: nothing can be compared with it
    registry.promote(settings, entry.version, expected=expected)
    return _promotion(entry, PromotionOutcome.PROMOTED, release.digest, list(evaluation.reasons))


def roll_back(settings: Settings, version: int | None = None) -> Promotion:
    """Let the release that the champion replaced serve again, or `version`. Raises NoChampion, RegistryError."""
    former = registry.serving(settings)
    entry = registry.rollback(settings, version)
    outcome = PromotionOutcome.UNCHANGED if entry.version == former.version else PromotionOutcome.PROMOTED
    return _promotion(entry, outcome, entry.digest, [f"version {entry.version} serves instead of {former.version}"])


def _promotion(
    entry: registry.RegisteredRelease, outcome: PromotionOutcome, serving: str, reasons: list[str]
) -> Promotion:
    return Promotion(entry.digest, outcome, serving, entry.version, reasons)
