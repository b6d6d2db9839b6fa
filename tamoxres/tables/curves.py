"""Curves as a table: each group's survival or risk at chosen months, with its interval and the number at risk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..curves import Curve, Curves
from ..vocabulary import one_or_more
from .cells import count_cell, interval_cell, number_cell
from .shown import ShowsTable
from .table import Cell, Column, Row, Table

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["MONTHS", "ShownCurves", "curves_table"]

MONTHS = (60.0, 120.0, 180.0)
"""Times at which curves are tabulated unless others are named."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ShownCurves(ShowsTable, Curves):
    """Curves that show themselves as a table; they have no effect rows (a difference of risks is `risk_difference`)."""

    def table(self, times: float | Sequence[float] | None = None) -> Table:
        """Return the curves as a table at some months; at 60, 120 and 180 within follow-up, if None."""
        return curves_table(self, times)

    def to_frame(self) -> pd.DataFrame:
        """Return the curves at 60, 120 and 180 months within follow-up, as `at` gives them."""
        return self.at(_times(self))


def curves_table(curves: Curves, times: float | Sequence[float] | None = None) -> Table:
    """Print curves at chosen times.

    Parameters
    ----------
    curves : Curves
    times : float or sequence of float, months, optional
        60, 120 and 180 as far as follow-up goes, if None.

    Returns
    -------
    Table
        Per 100 patients, with the median of each curve last.
    """
    months = _times(curves) if times is None else one_or_more(times)
    of_survival = curves.curves[0].kind == "survival"
    level = 100 * curves.curves[0].level
    by = [Column("Group"), *([] if of_survival else [Column("Cause")])]
    each = [
        column
        for time in months
        for column in (Column(f"{time:g} months, % ({level:g}% CI)", "number"), Column("At risk", "count"))
    ]
    return Table(
        title=f"{'Survival free of' if of_survival else 'Risk of'} {curves.endpoint}: {curves.population}",
        columns=(*by, *each, Column("Median, months", "number")),
        rows=tuple(_row(curve, months, not of_survival) for curve in curves),
        footnotes=(f"{curves.method}.", curves.note),
    )


def _times(curves: Curves) -> tuple[float, ...]:
    last = max((float(curve.time[-1]) for curve in curves if curve.time.size), default=0.0)
    return tuple(time for time in MONTHS if time <= last) or (last,)


def _row(curve: Curve, months: Sequence[float], with_cause: bool) -> Row:
    cells = [Cell(curve.group or "all"), *([Cell(curve.cause)] if with_cause else [])]
    for time in months:
        values = [100 * float(curve.step(name, [time])[0]) for name in ("estimate", "ci_low", "ci_high")]
        shown = interval_cell((values[0], values[1], values[2]), is_ratio=False, decimals=1)
        cells += [shown, count_cell(int(curve.at_risk([time])[0]))]
    return Row((*cells, number_cell(curve.quantile(0.5)[0], 1)))
