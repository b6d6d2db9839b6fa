"""Does treatment work differently along a continuous marker? Its hazard ratio as a function of the value, uncut.

Conventions: the value enters as a function (a straight line, a restricted cubic spline, or fractional polynomials),
alone and in products with treatment; the test of interaction is the likelihood ratio with and without all products.
Spline knots are those of `spline`. Powers of a fractional polynomial are chosen in the model without products, by
likelihood, and kept for both arms (Royston and Sauerbrei's MFPI with linear adjusters); that choice is not counted in
the degrees of freedom, as there. A value that reaches 0 or below is shifted up by its smallest gap first. Bands are
pointwise. On simulated data the spline test holds its level (benchmarks/SPLINE_INTERACTION.md).

References
----------
Royston P, Sauerbrei W 2004, Stat Med 23:2509 (MFPI). Royston P, Altman DG 1994, Appl Stat 43:429. Harrell FE 2015,
Regression Modeling Strategies, section 2.4.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import combinations_with_replacement
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy.special import chdtrc, ndtri

from ..analysis import AnalysisSet
from ..analysis.design import complete_cases
from ..analysis.uncut import VALUE, own_value
from ..effects import EffectEstimate
from ..effects.routes import ratio_of
from ..errors import AnalysisError, QuestionError
from ..inference.verdict import design_flags
from ..kernel.profile import profile_interval
from ..tables.cells import effect_cell, interval_cell, number_cell
from ..tables.effects import EffectRows
from ..tables.shown import ShowsEffects
from ..tables.table import Cell, Column, Row, Table
from ..vocabulary import FloatArray, Ties, choose, one_or_more
from ..wording import p_value
from .cox import CoxModel, fit_nested, fit_terms
from .engine import ModelChoices
from .splines import restricted_cubic_basis, spline_knots

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["POWERS", "TreatmentCurve", "fractional_polynomial", "treatment_curve"]

Shape = Literal["spline", "fp2", "fp1", "linear"]
POWERS = (-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0, 3.0)
"""Powers of fractional polynomials; 0 is the logarithm."""
_SHOWN = (0.1, 0.25, 0.5, 0.75, 0.9)  # percentiles of the table


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TreatmentCurve(ShowsEffects):
    """The hazard ratio of treatment as a function of a continuous marker, and the test that it changes.

    Attributes
    ----------
    column : str
    shape : "spline" | "fp2" | "fp1" | "linear"
    parameters : tuple of float
        Knots of the spline, or powers of the fractional polynomial; empty for a line.
    linear : EffectEstimate
        The one effect row: the ratio of treatment's hazard ratios per standard deviation, from the straight line.
    model : CoxModel
        Treatment, the function of the value, their products, covariates.
    statistic, p_value : float
        Likelihood-ratio test of all products.
    df : int
    values : array of float, shape (n,)
        The marker in the patients of the model.
    shift, scale : float
        What a fractional polynomial adds to the value, and divides it by.
    """

    column: str
    shape: Shape
    parameters: tuple[float, ...]
    linear: EffectEstimate
    model: CoxModel
    statistic: float
    df: int
    p_value: float
    values: FloatArray
    shift: float = 0.0
    scale: float = 1.0

    @property
    def effects(self) -> EffectRows:
        """The straight line's ratio alone: a curve is no effect row."""
        return EffectRows([self.linear])

    def curve(self, at: float | Sequence[float] | None = None, *, level: float = 0.95) -> pd.DataFrame:
        """Tabulate the hazard ratio of treatment: value, hr, ci_low, ci_high, log_hr, se.

        Parameters
        ----------
        at : float or sequence of float, optional
            Values of the marker; about 200 between its 1st and 99th percentile, if None.
        level : float
            Of the pointwise limits.
        """
        import pandas as pd

        if at is None:  # evenly, and where the patients are
            low, high = np.quantile(self.values, [0.01, 0.99])
            close = np.quantile(self.values, np.linspace(0.01, 0.99, 99))
            grid = np.unique(np.concatenate([np.linspace(low, high, 100), close, np.linspace(low, close[25], 25)]))
        else:
            grid = np.asarray(one_or_more(at), float)
        bases = [_basis(x, self.shape, self.parameters, (self.shift, self.scale)) for x in (grid, self.values)]
        weights = np.column_stack([np.ones(len(grid)), bases[0] - bases[1].mean(axis=0)])
        design = self.model.design
        names = ["treatment", *(f"treatment:{name}" for name in _names(self.column, bases[0].shape[1]))]
        columns = [i for name in names for i in design.term(name).columns]
        log_hr = weights @ self.model.coefficients[columns]
        covariance = self.model.covariance[np.ix_(columns, columns)]
        se = np.sqrt(np.maximum(np.einsum("ij,jk,ik->i", weights, covariance, weights), 0.0))
        z = float(ndtri((1 + level) / 2))
        return pd.DataFrame(
            {
                "value": grid, "hr": np.exp(log_hr), "ci_low": np.exp(log_hr - z * se),
                "ci_high": np.exp(log_hr + z * se), "log_hr": log_hr, "se": se,
            }
        )  # fmt: skip

    def table(self) -> Table:
        """Return treatment's hazard ratio at some percentiles of the marker, the straight line's ratio last."""
        values = np.quantile(self.values, _SHOWN)
        at = self.curve(values.tolist())
        ratios = zip(at["hr"], at["ci_low"], at["ci_high"], strict=True)
        rows = [
            Row((Cell(f"percentile {100 * share:g}"), number_cell(float(value)), interval_cell(one)))
            for share, value, one in zip(_SHOWN, values, ratios, strict=True)
        ]
        rows.append(Row((Cell("ratio per SD (line)"), Cell(), effect_cell(self.linear))))
        return Table(
            title=f"HR of treatment by {self.column}: {self.linear.label}, {self.linear.endpoint}",
            columns=(Column("At"), Column(self.column, "number"), Column("HR (95% CI)", "ratio")), rows=tuple(rows),
            footnotes=(f"{self._words()}.", *self.linear.sentences),
        )  # fmt: skip

    def _words(self) -> str:
        listed = ", ".join(f"{value:g}" for value in self.parameters)
        shape = {
            "spline": f"Restricted cubic spline, knots at {listed}", "fp2": f"Fractional polynomial, powers {listed}",
            "fp1": f"Fractional polynomial, power {listed}", "linear": "Straight line",
        }[self.shape]  # fmt: skip
        chosen = " (its choice not counted)" if self.shape in ("fp1", "fp2") else ""
        return f"{shape}{chosen}; interaction on {self.df} df: {p_value(self.p_value, label=True)}"

    def __str__(self) -> str:
        return f"{self.linear}; {self._words()}"


