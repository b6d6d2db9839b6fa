"""Is there an end to relapse? A spline model whose hazard comes to nothing, with the share that never has the event.

Conventions: the log cumulative hazard is a restricted cubic spline of log months that is level after its last knot,
plus covariates (proportional hazards); the share cured is survival there. The spline is Harrell's in reversed time
without its linear term (Andersson's). Inner knots stand at quantiles of the log event times, the last midway between
the last event and the end of follow-up. Deaths that compete are censored: cured of the endpoint, not of dying.

Whether the data bear it is asked first, and refused where they do not: the last event must lie well before the end of
follow-up (Maller and Zhou's test that follow-up suffices), with patients seen to be free of it for long after. A level
curve is what such data look like; they cannot show what happens after their end.

References
----------
Andersson TML, Dickman PW, Eloranta S, Lambert PC 2011, doi:10.1186/1471-2288-11-96. Royston P, Parmar MKB 2002, Stat
Med 21:2175. Maller RA, Zhou S 1996, Survival Analysis with Long-Term Survivors, section 4.3.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import ndtri

from ..analysis import AnalysisSet
from ..analysis.design import Design, complete_cases, make_design
from ..analysis.exposure import Honours, refuse_absolute
from ..analysis.follow_up import delayed_entry
from ..effects import EffectEstimate
from ..errors import AnalysisError
from ..files.frames import holds_frames
from ..inference.verdict import design_flags
from ..tables.cells import effect_cell, interval_cell, p_cell
from ..tables.effects import EffectRows, rows_title
from ..tables.shown import ShowsEffects
from ..tables.table import Cell, Column, Row, Table
from ..vocabulary import FloatArray, IntArray, one_or_more
from ..wording import number
from .contrasted import PRODUCT, focus_of
from .grouping import Groups, group_patients
from .splines import restricted_cubic_basis

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CureModel", "cure", "fit_level_spline", "level_basis", "sufficient_follow_up"]

_HONOURS: tuple[Honours, ...] = ("products",)
_ALPHA, _FEWEST_EVENTS, _FEWEST_FREE = 0.05, 20, 10
_STEPS, _HALVINGS, _SMALL, _FLAT = 100, 40, 1e-12, 1e-12


@holds_frames("cured")
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CureModel(ShowsEffects):
    """Hazard ratios, and the share cured by group, of a spline model with a plateau.

    Attributes
    ----------
    effects : EffectRows
        With a marker and both arms the ratio of hazard ratios, else the marker's or treatment's hazard ratio; then the
        difference of the shares cured of each group from the first (RD, of never having the event).
    cured : DataFrame
        group, n, events, share, se, ci_low, ci_high: averaged over the patients of the group.
    knots : tuple of float, months
    coefficients, covariance : array of float, shape (p,), (p, p)
        Intercept, spline, covariates.
    loglik : float
    follow_up_p : float
        Maller and Zhou's: the chance of such a gap after the last event, were follow-up too short.
    """

    effects: EffectRows
    cured: pd.DataFrame
    knots: tuple[float, ...]
    coefficients: FloatArray
    covariance: FloatArray
    loglik: float
    follow_up_p: float

    def table(self) -> Table:
        """Return one line for each group's share cured, and one for each effect."""
        lines: list[Any] = self.cured.to_dict("records")
        rows = [
            Row((Cell(f"cured, {one['group'] or 'all'}"), interval_cell(
                (100 * one["share"], 100 * one["ci_low"], 100 * one["ci_high"]), is_ratio=False, decimals=1), Cell()))
            for one in lines
        ]  # fmt: skip
        rows += [
            Row((Cell(row.term), effect_cell(row, 100.0 if row.measure == "RD" else 1.0), p_cell(row.p_value)))
            for row in self.effects
        ]
        return Table(
            title=f"Share that never has the event: {rows_title(self.effects)}",
            columns=(Column(""), Column("% , HR, or difference per 100 (95% CI)", "number"), Column("P", "p")),
            rows=tuple(rows),
            footnotes=(
                f"Level after {number(self.knots[-1], 0)} months: what happens after the end of follow-up nobody has "
                "seen.",
                *dict.fromkeys(s for row in self.effects for s in row.sentences),
            ),
        )  # fmt: skip


