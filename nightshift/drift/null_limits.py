"""How far does chance alone go? The limits of drift, by drawing nights as large as tonight on which nothing moved.

    chance = Chance(measures=9)                         # a false alarm in 1 of 100 nights over all nine
    chance.psi(expected, rows=214, uneven=1.3)          # 0.41: the PSI that such a night reaches 1 time in 900
    chance.share(had=5, of=470, rows=214)               # 0.047

The draws have a fixed seed, so the same tickets meet the same limit.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

ONE_IN = 100
_DRAWS = 20_000
_SEED = 0

Counts = NDArray[np.float64]


@dataclass(frozen=True)
class Measure:
    """One number against its limit."""

    name: str
    value: float
    limit: float

    @property
    def exceeded(self) -> bool:
        return self.value > self.limit


def psi(expected: Counts, found: Counts) -> Counts:
    """Population stability index of histograms of counts [..., bins] -> [...]; half a row is added to each bin."""
    p, q = (
        (counts + 0.5) / (counts.sum(axis=-1, keepdims=True) + 0.5 * counts.shape[-1]) for counts in (expected, found)
    )
    return np.asarray(((p - q) * np.log(p / q)).sum(axis=-1))


def design_effect(blocks: Counts, rows: int) -> float:
    """How many times more stretches of `rows` tickets differ in their mix than draws would: 1 is not at all.

    `blocks` are histograms [blocks, bins] of stretches of time that belong to one quiet past. Their Pearson statistic over its
    degrees of freedom is 1 + (size - 1) r, r being the correlation of two tickets of one stretch (Rao and Scott,
    The Analysis of Categorical Data from Complex Sample Surveys, JASA 76, 1981); the same r gives the value at `rows`.
    """
    blocks = blocks[:, blocks.sum(axis=0) > 0]
    freedom = (blocks.shape[0] - 1) * (blocks.shape[1] - 1)
    size = float(blocks.sum()) / len(blocks)
    if freedom < 1 or size < 2:
        return 1.0
    usual = blocks.sum(axis=1, keepdims=True) * blocks.sum(axis=0) / blocks.sum()
    found = float(((blocks - usual) ** 2 / usual).sum()) / freedom
    return float(1 + max(0.0, found - 1) * (rows - 1) / (size - 1))


@dataclass
class NullLimits:
    """Limits for one of `measures` numbers that together may raise 1 false alarm in 100 nights (Bonferroni)."""

    measures: int
    _draws: np.random.Generator = field(default_factory=lambda: np.random.default_rng(_SEED))

    def psi(self, expected: Counts, rows: int, uneven: float = 1.0) -> float:
        """The limit for the PSI of `rows` tickets against a histogram of counts [bins].

        Both sides are drawn anew from the shares of `expected`, as many rows as there are, less where nights are
        `uneven` among themselves: `uneven` times as many rows then say as little.
        """
        return self._rare(psi(*self._both(expected, rows, uneven)))

    def unseen(self, expected: Counts, rows: int, uneven: float = 1.0) -> float:
        """The limit for the share that bins [bins] should have and nobody fell into, drawn as for `psi`."""
        befores, afters = self._both(expected, rows, uneven)
        return self._rare(np.where(afters == 0, befores, 0).sum(axis=1) / befores[0].sum())

    def share(self, had: int, of: int, rows: int) -> float:
        """The limit for the share among `rows` tickets of what `had` `of` the reference have.

        Where the mark is the smallest value but `had` of the reference, the share of all tickets below it is Beta(had + 1, of - had),
        whatever the values: the law of order statistics. So the number among `rows` is beta-binomial. For a plain count
        the same law is the upper one of Clopper and Pearson (Biometrika 26, 1934).
        """
        shares = self._draws.beta(had + 1, of - had, _DRAWS)
        return self._rare(self._draws.binomial(rows, shares) / rows)

    def spread(self, freedom: int) -> float:
        """The limit for |t| with so many degrees of freedom."""
        return self._rare(np.abs(self._draws.standard_t(freedom, _DRAWS)))

    def _both(self, expected: Counts, rows: int, uneven: float) -> tuple[Counts, Counts]:
        shares = expected / expected.sum()
        before, after = (max(1, round(count / uneven)) for count in (float(expected.sum()), rows))
        befores, afters = (self._draws.multinomial(count, shares, _DRAWS) for count in (before, after))
        return befores.astype(np.float64), afters.astype(np.float64)

    def _rare(self, drawn: NDArray[np.float64]) -> float:
        return float(np.quantile(drawn, 1 - 1 / (ONE_IN * self.measures)))
