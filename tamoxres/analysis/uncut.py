"""A marker that enters as a number: per unit of its measure, per standard deviation, or per doubling of the amount.

Conventions: the level is taken as measured, higher values being higher levels, whichever side a rule calls altered.
One unit of the model is one unit of the measure, one standard deviation (n - 1, of the patients selected, before those
with an unknown covariate leave, so that crude and adjusted effects have one unit), or one doubling: 1 on a log2 scale,
log10(2) or ln(2) on those, and the log2 of an amount. A doubling of a value that is 0 or below, or of one that is no
amount and no known logarithm of one (a z-score), does not exist and is refused.

References
----------
Royston P, Altman DG, Sauerbrei W 2006, doi:10.1002/sim.2331 (why not to cut).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..cohort import NOT_ASSAYED, Level, MarkerCall
from ..errors import AnalysisError, QuestionError
from ..vocabulary import FloatArray, UncutScale
from ..wording import count
from ..wording.rows import per_words

if TYPE_CHECKING:
    from .sets import AnalysisSet

__all__ = ["VALUE", "Uncut", "enter_uncut", "in_units", "own_value", "refuse_uncut"]

VALUE = "marker_value"
"""Column of an uncut marker's level as it was measured, beside `marker`, which holds it in units of the model."""
_DOUBLING = {"log2": 1.0, "log10": math.log10(2), "ln": math.log(2)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Uncut:
    """How a marker enters as a number.

    Attributes
    ----------
    scale : "per_unit" | "per_sd" | "per_doubling"
    name : str
        What was measured, such as `ERBB2 mRNA`.
    unit : str
        Of the measure.
    size : float
        How much of the measure (of its log2, for a doubling of an amount) is one unit of the model.
    """

    scale: UncutScale
    name: str
    unit: str
    size: float = 1.0

    def fields(self) -> dict[str, Any]:
        """Return what a row says of it: scale, its unit, and what was measured."""
        unit = {"per_unit": self.unit, "per_sd": f"{self.size:.3g} {self.unit}".strip(), "per_doubling": ""}[self.scale]
        return {"scale": self.scale, "scale_unit": unit, "variable": self.name}

    def __str__(self) -> str:
        own = self.fields()
        return per_words(self.scale, own["scale_unit"], self.name)


def enter_uncut(chosen: AnalysisSet, called: MarkerCall, scale: UncutScale) -> AnalysisSet:
    """Return the patients in whom a marker's level was measured, with the level in the place of its status.

    Raises
    ------
    QuestionError
        If the rule reads no number, or a doubling of it is not defined.
    """
    if called.measured is None:
        raise QuestionError(
            f"{called.marker} by {called.rule} is a status, not a number, in {chosen.cohort.name}. "
            "Ask by a rule on mRNA or protein, or leave the scale out."
        )
    level = called.measured()
    numbers = level.values.reindex(chosen.frame.index)
    keep = numbers.notna().to_numpy()
    absent = int((chosen.frame["marker"][~keep] == NOT_ASSAYED).sum())
    told = (("not assayed", absent), ("unknown", int((~keep).sum()) - absent))
    why = ", ".join(f"{called.marker} {what} {count(n)}" for what, n in told if n)
    out = chosen.without(keep, name=f"{level.name} measured ({called.rule})", why=why)
    values = numbers[keep].to_numpy(float)
    entered = _doublings(values, level, called) if scale == "per_doubling" else values
    uncut = Uncut(scale=scale, name=level.name, unit=level.unit)
    return replace(out, frame=out.frame.assign(marker=entered, **{VALUE: values}), uncut=uncut, cut="")


def in_units(chosen: AnalysisSet) -> AnalysisSet:
    """Bring an uncut marker to standard deviations of the patients selected, where it was asked so."""
    if chosen.uncut is None or chosen.uncut.scale != "per_sd" or chosen.n < 2:
        return chosen
    values = chosen.frame["marker"].to_numpy(float)
    sd = float(values.std(ddof=1)) or 1.0
    return replace(chosen, frame=chosen.frame.assign(marker=values / sd), uncut=replace(chosen.uncut, size=sd))


def refuse_uncut(analysis: AnalysisSet, estimator: str) -> None:
    """Refuse an estimator that compares a marker's levels where the marker enters as a number.

    Raises
    ------
    AnalysisError
        Naming the estimator and what can be done.
    """
    if analysis.uncut is not None:
        raise AnalysisError(
            f"{estimator} compares altered with unaltered, and {analysis.uncut.name} enters as a number here.",
            mend="Select without scale, or cut it: tr.dichotomise(analysis, 'marker').",
        )


def own_value(analysis: AnalysisSet, column: str) -> str:
    """Return the column of a number: the one that is named, else that of a marker that enters as a number.

    Raises
    ------
    QuestionError
        If none is named and the marker is no number.
    """
    if column and not (column == "marker" and analysis.uncut is not None):
        return column
    if analysis.uncut is None:
        raise QuestionError("Name the column of a number, or select the marker with a scale, such as scale='per_sd'.")
    return VALUE


def _doublings(values: FloatArray, level: Level, called: MarkerCall) -> FloatArray:
    """Return values so that 1 is a doubling of the amount that was measured."""
    if level.log in _DOUBLING:
        return values / _DOUBLING[level.log]
    if level.log != "none":
        raise QuestionError(
            f"{level.name} is in {level.unit or 'an unnamed unit'}: which logarithm of an amount that is is not told, "
            f'so that a doubling is not defined. In a mapping say log = "none" (an amount), "log2", "log10" or '
            f'"ln" of [markers.{called.marker}], or ask per SD.'
        )
    if (low := values <= 0).any():
        raise QuestionError(
            f"{level.name} is 0 or below in {count(int(low.sum()))} patients (least {values.min():g}), and such a "
            "value has no doubling. Ask per SD or per unit."
        )
    return np.asarray(np.log2(values))
