"""Rubin's rules: one estimate from those of m imputed data sets.

Conventions: variances are squared standard errors on the analysis scale (logarithms of ratios); degrees of freedom are
Barnard and Rubin's, which come back to Rubin's when the complete data have infinitely many; the fraction of missing
information is (r + 2/(df + 3)) / (r + 1), as in R's mice.

References
----------
Rubin DB 1987, Multiple Imputation for Nonresponse in Surveys. Barnard J, Rubin DB 1999, Biometrika 86:948.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import AnalysisError
from ..tables.cells import count_cell, number_cell
from ..tables.shown import ShowsTable
from ..tables.table import Column, Row, Table
from ..wording import number, percent

__all__ = ["RubinPool", "rubin"]

_LEAST_SHARE = 1e-4  # share of variance due to missing values below which mice, too, takes this


@dataclass(frozen=True, slots=True, kw_only=True)
class RubinPool(ShowsTable):
    """An estimate pooled over imputations.

    Attributes
    ----------
    estimate, se : float
    within, between : float
        Mean variance within, and variance between, the imputed data sets.
    df : float
    fmi : float
        Fraction of missing information.
    m : int
    """

    estimate: float
    se: float
    within: float
    between: float
    df: float
    fmi: float
    m: int

    def table(self) -> Table:
        """Return the pooled estimate, on the analysis scale, as a table of one row."""
        heads = ("Estimate", "SE", "Variance within", "Variance between")
        values = (self.estimate, self.se, self.within, self.between)
        cells = (*(number_cell(value, 4) for value in values), number_cell(self.df, 1), number_cell(self.fmi, 3))
        return Table(
            title=f"Pooled over {self.m} imputations by Rubin's rules",
            columns=(*(Column(h, "number") for h in (*heads, "df", "Missing information")), Column("m", "count")),
            rows=(Row((*cells, count_cell(self.m))),), footnotes=("Analysis scale: logarithms of ratios.",),
        )  # fmt: skip

    def __str__(self) -> str:
        pooled = f"estimate {number(self.estimate, 4)} (SE {number(self.se, 4)}), df {number(self.df, 1)}"
        return f"{self.m} imputations: {pooled}, fraction of missing information {percent(self.fmi)}"


def rubin(estimates: Sequence[float], variances: Sequence[float], *, df_complete: float = math.inf) -> RubinPool:
    """Pool estimates over imputations.

    Parameters
    ----------
    estimates, variances : sequence of float, length m
    df_complete : float
        Degrees of freedom the complete data would have.

    Raises
    ------
    AnalysisError
        If there are fewer than two, or a variance is not above 0.

    Examples
    --------
    >>> pooled = rubin([0.40, 0.46, 0.35, 0.43, 0.38], [0.0160, 0.0155, 0.0170, 0.0158, 0.0163])
    >>> round(pooled.estimate, 4), round(pooled.df, 3), round(pooled.fmi, 6)
    (0.404, 278.264, 0.126153)
    """
    q, u = np.asarray(estimates, float), np.asarray(variances, float)
    if q.size < 2 or q.size != u.size:
        raise AnalysisError(
            f"Rubin's rules need at least two estimates with their variances; found {q.size} and {u.size}."
        )
    if not (np.isfinite(q).all() and np.isfinite(u).all() and (u > 0).all()):
        raise AnalysisError(
            "An imputed data set gave no finite estimate and variance.",
            mend="Impute fewer columns, or adjust for fewer.",
        )
    within, between = float(u.mean()), float(q.var(ddof=1))
    added = (1 + 1 / q.size) * between
    total = within + added
    share = max(added / total, _LEAST_SHARE)
    df = (q.size - 1) / share**2
    if math.isfinite(df_complete):
        observed = (df_complete + 1) / (df_complete + 3) * df_complete * (1 - share)
        df = df * observed / (df + observed)
    r = added / within
    return RubinPool(
        estimate=float(q.mean()), se=math.sqrt(total), within=within, between=between, df=df,
        fmi=(r + 2 / (df + 3)) / (r + 1), m=q.size,
    )  # fmt: skip
