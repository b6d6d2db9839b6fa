"""Naming points without names that overlap: each name goes to the nearest free place beside its point.

Lengths are points on paper. Names are placed in the order given, so the most important come first; one that finds no
free place is left out, and the caller is told. The search is exhaustive over a few rings and angles, so the same points
give the same places.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .measure import LINE, text_width
from .paper import Box

__all__ = ["Callout", "place_names"]

FloatArray = np.ndarray[Any, np.dtype[np.float64]]
_RINGS = (
    0.65,
    1.3,
    2.0,
    3.0,
    4.2,
    5.6,
    7.2,
    9.0,
    11.0,
    13.0,
)  # distances of a name from its point, in sizes of the text
_ANGLES = tuple(math.radians(a) for a in (0, 180, 45, 135, 90, -45, -135, -90, 22, 158, -22, -158, 68, 112, -68, -112))
_GAP = 0.12  # between two names, in sizes of the text
_MARK = 0.38  # half the side of a named mark, in sizes of the text
_COVERS, _MOST = 0.25, 10.0  # what covering one more mark costs, in rings; and what it costs at most


@dataclass(frozen=True, slots=True, kw_only=True)
class Callout:
    """Where a name stands: the box of its letters, its middle, and whether a line must lead to its point."""

    index: int
    x: float
    y: float
    box: Box
    led: bool


def place_names(
    named: FloatArray, texts: Sequence[str], others: FloatArray, *, inside: Box, size: float
) -> list[Callout]:
    """Find a place for each name.

    Parameters
    ----------
    named : array, shape (m, 2)
        Points to be named, the most important first.
    texts : sequence of str, length m
    others : array, shape (n, 2)
        Further marks, which names avoid where they can.
    inside : Box
        Within which names stay.
    size : float
        Size of the text, points.

    Returns
    -------
    list of Callout
        Without those for which there is no room.
    """
    placed: list[Callout] = []
    for i, text in enumerate(texts):
        found = _best(i, text_width(text, size), named, others, placed, (inside, size))
        if found is not None:
            placed.append(found)
    return placed


def _best(
    i: int, wide: float, named: FloatArray, others: FloatArray, placed: Sequence[Callout], page: tuple[Box, float]
) -> Callout | None:
    """Return the cheapest free place of one name, if there is any."""
    inside, size = page
    best, least = None, math.inf
    for ring in _RINGS:
        if ring >= least:
            break
        for angle in _ANGLES:
            spot = _spot(i, named[i], (wide, LINE * size), (ring * size, angle), ring > _RINGS[0])
            if not _free(spot, named, placed, inside, size):
                continue
            cost = ring + min(_COVERS * _covered(spot.box, others), _MOST)
            if cost < least - 1e-9:
                best, least = spot, cost
    return best


def _spot(i: int, point: FloatArray, letters: tuple[float, float], to: tuple[float, float], led: bool) -> Callout:
    (wide, tall), (far, angle) = letters, to
    x = float(point[0]) + math.cos(angle) * (far + wide / 2)
    y = float(point[1]) + math.sin(angle) * (far + tall / 2)
    return Callout(index=i, x=x, y=y, box=(x - wide / 2, y - tall / 2, wide, tall), led=led)


def _free(spot: Callout, named: FloatArray, placed: Sequence[Callout], inside: Box, size: float) -> bool:
    """Whether a place lies inside, off the named marks and the other names, and its line crosses none of them."""
    x, y, wide, tall = spot.box
    if x < inside[0] or y < inside[1] or x + wide > inside[0] + inside[2] or y + tall > inside[1] + inside[3]:
        return False
    half = _MARK * size
    if _covered((x - half, y - half, wide + 2 * half, tall + 2 * half), named):
        return False
    gap = _GAP * size
    wider = (x - gap, y - gap, wide + 2 * gap, tall + 2 * gap)
    point = named[spot.index]
    for other in placed:
        theirs = named[other.index]
        if _overlap(wider, other.box) or (other.led and _crosses(theirs, (other.x, other.y), spot.box)):
            return False
        if spot.led and _crosses(point, (spot.x, spot.y), other.box):
            return False
    return True


def _covered(box: Box, marks: FloatArray) -> int:
    x, y, wide, tall = box
    across = (marks[:, 0] > x) & (marks[:, 0] < x + wide)
    return int((across & (marks[:, 1] > y) & (marks[:, 1] < y + tall)).sum())


def _overlap(a: Box, b: Box) -> bool:
    return a[0] < b[0] + b[2] and b[0] < a[0] + a[2] and a[1] < b[1] + b[3] and b[1] < a[1] + a[3]


def _crosses(start: FloatArray, end: tuple[float, float], box: Box) -> bool:
    """Whether a straight line enters a box."""
    along = np.linspace(0.0, 1.0, 24)[:, None]
    return _covered(box, np.asarray(start) + along * (np.asarray(end) - np.asarray(start))) > 0
