"""Naming points without names that overlap: each name goes to the nearest free place beside its point.

Lengths are points on paper. A name farther off is led to by a line, which passes over no other named mark and crosses
no other line, so that no name can be taken for another's. Names are placed in the order given, so the most important
come first; where some find no free place, they go first in a further round, and the round that places most names
counts. One that still finds none is left out, and the caller is told. The search is exhaustive over a few rings and
angles, so the same points give the same places.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ..vocabulary import FloatArray
from .measure import LINE, text_width
from .paper import Box

__all__ = ["Callout", "place_names"]

_RINGS = (0.65, 1.3, 2.0, 3.0, 4.2, 5.6, 7.2, 9.0, 11.0, 13.0)  # from point to name, in sizes of the text
_DEGREES = (
    0, 180, 45, 135, 90, -45, -135, -90, 22, 158, -22, -158, 68, 112, -68, -112, 34, 146, 56, 124, 79, 101,
)  # fmt: skip
_ANGLES = tuple(math.radians(degrees) for degrees in _DEGREES)
_ALONG = np.linspace(0.0, 1.0, 24)[:, None]  # where a line is looked at, from end to end
_ROUNDS = 8  # of placing all names, those that found no place in one first in the next
_GAP = 0.12  # between two names, in sizes of the text
_MARK = 0.38  # half the side of a named mark, in sizes of the text
_ALONE = 0.9  # how far other named marks stay from a name without a line, in sizes of the text
_COVERS, _MOST = 0.25, 10.0  # what covering one more mark costs, in rings; and what it costs at most


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Callout:
    """Where a name stands: the box of its letters, its middle, and the line that leads to it from its point, if any."""

    index: int
    x: float
    y: float
    box: Box
    lead: FloatArray | None


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
    page = _Page(named=named, others=others, inside=inside, size=size, wide=[text_width(t, size) for t in texts])
    order, best = list(range(len(texts))), list[Callout]()
    for _ in range(_ROUNDS):
        placed: list[Callout] = []
        for i in order:
            if (found := _best(i, page, placed)) is not None:
                placed.append(found)
        best = max(best, placed, key=len)
        there = {callout.index for callout in placed}
        if len(there) == len(order):
            break
        order.sort(key=lambda i: i in there)
    return best


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Page:
    """What stays through all rounds; `spots` keeps, by name and ring, what was found free of the marks."""

    named: FloatArray
    others: FloatArray
    inside: Box
    size: float
    wide: list[float]
    spots: dict[tuple[int, float], list[tuple[float, Callout]]] = field(default_factory=dict)


def _best(i: int, page: _Page, placed: Sequence[Callout]) -> Callout | None:
    """Return the cheapest free place of one name, if there is any."""
    best, least = None, math.inf
    for ring in _RINGS:
        if ring >= least:
            break
        if (i, ring) not in page.spots:
            page.spots[i, ring] = _ring(i, ring, page)
        for cost, spot in page.spots[i, ring]:
            if cost < least - 1e-9 and _clear(spot, placed, page.size):
                best, least = spot, cost
    return best


def _ring(i: int, ring: float, page: _Page) -> list[tuple[float, Callout]]:
    """Return a name's places on one ring that are free of marks, each with its cost."""
    letters = (page.wide[i], LINE * page.size)
    spots = (_spot(i, page.named[i], letters, (ring * page.size, angle), ring > _RINGS[0]) for angle in _ANGLES)
    return [(ring + min(_COVERS * _covered(spot.box, page.others), _MOST), spot) for spot in spots if _free(spot, page)]


def _spot(i: int, point: FloatArray, letters: tuple[float, float], to: tuple[float, float], led: bool) -> Callout:
    (wide, tall), (far, angle) = letters, to
    from_x, from_y = float(point[0]), float(point[1])
    x = from_x + math.cos(angle) * (far + wide / 2)
    y = from_y + math.sin(angle) * (far + tall / 2)
    end = (min(max(from_x, x - wide / 2), x + wide / 2), min(max(from_y, y - 0.35 * tall), y + 0.35 * tall))
    lead = np.array([(from_x, from_y), end]) if led else None
    return Callout(index=i, x=x, y=y, box=(x - wide / 2, y - tall / 2, wide, tall), lead=lead)


def _free(spot: Callout, page: _Page) -> bool:
    """Whether a place lies inside and off the named marks, and its line passes over none of them."""
    (x, y, wide, tall), inside, size = spot.box, page.inside, page.size
    if x < inside[0] or y < inside[1] or x + wide > inside[0] + inside[2] or y + tall > inside[1] + inside[3]:
        return False
    if _covered(_wider(spot.box, _MARK * size), page.named):
        return False
    others = np.delete(page.named, spot.index, axis=0)
    if spot.lead is None:
        return not _covered(_wider(spot.box, _ALONE * size), others)
    return not _meets(spot.lead, others, _MARK * size)


def _clear(spot: Callout, placed: Sequence[Callout], size: float) -> bool:
    """Whether a place is off the other names, and no line can be taken for another's."""
    wider = _wider(spot.box, _GAP * size)
    return not any(_in_the_way(spot, wider, other, _wider(other.box, _GAP * size)) for other in placed)


def _in_the_way(spot: Callout, wider: Box, other: Callout, theirs: Box) -> bool:
    """Whether two names overlap, or the line of one enters the other or crosses its line."""
    if _overlap(wider, other.box):
        return True
    if other.lead is not None and _enters(other.lead, wider):
        return True
    if spot.lead is None:
        return False
    return _enters(spot.lead, theirs) or (other.lead is not None and _cross(spot.lead, other.lead))


def _wider(box: Box, by: float) -> Box:
    x, y, wide, tall = box
    return x - by, y - by, wide + 2 * by, tall + 2 * by


def _covered(box: Box, marks: FloatArray) -> int:
    x, y, wide, tall = box
    across = (marks[:, 0] > x) & (marks[:, 0] < x + wide)
    return int((across & (marks[:, 1] > y) & (marks[:, 1] < y + tall)).sum())


def _overlap(a: Box, b: Box) -> bool:
    return a[0] < b[0] + b[2] and b[0] < a[0] + a[2] and a[1] < b[1] + b[3] and b[1] < a[1] + a[3]


def _enters(line: FloatArray, box: Box) -> bool:
    """Whether a straight line enters a box; looked at closely only where they are near."""
    (x0, y0), (x1, y1) = line.tolist()
    x, y, wide, tall = box
    if max(x0, x1) <= x or min(x0, x1) >= x + wide or max(y0, y1) <= y or min(y0, y1) >= y + tall:
        return False
    return _covered(box, line[0] + _ALONG * (line[1] - line[0])) > 0


def _meets(line: FloatArray, marks: FloatArray, half: float) -> bool:
    """Whether a line passes over a mark; one that begins beside a mark and leads away from it does not."""
    way = line[1] - line[0]
    off = marks - line[0]
    along = np.clip(off @ way / max(float(way @ way), 1e-12), 0.0, 1.0)
    nearest = np.hypot(*(off - along[:, None] * way).T)
    return bool((nearest < np.minimum(half, 0.95 * np.hypot(*off.T))).any())


def _cross(a: FloatArray, b: FloatArray) -> bool:
    """Whether two straight lines cross between their ends."""
    return _parts(a, b) and _parts(b, a)


def _parts(line: FloatArray, other: FloatArray) -> bool:
    """Whether the ends of another line lie on both sides of a line."""
    (x0, y0), (x1, y1) = line.tolist()
    one, two = ((x1 - x0) * (y - y0) - (y1 - y0) * (x - x0) for x, y in other.tolist())
    return bool(one * two < 0)
