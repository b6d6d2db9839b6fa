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

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["AdjustedP", "adjust_p", "family_table"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AdjustedP:
    """Raw and adjusted P values of one family, in the order given."""

    raw: tuple[float, ...]
    holm: tuple[float, ...]
    bh: tuple[float, ...]


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
    from statsmodels.stats.multitest import multipletests

    raw = np.asarray(p_values, float)
    if raw.size == 0 or not ((raw >= 0) & (raw <= 1)).all():
        raise AnalysisError(f"A family needs P values between 0 and 1; found {list(p_values)}.")
    holm, bh = (multipletests(raw, method=method)[1] for method in ("holm", "fdr_bh"))
    return AdjustedP(raw=tuple(map(float, raw)), holm=tuple(map(float, holm)), bh=tuple(map(float, bh)))


def family_table(effects: Sequence[EffectEstimate], family: str) -> pd.DataFrame:
    """Tabulate a declared family: row_id, family, tests, p, p_holm, p_bh, one row an effect.

    Parameters
    ----------
    effects : sequence of EffectEstimate
    family : str
        Its name in the plan.
    """
    import pandas as pd

    own = [row.p_value for row in effects]
    table = pd.DataFrame(
        {
            "row_id": [row.row_id for row in effects],
            "family": family,
            "tests": sum(p is not None for p in own),
            "p": own,
        },
    ).astype({"p": float})
    table["p_holm"] = table["p_bh"] = np.nan
    known = table["p"].notna()
    if known.any():
        adjusted = adjust_p(table.loc[known, "p"].tolist())
        table.loc[known, "p_holm"], table.loc[known, "p_bh"] = adjusted.holm, adjusted.bh
    return table
