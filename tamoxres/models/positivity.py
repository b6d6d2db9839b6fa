"""Positivity: every kind of patient must have had a chance of either treatment, or the data hold no contrast for them.

Conventions: a level with nobody treated (or everybody) violates positivity. So does a value of a number, or its range
below (above) all treated or untreated patients, if so many patients would hardly ever be treated alike by chance
(probability below 1e-6 at the overall share treated).

References
----------
Westreich D, Cole SR 2010, doi:10.1093/aje/kwp436. Petersen ML et al. 2012, doi:10.1177/0962280210386207.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..analysis import TREATED, AnalysisSet
from ..analysis.design import column_of, term_values
from ..errors import AnalysisError
from ..vocabulary import BoolArray
from ..wording.rows import condition_words

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["check_positivity"]

_CHANCE = 1e-6


def check_positivity(analysis: AnalysisSet, columns: Sequence[str], *, tails: bool = True) -> None:
    """Refuse covariates that hold a stratum in which nobody, or everybody, was treated.

    Parameters
    ----------
    analysis : AnalysisSet
    columns : sequence of str
    tails : bool
        Whether the ranges of a number beyond all treated or untreated count. They do not for weights that go to 0 where
        the propensity goes to 0 or 1 (overlap): those patients are not of the population spoken of.

    Raises
    ------
    AnalysisError
        Naming the stratum, how many it holds, and what to do.
    """
    frame = analysis.frame
    treated = np.asarray(frame["treatment"] == TREATED, dtype=bool)
    share = float(treated.mean())
    for name in columns:
        for stratum, rows, sure in _strata(term_values(frame, name), treated, tails=tails):
            n, k = int(rows.sum()), int(treated[rows].sum())
            if n == 0 or 0 < k < n:
                continue
            if sure or (1 - share if k == 0 else share) ** n < _CHANCE:
                raise AnalysisError(
                    f"Positivity violated: {k:,} of {n:,} patients with {condition_words(stratum)} were treated, so "
                    "they hold no contrast.",
                    mend=f"Leave them out (where='{_others(stratum)}'), or leave {name} out.",
                )


def _strata(values: pd.Series[Any], treated: BoolArray, *, tails: bool) -> Iterator[tuple[str, BoolArray, bool]]:
    """Yield each stratum of a covariate: its name, its patients, and whether one arm missing there always counts."""
    name = column_of(str(values.name))
    if values.dtype.kind not in "fiu":
        for level in values.dropna().astype(str).unique():
            yield f"{name} == {level}", (values.astype(str) == level).to_numpy(), True
        return
    numbers = values.to_numpy(float)
    for value in np.unique(numbers):
        yield f"{name} == {value:g}", numbers == value, False
    for arm in (numbers[treated], numbers[~treated]) if tails else ():
        yield f"{name} < {arm.min():g}", numbers < arm.min(), False
        yield f"{name} > {arm.max():g}", numbers > arm.max(), False


def _others(stratum: str) -> str:
    column, comparison, value = stratum.split(" ", 2)
    return f"{column} { {'==': '!=', '<': '>=', '>': '<='}[comparison] } {value}"
