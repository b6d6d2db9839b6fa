"""The clinical fingerprint: patients of two cohorts whose follow-up, age and tumour are the same.

Conventions: a fingerprint is the time and kind of the end of follow-up, with age and tumour size where both know them;
files may round them, and may have been harmonised with another length of month. What agrees by chance is counted, not
guessed: the same comparison with ages (times, where no age is known) moved a little.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from ..codebook import DAYS_PER_MONTH

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["LEAST", "Link", "Places", "by_fingerprint", "rounding"]

LEAST = 5  # patients; fewer are not told from chance
_SURE = 6.0  # standard deviations of a Poisson count beyond what agrees by chance
_KINDS = (("RFI", "RFS", "DRFI", "DRFS", "IDFS", "IBCFS", "BCFI"), ("OS", "BCSS"))
_MONTHS = (0.05, 0.55)  # a day and a half; whole months
_RATIOS = tuple(
    dict.fromkeys(
        one / other
        for one, other in (
            (1.0, 1.0), (30.0, DAYS_PER_MONTH), (DAYS_PER_MONTH, 30.0), (30.4, 30.0), (30.0, 30.4),
            (DAYS_PER_MONTH, 1.0), (1.0, DAYS_PER_MONTH), (12.0, 1.0), (1.0, 12.0),
        )
    )
)  # fmt: skip
_MOVED_YEARS = (-3.0, -2.0, 2.0, 3.0)
_MOVED_MONTHS = (-3.3, -2.1, -1.2, 1.2, 2.1, 3.3)
_MM = 1.01
Places = np.ndarray[Any, np.dtype[np.intp]]
Numbers = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Patients of two cohorts who are the same people.

    Attributes
    ----------
    pairs : tuple of (patient of one, patient of the other)
        Each patient at most once.
    by_chance : float
        How many would agree if the cohorts were strangers.
    told : str
        What was compared.
    """

    pairs: tuple[tuple[Any, Any], ...] = ()
    by_chance: float = 0.0
    told: str = ""

    def __len__(self) -> int:
        return len(self.pairs)


def rounding(one: Numbers, other: Numbers) -> float:
    """Return how far two records of one number may lie apart: nothing if both are whole, a unit if one of them is."""
    whole = [bool((values[np.isfinite(values)] % 1 == 0).all()) for values in (one, other)]
    return 0.0 if all(whole) else 1.0 if any(whole) else 0.06


@dataclass(frozen=True, slots=True, eq=False)
class _Ends:
    """Patients by the time at which their follow-up ended: who, when (months), by an event or not, age and size."""

    who: pd.Index[Any]
    time: Numbers
    event: np.ndarray[Any, np.dtype[np.bool_]]
    age: Numbers
    size: Numbers


def by_fingerprint(one: pd.DataFrame, other: pd.DataFrame) -> Link:
    """Link patients whose follow-up ended alike, at the same time, and who agree in age and in size of the tumour.

    Parameters
    ----------
    one, other : DataFrame
        Indexed by patient: `_months` and `_event` of one kind of endpoint (relapse or death); `age` and `size_mm` if
        known. Where no age is known in both, times must be exact.

    Returns
    -------
    Link
        Empty unless far more patients agree than chance makes.
    """
    best, surest = Link(), _SURE
    for code, their_code in _comparable_ends(one, other):
        ends = _ends(one, code), _ends(other, their_code)
        aged = all(np.isfinite(end.age).any() for end in ends)
        sizes = (True, False) if all(np.isfinite(end.size).any() for end in ends) else (False,)
        for ratio, tolerance, sized in product(_RATIOS, _MONTHS if aged else _MONTHS[:1], sizes):
            pairs, by_chance = _alike(*ends, ratio, tolerance, aged=aged, sized=sized)
            sure = (len(pairs) - by_chance) / (by_chance + 1) ** 0.5
            if len(pairs) >= LEAST and sure > surest:
                codes = code if code == their_code else f"{code} and {their_code}"
                beside = (", age" if aged else "") + (", size" if sized else "")
                unit = "" if ratio == 1 else f" (x {ratio:.4g})"
                told = f"time and event of {codes}{unit}{beside}"
                named = tuple((ends[0].who[i], ends[1].who[j]) for i, j in pairs)
                best, surest = Link(pairs=named, by_chance=by_chance, told=told), sure
    return best