def level_basis(log_months: FloatArray, knots: Sequence[float] | FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the spline that is level after its last knot, and its slope, shape (n, k - 2) each.

    Parameters
    ----------
    log_months : array of float, shape (n,)
    knots : sequence of float
        Of log months, ascending.

    Examples
    --------
    >>> import numpy as np
    >>> values, slopes = level_basis(np.array([3.0, 4.0]), [0.0, 1.0, 3.0])
    >>> bool(values[0, 0] == values[1, 0] == 0.0), bool((slopes == 0).all())
    (True, True)
    """
    x = np.asarray(log_months, float)
    turned = [-float(knot) for knot in reversed(knots)]
    values = restricted_cubic_basis(-x, turned)[:, 1:]
    last, before = turned[-1], turned[-2]

    def square(at: float) -> FloatArray:
        return np.asarray(3 * np.maximum(-x - at, 0.0) ** 2)

    slopes = [
        (square(knot) - square(before) * (last - knot) / (last - before) + square(last) * (before - knot)
         / (last - before)) / (last - turned[0]) ** 2
        for knot in turned[:-2]
    ]  # fmt: skip
    return values, -np.column_stack(slopes)


def sufficient_follow_up(time: FloatArray, event: IntArray) -> float:
    """Return Maller and Zhou's P: small where the gap after the last event is longer than chance would make it.

    Examples
    --------
    >>> import numpy as np
    >>> round(sufficient_follow_up(np.array([1.0, 2, 3, 9, 10]), np.array([1, 1, 1, 0, 0])), 5)
    0.01024
    """
    last, end = float(time[event == 1].max()), float(time.max())
    near = int(((time > max(2 * last - end, 0.0)) & (time <= last) & (event == 1)).sum())
    return float((1 - near / time.size) ** time.size)


def fit_level_spline(z: FloatArray, slope: FloatArray, event: IntArray) -> tuple[FloatArray, FloatArray, float]:
    """Maximise the likelihood, which is concave: coefficients, covariance, log likelihood (up to log months).

    Parameters
    ----------
    z : array of float, shape (n, p)
        Intercept, spline, covariates at the end of follow-up: the log cumulative hazard is their sum.
    slope : array of float, shape (n, p)
        Its slope in log months; 0 for intercept and covariates.
    event : array of int, shape (n,)

    Raises
    ------
    AnalysisError
        If no maximum is found.
    """
    failed = event == 1
    d, p = slope[failed], z.shape[1]
    theta = np.zeros(p)
    k = int((slope != 0).any(axis=0).sum())
    theta[1 : 1 + k] = -1.0
    theta[0] = np.log(failed.sum() / np.exp(z @ theta).sum())

    def loglik(at: FloatArray) -> float:
        rate = d @ at
        if not (rate > 0).all():
            return -np.inf
        return float((z[failed] @ at + np.log(rate)).sum() - np.exp(np.minimum(z @ at, 700)).sum())

    now = loglik(theta)
    for _ in range(_STEPS):
        hazard, rate = np.exp(z @ theta), d @ theta
        score = z.T @ (failed - hazard) + (d / rate[:, None]).sum(axis=0)
        information = z.T @ (z * hazard[:, None]) + (d / rate[:, None]).T @ (d / rate[:, None])
        step = np.asarray(np.linalg.lstsq(information, score, rcond=None)[0], dtype=float)
        if float(step @ score) < _SMALL:
            if float(np.abs(np.linalg.eigvalsh(information)).min()) < _FLAT * float(np.abs(information).max()):
                break  # a covariate that separates events runs to infinity
            return theta + step, np.asarray(np.linalg.inv(information), dtype=float), loglik(theta + step)
        for halving in range(_HALVINGS):
            there = theta + step / 2**halving
            if (value := loglik(there)) >= now:
                theta, now = there, value
                break
        else:
            break
    raise AnalysisError("The spline with a plateau has no maximum.", mend="Use fewer knots or covariates.")


def cure(analysis: AnalysisSet, *, adjust: str | Sequence[str] = (), knots: int = 4) -> CureModel:
    """Fit a spline model with a cure fraction, where the data bear one.

    Parameters
    ----------
    analysis : AnalysisSet
    adjust : str or sequence of str
    knots : int
        3 to 6, the last of which begins the plateau.

    Returns
    -------
    CureModel

    Raises
    ------
    AnalysisError
        If follow-up after the last event is too short, fewer than 20 patients have the event or fewer than 10 are seen
        free of it after the last, entry is delayed, or there is nothing to compare.

    Examples
    --------
    >>> import tamoxres as tr
    >>> gbsg = tr.select(tr.load("gbsg"), endpoint="RFS", er="any", treatment="any")
    >>> try:
    ...     cure(gbsg)
    ... except tr.TamoxresError as error:
    ...     print(str(error)[:80])
    GBSG trial 2: RFS, with or without tamoxifen; 686 patients, 299 events: the data
    """
    adjust = one_or_more(adjust)
    if knots not in range(3, 7):
        raise AnalysisError(f"{knots} knots are not foreseen.", mend="Use 3 to 6.")
    focus = focus_of(analysis)
    complete = complete_cases(analysis, [*focus, *adjust], honours=_HONOURS, estimator="A cure model")
    refuse_absolute(complete, "A cure model")
    if delayed_entry(complete.frame) is not None:
        raise AnalysisError("A cure model does not take delayed entry.", mend="Use cox for the hazards.")
    frame = complete.frame
    months, event = frame["months"].to_numpy(float), np.asarray(frame["event"] == 1, dtype=int)
    enough = _bears(complete, months, event)
    at = _knots(months, event, knots)
    design = make_design(frame, [*focus, *([PRODUCT] if len(focus) == 2 else []), *adjust])
    values, slopes = level_basis(np.log(np.maximum(months, np.exp(at[0]))), at)
    n = len(frame)
    z = np.hstack([np.ones((n, 1)), values, design.x])
    slope = np.hstack([np.zeros((n, 1)), slopes, np.zeros_like(design.x)])
    theta, covariance, loglik = fit_level_spline(z, slope, event)
    cured, differences = _shares(group_patients(complete, focus), design, (theta, covariance), len(at) - 2)
    row = _ratio(complete, design, (theta, covariance), len(at) - 1, adjust)
    return CureModel(
        effects=EffectRows([row, *differences]), cured=cured, knots=tuple(np.exp(at).tolist()), coefficients=theta,
        covariance=covariance, loglik=loglik - float(np.log(months[event == 1]).sum()), follow_up_p=enough,
    )  # fmt: skip


def _bears(analysis: AnalysisSet, months: FloatArray, event: IntArray) -> float:
    """Return Maller and Zhou's P, or refuse: too few events, too few seen free after the last, too short a gap."""
    events = int(event.sum())
    if events < _FEWEST_EVENTS:
        raise AnalysisError(f"{analysis}: {events} events are too few for a cure fraction; 20 are needed.")
    last = float(months[event == 1].max())
    free, p = int((months > last).sum()), sufficient_follow_up(months, event)
    if free < _FEWEST_FREE or p >= _ALPHA:
        raise AnalysisError(
            f"{analysis}: the data bear no cure fraction. The last event is at {last:.0f} months, follow-up ends at "
            f"{months.max():.0f}, {free:,} patient(s) are seen after that event (Maller and Zhou's P {p:.2g}).",
            mend="Use parametric or time_varying for late events.",
        )
    return p


def _knots(months: FloatArray, event: IntArray, knots: int) -> FloatArray:
    """Return the knots of log months: quantiles of the log event times, the last midway to the end of follow-up."""
    failed = np.log(months[(event == 1) & (months > 0)])
    inner = np.quantile(failed, np.linspace(0.0, 0.9, knots - 1))
    return np.append(inner, np.log((np.exp(failed.max()) + months.max()) / 2))


_Fitted = tuple[FloatArray, FloatArray]


def _shares(groups: Groups, design: Design, fitted: _Fitted, spline: int) -> tuple[pd.DataFrame, list[EffectEstimate]]:
    """Average the share cured over the patients of each group; differences from the first, by the delta method."""
    import pandas as pd

    theta, covariance = fitted
    at_end = np.hstack([np.ones((len(design.x), 1)), np.zeros((len(design.x), spline)), design.x])
    hazard = np.exp(at_end @ theta)
    gradient = -(np.exp(-hazard) * hazard)[:, None] * at_end
    z, rows, slopes, shares = float(ndtri(0.975)), [], [], []
    for code, level in enumerate(groups.levels):
        inside = groups.rows(code)
        share, slope = float(np.exp(-hazard[inside]).mean()), gradient[inside].mean(axis=0)
        se = float(np.sqrt(slope @ covariance @ slope))
        rows.append((level, int(inside.sum()), int((groups.event[inside] == 1).sum()), share, se,
                     max(share - z * se, 0.0), min(share + z * se, 1.0)))  # fmt: skip
        shares.append(share)
        slopes.append(slope)
    differences = []
    for code in range(1, len(groups.levels)):
        away = slopes[code] - slopes[0]
        row = groups.describe(code) | {"model": "cure", "term": f"cured, {groups.levels[code]} less {groups.levels[0]}"}
        row["flags"] = (*row["flags"], "plateau_assumed", "not_for_decisions")
        differences.append(EffectEstimate(
            **row, measure="RD", difference=shares[code] - shares[0], se=float(np.sqrt(away @ covariance @ away)),
        ))  # fmt: skip
    names = ["group", "n", "events", "share", "se", "ci_low", "ci_high"]
    return pd.DataFrame(rows, columns=names), differences


def _ratio(
    analysis: AnalysisSet, design: Design, fitted: _Fitted, before: int, adjust: Sequence[str]
) -> EffectEstimate:
    """Make the row of the hazard ratio that the question is about."""
    names = [term.name for term in design.terms]
    term = next(name for name in (PRODUCT, "marker", "treatment") if name in names)
    estimand: Any = {PRODUCT: "interaction", "marker": "prognostic"}.get(term, "treatment_effect")
    place = before + design.term(term).columns[0]
    row: dict[str, Any] = analysis.describe(estimand)
    own = () if estimand == "prognostic" else design_flags(analysis.design)
    row["flags"] = (*row["flags"], *own, "plateau_assumed")
    return EffectEstimate(
        **row, estimand=estimand, scale="binary", measure="HR", log_estimate=float(fitted[0][place]),
        se=float(np.sqrt(fitted[1][place, place])), model="cure", adjusted_for=tuple(adjust), term=term,
    )  # fmt: skip
