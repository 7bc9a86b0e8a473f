"""May this candidate serve? The arithmetic of gates over numbers that checks measured.

    gates = [at_least("hit@5", 0.71, 0.5), no_worse("hit@5 no worse than the champion", candidate - champion, 0.01)]
    verdict = Verdict(gates)
    verdict.accepted                  # False
    verdict.gates[1].sentence         # 'hit@5 is 10.0 points below the champion on the same 645 questions; ...'

The comparison. Both releases answer the same questions, so the per-question differences d (-1, 0 or 1 for hit@5) are
compared, which removes how hard the questions are: mean(d) with standard error sd(d)/sqrt(n), the large-sample test of
paired proportions (Agresti, Categorical Data Analysis, section 11.1).

"Better or equal wins" would refuse every second equal model. So the question is non-inferiority with a margin of one
point: the one-sided 95 % lower bound mean(d) - 1.645 se must lie above -0.01 (ICH E9, section 3.3.2; Wellek, Testing
Statistical Hypotheses of Equivalence and Noninferiority, chapter 5).

An equal model passes that test with 80 % probability only when (1.645 + 0.842) se <= 0.01. A night with fewer than
3,000 questions or a larger se cannot conclude. The sentence then says so, and the rule is: not worse by more than
sampling explains, mean(d) > -X with X = 1.645 se, at least 1 and at most 10 points. An equal model passes 95 % of such
nights. A model that is 10 points worse is refused half of the time with 60 questions and 9 times in 10 with 200, if the
two disagree on one question in five. Small true losses can add up over such nights; the fixed floors stop that.

Floors. A share over n questions meets its floor when the estimate does, and from ENOUGH_FOR_BOUND questions on when
Wilson's one-sided 95 % lower bound does: a share 5 points above the floor then passes, one at the floor does not. With
fewer questions the bound would refuse good releases by chance. The *upper* bound refuses hardly any: over 12 answers
.3 would meet a floor of .5. Composed answers take milliseconds, so floors stand on all questions; what can be had for a
dozen only is reported, or gated by the estimate.

The statistics here are numpy alone: scipy.stats and statsmodels take 1.3 s of CPU to import, every night.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nightshift.metrics.rightness import wilson
from nightshift.release.evaluation_report import Gate, GateKind

ONE_SIDED_95 = 1.645
_POWER_80 = 0.842
_ENOUGH = 3_000  # questions
ENOUGH_FOR_BOUND = 400  # questions: the bound lies 4 points or less below the estimate
_LARGEST_SLACK = 0.10


@dataclass(frozen=True)
class Limits:
    """The limit of every gate. Shares of 1; a point is 0.01."""

    # rightness
    rightness: float = 0.2  # by agreement with replies, which finds six right answers in ten
    rightness_golden: float = 0.7  # quoting two sentences reached .58, composed answers .88
    reversed: int = 0
    # retrieval quality, slices
    hit_at_5: float = 0.5
    margin: float = 0.01
    slice_hit_at_5: float = 0.25
    slice_alpha: float = 0.05  # family-wise error rate over all slices
    # answers, abstention
    cited_retrieved: float = 0.98
    supported: float = 0.9
    cited_gold: float = 0.3
    answer_rate: float = 0.7
    abstention_auc: float = 0.5  # 0.5 is a coin
    # golden set, contrast set, invariance
    golden_found: float = 0.8
    contrast_set: float = 0.5
    golden_declined: float = 0.5
    invariance: float = 0.7
    # parity, budgets
    parity: float = 0.01
    retrieval_seconds: float = 2.0
    first_token_seconds: float = 20.0
    model_bytes: int = 8 * 10**9
    growth: float = 1.5


@dataclass(frozen=True)
class Verdict:
    """Accepted when every gate passed."""

    gates: list[Gate]

    @property
    def accepted(self) -> bool:
        return all(gate.passed for gate in self.gates)

    @property
    def reasons(self) -> list[str]:
        """The sentences of the gates that failed, or of the primary comparison; without one, of the first gate."""
        failed = [gate.sentence for gate in self.gates if not gate.passed]
        if failed:
            return failed
        primary = [gate.sentence for gate in self.gates if gate.primary] or [self.gates[0].sentence]
        return [*primary, f"all {len(self.gates)} gates passed"]


def at_least(name: str, value: float, limit: float) -> Gate:
    """A floor."""
    passed = value >= limit
    relation = "meets" if passed else "is below"
    sentence = f"{name} is {value:.3f}, which {relation} the floor of {limit:.3f}"
    return Gate(name, round(value, 6), limit, passed, sentence, GateKind.FLOOR)


def share_at_least(name: str, share: float, count: int, limit: float, of: str = "answers") -> Gate:
    """A floor for a share over `count` answers: the estimate meets it, and with many answers the lower bound too."""
    bound = wilson(share, count, ONE_SIDED_95)[0]
    held = bound if count >= ENOUGH_FOR_BOUND else share
    passed = held >= limit
    relation = "meets" if passed else "does not surely meet" if share >= limit else "is below"
    counted = f"{name} is {share:.3f} over {count:,} {of} (95 % lower bound {bound:.3f})"
    sentence = f"{counted}, which {relation} the floor of {limit:.3f}"
    return Gate(name, round(share, 6), limit, passed, sentence, GateKind.FLOOR)


def upper_bound(share: float, count: int) -> float:
    """Wilson's one-sided 95 % upper bound of a share."""
    return wilson(share, count, ONE_SIDED_95)[1]


