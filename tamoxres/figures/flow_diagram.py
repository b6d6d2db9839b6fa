"""The flow of patients (REMARK item 12): a box for each step, those who left beside it with the reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Unpack

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from ..errors import TamoxresError
from ..flow import Flow
from ..wording import count
from .figure import figure
from .look import Looks
from .measure import LINE, wrap
from .paper import Box, settle, write
from .style import DARK, PALE, Width, bare, box_in_points, font_size, new_axes, use_style, width_of

__all__ = ["Stage", "draw_stages", "flow_diagram"]

_MAIN_SHARE, _SIDE_SHARE = 0.50, 0.40  # of the width: the boxes of those who stay and of those who left
_PAD, _GAP, _MARGIN = 0.7, 1.6, 0.3  # in sizes of the text


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One step: the name and the counts in its box and, if some left before it, the text of the box beside."""

    name: str
    counts: str
    left: str

    def heights(self, size: float) -> tuple[float, float]:
        """Return the heights of the side box and of the main box, points."""
        side = (self.left.count("\n") + 1) * LINE * size + 2 * _PAD * size if self.left else 0.0
        lines = self.name.count("\n") + self.counts.count("\n") + 2
        return side, lines * LINE * size + 2 * _PAD * size


@figure(without=("order", "xlim", "ylim", "digits"), palette=(PALE,))
def flow_diagram(flow: Flow, *, ax: Axes | None = None, width: Width = "single", **look: Unpack[Looks]) -> Axes:
    """Draw who stayed in the analysis and who left, and why.

    Parameters
    ----------
    flow : Flow
        Such as `select(...).flow`.
    ax : Axes, optional
        Drawn into its box; else a figure is made that is as high as the texts need.
    width : "single" | "middle" | "double"
        One journal column (85 mm), one and a half (114 mm) or two (170 mm), where `ax` is not given.

    Returns
    -------
    Axes
        Its data are points on paper; `ax.figure` shows the figure in a notebook.

    Raises
    ------
    TamoxresError
        If the flow has no steps, or the texts do not fit into `ax`.

    Examples
    --------
    >>> import tamoxres as tr
    >>> gbsg = tr.select(tr.load("gbsg"), endpoint="RFS", er="any", treatment="any")
    >>> flow_diagram(gbsg.flow).has_data()
    True
    """
    if not len(flow):
        raise TamoxresError("The flow has no steps, so there is nothing to draw.")
    steps = []
    for row in flow.rows():
        patients, events, gone = int(row["patients"]), int(row["events"]), int(row["left"])
        left = f"{count(gone)} left\n{row['why']}".rstrip() if gone else ""
        counts = f"{_plural(patients, 'patient')}, {_plural(events, 'event')}"
        steps.append(Stage(name=str(row["step"]), counts=counts, left=left))
    ax = draw_stages(steps, ax, width)
    ax.set_label(f"Flow of patients. {flow}")
    return ax


def draw_stages(steps: Sequence[Stage], ax: Axes | None, width: Width) -> Axes:
    """Draw a box for each step with what left before it beside, on a figure as high as the texts need.

    Raises
    ------
    TamoxresError
        If the texts do not fit into `ax`.
    """
    box = (0.0, 0.0, width_of(width), 0.0) if ax is None else box_in_points(ax)
    size = font_size(box[2])
    with use_style(size):
        stages = [_wrapped(step, box[2], size) for step in steps]
        needed = sum(sum(stage.heights(size)) for stage in stages) + _arrows(stages) * _GAP * size + 2 * _MARGIN * size
        if ax is None:
            box = (0.0, 0.0, box[2], needed)
            ax = new_axes(box[2], box[3])
        if needed > box[3] + 1e-6:
            raise TamoxresError(
                f"The flow needs {needed / 72:.1f} inches of height; this Axes has {box[3] / 72:.1f}. Make it higher."
            )
        settle(ax, box, (0.0, box[2]), (0.0, box[3]))
        bare(ax)
        _draw(ax, stages, box, size)
    return ax


def _arrows(stages: list[Stage]) -> int:
    """Count the gaps between boxes: one before a step, two where a side box stands on the way to it."""
    return sum(2 if stage.left else 1 for stage in stages[1:])


def _wrapped(step: Stage, width: float, size: float) -> Stage:
    stays = _MAIN_SHARE * width - 2 * _PAD * size
    leaves = _SIDE_SHARE * width - 2 * _PAD * size
    name, counts = wrap(step.name, stays, size, bold=True), wrap(step.counts, stays, size)
    return Stage(name=name, counts=counts, left=wrap(step.left, leaves, size) if step.left else "")


def _plural(n: int, noun: str) -> str:
    return f"{count(n)} {noun}" if n == 1 else f"{count(n)} {noun}s"


def _draw(ax: Axes, stages: list[Stage], box: Box, size: float) -> None:
    left, wide = _MARGIN * size, _MAIN_SHARE * box[2]
    beside, spine = box[2] - _SIDE_SHARE * box[2] - _MARGIN * size, left + wide / 2
    top = box[3] - _MARGIN * size
    for i, stage in enumerate(stages):
        side, main = stage.heights(size)
        if i:
            before = top
            top -= _GAP * size
            if stage.left:
                words = _outline(ax, (beside, top - side, _SIDE_SHARE * box[2], side), box, size, face=PALE)
                write(ax, words, stage.left, size)
                _arrow(ax, (spine, top - side / 2), (beside, top - side / 2), size)
                top -= side + _GAP * size
            _arrow(ax, (spine, before), (spine, top), size)
        x, y = _outline(ax, (left, top - main, wide, main), box, size)
        write(ax, (x, y), stage.name, size, bold=True)
        write(ax, (x, y - (stage.name.count("\n") + 1) * LINE * size), stage.counts, size)
        top -= main


def _outline(ax: Axes, place: Box, box: Box, size: float, *, face: str = "white") -> tuple[float, float]:
    """Draw a box, and return where its first line of text begins on the figure."""
    x, y, wide, high = place
    ax.add_patch(Rectangle((x, y), wide, high, facecolor=face, edgecolor=DARK, linewidth=0.7))
    return box[0] + x + _PAD * size, box[1] + y + high - (_PAD + LINE / 2) * size


def _arrow(ax: Axes, start: tuple[float, float], end: tuple[float, float], size: float) -> None:
    look = {"arrowstyle": "-|>", "color": DARK, "linewidth": 0.7, "shrinkA": 0, "shrinkB": 0, "mutation_scale": size}
    ax.annotate("", xy=end, xytext=start, arrowprops=look)
