"""The policy of answering. A release carries it, so that promotion and rollback move it with the models.

{"confidence_floor": 0.35, "max_tokens": 96, "min_support": 0.85, "passages": 3, "prompt": "2", "spread": 0.5}
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from nightshift.answering import prompts
from nightshift.answering.grounding import MIN_SUPPORT
from nightshift.errors import SettingsError


@dataclass(frozen=True)
class Policy:
    """The parameters of answering.

    `confidence_floor`: below this retrieval confidence (0 to 1) the assistant declines without generating.
    `passages`: at most this many are in the prompt; a passage of another article whose score is more than `spread` (in
    fused z-scores) below the first is left out, for the generator would rely on it. `max_tokens`: the longest answer.
    `min_support`: the share of a sentence's content words that two neighbouring sentences of a cited passage must hold.
    `prompt`: the prompt version the generator was trained with.
    """

    confidence_floor: float = 0.35
    passages: int = 3
    spread: float = 0.5
    max_tokens: int = 96
    min_support: float = MIN_SUPPORT
    prompt: str = prompts.VERSION

    def __post_init__(self) -> None:
        if not (0 <= self.confidence_floor <= 1 and 0 <= self.min_support <= 1):
            raise SettingsError(
                "a policy's confidence_floor and min_support are shares", "give numbers between 0 and 1"
            )
        if self.passages < 1 or self.max_tokens < 1:
            raise SettingsError("a policy needs passages and max_tokens of at least 1", "give positive numbers")
        if self.prompt != prompts.VERSION:
            raise SettingsError(
                f"the policy was made for prompt version {self.prompt}, this code renders {prompts.VERSION}",
                "serve the release with the code it was made with, or run the night again",
            )

    def to_json(self) -> dict[str, object]:
        """The policy as a release carries it."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """The policy of a release. Raises SettingsError for a field that does not exist or a value out of range."""
        names = [field.name for field in fields(cls)]
        unknown = sorted(set(values) - set(names))
        if unknown:
            raise SettingsError(f"a policy has no {unknown[0]!r}", f"it has: {', '.join(names)}")
        return cls(**values)
