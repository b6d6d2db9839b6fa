"""Kaplan-Meier curves and median follow-up, with left truncation.

Conventions: a patient is at risk over (entry, time], so that one censored or failing at t is still at risk at t (R's
`n.risk`); one who enters at t is not. Times are those of the analysis set, joined where they differ by rounding only.
Competing deaths are censored here: the hazard is cause-specific, and 1 - Kaplan-Meier is then not a risk. Where a curve
has reached 0 its standard error and limits are NaN, as in R; before the first event survival is 1 and its limits are
NaN: an interval cannot be estimated there.

References
----------
Kaplan EL, Meier P 1958, JASA 53:457. Greenwood M 1926. Kalbfleisch JD, Prentice RL 2002, section 1.4 (log-log limits).
Schemper M, Smith TL 1996, Control Clin Trials 17:343 (reverse Kaplan-Meier).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import isfinite
from typing import Literal, get_args

import numpy as np
from scipy.special import ndtri

from ..analysis import AnalysisSet
from ..curves import Curve
from ..errors import AnalysisError
from ..tables.cells import count_cell, number_cell
from ..tables.curves import ShownCurves
from ..tables.shown import ShowsTable
from ..tables.table import Cell, Column, Row, Table
from ..vocabulary import BoolArray, FloatArray, IntArray
from ..wording import count, interval, number
from .grouping import SAMPLED, Groups, group_patients
from .weighted import weighted_incidence

__all__ = ["FollowUp", "ProductLimit", "Transform", "at_risk", "follow_up", "kaplan_meier", "limits", "product_limit"]

Transform = Literal["log-log", "log", "plain"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ProductLimit:
    """The product-limit estimate at each distinct follow-up time.

    Attributes
    ----------
    time, n_risk, n_event, n_censor : array of float, shape (k,)
    survival : array of float, shape (k,)
        Just after each time.
    se : array of float, shape (k,)
        Greenwood's, on the scale of survival; NaN once survival is 0.
    """

    time: FloatArray
    n_risk: FloatArray
    n_event: FloatArray
    n_censor: FloatArray
    survival: FloatArray
    se: FloatArray


def at_risk(at: FloatArray, time: FloatArray, entry: FloatArray | None = None) -> FloatArray:
    """Count those with entry < t <= time at each t of `at`, shape (k,)."""
    left = np.searchsorted(np.sort(time), at, side="left")
    if entry is None:
        return np.asarray(time.size - left, dtype=float)
    return np.asarray(np.searchsorted(np.sort(entry), at, side="left") - left, dtype=float)


def product_limit(time: FloatArray, event: IntArray, entry: FloatArray | None = None) -> ProductLimit:
    """Estimate survival by the product limit, with Greenwood's standard error.

    Parameters
    ----------
    time : array of float, shape (n,)
    event : array of int, shape (n,)
        1 for an event; anything else is censored.
    entry : array of float, shape (n,), optional
        Delayed entry, before `time`.

    Returns
    -------
    ProductLimit

    Examples
    --------
    >>> import numpy as np
    >>> product_limit(np.array([1.0, 2.0, 2.0, 4.0]), np.array([1, 1, 0, 0])).survival.tolist()
    [0.75, 0.5, 0.5]
    """
    times, where = np.unique(time, return_inverse=True)
    failed = np.bincount(where, np.asarray(event) == 1, times.size).astype(float)
    left = np.bincount(where, minlength=times.size).astype(float) - failed
    n = at_risk(times, time, entry)
    survival = np.asarray(np.cumprod(1 - failed / n))
    with np.errstate(divide="ignore", invalid="ignore"):
        se = np.asarray(survival * np.sqrt(np.cumsum(failed / (n * (n - failed)))))
    return ProductLimit(time=times, n_risk=n, n_event=failed, n_censor=left, survival=survival, se=se)


def limits(
    estimate: FloatArray, se: FloatArray, *, transform: Transform = "log-log", level: float = 0.95
) -> tuple[FloatArray, FloatArray]:
    """Return confidence limits of probabilities, kept within 0 and 1, as R's `survfit` makes them; NaN without events.

    Parameters
    ----------
    estimate, se : array of float, shape (k,)
        On the scale of the probability.
    transform : "log-log" | "log" | "plain"
        Scale on which the limits are symmetric.
    level : float
    """
    if transform not in get_args(Transform):
        raise AnalysisError(f"Unknown transform {transform!r}.", mend=f"Use one of {', '.join(get_args(Transform))}.")
    z = float(ndtri((1 + level) / 2))
    with np.errstate(divide="ignore", invalid="ignore"):
        if transform == "plain":
            low, high = estimate - z * se, estimate + z * se
        elif transform == "log":
            low, high = estimate * np.exp(-z * se / estimate), estimate * np.exp(z * se / estimate)
        else:
            inside = np.where((estimate > 0) & (estimate < 1 - 1e-12), estimate, np.nan)
            power = np.exp(np.abs(z * se / (inside * np.log(inside))))
            low, high = estimate**power, estimate ** (1 / power)
    nothing_yet = se == 0  # before the first event there is nothing to estimate an interval from
    low, high = np.where(nothing_yet, np.nan, low), np.where(nothing_yet, np.nan, high)
    return np.clip(low, 0, 1), np.clip(high, 0, 1)


def kaplan_meier(
    analysis: AnalysisSet, *, by: str | Sequence[str] | None = "marker", transform: Transform = "log-log",
    level: float = 0.95,
) -> ShownCurves:  # fmt: skip
    """Estimate survival free of the endpoint in each group.

    Parameters
    ----------
    analysis : AnalysisSet
    by : str, sequence of str or None
        `marker` (the treatment where no marker was asked for), `treatment`, a covariate, or None for one curve;
        several, such as `["marker", "treatment"]`, give a curve for each combination.
    transform : "log-log" | "log" | "plain"
        Scale of the confidence limits.
    level : float

    Returns
    -------
    ShownCurves
        One a group, unaltered (untreated) first. Its note says what 1 - Kaplan-Meier is not when deaths compete.
        Sampling weights that the cohort declares are honoured, with a robust standard error.

    Raises
    ------
    AnalysisError
        If there are no patients, or some enter after their follow-up ended.

    Examples
    --------
    >>> import tamoxres as tr
    >>> gbsg = tr.select(tr.load("gbsg"), endpoint="RFS", er="any", treatment="any")
    >>> kaplan_meier(gbsg, by="treatment").at([60])["n_risk"].tolist()
    [63, 58]
    """
    groups = group_patients(analysis, by, estimator="Kaplan-Meier", honours=SAMPLED, absolute=True)
    curves, notes = [], [_competing_note(analysis)]
    for code, name in enumerate(groups.levels):
        rows = groups.rows(code)
        entry = None if groups.entry is None else groups.entry[rows]
        fitted = product_limit(groups.months[rows], groups.event[rows], entry)
        if groups.weight is not None:
            fitted = _weighted(fitted, groups, groups.weight[rows], rows)
        curves.append(_curve(name, fitted, transform, level))
        notes.append(_emptied_note(name, fitted))
    return ShownCurves(
        curves=tuple(curves), grouping=groups.label, endpoint=analysis.endpoint.code, population=analysis.population,
        method=f"Kaplan-Meier, {transform} limits{groups.remarks()}",
        note=" ".join(note for note in notes if note),
    )  # fmt: skip


def _weighted(fitted: ProductLimit, groups: Groups, weight: FloatArray, rows: BoolArray) -> ProductLimit:
    """Return the curve of sampled patients; numbers at risk and events stay those of patients."""
    entry = None if groups.entry is None else groups.entry[rows]
    event = (groups.event[rows] == 1).astype(int)
    found = weighted_incidence(groups.months[rows], event, weight, entry)
    survival = 1 - found.incidence[0]
    emptied = survival < 1e-12
    return replace(fitted, survival=np.where(emptied, 0.0, survival), se=np.where(emptied, np.nan, found.se[0]))


def _curve(group: str, fitted: ProductLimit, transform: Transform, level: float) -> Curve:
    low, high = limits(fitted.survival, fitted.se, transform=transform, level=level)
    return Curve(
        group=group, kind="survival", time=fitted.time, estimate=fitted.survival, se=fitted.se, ci_low=low,
        ci_high=high, n_risk=fitted.n_risk, n_event=fitted.n_event, n_censor=fitted.n_censor, level=level,
    )  # fmt: skip


def _competing_note(analysis: AnalysisSet) -> str:
    if not analysis.endpoint.competing:
        return ""
    return (
        f"Other deaths compete with {analysis.endpoint.code}: 1 - Kaplan-Meier overstates the risk; "
        "cumulative_incidence is the right picture of it."
    )


def _emptied_note(group: str, fitted: ProductLimit) -> str:
    """Say so when delayed entry let a curve fall to 0 while others were still to be observed."""
    zero = np.flatnonzero(fitted.survival <= 0)
    if zero.size == 0 or zero[0] == fitted.time.size - 1:
        return ""
    return (
        f"{group or 'The curve'} falls to 0 at {fitted.time[zero[0]]:.1f} months, where all then at risk had the event."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUp(ShowsTable):
    """Median follow-up by the reverse Kaplan-Meier method, months; a limit that is not reached is infinite.

    It has no effect rows.
    """

    median: float
    ci_low: float
    ci_high: float
    n: int
    level: float = 0.95

    def __str__(self) -> str:
        limits = interval(number(self.ci_low, 1), number(self.ci_high, 1))
        return f"median follow-up {number(self.median, 1)} months {limits}, {count(self.n)} patients"

    def table(self) -> Table:
        """Return the median with its limits as a table of one row."""
        cells = (count_cell(self.n), *(number_cell(value, 1) for value in (self.median, self.ci_low, self.ci_high)))
        ends = [f"{100 * self.level:g}% limit, {side}" for side in ("lower", "upper")]
        return Table(
            title="Median follow-up, reverse Kaplan-Meier",
            columns=(Column("Patients"), Column("N", "count"), *(Column(h, "number") for h in ("Months", *ends))),
            rows=(Row((Cell("all"), *cells)),), footnotes=() if isfinite(self.ci_high) else ("NE: not reached.",),
        )  # fmt: skip


def follow_up(analysis: AnalysisSet, *, transform: Transform = "log-log", level: float = 0.95) -> FollowUp:
    """Estimate median follow-up: Kaplan-Meier with censoring as the event, and events and deaths censored.

    Returns
    -------
    FollowUp
        Median with limits, in months.

    Raises
    ------
    AnalysisError
        If nobody is censored, so that follow-up has no distribution.

    Examples
    --------
    >>> import tamoxres as tr
    >>> gbsg = tr.select(tr.load("gbsg"), endpoint="RFS", er="any", treatment="any")
    >>> print(follow_up(gbsg))
    median follow-up 54.0 months (51.3-56.3), 686 patients
    """
    groups = group_patients(analysis, None, honours=["weights"])
    if not (groups.event == 0).any():
        raise AnalysisError(
            f"{analysis}: nobody is censored, so follow-up cannot be estimated. Report the last event instead."
        )
    fitted = product_limit(groups.months, groups.event == 0, groups.entry)
    median, ci_low, ci_high = _curve("", fitted, transform, level).quantile(0.5)
    return FollowUp(median=median, ci_low=ci_low, ci_high=ci_high, n=groups.analysis.n, level=level)
