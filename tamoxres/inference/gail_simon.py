"""The test of Gail and Simon for a qualitative interaction: an effect that changes direction between subsets.

Conventions: independent estimates on the analysis scale (logarithms of ratios); the statistic is the smaller of the
sums of squared z over positive and over negative effects; P is a binomial mixture of chi-squares. A test that does not
reject is no evidence that the direction is the same.

References
----------
Gail M, Simon R 1985, Biometrics 41:361.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb

import numpy as np
from scipy.special import chdtrc

from ..effects import EffectEstimate
from ..errors import AnalysisError
from ..tables.cells import count_cell, number_cell, p_cell
from ..tables.shown import ShowsTable
from ..tables.table import Column, Row, Table
from ..wording import p_value

__all__ = ["GailSimon", "gail_simon"]


@dataclass(frozen=True, slots=True, kw_only=True)
class GailSimon(ShowsTable):
    """Test of a qualitative interaction.

    Attributes
    ----------
    q_positive, q_negative : float
        Sums of squared z over effects above and below the null.
    statistic : float
        The smaller of them.
    k : int
        Subsets.
    p_value : float
    """

    q_positive: float
    q_negative: float
    statistic: float
    k: int
    p_value: float

    def __str__(self) -> str:
        return f"Gail-Simon test of a qualitative interaction in {self.k} subsets: {p_value(self.p_value, label=True)}"

    def table(self) -> Table:
        """Return the test as a table of one row."""
        sums = (number_cell(value) for value in (self.q_positive, self.q_negative, self.statistic))
        return Table(
            title="Gail-Simon test of a qualitative interaction",
            columns=(
                Column("Subsets", "count"), Column("Q, above no effect", "number"),
                Column("Q, below no effect", "number"), Column("Statistic", "number"), Column("P", "p"),
            ),
            rows=(Row((count_cell(self.k), *sums, p_cell(self.p_value))),),
            footnotes=("A test that does not reject is no evidence that the direction is the same.",),
        )  # fmt: skip


def gail_simon(effects: Sequence[EffectEstimate]) -> GailSimon:
    """Test whether effects in separate subsets differ in direction.

    Parameters
    ----------
    effects : sequence of EffectEstimate
        Estimated, one a subset; no patient in two of them.

    Returns
    -------
    GailSimon
        Statistic and P.

    Raises
    ------
    AnalysisError
        If there are fewer than two, one was not estimated, or measures are mixed.

    Examples
    --------
    >>> import tamoxres as tr
    >>> rows = [
    ...     tr.EffectEstimate(
    ...         study="A", log_estimate=y, se=0.2, marker="HER2", estimand="treatment_effect", marker_level=level
    ...     )
    ...     for y, level in ((0.4, "altered"), (-0.5, "unaltered"))
    ... ]
    >>> print(gail_simon(rows))
    Gail-Simon test of a qualitative interaction in 2 subsets: P = 0.023
    """
    if len(effects) < 2:
        raise AnalysisError(f"A qualitative interaction needs at least two subsets; found {len(effects)}.")
    measures = sorted({row.measure for row in effects})
    if len(measures) > 1:
        raise AnalysisError(f"Effects differ in measure: {measures}.", mend="Give effects of one measure.")
    z = []
    for row in effects:
        if row.point is None or row.se is None or row.status != "estimated":
            raise AnalysisError(
                f"The effect of {row.label}, {row.population} was not estimated.", mend="Leave that subset out."
            )
        z.append(row.point / row.se)
    squares = np.square(z)
    positive, negative = float(squares[np.array(z) > 0].sum()), float(squares[np.array(z) < 0].sum())
    statistic, k = min(positive, negative), len(z)
    p = sum(comb(k - 1, h) * 0.5 ** (k - 1) * float(chdtrc(h, statistic)) for h in range(1, k))
    return GailSimon(
        q_positive=positive, q_negative=negative, statistic=statistic, k=k, p_value=p if statistic > 0 else 1.0
    )
