"""E-value: how strong unmeasured confounding would have to be to explain an effect of treatment away.

Conventions: for effects of treatment and their ratios only. A hazard ratio of a common outcome is first turned into an
approximate risk ratio, (1 - 0.5^sqrt(HR)) / (1 - 0.5^sqrt(1/HR)); an odds ratio of a common outcome into its square
root. The E-value of a risk ratio above 1 is RR + sqrt(RR (RR - 1)); one below 1 is inverted first. That of the limit
nearer 1 is 1 when the interval holds 1. A ratio of hazard ratios R has two: E(R), for confounding in one marker level
alone, and E(sqrt R), for confounding of opposite direction in both; R is taken as it stands, as its risk ratio would
need the risks of four groups.

References
----------
VanderWeele TJ, Ding P 2017, doi:10.7326/M16-2607.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..effects import EffectEstimate
from ..errors import AnalysisError
from ..tables.cells import number_cell
from ..tables.shown import ShowsTable
from ..tables.table import Cell, Column, Row, Table

__all__ = ["EValue", "approximate_risk_ratio", "e_value"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EValue(ShowsTable):
    """E-values of an estimate and of its confidence limit nearer 1, on the risk-ratio scale.

    Attributes
    ----------
    point, limit : float
        Of a treatment effect; of a ratio of hazard ratios, where treatment is confounded in one marker level alone.
    point_opposite, limit_opposite : float or None
        Of a ratio of hazard ratios, where treatment is confounded in opposite directions in both marker levels.
    """

    point: float
    limit: float
    point_opposite: float | None = None
    limit_opposite: float | None = None

    def __str__(self) -> str:
        if self.point_opposite is None or self.limit_opposite is None:
            return (
                f"an unmeasured confounder tied to treatment and outcome by risk ratios of {self.point:.2f} each could "
                f"explain the estimate away; {self.limit:.2f} would move its interval to 1"
            )
        return (
            f"an unmeasured confounder tied to treatment and outcome by risk ratios of {self.point:.2f} each in one "
            f"marker level, or of {self.point_opposite:.2f} each in opposite directions in both, could explain the "
            f"interaction away; {self.limit:.2f} or {self.limit_opposite:.2f} would move its interval to 1"
        )

    def table(self) -> Table:
        """Return both E-values as a table."""
        rows = (("estimate", self.point), ("limit nearer 1", self.limit))
        return Table(
            title="E-values", columns=(Column("Of the"), Column("E-value", "number")),
            rows=tuple(Row((Cell(of), number_cell(value))) for of, value in rows),
            footnotes=(f"{str(self)[:1].upper()}{str(self)[1:]}.",),
        )  # fmt: skip


def approximate_risk_ratio(value: float, measure: str, *, common: bool = True) -> float:
    """Turn a hazard, odds or risk ratio into an approximate risk ratio.

    Parameters
    ----------
    value : float
    measure : "HR" | "sHR" | "OR" | "RR"
    common : bool
        Whether the outcome is common (more than 15 % by the end of follow-up).
    """
    if not common or measure == "RR":
        return value
    if measure == "OR":
        return math.sqrt(value)
    return float((1 - 0.5 ** math.sqrt(value)) / (1 - 0.5 ** math.sqrt(1 / value)))


def e_value(effect: EffectEstimate, *, common: bool = True) -> EValue:
    """Compute the E-values of a treatment effect or of a marker x treatment interaction.

    Parameters
    ----------
    effect : EffectEstimate
        An estimated ratio of the estimand `treatment_effect` or `interaction`.
    common : bool
        Whether the outcome is common (more than 15 % by the end of follow-up), as relapse and death are here; a ratio
        of hazard ratios is taken as it stands.

    Returns
    -------
    EValue

    Raises
    ------
    AnalysisError
        If the effect is not an estimated treatment effect or interaction on a ratio scale.

    Examples
    --------
    >>> row = EffectEstimate.from_ci(1.51638, 1.18431, 1.94155, study="a", estimand="treatment_effect")
    >>> e_value(row).point.__round__(5)
    2.00096
    >>> ratio = e_value(EffectEstimate.from_ci(2.06, 1.3, 3.27, study="a", estimand="interaction"))
    >>> round(ratio.point, 2), round(ratio.point_opposite, 2)
    (3.54, 2.23)
    """
    if effect.estimand not in ("treatment_effect", "interaction"):
        raise AnalysisError(
            f"An E-value speaks of a treatment effect or an interaction; this row's estimand is "
            f"{effect.estimand or 'not named'}."
        )
    if not effect.is_ratio or effect.estimate is None:
        raise AnalysisError(f"An E-value needs an estimated ratio; this row is {effect.measure}, {effect.status}.")
    low, high = effect.ci()
    nearer = low if effect.estimate > 1 else high
    crossed = low <= 1 <= high
    if effect.estimand == "interaction":
        nearer = 1.0 if crossed else nearer
        return EValue(
            point=_of(effect.estimate), limit=_of(nearer), point_opposite=_of(math.sqrt(effect.estimate)),
            limit_opposite=_of(math.sqrt(nearer)),
        )  # fmt: skip
    return EValue(
        point=_of(approximate_risk_ratio(effect.estimate, effect.measure, common=common)),
        limit=1.0 if crossed else _of(approximate_risk_ratio(nearer, effect.measure, common=common)),
    )


def _of(risk_ratio: float) -> float:
    above = max(risk_ratio, 1 / risk_ratio)
    return above + math.sqrt(above * (above - 1))
