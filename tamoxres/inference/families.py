"""Families of tests: Holm's and Benjamini-Hochberg's P values beside the raw ones.

Conventions: a family is declared beforehand (in the plan); the P of a row is the one it reports (the
likelihood-ratio P of an interaction, the Wald P of most others); rows without a P stay in the table, not counted.

References
----------
Holm S 1979, Scand J Stat 6:65. Benjamini Y, Hochberg Y 1995, J R Stat Soc B 57:289.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..effects import EffectEstimate
from ..errors import AnalysisError
from ..tables.cells import p_cell
from ..tables.shown import ShowsTable
from ..tables.table import Cell, Column, Row, Table

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["AdjustedP", "adjust_p", "family_table"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AdjustedP(ShowsTable):
    """Raw and adjusted P values of one family, in the order given."""

    raw: tuple[float, ...]
    holm: tuple[float, ...]
    bh: tuple[float, ...]

    def table(self) -> Table:
        """Return the P values as a table, one row a test, in the order given."""
        values = zip(self.raw, self.holm, self.bh, strict=True)
        return Table(
            title=f"A family of {len(self.raw)} tests",
            columns=(Column("Test"), *(Column(head, "p") for head in ("P", "Holm", "Benjamini-Hochberg"))),
            rows=tuple(Row((Cell(str(i)), *map(p_cell, row))) for i, row in enumerate(values, start=1)),
        )

    def to_frame(self) -> pd.DataFrame:
        """Return p_value, p_holm and p_bh, one row a test."""
        import pandas as pd

        return pd.DataFrame({"p_value": self.raw, "p_holm": self.holm, "p_bh": self.bh})

    def __str__(self) -> str:
        return str(self.table())


def adjust_p(p_values: Sequence[float]) -> AdjustedP:
    """Adjust the P values of a family.

    Raises
    ------
    AnalysisError
        If there is none, or one does not lie between 0 and 1.

    Examples
    --------
    >>> adjust_p([0.01, 0.02, 0.04]).holm
    (0.03, 0.04, 0.04)
    """
    raw = np.asarray(p_values, float)
    if raw.size == 0 or not ((raw >= 0) & (raw <= 1)).all():
        raise AnalysisError(f"A family needs P values between 0 and 1; found {list(p_values)}.")
    order, rank = np.argsort(raw, kind="stable"), np.arange(1, raw.size + 1)
    holm, bh = np.empty_like(raw), np.empty_like(raw)
    holm[order] = np.maximum.accumulate(raw[order] * rank[::-1])
    bh[order] = np.minimum.accumulate((raw[order] / (rank / raw.size))[::-1])[::-1]
    holm, bh = np.minimum(holm, 1), np.minimum(bh, 1)
    return AdjustedP(raw=tuple(map(float, raw)), holm=tuple(map(float, holm)), bh=tuple(map(float, bh)))


def family_table(effects: Sequence[EffectEstimate], family: str) -> pd.DataFrame:
    """Tabulate a declared family: row_id, family, tests, p_value, p_holm, p_bh, one row an effect.

    Parameters
    ----------
    effects : sequence of EffectEstimate
    family : str
        Its name in the plan.

    Returns
    -------
    DataFrame
        One row an effect: P, and P corrected by Holm and by Benjamini and Hochberg.

    Examples
    --------
    >>> import tamoxres as tr
    >>> rows = [tr.from_printed(study=s, estimate=1.5, p_value=p) for s, p in (("A", 0.01), ("B", 0.04))]
    >>> family_table(rows, "both")["p_holm"].round(2).tolist()
    [0.02, 0.04]
    """
    import pandas as pd

    own = [row.p_value for row in effects]
    table = pd.DataFrame(
        {
            "row_id": [row.row_id for row in effects],
            "family": family,
            "tests": sum(p is not None for p in own),
            "p_value": own,
        },
    ).astype({"p_value": float})
    table["p_holm"] = table["p_bh"] = np.nan
    known = table["p_value"].notna()
    if known.any():
        adjusted = adjust_p(table.loc[known, "p_value"].tolist())
        table.loc[known, "p_holm"], table.loc[known, "p_bh"] = adjusted.holm, adjusted.bh
    return table
