"""Landmark analysis: follow-up begins anew at a landmark, in those who came to it, by what they were then.

Conventions: patients whose follow-up ended at or before the landmark leave, with their events; times count from the
landmark. Where the start of treatment is recorded, treated means started by the landmark, so that nobody is credited
with the time it took to start (immortal time): who starts later is untreated in a comparison with no treatment, and
leaves where all patients are treated. A result holds for those who came to the landmark alone; their treatment is not
randomised any more, once anyone has left.

References
----------
Anderson JR, Cain KC, Gelber RD 1983, J Clin Oncol 1:710. Suissa S 2008, doi:10.1093/aje/kwm324 (immortal time).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ..errors import AnalysisError
from ..vocabulary import BoolArray
from ..wording import count
from .sets import TREATED, UNTREATED, AnalysisSet
from .times import join_times, snap_to

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["landmark"]


def landmark(analysis: AnalysisSet, *, at: float) -> AnalysisSet:
    """Begin follow-up at a landmark.

    Parameters
    ----------
    analysis : AnalysisSet
    at : float
        Months since the start of follow-up.

    Returns
    -------
    AnalysisSet
        Those still under observation and free of the event at the landmark, times counted from it.

    Raises
    ------
    AnalysisError
        If the landmark is not above 0, or nobody with an event comes to it.

    Examples
    --------
    >>> import tamoxres as tr
    >>> gbsg = tr.select(tr.load("gbsg"), endpoint="RFS", er="any", treatment="any")
    >>> landmark(gbsg, at=12).n
    602
    """
    if isinstance(at, bool) or not at > 0:
        raise AnalysisError(f"A landmark is a number of months above 0; found {at}.")
    frame = analysis.frame
    begin = float(snap_to(frame, [at])[0])
    stays = (frame["months"] > begin).to_numpy()
    ended = int(((~stays) & (frame["event"] == 1)).sum())
    why = f"follow-up ended by then {count(int((~stays).sum()))} (of them with an event {count(ended)})"
    out, reason = _not_classified(analysis, stays, begin)
    left = analysis.without(stays & ~out, name=f"Landmark at {at:g} months", why=why + reason)
    if left.events == 0:
        raise AnalysisError(
            f"No event is left after {at:g} months: {left.n:,} of {analysis.n:,} patients come to the landmark.",
            mend="Choose an earlier one.",
        )
    moved = join_times(_from(left.frame, begin))
    gone = left.n < analysis.n or not moved["treatment"].equals(left.frame["treatment"])
    codes = tuple(code for code in left.codes if code not in ("immortal_time", "enters_at_treatment"))
    return replace(
        left, frame=moved, landmark=float(at), selected=left.n, exposure="landmark",
        codes=(*codes, *(("survivors_of_landmark",) if gone else ())),
    )  # fmt: skip


def _later(frame: pd.DataFrame, at: float) -> BoolArray:
    """Tell who had not started treatment by the landmark."""
    if "endocrine_start_months" not in frame:
        return np.zeros(len(frame), dtype=bool)
    return np.asarray(frame["endocrine_start_months"] > at, dtype=bool)


def _not_classified(analysis: AnalysisSet, stays: BoolArray, at: float) -> tuple[BoolArray, str]:
    """Tell who cannot be called treated or untreated at the landmark, and why: late starters where all are treated."""
    frame = analysis.frame
    late = stays & _later(frame, at) & (analysis.treatment.against != "none")
    unknown = np.zeros(len(frame), dtype=bool)
    if "endocrine_start_months" in frame and frame["endocrine_start_months"].notna().any():
        unknown = stays & (frame["endocrine_start_months"].isna() & (frame["treatment"] == TREATED)).to_numpy()
    told = (("treatment not started by then", int(late.sum())), ("start of treatment unknown", int(unknown.sum())))
    return late | unknown, "".join(f", {what} {count(n)}" for what, n in told if n)


def _from(frame: pd.DataFrame, at: float) -> pd.DataFrame:
    """Count times from the landmark; who had not started treatment by then is untreated."""
    import pandas as pd

    moved = frame.assign(months=frame["months"] - at, entry=(frame["entry"] - at).clip(lower=0))
    later = _later(moved, at)
    if not later.any():
        return moved
    treatment = np.where(later, UNTREATED, moved["treatment"].astype(object))
    return moved.assign(treatment=pd.Categorical(treatment, [UNTREATED, TREATED]))
