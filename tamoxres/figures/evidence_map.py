"""The evidence map: how many studies of each kind say what of each marker, in one picture.

Columns are tiers, from cell lines to meta-analyses; within a tier each direction that occurs has its own place, from
resistance on the left to sensitivity on the right. The area of a mark is proportional to the number of studies, which
is printed under it; the directions differ in shape as in colour, so that they are told apart in grey.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Unpack

from matplotlib.axes import Axes

from ..errors import TamoxresError
from ..wording import count
from .figure import figure
from .look import Looks, in_order
from .measure import LINE, text_width
from .paper import Box, rule, settle, write
from .style import ACCENT, DARK, LIGHT, Width, bare, box_in_points, font_size, new_axes, use_style, width_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["evidence_map"]

_Counts = dict[tuple[str, str, str], int]
_COLUMNS = ("marker", "tier", "direction", "study")
_TIERS = {
    "cell_line": "Cell\nline", "animal_model": "Animal\nmodel", "clinical": "Clinical",
    "meta_analysis": "Meta-\nanalysis",
}  # fmt: skip
_ALSO = {"mixed": "unclear"}
_HEAD, _ROW, _ROW_LEAST, _GAP = 4.5, 4.6, 3.2, 1.6  # heights and gap in sizes of the text
_SHORT = 45.0  # widths in sizes of the text below which heads are short
_MARK_SHARE = 0.92  # of its place that the largest mark may take


@dataclass(frozen=True, slots=True, kw_only=True)
class _Direction:
    """How a direction is drawn: marker, face and edge; `unit` is the area of the marker at scatter size 1."""

    label: str
    shape: str
    face: str
    edge: str
    unit: float


_DIRECTIONS = {
    "resistant": _Direction(label="resistant", shape="^", face=ACCENT, edge=ACCENT, unit=0.5),
    "prognostic_worse": _Direction(label="worse prognosis", shape="^", face="white", edge=ACCENT, unit=0.5),
    "unclear": _Direction(label="mixed or unclear", shape="o", face=LIGHT, edge=LIGHT, unit=math.pi / 4),
    "no_effect": _Direction(label="no effect", shape="s", face="white", edge=DARK, unit=1.0),
    "prognostic_better": _Direction(label="better prognosis", shape="v", face="white", edge=DARK, unit=0.5),
    "sensitive": _Direction(label="sensitive", shape="v", face=DARK, edge=DARK, unit=0.5),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where a direction of a tier stands: its middle and its width, points from the left of the map."""

    tier: str
    direction: str
    middle: float
    width: float


@figure(without=("xlim", "ylim", "digits"), palette=(ACCENT, (DARK, "mark"), (LIGHT, "mark")))
def evidence_map(
    studies: pd.DataFrame, *, ax: Axes | None = None, width: Width = "double", **look: Unpack[Looks]
) -> Axes:
    """Draw markers by tier, with the number of studies for each direction.

    Parameters
    ----------
    studies : DataFrame
        marker, tier (cell_line, animal_model, clinical, meta_analysis), direction (resistant, prognostic_worse, mixed,
        unclear, no_effect, prognostic_better, sensitive) and study: one row a study and marker. Studies are counted by
        study_id where that column stands too.
    ax : Axes, optional
        Drawn into its box; else a figure is made.
    width : "single" | "middle" | "double" | "phone"
        One journal column (85 mm), one and a half (114 mm) or two (170 mm), or a phone's screen, where `ax` is not
        given.

    Returns
    -------
    Axes
        Its data are points on paper; `ax.figure` shows the figure in a notebook.

    Raises
    ------
    TamoxresError
        If a column is missing, a tier or direction unknown, there is no study, or `ax` is too low.

    Examples
    --------
    >>> import tamoxres as tr
    >>> evidence_map(tr.studies()).has_data()
    True
    """
    counts, totals = _counted(studies)
    markers = {marker for marker, _, _ in counts}
    box = (0.0, 0.0, width_of(width), 0.0) if ax is None else box_in_points(ax)
    size = font_size(box[2])
    with use_style(size):
        left = max(text_width(marker, size, bold=True) for marker in markers) + size
        texts, heads = _head_texts(totals, size, short=box[2] < _SHORT * size)
        places = _places(counts, heads, left, box[2] - left)
        legend = _legend_lines([place.direction for place in places], box[2], size)
        head, foot = _HEAD * size, (len(legend) * 1.5 + 1.9) * size
        if ax is None:
            box = (0.0, 0.0, box[2], head + foot + _ROW * size * len(markers))
            ax = new_axes(box[2], box[3])
        row = (box[3] - head - foot) / len(markers)
        if row < _ROW_LEAST * size:
            raise TamoxresError(
                f"{len(markers)} markers do not fit into an Axes {box[3] / 72:.1f} inches high; make it higher."
            )
        settle(ax, box, (0.0, box[2]), (0.0, box[3]))
        bare(ax)
        _draw_heads(ax, places, texts, box, size)
        _draw_rows(ax, counts, places, box, (foot, row, size))
        _draw_legend(ax, legend, box, size)
    told = [f"{marker} {tier} {direction} {n}" for (marker, tier, direction), n in counts.items()]
    ax.set_label("Evidence map, number of studies. " + "; ".join(told).replace("_", " ") + ".")
    return ax


