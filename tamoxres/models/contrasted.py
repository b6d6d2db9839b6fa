"""What an interaction compares: altered with unaltered, or the quartiles of a marker that enters as a number.

Conventions: a contrast of the model with treatment, marker and their product is a sum of coefficients, each times a
weight. Where the marker is a number the ratio and the marker's own hazard ratios are per unit of the model, and
treatment's hazard ratio is told at the number's upper and lower quartile in the patients of the model; the four groups
whose events are counted are then those above and up to its median, by treatment.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..analysis import TREATED, AnalysisSet
from ..analysis.uncut import VALUE
from ..cohort import ALTERED, UNALTERED
from ..errors import AnalysisError
from ..vocabulary import BoolArray, IntArray, MarkerLevel
from ..wording.levels import capital_level

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["PRODUCT", "Compared", "compared", "focus_of"]

PRODUCT = "treatment:marker"  # the term whose coefficient is the interaction

_QUARTILES: dict[MarkerLevel, float] = {"upper_quartile": 0.75, "lower_quartile": 0.25}


def focus_of(analysis: AnalysisSet) -> list[str]:
    """Return what a set lets one compare: treatment where it has both arms, the marker where it has one.

    Raises
    ------
    AnalysisError
        If it has neither.
    """
    focus = [*(["treatment"] if analysis.has_both_arms else []), *(["marker"] if analysis.marker else [])]
    if not focus:
        raise AnalysisError(f"{analysis}: neither a marker nor two arms, so there is nothing to compare.")
    return focus


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """The two levels of a marker at which treatment's hazard ratio is told.

    Attributes
    ----------
    analysis : AnalysisSet
        The patients of the model.
    levels : (str, str)
        `altered` and `unaltered`, or the upper and the lower quartile.
    at : (float, float)
        The marker there, as the model has it: 1 and 0, or numbers.
    names : (str, str)
        Of the groups whose events are counted, the lower (or unaltered) first.
    """

    analysis: AnalysisSet
    levels: tuple[MarkerLevel, MarkerLevel]
    at: tuple[float, float]
    names: tuple[str, str]

    @property
    def is_number(self) -> bool:
        """Whether the marker enters as a number."""
        return self.analysis.uncut is not None

    def upper(self, frame: pd.DataFrame) -> BoolArray:
        """Tell which rows are altered, or above the median of the number."""
        if not self.is_number:
            return np.asarray(frame["marker"].to_numpy() == ALTERED)
        return np.asarray(frame["marker"].to_numpy(float) > float(np.median(self.analysis.frame["marker"])))

    def groups(self, frame: pd.DataFrame) -> IntArray:
        """Number the four groups: unaltered (lower) untreated, its treated, altered (upper) untreated, its treated."""
        return np.asarray(2 * self.upper(frame) + (frame["treatment"].to_numpy() == TREATED), dtype=int)

    def of_marker(self) -> dict[str, Any]:
        """Return the fields of a row that is the marker's, or the ratio's."""
        return {"scale": "binary"} if self.analysis.uncut is None else self.analysis.uncut.fields()

    def of_treatment(self, level: MarkerLevel) -> dict[str, Any]:
        """Return the fields of a row that is treatment's at a level of the marker."""
        own: dict[str, Any] = {"scale": "binary", "marker_level": level}
        if self.analysis.uncut is not None:
            value = float(np.quantile(self.analysis.frame[VALUE].to_numpy(float), _QUARTILES[level]))
            own["remark"] = f"{capital_level(level)}: {value:.3g} {self.analysis.uncut.unit}".strip()
        return own


def compared(analysis: AnalysisSet) -> Compared:
    """Return what the interaction of a set compares."""
    if analysis.uncut is None:
        return Compared(analysis=analysis, levels=("altered", "unaltered"), at=(1.0, 0.0), names=(UNALTERED, ALTERED))
    at = np.quantile(analysis.frame["marker"].to_numpy(float), list(_QUARTILES.values()))
    return Compared(
        analysis=analysis, levels=("upper_quartile", "lower_quartile"), at=(float(at[0]), float(at[1])),
        names=("up to the median", "above the median"),
    )  # fmt: skip
