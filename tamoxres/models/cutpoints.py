"""Cutting a number in two: at a published value, at its median, or where the outcome says, with the price of that.

Conventions: altered is above the cut. A fitted cut is the value, between the 10th and the 90th percentile, at which
the standardised sum of log-rank scores (permutation variance, as in R's maxstat) is largest; its P value is Lausen and
Schumacher's for a maximally selected statistic, and its log hazard ratio is corrected by the optimism that the
bootstrap finds when the search is repeated in every resample. A fitted cut is labelled so in every row.

References
----------
Lausen B, Schumacher M 1992, Biometrics 48:73. Altman DG et al. 1994, doi:10.1093/jnci/86.11.829.
Hothorn T, Lausen B 2003, Comput Stat Data Anal 43:121. Halpern J 1982, Biometrics 38:1017.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from scipy.special import ndtr

from ..analysis import AnalysisSet
from ..analysis.design import complete_cases
from ..analysis.follow_up import delayed_entry
from ..analysis.restricting import refuse_sentinels
from ..analysis.uncut import VALUE, own_value
from ..cohort import ALTERED, UNALTERED
from ..effects import EffectEstimate
from ..errors import AnalysisError, QuestionError
from ..kernel.cox import fit_cox
from ..tables.effects import EffectRows
from ..tables.shown import ShowsEffects
from ..tables.table import Table
from ..vocabulary import FloatArray, IntArray, one_or_more
from ..wording import p_value, ratio
from .cox import cox
from .resampling import bootstrap

__all__ = ["FittedCut", "SelectedCut", "dichotomise", "fitted_cut", "lausen_schumacher", "logrank_scores", "select_cut"]

Cut = Literal["published", "median", "fitted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectedCut:
    """The cut with the largest standardised log-rank statistic, and that statistic."""

    cut: float
    statistic: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedCut(ShowsEffects):
    """A cut searched on the outcome, with what the search costs.

    Attributes
    ----------
    cut : float
        Altered is above it.
    statistic : float
        Largest standardised log-rank statistic.
    p_value, p_naive : float
        Corrected for the search, and as if the cut had been given.
    optimism : float
        How much the search flatters the log hazard ratio, by bootstrap.
    corrected : EffectEstimate
        The leading row: log hazard ratio less the optimism, P corrected, cut `fitted`.
    apparent : EffectEstimate
        As it comes out of the search.
    """

    cut: float
    statistic: float
    p_value: float
    p_naive: float
    optimism: float
    corrected: EffectEstimate
    apparent: EffectEstimate

    @property
    def effects(self) -> EffectRows:
        """The corrected row, then the apparent one."""
        return EffectRows([self.corrected, self.apparent])

    def table(self) -> Table:
        """Return the corrected and the apparent hazard ratio as a table, in this order."""
        below = "The first row is less the optimism, its P corrected; the second as it comes out of the search."
        return self.effects.table(title=f"Cut searched at {self.cut:g}").with_footnotes(below)

    def __str__(self) -> str:
        return (
            f"fitted cut at {self.cut:g}: HR {ratio(self.apparent.estimate)}, {ratio(self.corrected.estimate)} less "
            f"the optimism, corrected {p_value(self.p_value, label=True)}"
        )


def dichotomise(analysis: AnalysisSet, column: str, *, at: float | Literal["median"] = "median") -> AnalysisSet:
    """Make a marker of a number: altered above the cut, unaltered up to it.

    Parameters
    ----------
    analysis : AnalysisSet
    column : str
        A number; `marker` for one that was selected with a `scale`.
    at : float or "median"
        A number is taken for a published cut.

    Returns
    -------
    AnalysisSet
        With that marker; its rows carry the cut's label.

    Raises
    ------
    QuestionError
        If the column is no number.
    AnalysisError
        If all patients lie on one side.

    Examples
    --------
    >>> import tamoxres as tr
    >>> gbsg = tr.select(tr.load("gbsg"), endpoint="RFS", er="any", treatment="any")
    >>> dichotomise(gbsg, "nodes").rule
    '> 3'
    """
    column = own_value(analysis, column)
    complete = _numeric(analysis, column)
    values = complete.frame[column].to_numpy(float)
    cut = float(np.median(values)) if at == "median" else float(at)
    return _cut(complete, column, cut, "median" if at == "median" else "published")


def _numeric(analysis: AnalysisSet, column: str) -> AnalysisSet:
    complete = complete_cases(analysis, [column], estimator="A cut point")
    if complete.frame[column].dtype.kind not in "fiu":
        raise QuestionError(f"{column} holds levels; a cut needs a number.")
    refuse_sentinels(complete, column)
    return complete


def _cut(analysis: AnalysisSet, column: str, cut: float, label: Cut) -> AnalysisSet:
    import pandas as pd

    above = analysis.frame[column].to_numpy(float) > cut
    if above.all() or not above.any():
        raise AnalysisError(f"All patients lie on one side of {column} {cut:g}.", mend="Choose another cut.")
    marker = pd.Categorical(np.where(above, ALTERED, UNALTERED), [UNALTERED, ALTERED])
    own: dict[str, Any] = {
        "marker": column.upper(),
        "rule": f"> {cut:g}",
        "assay": analysis.cohort.assays.get(column, ""),
    }
    if column == VALUE and analysis.uncut is not None:
        own = {"rule": f"{analysis.uncut.name} > {cut:g} {analysis.uncut.unit}".strip()}
    return replace(analysis, frame=analysis.frame.assign(marker=marker), cut=label, uncut=None, **own)


def logrank_scores(time: FloatArray, event: IntArray) -> FloatArray:
    """Return log-rank scores: the event less the Nelson-Aalen hazard at one's own time (null martingale residuals)."""
    times, where = np.unique(time, return_inverse=True)
    failed = np.bincount(where, event, times.size)
    n = time.size - np.searchsorted(np.sort(time), times, side="left")
    return np.asarray(event - np.cumsum(failed / n)[where])


