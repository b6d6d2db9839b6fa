"""Log-rank tests: weighted, stratified, and with left truncation.

Conventions: risk sets as in `survival`; the covariance is the hypergeometric one; patients are compared within strata
only, and weights come from all groups of a stratum together. With competing deaths censored, the test compares
cause-specific hazards; `gray_test` compares cumulative incidences.

References
----------
Mantel N 1966, Cancer Chemother Rep 50:163. Peto R, Peto J 1972, J R Stat Soc A 135:185.
Harrington DP, Fleming TR 1982, Biometrika 69:553.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import chdtrc

from ..analysis import AnalysisSet
from ..analysis.design import complete_cases
from ..analysis.follow_up import stratum_codes
from ..errors import AnalysisError
from ..tables.cells import count_cell, number_cell
from ..tables.shown import ShowsTable
from ..tables.table import Cell, Column, Row, Table
from ..vocabulary import FloatArray, IntArray, one_or_more
from ..wording import number, p_value
from .grouping import SAMPLED, Groups, group_patients
from .survival import at_risk
from .weighted import robust_score

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["WEIGHTS", "LogRank", "LogRankSums", "fleming_harrington", "logrank", "logrank_sums"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LogRankSums:
    """What a log-rank test sums over event times (weighted where the test is).

    Attributes
    ----------
    observed, expected : array of float, shape (g,)
    variance : array of float, shape (g, g)
        Hypergeometric covariance of observed - expected.
    """

    observed: FloatArray
    expected: FloatArray
    variance: FloatArray


def _left(survival: FloatArray) -> FloatArray:
    """Return a curve's value just before each time."""
    return np.concatenate([np.ones(1), survival[:-1]])


WEIGHTS: dict[str, Callable[[FloatArray, FloatArray], FloatArray]] = {
    "logrank": lambda n, d: np.ones_like(n),
    "gehan": lambda n, d: n,
    "tarone-ware": lambda n, d: np.sqrt(n),
    "peto-peto": lambda n, d: np.asarray(np.cumprod(1 - d / (n + 1))),
}
"""Weights of the log-rank family, from numbers at risk and failing in all groups together at each event time."""


def fleming_harrington(rho: float, gamma: float) -> Callable[[FloatArray, FloatArray], FloatArray]:
    """Return the weight S(t-)^rho (1 - S(t-))^gamma, S being the Kaplan-Meier curve of all groups together."""

    def weight(n: FloatArray, d: FloatArray) -> FloatArray:
        before = _left(np.asarray(np.cumprod(1 - d / n)))
        return np.asarray(before**rho * (1 - before) ** gamma)

    return weight


def logrank_sums(
    time: FloatArray,
    event: IntArray,
    group: IntArray,
    *,
    entry: FloatArray | None = None,
    strata: IntArray | None = None,
    weight: str | tuple[float, float] = "logrank",
) -> LogRankSums:
    """Sum observed, expected and their hypergeometric covariance over event times, within strata.

    Parameters
    ----------
    time, event, group : array, shape (n,)
        `event` is 1 for an event; `group` numbers the groups from 0.
    entry, strata : array, shape (n,), optional
    weight : str or (rho, gamma)
        A name in `WEIGHTS`, or Fleming-Harrington's powers.
    """
    if isinstance(weight, str) and weight not in WEIGHTS:
        raise AnalysisError(
            f"Unknown weight {weight!r}.", mend=f"Use one of {', '.join(WEIGHTS)}, or a pair (rho, gamma)."
        )
    weigh = WEIGHTS[weight] if isinstance(weight, str) else fleming_harrington(*weight)
    g = int(group.max()) + 1
    observed, expected, variance = np.zeros(g), np.zeros(g), np.zeros((g, g))
    codes = np.zeros(time.size, int) if strata is None else np.asarray(strata)
    for code in np.unique(codes):
        inside = codes == code
        start = None if entry is None else entry[inside]
        n, d = _by_group(time[inside], event[inside], group[inside], start, g)
        n_all, d_all = n.sum(axis=0), d.sum(axis=0)
        w = weigh(n_all, d_all)
        share = n / n_all
        observed += (w * d).sum(axis=1)
        expected += (w * d_all * share).sum(axis=1)
        spread = w**2 * d_all * (n_all - d_all) / np.maximum(n_all - 1, 1)
        variance += np.diag((spread * share).sum(axis=1)) - (spread * share) @ share.T
    return LogRankSums(observed=observed, expected=expected, variance=variance)


def _robust_sums(groups: Groups, weight: FloatArray, strata: IntArray | None) -> LogRankSums:
    """Sum the robust scores of sampled patients over strata."""
    strata = np.zeros(groups.codes.size, int) if strata is None else strata
    parts = [
        robust_score(
            groups.months[rows], groups.event[rows], groups.codes[rows], weight[rows],
            None if groups.entry is None else groups.entry[rows], groups=len(groups.levels),
        )
        for rows in (strata == code for code in np.unique(strata))
    ]  # fmt: skip
    return LogRankSums(
        observed=np.sum([part.observed for part in parts], axis=0),
        expected=np.sum([part.expected for part in parts], axis=0),
        variance=np.sum([part.variance for part in parts], axis=0),
    )