def at_most(name: str, value: float, limit: float) -> Gate:
    """A ceiling; a value that is not a number does not pass."""
    passed = value <= limit
    relation = "within" if passed else "over"
    sentence = f"{name}: {value:g}, {relation} the limit of {limit:g}"
    return Gate(name, round(value, 9), limit, passed, sentence, GateKind.CEILING)


def not_measured(name: str, reason: str) -> Gate:
    """A gate without anything to measure: it passes, and its sentence says why."""
    return Gate(name, 0.0, 0.0, passed=True, sentence=f"{name}: {reason}", kind=GateKind.NOT_MEASURED)


def no_worse(
    name: str, differences: NDArray[np.float64], margin: float, measure: str = "hit@5", *, primary: bool = False
) -> Gate:
    """The paired comparison of the module's docstring over differences candidate - champion [n] of `measure`."""
    count = len(differences)
    mean = float(differences.mean())
    error = float(differences.std(ddof=1)) / count**0.5 if count > 1 else 1.0
    bound = mean - ONE_SIDED_95 * error
    compared = f"{measure} is {points(mean)} the champion on the same {count:,} questions"
    if count >= _ENOUGH and (ONE_SIDED_95 + _POWER_80) * error <= margin:
        passed = bound > -margin
        relation = "above" if passed else "not above"
        limit = f"the 95 % lower bound {100 * bound:+.1f} is {relation} the limit of {-100 * margin:.1f} points"
        return Gate(
            name, round(bound, 6), -margin, passed, f"{compared}; {limit}", GateKind.NON_INFERIORITY, primary=primary
        )
    slack = min(_LARGEST_SLACK, max(margin, ONE_SIDED_95 * error))
    passed = mean > -slack
    relation = "within" if passed else "beyond"
    loss = "" if mean >= 0 else f", {relation} the {100 * slack:.1f} points that chance explains"
    unsure = f"too few questions to conclude at {100 * margin:g} point (95 % lower bound {100 * bound:+.1f})"
    return Gate(
        name,
        round(mean, 6),
        round(-slack, 6),
        passed,
        f"{compared}{loss}; {unsure}",
        GateKind.NON_INFERIORITY,
        primary=primary,
    )


def points(difference: float) -> str:
    """-0.042 -> '4.2 points below'."""
    if difference == 0:
        return "level with"
    return f"{abs(100 * difference):.1f} points {'above' if difference > 0 else 'below'}"
