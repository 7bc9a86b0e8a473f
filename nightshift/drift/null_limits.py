"""Null limits: what each measure of drift reaches by chance in a night of tonight's size on which nothing moved.

    limits = NullLimits(measures=9)                            # a false alarm in 1 of 100 nights over all nine
    limits.psi(expected, rows=214, effect=1.3)                 # 0.41: the PSI that such a night reaches 1 time in 900
    limits.share(count=5, reference_rows=470, rows=214)        # 0.047

Limits are quantiles of 20,000 draws. The seed is fixed, so the same tickets meet the same limit.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

ONE_IN = 100  # nights: how rarely all measures together may raise a false alarm
_DRAWS = 20_000
_SEED = 0

Counts = NDArray[np.float64]


def psi(expected: Counts, observed: Counts) -> Counts:
    """Population stability index of histograms of counts [..., bins] -> [...]; half a row is added to each bin."""
    p, q = (
        (counts + 0.5) / (counts.sum(axis=-1, keepdims=True) + 0.5 * counts.shape[-1])
        for counts in (expected, observed)
    )
    return np.asarray(((p - q) * np.log(p / q)).sum(axis=-1))


def design_effect(blocks: Counts, rows: int) -> float:
    """How many times more periods of `rows` tickets differ in their mix than multinomial draws would, at least 1.

    `blocks` are histograms [blocks, bins] of periods without drift. Their Pearson statistic over its degrees of freedom
    is 1 + (size - 1) r, where r is the correlation of two tickets of one period (Rao and Scott, The Analysis of
    Categorical Data from Complex Sample Surveys, JASA 76, 1981); the same r gives the value at `rows`.
    """
    blocks = blocks[:, blocks.sum(axis=0) > 0]
    degrees_of_freedom = (blocks.shape[0] - 1) * (blocks.shape[1] - 1)
    size = float(blocks.sum()) / len(blocks)
    if degrees_of_freedom < 1 or size < 2:
        return 1.0
    expected = blocks.sum(axis=1, keepdims=True) * blocks.sum(axis=0) / blocks.sum()
    statistic = float(((blocks - expected) ** 2 / expected).sum()) / degrees_of_freedom
    return float(1 + max(0.0, statistic - 1) * (rows - 1) / (size - 1))


@dataclass
class NullLimits:
    """Limits for one of `measures` numbers that together may raise 1 false alarm in 100 nights (Bonferroni)."""

    measures: int
    _rng: np.random.Generator = field(default_factory=lambda: np.random.default_rng(_SEED))

    def psi(self, expected: Counts, rows: int, effect: float = 1.0) -> float:
        """The limit for the PSI of `rows` tickets against a histogram of counts [bins].

        Both sides are drawn anew from the shares of `expected`, as many rows as there are, divided by the design
        `effect`.
        """
        return self._quantile(psi(*self._draw_both(expected, rows, effect)))

    def vanished_share(self, expected: Counts, rows: int, effect: float = 1.0) -> float:
        """The limit for the share expected in bins [bins] that nothing fell into, drawn as for `psi`."""
        references, nights = self._draw_both(expected, rows, effect)
        return self._quantile(np.where(nights == 0, references, 0).sum(axis=1) / references[0].sum())

    def share(self, count: int, reference_rows: int, rows: int) -> float:
        """The limit for the share among `rows` tickets of what `count` of `reference_rows` tickets have.

        Where the threshold is an order statistic with `count` reference values below it, the share of all tickets below
        it is Beta(count + 1, reference_rows - count), whatever their distribution. So the number among `rows` is
        beta-binomial. For a plain count the same law is the upper one of Clopper and Pearson (Biometrika 26, 1934).
        """
        shares = self._rng.beta(count + 1, reference_rows - count, _DRAWS)
        return self._quantile(self._rng.binomial(rows, shares) / rows)

    def t_statistic(self, degrees_of_freedom: int) -> float:
        """The limit for |t|."""
        return self._quantile(np.abs(self._rng.standard_t(degrees_of_freedom, _DRAWS)))

    def _draw_both(self, expected: Counts, rows: int, effect: float) -> tuple[Counts, Counts]:
        shares = expected / expected.sum()
        sizes = (max(1, round(count / effect)) for count in (float(expected.sum()), rows))
        references, nights = (self._rng.multinomial(size, shares, _DRAWS) for size in sizes)
        return references.astype(np.float64), nights.astype(np.float64)

    def _quantile(self, draws: NDArray[np.float64]) -> float:
        return float(np.quantile(draws, 1 - 1 / (ONE_IN * self.measures)))
