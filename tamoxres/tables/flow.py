"""The patient flow as a table: who is left at each step, how many left, and why (REMARK item 12)."""

from __future__ import annotations

from typing import Unpack

from ..flow import Flow
from .cells import count_cell
from .style import Numbers, printed
from .table import Cell, Column, Row, Table

__all__ = ["flow_table"]


@printed
def flow_table(flow: Flow, *, title: str = "Patient flow", **numbers: Unpack[Numbers]) -> Table:
    """Print the steps from everyone in the cohort to those analysed.

    Parameters
    ----------
    flow : Flow
    title : str

    Returns
    -------
    Table
        One row a step.

    Examples
    --------
    >>> import tamoxres as tr
    >>> gbsg = tr.select(tr.load("gbsg"), endpoint="RFS", er="any", treatment="any")
    >>> len(flow_table(gbsg.flow).rows)
    3
    """
    columns = (
        Column("Step"),
        Column("Patients", "count"),
        Column("Events", "count"),
        Column("Left", "count"),
        Column("Why they left"),
    )
    before: int | None = None
    rows = []
    for step in flow:
        left = Cell() if before is None or before == step.patients else count_cell(before - step.patients)
        rows.append(Row((Cell(step.name), count_cell(step.patients), count_cell(step.events), left, Cell(step.why))))
        before = step.patients
    return Table(title=title, columns=columns, rows=tuple(rows), footnotes=("Events: of the endpoint analysed.",))