def _comparable_ends(one: pd.DataFrame, other: pd.DataFrame) -> list[tuple[str, str]]:
    mine, theirs = ([k for kind in _KINDS for k in kind if {f"{k}_months", f"{k}_event"} <= {*f}] for f in (one, other))
    return [(a, b) for kind in _KINDS for a in mine if a in kind for b in theirs if b in kind]


def _ends(frame: pd.DataFrame, code: str) -> _Ends:
    """Return the patients in whom the endpoint is known and follow-up is more than none, by time."""
    kept = frame[frame[f"{code}_event"].notna() & (frame[f"{code}_months"] > 0)]
    kept = kept.sort_values(f"{code}_months", kind="stable")
    age, size = (
        kept[name].to_numpy(dtype=float) if name in kept else np.full(len(kept), np.nan) for name in ("age", "size_mm")
    )
    return _Ends(
        kept.index, kept[f"{code}_months"].to_numpy(dtype=float), kept[f"{code}_event"].eq(1).to_numpy(), age, size
    )


def _alike(
    one: _Ends, other: _Ends, ratio: float, tolerance: float, *, aged: bool, sized: bool
) -> tuple[list[tuple[int, int]], float]:
    """Pair the patients who agree, one to one; and count those who would if ages (or times) were moved."""
    within = tolerance * max(1.0, ratio)
    a, b = _same_end(one, other, ratio, within, sized=sized)
    if not aged:
        moved = [_same_end(one, other, ratio, within, sized=sized, moved=months) for months in _MOVED_MONTHS]
        late = np.abs(one.time[a] - other.time[b] * ratio)
        return _one_to_one(a, b, late), float(np.mean([_fewer(*places) for places in moved]))
    older, years = one.age[a] - other.age[b], max(0.01, rounding(one.age, other.age))
    by_chance = float(np.mean([_fewer(a[near], b[near]) for near in (abs(older - m) <= years for m in _MOVED_YEARS)]))
    same = np.abs(older) <= years
    late = np.abs(one.time[a] - other.time[b] * ratio) / within
    return _one_to_one(a[same], b[same], (np.abs(older) / years + late)[same]), by_chance


def _same_end(
    one: _Ends, other: _Ends, ratio: float, within: float, *, sized: bool, moved: float = 0.0
) -> tuple[Places, Places]:
    """Return the places (i, j) of all whose follow-up ended alike and at the same time, in tumours as large."""
    times = other.time * ratio + moved
    low, high = (np.searchsorted(times, one.time + side, "left" if side < 0 else "right") for side in (-within, within))
    many = high - low
    first = np.repeat(low - (np.cumsum(many) - many), many)
    a, b = np.repeat(np.arange(len(one.time)), many), np.arange(int(many.sum())) + first
    same = one.event[a] == other.event[b]
    if sized:
        same &= ~(np.abs(one.size[a] - other.size[b]) > _MM)
    return a[same], b[same]


def _fewer(a: Places, b: Places) -> int:
    """Return how many patients of the less numerous side agree with somebody."""
    return min(len(np.unique(a)), len(np.unique(b)))


def _one_to_one(a: Places, b: Places, apart: Numbers) -> list[tuple[int, int]]:
    """Keep each patient once, the nearest pairs first."""
    mine: set[int] = set()
    theirs: set[int] = set()
    kept = []
    for k in np.argsort(apart, kind="stable"):
        i, j = int(a[k]), int(b[k])
        if i not in mine and j not in theirs:
            mine.add(i)
            theirs.add(j)
            kept.append((i, j))
    return sorted(kept)
