"""How results show themselves: a frozen result gives its rows or its table, and its words and HTML follow from them.

Conventions: a result with effect rows has `effects`, the leading row first; one without (a test, a rate, a curve) has
`table()` alone. `to_frame()` gives the numbers in full; `table().to_frame()` the words a reader sees.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..effects import EffectEstimate
from ..errors import EffectError
from .effects import EffectRows
from .table import Table

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ShowsEffects", "ShowsTable"]


class ShowsTable:
    """A result that shows itself as a table."""

    __slots__ = ()

    def table(self) -> Table:
        """Return the result as a table."""
        raise NotImplementedError

    def to_frame(self) -> pd.DataFrame:
        """Return the result as a frame."""
        return self.table().to_frame()

    def _repr_html_(self) -> str:
        return str(self.table()._repr_html_())


class ShowsEffects(ShowsTable):
    """A result with effect rows: it has `effects`, from which all else follows unless it says otherwise.

    Attributes
    ----------
    effects : EffectRows
        All rows, the leading one first.
    """

    __slots__ = ()
    if TYPE_CHECKING:

        @property
        def effects(self) -> EffectRows:
            """All rows."""

    @property
    def effect(self) -> EffectEstimate:
        """The leading row.

        Raises
        ------
        EffectError
            If there is none, as with one group alone.
        """
        if not self.effects:
            raise EffectError("There is one group only, so there is no effect row. Compare at least two.")
        return self.effects[0]

    @property
    def flags(self) -> tuple[str, ...]:
        """Codes of what must be said of any of the rows."""
        return self.effects.flags

    def table(self) -> Table:
        """Return the rows as a table."""
        return self.effects.table()

    def to_frame(self) -> pd.DataFrame:
        """Return the rows as a frame, numbers in full."""
        return self.effects.to_frame()

    def __str__(self) -> str:
        return str(self.effects)
