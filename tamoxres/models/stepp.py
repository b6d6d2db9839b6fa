"""STEPP: treatment's hazard ratio in overlapping windows of a continuous marker, with a permutation test.

Conventions: patients in ascending order of the marker; a window holds at least `size` patients and shares at least
`overlap` of them with the next, where equal values, which are never parted, allow it. The log hazard ratio of a window
is the log-rank's (O - E)/V. The statistic is the largest departure of a window from the whole, in permutation standard
deviations; under permutation the marker changes hands within each arm, so that times, events and treatment stay.

References
----------
Bonetti M, Gelber RD 2000, Stat Med 19:2595; 2004, Biostatistics 5:465. Bonetti M, Zahrieh D, Cole BF, Gelber RD
2009, Stat Med 28:1255 (permutation).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..analysis import TREATED, AnalysisSet
from ..analysis.design import complete_cases
from ..analysis.exposure import refuse_absolute
from ..analysis.follow_up import delayed_entry
from ..errors import AnalysisError, QuestionError
from ..tables.cells import interval_cell, number_cell
from ..tables.shown import ShowsTable
from ..tables.table import Cell, Column, Row, Table
from ..vocabulary import BoolArray, FloatArray
from ..wording import count, p_value

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Stepp", "stepp", "window_log_ratios", "windows"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stepp(ShowsTable):
    """Treatment's hazard ratio in windows of the marker.

    Attributes
    ----------
    column : str
    label, endpoint : str
    edges : array of float, shape (k, 2)
        Least and greatest value of each window.
    middle : array of float, shape (k,)
        Median value of each window.
    patients : tuple of int
    log_hr, se : array of float, shape (k,)
        (O - E)/V and 1/sqrt(V) of the log-rank.
    overall : float
        Log hazard ratio of all patients.
    statistic, p_value : float
        Largest standardised departure of a window from all patients, and its permutation P.
    permutations : int
    """

    column: str
    label: str
    endpoint: str
    edges: FloatArray
    middle: FloatArray
    patients: tuple[int, ...]
    log_hr: FloatArray
    se: FloatArray
    overall: float
    statistic: float
    p_value: float
    permutations: int

    def curve(self) -> pd.DataFrame:
        """Tabulate the windows: value (median), hr, ci_low, ci_high (pointwise, 95%), log_hr, se."""
        import pandas as pd

        z = 1.959963984540054
        return pd.DataFrame(
            {
                "value": self.middle, "hr": np.exp(self.log_hr), "ci_low": np.exp(self.log_hr - z * self.se),
                "ci_high": np.exp(self.log_hr + z * self.se), "log_hr": self.log_hr, "se": self.se,
            }
        )  # fmt: skip

    def table(self) -> Table:
        """Return the windows as a table, the permutation test below."""
        at = self.curve()
        ratios = zip(at["hr"], at["ci_low"], at["ci_high"], strict=True)
        rows = [
            Row((Cell(f"{low:g} to {high:g}"), number_cell(float(middle)), Cell(count(n)), interval_cell(one)))
            for (low, high), middle, n, one in zip(self.edges, self.middle, self.patients, ratios, strict=True)
        ]
        return Table(
            title=f"HR of treatment in windows of {self.column}: {self.label}, {self.endpoint}",
            columns=(
                Column("Window"), Column("Median", "number"), Column("N", "number"), Column("HR (95% CI)", "ratio"),
            ),
            rows=tuple(rows), footnotes=(f"{self}.",),
        )  # fmt: skip

    def __str__(self) -> str:
        return (
            f"STEPP of {self.column} in {len(self.middle)} windows: largest departure {self.statistic:.2f}, "
            f"{p_value(self.p_value, label=True)} ({count(self.permutations)} permutations)"
        )


def windows(values: FloatArray, size: int, overlap: int) -> list[tuple[float, float]]:
    """Return the least and greatest value of each window, in ascending order.

    Parameters
    ----------
    values : array of float, shape (n,)
    size, overlap : int
        Least number of patients of a window, and of those it shares with the next.

    Examples
    --------
    >>> windows(np.arange(10.0), 4, 2)
    [(0.0, 3.0), (2.0, 5.0), (4.0, 7.0), (6.0, 9.0)]
    """
    distinct, counts = np.unique(values, return_counts=True)
    below = np.concatenate([[0], np.cumsum(counts)])
    out: list[tuple[float, float]] = []
    first = 0
    while True:
        last = int(np.searchsorted(below, below[first] + size)) - 1
        if last >= distinct.size - 1 or below[-1] - below[last + 1] < size - overlap:
            out.append((float(distinct[first]), float(distinct[-1])))
            return out
        out.append((float(distinct[first]), float(distinct[last])))
        following = int(np.searchsorted(below, below[last + 1] - overlap, side="right")) - 1
        first = max(following, first + 1)


def window_log_ratios(
    time: FloatArray, event: BoolArray, arm: BoolArray, inside: BoolArray
) -> tuple[FloatArray, FloatArray]:
    """Return the log-rank's (O - E)/V and V of treatment in each window.

    Parameters
    ----------
    time : array of float, shape (n,)
        In ascending order.
    event, arm : array of bool, shape (n,)
        Whether the event was seen; whether treated.
    inside : array of bool, shape (n, k)
        Who is in which window.
    """
    first = np.searchsorted(time, np.unique(time[event]))
    group = np.searchsorted(time[first], time[event])
    at_risk, treated = (np.cumsum(part[::-1], axis=0)[::-1][first] for part in (inside * 1.0, inside & arm[:, None]))
    deaths, own = np.zeros(at_risk.shape), np.zeros(at_risk.shape)
    np.add.at(deaths, group, inside[event])
    np.add.at(own, group, (inside & arm[:, None])[event])
    share = np.divide(treated, at_risk, out=np.zeros_like(deaths), where=at_risk > 0)
    ties = np.divide(at_risk - deaths, at_risk - 1, out=np.zeros_like(deaths), where=at_risk > 1)
    variance = (deaths * share * (1 - share) * ties).sum(axis=0)
    score = (own - deaths * share).sum(axis=0)
    return np.divide(score, variance, out=np.full(score.shape, np.nan), where=variance > 0), variance


def stepp(
    analysis: AnalysisSet, column: str, *, size: int = 150, overlap: int = 100, permutations: int = 1000, seed: int = 1
) -> Stepp:
    """Estimate treatment's hazard ratio in overlapping windows of a continuous marker, and test that it changes.

    Parameters
    ----------
    analysis : AnalysisSet
        Selected with `treatment="any"`.
    column : str
        The marker, a number.
    size, overlap : int
        Patients of a window, and those it shares with the next, at least.
    permutations, seed : int

    Returns
    -------
    Stepp

    Raises
    ------
    QuestionError
        If the column is no number.
    AnalysisError
        If there are fewer than two windows, or one without events in it or with one arm alone.

    Examples
    --------
    >>> import tamoxres as tr
    >>> gbsg = tr.select(tr.load("gbsg"), endpoint="RFS", er="any", treatment="any")
    >>> len(stepp(gbsg, "age", permutations=50).middle)
    11
    """
    complete = complete_cases(analysis, ["treatment", column], estimator="STEPP")
    refuse_absolute(complete, "STEPP")
    frame = complete.frame
    if frame[column].dtype.kind not in "fiu":
        raise QuestionError(f"{column} holds levels; windows need a number.")
    if delayed_entry(frame) is not None or not 0 < overlap < size:
        raise AnalysisError("STEPP takes no delayed entry, and windows that overlap by less than their size.")
    frame = frame.sort_values("months", kind="stable")
    time, event = frame["months"].to_numpy(float), (frame["event"] == 1).to_numpy()
    arm, values = (frame["treatment"] == TREATED).to_numpy(), frame[column].to_numpy(float)
    edges = np.array(windows(values, size, overlap))
    if len(edges) < 2:
        raise AnalysisError(f"{len(values):,} patients make one window of {size:,}.", mend="Use smaller windows.")
    everyone = np.ones((len(values), 1), dtype=bool)
    inside = _members(values, edges)
    log_hr, variance = window_log_ratios(time, event, arm, inside)
    overall = float(window_log_ratios(time, event, arm, everyone)[0][0])
    if not (variance > 0).all():
        low, high = edges[int(np.argmin(variance))]
        raise AnalysisError(f"The window {low:g} to {high:g} holds no contrast.", mend="Use larger windows.")
    statistic, p = _permuted((time, event, arm), values, edges, log_hr - overall, (permutations, seed))
    return Stepp(
        column=column, label=complete.cohort.title, endpoint=complete.endpoint.code, edges=edges,
        middle=np.array([np.median(values[own]) for own in inside.T]), patients=tuple(map(int, inside.sum(axis=0))),
        log_hr=log_hr, se=1 / np.sqrt(variance), overall=overall, statistic=statistic, p_value=p,
        permutations=permutations,
    )  # fmt: skip


def _members(values: FloatArray, edges: FloatArray) -> BoolArray:
    return np.asarray((values[:, None] >= edges[:, 0]) & (values[:, None] <= edges[:, 1]))


def _permuted(
    follow_up: tuple[FloatArray, BoolArray, BoolArray],
    values: FloatArray,
    edges: FloatArray,
    away: FloatArray,
    draws: Sequence[int],
) -> tuple[float, float]:
    """Return the largest departure in permutation standard deviations, and its P."""
    time, event, arm = follow_up
    everyone = np.ones((len(values), 1), dtype=bool)
    overall = float(window_log_ratios(time, event, arm, everyone)[0][0])
    draw = np.random.default_rng(draws[1])
    found = np.empty((draws[0], len(edges)))
    for row in found:
        moved = values.copy()
        for own in (arm, ~arm):
            moved[own] = draw.permutation(values[own])
        row[:] = window_log_ratios(time, event, arm, _members(moved, edges))[0] - overall
    spread = np.nanstd(found, axis=0, ddof=1)
    statistic = float(np.abs(away / spread).max())
    reached = np.nanmax(np.abs(found / spread), axis=1) >= statistic
    return statistic, float((1 + reached.sum()) / (1 + draws[0]))
