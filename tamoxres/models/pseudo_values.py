"""Risks and restricted means by regression, without a model of hazards: pseudo-values, their links, robust errors.

Conventions: a patient's pseudo-value is n times the estimate of all less n - 1 times that without the patient: of the
risk at a time (Aalen and Johansen's where deaths compete, else Kaplan and Meier's), or of the restricted mean (time
lost where deaths compete, else survival time). It is regressed on treatment, marker, their product and covariates with
independent errors: with the identity link coefficients are differences, with the complementary log-log link they are
log ratios of (sub)distribution hazards at that time alone. Standard errors are the sandwich. Censoring must not depend
on what is compared; with `within` the pseudo-values are made within each group of treatment and marker, so that it may.

References
----------
Andersen PK, Klein JP, Rosthøj S 2003, Biometrika 90:15. Klein JP, Andersen PK 2005, Biometrics 61:223. Andersen PK,
Hansen MG, Klein JP 2004, Lifetime Data Anal 10:335 (restricted means). Andersen PK, Pohar Perme M 2010, Stat Methods
Med Res 19:71.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ..analysis import AnalysisSet
from ..analysis.design import Design, complete_cases, make_design
from ..analysis.exposure import Honours, refuse_absolute
from ..analysis.follow_up import delayed_entry
from ..effects import EffectEstimate
from ..errors import AnalysisError
from ..inference.verdict import design_flags
from ..tables.cells import count_cell, effect_cell, p_cell
from ..tables.effects import EffectRows, rows_title
from ..tables.shown import ShowsEffects
from ..tables.table import Cell, Column, Row, Table
from ..vocabulary import FloatArray, IntArray, Measure, choose, one_or_more
from .contrasted import PRODUCT, focus_of
from .grouping import Groups, check_horizon, group_patients

__all__ = ["PseudoRegression", "pseudo_regression", "pseudo_values"]

Quantity = Literal["risk", "mean"]
Link = Literal["identity", "cloglog"]
_HONOURS: tuple[Honours, ...] = ("products",)
_STEPS, _HALVINGS, _SMALL = 100, 30, 1e-12
_ROWS = 400  # patients whose leave-one-out curves are made at a time


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PseudoRegression(ShowsEffects):
    """Treatment, marker and their interaction on risk or restricted mean, adjusted, without a model of hazards.

    Attributes
    ----------
    effects : EffectRows
        For each time: the interaction, then treatment's effect when unaltered and when altered; with one arm the
        marker's effect, without a marker treatment's.
    quantity : "risk" | "mean"
    link : "identity" | "cloglog"
    values : array of float, shape (times, n)
        The pseudo-values.
    """

    effects: EffectRows
    quantity: Quantity
    link: Link
    values: FloatArray

    def table(self) -> Table:
        """Return one line for each time and effect; differences of risks are per 100."""
        rows = []
        for row in self.effects:
            per = 100.0 if row.measure == "RD" else 1.0
            rows.append(Row((Cell(f"{row.to_months:g}"), Cell(row.term), count_cell(row.n), effect_cell(row, per),
                             p_cell(row.p_value))))  # fmt: skip
        unit = {"RD": "RD per 100", "RMSTD": "months (RMSTD)", "RMTLD": "months (RMTLD)"}
        measure = self.effects[0].measure
        return Table(
            title=f"Regression on pseudo-values: {rows_title(self.effects)}",
            columns=(
                Column("Months"), Column("Effect"), Column("N", "number"),
                Column(f"{unit.get(measure, measure)} (95% CI)", "number"), Column("P", "p"),
            ),
            rows=tuple(rows), footnotes=tuple(dict.fromkeys(s for row in self.effects for s in row.sentences)),
        )  # fmt: skip


def pseudo_values(time: FloatArray, event: IntArray, at: float, quantity: Quantity = "risk") -> FloatArray:
    """Return each patient's pseudo-value of the risk at a time, or of the mean time lost to it, shape (n,).

    Parameters
    ----------
    time, event : array, shape (n,)
        `event` is 0 censored, 1 the event, 2 competing.
    at : float
    quantity : "risk" | "mean"

    Examples
    --------
    >>> import numpy as np
    >>> pseudo_values(np.array([1.0, 2.0, 3.0, 4.0]), np.array([1, 0, 1, 0]), 2.5).round(6).tolist()
    [1.0, 0.0, 0.0, 0.0]
    """
    months, kind = np.asarray(time, float), np.asarray(event, int)
    n = months.size
    grid = np.unique(months[(kind > 0) & (months <= at)])
    if not grid.size:
        return np.zeros(n)
    whole = _of_counts(*_counts(months, kind, grid), grid, at, quantity)
    out = np.empty(n)
    for start in range(0, n, _ROWS):
        rows = slice(start, start + _ROWS)
        risk, first, second = _counts(months, kind, grid)
        own = months[rows, None] == grid
        left = (
            risk - (months[rows, None] >= grid), first - (own & (kind[rows, None] == 1)),
            second - (own & (kind[rows, None] == 2)),
        )  # fmt: skip
        out[rows] = n * whole - (n - 1) * _of_counts(*left, grid, at, quantity)
    return out


def _counts(time: FloatArray, event: IntArray, grid: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return at risk, events and competing events at each time, shape (1, k) each."""
    at_risk = time.size - np.searchsorted(np.sort(time), grid, side="left")
    kinds = [np.searchsorted(np.sort(time[event == k]), grid, "right")
             - np.searchsorted(np.sort(time[event == k]), grid, "left") for k in (1, 2)]  # fmt: skip
    return at_risk[None].astype(float), kinds[0][None].astype(float), kinds[1][None].astype(float)


