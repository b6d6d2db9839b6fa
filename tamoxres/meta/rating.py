"""How sure a body of evidence makes us, as functions of plain arrays: chance, consistency, and the bands of no effect.

Conventions: values `y` (k,) are log ratios in the claimed direction with variances `v`. Levels are 0 to 4: none, very
low, low, moderate, high. Values below 1 % of the mean weight carry no information and do not count. Chance is judged by
the ad hoc Hartung-Knapp pool at k >= 5, and by the posterior of a random-effects mean (half-normal 0.5 on tau) at
k 1-4; so is the interval. `chance` is the one-sided P of the pool, or the posterior probability of a ratio on the other
side of 1:

======== ============== =================
level    chance for     chance, direction
======== ============== =================
high     <= 0.0025      <= 0.025
moderate <= 0.005       <= 0.05
low      <= 0.025       <= 0.10
very low < 0.5          < 0.5
======== ============== =================

The cuts of `for` are ICEMAN's (two-sided 0.005, 0.01, 0.05). The bands of no modification are 0.80-1.25 (high),
0.67-1.50 (moderate) and 0.50-2.00 (low) for the 95% interval. Inconsistency is I2 >= 50 % with P of Q < 0.10.

References
----------
Schandelmaier S et al. 2020, doi:10.1503/cmaj.200077 (ICEMAN). Guyatt GH et al. 2008, doi:10.1136/bmj.39489.470347.AD.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from .cautions import uninformative
from .estimate import pool_arrays
from .heterogeneity import heterogeneity
from .posterior import FEW_STUDIES, RATIO_SCALE, bayes_line, posterior
from .tau2 import Array

__all__ = ["BANDS", "Chance", "Pooled95", "band", "chance", "events_needed", "level_of", "pooled95", "subsets"]

NONE, VERY_LOW, LOW, MODERATE, HIGH = range(5)
FOR_CUTS = ((0.0025, HIGH), (0.005, MODERATE), (0.025, LOW), (0.5, VERY_LOW))
DIRECTION_CUTS = ((0.025, HIGH), (0.05, MODERATE), (0.10, LOW), (0.5, VERY_LOW))
BANDS = ((math.log(1.25), HIGH), (math.log(1.5), MODERATE), (math.log(2.0), LOW))
_Z = 1.959963984540054
_MIN_I2, _MAX_P = 50.0, 0.10
_EDGE = 1e-9  # an interval that ends on a band's limit but for rounding lies within it


@dataclass(frozen=True, slots=True)
class Chance:
    """Whether chance explains a body's values.

    Attributes
    ----------
    against : float
        One-sided P, or posterior probability of no effect in the claimed direction.
    k : int
        Values that carry information.
    inconsistent : bool
    """

    against: float
    k: int
    inconsistent: bool


@dataclass(frozen=True, slots=True)
class Pooled95:
    """Point and 95% limits of a body's values, on the log scale in the claimed direction."""

    point: float
    low: float
    high: float

    @property
    def limits(self) -> tuple[float, float]:
        """Both limits."""
        return self.low, self.high


def _with_information(y: Array, v: Array) -> tuple[Array, Array]:
    kept = ~uninformative(v)
    return y[kept], v[kept]


def chance(y: Array, v: Array) -> Chance:
    """Judge whether chance explains values (k,), k >= 1, with variances `v`."""
    y, v = _with_information(y, v)
    k = len(y)
    if k < FEW_STUDIES:
        against = posterior(y, v, RATIO_SCALE).cdf(0.0)
    else:
        fit = pool_arrays(y, v)
        against = float(fit.p) / 2 if fit.point > 0 else 1 - float(fit.p) / 2
    if k < 2:
        return Chance(against, k, False)
    spread = heterogeneity(y, v, 0.0)
    return Chance(against, k, spread.i2_q >= _MIN_I2 and spread.p < _MAX_P)


def pooled95(y: Array, v: Array) -> Pooled95:
    """Pool values (k,), k >= 1, as `chance` does, with the 95% interval."""
    y, v = _with_information(y, v)
    if len(y) < FEW_STUDIES:
        line = bayes_line(tuple(y.tolist()), tuple(np.sqrt(v).tolist()))
        return Pooled95(line.point, line.low, line.high)
    fit = pool_arrays(y, v)
    low, high = fit.limits()
    return Pooled95(float(fit.point), float(low), float(high))


def level_of(against: float, cuts: tuple[tuple[float, int], ...]) -> int:
    """Return the level that a chance earns; none from one half on."""
    return next((level for cut, level in cuts if against <= cut and against < 0.5), NONE)


def band(found: Pooled95) -> int:
    """Return the level of the narrowest band that holds the whole interval; none beyond 0.50-2.00."""
    reach = max(-found.low, found.high)
    return next((level for limit, level in BANDS if reach <= limit + _EDGE), NONE)


def events_needed(found: Pooled95, share: float | None) -> int | None:
    """Return the events that would bring the interval within the next band, were the point to stay.

    4 / (SE^2 p (1 - p)) with p the share of altered patients, for one comparison with arms of equal size; None where
    the narrowest band is reached, the point lies outside the next one, or the share is not known.
    """
    limits = [limit for limit, level in reversed(BANDS) if level > band(found)]
    if not limits or share is None or abs(found.point) >= limits[0]:
        return None
    se = (limits[0] - abs(found.point)) / _Z
    return math.ceil(4 / (se**2 * share * (1 - share)))


def subsets(n: int) -> Iterator[tuple[int, ...]]:
    """Return every subset of n things, the whole first."""
    for size in range(n, -1, -1):
        yield from combinations(range(n), size)
