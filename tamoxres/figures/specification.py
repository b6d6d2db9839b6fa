"""The specification curve: every way a question was asked, in order of its answer, over what each way chose.

Every column is one specification: above, its estimate with its interval on a log axis; below, a mark for each choice
that it made. A filled mark has an interval that leaves out 1, an open one has an interval that holds it.

References
----------
Simonsohn U, Simmons JP, Nelson LD 2020, doi:10.1038/s41562-020-0912-z.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Unpack

from matplotlib.axes import Axes

from ..effects import EffectEstimate
from ..errors import TamoxresError
from ..wording import plain, ratio_with_interval
from .figure import figure
from .look import Looks, in_order, limits
from .measure import LINE, text_width, wrap
from .paper import rule, settle, write
from .style import ACCENT, DARK, LIGHT, PALE, Width, bare, font_size, new_axes, use_style, width_of

__all__ = ["specification_curve"]

_TICKS = (0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 10.0, 20.0, 50.0)
_MOST = 50.0  # the axis never reaches beyond it, or its inverse; what does ends there
_PLOT, _LABELS = 20.0, 0.34  # height of the plot in sizes of the text; share of the width that choices may take
_SIDES = ("below 1", "above 1")


@dataclass(frozen=True, slots=True)
class _Sheet:
    """Where things stand, in points from the lower left corner of the figure."""

    width: float
    left: float
    foot: float
    top: float
    low: float
    high: float
    step: float
    size: float

    def x(self, column: int) -> float:
        return self.left + (column + 0.5) * self.step

    def y(self, value: float) -> float:
        at = min(max(value, self.low), self.high)
        return self.foot + (math.log(at / self.low) / math.log(self.high / self.low)) * (self.top - self.foot)


@figure(without=("xlim", "digits"), on_paper=True)
def specification_curve(
    effects: Sequence[EffectEstimate],
    choices: Sequence[Mapping[str, str]],
    *,
    favours: tuple[str, str] = _SIDES,
    width: Width = "double",
    ax: Axes | None = None,
    **look: Unpack[Looks],
) -> Axes:
    """Draw ratios in order, with what each specification chose below them.

    Parameters
    ----------
    effects : sequence of EffectEstimate
        Estimated ratios, one a specification.
    choices : sequence of mapping
        For each of them what it chose, by the name of the choice: `{"Endpoint": "RFI", "Adjustment": "crude"}`.
    favours : (str, str)
        What a ratio below 1, and one above 1, says.
    width : "single" | "double"
        One column (85 mm) or two (175 mm).
    ax : Axes, optional
        Drawn into its box; else a figure is made.

    Returns
    -------
    Axes
        Its data are points on paper.

    Raises
    ------
    TamoxresError
        If there are none, the two differ in number, or an effect is no estimated ratio.

    Examples
    --------
    >>> rows = [EffectEstimate(study=s, log_estimate=b, se=0.2, measure="HR") for s, b in (("a", 0.4), ("b", 0.1))]
    >>> specification_curve(rows, [{"Endpoint": "RFI"}, {"Endpoint": "OS"}]).get_label()
    'Specification curve. RFI 1.49 (1.01-2.21); OS 1.11 (0.75-1.64).'
    """
    if not effects or len(effects) != len(choices):
        raise TamoxresError(
            f"A specification curve needs choices for each effect; found {len(effects)} effects and {len(choices)}."
        )
    if any(not effect.is_ratio or effect.point is None for effect in effects):
        raise TamoxresError("A specification curve draws estimated ratios. Leave out the other effects.")
    order = sorted(range(len(effects)), key=lambda i: (effects[i].point or 0.0, i))
    rows, chosen = [effects[i] for i in order], [choices[i] for i in order]
    groups = _groups(choices)
    whole = width_of(width)
    size = font_size(whole)
    with use_style(size):
        labels = {
            (name, value): wrap(value, _LABELS * whole, size) for name, values in groups.items() for value in values
        }
        sheet = _laid(rows, labels, groups, (whole, size))
        height = sheet.top + 1.2 * size
        ax = new_axes(whole, height)
        settle(ax, (0.0, 0.0, whole, height), (0.0, whole), (0.0, height))
        bare(ax)
        _draw_axis(ax, sheet, favours)
        _draw_choices(ax, sheet, groups, labels, chosen)
        _draw_rows(ax, sheet, rows)
    told = [f"{', '.join(c.values())} {_told(e)}" for e, c in zip(effects, choices, strict=True)]
    ax.set_label(f"Specification curve. {'; '.join(told)}.")
    return ax


def _told(effect: EffectEstimate) -> str:
    return ratio_with_interval(effect.estimate, *effect.ci())


def _groups(choices: Sequence[Mapping[str, str]]) -> dict[str, list[str]]:
    """List the values of each choice in the order in which they come; a choice that all made alike is left out."""
    names = in_order(list(dict.fromkeys(name for one in choices for name in one)), str)
    found = {name: in_order(list(dict.fromkeys(one[name] for one in choices if name in one)), str) for name in names}
    varied = {name: values for name, values in found.items() if len(values) > 1}
    return varied or found


def _laid(
    rows: Sequence[EffectEstimate], labels: Mapping[tuple[str, str], str], groups: Mapping[str, Sequence[str]],
    paper: tuple[float, float],
) -> _Sheet:  # fmt: skip
    whole, size = paper
    heads = [text_width(name, size, bold=True) for name in groups]
    texts = [text_width(text, size) for text in labels.values()]
    left = max(*texts, *heads, 10 * size) + 2.2 * size
    below = sum(_tall(text, size) for text in labels.values()) + 1.9 * size * len(groups) + size
    ends = [limit for row in rows for limit in row.ci() if math.isfinite(limit) and limit > 0]
    far = min(max(*ends, *(1 / end for end in ends), 2.0), _MOST)
    step = (whole - left - size) / len(rows)
    low, high = limits("y") or (1 / (1.15 * far), 1.15 * far)
    if low <= 0:
        raise TamoxresError(f"ylim begins at {low:g}; the axis is logarithmic, so both ends must be above 0.")
    return _Sheet(whole, left, below, below + _PLOT * size, low, high, step, size)


def _tall(text: str, size: float) -> float:
    return (LINE * text.count("\n") + 1.5) * size


def _draw_axis(ax: Axes, sheet: _Sheet, favours: tuple[str, str]) -> None:
    left, size = sheet.left, sheet.size
    for tick in (t for t in _TICKS if sheet.low <= t <= sheet.high):
        at = sheet.y(tick)
        rule(ax, (left - 0.4 * size, at), (left, at), 0.6)
        write(ax, (left - 0.6 * size, at), plain(tick), size, align="right")
    rule(ax, (left, sheet.foot), (left, sheet.top), 0.6)
    rule(ax, (left, sheet.y(1.0)), (sheet.width - size, sheet.y(1.0)), 0.6, LIGHT)
    below, above = favours
    room = left - 4.2 * size
    write(ax, (room, sheet.top - 0.6 * size), wrap(above, room, size), size, color=DARK, align="right")
    write(ax, (room, sheet.foot + 2.4 * size), wrap(below, room, size), size, color=DARK, align="right")


def _draw_rows(ax: Axes, sheet: _Sheet, rows: Sequence[EffectEstimate]) -> None:
    side = min(0.42 * sheet.step, 0.42 * sheet.size)
    for i, row in enumerate(rows):
        low, high = row.ci()
        color = ACCENT if low > 1 or high < 1 else DARK
        x = sheet.x(i)
        rule(ax, (x, sheet.y(low)), (x, sheet.y(high)), 0.9, color)
        for limit, end, tip in ((low, sheet.low, "v"), (high, sheet.high, "^")):
            if (limit < end) if tip == "v" else (limit > end):
                ax.plot([x], [sheet.y(limit)], marker=tip, markersize=side, color=color, clip_on=False)
        ax.plot(
            [x], [sheet.y(row.estimate or 1.0)], marker="s", markersize=2 * side, markeredgecolor=color,
            markerfacecolor=ACCENT if color == ACCENT else "white", markeredgewidth=0.8, gid=f"spec-{i}",
        )  # fmt: skip


def _draw_choices(
    ax: Axes, sheet: _Sheet, groups: Mapping[str, Sequence[str]], labels: Mapping[tuple[str, str], str],
    chosen: Sequence[Mapping[str, str]],
) -> None:  # fmt: skip
    size, y = sheet.size, sheet.foot - 1.2 * sheet.size
    for name, values in groups.items():
        write(ax, (0.0, y), name, size, bold=True)
        y -= 1.5 * size
        for value in values:
            text = labels[name, value]
            write(ax, (0.6 * size, y), text, size)
            rule(ax, (sheet.left, y), (sheet.width - size, y), 0.5, PALE)
            here = [sheet.x(i) for i, one in enumerate(chosen) if one.get(name) == value]
            ax.plot(here, [y] * len(here), linestyle="none", marker="o", markersize=0.45 * size, color=DARK)
            y -= _tall(text, size)
        y -= 0.4 * size
