"""Forest plots: rows in, one Axes out, for one row or a hundred, in the house's look or a journal's.

The returned Axes is the plot itself, with the scale of the effect on x (log for ratios) and points up from the lowest
line on y; the columns of text are texts of that Axes, placed in figure fractions. Box *areas* are proportional to
precision (1 / SE squared).
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable, Sequence, Sized
from copy import copy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, Unpack

from matplotlib.axes import Axes

from ..effects import EffectEstimate, rows_of
from ..errors import EffectError, TamoxresError
from ..meta.pooled import PooledEffect
from ..meta.subgroups import Subgroups
from ..wording import HOUSE, style_now, written_as
from .figure import figure
from .forest_axis import choose_scale
from .forest_columns import place
from .forest_draw import Page, draw, foot_height, head_height, label_heights
from .forest_layout import Line, Sheet, at_level
from .forest_sheets import meta_sheet, plain_sheet, subgroup_sheet
from .forest_words import FOREST_HUES, forest_style
from .look import Looks, in_order
from .style import Width, box_in_points, font_size, journal, new_axes, use_style, width_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["PER_PAGE", "forest", "forest_pages"]

Layout = Literal["meta", "subgroup", "plain"]
_LAYOUTS = ("meta", "subgroup", "plain")
_MANY = 30
_MOST = 500  # lines: a figure as high as two men
_MOST = 5_000  # rows of one plot, 83 pages
PER_PAGE = 60  # lines from which a plot has an axis above them too, and needs pages in print
_FEWEST = 10
_PITCH, _PITCH_MANY, _PITCH_LEAST = 1.9, 1.55, 1.25  # distance of the lines, in sizes of the text


@figure(without=("ylim",), palette=FOREST_HUES)
def forest(
    rows: PooledEffect | Iterable[EffectEstimate] | pd.DataFrame,
    *,
    layout: Layout | None = None,
    style: str = "tamoxres",
    ax: Axes | None = None,
    width: Width = "double",
    favours: tuple[str, str] | None = None,
    groups: Subgroups | None = None,
    **look: Unpack[Looks],
) -> Axes:
    """Draw effects one below the other with their intervals.

    Parameters
    ----------
    rows : PooledEffect, iterable of EffectEstimate, or DataFrame
        A pooled effect is drawn with its studies, diamonds, prediction interval and heterogeneity line.
    layout : "meta" | "subgroup" | "plain", optional
        `subgroup` puts the overall effect first (the row without a marker), then each marker with its P for
        interaction and its levels. By default meta for a pooled effect, subgroup for treatment effects of one study
        within levels, else plain.
    style : "tamoxres" | "revman5" | "bmj" | "jama" | "lancet" | "ebctcg"
    ax : Axes, optional
        Drawn into its box; else a figure is made that is as high as the rows need.
    width : "single" | "middle" | "double"
        One journal column (85 mm), one and a half (114 mm) or two (170 mm), where `ax` is not given. On one column,
        counts and weights may be left out; a note says so.
    favours : (str, str), optional
        What stands under the left and the right side; by default made from the contrast.
    groups : Subgroups, optional
        Subgroups of the pooled studies, each with its own diamond, and the test of their difference.

    Returns
    -------
    Axes
        `ax.figure` shows the figure in a notebook; `figures.save.save_figure` writes it.

    Raises
    ------
    EffectError
        If there are no rows, or ratios stand beside differences.
    TamoxresError
        If the style is unknown, there are more than 500 lines, or they do not fit into `ax`.

    Examples
    --------
    >>> from tamoxres.effects import EffectEstimate
    >>> naples = EffectEstimate.from_ci(1.33, 0.70, 2.51, study="Naples 2003")
    >>> forest([naples]).get_xscale()
    'log'
    """
    style = style_now().name if style == HOUSE.name else style
    with written_as(journal(style)):
        sheet = _ordered(_sheet(rows, layout, style, groups))
        if len(sheet.lines) > _MOST:
            raise TamoxresError(
                f"A forest plot of {len(sheet.lines):,} lines cannot be read; {_MOST} are the most. "
                "Choose rows, take forest_pages, or draw a funnel or albatross plot."
            )
        laid = _lay(sheet, favours, style, width_of(width) if ax is None else ax)
        with use_style(laid.page.size):
            return _drawn(laid, ax)


@figure(without=("ylim",), palette=FOREST_HUES)
def forest_pages(
    rows: PooledEffect | Iterable[EffectEstimate] | pd.DataFrame,
    *,
    layout: Layout | None = None,
    style: str = "tamoxres",
    width: Width = "double",
    favours: tuple[str, str] | None = None,
    groups: Subgroups | None = None,
    per_page: int = PER_PAGE,
    **look: Unpack[Looks],
) -> list[Axes]:
    """Draw a long forest plot on several pages, each with its heads, its axis and the same scale.

    Parameters
    ----------
    rows, layout, style, width, favours, groups
        As in `forest`.
    per_page : int
        Lines on a page, 10 at least; a head of a subgroup is kept with the lines under it.

    Returns
    -------
    list of Axes
        One a page, each on a figure of its own; `save_figure` writes them as one PDF. The notes stand under the last.

    Raises
    ------
    EffectError
        If there are no rows, or ratios stand beside differences.
    TamoxresError
        If the style is unknown, or a page has fewer than 10 lines.

    Examples
    --------
    >>> from tamoxres.effects import EffectEstimate
    >>> rows = [EffectEstimate.from_ci(1.33, 0.70, 2.51, study=f"Study {i}") for i in range(100)]
    >>> [round(ax.get_ylim()[1]) > 0 for ax in forest_pages(rows)]
    [True, True]
    """
    if per_page < _FEWEST:
        raise TamoxresError(f"per_page is {per_page}. Use {_FEWEST} lines a page or more.")
    with written_as(journal(style)):
        laid = _lay(_ordered(_sheet(rows, layout, style, groups)), favours, style, width_of(width))
        return _paged(laid, per_page)


def _paged(laid: _Laid, per_page: int) -> list[Axes]:
    """Draw a sheet page by page."""
    pages = _split(laid.page.placed.lines, per_page)
    out = []
    for number, lines in enumerate(pages, start=1):
        last = number == len(pages)
        told = (f"Page {number} of {len(pages)}.",) if len(pages) > 1 else ()
        sheet = replace(laid.sheet, lines=lines, notes=(*told, *(laid.sheet.notes if last else ())))
        page = copy(laid.page)
        page.placed, page.long = replace(laid.page.placed, lines=lines), False
        with use_style(page.size):
            out.append(_drawn(_Laid(sheet=sheet, page=page), None))
    return out


@dataclass(frozen=True, slots=True, kw_only=True)
class _Laid:
    """A sheet with its place on paper: columns and scale are chosen, the heights of the lines not yet."""

    sheet: Sheet
    page: Page


def _lay(sheet: Sheet, favours: tuple[str, str] | None, style: str, room: float | Axes) -> _Laid:
    """Choose columns and scale for a width in points, or for the box of an Axes."""
    look = forest_style(style)
    box = box_in_points(room) if isinstance(room, Axes) else (0.0, 0.0, room, 0.0)
    letters = font_size(box[2])
    if favours is not None:
        sheet = replace(sheet, favours=favours)
    with use_style(letters):
        placed = place(sheet, box[2], letters)
        if placed.left_out:
            missing = f"For want of width, not shown: {', '.join(placed.left_out)}."
            sheet = replace(sheet, notes=(*sheet.notes, missing))
        marks = [line.mark for line in sheet.lines if line.mark]
        spans = [(mark.point, mark.low, mark.high) for mark in marks]
        scale = choose_scale(spans, sheet.is_ratio, placed["axis"].width, letters, journal(style))
    heaviest = max((mark.weight for mark in marks), default=0.0) or 1.0
    page = Page(box=box, placed=placed, scale=scale, size=letters, look=look, heaviest=heaviest)
    page.long = len(sheet.lines) > PER_PAGE
    return _Laid(sheet=sheet, page=page)


def _drawn(laid: _Laid, ax: Axes | None) -> Axes:
    """Draw a sheet into an Axes, or on a figure as high as its lines need."""
    page, sheet = laid.page, laid.sheet
    around = head_height(page, sheet) + foot_height(page, sheet)
    extra = label_heights(page.placed.lines, page.size)
    pitch = _pitch(extra, page.size, None if ax is None else page.box[3] - around)
    page.heights = [pitch + more for more in extra]
    if ax is None:
        page.box = (0.0, 0.0, page.box[2], around + sum(page.heights))
        ax = new_axes(page.box[2], page.box[3])
    draw(ax, page, sheet)
    ax.set_label(_spoken(sheet))
    return ax


def _split(lines: Sequence[Line], per_page: int) -> list[tuple[Line, ...]]:
    """Split lines into pages of nearly equal length; a head without a mark goes with what follows it."""
    pages = math.ceil(len(lines) / per_page)
    each = math.ceil(len(lines) / pages)
    out, start = [], 0
    while start < len(lines):
        end = min(start + each, len(lines))
        while end < len(lines) and end > start + 1 and lines[end - 1].bold and lines[end - 1].mark is None:
            end -= 1
        out.append(tuple(lines[start:end]))
        start = end
    return out


def _pitch(extra: Sequence[float], letters: float, room: float | None) -> float:
    """Return the distance of the lines: the house's own, or what the room of a given Axes leaves."""
    if room is None:
        return letters * (_PITCH if len(extra) <= _MANY else _PITCH_MANY)
    pitch = min((room - sum(extra)) / len(extra), 3 * letters)
    if pitch < _PITCH_LEAST * letters:
        needed = (_PITCH_LEAST * letters * len(extra) + sum(extra) - room) / 72
        raise TamoxresError(
            f"{len(extra)} lines do not fit into this Axes: it is {needed:.1f} inches too low. "
            "Make it higher, or leave out ax=, and the figure is made as high as it must be."
        )
    return pitch


