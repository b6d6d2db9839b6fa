"""What a screen gives: a ranked table, and how far it can be trusted.

Conventions: see `blocks` for the columns, and `words` for what is said of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .model import ScreenModel
from .words import detectable, inflation, readable, reading, share_found

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Screen"]


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
        return inflation(self.table)

    def detectable(self, *, alpha: float = 0.05, power: float = 0.8) -> float:
        """Return the hazard ratio (or ratio of them) per standard deviation that the screen finds with this power."""
        return detectable(self.table, alpha=alpha, power=power)

    def share_found(self, effect: float, *, alpha: float = 0.05) -> float:
        """Return the share of genes with this true ratio per standard deviation that the screen would find."""
        return share_found(self.table, effect, alpha=alpha)

    def readable(self, n: int = 20) -> pd.DataFrame:
        """Return the n genes with the smallest P values, written for a reader (see `words.readable`)."""
        return readable(self.top(n), self.model.term)

    def reading(self, sets: pd.DataFrame | None = None) -> tuple[str, ...]:
        """Say what was found, of the cascade too, what could have been seen, and what cannot be told.

        Parameters
        ----------
        sets : DataFrame, optional
            Of `gene_set_table`.
        """
        return reading(self.table, self.model, sets)

    def __str__(self) -> str:
        return " ".join(self.reading())

    def _repr_html_(self) -> str:
        said = "".join(f"<li>{escape(sentence)}</li>" for sentence in self.reading())
        shown: Any = self.readable().to_html(index=False)
        return f"<ul>{said}</ul>{shown}"