def _of_counts(
    risk: FloatArray, first: FloatArray, second: FloatArray, grid: FloatArray, at: float, quantity: Quantity
) -> FloatArray:
    """Return the cumulative incidence at a time, or its integral to it, of each row of counts."""
    with np.errstate(invalid="ignore", divide="ignore"):
        hazard = np.where(risk > 0, first / risk, 0.0)
        stay = np.where(risk > 0, 1 - (first + second) / risk, 1.0)
    before = np.cumprod(np.concatenate([np.ones((stay.shape[0], 1)), stay[:, :-1]], axis=1), axis=1)
    growth = before * hazard
    if quantity == "risk":
        return np.asarray(growth.sum(axis=1))
    return np.asarray(growth @ (at - grid))


def pseudo_regression(
    analysis: AnalysisSet,
    *,
    adjust: str | Sequence[str] = (),
    times: float | Sequence[float] = 120.0,
    quantity: Quantity = "risk",
    link: Link = "identity",
    within: bool = False,
) -> PseudoRegression:
    """Regress risk or restricted mean on treatment, marker and covariates, by pseudo-values.

    Parameters
    ----------
    analysis : AnalysisSet
        With a marker, both arms, or both; with both the product is estimated.
    adjust : str or sequence of str
    times : float or sequence of float, months
        Within the follow-up of every group; each has a regression of its own.
    quantity : "risk" | "mean"
        The risk at the time, or the restricted mean to it: time lost where deaths compete, else survival time.
    link : "identity" | "cloglog"
        Differences; or, of a risk, log ratios of (sub)distribution hazards at the time.
    within : bool
        Make the pseudo-values within each group of treatment and marker: censoring may then differ between them.

    Returns
    -------
    PseudoRegression

    Raises
    ------
    AnalysisError
        If there is nothing to compare, entry is delayed, a mean is asked for with another link than the identity, a
        time lies beyond the follow-up of a group, or the regression has no solution.

    Examples
    --------
    >>> import tamoxres as tr
    >>> gbsg = tr.select(tr.load("gbsg"), endpoint="RFS", er="any", treatment="any")
    >>> row = pseudo_regression(gbsg, adjust="nodes", times=60, quantity="mean").effect
    >>> print(row.measure, round(row.difference, 1))
    RMSTD 5.1
    """
    choose("quantity", quantity, ("risk", "mean"))
    choose("link", link, ("identity", "cloglog"))
    if quantity == "mean" and link != "identity":
        raise AnalysisError("A mean has the identity link alone.", mend="Use quantity='risk' for the other.")
    adjust = one_or_more(adjust)
    focus = focus_of(analysis)
    complete = complete_cases(analysis, [*focus, *adjust], honours=_HONOURS, estimator="A regression on pseudo-values")
    refuse_absolute(complete, "A regression on pseudo-values")
    if delayed_entry(complete.frame) is not None:
        raise AnalysisError("Pseudo-values do not take delayed entry.", mend="Use cox for the hazards.")
    groups = group_patients(complete, focus)
    design = make_design(complete.frame, [*focus, *([PRODUCT] if len(focus) == 2 else []), *adjust])
    x = np.column_stack([np.ones(len(design.x)), design.x])
    rows, values = EffectRows(), []
    for time in one_or_more(times):
        at = check_horizon(groups, float(time))
        values.append(_values(groups, at, quantity, within))
        fitted = _regress(x, values[-1], link)
        rows.extend(_rows(complete, design, fitted, (at, quantity, link), adjust))
    return PseudoRegression(effects=rows, quantity=quantity, link=link, values=np.array(values))