def fractional_polynomial(x: FloatArray, powers: Sequence[float]) -> FloatArray:
    """Return the terms of a fractional polynomial of positive values, shape (n, len(powers)).

    A power of 0 is the logarithm; a repeated power is multiplied by the logarithm.

    Examples
    --------
    >>> fractional_polynomial(np.array([1.0, 2.0]), (2, 2)).round(3).tolist()
    [[1.0, 0.0], [4.0, 2.773]]
    """
    columns: list[FloatArray] = []
    for i, power in enumerate(powers):
        again = i > 0 and power == powers[i - 1]
        columns.append(columns[-1] * np.log(x) if again else np.log(x) if power == 0 else x**power)
    return np.column_stack(columns)


def treatment_curve(
    analysis: AnalysisSet,
    column: str = "",
    *,
    adjust: str | Sequence[str] = (),
    strata: str | Sequence[str] = (),
    shape: Shape = "spline",
    knots: int | Sequence[float] = 4,
    ties: Ties = "efron",
) -> TreatmentCurve:
    """Estimate the hazard ratio of treatment along a continuous marker, and test whether it changes.

    Parameters
    ----------
    analysis : AnalysisSet
        Selected with `treatment="any"`.
    column : str
        The marker, a number, such as `er_fmol` or what `tr.with_continuous` adds; that of the marker, in its own unit,
        where the set was selected with a `scale`.
    adjust, strata : str or sequence of str
    shape : "spline" | "fp2" | "fp1" | "linear"
        Restricted cubic spline, fractional polynomial of degree 2 or 1, or a straight line.
    knots : int or sequence of float
        Of the spline: 3, 4 or 5 at the quantiles of `spline`, or their values.
    ties : "efron" | "breslow"

    Returns
    -------
    TreatmentCurve

    Raises
    ------
    QuestionError
        If the column is no number.
    AnalysisError
        If one arm is missing, the knots do not differ, or the model cannot be estimated.

    Examples
    --------
    >>> import tamoxres as tr
    >>> gbsg = tr.select(tr.load("gbsg"), endpoint="RFS", er="any", treatment="any")
    >>> found = treatment_curve(gbsg, "er_fmol", adjust="nodes", shape="fp1")
    >>> found.df, round(found.p_value, 3)
    (1, 0.036)
    """
    choose("shape", shape, ("spline", "fp2", "fp1", "linear"))
    adjust, strata, column = one_or_more(adjust), one_or_more(strata), own_value(analysis, column)
    if not analysis.has_both_arms:
        raise AnalysisError(f"{analysis.cohort.name} has one arm here; a curve of treatment's effect compares two.")
    wanted = ["treatment", column, *adjust, *strata]
    complete = complete_cases(analysis, wanted, honours=("start", "products"), estimator="The curve")
    if complete.frame[column].dtype.kind not in "fiu":
        raise QuestionError(f"{column} holds levels; a curve needs a number.")
    values = complete.frame[column].to_numpy(float)
    how: ModelChoices = {"strata": strata, "ties": ties}
    shift = _shift(values) if shape in ("fp1", "fp2") else (0.0, 1.0)
    parameters: tuple[float, ...] = ()
    if shape == "spline":
        parameters = spline_knots(column, values, knots)
    elif shape != "linear":
        parameters = _powers(complete, (column, shape), shift, adjust, how)
    basis = _basis(values, shape, parameters, shift)
    full, statistic = _with_products(complete, column, basis, adjust, how)
    return TreatmentCurve(
        column=column, shape=shape, parameters=parameters, linear=_line(complete, column, adjust, how), model=full,
        statistic=statistic, df=basis.shape[1], p_value=float(chdtrc(basis.shape[1], max(statistic, 0.0))),
        values=values, shift=shift[0], scale=shift[1],
    )  # fmt: skip


