"""The follow-up of an analysis set as plain arrays: delayed entry, strata, risk sets.

Conventions: months; the competing deaths of an endpoint are censored (the hazard is cause-specific); those observed
from the start enter at minus infinity, so that zero follow-up is at risk at 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..errors import AnalysisError
from ..kernel.risksets import RiskSets, Ties, make_risk_sets
from ..vocabulary import FloatArray, IntArray
from .design import level_codes

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["delayed_entry", "risk_sets", "stratum_codes"]


def delayed_entry(frame: pd.DataFrame) -> FloatArray | None:
    """Return the months of entry, or None when nobody enters late; those observed from the start get minus infinity.

    Raises
    ------
    AnalysisError
        If a patient enters at or after the end of follow-up.
    """
    entry = frame["entry"].to_numpy(float)
    late = entry > 0
    if not late.any():
        return None
    never = late & (entry >= frame["months"].to_numpy(float))
    if never.any():
        raise AnalysisError(
            f"{int(never.sum()):,} patient(s) enter at or after the end of their follow-up, the first is "
            f"{frame.index[never][0]!r}; they were never at risk.",
            mend="Leave them out.",
        )
    return np.where(late, entry, -np.inf)


def stratum_codes(frame: pd.DataFrame, strata: Sequence[str]) -> IntArray | None:
    """Number the combinations of the strata's levels; None without strata."""
    if not strata:
        return None
    combined = np.zeros(len(frame), dtype=int)
    for name in strata:
        codes, levels = level_codes(frame[name])
        combined = combined * (len(levels) + 1) + codes + 1  # an unknown level is a level of its own
    return np.unique(combined, return_inverse=True)[1]


def risk_sets(frame: pd.DataFrame, strata: Sequence[str], ties: Ties, weights: FloatArray | None = None) -> RiskSets:
    """Work out who is at risk at which event, for the kernel's fits of an analysis frame."""
    return make_risk_sets(
        frame["months"].to_numpy(float), np.asarray(frame["event"] == 1, dtype=int), entry=delayed_entry(frame),
        strata=stratum_codes(frame, strata), weights=weights, ties=ties,
    )  # fmt: skip