def _counted(studies: pd.DataFrame) -> tuple[_Counts, dict[str, int]]:
    """Count studies by marker, tier and direction (the marker with most studies first), and by tier."""
    if lacking := [name for name in _COLUMNS if name not in studies.columns]:
        found = ", ".join(map(str, studies.columns))
        raise TamoxresError(f"The evidence map needs a column {lacking[0]!r}; found {found}.")
    if studies.empty:
        raise TamoxresError("The evidence map needs one study at least; found none.")
    told = studies.assign(direction=studies["direction"].replace(_ALSO))
    if "study_id" in told.columns:  # labels are a reader's, ids tell studies apart
        told = told.assign(study=told["study_id"])
    for name, known in (("tier", _TIERS), ("direction", _DIRECTIONS)):
        if unknown := sorted(set(told[name].astype(str)) - set(known)):
            raise TamoxresError(f"Unknown {name} {unknown[0]!r}. Use one of {', '.join(known)}.")
    grouped = told.groupby(["marker", "tier", "direction"], observed=True)["study"].nunique()
    weight = told.groupby("marker", observed=True)["study"].nunique()
    markers = in_order(sorted(weight.index, key=lambda name: (-int(weight[name]), str(name))), str)
    keys = sorted(grouped.index, key=lambda key: markers.index(key[0]))
    totals = told.groupby("tier", observed=True)["study"].nunique()
    return {key: int(grouped[key]) for key in keys}, {str(tier): int(n) for tier, n in totals.items()}


def _places(counts: _Counts, heads: dict[str, float], left: float, width: float) -> list[_Place]:
    """Share the width from `left` on among the directions that occur in each tier; none is narrower than its head."""
    found = {(tier, direction) for _, tier, direction in counts}
    columns = {tier: [d for d in _DIRECTIONS if (tier, d) in found] for tier in heads}
    widths: dict[str, float] = {}
    while True:  # tiers whose head is wider than their share are given the head's width, and the rest share again
        rest = [tier for tier in columns if tier not in widths]
        each = (width - sum(widths.values())) / max(sum(len(columns[tier]) for tier in rest), 1)
        wider = {tier: heads[tier] for tier in rest if heads[tier] > len(columns[tier]) * each}
        if not wider or len(wider) == len(rest):
            break
        widths |= wider
    places, at = [], left
    for tier, directions in columns.items():
        step = widths.get(tier, len(directions) * each) / len(directions)
        for i, direction in enumerate(directions):
            places.append(_Place(tier=tier, direction=direction, middle=at + step * (i + 0.5), width=step))
        at += step * len(directions)
    return places


def _head_texts(totals: dict[str, int], size: float, *, short: bool) -> tuple[dict[str, str], dict[str, float]]:
    """Return the head of each tier that occurs, and the width it needs; `short` leaves the word `studies` away."""
    texts = {}
    for tier in [name for name in _TIERS if name in totals]:
        noun = "study" if totals[tier] == 1 else "studies"
        texts[tier] = f"{_TIERS[tier]}\n{count(totals[tier])}{'' if short else f' {noun}'}"
    return texts, {tier: text_width(text, size, bold=True) + _GAP * size for tier, text in texts.items()}