def _names(column: str, k: int) -> list[str]:
    return [column, *(f"{column}_part_{i}" for i in range(1, k))]


def _shift(values: FloatArray) -> tuple[float, float]:
    """Return what makes the values positive, and the power of ten that brings them near 1."""
    distinct = np.unique(values)
    least = float(distinct[0])
    shift = 0.0 if least > 0 else float(np.diff(distinct).min()) - least if distinct.size > 1 else 1.0 - least
    spread = float(np.ptp(distinct))
    return shift, 10.0 ** np.floor(np.log10(spread)) if spread > 0 else 1.0


def _basis(values: FloatArray, shape: Shape, parameters: tuple[float, ...], shift: tuple[float, float]) -> FloatArray:
    if shape == "spline":
        return restricted_cubic_basis(values, parameters)
    if shape == "linear":
        return np.asarray(values, float)[:, None]
    return fractional_polynomial((np.asarray(values, float) + shift[0]) / shift[1], parameters)


def _widened(analysis: AnalysisSet, column: str, basis: FloatArray) -> tuple[AnalysisSet, list[str]]:
    names = _names(column, basis.shape[1])
    return replace(analysis, frame=analysis.frame.assign(**dict(zip(names, basis.T, strict=True)))), names


def _powers(
    analysis: AnalysisSet, what: tuple[str, Shape], shift: tuple[float, float], adjust: Sequence[str], how: ModelChoices
) -> tuple[float, ...]:
    """Return the powers of greatest likelihood in the model without products."""
    column, shape = what
    values = analysis.frame[column].to_numpy(float)
    found: dict[tuple[float, ...], float] = {}
    for powers in combinations_with_replacement(POWERS, 2 if shape == "fp2" else 1):
        widened, names = _widened(analysis, column, _basis(values, shape, powers, shift))
        with suppress(AnalysisError):  # terms that rounding makes collinear
            found[powers] = fit_terms(widened, ["treatment", *names, *adjust], **how).loglik
    if not found:
        raise AnalysisError(f"No fractional polynomial of {column} can be estimated.", mend="Use shape='spline'.")
    return max(found, key=lambda powers: found[powers])


def _with_products(
    analysis: AnalysisSet, column: str, basis: FloatArray, adjust: Sequence[str], how: ModelChoices
) -> tuple[CoxModel, float]:
    """Fit the model with the products of treatment with each part; its likelihood ratio against that without."""
    widened, names = _widened(analysis, column, basis)
    plain = ["treatment", *names, *adjust]
    full = fit_terms(widened, [*plain, *(f"treatment:{name}" for name in names)], **how)
    return full, 2 * (full.loglik - fit_terms(widened, plain, **how).loglik)


def _line(analysis: AnalysisSet, column: str, adjust: Sequence[str], how: ModelChoices) -> EffectEstimate:
    """Return the ratio of treatment's hazard ratios per standard deviation, with its profile interval."""
    product = f"treatment:{column}"
    full, smaller = fit_nested(analysis, ["treatment", column, product, *adjust], product, **how)
    place = full.design.term(product).columns[0]
    values = analysis.frame[column].to_numpy(float)
    sd = float(values.std(ddof=1))
    limits = profile_interval(full.on_kernel(), place)
    row = analysis.describe("interaction")
    row["flags"] = (*row["flags"], *full.row_flags, *design_flags(analysis.design), "product_term")
    return EffectEstimate(
        **row, estimand="interaction", log_estimate=float(full.coefficients[place]) * sd,
        se=float(np.sqrt(full.covariance[place, place])) * sd, ci_low=ratio_of(limits.low * sd),
        ci_high=ratio_of(limits.high * sd), ci_kind="profile",
        p_value=float(chdtrc(1, max(2 * (full.loglik - smaller.loglik), 0.0))), p_kind="lrt", scale="per_sd",
        scale_unit=f"{sd:.3g}", variable=analysis.uncut.name if analysis.uncut and column == VALUE else column,
        adjusted_for=tuple(adjust), term=product, **full.fitted_as,
    )  # fmt: skip
