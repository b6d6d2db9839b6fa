"""The interaction of marker and treatment asked anew of those who came to each of several landmarks.

Conventions: as in `landmark` and `interaction`; the rows share patients and are no independent findings.

References
----------
Anderson JR, Cain KC, Gelber RD 1983, J Clin Oncol 1:710. van Houwelingen HC 2007, doi:10.1111/j.1467-9469.2006.00529.x.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..analysis import AnalysisSet
from ..analysis.landmark import landmark
from ..effects import EffectEstimate
from ..errors import AnalysisError, NobodyLeft
from ..tables.cells import count_cell, effect_cell, p_cell
from ..tables.effects import EffectRows, rows_title
from ..tables.shown import ShowsEffects
from ..tables.table import Cell, Column, Row, Table
from ..vocabulary import one_or_more
from .contrasted import PRODUCT
from .interaction import one_interaction

__all__ = ["LandmarkSeries", "landmark_series"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LandmarkSeries(ShowsEffects):
    """The interaction asked anew of those who came to each landmark.

    Attributes
    ----------
    effects : EffectRows
        One for each landmark, in order; one at which the interaction cannot be estimated says so.
    """

    effects: EffectRows

    def table(self) -> Table:
        """Return one line for each landmark."""
        rows = [
            Row((Cell(f"{row.landmark or 0:g}"), count_cell(row.n), count_cell(row.events), effect_cell(row),
                 p_cell(row.p_value)))
            for row in self.effects
        ]  # fmt: skip
        return Table(
            title=f"Interaction among those who came to a landmark: {rows_title(self.effects)}",
            columns=(
                Column("Month"), Column("N", "number"), Column("Events", "number"),
                Column("Ratio of HRs (95% CI)", "ratio"), Column("P", "p"),
            ),
            rows=tuple(rows),
            footnotes=(
                "The rows share patients: they are one finding seen from several times, not several findings.",
                *dict.fromkeys(s for row in self.effects for s in row.sentences),
            ),
        )  # fmt: skip


def landmark_series(
    analysis: AnalysisSet,
    *,
    adjust: str | Sequence[str] = (),
    strata: str | Sequence[str] = (),
    at: float | Sequence[float] = (0.0, 12.0, 24.0, 36.0, 60.0),
) -> LandmarkSeries:
    """Estimate the interaction from several landmarks on.

    Parameters
    ----------
    analysis : AnalysisSet
        Selected with a marker and `treatment="any"`.
    adjust, strata : str or sequence of str
    at : float or sequence of float, months
        0 is the start of follow-up.

    Returns
    -------
    LandmarkSeries

    Raises
    ------
    AnalysisError
        If a landmark is below 0, or at none of them the interaction can be estimated.

    Examples
    --------
    >>> import tamoxres as tr
    >>> her2 = tr.call(tr.load("metabric"), "HER2")
    >>> both = tr.select(her2, marker="HER2", endpoint="BCSS", treatment="any")
    >>> [row.n for row in landmark_series(both, at=[0, 60]).effects]
    [1492, 1184]
    """
    adjust, by = one_or_more(adjust), one_or_more(strata)
    months = [float(value) for value in one_or_more(at)]
    if not months or min(months) < 0:
        raise AnalysisError(f"The landmarks are {', '.join(f'{m:g}' for m in months)}; they are months, 0 or above.")
    rows, reason = EffectRows(), ""
    for month in months:
        try:
            chosen = landmark(analysis, at=month) if month else analysis
            row = one_interaction(chosen, adjust=adjust, strata=by).judged
        except (AnalysisError, NobodyLeft) as error:
            base = analysis.describe("interaction") | {"landmark": month or None, "n": None, "events": None}
            reason = str(error)
            row = EffectEstimate(
                **base,
                estimand="interaction",
                scale="binary",
                status="not_estimable",
                term=PRODUCT,
                remark=reason,
            )
        rows.append(row)
    if all(row.status == "not_estimable" for row in rows):
        raise AnalysisError(f"At no landmark can the interaction be estimated: {reason}")
    return LandmarkSeries(effects=rows)
