"""The number needed to treat, from a risk difference, with an interval that goes through infinity where it must.

Conventions: benefit is a risk difference below 0 (treated less untreated): the number needed to treat for one more
patient to benefit (NNTB) is -1/RD, to be harmed (NNTH) 1/RD. Where the interval of the risk difference holds 0 the two
join at infinity: NNTB 12 to infinity to NNTH 40 (Altman 1998). By marker it is given only where treatment was
randomised and the certainty of a modification is moderate or high; anywhere else one number for all patients is what
the data bear.

References
----------
Altman DG 1998, doi:10.1136/bmj.317.7168.1309. Cook RJ, Sackett DL 1995, BMJ 310:452.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from ..effects import EffectEstimate
from ..errors import AnalysisError
from ..tables.shown import ShowsTable
from ..tables.table import Cell, Column, Row, Table
from ..wording import number
from ..wording.codes import SENTENCES

__all__ = ["NumberNeeded", "number_needed_to_treat"]

Certain = Literal["high", "moderate", "low", "very low", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberNeeded(ShowsTable):
    """The number needed to treat of one risk difference.

    Attributes
    ----------
    row : EffectEstimate
        The risk difference.
    estimate : float
        Patients; infinity where the risk difference is 0.
    benefit : bool
        Whether the estimate is that of a benefit.
    ci_low, ci_high : float
        The two ends of the interval, as patients; their sides by `low_benefit`, `high_benefit`.
    low_benefit, high_benefit : bool
        Whether each end is a benefit; where they differ the interval goes through infinity.
    """

    row: EffectEstimate
    estimate: float
    benefit: bool
    ci_low: float
    ci_high: float
    low_benefit: bool
    high_benefit: bool

    @property
    def through_infinity(self) -> bool:
        """Whether the interval holds infinity: neither benefit nor harm is shown."""
        return self.low_benefit != self.high_benefit

    def table(self) -> Table:
        """Return the number as a table of one line."""
        months = "" if self.row.to_months is None else f"{self.row.to_months:g}"
        return Table(
            title=f"Number needed to treat: {self.row.label}",
            columns=(Column("Months"), Column("Number needed to treat (95% CI)")),
            rows=(Row((Cell(months), Cell(str(self)))),), footnotes=(SENTENCES["not_for_decisions"],),
        )  # fmt: skip

    def __str__(self) -> str:
        joint = " to infinity to " if self.through_infinity else " to "
        ends = joint.join((_words(self.ci_low, self.low_benefit), _words(self.ci_high, self.high_benefit)))
        return f"{_words(self.estimate, self.benefit)} ({ends})"


def _words(patients: float, benefit: bool) -> str:
    side = "NNTB" if benefit else "NNTH"
    return f"{side} {'infinity' if math.isinf(patients) else number(patients, 0 if patients >= 10 else 1)}"


def number_needed_to_treat(row: EffectEstimate, *, certainty: Certain | None = None) -> NumberNeeded:
    """Turn a risk difference of treatment into the number needed to treat.

    Parameters
    ----------
    row : EffectEstimate
        Of measure RD, a treatment effect: treated less untreated.
    certainty : "high" | "moderate" | "low" | "very low" | "none", optional
        That treatment's effect is modified by the marker (`tr.certainty`); needed for a row of one marker level.

    Returns
    -------
    NumberNeeded

    Raises
    ------
    AnalysisError
        If the row is no estimated risk difference of treatment, or stands in one marker level without a randomised
        comparison and at least moderate certainty.

    Examples
    --------
    >>> row = EffectEstimate(study="a", measure="RD", difference=-0.08, se=0.05, estimand="treatment_effect")
    >>> print(number_needed_to_treat(row))
    NNTB 12 (NNTB 5.6 to infinity to NNTH 56)
    """
    if row.measure != "RD" or row.status != "estimated" or row.difference is None:
        raise AnalysisError(f"A number needed to treat needs an estimated risk difference (RD); found {row.measure}.")
    if row.estimand != "treatment_effect":
        raise AnalysisError("A number needed to treat needs a risk difference of treatment: treated less untreated.")
    if row.marker_level and not (row.design == "randomised" and certainty in ("high", "moderate")):
        raise AnalysisError(
            f"A number needed to treat by marker ({row.marker} {row.marker_level}) takes randomised treatment and at "
            f"least moderate certainty of a modification; here {row.design or 'the design is not told'}, certainty "
            f"{certainty or 'not told'}.",
            mend="Give the number for all patients together.",
        )
    low, high = row.ci(0.95)
    return NumberNeeded(
        row=row, estimate=_patients(row.difference), benefit=row.difference < 0, ci_low=_patients(low),
        ci_high=_patients(high), low_benefit=low < 0, high_benefit=high < 0,
    )  # fmt: skip


def _patients(difference: float) -> float:
    return math.inf if difference == 0 else 1 / abs(difference)
