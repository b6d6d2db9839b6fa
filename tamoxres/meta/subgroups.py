"""Subgroups of studies: a pooled effect in each, and the test of whether they differ.

Conventions: `separate` estimates tau2 in each subgroup, `common` one tau2 for all. The test is Wald's, on the normal
standard errors of the subgroup effects; a difference between subgroups of studies is observational, even among trials.

References
----------
Borenstein M, Higgins JPT 2013, doi:10.1007/s11121-013-0377-7.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from ..effects import EffectEstimate
from ..errors import PoolingError
from ..wording import number, p_value
from .estimate import Pooled, pool_arrays
from .heterogeneity import chi2_p
from .pool import arrays
from .pooled import PooledEffect
from .summary import Summary, summaries, summary_table
from .tau2 import TAU2, Array, weighted_fit

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Subgroups", "subgroups"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Subgroups:
    """Pooled effects of subgroups, and the test of their difference.

    Attributes
    ----------
    by : str
    groups : tuple of Summary
    members : tuple of tuple of int
        Positions of each group's effects in `PooledEffect.effects`.
    tau2 : "separate" | "common"
    q, df, p_value : float
        Between subgroups.
    """

    by: str
    groups: tuple[Summary, ...]
    members: tuple[tuple[int, ...], ...]
    tau2: Literal["separate", "common"]
    q: float
    df: int
    p_value: float

    @property
    def table(self) -> pd.DataFrame:
        """One row a subgroup: subgroup, k, estimate, ci_low, ci_high, p_value, tau2."""
        return summary_table(self.groups, "subgroup")

    def __str__(self) -> str:
        p = p_value(self.p_value, label=True)
        test = f"Difference between subgroups: Q {number(self.q)} on {self.df} df, {p} ({self.tau2} tau2)"
        return "\n".join([*map(str, self.groups), test])


def subgroups(
    pooled: PooledEffect,
    by: str | Callable[[EffectEstimate], str] | Mapping[str, str] | Sequence[str],
    *,
    tau2: Literal["separate", "common"] = "separate",
) -> Subgroups:
    """Pool within subgroups of studies, and test whether the subgroups differ.

    Parameters
    ----------
    pooled : PooledEffect
    by : str, function, mapping of study to label, or sequence of labels
        A field of the rows such as `assay` or `design`, a function of a row, or the labels themselves.
    tau2 : "separate" | "common"

    Returns
    -------
    Subgroups
        A pool a group, and the test between them.

    Raises
    ------
    PoolingError
        If there is one subgroup only, a study has no label, or every subgroup has one study and tau2 is common.

    Examples
    --------
    >>> import tamoxres as tr
    >>> rows = [tr.EffectEstimate(study=s, log_estimate=y, se=0.2) for s, y in (("A", 0.1), ("B", 0.4), ("C", 0.3))]
    >>> print(subgroups(tr.pool(rows), ["early", "late", "late"]))
    early: 1.11 (0.75-1.64), P = 0.617 (k = 1)
    late: 1.42 (0.24-8.56), P = 0.244 (k = 2)
    Difference between subgroups: Q 1.04 on 1 df, P = 0.307 (separate tau2)
    """
    labels = _labels(pooled, by)
    names = list(dict.fromkeys(labels))
    if len(names) < 2:
        raise PoolingError(f"All effects are in one subgroup ({names[0]}); there is nothing to compare.")
    keep = np.array([[float(label == name) for label in labels] for name in names])
    y, v = arrays(pooled.effects)
    if tau2 == "separate":
        fit = pool_arrays(y, v, tau2=pooled.tau2_method, ci=pooled.ci_method, keep=keep)
    elif tau2 == "common":
        fit = _one_tau2(pooled, y, v, keep)
    else:
        raise PoolingError(f"Unknown tau2 {tau2!r}. Use separate or common.")
    between = weighted_fit(fit.point, 1 / fit.se_wald**2, np.ones((len(names), 1)))
    q, df = float(between.q), len(names) - 1
    ks = [int(row.sum()) for row in keep]
    groups = summaries(fit, names, ks, is_ratio=pooled.is_ratio, level=pooled.level)
    members = tuple(tuple(np.flatnonzero(row).tolist()) for row in keep)
    title = by if isinstance(by, str) else getattr(by, "__name__", "subgroup").strip("<>")
    return Subgroups(by=title, groups=groups, members=members, tau2=tau2, q=q, df=df, p_value=chi2_p(q, df))


def _labels(
    pooled: PooledEffect, by: str | Callable[[EffectEstimate], str] | Mapping[str, str] | Sequence[str]
) -> list[str]:
    if isinstance(by, str):
        if not hasattr(pooled.effects[0], by):
            raise PoolingError(f"Effect rows have no field {by!r}. Use one such as assay, design or endpoint.")
        labels = [str(getattr(effect, by)) for effect in pooled.effects]
    elif isinstance(by, Mapping):
        labels = [by.get(effect.study, by.get(effect.label, "")) for effect in pooled.effects]
    elif callable(by):
        labels = [by(effect) for effect in pooled.effects]
    else:
        labels = list(by)
    if len(labels) != pooled.k:
        raise PoolingError(f"by holds {len(labels)} labels for {pooled.k} effects.")
    if lacking := [effect.label for effect, label in zip(pooled.effects, labels, strict=True) if not label]:
        raise PoolingError(f"{lacking[0]} has no subgroup. Give it one, or leave it out of the pool.")
    return labels


def _one_tau2(pooled: PooledEffect, y: Array, v: Array, keep: Array) -> Pooled:
    """Pool each subgroup with the tau2 that is common to all; its Hartung-Knapp factor is common too."""
    k, g = len(y), len(keep)
    if k == g:
        raise PoolingError("Every subgroup has one study; a common tau2 cannot be estimated.")
    between = float(TAU2[pooled.tau2_method](y, v, keep.T))
    fit = weighted_fit(y, keep / (v + between), np.ones((k, 1)))
    factor = float(fit.q.sum()) / (k - g)
    wald = np.sqrt(fit.cov[..., 0, 0])
    scale = {"z": 1.0, "hksj": factor, "adhoc": max(1.0, factor)}[pooled.ci_method]
    df = np.full(g, np.inf if pooled.ci_method == "z" else k - g)
    point = fit.coefficients[..., 0]
    tau2 = np.full(g, between)
    cochran = weighted_fit(y, keep / v, np.ones((k, 1))).q
    return Pooled(point, tau2, wald, np.sqrt(factor) * wald, np.sqrt(scale) * wald, df, fit.w, cochran)
