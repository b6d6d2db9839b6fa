"""Hazard ratios by period: the marker's (or treatment's) in years 0-5 and after, or at any cuts.

Conventions: follow-up is split into start-stop rows at the cuts; an event at a cut belongs to the period that it ends
(R's `survSplit`). The focus has a coefficient in each period, covariates have one for all of follow-up. Time is time
since diagnosis, not time on drug; a later period holds only those who came to it free of the event.

References
----------
Therneau TM, Grambsch PM 2000, Modeling Survival Data, chapter 6. Hernán MA 2010, doi:10.1097/EDE.0b013e3181c1ea43.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from scipy.special import chdtrc

from ..analysis import AnalysisSet
from ..analysis.design import complete_cases, make_design
from ..analysis.follow_up import stratum_codes
from ..analysis.times import snap_to
from ..effects import EffectEstimate
from ..errors import AnalysisError
from ..kernel.cox import CoxFit, CoxOptions, fit_cox
from ..tables.effects import EffectRows
from ..tables.shown import ShowsEffects
from ..tables.table import Table
from ..vocabulary import FloatArray, IntArray, one_or_more
from ..wording import p_value
from ..wording.rows import period_words
from .engine import Ties
from .grouping import Groups, two_groups

__all__ = ["SplitRows", "TimeSplit", "split_rows", "time_split"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SplitRows:
    """Start-stop rows of follow-up split at cuts.

    Attributes
    ----------
    patient, period : array of int, shape (m,)
    start, stop : array of float, shape (m,)
    event : array of int, shape (m,)
    """

    patient: IntArray
    period: IntArray
    start: FloatArray
    stop: FloatArray
    event: IntArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TimeSplit(ShowsEffects):
    """Hazard ratios by period, and the test that they are equal.

    Attributes
    ----------
    effects : EffectRows
        One per period, in order (`from_months`, `to_months`); its counts are those at risk and failing in it.
    statistic, p_value : float
        Likelihood-ratio test of equal hazard ratios, over the periods that can be estimated; NaN if there is one.
    df : int
    """

    effects: EffectRows
    statistic: float
    df: int
    p_value: float

    def __str__(self) -> str:
        rows = "\n".join(f"{row.period}: {row}" for row in self.effects)
        return f"{rows}\nequal in all periods: {p_value(self.p_value, label=True)}"

    def table(self) -> Table:
        """Return the periods as a table, with the test of equal hazard ratios below."""
        test = f"Equal hazard ratios in all periods, likelihood ratio: {p_value(self.p_value, label=True)}."
        return self.effects.table().with_footnotes(test)


def split_rows(
    time: FloatArray, event: IntArray, cuts: Sequence[float] | FloatArray, entry: FloatArray | None = None
) -> SplitRows:
    """Split follow-up at cuts: a row for each patient and period in which there is follow-up.

    Examples
    --------
    >>> import numpy as np
    >>> rows = split_rows(np.array([60.0, 100.0]), np.array([1, 1]), [60])
    >>> rows.patient.tolist(), rows.period.tolist(), rows.event.tolist()
    ([0, 1, 1], [0, 0, 1], [1, 0, 1])
    """
    edges = np.concatenate([[-np.inf], np.asarray(cuts, float), [np.inf]])
    begin = np.zeros(time.size) if entry is None else entry
    parts = []
    for period in range(edges.size - 1):
        start, stop = np.maximum(begin, edges[period]), np.minimum(time, edges[period + 1])
        here = np.flatnonzero((stop > start) | ((time == begin) & (period == 0)))
        ends = (time[here] <= edges[period + 1]) & (event[here] == 1)
        parts.append((here, np.full(here.size, period), start[here], stop[here], ends.astype(int)))
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
    return SplitRows(patient=columns[0], period=columns[1], start=columns[2], stop=columns[3], event=columns[4])


def time_split(
    analysis: AnalysisSet,
    *,
    adjust: str | Sequence[str] = (),
    strata: str | Sequence[str] = (),
    cuts: float | Sequence[float] = (60.0,),
    ties: Ties = "efron",
) -> TimeSplit:
    """Fit the hazard ratio of the marker (or treatment) in each period of follow-up.

    Parameters
    ----------
    analysis : AnalysisSet
    adjust, strata : str or sequence of str
    cuts : float or sequence of float, months
        Increasing; `60` gives years 0-5 and after.
    ties : "efron" | "breslow"

    Returns
    -------
    TimeSplit
        A period in which one group has no events is marked not estimable, with the reason.

    Raises
    ------
    AnalysisError
        If the cuts do not increase from above 0, or no period can be estimated.

    Examples
    --------
    >>> import tamoxres as tr
    >>> her2 = tr.select(tr.call(tr.load("metabric"), "HER2"), marker="HER2", endpoint="BCSS")
    >>> [round(row.estimate, 2) for row in time_split(her2, cuts=[60]).effects]
    [1.57, 1.47]
    """
    edges = [float(cut) for cut in one_or_more(cuts)]
    adjust, strata = one_or_more(adjust), one_or_more(strata)
    if not edges or edges[0] <= 0 or any(b <= a for a, b in pairwise(edges)):
        raise AnalysisError(f"The cuts are {edges}; they are months above 0 that increase.")
    focus = "marker" if analysis.marker else "treatment"
    groups = two_groups(
        complete_cases(analysis, [focus, *adjust, *strata], estimator="The hazard ratio by period"), focus
    )
    split = split_rows(groups.months, groups.event, snap_to(groups.analysis.frame, edges), groups.entry)
    altered = groups.codes[split.patient] == 1
    failed = split.event == 1
    counts = [
        (int((failed & altered & (split.period == k)).sum()), int((failed & ~altered & (split.period == k)).sum()))
        for k in range(len(edges) + 1)
    ]
    usable = [k for k, (one, none) in enumerate(counts) if one and none]
    if not usable:
        raise AnalysisError(f"{analysis}: in no period do both groups have events.", mend="Choose other cuts.")
    kept = np.isin(split.period, usable)
    fits = _fit_both(groups, split, kept, usable, (adjust, strata, ties))
    statistic = 2 * (fits[0].loglik - fits[1].loglik)
    df = len(usable) - 1
    row = {"adjusted_for": adjust, "strata": strata, "model": "cox_by_period", "ties": ties}
    effects = EffectRows(
        _period_row(groups, split, k, edges, row | _estimate(fits[0], usable.index(k) if k in usable else None))
        for k in range(len(edges) + 1)
    )
    return TimeSplit(
        effects=effects, statistic=statistic if df else float("nan"), df=df,
        p_value=float(chdtrc(df, max(statistic, 0.0))) if df else float("nan"),
    )  # fmt: skip


def _fit_both(
    groups: Groups,
    split: SplitRows,
    kept: np.ndarray[Any, np.dtype[np.bool_]],
    usable: list[int],
    model: tuple[Sequence[str], Sequence[str], Ties],
) -> tuple[CoxFit, CoxFit]:
    """Fit with a coefficient in each usable period, and with one for all."""
    adjust, strata, ties = model
    frame = groups.analysis.frame
    patient, period = split.patient[kept], split.period[kept]
    covariates = make_design(frame, list(adjust)).x[patient] if adjust else np.empty((patient.size, 0))
    inside = (groups.codes[patient] == 1).astype(float)
    by_period = np.column_stack([inside * (period == k) for k in usable])
    codes = stratum_codes(frame, strata)
    fits = []
    for focus in (by_period, inside[:, None]):
        fitted = fit_cox(
            split.stop[kept], split.event[kept], np.hstack([focus, covariates]),
            entry=np.where(split.start[kept] > 0, split.start[kept], -np.inf),
            strata=None if codes is None else codes[patient], options=CoxOptions(ties=ties),
        )  # fmt: skip
        if fitted.flags:
            raise AnalysisError(
                f"The model by period cannot be estimated ({'; '.join(fitted.flags)}).", mend="Adjust for fewer."
            )
        fits.append(fitted)
    return fits[0], fits[1]


def _estimate(fitted: CoxFit, column: int | None) -> dict[str, Any]:
    if column is None:
        return {"status": "not_estimable"}
    return {"log_estimate": float(fitted.coefficients[column]), "se": float(fitted.se[column])}


def _period_row(groups: Groups, split: SplitRows, k: int, edges: list[float], row: dict[str, Any]) -> EffectEstimate:
    here = split.period == k
    base = groups.describe(adjusted_for=(*row["adjusted_for"], *row["strata"])) | {
        "from_months": edges[k - 1] if k else 0.0,
        "to_months": edges[k] if k < len(edges) else groups.analysis.to_months,
        "n": int(here.sum()),
        "events": int(split.event[here].sum()),
        "person_years": float((split.stop - np.maximum(split.start, 0))[here].sum() / 12),
    }
    for code in (1, 0):
        inside = here & (groups.codes[split.patient] == code)
        base |= {f"n_{code}": int(inside.sum()), f"events_{code}": int(split.event[inside].sum())}
    flags = [*base["flags"], *(["survivors_of_period"] if k else [])]
    if k and base["design"] == "randomised":  # those who came to a later period were chosen by it
        base["design"] = "partly_randomised"
    if row.get("status") == "not_estimable":
        flags.append("no_events_in_group")
    label = period_words(base["from_months"], base["to_months"])
    return EffectEstimate(**(base | row | {"flags": tuple(flags)}), measure="HR", term=label)