def _legend_lines(used: Sequence[str], width: float, size: float) -> list[list[tuple[str, float]]]:
    """Set the directions that occur side by side, each with where its mark stands, in as many lines as they need."""
    lines: list[list[tuple[str, float]]] = [[]]
    at = 0.5 * size
    for direction in [name for name in _DIRECTIONS if name in used]:
        wide = text_width(_DIRECTIONS[direction].label, size) + 3.2 * size
        if lines[-1] and at + wide > width:
            lines.append([])
            at = 0.5 * size
        lines[-1].append((direction, at))
        at += wide
    return lines


def _draw_heads(ax: Axes, places: Sequence[_Place], texts: dict[str, str], box: Box, size: float) -> None:
    left, bottom, wide, high = box
    top, under = bottom + high, bottom + high - _HEAD * size
    rule(ax, (left, top - 0.35), (left + wide, top - 0.35), 0.7)
    for tier, text in texts.items():
        own = [place for place in places if place.tier == tier]
        start, end = own[0].middle - own[0].width / 2, own[-1].middle + own[-1].width / 2
        name, _, studies = text.rpartition("\n")
        middle = left + (start + end) / 2
        write(ax, (middle, under + (0.9 + LINE * (name.count("\n") + 1)) * size), name, size, align="center", bold=True)
        write(ax, (middle, under + 0.9 * size), studies, size, align="center")
        gap = _GAP * size / 2
        rule(ax, (left + start + gap, under), (left + end - gap, under), 0.5)


def _draw_rows(
    ax: Axes,
    counts: _Counts,
    places: Sequence[_Place],
    box: Box,
    grid: tuple[float, float, float],
) -> None:
    """Draw a row for each marker: its name, its marks, and the count under each."""
    foot, row, size = grid
    markers = list(dict.fromkeys(marker for marker, _, _ in counts))
    side = min(min(place.width for place in places) * _MARK_SHARE, row - 2.2 * size)
    unit = side**2 * min(look.unit for look in _DIRECTIONS.values()) / max(counts.values())
    for i, marker in enumerate(markers):
        middle = foot + row * (len(markers) - i - 0.5)
        if i:
            edge = box[1] + middle + row / 2
            rule(ax, (box[0], edge), (box[0] + box[2], edge), 0.4, LIGHT)
        write(ax, (box[0] + 0.5 * size, box[1] + middle), marker, size, bold=True)
        for place in places:
            if number := counts.get((marker, place.tier, place.direction)):
                _mark(ax, place.direction, (place.middle, middle + 0.6 * size), unit * number)
                write(
                    ax,
                    (box[0] + place.middle, box[1] + middle - row / 2 + 0.9 * size),
                    count(number),
                    size,
                    align="center",
                )


def _mark(ax: Axes, direction: str, at: tuple[float, float], area: float) -> None:
    """Draw a mark of this area in square points."""
    look = _DIRECTIONS[direction]
    style: dict[str, Any] = {"facecolors": look.face, "edgecolors": look.edge, "linewidths": 0.8, "clip_on": False}
    ax.scatter([at[0]], [at[1]], s=area / look.unit, marker=look.shape, gid=f"mark-{direction}", **style)


def _draw_legend(ax: Axes, lines: Sequence[Sequence[tuple[str, float]]], box: Box, size: float) -> None:
    top = (len(lines) * 1.5 + 1.9) * size
    rule(ax, (box[0], box[1] + top), (box[0] + box[2], box[1] + top), 0.7)
    for i, line in enumerate(lines):
        y = top - (1.1 + 1.5 * i) * size
        for direction, x in line:
            _mark(ax, direction, (x + 0.5 * size, y), 0.45 * size**2)
            write(ax, (box[0] + x + 1.4 * size, box[1] + y), _DIRECTIONS[direction].label, size)
    said = "Area of a mark: number of studies, printed under it."
    write(ax, (box[0] + 0.5 * size, box[1] + 0.7 * size), said, size, color=DARK)
