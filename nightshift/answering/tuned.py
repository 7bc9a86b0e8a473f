"""What a night tunes of answering, as a release carries it: weights.json and policy.json.

Dials(weights={"fusion": {"dense": 0.52, ...}, "confidence": {"bias": -3.1, ...}}, policy={"confidence_floor": 0.41, ...}, metrics={})
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class TunedParameters:
    """weights.json and policy.json of a release, and how well they did on the questions they were fitted on."""

    weights: dict[str, dict[str, float]]
    policy: dict[str, object]
    metrics: dict[str, float]
