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
from .grouping import check_horizon, group_patients
from .incidence import cumulative_incidence
from .survival import kaplan_meier

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["RiskDifferences", "risk_curves", "risk_difference"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RiskDifferences:
    """Risks by group and time, and the differences of the later groups from the first.

    Attributes
    ----------
    risks : DataFrame
        group, time, risk, se, n_risk.
    effects : tuple of EffectEstimate
        Measure RD, one a time and group after the first.
    """

    risks: pd.DataFrame
    effects: tuple[EffectEstimate, ...]

    @property
    def effect(self) -> EffectEstimate:
        """The first difference: the earliest time asked for, the second group."""
        return self.effects[0]

    def __str__(self) -> str:
        return "\n".join(f"{row.term}: {row.difference:+.3f} (SE {row.se:.3f})" for row in self.effects if row.se)


def risk_curves(analysis: AnalysisSet, by: str | None = "marker") -> Curves:
    """Return the curves that risks are read from: incidence where deaths compete, else Kaplan-Meier."""
    if analysis.endpoint.competing:
        return cumulative_incidence(analysis, by=by)
    return kaplan_meier(analysis, by=by)


def risk_difference(analysis: AnalysisSet, *, times: Sequence[float] = (120.0,), by: str = "marker") -> RiskDifferences:
    """Estimate the difference in risk of the endpoint at chosen times.

    Parameters
    ----------
    analysis : AnalysisSet
    times : sequence of float, months
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
    >>> print(risk_difference(her2, times=[120]))
    risk difference at 120 months: +0.127 (SE 0.037)
    """
    groups = group_patients(analysis, by, estimator="The risk difference", absolute=True)
    for time in times:
        check_horizon(groups, time)
    own = [c for c in risk_curves(groups.analysis, groups.by) if c.cause in ("", analysis.endpoint.code)]
    model = "aalen_johansen" if analysis.endpoint.competing else "kaplan_meier"
    effects = [
        _difference(own[0], own[code], float(time), groups.describe(code) | {"model": model, "to_months": float(time)})
        for time in times
        for code in range(1, len(own))
    ]
    return RiskDifferences(risks=_risks(own, times), effects=tuple(effects))


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
