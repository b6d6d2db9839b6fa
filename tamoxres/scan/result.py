"""What a screen gives: a ranked table, and how far it can be trusted.

Conventions: see `blocks` for the columns. The *detectable* effect is the one a two-sided test at the Bonferroni level
finds with the power named (Schmoor 2000), at the median standard error: per standard deviation of expression.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import ndtri

from ..wording import count, ratio
from .model import ScreenModel

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Screen"]

_MEDIAN_CHISQ = 0.45493642311957283  # of 1 degree of freedom


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Screen:
    """The result of a screen.

    Attributes
    ----------
    model : ScreenModel
    genes : int
    held : DataFrame or None
        The table, when it is in memory.
    path : Path or None
        The Parquet file, when the screen was streamed to one.
    """

    model: ScreenModel
    genes: int
    held: pd.DataFrame | None
    path: Path | None

    @property
    def table(self) -> pd.DataFrame:
        """One row a gene, in the order of the matrix (a copy, or read from disk)."""
        import pandas as pd

        return pd.read_parquet(self.path) if self.held is None else self.held.copy()  # type: ignore[arg-type]

    def top(self, n: int = 20) -> pd.DataFrame:
        """Return the n genes with the smallest P values."""
        return self.table.sort_values("p", kind="stable").head(n).reset_index(drop=True)

    def flagged(self) -> pd.DataFrame:
        """Return the genes that could not be fitted, with the reason."""
        table = self.table
        return table[table["flag"] != ""].reset_index(drop=True)

    def inflation(self) -> float:
        """Return the median of z squared over its expectation without any effect (genomic control's lambda)."""
        return float(np.nanmedian(self.table["z"] ** 2) / _MEDIAN_CHISQ)

    def detectable(self, *, alpha: float = 0.05, power: float = 0.8) -> float:
        """Return the hazard ratio (or ratio of them) per standard deviation that the screen finds with this power."""
        table = self.table
        per_sd = float(np.nanmedian(table["se"] * table["sd"]))
        tests = max(int(table["p"].notna().sum()), 1)
        return float(np.exp((ndtri(1 - alpha / (2 * tests)) + ndtri(power)) * per_sd))

    def __str__(self) -> str:
        table, analysis = self.table, self.model.analysis
        fitted = int(table["p"].notna().sum())
        found = int((table["q"] < 0.05).sum())
        what = "ratio of hazard ratios" if self.model.term == "gene:treatment" else "hazard ratio"
        least = self.detectable()
        return (
            f"{analysis.cohort.name}, {self.model.formula}: {count(self.genes)} genes in {count(analysis.n)} patients "
            f"({count(analysis.events)} events); {count(fitted)} fitted, {count(found)} with q < 0.05. "
            f"With 80% power this screen finds a {what} of {ratio(least)} (or {ratio(1 / least)}) per SD; "
            "smaller ones may be there and not be seen."
        )

    def _repr_html_(self) -> str:
        shown: Any = self.top().round(4).to_html(index=False)
        return f"<p>{escape(str(self))}</p>{shown}"
