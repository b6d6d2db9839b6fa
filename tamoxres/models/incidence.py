"""Cumulative incidence where deaths compete, exact, and Gray's test.

Conventions: the Aalen-Johansen estimate with ties as they are (nothing is jittered); a patient is at risk over (entry,
time]. The variance is that of `cmprsk::cuminc`, Aalen's (1978), with the hypergeometric correction 1 - (d - 1)/(n - 1)
for d tied events. Limits are symmetric for log(-log F), as those of R's `survfit`.

References
----------
Aalen O 1978, Ann Stat 6:534. Gray RJ 1988, Ann Stat 16:1141. Choudhury JB 2002, Stat Med 21:1129 (limits).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from scipy.special import chdtrc

from ..analysis import AnalysisSet
from ..analysis.design import complete_cases
from ..analysis.follow_up import stratum_codes
from ..analysis.reconstructed import refuse_reconstructed
from ..curves import Curve
from ..errors import AnalysisError
from ..tables.cells import count_cell, number_cell, p_cell
from ..tables.curves import ShownCurves
from ..tables.shown import ShowsTable
from ..tables.table import Cell, Column, Row, Table
from ..vocabulary import FloatArray, IntArray, one_or_more
from ..wording import number, p_value
from .grouping import SAMPLED, group_patients
from .survival import at_risk, limits
from .weighted import weighted_incidence

__all__ = [
    "COMPETING_DEATH",
    "AalenJohansen",
    "GrayTest",
    "aalen_johansen",
    "cumulative_incidence",
    "gray_score",
    "gray_test",
]

COMPETING_DEATH = "competing death"
Cause = Literal["event", "competing"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AalenJohansen:
    """Cumulative incidence of each cause at each distinct follow-up time.

    Attributes
    ----------
    time, n_risk, n_censor : array of float, shape (k,)
    n_event, incidence, se : array of float, shape (causes, k)
    survival : array of float, shape (k,)
        Free of every cause, just after each time.
    """

    time: FloatArray
    n_risk: FloatArray
    n_censor: FloatArray
    n_event: FloatArray
    incidence: FloatArray
    se: FloatArray
    survival: FloatArray


def aalen_johansen(
    time: FloatArray, event: IntArray, entry: FloatArray | None = None, *, causes: int = 2
) -> AalenJohansen:
    """Estimate the cumulative incidence of each cause.

    Parameters
    ----------
    time : array of float, shape (n,)
    event : array of int, shape (n,)
        0 censored, 1 ... `causes` the cause.
    entry : array of float, shape (n,), optional
        Delayed entry, before `time`.
    causes : int

    Returns
    -------
    AalenJohansen

    Examples
    --------
    >>> import numpy as np
    >>> aalen_johansen(np.array([1.0, 2.0, 3.0, 4.0]), np.array([1, 2, 0, 1])).incidence[:, -1].tolist()
    [0.75, 0.25]
    """
    times, where = np.unique(time, return_inverse=True)
    k = times.size
    counts = np.bincount(np.asarray(event) * k + where, minlength=(causes + 1) * k).reshape(causes + 1, k).astype(float)
    n = at_risk(times, time, entry)
    d = counts[1:]
    survival = np.cumprod(1 - d.sum(axis=0) / n)
    before = np.concatenate([[1.0], survival[:-1]])
    incidence = np.cumsum(before * d / n, axis=1)
    se = np.stack([_aalen_se(n, d[i], d.sum(axis=0) - d[i], survival, incidence[i]) for i in range(causes)])
    return AalenJohansen(
        time=times, n_risk=n, n_censor=counts[0], n_event=d, incidence=incidence, se=se, survival=survival
    )


def _aalen_se(
    n: FloatArray, own: FloatArray, others: FloatArray, after: FloatArray, incidence: FloatArray
) -> FloatArray:
    """Return the standard error of one cause's incidence F at each time: sum (a + F(t) b)^2, in cumulative sums.

    An event of this cause at s moves F(t) by 1 - (F(t) - F(s))/S(s) of its jump, one of another by -(F(t) - F(s))/S(s).
    """
    before = np.concatenate([[1.0], after[:-1]])
    inverse = np.divide(1.0, after, out=np.zeros_like(after), where=after > 0)
    total: list[FloatArray] = [np.zeros_like(n)] * 3
    for d, direct in ((own, 1.0), (others, 0.0)):
        tied = np.where(d > 1, 1 - (d - 1) / np.maximum(n - 1, 1), 1.0)
        jump = np.where((after > 0) | (direct == 1), before**2 * tied * d / n**2, 0.0)
        a = direct + incidence * inverse
        total = [
            old + np.cumsum(new)
            for old, new in zip(total, (a**2 * jump, a * inverse * jump, inverse**2 * jump), strict=True)
        ]
    variance = total[0] - 2 * incidence * total[1] + incidence**2 * total[2]
    return np.sqrt(np.maximum(variance, 0.0))


def cumulative_incidence(
    analysis: AnalysisSet, *, by: str | Sequence[str] | None = "marker", level: float = 0.95
) -> ShownCurves:
    """Estimate the risk of the endpoint, and of the deaths that compete with it, in each group.

    Parameters
    ----------
    analysis : AnalysisSet
    by : str, sequence of str or None
        `marker` (the treatment where no marker was asked for), `treatment`, a covariate, or None for everyone together;
        several give the curves of each combination.
    level : float

    Returns
    -------
    ShownCurves
        One a group and cause; the causes are the endpoint's code and, where deaths compete, `competing death`.
        Sampling weights that the cohort declares are honoured, with a robust standard error.

    Raises
    ------
    AnalysisError
        If there are no patients, or some enter after their follow-up ended.

    Examples
    --------
    >>> import tamoxres as tr
    >>> her2 = tr.select(tr.call(tr.load("metabric"), "HER2"), marker="HER2", endpoint="BCSS")
    >>> cumulative_incidence(her2).at([120])["estimate"].round(3).tolist()
    [0.238, 0.154, 0.364, 0.165]
    """
    refuse_reconstructed(analysis, "A cumulative incidence")
    groups = group_patients(analysis, by, estimator="The cumulative incidence", honours=SAMPLED, absolute=True)
    causes = (analysis.endpoint.code, *([COMPETING_DEATH] if analysis.endpoint.competing else []))
    curves = []
    for code, name in enumerate(groups.levels):
        rows = groups.rows(code)
        entry = None if groups.entry is None else groups.entry[rows]
        fitted = aalen_johansen(groups.months[rows], groups.event[rows], entry, causes=len(causes))
        if groups.weight is not None:
            own = weighted_incidence(
                groups.months[rows], groups.event[rows], groups.weight[rows], entry, causes=len(causes)
            )
            fitted = replace(fitted, incidence=own.incidence, se=own.se, survival=1 - own.incidence.sum(axis=0))
        for i, cause in enumerate(causes):
            low, high = limits(fitted.incidence[i], fitted.se[i], level=level)
            curves.append(
                Curve(
                    group=name,
                    kind="incidence",
                    cause=cause,
                    time=fitted.time,
                    estimate=fitted.incidence[i],
                    se=fitted.se[i],
                    ci_low=low,
                    ci_high=high,
                    n_risk=fitted.n_risk,
                    n_event=fitted.n_event[i],
                    n_censor=fitted.n_censor,
                    level=level,
                )
            )
    return ShownCurves(
        curves=tuple(curves), grouping=groups.label, endpoint=analysis.endpoint.code, population=analysis.population,
        method=f"Aalen-Johansen, log-log limits{groups.remarks()}",
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class GrayTest(ShowsTable):
    """Gray's test that the cumulative incidence of one cause is equal between groups; a test has no effect rows."""

    statistic: float
    df: int
    p_value: float
    cause: str
    groups: tuple[str, ...]
    endpoint: str
    population: str
    strata: tuple[str, ...] = ()

    def __str__(self) -> str:
        chisq = f"chi-square {number(self.statistic)} on {self.df} df"
        return f"Gray's test of {self.cause}: {chisq}, {p_value(self.p_value, label=True)}"

    def table(self) -> Table:
        """Return the test as a table of one row."""
        cells = (
            Cell(self.cause), Cell(" v ".join(self.groups)), number_cell(self.statistic), count_cell(self.df),
            p_cell(self.p_value),
        )  # fmt: skip
        return Table(
            title=f"Gray's test of {self.endpoint}: {self.population}",
            columns=(
                Column("Cause"), Column("Groups"), Column("Chi-squared", "number"), Column("df", "count"),
                Column("P", "p"),
            ),
            rows=(Row(cells),),
            footnotes=(f"Stratified by {', '.join(self.strata)}." if self.strata else "",),
        )  # fmt: skip


