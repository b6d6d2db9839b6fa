"""When two times are one: times that differ by rounding only are joined, as R's `aeqSurv` does before every fit.

Conventions: months; the tolerance is the square root of the machine's precision. Of the sorted distinct entry and exit
times, neighbours are joined when their difference, or their difference over the mean absolute time, is within it; a
chain of such neighbours becomes its smallest time. Who is observed from the start has entry 0, which is no time of its
own. The start of a treatment counts as the time it is equal to.

References
----------
Therneau TM 2023, A package for survival analysis in R, section on roundoff error (`timefix`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..curves import TOLERANCE, snap
from ..errors import AnalysisError
from ..vocabulary import FloatArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["follow_up_times", "join_times", "joined", "snap_to"]


def joined(times: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the distinct finite times in ascending order, and the time that each becomes.

    Examples
    --------
    >>> import numpy as np
    >>> joined(np.array([2.0, 1.0, 1.0 + 1e-9]))[1].tolist()
    [1.0, 1.0, 2.0]
    """
    distinct = np.unique(times[np.isfinite(times)])
    if distinct.size < 2:
        return distinct, distinct
    gaps = np.diff(distinct)
    apart = (gaps > TOLERANCE) & (gaps > TOLERANCE * np.abs(distinct).mean())
    first = np.concatenate([[True], apart])
    return distinct, distinct[first][np.cumsum(first) - 1]


def join_times(frame: pd.DataFrame) -> pd.DataFrame:
    """Join the times of a frame (months, entry, start of treatment) that differ by rounding only.

    Raises
    ------
    AnalysisError
        If an interval between entry and event is nothing but rounding.
    """
    months, entry = frame["months"].to_numpy(float), frame["entry"].to_numpy(float)
    distinct, becomes = joined(np.concatenate([months, entry[entry > 0]]))
    changed = {}
    if (distinct != becomes).any():
        end, begin = _become(months, distinct, becomes), _become(entry, distinct, becomes)
        _refuse_emptied(frame, (entry < months) & (begin >= end) & (entry > 0))
        changed = {"months": end, "entry": begin}
    if "endocrine_start_months" in frame:
        changed["endocrine_start_months"] = snap(frame["endocrine_start_months"].to_numpy(float), np.unique(becomes))
    return frame.assign(**changed) if changed else frame


def follow_up_times(frame: pd.DataFrame) -> FloatArray:
    """Return the distinct entry and exit times of a frame, ascending."""
    entry = frame["entry"].to_numpy(float)
    return np.asarray(np.unique(np.concatenate([frame["months"].to_numpy(float), entry[entry > 0]])))


def snap_to(frame: pd.DataFrame, times: Sequence[float] | FloatArray) -> FloatArray:
    """Return times that are asked for (a landmark, a horizon, cuts) as the frame's own where they are equal to one."""
    return snap(times, follow_up_times(frame))


def _become(times: FloatArray, distinct: FloatArray, becomes: FloatArray) -> FloatArray:
    at = np.searchsorted(distinct, times).clip(max=distinct.size - 1)
    return np.where(distinct[at] == times, becomes[at], times)


def _refuse_emptied(frame: pd.DataFrame, emptied: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> None:
    event = emptied & (frame["event"].to_numpy() > 0)
    if event.any():
        raise AnalysisError(
            f"Patient {frame.index[event][0]!r} has an event at the moment of entry: the two times differ by rounding "
            "only.",
            mend="Correct one of the two times.",
        )
