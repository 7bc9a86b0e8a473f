"""May this candidate serve? Pure arithmetic over numbers that others measured.

    gates = [at_least("hit@5", 0.71, 0.5), no_worse(candidate - champion, 0.01)]
    verdict = Verdict(grouped("quality", gates))
    verdict.accepted                  # False
    verdict.gates[1].sentence         # 'hit@5 is 10.0 points below the champion on the same 645 questions; ...'

The comparison. Both releases answer the same questions, so the per-question differences d (-1, 0 or 1 for hit@5) are
compared, which takes out how hard the questions are: mean(d) with standard error sd(d)/sqrt(n), the large-sample
test of paired proportions (Agresti, Categorical Data Analysis, section 11.1).

"Better or equal wins" would refuse every second equal model. So the question is non-inferiority with a margin of one
point: the one-sided 95 % lower bound mean(d) - 1.645 se must lie above -0.01 (ICH E9, section 3.3.2; Wellek, Testing
Statistical Hypotheses of Equivalence and Noninferiority, chapter 5).

That takes questions. An equal model passes with 80 % probability only when (1.645 + 0.842) se <= 0.01. Where the night has fewer
than 3,000 questions or a larger se, the night cannot conclude, the sentence says so, and the rule is: not worse by more
than chance explains, mean(d) > -X with X = 1.645 se, at least 1 and at most 10 points. An equal model then passes
95 % of nights. A truly 10 points worse one is refused half of the time with 60 questions and 9 times in 10 with 200, if the two disagree on one question in five.
Small true losses can add up over such nights; the floors below do not move, and stop that.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

ONE_SIDED_95 = 1.645
_POWER_80 = 0.842
_ENOUGH = 3_000
_LARGEST_SLACK = 0.10


@dataclass(frozen=True)
class Limits:
    """Where the gates stand. Shares of 1; a point is 0.01."""

    # quality.py
    hit_at_5: float = 0.5
    margin: float = 0.01
    slice_hit_at_5: float = 0.25
    slice_chance: float = 0.05  # that a release which is no worse anywhere fails for one of its slices
    cited_retrieved: float = 0.98
    supported: float = 0.9
    cited_gold: float = 0.3
    answered_when_it_should: float = 0.7
    tells_unanswerable: float = 0.5  # area under the ROC curve: 0.5 is a coin
    # behaviour.py, golden.py
    unchanged: float = 0.7
    golden_found: float = 0.8
    golden_apart: float = 0.5
    golden_declined: float = 0.5
    # budgets.py
    parity: float = 0.01
    find_seconds: float = 2.0
    begin_seconds: float = 20.0
    model_bytes: int = 8 * 10**9
    growth: float = 1.5


@dataclass(frozen=True)
class Gate:
    """One number against one limit, and the sentence that a person reads."""

    name: str
    value: float
    limit: float
    passed: bool
    sentence: str
    group: str = ""


@dataclass(frozen=True)
class Verdict:
    """Accepted when every gate passed."""

    gates: list[Gate]

    @property
    def accepted(self) -> bool:
        return all(gate.passed for gate in self.gates)

    @property
    def reasons(self) -> list[str]:
        """What a person must know: the gates that failed, or the comparison that let it pass."""
        failed = [gate.sentence for gate in self.gates if not gate.passed]
        if failed:
            return failed
        compared = [gate.sentence for gate in self.gates if gate.name == COMPARISON] or [self.gates[0].sentence]
        return [*compared, f"all {len(self.gates)} gates passed"]


COMPARISON = "no worse than the champion"


def grouped(group: str, gates: Iterable[Gate]) -> list[Gate]:
    """The gates, under the heading that the page shows them."""
    return [replace(gate, group=group) for gate in gates]


def at_least(name: str, value: float, limit: float) -> Gate:
    """A floor."""
    passed = value >= limit
    said = "meets" if passed else "is below"
    return Gate(name, round(value, 6), limit, passed, f"{name} is {value:.3f}, which {said} the floor of {limit:.3f}")


def share_at_least(name: str, share: float, count: int, limit: float, of: str = "answers") -> Gate:
    """A floor for a share over `count` answers: missed when even the one-sided 95 % upper bound lies below it.

    A tiny night asks a dozen questions, and a plain floor would then reject a good release by chance.
    """
    bound = upper_bound(share, count)
    passed = bound >= limit
    said = "meets" if share >= limit else "may meet" if passed else "cannot meet"
    sentence = f"{name} is {share:.3f} over {count:,} {of} (95 % upper bound {bound:.3f}), which {said} the floor of {limit:.3f}"
    return Gate(name, round(share, 6), limit, passed, sentence)


def upper_bound(share: float, count: int, z: float = ONE_SIDED_95) -> float:
    """Wilson's one-sided upper bound of a share (Journal of the American Statistical Association 22, 1927)."""
    spread = z * (share * (1 - share) / count + z**2 / (4 * count**2)) ** 0.5
    return float((share + z**2 / (2 * count) + spread) / (1 + z**2 / count))


def at_most(name: str, value: float, limit: float) -> Gate:
    """A ceiling; a value that is not a number does not pass."""
    passed = value <= limit
    said = "within" if passed else "over"
    return Gate(name, round(value, 9), limit, passed, f"{name}: {value:g}, {said} the limit of {limit:g}")


def not_examined(name: str, why: str) -> Gate:
    """A gate that had nothing to measure, and says so."""
    return Gate(name, 0.0, 0.0, passed=True, sentence=f"{name}: {why}")


def no_worse(differences: NDArray[np.float64], margin: float, name: str = COMPARISON, measure: str = "hit@5") -> Gate:
    """The paired comparison of the module's docstring over differences candidate - champion [n]."""
    count = len(differences)
    mean = float(differences.mean())
    error = float(differences.std(ddof=1)) / count**0.5 if count > 1 else 1.0
    bound = mean - ONE_SIDED_95 * error
    said = f"{measure} is {points(mean)} the champion on the same {count:,} questions"
    if count >= _ENOUGH and (ONE_SIDED_95 + _POWER_80) * error <= margin:
        passed = bound > -margin
        relation = "above" if passed else "not above"
        sentence = (
            f"{said}; the 95 % lower bound {100 * bound:+.1f} is {relation} the limit of {-100 * margin:.1f} points"
        )
        return Gate(name, round(bound, 6), -margin, passed, sentence)
    slack = min(_LARGEST_SLACK, max(margin, ONE_SIDED_95 * error))
    passed = mean > -slack
    relation = "within" if passed else "beyond"
    loss = "" if mean >= 0 else f", {relation} the {100 * slack:.1f} points that chance explains"
    sentence = (
        f"{said}{loss}; too few questions to conclude at {100 * margin:g} point (95 % lower bound {100 * bound:+.1f})"
    )
    return Gate(name, round(mean, 6), round(-slack, 6), passed, sentence)


def points(difference: float) -> str:
    """-0.042 -> '4.2 points below'."""
    if difference == 0:
        return "level with"
    return f"{abs(100 * difference):.1f} points {'above' if difference > 0 else 'below'}"
