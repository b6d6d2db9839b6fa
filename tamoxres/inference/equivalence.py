"""Equivalence: is an effect so near none that it does not matter? Two one-sided tests within a margin.

Conventions: the margin is on the reader's scale (a ratio, or a difference), chosen beforehand and justified; the
effect is equivalent when its 1 - 2 alpha interval (90 %) lies within the margin. It answers for the row's estimand
alone: a prognostic hazard ratio within a margin says nothing of resistance, which is the interaction. 0.80-1.25 is a
convention of bioequivalence, not of oncology. A large P of a test of no effect is not equivalence.

References
----------
Schuirmann DJ 1987, J Pharmacokinet Biopharm 15:657. Altman DG, Bland JM 1995, doi:10.1136/bmj.311.7003.485.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy.special import ndtr, stdtr

from ..effects import EffectEstimate
from ..errors import AnalysisError
from ..tables.cells import p_cell
from ..tables.shown import ShowsTable
from ..tables.table import Cell, Column, Row, Table
from ..wording import interval, number, p_value, ratio, ratio_limits

__all__ = ["Equivalence", "equivalence"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Equivalence(ShowsTable):
    """Two one-sided tests of one effect.

    Attributes
    ----------
    equivalent : bool
    p_value : float
        The larger of the two one-sided P values.
    p_low, p_high : float
        Of the tests against the lower and the upper margin.
    ci_low, ci_high : float
        The 1 - 2 alpha interval, on the reader's scale.
    margin : (float, float)
    alpha : float
    estimand : str
    effect_id : str
        Row id of the effect.
    """

    equivalent: bool
    p_value: float
    p_low: float
    p_high: float
    ci_low: float
    ci_high: float
    margin: tuple[float, float]
    alpha: float
    estimand: str
    effect_id: str
    is_ratio: bool = True

    def __str__(self) -> str:
        write = ratio if self.is_ratio else number
        limits = interval(write(self.ci_low), write(self.ci_high))
        if self.is_ratio:
            limits = ratio_limits(math.sqrt(self.ci_low * self.ci_high), self.ci_low, self.ci_high)
        margin = f"{write(self.margin[0])} to {write(self.margin[1])}"
        where = "lies within" if self.equivalent else "does not lie within"
        what = f"the {self.estimand.replace('_', ' ')}" if self.estimand else "the effect"
        return (
            f"{100 * (1 - 2 * self.alpha):.0f}% interval of {what} {limits} {where} the margin {margin} "
            f"(two one-sided tests, {p_value(self.p_value, label=True)})"
        )

    def table(self) -> Table:
        """Return the two tests as a table, with the interval against its margin below."""
        write = ratio if self.is_ratio else number
        rows = [
            Row((Cell(f"{side} {write(bound)}"), p_cell(p, self.effect_id)))
            for side, bound, p in zip(("above", "below"), self.margin, (self.p_low, self.p_high), strict=True)
        ]
        return Table(
            title="Equivalence, two one-sided tests", columns=(Column("Effect"), Column("P (one-sided)", "p")),
            rows=tuple(rows), footnotes=(f"{str(self)[:1].upper()}{str(self)[1:]}.",),
        )  # fmt: skip


def equivalence(
    effect: EffectEstimate, *, margin: tuple[float, float] = (0.80, 1.25), alpha: float = 0.05
) -> Equivalence:
    """Test whether an effect lies within a margin.

    Parameters
    ----------
    effect : EffectEstimate
    margin : (low, high)
        Around no effect: around 1 for a ratio, around 0 for a difference.
    alpha : float
        Level of each one-sided test.

    Raises
    ------
    AnalysisError
        If the effect was not estimated, or the margin does not hold the value of no effect.

    Examples
    --------
    >>> row = EffectEstimate(study="a", log_estimate=0.0, se=0.1, estimand="interaction")
    >>> print(equivalence(row))
    90% interval of the interaction (0.85-1.18) lies within the margin 0.80 to 1.25 (two one-sided tests, P = 0.013)
    """
    if effect.point is None or effect.se is None or effect.status != "estimated":
        raise AnalysisError(f"{effect.label}: equivalence needs an estimated effect; this one is {effect.status}.")
    low, high = margin
    if not low < effect.null < high or (effect.is_ratio and low <= 0):
        raise AnalysisError(
            f"The margin {low:g} to {high:g} does not lie around {effect.null:g}, the {effect.measure} of no effect."
        )
    if not 0 < alpha < 0.5:
        raise AnalysisError(f"alpha is {alpha:g}; it lies between 0 and 0.5, as 0.05.")
    bounds = (math.log(low), math.log(high)) if effect.is_ratio else (low, high)
    p_low = _upper_tail((effect.point - bounds[0]) / effect.se, effect.df)
    p_high = _upper_tail((bounds[1] - effect.point) / effect.se, effect.df)
    ci_low, ci_high = effect.ci(1 - 2 * alpha)
    return Equivalence(
        equivalent=max(p_low, p_high) < alpha, p_value=max(p_low, p_high), p_low=p_low, p_high=p_high, ci_low=ci_low,
        ci_high=ci_high, margin=(low, high), alpha=alpha, estimand=effect.estimand, effect_id=effect.row_id,
        is_ratio=effect.is_ratio,
    )  # fmt: skip


def _upper_tail(statistic: float, df: float | None) -> float:
    return float(ndtr(-statistic) if df is None else stdtr(df, -statistic))
