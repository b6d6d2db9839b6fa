"""Love plots: how far apart treated and untreated patients are in each covariate, before and after weighting.

Conventions: absolute standardised mean differences, the covariate with the largest before weighting on top; a line at
0.1, below which an imbalance is commonly called small.

References
----------
Austin PC 2009, doi:10.1002/sim.3697. Love TE 2002, in: Normand SLT et al. 2001, J Clin Epidemiol 54:387 (the plot).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

import numpy as np
from matplotlib.axes import Axes

from ..errors import TamoxresError
from ..wording import plain
from .covariates import covariate_label
from .figure import figure
from .look import Looks, in_order
from .measure import LINE, wrap
from .panel import Room, Ruler, Sign, lay_panel, room_for, round_ruler
from .style import ACCENT, DARK, LIGHT, MID, Width, use_style

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SMALL", "love_plot"]

SMALL = 0.1
"""Standardised mean difference below which an imbalance is called small."""
_COLUMNS = ("covariate", "smd_before", "smd_after")
_LABEL_SHARE = 0.42  # of the figure's width that the names of the covariates may take
_ASIDE = 0.025  # of the axis, left of 0, so that a mark at 0 is whole
_SIGNS = (
    Sign(label="Before weighting", color=DARK, face="white", marker="o"),
    Sign(label="After weighting", marker="o"),
)
_PITCH, _SPARE = 1.9, 0.5  # distance of the rows, and by how much a given Axes may lessen it, in sizes of the text


@figure(without=("ylim", "digits"))
def love_plot(balance: pd.DataFrame, *, ax: Axes | None = None, width: Width = "single", **look: Unpack[Looks]) -> Axes:
    """Draw the standardised mean difference of each covariate before and after weighting.

    Parameters
    ----------
    balance : DataFrame
        covariate, smd_before, smd_after: one row a covariate, as `weights(...).balance` gives it.
    ax : Axes, optional
        Drawn into its box; else a figure is made that is as high as the rows need.
    width : "single" | "middle" | "double"
        One journal column (85 mm), one and a half (114 mm) or two (170 mm), where `ax` is not given.

    Returns
    -------
    Axes
        Absolute differences on x; rows on y, 0 the uppermost.

    Raises
    ------
    TamoxresError
        If a column is missing, no covariate has a difference, or `ax` is too low.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"covariate": ["age", "nodes"], "smd_before": [0.1, -0.6], "smd_after": [0.02, 0.05]})
    >>> [label.get_text() for label in love_plot(table).get_yticklabels()]
    ['Axillary nodes with tumour', 'Age at diagnosis']
    """
    rows, lacking = _sorted(balance)
    room = room_for(ax, width)
    size = room.size
    with use_style(size):
        before, after = rows["smd_before"].to_numpy(float), rows["smd_after"].to_numpy(float)
        names = _names(rows["covariate"], room)
        pitch = _pitch(names, size)
        places = np.arange(len(rows), dtype=float)
        y = Ruler(label="", low=len(rows) - 0.4, high=-0.6, ticks=tuple(places), labels=tuple(names))
        far = 1.06 * max(float(before.max()), float(after.max()), 1.5 * SMALL)
        x = round_ruler("Absolute standardised mean difference", -_ASIDE * far, far)
        notes, high = _notes(after, lacking), len(rows) + 0.2
        least = high * (pitch / size - _SPARE)
        drawn = lay_panel(room, x, y, height=high * pitch, signs=_SIGNS, notes=notes, least=least)
        _draw(drawn, before, after, size)
    told = [f"{name} {a:.2f}, {b:.2f}" for name, a, b in zip(names, before, after, strict=True)]
    drawn.set_label("Absolute standardised mean difference before and after weighting. " + "; ".join(told) + ".")
    return drawn


def _sorted(balance: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Take absolute differences, the largest before weighting first; and the covariates that have none."""
    if lacking := [name for name in _COLUMNS if name not in balance.columns]:
        found = ", ".join(map(str, balance.columns))
        raise TamoxresError(f"A love plot needs a column {lacking[0]!r}; found {found}. Give weights(...).balance.")
    rows = balance.assign(smd_before=balance["smd_before"].abs(), smd_after=balance["smd_after"].abs())
    known = np.isfinite(rows[["smd_before", "smd_after"]].to_numpy(float)).all(axis=1)
    if not known.any():
        raise TamoxresError("A love plot needs one covariate at least whose standardised difference is known.")
    without = [covariate_label(str(name)) for name in rows.loc[~known, "covariate"]]
    kept = rows[known].sort_values("smd_before", ascending=False, kind="stable")
    order = in_order(range(len(kept)), lambda i: covariate_label(str(kept["covariate"].iloc[i])))
    return kept.iloc[order], without


def _names(covariates: pd.Series, room: Room) -> list[str]:
    widest = _LABEL_SHARE * room.box[2]
    return [wrap(covariate_label(str(name)), widest, room.size) for name in covariates]


def _pitch(names: list[str], size: float) -> float:
    """Return the distance of the rows, so that the name with the most lines has room."""
    lines = max(name.count("\n") + 1 for name in names)
    return max(_PITCH, LINE * lines + 0.5) * size


def _notes(after: np.ndarray, lacking: list[str]) -> list[str]:
    large = int((after > SMALL).sum())
    said = f"Dashed: {plain(SMALL)}. Above it after weighting: {large} of {after.size}."
    return [said, *([f"Without variation, not shown: {', '.join(lacking)}."] if lacking else [])]


def _draw(ax: Axes, before: np.ndarray, after: np.ndarray, size: float) -> None:
    import seaborn as sns

    places = np.arange(before.size, dtype=float)
    ax.hlines(places, *ax.get_xlim(), color=LIGHT, linewidth=0.4, zorder=0)
    ax.axvline(SMALL, color=DARK, linewidth=0.8, dashes=(3, 2), zorder=1, gid="small")
    ax.hlines(places, np.minimum(before, after), np.maximum(before, after), color=MID, linewidth=0.8, zorder=2)
    marks = {"s": (0.75 * size) ** 2, "ax": ax, "legend": False, "linewidth": 0.8, "clip_on": False}
    sns.scatterplot(x=before, y=places, facecolor="white", edgecolor=DARK, zorder=3, gid="before", **marks)
    sns.scatterplot(x=after, y=places, color=ACCENT, edgecolor=ACCENT, zorder=4, gid="after", **marks)
    ax.spines["left"].set_visible(False)
    ax.tick_params(axis="y", length=0)
