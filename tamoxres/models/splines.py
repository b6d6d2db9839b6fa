"""A number's hazard ratio without cutting it: per standard deviation, and as a restricted cubic spline.

Conventions: Harrell's basis, cubic between the knots and linear beyond them, scaled by the squared range of the knots;
knots at the quantiles of Harrell's book (type 7, as R's default); the hazard ratio is 1 at the reference value, the
median unless another is named. Non-linearity is tested by the likelihood ratio against the straight line in the same
patients.

References
----------
Durrleman S, Simon R 1989, Stat Med 8:551. Harrell FE 2015, Regression Modeling Strategies, section 2.4.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import chdtrc, ndtri

from ..analysis import AnalysisSet
from ..analysis.design import complete_cases
from ..analysis.uncut import VALUE, own_value
from ..effects import EffectEstimate
from ..errors import AnalysisError, QuestionError
from ..tables.cells import effect_cell, interval_cell, number_cell
from ..tables.effects import EffectRows
from ..tables.shown import ShowsEffects
from ..tables.table import Cell, Column, Row, Table
from ..vocabulary import FloatArray, one_or_more
from ..wording import p_value
from .cox import CoxModel, fit_terms
from .engine import Ties

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["QUANTILES", "SplineFit", "restricted_cubic_basis", "spline", "spline_knots"]

QUANTILES = {
    3: (0.10, 0.50, 0.90),
    4: (0.05, 0.35, 0.65, 0.95),
    5: (0.05, 0.275, 0.50, 0.725, 0.95),
}
"""Where the knots stand, by their number."""
_SHOWN = (0.1, 0.25, 0.5, 0.75, 0.9)  # percentiles of the table


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SplineFit(ShowsEffects):
    """A number's hazard ratio as a straight line and as a curve.

    Attributes
    ----------
    column : str
    knots : tuple of float
    reference : float
        Value at which the hazard ratio is 1.
    linear : EffectEstimate
        The one effect row: the hazard ratio per standard deviation, from the straight line.
    model : CoxModel
        With the curve; its first columns are the basis.
    nonlinear_statistic, nonlinear_p : float
        Likelihood-ratio test of the curve against the line.
    nonlinear_df : int
    p_value : float
        Wald test of the whole curve against no effect.
    """

    column: str
    knots: tuple[float, ...]
    reference: float
    linear: EffectEstimate
    model: CoxModel
    nonlinear_statistic: float
    nonlinear_df: int
    nonlinear_p: float
    p_value: float

    @property
    def effects(self) -> EffectRows:
        """The straight line's hazard ratio alone: a curve is no effect row."""
        return EffectRows([self.linear])

    def table(self) -> Table:
        """Return the curve at some percentiles as a table, the straight line last."""
        values = np.quantile(self.model.analysis.frame[self.column].to_numpy(float), _SHOWN)
        at = self.curve(values.tolist())
        ratios = zip(at["hr"], at["ci_low"], at["ci_high"], strict=True)
        rows = [
            Row((Cell(f"percentile {100 * share:g}"), number_cell(float(value)), interval_cell(one)))
            for share, value, one in zip(_SHOWN, values, ratios, strict=True)
        ]
        rows.append(Row((Cell(self.linear.contrast), Cell(), effect_cell(self.linear))))
        knots = ", ".join(f"{knot:g}" for knot in self.knots)
        return Table(
            title=f"Hazard ratio of {self.linear.endpoint} by {self.column}: {self.linear.label}",
            columns=(Column("At"), Column(self.column, "number"), Column("HR (95% CI)", "ratio")), rows=tuple(rows),
            footnotes=(
                f"Restricted cubic spline, knots at {knots}; 1 at {self.reference:g}. Against no effect: "
                f"{p_value(self.p_value, label=True)}; against the line: {p_value(self.nonlinear_p, label=True)}.",
                *self.linear.sentences,
            ),
        )  # fmt: skip

    def curve(self, at: float | Sequence[float] | None = None, *, level: float = 0.95) -> pd.DataFrame:
        """Tabulate the curve: value, hr, ci_low, ci_high, log_hr, se.

        Parameters
        ----------
        at : float or sequence of float, optional
            Values of the number; 100 between its 1st and 99th percentile, if None.
        level : float
        """
        import pandas as pd

        values = self.model.analysis.frame[self.column].to_numpy(float)
        low, high = (float(q) for q in np.quantile(values, [0.01, 0.99]))
        grid = np.linspace(low, high, 100) if at is None else np.asarray(one_or_more(at), float)
        difference = restricted_cubic_basis(grid, self.knots) - restricted_cubic_basis([self.reference], self.knots)
        columns = [i for name in _names(self.column, len(self.knots)) for i in self.model.design.term(name).columns]
        log_hr = difference @ self.model.coefficients[columns]
        covariance = self.model.covariance[np.ix_(columns, columns)]
        se = np.sqrt(np.maximum(np.einsum("ij,jk,ik->i", difference, covariance, difference), 0.0))
        z = float(ndtri((1 + level) / 2))
        return pd.DataFrame(
            {
                "value": grid, "hr": np.exp(log_hr), "ci_low": np.exp(log_hr - z * se),
                "ci_high": np.exp(log_hr + z * se), "log_hr": log_hr, "se": se,
            }
        )  # fmt: skip

    def __str__(self) -> str:
        knots = ", ".join(f"{knot:g}" for knot in self.knots)
        return f"{self.linear}; spline with knots at {knots}: non-linearity {p_value(self.nonlinear_p, label=True)}"


