"""The one look of every figure: bundled DejaVu Sans, one accent colour and greys, thin rules, journal column widths.

Conventions: lengths on paper are points (1/72 inch) unless a name says millimetres. Figures are made with `Figure`,
never with pyplot, so that no global state is left behind; an Axes made here shows its figure in a notebook.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Literal

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure, SubFigure

from ..errors import TamoxresError
from ..wording import HOUSE, STYLES, Style, style_now
from .lock import DRAWING
from .look import Paper, look_now
from .measure import LINE, wrap
from .scripts import drawable, families

__all__ = [
    "ACCENT", "DARK", "INK", "LIGHT", "MID", "PALE", "PHONE_MM", "POINTS_PER_MM", "SMALLEST", "WIDTHS_MM", "HouseAxes",
    "HouseFigure", "Width", "bare", "box_in_points", "font_size", "journal", "new_axes", "paper_height", "title_height",
    "to_fraction", "use_style", "width_of", "write_title",
]  # fmt: skip

Width = Literal["single", "middle", "double", "phone"]

ACCENT = "#0F5C9B"  # blue: told from every grey by the colour-blind, and as dark as DARK in print
INK, DARK, MID, LIGHT, PALE = "#1A1A1A", "#4D4D4D", "#858585", "#C8C8C8", "#ECECEC"
POINTS_PER_MM = 72 / 25.4
WIDTHS_MM: dict[Width, float] = {"single": 85.0, "middle": 114.0, "double": 170.0}
PHONE_MM = 72.0  # on a screen 390 pixels wide its smallest text is 11 pixels high
SMALLEST = 6.5  # size of the smallest text, points
_SIZE = 7.0
_TITLE = 1.15  # size of a title, in sizes of the text
_BETWEEN = (WIDTHS_MM["single"] + WIDTHS_MM["double"]) / 2 * POINTS_PER_MM
_LOOK: dict[Any, Any] = {
    "font.family": ["DejaVu Sans"],
    "text.color": INK,
    "text.parse_math": False,
    "axes.edgecolor": DARK,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.unicode_minus": False,
    "axes.autolimit_mode": "data",
    "xtick.color": DARK,
    "ytick.color": DARK,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "xtick.major.pad": 2.0,
    "ytick.major.pad": 2.0,
    "lines.linewidth": 1.0,
    "lines.solid_capstyle": "butt",
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
}


_Shown = tuple[bytes, dict[str, int]]


class HouseFigure(Figure):
    """A figure that shows itself in a notebook, with or without pyplot."""

    def _repr_png_(self) -> _Shown:
        return _shown(self)


class HouseAxes(Axes):
    """An Axes that shows its whole figure in a notebook: a plot as a cell's last line is seen."""

    def _repr_png_(self) -> _Shown | None:
        figure = self.get_figure(root=True)
        return None if figure is None else _shown(figure)


def _shown(figure: Figure) -> _Shown:
    """Return the picture at twice the resolution of a screen, and the size at which it is shown."""
    from .save import figure_bytes

    wide, high = (round(96 * inches) for inches in figure.get_size_inches())
    return figure_bytes(figure, "png", dpi=200), {"width": wide, "height": high}


@contextmanager
def use_style(size: float = _SIZE) -> Iterator[None]:
    """Draw in the house's look inside a `with` block, and leave matplotlib's settings as they were.

    Parameters
    ----------
    size : float
        Size of the text, points.
    """
    sizes: dict[Any, Any] = dict.fromkeys(("font.size", "axes.labelsize", "xtick.labelsize", "ytick.labelsize"), size)
    with DRAWING, matplotlib.rc_context({**_LOOK, **sizes}):
        yield


def journal(name: str) -> Style:
    """Find a journal's way of writing numbers; the house's is whatever `written_as` has set.

    Raises
    ------
    TamoxresError
        If the style is not one of `wording.STYLES`.
    """
    if name not in STYLES:
        raise TamoxresError(f"Unknown style {name!r}. Use one of {', '.join(STYLES)}.")
    now = style_now()
    if name in (HOUSE.name, now.name):
        return now
    marks = replace(STYLES[name], digits=now.digits)
    return marks if look_now().decimal is None else replace(marks, point=now.point, thousands=now.thousands)