def _spoken(sheet: Sheet) -> str:
    """Describe the plot in plain letters, for those who cannot see it; it travels in the file's metadata."""
    said = [_line_spoken(line) for line in sheet.lines]
    return unicodedata.normalize("NFKC", "Forest plot. " + ". ".join([*said, *sheet.notes]))


def _line_spoken(line: Line) -> str:
    text = line.cells.get("estimate") or line.cells.get("range") or line.cells.get("p", "")
    return f"{line.label}: {text}" if text else line.label


def _sheet(
    rows: PooledEffect | Iterable[EffectEstimate] | pd.DataFrame,
    layout: str | None,
    style: str,
    groups: Subgroups | None,
) -> Sheet:
    if layout not in (None, *_LAYOUTS):
        raise TamoxresError(f"Unknown layout {layout!r}. Use one of {', '.join(_LAYOUTS)}.")
    if isinstance(rows, PooledEffect):
        if layout not in (None, "meta"):
            raise TamoxresError(f"Layout {layout!r} takes a list of effects: give the pooled effect's `effects`.")
        return meta_sheet(rows, style, groups)
    if layout == "meta" or groups is not None:
        raise TamoxresError("Layout 'meta' and groups take a pooled effect: pool the effects first (tr.pool).")
    if isinstance(rows, Sized) and len(rows) > _MOST:
        raise EffectError(f"{len(rows):,} effects are too many to draw, {_MOST:,} at most.", mend="Choose fewer rows.")
    effects = at_level(list(rows_of(rows)))
    if not effects:
        raise EffectError("A forest plot needs one effect at least; found none.")
    if layout == "subgroup" or (layout is None and _looks_like_subgroups(effects)):
        return subgroup_sheet(effects, style)
    return plain_sheet(effects, style)


def _ordered(sheet: Sheet) -> Sheet:
    """Put the lines into the order that was asked for: lines under a head within it, heads with all that is theirs."""
    blocks: list[list[Line]] = []
    for line in sheet.lines:
        if line.indent and blocks:
            blocks[-1].append(line)
        else:
            blocks.append([line])
    inner = [[block[0], *in_order(block[1:], lambda line: line.label)] for block in blocks]
    return replace(sheet, lines=tuple(line for block in in_order(inner, lambda b: b[0].label) for line in block))


def _looks_like_subgroups(effects: list[EffectEstimate]) -> bool:
    drawn = [effect for effect in effects if effect.estimand != "interaction"]
    levels = [(effect.marker, effect.population_parts) for effect in drawn if effect.marker]
    one = {(effect.label, effect.estimand) for effect in drawn}
    return len(one) == 1 and one.pop()[1] == "treatment_effect" and len(set(levels)) == len(levels) > 1
