"""The visual abstract: question, answer in a sentence, who was asked, and a line for each marker, on one sheet.

A marker's line has its verdict in words, its ratio of hazard ratios on the one log axis where it has one, and how sure
trials make us, for an effect modification and of none, as filled dots of four.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Unpack

from matplotlib.axes import Axes

from ..effects import EffectEstimate
from ..errors import TamoxresError
from ..wording import plain, ratio_with_interval
from .figure import figure
from .look import LooksUntitled, in_order
from .measure import LINE, wrap
from .paper import rule, settle, write
from .style import ACCENT, DARK, INK, LIGHT, PALE, SMALLEST, bare, font_size, new_axes, use_style, width_of

__all__ = ["AbstractRow", "visual_abstract"]

_AXIS = (0.2, 5.0)
_TICKS = (0.25, 0.5, 1.0, 2.0, 4.0)
_DOTS = {"none": 0, "very low": 1, "low": 2, "moderate": 3, "high": 4}
_AT = (0.0, 0.10, 0.38, 0.60, 0.735, 0.875)  # shares of the width: marker, verdict, axis, ratio, for, of none
_ROW = 2.7  # height of a marker's line, in sizes of the text


@dataclass(frozen=True, slots=True, kw_only=True)
class AbstractRow:
    """One marker's line.

    Attributes
    ----------
    marker, verdict : str
    effect : EffectEstimate or None
        Its ratio of hazard ratios.
    sure_for, sure_none : "none" | "very low" | "low" | "moderate" | "high"

    Examples
    --------
    >>> import tamoxres as tr
    >>> row = tr.AbstractRow(marker="HER2", verdict="inconclusive", effect=None, sure_for="very low", sure_none="none")
    >>> row.marker, row.effect
    ('HER2', None)
    """

    marker: str
    verdict: str
    effect: EffectEstimate | None
    sure_for: str
    sure_none: str


@figure(
    without=(
        "xlim",
        "ylim",
    ),
    on_paper=True,
)
def visual_abstract(
    title: str, answer: str, rows: Sequence[AbstractRow], *, facts: str = "", foot: str = "",
    favours: tuple[str, str] = ("below 1", "above 1"),
    ax: Axes | None = None,
    **look: Unpack[LooksUntitled],
) -> Axes:  # fmt: skip
    """Draw a report's answer on one sheet.

    Parameters
    ----------
    title, answer : str
        The question, and what came of it in a sentence.
    rows : sequence of AbstractRow
    facts, foot : str
        Who was asked, above the lines; what must not be read from them, under them.
    favours : (str, str)
        What a ratio below 1, and one above 1, says.
    ax : Axes, optional
        Drawn into its box; else a figure is made.

    Returns
    -------
    Axes
        Its data are points on paper.

    Raises
    ------
    TamoxresError
        If there are no rows.

    Examples
    --------
    >>> row = AbstractRow(marker="HER2", verdict="open", effect=None, sure_for="low", sure_none="none")
    >>> visual_abstract("Does it?", "It stays open.", [row]).get_label()
    'Does it? It stays open. HER2: open; certainty for low, of none none.'
    """
    if not rows:
        raise TamoxresError("A visual abstract needs one marker at least; found none.")
    whole, rows = width_of("double"), in_order(rows, lambda row: row.marker)
    size = font_size(whole)
    with use_style(size):
        head = wrap(title, whole / 1.35, size, bold=True), wrap(answer, whole / 1.15, size), wrap(facts, whole, size)
        tall = [_tall(text) * scale * size for text, scale in zip(head, (1.35, 1.15, 1.0), strict=True)]
        above, below = sum(tall) + 5.6 * size, (_tall(wrap(foot, whole / 1.1, size)) + 0.8) * size
        height = above + _ROW * size * len(rows) + below
        ax = new_axes(whole, height)
        settle(ax, (0.0, 0.0, whole, height), (0.0, whole), (0.0, height))
        bare(ax)
        y = height - size
        for text, scale, lines, bold in zip(head, (1.35, 1.15, 1.0), tall, (True, False, False), strict=True):
            write(ax, (0.0, y), text, scale * size, bold=bold, color=INK if scale > 1 else DARK)
            y -= lines
        _draw_heads(ax, (y - 0.4 * size, whole, size), favours)
        for i, row in enumerate(rows):
            _draw_row(ax, row, (height - above - (i + 0.5) * _ROW * size, whole, size))
        write(ax, (0.0, below - 1.2 * size), wrap(foot, whole / 1.1, size), 1.1 * size, bold=True, color=DARK)
    ax.set_label(" ".join(filter(None, (title, answer, facts, *map(_told, rows), foot))))
    return ax


def _tall(text: str) -> float:
    return LINE * (text.count("\n") + 1) + 0.5 if text else 0.0


def _told(row: AbstractRow) -> str:
    ratio = f", ratio of HRs {_ratio(row.effect)}" if row.effect is not None else ""
    return f"{row.marker}: {row.verdict}{ratio}; certainty for {row.sure_for}, of none {row.sure_none}."


def _ratio(effect: EffectEstimate) -> str:
    return ratio_with_interval(effect.estimate, *effect.ci())


def _place(value: float, whole: float) -> float:
    low, high = _AXIS
    share = math.log(min(max(value, low), high) / low) / math.log(high / low)
    return whole * (_AT[2] + share * (_AT[3] - _AT[2] - 0.02))


def _draw_heads(ax: Axes, at: tuple[float, float, float], favours: tuple[str, str]) -> None:
    y, whole, size = at
    heads = ("Marker", "Cohort data", "", "Ratio of HRs", "Certainty: for", "of none")
    for share, text in zip(_AT, heads, strict=True):
        write(ax, (share * whole, y - 1.5 * size), text, size, bold=True)
    gap, middle = 0.5 * size, _place(1.0, whole)
    write(ax, (middle - gap, y - 0.2 * size), wrap(favours[0], 0.1 * whole, size), size, align="right", color=DARK)
    write(ax, (middle + gap, y - 0.2 * size), wrap(favours[1], 0.1 * whole, size), size, color=DARK)
    for tick in _TICKS:
        write(ax, (_place(tick, whole), y - 2.8 * size), plain(tick), min(SMALLEST, size), align="center", color=DARK)
    rule(ax, (0.0, y - 3.5 * size), (whole, y - 3.5 * size), 0.8)


def _draw_row(ax: Axes, row: AbstractRow, at: tuple[float, float, float]) -> None:
    y, whole, size = at
    half = _ROW * size / 2
    write(ax, (0.0, y), row.marker, size, bold=True)
    text = wrap(row.verdict, (_AT[2] - _AT[1] - 0.02) * whole, size)
    write(ax, (_AT[1] * whole, y + LINE * size * text.count("\n") / 2), text, size)
    rule(ax, (_place(1.0, whole), y - half), (_place(1.0, whole), y + half), 0.6, LIGHT)
    if row.effect is not None:
        low, high = row.effect.ci()
        rule(ax, (_place(low, whole), y), (_place(high, whole), y), 1.1, ACCENT)
        for limit, beyond, tip in ((low, low < _AXIS[0], "<"), (high, high > _AXIS[1], ">")):
            if beyond:
                ax.plot([_place(limit, whole)], [y], marker=tip, markersize=0.5 * size, color=ACCENT)
        point = _place(row.effect.estimate or 1.0, whole)
        ax.plot([point], [y], marker="s", markersize=0.65 * size, color=ACCENT, gid=f"ratio-{row.marker}")
        write(ax, (_AT[3] * whole, y), _ratio(row.effect), size)
    for share, sure in ((_AT[4], row.sure_for), (_AT[5], row.sure_none)):
        for i in range(4):
            face = ACCENT if i < _DOTS.get(sure, 0) else "white"
            ax.plot(
                [share * whole + (0.5 + 0.9 * i) * size], [y], marker="o", markersize=0.55 * size,
                markeredgecolor=ACCENT, markerfacecolor=face, markeredgewidth=0.6,
            )  # fmt: skip
        write(ax, (share * whole + 4.0 * size, y), sure, min(SMALLEST, size), color=DARK)
    rule(ax, (0.0, y - half), (whole, y - half), 0.4, PALE)
