"""The one look of every figure: bundled DejaVu Sans, one accent colour and greys, thin rules, journal column widths.

Conventions: lengths on paper are points (1/72 inch) unless a name says millimetres. Figures are made with `Figure`,
never with pyplot, so that no global state is left behind; an Axes made here shows its figure in a notebook.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure, SubFigure

from ..errors import TamoxresError
from ..wording import HOUSE, STYLES, Style, style_now
from .lock import DRAWING

__all__ = [
    "ACCENT", "DARK", "INK", "LIGHT", "MID", "PALE", "PHONE_MM", "POINTS_PER_MM", "SMALLEST", "WIDTHS_MM",
    "HouseAxes", "HouseFigure", "Width", "bare", "box_in_points", "font_size", "journal", "new_axes", "paper_height",
    "to_fraction", "use_style", "width_of",
]  # fmt: skip

Width = Literal["single", "middle", "double", "phone"]

ACCENT = "#0F5C9B"  # blue: told from every grey by the colour-blind, and as dark as DARK in print
INK, DARK, MID, LIGHT, PALE = "#1A1A1A", "#4D4D4D", "#858585", "#C8C8C8", "#ECECEC"
POINTS_PER_MM = 72 / 25.4
WIDTHS_MM: dict[Width, float] = {"single": 85.0, "middle": 114.0, "double": 170.0}
PHONE_MM = 72.0  # on a screen 390 pixels wide its smallest text is 11 pixels high
SMALLEST = 6.5  # size of the smallest text, points
_SIZE = 7.0
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
    return style_now() if name in (HOUSE.name, style_now().name) else STYLES[name]


def width_of(width: Width) -> float:
    """Return the width of one, one and a half (`middle`) or two journal columns, or of a phone's screen, points."""
    if width == "phone":
        return PHONE_MM * POINTS_PER_MM
    if width not in WIDTHS_MM:
        known = ", ".join(f"{name} ({mm:g} mm)" for name, mm in WIDTHS_MM.items())
        raise TamoxresError(f"Unknown width {width!r}. Use one of {known}.")
    return WIDTHS_MM[width] * POINTS_PER_MM


def font_size(points: float) -> float:
    """Return the size of the text for a figure of this width, points: the smallest on narrow ones, 7 on two columns."""
    return SMALLEST if points < _BETWEEN else _SIZE


def new_axes(width: float, height: float) -> Axes:
    """Make a figure of this size in points, with one Axes over all of it."""
    figure = HouseFigure(figsize=(width / 72, height / 72))
    FigureCanvasAgg(figure)
    return figure.add_axes((0.0, 0.0, 1.0, 1.0), axes_class=HouseAxes)


def box_in_points(ax: Axes) -> tuple[float, float, float, float]:
    """Return left, bottom, width and height of an Axes within its figure, points."""
    wide, high = _figure_points(ax)
    box = ax.get_position()
    return box.x0 * wide, box.y0 * high, box.width * wide, box.height * high


def to_fraction(ax: Axes, x: float, y: float) -> tuple[float, float]:
    """Turn points from the figure's lower left corner into figure fractions."""
    wide, high = _figure_points(ax)
    return x / wide, y / high


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