def gray_test(
    analysis: AnalysisSet, *, by: str = "marker", strata: str | Sequence[str] = (), cause: Cause = "event"
) -> GrayTest:
    """Test whether the cumulative incidence is equal between groups (`cmprsk::cuminc`, rho 0).

    Parameters
    ----------
    analysis : AnalysisSet
    by : str
        `marker` (the treatment where no marker was asked for), `treatment` or a covariate.
    strata : str or sequence of str
        Columns within whose levels patients are compared.
    cause : "event" | "competing"
        The endpoint, or the deaths that compete with it.

    Returns
    -------
    GrayTest

    Raises
    ------
    AnalysisError
        If there is one group, no event of the cause, or entry is delayed.

    Examples
    --------
    >>> import tamoxres as tr
    >>> her2 = tr.select(tr.call(tr.load("metabric"), "HER2"), marker="HER2", endpoint="BCSS")
    >>> print(gray_test(her2))
    Gray's test of BCSS: chi-square 9.57 on 1 df, P = 0.002
    """
    strata = one_or_more(strata)
    refuse_reconstructed(analysis, "Gray's test")
    known = complete_cases(analysis, strata, estimator="Gray's test") if strata else analysis
    groups = group_patients(known, by, estimator="Gray's test", absolute=True)
    name, own = (analysis.endpoint.code, 1) if cause == "event" else (COMPETING_DEATH, 2)
    if len(groups.levels) < 2:
        raise AnalysisError(f"{analysis}: all are {groups.levels[0]}; Gray's test compares at least two groups.")
    if not (groups.event == own).any():
        raise AnalysisError(f"{analysis}: no {name} events, so incidences cannot be compared.")
    if groups.entry is not None:
        raise AnalysisError(
            "Gray's test does not take delayed entry.", mend="Use the log-rank test of the cause-specific hazard."
        )
    codes = stratum_codes(groups.analysis.frame, strata)
    event = np.where(groups.event == own, 1, np.where(groups.event == 0, 0, 2))
    g = len(groups.levels)
    score, variance = np.zeros(g), np.zeros((g, g))
    for code in [None] if codes is None else np.unique(codes):
        inside = slice(None) if code is None else codes == code
        part, spread = gray_score(groups.months[inside], event[inside], groups.codes[inside], g)
        score, variance = score + part, variance + spread
    df = g - 1
    statistic = float(score[:df] @ np.linalg.solve(variance[:df, :df], score[:df]))
    return GrayTest(
        statistic=statistic, df=df, p_value=float(chdtrc(df, statistic)), cause=name, groups=groups.levels,
        endpoint=analysis.endpoint.code, population=analysis.population, strata=strata,
    )  # fmt: skip


