"""The policy of answering. A release carries it, so that promotion and rollback move it with the models.

{"answer_threshold": 0.48, "confidence_floor": 0.35, "generate": false, "handover": [{"name": "human", ...}],
 "max_tokens": 96, "min_support": 0.85, "prompt": "2"}
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from nightshift.answering import prompts
from nightshift.answering.grounding import MIN_SUPPORT
from nightshift.answering.handover import Rule
from nightshift.errors import SettingsError


@dataclass(frozen=True)
class Policy:
    """The parameters of answering.

    `answer_threshold`: below this probability that the best sentences answer (0 to 1) the assistant declines a plain
    question. `confidence_floor`: the same of retrieval's confidence, for longer messages. `generate`: whether the
    generator may say the evidence in other words. `handover`: the questions that go to a person, or get a greeting
    (handover.py).
    `max_tokens`: the longest generated answer.
    `min_support`: the share of a sentence's content words that two neighbouring sentences of a cited passage must hold.
    `prompt`: the prompt version the generator was trained with.
    """

    answer_threshold: float = 0.48
    confidence_floor: float = 0.35
    generate: bool = False
    handover: tuple[Rule, ...] = ()
    max_tokens: int = 96
    min_support: float = MIN_SUPPORT
    prompt: str = prompts.VERSION

    def __post_init__(self) -> None:
        shares = (self.answer_threshold, self.confidence_floor, self.min_support)
        if not all(0 <= share <= 1 for share in shares):
            raise SettingsError(
                "a policy's answer_threshold, confidence_floor and min_support are shares",
                "give numbers between 0 and 1",
            )
        if self.max_tokens < 1:
            raise SettingsError("a policy needs max_tokens of at least 1", "give a positive number")
        if self.prompt != prompts.VERSION:
            raise SettingsError(
                f"the policy was made for prompt version {self.prompt}, this code renders {prompts.VERSION}",
                "serve the release with the code it was made with, or run the night again",
            )

    def to_json(self) -> dict[str, object]:
        """The policy as a release carries it."""
        return asdict(self) | {"handover": [rule.to_json() for rule in self.handover]}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """The policy of a release. Raises SettingsError for a field that does not exist or a value out of range."""
        names = [field.name for field in fields(cls)]
        unknown = sorted(set(values) - set(names))
        if unknown:
            raise SettingsError(f"a policy has no {unknown[0]!r}", f"it has: {', '.join(names)}")
        rules = tuple(Rule.from_json(rule) for rule in values.get("handover", ()))
        return cls(**{**values, "handover": rules})
