"""What single studies do to the pooled effect: leave-one-out, cumulative pooling, influence, Baujat's plot as data.

Every function takes a `PooledEffect` and repeats it by its own methods, all subsets in one batch of arrays.

References
----------
Viechtbauer W, Cheung MWL 2010, doi:10.1002/jrsm.11 (influence). Baujat B et al. 2002, doi:10.1002/sim.1221.
Lau J et al. 1992, doi:10.1056/NEJM199207233270406 (cumulative meta-analysis).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import chdtr

from ..effects import EffectEstimate
from ..errors import PoolingError
from ..wording import percent
from .estimate import Pooled, pool_arrays
from .pool import arrays
from .pooled import PooledEffect
from .summary import Summary, need, summaries, summary_table
from .tau2 import Array

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Baujat", "Influence", "Repoolings", "baujat", "cumulative", "influence", "leave_one_out"]


@dataclass(frozen=True, slots=True)
class Repoolings:
    """The pooled effect computed again and again from parts of the studies.

    Attributes
    ----------
    kind : "leave-one-out" | "cumulative"
    rows : tuple of Summary
        Labelled by the study left out, or by the study added last.
    """

    kind: str
    rows: tuple[Summary, ...]

    @property
    def table(self) -> pd.DataFrame:
        """One row a pooling: study, k, estimate, ci_low, ci_high, p_value, tau2."""
        return summary_table(self.rows, "study")

    def __str__(self) -> str:
        word = "without" if self.kind == "leave-one-out" else "+"
        return "\n".join(f"{word} {row}" for row in self.rows)


def leave_one_out(pooled: PooledEffect) -> Repoolings:
    """Pool again without each study in turn.

    Returns
    -------
    Repoolings
        One pool a row left out.

    Raises
    ------
    PoolingError
        With fewer than three effects.

    Examples
    --------
    >>> import tamoxres as tr
    >>> rows = [tr.EffectEstimate(study=s, log_estimate=y, se=0.2) for s, y in (("A", 0.1), ("B", 0.4), ("C", 0.3))]
    >>> print(leave_one_out(tr.pool(rows)))
    without A: 1.42 (0.24-8.56), P = 0.244 (k = 2)
    without B: 1.22 (0.20-7.37), P = 0.392 (k = 2)
    without C: 1.28 (0.19-8.64), P = 0.344 (k = 2)
    """
    need(pooled, 3, "Leave-one-out")
    labels = [effect.label for effect in pooled.effects]
    fit = _refit(pooled, 1 - np.eye(pooled.k))
    rows = summaries(fit, labels, [pooled.k - 1] * pooled.k, is_ratio=pooled.is_ratio, level=pooled.level)
    return Repoolings("leave-one-out", rows)


def cumulative(
    pooled: PooledEffect, by: Callable[[EffectEstimate], float] | Sequence[float] | None = None
) -> Repoolings:
    """Pool again with one study more each time.

    Parameters
    ----------
    pooled : PooledEffect
    by : function of an effect, or sequence of one number an effect, optional
        The order; by default the year in the study's name.

    Returns
    -------
    Repoolings
        One pool a row added.

    Raises
    ------
    PoolingError
        If a study's name holds no year and no order is given.

    Examples
    --------
    >>> import tamoxres as tr
    >>> rows = [tr.EffectEstimate(study=s, log_estimate=y, se=0.2) for s, y in (("A", 0.1), ("B", 0.4), ("C", 0.3))]
    >>> print(cumulative(tr.pool(rows), [2003, 2001, 2007]))
    + B: 1.49 (1.01-2.21), P = 0.046 (k = 1)
    + A: 1.28 (0.19-8.64), P = 0.344 (k = 2)
    + C: 1.31 (0.79-2.15), P = 0.147 (k = 3)
    """
    keys = list(by) if isinstance(by, Sequence) else [(by or _year)(effect) for effect in pooled.effects]
    if len(keys) != pooled.k:
        raise PoolingError(f"by holds {len(keys)} numbers for {pooled.k} effects.")
    order = np.argsort(np.array(keys, dtype=float), kind="stable")
    keep = np.zeros((pooled.k, pooled.k))
    keep[:, order] = np.tril(np.ones((pooled.k, pooled.k)))
    labels = [pooled.effects[i].label for i in order]
    ks = list(range(1, pooled.k + 1))
    rows = summaries(_refit(pooled, keep), labels, ks, is_ratio=pooled.is_ratio, level=pooled.level)
    return Repoolings("cumulative", rows)


def _year(effect: EffectEstimate) -> float:
    if effect.year is None:
        raise PoolingError(f"{effect.label}: the row gives no year. Pass by=... to order the studies.")
    return float(effect.year)


def _refit(pooled: PooledEffect, keep: Array) -> Pooled:
    y, v = arrays(pooled.effects)
    return pool_arrays(y, v, tau2=pooled.tau2_method, ci=pooled.ci_method, keep=keep)


@dataclass(frozen=True, slots=True, kw_only=True)
class Influence:
    """How much each study moves the pooled effect; one entry a study, in the order of the effects.

    Attributes
    ----------
    study : tuple of str
    rstudent : tuple of float
        Studentised deleted residual.
    dffits, cook, dfbetas : tuple of float
        Change of the fitted value, of the whole fit, and of the estimate, when the study is left out.
    cov_ratio : tuple of float
        Variance of the estimate without the study over that with it.
    tau2_deleted, q_deleted : tuple of float
        Without the study.
    hat : tuple of float
        Its share of the weight.
    influential : tuple of bool
        |dffits| > 3 sqrt(1 / (k - 1)), Cook's distance beyond the median of chi-squared, hat > 3 / k, or |dfbetas| > 1.
    """

    study: tuple[str, ...]
    rstudent: tuple[float, ...]
    dffits: tuple[float, ...]
    cook: tuple[float, ...]
    cov_ratio: tuple[float, ...]
    tau2_deleted: tuple[float, ...]
    q_deleted: tuple[float, ...]
    hat: tuple[float, ...]
    dfbetas: tuple[float, ...]
    influential: tuple[bool, ...]

    @property
    def table(self) -> pd.DataFrame:
        """One row a study, the attributes as columns."""
        import pandas as pd

        return pd.DataFrame({field.name: getattr(self, field.name) for field in fields(self)})

    def __str__(self) -> str:
        marked = [study for study, is_marked in zip(self.study, self.influential, strict=True) if is_marked]
        return f"Influential: {', '.join(marked)}" if marked else "No study is influential by the usual cuts."


def influence(pooled: PooledEffect) -> Influence:
    """Measure how much each study moves the pooled effect.

    Returns
    -------
    Influence
        One row a study: weight, residual, DFFITS, Cook's distance, hat.

    Raises
    ------
    PoolingError
        With fewer than three effects.

    Examples
    --------
    >>> import tamoxres as tr
    >>> rows = [tr.EffectEstimate(study=s, log_estimate=y, se=0.2) for s, y in (("A", 0.1), ("B", 0.4), ("C", 0.3))]
    >>> found = influence(tr.pool(rows))
    >>> len(found.table)
    3
    """
    need(pooled, 3, "Influence")
    y, v = arrays(pooled.effects)
    k = pooled.k
    full = pool_arrays(y, v, tau2=pooled.tau2_method, ci=pooled.ci_method)
    deleted = _refit(pooled, 1 - np.eye(k))
    inflation = (deleted.se / deleted.se_wald) ** 2  # the Hartung-Knapp factor, 1 for a normal interval
    moved = full.point - deleted.point
    hat = full.weights / full.weights.sum()
    spread = deleted.tau2 + v
    wald_all = 1 / (1 / (v + deleted.tau2[:, None])).sum(-1)  # of all studies, with the tau2 found without each
    dffits = moved / np.sqrt(inflation * hat * spread)
    cook = (moved / full.se) ** 2
    dfbetas = moved / np.sqrt(inflation * wald_all)
    beyond = (np.abs(dffits) > 3 / np.sqrt(k - 1)) | (chdtr(1, cook) > 0.5) | (hat > 3 / k) | (np.abs(dfbetas) > 1)
    found = {
        "rstudent": (y - deleted.point) / np.sqrt(inflation * spread + deleted.se**2),
        "dffits": dffits, "cook": cook, "cov_ratio": (deleted.se / full.se) ** 2, "tau2_deleted": deleted.tau2,
        "q_deleted": deleted.q, "hat": hat, "dfbetas": dfbetas, "influential": beyond,
    }  # fmt: skip
    studies = tuple(effect.label for effect in pooled.effects)
    return Influence(study=studies, **{name: tuple(values.tolist()) for name, values in found.items()})


@dataclass(frozen=True, slots=True)
class Baujat:
    """The two axes of Baujat's plot, one entry a study.

    Attributes
    ----------
    study : tuple of str
    heterogeneity : tuple of float
        Squared Pearson residual: the study's part in the heterogeneity.
    influence : tuple of float
        Squared standardised change of the pooled effect without the study.
    """

    study: tuple[str, ...]
    heterogeneity: tuple[float, ...]
    influence: tuple[float, ...]

    @property
    def table(self) -> pd.DataFrame:
        """One row a study: study, heterogeneity, influence."""
        import pandas as pd

        return pd.DataFrame({field.name: getattr(self, field.name) for field in fields(self)})

    def __str__(self) -> str:
        part = max(range(len(self.study)), key=self.heterogeneity.__getitem__)
        mover = max(range(len(self.study)), key=self.influence.__getitem__)
        share = self.heterogeneity[part] / (sum(self.heterogeneity) or 1.0)
        return (
            f"The largest part of the heterogeneity is {self.study[part]}'s ({percent(share, 0)}); "
            f"without {self.study[mover]} the pool moves most."
        )


def baujat(pooled: PooledEffect) -> Baujat:
    """Return each study's part in the heterogeneity and its influence on the pooled effect.

    Returns
    -------
    Baujat
        Contribution to Q and influence on the pool, by study.

    Raises
    ------
    PoolingError
        With fewer than three effects.

    Examples
    --------
    >>> import tamoxres as tr
    >>> rows = [tr.EffectEstimate(study=s, log_estimate=y, se=0.2) for s, y in (("A", 0.1), ("B", 0.4), ("C", 0.3))]
    >>> found = baujat(tr.pool(rows))
    >>> print(found)
    The largest part of the heterogeneity is A's (60%); without A the pool moves most.
    """
    need(pooled, 3, "Baujat's plot")
    y, v = arrays(pooled.effects)
    deleted = _refit(pooled, 1 - np.eye(pooled.k))
    part = (y - pooled.point) ** 2 / (v + pooled.tau2)
    change = (deleted.point - pooled.point) ** 2 / deleted.se**2
    return Baujat(tuple(effect.label for effect in pooled.effects), tuple(part.tolist()), tuple(change.tolist()))
