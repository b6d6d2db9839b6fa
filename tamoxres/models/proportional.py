"""Are hazards proportional? The exact score test of survival >= 3 (`cox.zph`), per term and global, on a fitted model.

lifelines' test is the older approximation and flips verdicts (5.21 where R gives 3.76), so it is not used.

References
----------
Grambsch PM, Therneau TM 1994, Biometrika 81:515.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..codebook import copies_frames
from ..kernel.proportional import Transform, score_test, transform_times
from ..kernel.residuals import score_residual_parts
from ..wording import p_value
from .engine import kernel_fit

if TYPE_CHECKING:
    import pandas as pd

    from .cox import CoxModel

__all__ = ["ProportionalTest", "proportional_test"]


@copies_frames("table")
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ProportionalTest:
    """The test of proportional hazards of one model.

    Attributes
    ----------
    table : DataFrame
        term, chisq, df, p; one row a term, the last row GLOBAL.
    transform : "km" | "rank" | "log" | "identity"
    """

    table: pd.DataFrame
    transform: str

    def p(self, term: str = "GLOBAL") -> float:
        """Return the P value of a term."""
        return float(self.table.loc[self.table["term"] == term, "p"].iloc[0])

    def __str__(self) -> str:
        return f"Proportional hazards ({self.transform}): global {p_value(self.p(), label=True)}"

    def _repr_html_(self) -> str:
        return f"<p>{self}</p>{self.table.round(4).to_html(index=False)}"


def proportional_test(fit: CoxModel, *, transform: Transform = "km") -> ProportionalTest:
    """Test whether the hazard ratio of each term is constant in time.

    Parameters
    ----------
    fit : CoxModel
    transform : "km" | "rank" | "log" | "identity"
        Of time; `km` is 1 - S(t-), R's default.

    Returns
    -------
    ProportionalTest
    """
    import pandas as pd

    frame = fit.analysis.frame
    fitted = kernel_fit(frame, fit.design, fit.strata, fit.ties)
    parts = score_residual_parts(fitted)
    entry = frame["entry"].to_numpy(float)
    g = transform_times(
        transform,
        parts.time,
        time=frame["months"].to_numpy(float),
        event=np.asarray(frame["event"] == 1, dtype=int),
        entry=entry if np.any(entry > 0) else None,
    )
    test = score_test(parts, g, [np.asarray(term.columns) for term in fit.design.terms])
    table = pd.DataFrame(
        {"term": [*(t.name for t in fit.design.terms), "GLOBAL"], "chisq": test.chisq, "df": test.df, "p": test.p}
    )
    return ProportionalTest(table=table, transform=transform)
