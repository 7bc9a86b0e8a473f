"""What a night tunes of retrieval and answering, as a release carries it.

TunedParameters(fusion={"dense": 0.52, "bm25": 0.21, ...}, confidence={"bias": -3.1, ...},
                policy={"confidence_floor": 0.41, ...}, metrics={"abstention_auc": 0.93, ...})
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class TunedParameters:
    """Fusion weights, confidence coefficients and policy, with what they reached on the questions they were fitted on.

    All values are plain JSON: `confidence` as `Confidence.to_json` gives it, `policy` as `Policy.to_json` does.
    """

    fusion: dict[str, float]
    confidence: dict[str, float]
    policy: dict[str, object]
    metrics: dict[str, float]
