"""May this candidate serve? Pure arithmetic over numbers that others measured.

    verdict = judge(candidate, champion, answers, parity=..., leaked=0, limits=Limits())
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

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_ONE_SIDED_95 = 1.645
_POWER_80 = 0.842
_ENOUGH = 3_000
_LARGEST_SLACK = 0.10
OVER = {  # checks of answers, and how many answers each is a share of
    "cited_retrieved": "given",
    "supported": "given",
    "cited_gold": "given",
    "answered_when_it_should": "asked",
}


@dataclass(frozen=True)
class Limits:
    """Where the gates stand. Shares of 1; a point is 0.01."""

    hit_at_5: float = 0.5
    margin: float = 0.01
    cited_retrieved: float = 0.98
    supported: float = 0.9
    cited_gold: float = 0.3
    tells_unanswerable: float = 0.5  # area under the ROC curve: 0.5 is a coin
    answered_when_it_should: float = 0.7
    parity: float = 0.01


@dataclass(frozen=True)
class Gate:
    """One number against one limit, and the sentence that a person reads."""

    name: str
    value: float
    limit: float
    passed: bool
    sentence: str


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
        return failed or [gate.sentence for gate in self.gates]


def judge(
    candidate: NDArray[np.float64],
    champion: NDArray[np.float64] | None,
    answers: Mapping[str, float],
    *,
    parity: Mapping[str, float],
    leaked: int,
    limits: Limits | None = None,
) -> Verdict:
    """The verdict over one candidate.

    candidate, champion: hit@5 of the same questions in the same order [n]; no champion, no comparison.
    answers: shares by check (answers.py, decline.py); a check that could not be made is absent. parity: largest difference by model.
    leaked: questions of the test that the candidate learned from.
    """
    limits = limits or Limits()
    gates = [at_least("hit@5", float(candidate.mean()), limits.hit_at_5)]
    if champion is not None:
        gates.append(no_worse(candidate - champion, limits.margin))
    gates += [
        share_at_least(check, answers[check], int(answers[counted]), getattr(limits, check))
        for check, counted in OVER.items()
        if check in answers
    ]
    if "tells_unanswerable" in answers:
        gates.append(at_least("tells_unanswerable", answers["tells_unanswerable"], limits.tells_unanswerable))
    gates += [at_most(f"parity of {model}", value, limits.parity) for model, value in sorted(parity.items())]
    gates.append(at_most("test questions learned from", leaked, 0))
    return Verdict(gates)


def at_least(name: str, value: float, limit: float) -> Gate:
    """A floor."""
    passed = value >= limit
    said = "meets" if passed else "is below"
    return Gate(name, round(value, 6), limit, passed, f"{name} is {value:.3f}, which {said} the floor of {limit:.3f}")


def share_at_least(name: str, share: float, count: int, limit: float) -> Gate:
    """A floor for a share over `count` answers: missed when even the one-sided 95 % upper bound lies below it.

    The bound is Wilson's (Journal of the American Statistical Association 22, 1927). A tiny night asks a dozen questions,
    and a plain floor would then reject a good release by chance.
    """
    z = _ONE_SIDED_95
    spread = z * (share * (1 - share) / count + z**2 / (4 * count**2)) ** 0.5
    bound = (share + z**2 / (2 * count) + spread) / (1 + z**2 / count)
    passed = bound >= limit
    said = "meets" if share >= limit else "may meet" if passed else "cannot meet"
    sentence = f"{name} is {share:.3f} over {count:,} answers (95 % upper bound {bound:.3f}), which {said} the floor of {limit:.3f}"
    return Gate(name, round(share, 6), limit, passed, sentence)


def at_most(name: str, value: float, limit: float) -> Gate:
    """A ceiling; a value that is not a number does not pass."""
    passed = value <= limit
    said = "within" if passed else "over"
    return Gate(name, round(value, 9), limit, passed, f"{name}: {value:g}, {said} the limit of {limit:g}")


def no_worse(differences: NDArray[np.float64], margin: float) -> Gate:
    """The paired comparison of the module's docstring over differences candidate - champion [n]."""
    count = len(differences)
    mean = float(differences.mean())
    error = float(differences.std(ddof=1)) / count**0.5 if count > 1 else 1.0
    bound = mean - _ONE_SIDED_95 * error
    said = f"hit@5 is {_points(mean)} the champion on the same {count:,} questions"
    if count >= _ENOUGH and (_ONE_SIDED_95 + _POWER_80) * error <= margin:
        passed = bound > -margin
        relation = "above" if passed else "not above"
        sentence = (
            f"{said}; the 95 % lower bound {100 * bound:+.1f} is {relation} the limit of {-100 * margin:.1f} points"
        )
        return Gate("no worse than the champion", round(bound, 6), -margin, passed, sentence)
    slack = min(_LARGEST_SLACK, max(margin, _ONE_SIDED_95 * error))
    passed = mean > -slack
    relation = "within" if passed else "beyond"
    sentence = (
        f"{said}, {relation} the {100 * slack:.1f} points that chance explains; "
        f"too few questions to conclude at {100 * margin:g} point (95 % lower bound {100 * bound:+.1f})"
    )
    return Gate("no worse than the champion", round(mean, 6), round(-slack, 6), passed, sentence)


def _points(difference: float) -> str:
    if difference == 0:
        return "level with"
    return f"{abs(100 * difference):.1f} points {'above' if difference > 0 else 'below'}"
