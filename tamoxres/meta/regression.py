"""Meta-regression: do effects differ with a moderator? Mixed-effects model with Hartung-Knapp or normal tests.

Conventions: weights are 1 / (v + tau2) with the residual tau2. Hartung-Knapp multiplies the covariance by the weighted
residual sum of squares over its degrees of freedom, and tests by t and F with k - p. I2 and R2 are metafor's, in
percent: with a residual tau2, tau2 / (tau2 + s2) and the share of tau2 that the moderators explain; without one
(`common`), (Q - df) / Q and the adjusted R2 of the weighted regression. A permutation P compares the test statistic
with those of shuffled moderators.

References
----------
Knapp G, Hartung J 2003, doi:10.1002/sim.1482. Higgins JPT, Thompson SG 2004, doi:10.1002/sim.1752 (permutation).
Raudenbush SW 2009, in Cooper et al., Handbook of Research Synthesis (R2).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy.special import chdtrc, fdtrc

from ..errors import PoolingError
from ..wording import number, p_value
from .estimate import quantile, two_sided
from .heterogeneity import heterogeneity
from .pool import arrays
from .pooled import PooledEffect
from .summary import Summary
from .tau2 import TAU2, Array, Tau2Method, weighted_fit

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["MetaRegression", "RegressionFit", "fit_moderators", "meta_regression"]

_EXACT_UP_TO = 5040  # 7 studies: all orders are tried
_TIE = 1e-10  # statistics closer than this are equal but for rounding


@dataclass(frozen=True, slots=True)
class RegressionFit:
    """Coefficients of one or many mixed-effects regressions.

    Attributes
    ----------
    coefficients : array (..., p)
    cov : array (..., p, p)
        Hartung-Knapp scaled when asked for.
    tau2 : array (...)
    df : float
        k - p for Hartung-Knapp, infinite for normal.
    """

    coefficients: Array
    cov: Array
    tau2: Array
    df: float

    @property
    def se(self) -> Array:
        """Standard errors (..., p)."""
        return np.sqrt(np.diagonal(self.cov, axis1=-2, axis2=-1))

    @property
    def statistic(self) -> Array:
        """Coefficients over their standard errors (..., p)."""
        with np.errstate(divide="ignore"):  # an exact fit has no error
            return np.asarray(self.coefficients / self.se)

    def omnibus(self, first: int = 1) -> Array:
        """Wald statistic of the coefficients from `first` on: chi-squared, or F for Hartung-Knapp."""
        part, cov = self.coefficients[..., first:], self.cov[..., first:, first:]
        wald = np.einsum("...i,...i->...", part, np.linalg.solve(cov, part[..., None])[..., 0])
        return np.asarray(wald / (1 if math.isinf(self.df) else part.shape[-1]))


def fit_moderators(
    y: Array, v: Array, x: Array, *, tau2: Tau2Method = "reml", knapp_hartung: bool = True
) -> RegressionFit:
    """Fit estimates (..., k) with variances `v` on moderators (k, p)."""
    between = TAU2[tau2](y, v, x)
    fit = weighted_fit(y, 1 / (v + between[..., None]), x)
    df = y.shape[-1] - x.shape[1]
    scale = fit.q / df if knapp_hartung else np.ones_like(between)
    return RegressionFit(fit.coefficients, scale[..., None, None] * fit.cov, between, df if knapp_hartung else math.inf)


@dataclass(frozen=True, slots=True, kw_only=True)
class MetaRegression:
    """A fitted meta-regression.

    Attributes
    ----------
    names : tuple of str
        `intercept`, then the moderators.
    coefficients, se, low, high, p_value : tuple of float
        On the analysis scale; a coefficient is the change of the log ratio (or difference) per unit.
    permutation_p : tuple of float
        Empty unless permutations were asked for.
    permutations : int
        How many orders were compared (all of them when they are few).
    tau2, r2 : float
        Residual between-study variance; percent explained.
    q, q_p, i2, h2 : float
        Residual heterogeneity.
    test, test_df, test_p : float, (float, float), float
        All moderators at once: F and its degrees of freedom, or chi-squared with infinite second ones.
    k : int
    notes : tuple of str
    """

    names: tuple[str, ...]
    coefficients: tuple[float, ...]
    se: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    p_value: tuple[float, ...]
    permutation_p: tuple[float, ...]
    permutations: int
    tau2: float
    r2: float
    q: float
    q_p: float
    i2: float
    h2: float
    test: float
    test_df: tuple[float, float]
    test_p: float
    k: int
    is_ratio: bool
    level: float
    cov: tuple[tuple[float, ...], ...]
    notes: tuple[str, ...] = ()

    @property
    def table(self) -> pd.DataFrame:
        """One row a coefficient: name, coefficient, se, low, high, p_value (and permutation_p)."""
        import pandas as pd

        columns = ("coefficients", "se", "low", "high", "p_value") + (("permutation_p",) if self.permutation_p else ())
        frame = pd.DataFrame({"name": self.names} | {name: getattr(self, name) for name in columns})
        return frame.rename(columns={"coefficients": "coefficient"})

    def predict(self, **values: float) -> Summary:
        """Return the pooled effect expected at values of every moderator."""
        if set(values) != set(self.names[1:]):
            raise PoolingError(
                f"Give a value for each of {', '.join(self.names[1:])}; found {', '.join(values) or 'none'}."
            )
        at = np.array([1.0, *(values[name] for name in self.names[1:])])
        point = float(at @ np.array(self.coefficients))
        se = float(np.sqrt(at @ np.array(self.cov) @ at))
        df = np.array(self.test_df[1])
        half = float(quantile((1 + self.level) / 2, df)) * se
        label = ", ".join(f"{name} {value:g}" for name, value in values.items())
        return Summary(
            label=label, point=point, se=se, low=point - half, high=point + half, k=self.k, is_ratio=self.is_ratio,
            p_value=float(two_sided(np.array(point), np.array(se), df)), tau2=self.tau2,
        )  # fmt: skip

    def __str__(self) -> str:
        rows = zip(self.names, self.coefficients, self.low, self.high, self.p_value, strict=True)
        lines = [
            f"{n}: {number(b, 3)} ({number(lo, 3)} to {number(hi, 3)}), {p_value(p, label=True)}"
            for n, b, lo, hi, p in rows
        ]
        lines.append(f"tau2 {number(self.tau2, 3)} left, {number(self.r2, 0)}% explained; {self.k} studies")
        return "\n".join([*lines, *(f"Note: {note}" for note in self.notes)])


def meta_regression(
    pooled: PooledEffect,
    moderators: Mapping[str, Sequence[float] | Mapping[str, float]],
    *,
    tau2: Tau2Method | None = None,
    ci: Literal["hksj", "z"] = "hksj",
    permutations: int = 0,
    seed: int = 1,
) -> MetaRegression:
    """Regress the effects of a pool on moderators.

    Parameters
    ----------
    pooled : PooledEffect
    moderators : mapping of name to one number an effect
        In the order of `pooled.effects`, or by study.
    tau2 : str, optional
        Estimator of the residual between-study variance; the pool's own if None.
    ci : "hksj" | "z"
    permutations : int
        Orders to compare for a permutation P; all of them when they are fewer than 5,041; 0 for none.
    seed : int

    Returns
    -------
    MetaRegression
        Coefficients, tests and what variance is left.

    Raises
    ------
    PoolingError
        On a constant or collinear moderator, a study without a value, or too few studies.

    Examples
    --------
    >>> import tamoxres as tr
    >>> rows = [
    ...     tr.EffectEstimate(study=f"S{i}", log_estimate=0.1 * i, se=0.1 + 0.02 * i, events=40 + i, n=200)
    ...     for i in range(10)
    ... ]
    >>> found = meta_regression(tr.pool(rows), {"year": [2000.0 + i for i in range(10)]})
    >>> print(found)
    intercept: -200.000 (-200.000 to -200.000), P < 0.001
    year: 0.100 (0.100 to 0.100), P < 0.001
    tau2 0.000 left, 100% explained; 10 studies
    """
    y, v = arrays(pooled.effects)
    x = _matrix(pooled, moderators)
    method = tau2 or pooled.tau2_method
    fit = fit_moderators(y, v, x, tau2=method, knapp_hartung=ci == "hksj")
    if not np.all(fit.se > 0):
        raise PoolingError("The moderators fit the effects exactly; there are too many of them for these studies.")
    residual = heterogeneity(y, v, float(fit.tau2), random=method != "common", x=x)
    half = quantile((1 + pooled.level) / 2, np.array(fit.df)) * fit.se
    test, m = float(fit.omnibus()), x.shape[1] - 1
    numbers = {
        "coefficients": fit.coefficients, "se": fit.se, "low": fit.coefficients - half, "high": fit.coefficients + half,
        "p_value": two_sided(fit.coefficients, fit.se, np.array(fit.df)),
    }  # fmt: skip
    shuffled, tried = _permuted(y, v, x, fit, method, permutations, seed)
    return MetaRegression(
        names=("intercept", *moderators), **{name: tuple(values.tolist()) for name, values in numbers.items()},
        permutation_p=shuffled, permutations=tried, tau2=float(fit.tau2),
        r2=_explained(y, v, x, method, float(fit.tau2)), q=residual.q, q_p=residual.p,
        i2=residual.i2_q if method == "common" else residual.i2_tau2, h2=residual.h2, test=test, test_df=(m, fit.df),
        test_p=float(chdtrc(m, test) if math.isinf(fit.df) else fdtrc(m, fit.df, test)), k=pooled.k,
        is_ratio=pooled.is_ratio, level=pooled.level, cov=tuple(map(tuple, fit.cov.tolist())),
        notes=_cautions(pooled.k, m),
    )  # fmt: skip


def _explained(y: Array, v: Array, x: Array, tau2: Tau2Method, left: float) -> float:
    """Return R2 in percent: of tau2, or of the weighted sum of squares (adjusted) where there is none."""
    if tau2 == "common":
        ones, k = x[:, :1], len(y)
        whole, residual = (float(weighted_fit(y, 1 / v, design).q) for design in (ones, x))
        return 100 * max(0.0, 1 - (residual / (k - x.shape[1])) / (whole / (k - 1))) if whole > 0 else 0.0
    before = float(TAU2[tau2](y, v))
    return 100 * max(0.0, 1 - left / before) if before > 0 else 0.0


def _cautions(k: int, m: int) -> tuple[str, ...]:
    if k >= 10 * m:
        return ()
    return (f"{k} studies for {m} moderator(s): fewer than ten for each, so that chance findings are likely.",)


def _matrix(pooled: PooledEffect, moderators: Mapping[str, Sequence[float] | Mapping[str, float]]) -> Array:
    """Build the design (k, p) with its intercept, naming what is wrong with a moderator."""
    if not moderators:
        raise PoolingError("Meta-regression needs at least one moderator.")
    studies = [effect.label for effect in pooled.effects]
    columns = [np.ones(pooled.k)]
    for name, values in moderators.items():
        if isinstance(values, Mapping):
            if lacking := [study for study in studies if study not in values]:
                raise PoolingError(f"Moderator {name} has no value for {lacking[0]}.")
            column = np.array([values[study] for study in studies], dtype=float)
        else:
            column = np.array(values, dtype=float)
        if len(column) != pooled.k:
            raise PoolingError(f"Moderator {name} has {len(column)} values for {pooled.k} effects.")
        if not np.all(np.isfinite(column)):
            raise PoolingError(f"Moderator {name} has no number for {studies[int(np.argmin(np.isfinite(column)))]}.")
        columns.append(column)
        if np.linalg.matrix_rank(np.column_stack(columns)) < len(columns):
            raise PoolingError(f"Moderator {name} is constant, or follows from the others; leave it out.")
    if pooled.k < len(columns) + 1:
        raise PoolingError(
            f"{len(moderators)} moderator(s) need at least {len(columns) + 1} effects; found {pooled.k}."
        )
    return np.column_stack(columns)


def _permuted(
    y: Array, v: Array, x: Array, fit: RegressionFit, tau2: Tau2Method, permutations: int, seed: int
) -> tuple[tuple[float, ...], int]:
    """Return the permutation P of every coefficient, and how many orders of the studies were compared."""
    if permutations <= 0:
        return (), 0
    k = len(y)
    if math.factorial(k) <= _EXACT_UP_TO:
        orders = np.array(list(itertools.permutations(range(k))))
    else:
        random = np.random.default_rng(seed)
        orders = np.array([np.arange(k), *(random.permutation(k) for _ in range(permutations))])
    again = fit_moderators(y[orders], v[orders], x, tau2=tau2, knapp_hartung=not math.isinf(fit.df))
    beyond = np.abs(again.statistic) >= np.abs(fit.statistic) - _TIE
    return tuple(beyond.mean(0).tolist()), len(orders)
