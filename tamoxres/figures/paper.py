"""Setting Axes, text and rules on a figure at points from its lower left corner.

Every line of text stands on its own baseline, so that neighbours are level whatever letters they hold.
"""

from __future__ import annotations

from typing import Literal

from matplotlib import rcParams
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import NullLocator

from .look import renamed
from .measure import LINE
from .scripts import drawable, families
from .style import DARK, INK, to_fraction

__all__ = ["Align", "Box", "rule", "settle", "write"]

Align = Literal["left", "center", "right"]
Box = tuple[float, float, float, float]  # left, bottom, width, height on the figure, points
_BASELINE = 0.36  # how far a baseline lies under the middle of its letters, in sizes of the text


def settle(
    ax: Axes, box: tuple[float, float, float, float], xlim: tuple[float, float], ylim: tuple[float, float]
) -> None:
    """Empty an Axes, put it into a box (left, bottom, width, height) on the figure, and fix its linear limits."""
    (x0, y0), (x1, y1) = to_fraction(ax, box[0], box[1]), to_fraction(ax, box[0] + box[2], box[1] + box[3])
    ax.clear()
    ax.set_position((x0, y0, x1 - x0, y1 - y0))
    ax.patch.set_visible(False)
    ax.set_xlim(*xlim)
    ax.set_ylim(*ylim)
    ax.set_autoscale_on(False)
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_minor_locator(NullLocator())
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    ax.tick_params(  # told now: ticks are made when the figure is rendered, under whatever settings then hold
        length=rcParams["xtick.major.size"], width=rcParams["xtick.major.width"], pad=rcParams["xtick.major.pad"],
        color=rcParams["xtick.color"], labelcolor=rcParams["xtick.labelcolor"],
    )  # fmt: skip


def write(
    ax: Axes, at: tuple[float, float], text: str, size: float, *,
    align: Align = "left", bold: bool = False, color: str = INK,
) -> None:  # fmt: skip
    """Write lines of text from a point on the figure: its x by `align`, its y the middle of the first line."""
    for i, line in enumerate(drawable(renamed(text)).split("\n")):
        x, y = to_fraction(ax, at[0], at[1] - (_BASELINE + i * LINE) * size)
        ax.text(
            x, y, line, size=size, color=color, family=families(line), ha=align, va="baseline",
            weight="bold" if bold else "normal", transform=ax.figure.transFigure, clip_on=False,
        )  # fmt: skip


def rule(ax: Axes, start: tuple[float, float], end: tuple[float, float], weight: float, color: str = DARK) -> None:
    """Draw a straight rule between two points on the figure, `weight` points thick."""
    (x0, y0), (x1, y1) = to_fraction(ax, *start), to_fraction(ax, *end)
    where = ax.figure.transFigure
    ax.add_artist(Line2D([x0, x1], [y0, y1], transform=where, color=color, linewidth=weight, clip_on=False))
