"""Which counts of linked sums to withhold, so that none of 1 to min_cell - 1 can be worked out; and the audit of it.

Conventions: counts are tied by relations that sum to 0 (a total is -1 times itself and 1 times each of its parts). What
a reader can work out of a withheld count is the interval of its values that agree with all that is shown, found by
linear programming. A small count is safe where that interval holds all of 1 to min_cell - 1. All withheld counts bear
one mark, so that a reader cannot tell the small ones from those withheld with them. The choice is greedy: while a small
count is exposed, the smallest shown count that a relation ties to a withheld one is withheld too, zeros last.

References
----------
Hundepool A et al. 2012, Statistical Disclosure Control, doi:10.1002/9781118348239, chapter 4 (primary and secondary
suppression, protection intervals and the audit). Fischetti M, Salazar JJ 2001, doi:10.1287/mnsc.47.7.1008.9805.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ..vocabulary import BoolArray, FloatArray, IntArray

__all__ = ["LinkedCounts", "exposed", "known_range", "protect", "small"]

_SLACK = 1e-6  # of a linear program's answer


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LinkedCounts:
    """Counts and the sums that tie them.

    Attributes
    ----------
    values : array of int, shape (v,)
    relations : array of float, shape (m, v)
        Each sums to 0 over the values.
    fixed : array of bool, shape (v,)
        Counts that stand elsewhere and are known whatever is withheld.
    unprinted : array of bool, shape (v,)
        Counts that are never printed, yet must not be worked out.
    """

    values: IntArray
    relations: FloatArray
    fixed: BoolArray
    unprinted: BoolArray

    @classmethod
    def crossed(cls, counts: IntArray, wholes: IntArray, *, total_first: bool) -> LinkedCounts:
        """Tie the rows of a variable (levels, then unknown) by groups: shape (r, c), with patients by group, (c,).

        The values are `counts` row by row, then how many are known in each group, then the patients. With
        `total_first` the first column is the sum of the others.
        """
        rows, columns = counts.shape
        grid = np.vstack([counts, counts[:-1].sum(axis=0), wholes])
        place = np.arange(grid.size).reshape(grid.shape)
        ties: list[FloatArray] = []
        for j in range(columns):
            ties.append(_tie(grid.size, place[rows, j], place[: rows - 1, j]))
            ties.append(_tie(grid.size, place[rows + 1, j], place[[rows - 1, rows], j]))
        if total_first and columns > 1:
            ties += [_tie(grid.size, place[i, 0], place[i, 1:]) for i in range(rows + 2)]
        last = np.zeros(grid.shape, dtype=bool)
        last[rows + 1] = True
        never = np.zeros(grid.shape, dtype=bool)
        never[rows] = True
        return cls(
            values=grid.ravel(), relations=np.array(ties), fixed=last.ravel(), unprinted=never.ravel(),
        )  # fmt: skip


def _tie(size: int, total: int, parts: Sequence[int] | IntArray) -> FloatArray:
    out = np.zeros(size)
    out[np.asarray(parts, dtype=int)] += 1.0
    out[total] -= 1.0
    return out


def small(counts: IntArray, min_cell: int) -> BoolArray:
    """Mark the counts of 1 to `min_cell - 1`."""
    return np.asarray((counts > 0) & (counts < min_cell))


def protect(linked: LinkedCounts, min_cell: int) -> BoolArray:
    """Choose the counts to withhold, shape (v,): the small ones, and those from which they could be worked out.

    Parameters
    ----------
    linked : LinkedCounts
    min_cell : int
        Counts from 1 to `min_cell - 1` are small.

    Examples
    --------
    >>> import numpy as np
    >>> counts = np.array([[14, 6, 8], [16, 3, 13], [0, 0, 0]])
    >>> linked = LinkedCounts.crossed(counts, np.array([30, 9, 21]), total_first=True)
    >>> protect(linked, 5)[:9].reshape(3, 3)[:2].tolist()
    [[False, True, True], [False, True, True]]
    """
    hidden = (small(linked.values, min_cell) | linked.unprinted) & ~linked.fixed
    while _alone(linked, hidden) or _one_exposed(linked, hidden, min_cell):
        tied = (linked.relations[:, hidden] != 0).any(axis=1)
        near = (linked.relations[tied] != 0).any(axis=0) & ~hidden & ~linked.fixed
        free = np.flatnonzero(near if near.any() else ~hidden & ~linked.fixed)
        if free.size == 0:
            break
        hidden[min(free, key=lambda i: (linked.values[i] == 0, linked.values[i]))] = True
    return np.asarray(hidden)


def exposed(linked: LinkedCounts, hidden: BoolArray, min_cell: int) -> list[int]:
    """Return the small counts that what is shown says too much about; the others can be any of 1 to `min_cell - 1`."""
    return list(_exposed(linked, hidden, min_cell))


def _exposed(linked: LinkedCounts, hidden: BoolArray, min_cell: int) -> Iterator[int]:
    for i in np.flatnonzero(small(linked.values, min_cell) & ~linked.fixed).tolist():
        if not hidden[i] or not _covers(known_range(linked, hidden, i), min_cell):
            yield i


def _one_exposed(linked: LinkedCounts, hidden: BoolArray, min_cell: int) -> bool:
    return next(_exposed(linked, hidden, min_cell), None) is not None


def _alone(linked: LinkedCounts, hidden: BoolArray) -> bool:
    """Tell whether one relation alone gives a withheld count away: what is quick to see needs no linear program."""
    one = (linked.relations[:, hidden] != 0).sum(axis=1) == 1
    there = (linked.relations[one] != 0) & hidden
    return bool((there & ~linked.unprinted).any())


def _covers(found: tuple[float, float], min_cell: int) -> bool:
    return found[0] <= 1 + _SLACK and found[1] >= min_cell - 1 - _SLACK


def known_range(linked: LinkedCounts, hidden: BoolArray, index: int) -> tuple[float, float]:
    """Return the least and the largest value that a count may have by all that is shown (linear programming).

    Parameters
    ----------
    linked : LinkedCounts
    hidden : array of bool, shape (v,)
    index : int
    """
    from scipy.optimize import linprog

    if not hidden[index]:
        return float(linked.values[index]), float(linked.values[index])
    shown = -linked.relations[:, ~hidden] @ linked.values[~hidden]
    free, aim = linked.relations[:, hidden], np.zeros(int(hidden.sum()))
    aim[int(hidden[:index].sum())] = 1.0
    ends = [linprog(way * aim, A_eq=free, b_eq=shown, bounds=(0, None), method="highs") for way in (1, -1)]
    low, high = (
        float(way * end.fun) if end.status == 0 else way * -np.inf for way, end in zip((1, -1), ends, strict=True)
    )
    return low, high
