"""Does the interaction of marker and treatment change over follow-up? The ratio as a function of time, and a test.

Conventions: treatment, marker and their product each have a product with a function of months since diagnosis (its
logarithm, years, or steps at given months); covariates have one coefficient. Follow-up is split at the event times, so
that each risk set has its own time (R's `survSplit`, and `tt()`); an event at month 0 takes the time of the first event
above 0. The test of change is the likelihood ratio with and without the product's own change. Where hazards cross, the
difference of treatment's differences in restricted means says what they come to by a horizon: crude, each group by its
own curve, without a model of hazards.

References
----------
Therneau TM, Grambsch PM 2000, Modeling Survival Data, section 6.5. Royston P, Parmar MKB 2011, Stat Med 30:2409
(restricted means).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from scipy.special import chdtrc, ndtri

from ..analysis import AnalysisSet
from ..analysis.design import complete_cases, make_design
from ..analysis.exposure import Honours
from ..analysis.follow_up import delayed_entry, stratum_codes
from ..analysis.times import snap_to
from ..effects import EffectEstimate
from ..errors import AnalysisError
from ..inference.verdict import design_flags
from ..kernel.cox import CoxFit, fit_cox
from ..tables.cells import effect_cell, interval_cell
from ..tables.effects import EffectRows, rows_title
from ..tables.shown import ShowsEffects
from ..tables.table import Cell, Column, Row, Table
from ..vocabulary import FloatArray, choose, one_or_more
from ..wording import number_with_interval, p_value
from ..wording.rows import period_words
from .additive import additive_interaction
from .contrasted import PRODUCT
from .interaction import one_interaction
from .time_split import SplitRows, split_rows

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ChangingInteraction", "changing_interaction"]

TimeShape = Literal["log", "linear", "step"]
_SHAPES = {"log": "the logarithm of months", "linear": "years", "step": "steps"}
_HONOURS: tuple[Honours, ...] = ("products",)
_TERMS = ("treatment", "marker", PRODUCT)
_SHOWN = (12.0, 36.0, 60.0, 120.0, 180.0)  # months of the table
_MOST_ROWS, _FEWEST_STEPS = 4_000_000, 20


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ChangingInteraction(ShowsEffects):
    """The ratio of hazard ratios as a function of time, and the test that it does not change.

    Attributes
    ----------
    shape : "log" | "linear" | "step"
    constant : EffectEstimate
        The ratio of the model without change.
    periods : tuple of EffectEstimate
        The ratio in each period, where the shape is in steps.
    cuts : tuple of float, months
    span : (float, float), months
        First (above 0) and last event.
    coefficients, covariance : array of float, shape (3 + 3 k,), (3 + 3 k, 3 + 3 k)
        Treatment, marker, product; then the three times each of the k functions of time.
    statistic, p_value : float
        Likelihood-ratio test that the ratio is constant.
    df : int
    means : EffectEstimate or None
        Treatment's difference in restricted means when altered less that when unaltered, where a horizon was named.
    horizon : float or None, months
    """

    shape: TimeShape
    constant: EffectEstimate
    periods: tuple[EffectEstimate, ...]
    cuts: tuple[float, ...]
    span: tuple[float, float]
    coefficients: FloatArray
    covariance: FloatArray
    statistic: float
    df: int
    p_value: float
    means: EffectEstimate | None = None
    horizon: float | None = None

    @property
    def effects(self) -> EffectRows:
        """The constant ratio, the ratio in each period, and the difference of means: a curve is no effect row."""
        return EffectRows([self.constant, *self.periods, *([self.means] if self.means else [])])

    def curve(self, times: float | Sequence[float] | None = None, *, level: float = 0.95) -> pd.DataFrame:
        """Tabulate months, ratio, ci_low, ci_high (pointwise), log_ratio, se, hr_altered, hr_unaltered (treatment's).

        Parameters
        ----------
        times : float or sequence of float, months, optional
            From the first to the last event; 100 between, if None.
        level : float

        Raises
        ------
        AnalysisError
            If a time is outside the span of the events.
        """
        import pandas as pd

        low, high = self.span
        months = np.linspace(low, high, 100) if times is None else np.asarray(one_or_more(times), float)
        if not ((months >= low) & (months <= high)).all():
            raise AnalysisError(
                f"The curve is asked for at {', '.join(f'{m:g}' for m in months[:5])} months; events were seen from "
                f"{low:.3g} to {high:.4g}.",
                mend="Ask for times between.",
            )
        basis = np.column_stack([np.ones(months.size), _function(months, self.shape, self.cuts)])
        logs = {}
        for name, parts in (("ratio", (2,)), ("altered", (0, 2)), ("unaltered", (0,))):
            columns = [np.concatenate([[i], 3 + i + 3 * np.arange(basis.shape[1] - 1)]) for i in parts]
            weight = np.zeros((months.size, self.coefficients.size))
            for one in columns:
                weight[:, one] += basis
            logs[name] = weight @ self.coefficients
            if name == "ratio":
                se = np.sqrt(np.einsum("ij,jk,ik->i", weight, self.covariance, weight))
        z = float(ndtri((1 + level) / 2))
        return pd.DataFrame(
            {
                "months": months, "ratio": np.exp(logs["ratio"]), "ci_low": np.exp(logs["ratio"] - z * se),
                "ci_high": np.exp(logs["ratio"] + z * se), "log_ratio": logs["ratio"], "se": se,
                "hr_altered": np.exp(logs["altered"]), "hr_unaltered": np.exp(logs["unaltered"]),
            }
        )  # fmt: skip

    def table(self) -> Table:
        """Return the ratio at some months, or by period, the constant one last."""
        if self.periods:
            rows = [Row((Cell(period_words(row.from_months, row.to_months)), effect_cell(row))) for row in self.periods]
        else:
            months = [m for m in _SHOWN if self.span[0] < m < self.span[1]] or list(self.span)
            at = self.curve(months)
            values = zip(at["ratio"], at["ci_low"], at["ci_high"], strict=True)
            rows = [Row((Cell(f"month {m:g}"), interval_cell(one))) for m, one in zip(months, values, strict=True)]
        rows.append(Row((Cell("all of follow-up"), effect_cell(self.constant))))
        return Table(
            title=f"Interaction over time: {rows_title([self.constant])}",
            columns=(Column("When"), Column("Ratio of HRs (95% CI)", "ratio")), rows=tuple(rows),
            footnotes=(
                f"Change with {_SHAPES[self.shape]}, likelihood ratio: {p_value(self.p_value, label=True)}.",
                *self._of_means(), *dict.fromkeys(s for row in self.effects for s in row.sentences),
            ),
        )  # fmt: skip

    def _of_means(self) -> tuple[str, ...]:
        row = self.means
        if row is None or row.difference is None:
            return ()
        months = number_with_interval(row.difference, *row.ci(), decimals=1)
        return (f"Treatment's difference in means to {self.horizon:g} months, altered less unaltered, crude: "
                f"{months} months, {p_value(row.p_value, label=True)}.",)  # fmt: skip

    def __str__(self) -> str:
        return f"{self.constant}; change with {_SHAPES[self.shape]}: {p_value(self.p_value, label=True)}"


def changing_interaction(
    analysis: AnalysisSet,
    *,
    adjust: str | Sequence[str] = (),
    strata: str | Sequence[str] = (),
    shape: TimeShape = "log",
    cuts: float | Sequence[float] = 60.0,
    horizon: float | None = None,
) -> ChangingInteraction:
    """Test whether the interaction of marker and treatment changes over follow-up, and show how.

    Parameters
    ----------
    analysis : AnalysisSet
        Selected with a marker and `treatment="any"`.
    adjust, strata : str or sequence of str
    shape : "log" | "linear" | "step"
    cuts : float or sequence of float, months
        Of the steps.
    horizon : float, months, optional
        To which restricted means are compared too.

    Returns
    -------
    ChangingInteraction

    Raises
    ------
    AnalysisError
        If there is no marker, one arm only, the cuts do not increase, or a group has too few events for change.

    Examples
    --------
    >>> import tamoxres as tr
    >>> her2 = tr.call(tr.load("metabric"), "HER2")
    >>> both = tr.select(her2, marker="HER2", endpoint="BCSS", treatment="any")
    >>> found = changing_interaction(both, shape="step", cuts=60)
    >>> found.df, len(found.periods), found.p_value > 0.05
    (1, 2, True)
    """
    choose("shape", shape, _SHAPES)
    adjust, by, edges = one_or_more(adjust), one_or_more(strata), _edges(cuts) if shape == "step" else ()
    if not analysis.marker or not analysis.has_both_arms:
        raise AnalysisError(
            "An interaction needs a marker and both arms.", mend="Select with marker=... and treatment='any'."
        )
    complete = complete_cases(
        analysis, [*_TERMS[:2], *adjust, *by], honours=_HONOURS, estimator="An interaction that changes over time"
    )
    frame = complete.frame
    months, event = frame["months"].to_numpy(float), np.asarray(frame["event"] == 1, dtype=int)
    failed = months[(event == 1) & (months > 0)]
    if not failed.size:
        raise AnalysisError(f"{complete}: no events, so no interaction can be estimated.")
    span = float(failed.min()), float(failed.max())
    split, basis = _split(complete, shape, tuple(float(c) for c in snap_to(frame, edges)) if edges else (), span)
    full, smaller = _fit_both(complete, split, basis, (adjust, by))
    size = 3 + 3 * basis.shape[1]
    statistic, df = max(2 * (full.loglik - smaller.loglik), 0.0), basis.shape[1]
    constant = one_interaction(complete, adjust=adjust, strata=by).judged
    found = ChangingInteraction(
        shape=shape, constant=constant, periods=(), cuts=edges, span=span,
        coefficients=full.coefficients[:size], covariance=full.covariance[:size, :size], statistic=statistic, df=df,
        p_value=float(chdtrc(df, statistic)),
        means=None if horizon is None else additive_interaction(complete, horizon=horizon).mean, horizon=horizon,
    )  # fmt: skip
    return replace(found, periods=_periods(found, complete, split, (adjust, by))) if edges else found


def _edges(cuts: float | Sequence[float]) -> tuple[float, ...]:
    edges = tuple(float(cut) for cut in one_or_more(cuts))
    if not edges or edges[0] <= 0 or any(b <= a for a, b in pairwise(edges)):
        raise AnalysisError(
            f"The cuts are {', '.join(f'{e:g}' for e in edges)}; they are months above 0 that increase."
        )
    return edges


def _function(months: FloatArray, shape: TimeShape, cuts: Sequence[float]) -> FloatArray:
    """Return the functions of time, shape (n, k)."""
    if shape == "step":
        return (months[:, None] > np.asarray(cuts)).astype(float)
    return np.asarray((np.log(months) if shape == "log" else months / 12)[:, None])


def _split(
    analysis: AnalysisSet, shape: TimeShape, cuts: tuple[float, ...], span: tuple[float, float]
) -> tuple[SplitRows, FloatArray]:
    """Split follow-up at the event times (at the cuts, for steps): the rows, and the functions of their time."""
    frame = analysis.frame
    months, event = frame["months"].to_numpy(float), np.asarray(frame["event"] == 1, dtype=int)
    entry = delayed_entry(frame)
    entry = np.full(months.size, -np.inf) if entry is None else entry
    if shape == "step":
        rows = split_rows(months, event, cuts, entry)
        return rows, (rows.period[:, None] > np.arange(len(cuts))).astype(float)
    at = np.unique(months[event == 1])
    steps = max(_MOST_ROWS // months.size, _FEWEST_STEPS)
    if steps < at.size:
        at = np.quantile(at, np.linspace(0, 1, steps), method="nearest")
    rows = split_rows(months, event, at, entry)
    kept = rows.period < at.size  # nobody fails after the last event time
    inside = SplitRows(
        patient=rows.patient[kept], period=rows.period[kept], start=rows.start[kept], stop=rows.stop[kept],
        event=rows.event[kept],
    )  # fmt: skip
    return inside, _function(np.maximum(at[inside.period], span[0]), shape, ())


def _fit_both(
    analysis: AnalysisSet, split: SplitRows, basis: FloatArray, model: tuple[Sequence[str], Sequence[str]]
) -> tuple[CoxFit, CoxFit]:
    """Fit with the product's own change, and without it."""
    adjust, strata = model
    frame, patient = analysis.frame, split.patient
    design = make_design(frame, [*_TERMS, *adjust])
    own = [design.term(name).columns[0] for name in _TERMS]
    focus = design.x[:, own][patient]
    changes = np.hstack([focus * basis[:, [k]] for k in range(basis.shape[1])])
    covariates = np.delete(design.x, own, axis=1)[patient]
    codes = stratum_codes(frame, strata)
    fits = []
    for dropped in ((), range(2, changes.shape[1], 3)):
        x = np.hstack([focus, np.delete(changes, list(dropped), axis=1), covariates])
        fit = fit_cox(split.stop, split.event, x, entry=split.start, strata=None if codes is None else codes[patient])
        if fit.flags:
            raise AnalysisError(
                f"{analysis}: a change of the interaction cannot be estimated ({'; '.join(fit.flags)}): a group of "
                "marker and treatment has too few events in a part of follow-up.",
                mend="Use another shape or other cuts, or adjust for fewer.",
            )
        fits.append(fit)
    return fits[0], fits[1]


def _periods(
    found: ChangingInteraction, analysis: AnalysisSet, split: SplitRows, model: tuple[Sequence[str], Sequence[str]]
) -> tuple[EffectEstimate, ...]:
    """Make the row of the ratio in each period."""
    edges = (0.0, *found.cuts)
    rows = []
    for k, begin in enumerate(edges):
        weight = np.zeros(found.coefficients.size)
        weight[[2, *(5 + 3 * j for j in range(k))]] = 1.0
        inside = split.period == k
        row: dict[str, Any] = analysis.describe("interaction") | {
            "from_months": begin, "to_months": edges[k + 1] if k + 1 < len(edges) else analysis.to_months,
            "n": int(inside.sum()), "events": int(split.event[inside].sum()),
            "person_years": float((split.stop - np.maximum(split.start, 0))[inside].sum() / 12),
        }  # fmt: skip
        row["flags"] = (*row["flags"], *design_flags(analysis.design), *(["survivors_of_period"] if k else []))
        if k and row["design"] == "randomised":
            row["design"] = "partly_randomised"
        rows.append(EffectEstimate(
            **row, estimand="interaction", scale="binary", log_estimate=float(weight @ found.coefficients),
            se=float(np.sqrt(weight @ found.covariance @ weight)), model="cox_by_period", ties="efron",
            adjusted_for=tuple(model[0]), strata=tuple(model[1]), term=PRODUCT,
        ))  # fmt: skip
    return tuple(rows)