def width_of(width: Width) -> float:
    """Return the width of one, one and a half (`middle`) or two journal columns, or of a phone's screen, points."""
    paper = look_now().paper
    if paper is not None:
        return paper.box[2]
    if width == "phone":
        return PHONE_MM * POINTS_PER_MM
    if width not in WIDTHS_MM:
        known = ", ".join(f"{name} ({mm:g} mm)" for name, mm in WIDTHS_MM.items())
        raise TamoxresError(f"Unknown width {width!r}. Use one of {known}.")
    return WIDTHS_MM[width] * POINTS_PER_MM


def font_size(points: float) -> float:
    """Return the size of the text, points: the one asked for, else the smallest on narrow figures, 7 on two columns."""
    if (asked := look_now().font_size) is not None:
        return asked
    return SMALLEST if points < _BETWEEN else _SIZE


def new_axes(width: float, height: float) -> Axes:
    """Make a figure of this size in points, with one Axes over all of it, and above it the title that was asked for.

    Raises
    ------
    TamoxresError
        If an Axes was given as paper, and it is too low.
    """
    look = look_now()
    if look.paper is not None:
        return _on_paper(look.paper, height)
    band = title_height(look.title, width, look.font_size) if look.title else 0.0
    figure = HouseFigure(figsize=(width / 72, (height + band) / 72))
    FigureCanvasAgg(figure)
    ax = figure.add_axes((0.0, 0.0, 1.0, height / (height + band)), axes_class=HouseAxes)
    if band:
        write_title(ax, look.title, (0.0, height + band), width, look.font_size)
    return ax


def _on_paper(paper: Paper, height: float) -> Axes:
    left, bottom, _, high = paper.box
    if height > high + 1e-6:
        raise TamoxresError(
            f"The figure needs {height / 72:.1f} inches of height; this Axes has {high / 72:.1f}. Make it higher."
        )
    paper.origin = (left, bottom + high - height)
    ax: Axes = paper.ax
    ax.clear()
    return ax


def title_height(title: str, width: float, size: float | None = None) -> float:
    """Return the height that a title takes on a width, points."""
    letters = (size or font_size(width)) * _TITLE
    return (wrap(title, width - letters, letters, bold=True).count("\n") + 1) * LINE * letters + 0.5 * letters


def write_title(ax: Axes, title: str, corner: tuple[float, float], width: float, size: float | None = None) -> None:
    """Write a title under a corner, points from the figure's lower left one, bold and somewhat larger."""
    letters = (size or font_size(width)) * _TITLE
    wide, high = _figure_points(ax)
    text = drawable(wrap(title, width - letters, letters, bold=True))
    figure: Any = ax.figure
    figure.text(
        (corner[0] + 0.3 * letters) / wide, (corner[1] - 0.3 * letters) / high, text, size=letters, weight="bold",
        va="top", color=INK, family=families(text), linespacing=LINE / 1.2, gid="title",
    )  # fmt: skip


def box_in_points(ax: Axes) -> tuple[float, float, float, float]:
    """Return left, bottom, width and height of an Axes within its figure, or the paper in it, points."""
    wide, high = _figure_points(ax)
    box, (left, bottom) = ax.get_position(), _origin()
    return box.x0 * wide - left, box.y0 * high - bottom, box.width * wide, box.height * high


def _origin() -> tuple[float, float]:
    paper = look_now().paper
    return (0.0, 0.0) if paper is None else paper.origin


def to_fraction(ax: Axes, x: float, y: float) -> tuple[float, float]:
    """Turn points from the lower left corner of the figure, or of the paper in it, into figure fractions."""
    wide, high = _figure_points(ax)
    left, bottom = _origin()
    return (x + left) / wide, (y + bottom) / high


def paper_height(ax: Axes) -> float:
    """Return the height of an Axes' figure, points."""
    return _figure_points(ax)[1]


def _figure_points(ax: Axes) -> tuple[float, float]:
    figure = ax.figure
    if isinstance(figure, SubFigure):
        raise TamoxresError("This Axes stands in a SubFigure; give one made by fig.add_subplot or fig.add_axes.")
    wide, high = figure.get_size_inches()
    return float(wide) * 72, float(high) * 72


def bare(ax: Axes) -> None:
    """Take ticks, spines and background off an Axes that serves as paper alone."""
    ax.set_axis_off()
    ax.patch.set_visible(False)
