"""Differences in absolute risk at chosen times, with confidence intervals.

Conventions: risk is the cumulative incidence where deaths compete, else 1 - Kaplan-Meier; a difference is the later
group minus the first, on the probability scale, with a Wald interval from independent groups (variances of
`cmprsk::cuminc`, or Greenwood). A difference in survival is its negative.

References
----------
Altman DG, Andersen PK 1999, doi:10.1136/bmj.319.7223.1492. Klein JP et al. 2007, Stat Med 26:4505 (a fixed time point).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..analysis import AnalysisSet
from ..curves import Curve, Curves
from ..effects import EffectEstimate
from ..files.frames import holds_frames
from ..tables.cells import count_cell, number_cell
from ..tables.effects import EffectRows, difference_cells, rows_title
from ..tables.shown import ShowsEffects
from ..tables.table import Cell, Column, Row, Table
from ..vocabulary import one_or_more
from ..wording import number_with_interval, p_value
from .grouping import check_horizon, group_patients
from .incidence import cumulative_incidence
from .survival import kaplan_meier

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["RiskDifferences", "risk_curves", "risk_difference"]


@holds_frames("risks")
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RiskDifferences(ShowsEffects):
    """Risks by group and time, and the differences of the later groups from the first.

    Attributes
    ----------
    risks : DataFrame
        group, time, risk, se, n_risk.
    effects : EffectRows
        Measure RD, one a time and group after the first.
    """

    risks: pd.DataFrame
    effects: EffectRows

    def table(self) -> Table:
        """Return the risks as a table, each group's difference from the first beside it."""
        groups = list(dict.fromkeys(self.risks["group"]))
        rows = []
        for one in self.risks.sort_values("time", kind="stable").to_dict("records"):
            place = groups.index(one["group"]) - 1
            own = [row for row in self.effects if row.to_months == one["time"]][place] if place >= 0 else None
            counts = (number_cell(100 * one["risk"], 1), count_cell(int(one["n_risk"])))
            rows.append(Row((Cell(f"{one['time']:g}"), Cell(one["group"]), *counts, *difference_cells(own))))
        return Table(
            title=f"Risk: {rows_title(self.effects)}",
            columns=(
                Column("Months"), Column("Group"), Column("Risk, %", "number"), Column("At risk", "count"),
                Column("RD (95% CI)", "number"), Column("P", "p"),
            ),
            rows=tuple(rows), footnotes=tuple(sentence for row in self.effects for sentence in row.sentences),
        )  # fmt: skip

    def __str__(self) -> str:
        return "\n".join(
            f"{row.term}: {number_with_interval(row.difference, *row.ci(), decimals=3)}, "
            f"{p_value(row.p_value, label=True)}"
            for row in self.effects
        )


def risk_curves(analysis: AnalysisSet, by: str | None = "marker") -> Curves:
    """Return the curves that risks are read from: incidence where deaths compete, else Kaplan-Meier."""
    if analysis.endpoint.competing:
        return cumulative_incidence(analysis, by=by)
    return kaplan_meier(analysis, by=by)


def risk_difference(
    analysis: AnalysisSet, *, times: float | Sequence[float] = (120.0,), by: str = "marker"
) -> RiskDifferences:
    """Estimate the difference in risk of the endpoint at chosen times.

    Parameters
    ----------
    analysis : AnalysisSet
    times : float or sequence of float, months
        Within the follow-up of every group.
    by : str
        `marker` (the treatment where no marker was asked for), `treatment` or a covariate.

    Returns
    -------
    RiskDifferences

    Raises
    ------
    AnalysisError
        If a time lies beyond a group's follow-up.

    Examples
    --------
    >>> import tamoxres as tr
    >>> her2 = tr.select(tr.call(tr.load("metabric"), "HER2"), marker="HER2", endpoint="BCSS")
    >>> print(risk_difference(her2, times=120))
    risk difference at 120 months: 0.127 (0.054-0.200), P < 0.001
    """
    times = one_or_more(times)
    groups = group_patients(analysis, by, estimator="The risk difference", absolute=True)
    for time in times:
        check_horizon(groups, time)
    own = [c for c in risk_curves(groups.analysis, groups.by) if c.cause in ("", analysis.endpoint.code)]
    model = "aalen_johansen" if analysis.endpoint.competing else "kaplan_meier"
    effects = EffectRows(
        _difference(own[0], own[code], float(time), groups.describe(code) | {"model": model, "to_months": float(time)})
        for time in times
        for code in range(1, len(own))
    )
    return RiskDifferences(risks=_risks(own, times), effects=effects)


def _at(curve: Curve, time: float) -> tuple[float, float]:
    """Return the risk and its standard error; 0 for the error of a survival curve that has come to 0."""
    value, se = float(curve.step("estimate", [time])[0]), float(curve.step("se", [time])[0])
    return (1 - value if curve.kind == "survival" else value), 0.0 if np.isnan(se) else se


def _risks(curves: list[Curve], times: Sequence[float]) -> pd.DataFrame:
    import pandas as pd

    rows = [(c.group, time, *_at(c, time), int(c.at_risk([time])[0])) for c in curves for time in times]
    return pd.DataFrame(rows, columns=["group", "time", "risk", "se", "n_risk"])


def _difference(first: Curve, other: Curve, time: float, row: dict[str, Any]) -> EffectEstimate:
    (risk_0, se_0), (risk_1, se_1) = _at(first, time), _at(other, time)
    se = float(np.hypot(se_0, se_1))
    estimated = {"difference": risk_1 - risk_0, "se": se}
    missing = {"status": "not_estimable", "flags": (*row["flags"], "no_events_by_horizon")}
    return EffectEstimate(
        **(row | (estimated if se > 0 else missing)), measure="RD", term=f"risk difference at {time:g} months"
    )