def gray_score(time: FloatArray, event: IntArray, group: IntArray, g: int) -> tuple[FloatArray, FloatArray]:
    """Return Gray's score of each group and its covariance, shapes (g,) and (g, g), within one stratum.

    Parameters
    ----------
    time, event, group : array, shape (n,)
        `event` is 0 censored, 1 of interest, 2 competing; `group` is 0 ... g - 1.
    g : int
    """
    times = np.unique(time[event > 0])
    rows = [group == code for code in range(g)]
    n = np.stack([at_risk(times, time[r]) for r in rows])
    own, other = (np.stack([_at(times, time[r & (event == e)]) for r in rows]) for e in (1, 2))
    safe = np.where(n > 0, n, 1.0)
    after = np.asarray(np.cumprod(1 - (own + other) / safe, axis=1))
    before = np.hstack([np.ones((g, 1)), after[:, :-1]]).astype(float)
    jump = before * own / safe
    earlier = np.cumsum(jump, axis=1) - jump  # each group's incidence just before t
    size = np.where(n > 0, safe / np.where(before > 0, before, 1.0), 0.0)  # at risk, had nobody died of another cause
    d = own.sum(axis=0)
    expected = size * (1 - earlier)
    score = (own - d * expected / expected.sum(axis=0)).sum(axis=1)
    return score, _gray_variance(n, own, other, before, after, size)


def _at(times: FloatArray, time: FloatArray) -> FloatArray:
    """Count how often each of `times` occurs in `time`."""
    return np.bincount(np.searchsorted(times, time), minlength=times.size).astype(float)


def _gray_variance(
    n: FloatArray, own: FloatArray, other: FloatArray, before: FloatArray, after: FloatArray, size: FloatArray
) -> FloatArray:
    """Return the covariance of Gray's score (Gray 1988, section 4).

    A death of group k at t moves the score of group i at once (`a`), and later through the incidence it changed (`c`).
    """
    g = n.shape[0]
    here, d, total = n > 0, own.sum(axis=0), size.sum(axis=0)
    step = d / total
    pooled = np.cumsum(step)
    pooled_before = pooled - step
    a = -size[:, None] * size[None] / total
    a[np.arange(g), np.arange(g)] += size
    c = np.cumsum(a * step / np.maximum(1 - pooled_before, 1e-12), axis=2)
    safe, alive = np.where(here, n, 1.0), np.where(after > 0, after, 1.0)
    ratio = np.where(after > 0, (1 - pooled) / alive, 0.0)
    # events of interest: as many in each group as the pooled hazard expects
    mean = total * before
    tied = np.where(d > 1, 1 - (d - 1) / np.where(mean > 1, mean - 1, 1.0), 1.0)
    own_variance = np.where(here, tied * before * d / (total * safe), 0.0)
    # competing events: those seen in the group
    tied = np.where(other > 1, 1 - (other - 1) / np.maximum(safe - 1, 1), 1.0)
    other_variance = np.where(here & (after > 0), tied * before**2 * other / safe**2, 0.0)
    later = c[:, :, -1:] - c
    moved_by_own, moved_by_other = a + (1 - ratio) * later, ratio * later
    return np.asarray(
        np.einsum("ikt,jkt,kt->ij", moved_by_own, moved_by_own, own_variance)
        + np.einsum("ikt,jkt,kt->ij", moved_by_other, moved_by_other, other_variance)
    )