def select_cut(scores: FloatArray, values: FloatArray, *, least: float = 0.1, most: float = 0.9) -> SelectedCut:
    """Search the cut at which the standardised sum of scores up to it is largest.

    Parameters
    ----------
    scores, values : array of float, shape (n,)
    least, most : float
        Share of patients up to the cut.

    Raises
    ------
    AnalysisError
        If no value leaves those shares on both sides.
    """
    order = np.argsort(values, kind="stable")
    ordered, n = values[order], values.size
    m = np.flatnonzero(np.diff(ordered) > 0) + 1  # patients up to each candidate
    m = m[(m >= np.floor(n * least)) & (m <= np.floor(n * most))]
    if m.size == 0:
        raise AnalysisError(
            f"No value leaves {least:.0%} to {most:.0%} of the patients up to it; there is nothing to search."
        )
    total = np.cumsum(scores[order])[m - 1]
    spread = ((scores - scores.mean()) ** 2).sum()
    variance = m * (n - m) / (n * (n - 1)) * spread
    statistic = np.abs(total - m * scores.mean()) / np.sqrt(variance)
    best = int(np.argmax(statistic))
    return SelectedCut(cut=float(ordered[m[best] - 1]), statistic=float(statistic[best]))


def lausen_schumacher(statistic: float, *, least: float = 0.1, most: float = 0.9) -> float:
    """Return the P value of a maximally selected standardised statistic (Lausen and Schumacher 1992).

    Examples
    --------
    >>> round(lausen_schumacher(3.0), 4)
    0.0578
    """
    density = np.exp(-(statistic**2) / 2) / np.sqrt(2 * np.pi)
    width = np.log(most * (1 - least) / ((1 - most) * least))
    return float(np.clip(4 * density / statistic + density * (statistic - 1 / statistic) * width, 0, 1))


def fitted_cut(
    analysis: AnalysisSet,
    column: str,
    *,
    adjust: str | Sequence[str] = (),
    shares: tuple[float, float] = (0.1, 0.9),
    m: int = 200,
    seed: int = 1,
    jobs: int = 1,
) -> FittedCut:
    """Search a cut on the outcome, and correct for the search.

    Parameters
    ----------
    analysis : AnalysisSet
    column : str
        A number.
    adjust : str or sequence of str
        Of the hazard ratio; the search itself is crude.
    shares : (least, most)
        Share of patients up to the cut.
    m, seed, jobs : int
        Bootstrap resamples, their seed, and workers of joblib.

    Returns
    -------
    FittedCut

    Raises
    ------
    AnalysisError
        If there are no events, entry is delayed, or there is nothing to search.

    Examples
    --------
    >>> import tamoxres as tr
    >>> gbsg = tr.select(tr.load("gbsg"), endpoint="RFS", er="any", treatment="any")
    >>> found = fitted_cut(gbsg, "nodes", m=10)
    >>> print(found)
    fitted cut at 3: HR 2.57, 2.49 less the optimism, corrected P < 0.001
    """
    complete = _numeric(analysis, column)
    frame = complete.frame
    if complete.events == 0:
        raise AnalysisError(f"{complete}: no events, so no cut can be searched.")
    if delayed_entry(frame) is not None:
        raise AnalysisError(
            "The search for a cut does not take delayed entry.", mend="Use a published cut, or a spline."
        )
    time, event = frame["months"].to_numpy(float), np.asarray(frame["event"] == 1, dtype=int)
    values = frame[column].to_numpy(float)
    least, most = shares

    def search(rows: IntArray) -> SelectedCut:
        return select_cut(logrank_scores(time[rows], event[rows]), values[rows], least=least, most=most)

    def optimism(rows: IntArray) -> FloatArray:
        cut = search(rows).cut
        drawn = _log_hr(time[rows], event[rows], values[rows] > cut)
        return np.array([np.sign(drawn) * (drawn - _log_hr(time, event, values > cut))])

    best = search(np.arange(values.size))
    apparent = cox(_cut(complete, column, best.cut, "fitted"), adjust=one_or_more(adjust)).effect
    flattery = float(bootstrap(optimism, values.size, m=m, seed=seed, jobs=jobs).values.mean())
    p = lausen_schumacher(best.statistic, least=least, most=most)
    return FittedCut(
        cut=best.cut, statistic=best.statistic, p_value=p, p_naive=float(2 * ndtr(-best.statistic)), optimism=flattery,
        apparent=apparent, corrected=_corrected(apparent, flattery, p),
    )  # fmt: skip


def _log_hr(time: FloatArray, event: IntArray, above: np.ndarray[Any, np.dtype[np.bool_]]) -> float:
    fitted = fit_cox(time, event, above[:, None].astype(float))
    return float("nan") if fitted.flags else float(fitted.coefficients[0])


def _corrected(apparent: EffectEstimate, optimism: float, p: float) -> EffectEstimate:
    """Shrink the log hazard ratio towards 0 by the optimism, not beyond it."""
    point = apparent.log_estimate or 0.0
    shrunk = float(np.sign(point) * max(abs(point) - max(optimism, 0.0), 0.0))
    remark = (
        f"Cut searched on the outcome: log HR {point:.3f} less a bootstrap optimism of {optimism:.3f}; P corrected for "
        "the search, the interval not."
    )
    return replace(
        apparent, log_estimate=shrunk, p_value=p, p_kind="logrank", term_p=p, flags=(*apparent.flags, "fitted_cut"),
        remark=remark,
    )  # fmt: skip