def restricted_cubic_basis(values: Sequence[float] | FloatArray, knots: Sequence[float]) -> FloatArray:
    """Return Harrell's basis: the value itself, then one column for each knot but the last two, shape (n, k - 1).

    Examples
    --------
    >>> restricted_cubic_basis([0.0, 1.0, 3.0], [0, 1, 2]).tolist()
    [[0.0, 0.0], [1.0, 0.25], [3.0, 3.0]]
    """
    x, t = np.asarray(values, float), np.asarray(knots, float)

    def cube(at: float) -> FloatArray:
        return np.asarray(np.maximum(x - at, 0) ** 3)

    last, before = float(t[-1]), float(t[-2])
    columns = [x]
    for knot in t[:-2]:
        bend = (
            cube(knot) - cube(before) * (last - knot) / (last - before) + cube(last) * (before - knot) / (last - before)
        )
        columns.append(bend / (last - t[0]) ** 2)
    return np.column_stack(columns)


def spline(
    analysis: AnalysisSet,
    column: str = "",
    *,
    adjust: str | Sequence[str] = (),
    strata: str | Sequence[str] = (),
    knots: int | Sequence[float] = 4,
    reference: float | None = None,
    ties: Ties = "efron",
) -> SplineFit:
    """Fit a number's hazard ratio as a line and as a restricted cubic spline.

    Parameters
    ----------
    analysis : AnalysisSet
    column : str
        A number, such as `er_fmol`; that of the marker, in its own unit, where the set was selected with a `scale`.
    adjust, strata : str or sequence of str
    knots : int or sequence of float
        3, 4 or 5 at `QUANTILES`, or their values.
    reference : float, optional
        The median if None.
    ties : "efron" | "breslow"

    Returns
    -------
    SplineFit

    Raises
    ------
    QuestionError
        If the column is no number.
    AnalysisError
        If the knots do not differ.

    Examples
    --------
    >>> import tamoxres as tr
    >>> gbsg = tr.select(tr.load("gbsg"), endpoint="RFS", er="any", treatment="any")
    >>> spline(gbsg, "nodes").nonlinear_df
    2
    """
    adjust, strata, column = one_or_more(adjust), one_or_more(strata), own_value(analysis, column)
    complete = complete_cases(analysis, [column, *adjust, *strata], estimator="The spline")
    frame = complete.frame
    if frame[column].dtype.kind not in "fiu":
        raise QuestionError(f"{column} holds levels; a spline needs a number.")
    values = frame[column].to_numpy(float)
    where = spline_knots(column, values, knots)
    names = _names(column, len(where))
    basis = dict(zip(names, restricted_cubic_basis(values, where).T, strict=True))
    widened = replace(complete, frame=frame.assign(**basis))
    model = fit_terms(widened, [*names, *adjust], strata=strata, ties=ties)
    line = fit_terms(complete, [column, *adjust], strata=strata, ties=ties)
    statistic, df = 2 * (model.loglik - line.loglik), len(names) - 1
    columns = list(range(len(names)))
    beta, covariance = model.coefficients[columns], model.covariance[np.ix_(columns, columns)]
    return SplineFit(
        column=column, knots=where, reference=float(np.median(values)) if reference is None else float(reference),
        linear=_per_sd(line.effect, complete, float(values.std(ddof=1))), model=model, nonlinear_statistic=statistic,
        nonlinear_df=df, nonlinear_p=float(chdtrc(df, max(statistic, 0.0))),
        p_value=float(chdtrc(len(columns), beta @ np.linalg.solve(covariance, beta))),
    )  # fmt: skip


def _names(column: str, k: int) -> list[str]:
    return [column, *(f"{column}_bend_{i}" for i in range(1, k - 1))]


def spline_knots(column: str, values: FloatArray, knots: int | Sequence[float]) -> tuple[float, ...]:
    """Return the knots of a number: at `QUANTILES` by their number, or as given.

    Raises
    ------
    AnalysisError
        If their number is not foreseen, or they are fewer than three or do not increase.
    """
    if isinstance(knots, int):
        if knots not in QUANTILES:
            raise AnalysisError(
                f"{knots} knots are not foreseen.", mend=f"Use {', '.join(map(str, QUANTILES))}, or give their values."
            )
        where = tuple(float(q) for q in np.quantile(values, QUANTILES[knots]))
    else:
        where = tuple(float(knot) for knot in knots)
    if len(where) < 3 or np.any(np.diff(where) <= 0):
        shown = ", ".join(f"{knot:g}" for knot in where)
        raise AnalysisError(
            f"The knots of {column} ({shown}) must be three or more and increase.", mend="Use fewer, or name them."
        )
    return where


def _per_sd(row: EffectEstimate, analysis: AnalysisSet, sd: float) -> EffectEstimate:
    if row.log_estimate is None or row.se is None:
        raise AnalysisError(f"The straight line of {row.variable} could not be estimated.")
    own: dict[str, Any] = {"scale": "per_sd", "scale_unit": f"{sd:.3g}"}
    if row.variable == VALUE and analysis.uncut is not None:
        mixed = analysis.mixes_arms(row.adjusted_for)
        own = replace(analysis.uncut, scale="per_sd", size=sd).fields() | {"estimand": "" if mixed else "prognostic"}
        own |= {"flags": (*row.flags, "arms_mixed")} if mixed else {}
    return replace(row, log_estimate=row.log_estimate * sd, se=row.se * sd, **own)
