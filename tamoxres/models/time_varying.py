"""A smooth time-varying hazard ratio: the marker's (or treatment's) as a curve over months since diagnosis.

Conventions: the focus has a main effect and a product with Harrell's restricted cubic spline of log months; knots stand
at quantiles of the event times (type 7, as R's default). Follow-up is split at the event times, so that the product
takes each risk set's own time (R's `survSplit`, and `tt()`); an event at month 0 takes the hazard ratio of the first
month with an event above 0. A constant hazard ratio is tested by the likelihood ratio. Efron ties. Time is time since
diagnosis, not time on drug; a late hazard ratio is of those who came to that time free of the event.

References
----------
Therneau TM, Grambsch PM 2000, Modeling Survival Data, section 6.5. Hernán MA 2010, doi:10.1097/EDE.0b013e3181c1ea43.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import chdtrc, ndtri

from ..analysis import AnalysisSet
from ..analysis.design import complete_cases, make_design
from ..analysis.follow_up import stratum_codes
from ..effects import EffectEstimate
from ..errors import AnalysisError
from ..kernel.cox import CoxFit, fit_cox
from ..tables.cells import effect_cell, interval_cell
from ..tables.effects import EffectRows
from ..tables.shown import ShowsEffects
from ..tables.table import Cell, Column, Row, Table
from ..vocabulary import FloatArray, one_or_more
from ..wording import p_value
from .grouping import Groups, two_groups
from .splines import QUANTILES, restricted_cubic_basis
from .time_split import SplitRows, split_rows

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["TimeVarying", "time_varying"]

_MOST_ROWS = 4_000_000  # start-stop rows beyond which follow-up is split at fewer event times
_FEWEST_STEPS = 20
_POINTS = 100
_SHOWN = (12.0, 36.0, 60.0, 120.0, 180.0)  # months of the table


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TimeVarying(ShowsEffects):
    """A hazard ratio as a curve over time, and the test that it is constant.

    Attributes
    ----------
    constant : EffectEstimate
        The one effect row: the hazard ratio of the model without the spline.
    knots : tuple of float, months
    times : tuple of float, months
        Where `curve` is tabulated.
    span : tuple of float, months
        First (above 0) and last event; the curve is not carried beyond.
    coefficients : array of float, shape (k,)
        Of the focus, then of its products with the k - 1 columns of the basis of log months.
    covariance : array of float, shape (k, k)
    statistic, constant_p : float
        Likelihood-ratio test of the constant hazard ratio.
    df : int
    note : str
    """

    constant: EffectEstimate
    knots: tuple[float, ...]
    times: tuple[float, ...]
    span: tuple[float, float]
    coefficients: FloatArray
    covariance: FloatArray
    statistic: float
    df: int
    constant_p: float
    note: str

    @property
    def effects(self) -> EffectRows:
        """The constant hazard ratio alone: a curve is no effect row."""
        return EffectRows([self.constant])

    def table(self) -> Table:
        """Return the hazard ratio at some months of the curve as a table, the constant one last."""
        months = sorted({self.span[0], *(m for m in _SHOWN if self.span[0] < m < self.span[1]), self.span[1]})
        at = self.curve(months)
        values = zip(at["hazard_ratio"], at["ci_low"], at["ci_high"], strict=True)
        rows = [Row((Cell(f"{m:.4g}"), interval_cell(one))) for m, one in zip(months, values, strict=True)]
        constant = self.constant
        rows.append(Row((Cell("all of follow-up"), effect_cell(constant))))
        return Table(
            title=f"Hazard ratio over time of {constant.endpoint}: {constant.label}, {constant.population}",
            columns=(Column("Months"), Column("HR (95% CI)", "ratio")), rows=tuple(rows),
            footnotes=(
                f"Test of a constant hazard ratio: {p_value(self.constant_p, label=True)}.", *constant.sentences,
            ),
        )  # fmt: skip

    def curve(self, times: float | Sequence[float] | None = None, *, level: float = 0.95) -> pd.DataFrame:
        """Tabulate the curve: months, hazard_ratio, ci_low, ci_high (pointwise), log_hazard_ratio, se.

        Parameters
        ----------
        times : sequence of float, optional
            Months, from the first to the last event; those of the fit if None.
        level : float

        Raises
        ------
        AnalysisError
            If a time is outside the span of the events.
        """
        import pandas as pd

        months = np.asarray(self.times if times is None else _checked_times(times, self.span), float)
        columns = np.column_stack(
            [np.ones(months.size), restricted_cubic_basis(np.log(months), np.asarray(np.log(self.knots)).tolist())]
        )
        log_ratio = columns @ self.coefficients
        se = np.sqrt(np.einsum("ij,jk,ik->i", columns, self.covariance, columns))
        z = float(ndtri((1 + level) / 2))
        return pd.DataFrame(
            {
                "months": months, "hazard_ratio": np.exp(log_ratio), "ci_low": np.exp(log_ratio - z * se),
                "ci_high": np.exp(log_ratio + z * se), "log_hazard_ratio": log_ratio, "se": se,
            }
        )  # fmt: skip

    def __str__(self) -> str:
        knots = ", ".join(f"{knot:.1f}" for knot in self.knots)
        return (
            f"{self.constant}; hazard ratio over time, knots at months {knots}: "
            f"test of a constant hazard ratio {p_value(self.constant_p, label=True)}"
        )


def time_varying(
    analysis: AnalysisSet,
    *,
    adjust: str | Sequence[str] = (),
    strata: str | Sequence[str] = (),
    knots: int | Sequence[float] = 3,
    times: float | Sequence[float] | None = None,
) -> TimeVarying:
    """Fit the hazard ratio of the marker (or treatment) as a smooth curve over time since diagnosis.

    Parameters
    ----------
    analysis : AnalysisSet
    adjust, strata : str or sequence of str
        Covariates have one coefficient for all of follow-up.
    knots : int or sequence of float, months
        3, 4 or 5 at quantiles of the event times, or their values.
    times : float or sequence of float, months, optional
        Where the curve is tabulated; 100 between the 1st and 99th percentile of the event times if None.

    Returns
    -------
    TimeVarying

    Raises
    ------
    AnalysisError
        If a group has no events, the knots do not increase, a time is outside the span of the events, or the model
        cannot be estimated.

    Examples
    --------
    >>> import tamoxres as tr
    >>> gbsg = tr.select(tr.load("gbsg"), endpoint="RFS", er="any", treatment="any")
    >>> fit = time_varying(gbsg, times=[12, 60])
    >>> fit.df, fit.curve()["months"].tolist()
    (2, [12.0, 60.0])
    """
    focus = "marker" if analysis.marker else "treatment"
    adjust, strata = one_or_more(adjust), one_or_more(strata)
    groups = two_groups(
        complete_cases(analysis, [focus, *adjust, *strata], estimator="A coefficient that changes over time"), focus
    )
    events = _event_times(groups)
    where = _knots(events, knots)
    span = (float(events.min()), float(events.max()))
    first, last = (float(q) for q in np.quantile(events, [0.01, 0.99]))
    grid = np.linspace(first, last, _POINTS) if times is None else _checked_times(times, span)
    split, at, note = _split(groups)
    basis = restricted_cubic_basis(np.log(np.maximum(at, span[0])), np.asarray(np.log(where)).tolist())
    varying, constant = _fit_both(groups, split, basis, adjust, strata)
    k = 1 + basis.shape[1]
    statistic = 2 * (varying.loglik - constant.loglik)
    row = EffectEstimate(
        **groups.describe(adjusted_for=(*adjust, *strata)), measure="HR",
        log_estimate=float(constant.coefficients[0]), se=float(constant.se[0]),
        adjusted_for=adjust, strata=strata, term=focus, remark=note, model="cox", ties="efron",
    )  # fmt: skip
    return TimeVarying(
        constant=row, knots=where, times=tuple(float(t) for t in grid), span=span,
        coefficients=varying.coefficients[:k], covariance=varying.covariance[:k, :k], statistic=statistic, df=k - 1,
        constant_p=float(chdtrc(k - 1, max(statistic, 0.0))), note=note,
    )  # fmt: skip


def _event_times(groups: Groups) -> FloatArray:
    """Return the event times above 0, one an event; refuse a group without events."""
    failed = groups.event == 1
    for code, level in enumerate(groups.levels):
        if not (failed & groups.rows(code)).any():
            raise AnalysisError(
                f"{groups.analysis}: no events among {level}, so its hazard ratio has no curve.",
                mend="Widen the population.",
            )
    return np.asarray(groups.months[failed & (groups.months > 0)])


def _knots(events: FloatArray, knots: int | Sequence[float]) -> tuple[float, ...]:
    if isinstance(knots, int) and knots not in QUANTILES:
        raise AnalysisError(
            f"{knots} knots are not foreseen.", mend=f"Use {', '.join(map(str, QUANTILES))}, or give their months."
        )
    values = np.quantile(events, QUANTILES[knots]) if isinstance(knots, int) else np.asarray(knots, float)
    if values.size < 3 or not (np.isfinite(values).all() and values[0] > 0 and (np.diff(values) > 0).all()):
        shown = ", ".join(f"{value:g}" for value in values)
        raise AnalysisError(
            f"The knots of time ({shown}) must be three or more months above 0 that increase.",
            mend="Use fewer, or name them.",
        )
    return tuple(float(value) for value in values)


def _checked_times(times: float | Sequence[float], span: tuple[float, float]) -> FloatArray:
    months = np.asarray(one_or_more(times), float)
    outside = months[~((months >= span[0]) & (months <= span[1]))]
    if months.ndim != 1 or not months.size or outside.size:
        at = f"{outside[0]:g} months" if outside.size else "no list of months"
        raise AnalysisError(
            f"The curve is asked for at {at}; events were seen from {span[0]:.3g} to {span[1]:.4g} months.",
            mend="Ask for times between.",
        )
    return months


def _split(groups: Groups) -> tuple[SplitRows, FloatArray, str]:
    """Split follow-up at the event times: the rows up to the last, the time that each stands for, and a note."""
    cuts = np.unique(groups.months[groups.event == 1])
    steps = max(_MOST_ROWS // groups.months.size, _FEWEST_STEPS)
    note = ""
    if steps < cuts.size:
        cuts = np.quantile(cuts, np.linspace(0, 1, steps), method="nearest")
        note = f"The hazard ratio over time is fitted in {steps} steps, each at its end."
    entry = np.full(groups.months.size, -np.inf) if groups.entry is None else groups.entry
    rows = split_rows(groups.months, groups.event, cuts.tolist(), entry)
    kept = rows.period < cuts.size  # nobody fails after the last event time
    inside = SplitRows(
        patient=rows.patient[kept], period=rows.period[kept], start=rows.start[kept], stop=rows.stop[kept],
        event=rows.event[kept],
    )  # fmt: skip
    return inside, cuts[inside.period], note


def _fit_both(
    groups: Groups, split: SplitRows, basis: FloatArray, adjust: Sequence[str], strata: Sequence[str]
) -> tuple[CoxFit, CoxFit]:
    """Fit the focus with its products with the basis, and alone."""
    frame, patient = groups.analysis.frame, split.patient
    inside = (groups.codes[patient] == 1).astype(float)[:, None]
    covariates = make_design(frame, list(adjust)).x[patient] if adjust else np.empty((patient.size, 0))
    codes = stratum_codes(frame, strata)
    fits = [
        fit_cox(
            split.stop, split.event, np.hstack([*parts, covariates]), entry=split.start,
            strata=None if codes is None else codes[patient],
        )
        for parts in ((inside, inside * basis), (inside,))
    ]  # fmt: skip
    flags = dict.fromkeys(flag for fitted in fits for flag in fitted.flags)
    if flags:
        raise AnalysisError(
            f"{groups.analysis}: the hazard ratio over time cannot be estimated ({'; '.join(flags)}).",
            mend="Use fewer knots, adjust for fewer, or use time_split.",
        )
    return fits[0], fits[1]