def _by_group(
    time: FloatArray, event: IntArray, group: IntArray, entry: FloatArray | None, g: int
) -> tuple[FloatArray, FloatArray]:
    """Return numbers at risk and failing, shape (g, k), at the distinct event times."""
    failed = np.asarray(event) == 1
    times = np.unique(time[failed])
    at, deaths = np.empty((g, times.size)), np.empty((g, times.size))
    for code in range(g):
        rows = group == code
        at[code] = at_risk(times, time[rows], None if entry is None else entry[rows])
        deaths[code] = np.bincount(np.searchsorted(times, time[rows & failed]), minlength=times.size)
    return at, deaths


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LogRank(ShowsTable):
    """A log-rank test: statistic, degrees of freedom and P, with what was observed and expected in each group.

    A test has no effect rows.

    Attributes
    ----------
    statistic, p_value : float
    df : int
    groups : tuple of str
    n : tuple of int
    sums : LogRankSums
    method, endpoint, population : str
    strata : tuple of str
    """

    statistic: float
    df: int
    p_value: float
    groups: tuple[str, ...]
    n: tuple[int, ...]
    sums: LogRankSums
    method: str
    endpoint: str
    population: str
    strata: tuple[str, ...] = ()

    def table(self) -> Table:
        """Return the groups' observed and expected events as a table, the test below."""
        rows = [
            Row((Cell(group), count_cell(n), number_cell(float(seen), 1), number_cell(float(expected), 1)))
            for group, n, seen, expected in zip(
                self.groups, self.n, self.sums.observed, self.sums.expected, strict=True
            )
        ]
        return Table(
            title=f"{self.method} of {self.endpoint}: {self.population}",
            columns=(
                Column("Group"), Column("N", "count"), Column("Observed", "number"), Column("Expected", "number"),
            ),
            rows=tuple(rows), footnotes=(f"{self}.",),
        )  # fmt: skip

    def to_frame(self) -> pd.DataFrame:
        """Return group, n, observed and expected events (weighted where the test is), one row a group."""
        import pandas as pd

        columns = {"group": self.groups, "n": self.n, "observed": self.sums.observed, "expected": self.sums.expected}
        return pd.DataFrame(columns)

    def __str__(self) -> str:
        chisq = f"chi-square {number(self.statistic)} on {self.df} df"
        return f"{self.method}: {chisq}, {p_value(self.p_value, label=True)}"


def logrank(
    analysis: AnalysisSet,
    *,
    by: str | Sequence[str] = "marker",
    strata: str | Sequence[str] = (),
    weight: str | tuple[float, float] = "logrank",
) -> LogRank:
    """Test whether the hazards of the endpoint are equal between groups.

    Parameters
    ----------
    analysis : AnalysisSet
    by : str or sequence of str
        `marker` (the treatment where no marker was asked for), `treatment` or a covariate.
    strata : str or sequence of str
        Columns within whose levels patients are compared.
    weight : "logrank" | "peto-peto" | "gehan" | "tarone-ware" | (rho, gamma)
        A pair gives Fleming-Harrington's weight S(t-)^rho (1 - S(t-))^gamma; (1, 0) is R's `survdiff(rho = 1)`.

    Returns
    -------
    LogRank

    Raises
    ------
    AnalysisError
        If there is one group, or no event, or the groups are never at risk together.

    Examples
    --------
    >>> import tamoxres as tr
    >>> gbsg = tr.select(tr.load("gbsg"), endpoint="RFS", er="any", treatment="any")
    >>> print(logrank(gbsg, by="treatment"))
    Log-rank test: chi-square 8.56 on 1 df, P = 0.003
    """
    strata = one_or_more(strata)
    named = weight if isinstance(weight, str) else f"Fleming-Harrington {weight}"
    takes = SAMPLED if named == "logrank" else ()
    estimator = "The log-rank test" if takes else "A weighted log-rank test"
    known = complete_cases(analysis, strata, honours=takes, estimator=estimator) if strata else analysis
    groups = group_patients(known, by, honours=takes, estimator=estimator)
    if len(groups.levels) < 2:
        raise AnalysisError(f"{analysis}: all are {groups.levels[0]}; a log-rank test compares at least two groups.")
    if not (groups.event == 1).any():
        raise AnalysisError(f"{analysis}: no events, so hazards cannot be compared.")
    codes = stratum_codes(groups.analysis.frame, strata)
    sums = (
        logrank_sums(groups.months, groups.event, groups.codes, entry=groups.entry, strata=codes, weight=weight)
        if groups.weight is None else _robust_sums(groups, groups.weight, codes)
    )  # fmt: skip
    compared = np.flatnonzero(np.diag(sums.variance) > 0)
    if compared.size < 2:
        raise AnalysisError(
            f"{analysis}: the groups ({', '.join(groups.levels)}) are never at risk together at an event."
        )
    kept = compared[1:]
    difference = (sums.observed - sums.expected)[kept]
    statistic = float(difference @ np.linalg.solve(sums.variance[np.ix_(kept, kept)], difference))
    return LogRank(
        statistic=statistic, df=kept.size, p_value=float(chdtrc(kept.size, statistic)), groups=groups.levels,
        n=tuple(int(groups.rows(code).sum()) for code in range(len(groups.levels))), sums=sums,
        method=("Log-rank test" if named == "logrank" else f"Weighted log-rank test ({named})")
        + (", stratified" if strata else "") + (", sampling weights, robust" if groups.weight is not None else ""),
        endpoint=analysis.endpoint.code, population=analysis.population, strata=strata,
    )  # fmt: skip
