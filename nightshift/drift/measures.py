"""The measures of drift, and one of them against its limit.

Measure(DriftMeasure.NOVELTY, value=0.061, limit=0.05).exceeded      # True
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self


class DriftMeasure(StrEnum):
    """What is compared; detect.py says how. The values are the names in drift.json and on the page."""

    INTENT = "intent"
    CLUSTER = "cluster"
    LENGTH = "length"
    NOVELTY = "novelty"
    REPEATED = "repeated"
    VOLUME = "volume"
    LABELS = "labels"
    VANISHED_LABELS = "vanished labels"
    NEW_LABELS = "new labels"
    NEW_TOPIC = "new topic"


MIXES = (DriftMeasure.INTENT, DriftMeasure.CLUSTER, DriftMeasure.LENGTH)
TOPIC_MEASURES = frozenset(
    {DriftMeasure.INTENT, DriftMeasure.CLUSTER, DriftMeasure.NOVELTY, DriftMeasure.NEW_TOPIC}
)  # what tickets are about: the query tower is retrained when one of these moves
LABEL_MEASURES = frozenset({DriftMeasure.LABELS, DriftMeasure.VANISHED_LABELS, DriftMeasure.NEW_LABELS})


@dataclass(frozen=True)
class Measure:
    """One number against its null limit."""

    name: DriftMeasure
    value: float
    limit: float

    @property
    def exceeded(self) -> bool:
        return self.value > self.limit

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        return cls(DriftMeasure(value["name"]), value["value"], value["limit"])