def _values(groups: Groups, at: float, quantity: Quantity, within: bool) -> FloatArray:
    """Return the pseudo-values, made of all patients or within the groups; a mean without competing deaths is lived."""
    out = np.empty(groups.months.size)
    for code in range(len(groups.levels)) if within else (None,):
        inside = np.ones(out.size, bool) if code is None else groups.rows(code)
        out[inside] = pseudo_values(groups.months[inside], groups.event[inside], at, quantity)
    lived = quantity == "mean" and not groups.analysis.endpoint.competing
    return at - out if lived else out


def _regress(x: FloatArray, y: FloatArray, link: Link) -> tuple[FloatArray, FloatArray]:
    """Solve the estimating equations of independent errors: coefficients and sandwich."""
    beta = np.asarray(np.linalg.lstsq(x, y, rcond=None)[0], dtype=float)
    if link == "identity":
        return beta, _sandwich(x, x, y - x @ beta)
    share = float(np.clip(y.mean(), 1e-3, 1 - 1e-3))
    beta = np.zeros(x.shape[1])
    beta[0] = np.log(-np.log1p(-share))
    for _ in range(_STEPS):
        mean, slope = _cloglog(x @ beta)
        d = x * slope[:, None]
        step = np.asarray(np.linalg.lstsq(d, y - mean, rcond=None)[0], dtype=float)
        if float(np.abs(d.T @ (y - mean)).max()) < _SMALL * y.size:
            return beta, _sandwich(d, d, y - mean)
        beta = _shorter(x, y, beta, step)
    raise AnalysisError(
        "The regression on pseudo-values has no solution.", mend="Use another time or fewer covariates."
    )


def _cloglog(eta: FloatArray) -> tuple[FloatArray, FloatArray]:
    rate = np.exp(np.clip(eta, -700, 700))
    return -np.expm1(-rate), rate * np.exp(-rate)


def _shorter(x: FloatArray, y: FloatArray, beta: FloatArray, step: FloatArray) -> FloatArray:
    """Take a step, halved until the squared residuals do not grow."""
    now = float(((y - _cloglog(x @ beta)[0]) ** 2).sum())
    for halving in range(_HALVINGS):
        there = beta + step / 2**halving
        if float(((y - _cloglog(x @ there)[0]) ** 2).sum()) <= now * (1 + 1e-12):
            return np.asarray(there)
    return beta


def _sandwich(bread: FloatArray, d: FloatArray, residual: FloatArray) -> FloatArray:
    inverse = np.linalg.inv(bread.T @ bread)
    influence = (d * residual[:, None]) @ inverse
    return np.asarray(influence.T @ influence)


_Asked = tuple[float, Quantity, Link]


def _rows(
    analysis: AnalysisSet, design: Design, fitted: tuple[FloatArray, FloatArray], asked: _Asked, adjust: Sequence[str]
) -> list[EffectEstimate]:
    """Make the rows of one time: sums of coefficients, the intercept being the first."""
    names = {term.name: 1 + term.columns[0] for term in design.terms}
    parts: list[tuple[str, Any, Any, tuple[str, ...]]]
    if PRODUCT in names:
        parts = [
            ("interaction", "interaction", "", (PRODUCT,)),
            ("treatment when unaltered", "treatment_effect", "unaltered", ("treatment",)),
            ("treatment when altered", "treatment_effect", "altered", ("treatment", PRODUCT)),
        ]
    elif "marker" in names:
        parts = [("marker", "prognostic", "", ("marker",))]
    else:
        parts = [("treatment", "treatment_effect", "", ("treatment",))]
    return [_row(analysis, fitted, asked, adjust, (*part[:3], [names[one] for one in part[3]])) for part in parts]


def _row(
    analysis: AnalysisSet,
    fitted: tuple[FloatArray, FloatArray],
    asked: _Asked,
    adjust: Sequence[str],
    part: tuple[str, Any, Any, list[int]],
) -> EffectEstimate:
    (at, quantity, link), (term, estimand, level, columns) = asked, part
    competing = bool(analysis.endpoint.competing)
    measure: Measure
    if link == "cloglog":
        measure = "sHR" if competing else "HR"
    else:
        measure = "RD" if quantity == "risk" else "RMTLD" if competing else "RMSTD"
    about = analysis.part("marker", level) if level else analysis
    row: dict[str, Any] = about.describe(estimand) | {"marker_level": level, "to_months": at}
    own = () if estimand == "prognostic" else design_flags(analysis.design)
    row["flags"] = (*row["flags"], *own, "not_for_decisions")
    point, se = float(fitted[0][columns].sum()), float(np.sqrt(fitted[1][np.ix_(columns, columns)].sum()))
    row |= {"log_estimate" if link == "cloglog" else "difference": point}
    return EffectEstimate(
        **row, estimand=estimand, scale="binary", measure=measure, se=se, se_kind="robust", term=term,
        model="pseudo_values", adjusted_for=tuple(adjust),
    )  # fmt: skip
