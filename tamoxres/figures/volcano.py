"""Volcano and Manhattan plots of a gene screen: every gene a dot, the genes asked about named.

Conventions: the table is that of a screen (gene, log_hr, sd, p, q; a row a gene); effects are hazard ratios (or ratios
of them) per standard deviation of expression, on a log axis; P grows upwards as -log10 P. Genes without a P are counted
in the note. Names are written where they neither touch each other nor leave the plot; a rule leads to a dot that is
not beside its name.

References
----------
Gibson G 2010, PLoS Genet 6:e1001025 (Manhattan plots). Cui X, Churchill GA 2003, Genome Biol 4:210 (volcano plots).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedFormatter, FixedLocator

from ..errors import TamoxresError
from ..wording import count, number
from .measure import LINE, text_width, wrap
from .paper import Box, rule, settle, write
from .style import (
    ACCENT,
    DARK,
    INK,
    LIGHT,
    MID,
    Width,
    box_in_points,
    font_size,
    new_axes,
    to_fraction,
    use_style,
    width_of,
)  # fmt: skip

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["manhattan", "volcano"]

FloatArray = np.ndarray[Any, np.dtype[np.float64]]
_ENDS = {  # end of the ratio axis: its ticks above 1
    1.25: (1.1, 1.25), 1.5: (1.25, 1.5), 2.0: (1.5, 2.0), 4.0: (2.0, 4.0), 10.0: (2.0, 5.0, 10.0),
}  # fmt: skip
_HEIGHT: dict[Width, float] = {"single": 0.85, "double": 0.55}  # of the width
_TICK = 4.5  # points
_ROUND = (1, 2, 5, 10, 20, 50, 100)


@dataclass(slots=True, kw_only=True)
class _Dots:
    """What is drawn: genes with a P, where they stand, and what is said of the rest."""

    gene: list[str]
    x: FloatArray
    y: FloatArray
    found: np.ndarray[Any, np.dtype[np.bool_]]
    color: list[str]
    note: str


def volcano(
    table: pd.DataFrame, *, named: Sequence[str] = (), q: float = 0.05, ratio_of_ratios: bool = True,
    ax: Axes | None = None, width: Width = "single",
) -> Axes:  # fmt: skip
    """Draw effect against significance for every gene of a screen.

    Parameters
    ----------
    table : DataFrame
        With gene, log_hr, sd, p and q.
    named : sequence of str
        Genes to be named, besides those with a q below the threshold (of these the 20 of least P).
    q : float
        False discovery rate below which a gene is drawn in colour.
    ratio_of_ratios : bool
        Whether the screen was of interactions: the axis says so.
    ax : Axes, optional
        Drawn into its box; else a figure is made.
    width : "single" | "double"
        One column (85 mm) or two (175 mm), where `ax` is not given.

    Raises
    ------
    TamoxresError
        If the table lacks a column, or no gene has a P.
    """
    dots = _dots(table, ("gene", "log_hr", "sd", "p", "q"), q, x=None)
    end = next((end for end in _ENDS if end >= np.exp(np.abs(np.log(dots.x)).max())), max(_ENDS))
    ticks = [*(1 / tick for tick in reversed(_ENDS[end])), 1.0, *_ENDS[end]]
    head = ("Ratio of hazard ratios" if ratio_of_ratios else "Hazard ratio") + " per SD of expression"
    outside = int((np.abs(np.log(dots.x)) > np.log(end)).sum())
    dots.x = np.clip(dots.x, 1 / end, end)
    dots.note += f" {count(outside)} drawn at the edge." if outside else ""
    with use_style(font_size(_box(ax, width)[2])):
        ax, inside, size = _lay(ax, width, dots, (1 / end, end), head)
        ax.set_xscale("log")
        ax.xaxis.set_major_locator(FixedLocator(ticks))
        ax.xaxis.set_major_formatter(FixedFormatter([f"{tick:.2f}" for tick in ticks]))
        ax.minorticks_off()
        ax.plot([1, 1], [0, ax.get_ylim()[1]], color=MID, linewidth=0.6, zorder=1, gid="null")
        _scatter(ax, dots, size)
        _name(ax, dots, named, inside, size)
    ax.set_label(f"Volcano plot of {count(len(dots.gene))} genes. {dots.note}")
    return ax


def manhattan(
    table: pd.DataFrame, positions: pd.DataFrame, *, named: Sequence[str] = (), q: float = 0.05,
    ax: Axes | None = None, width: Width = "double",
) -> Axes:  # fmt: skip
    """Draw significance along the genome.

    Parameters
    ----------
    table : DataFrame
        With gene, p and q.
    positions : DataFrame
        With gene, chromosome and position (base pairs); chromosomes are drawn in the order in which they first stand.
    named : sequence of str
    q : float
    ax : Axes, optional
    width : "single" | "double"

    Raises
    ------
    TamoxresError
        If a column is missing, or no gene has both a P and a position.
    """
    _need(positions, ("gene", "chromosome", "position"), "positions")
    place = positions.drop_duplicates("gene")
    x, middles = _along(place)
    merged = table.merge(place.assign(x=x)[["gene", "x", "chromosome"]], on="gene", how="left")
    dots = _dots(merged, ("gene", "p", "q"), q, x="x")
    order = {name: i for i, name in enumerate(middles)}
    known = merged[merged["p"].notna() & merged["x"].notna()]
    shades = [(MID, DARK)[order[name] % 2] for name in known["chromosome"]]
    dots.color = [ACCENT if found else shade for found, shade in zip(dots.found, shades, strict=True)]
    with use_style(font_size(_box(ax, width)[2])):
        ax, inside, size = _lay(ax, width, dots, (0.0, 1.0), "Chromosome")
        kept = _apart(middles, inside[2], size)
        ax.xaxis.set_major_locator(FixedLocator([middles[name] for name in kept]))
        ax.xaxis.set_major_formatter(FixedFormatter(kept))
        _scatter(ax, dots, size)
        _name(ax, dots, named, inside, size)
    ax.set_label(f"Manhattan plot of {count(len(dots.gene))} genes. {dots.note}")
    return ax


def _need(table: pd.DataFrame, columns: Sequence[str], what: str) -> None:
    for name in columns:
        if name not in table:
            raise TamoxresError(f"The {what} has no column {name!r}; give that of a screen, with {', '.join(columns)}.")


def _dots(table: pd.DataFrame, columns: Sequence[str], q: float, x: str | None) -> _Dots:
    _need(table, columns, "table")
    shown = table[table["p"].notna() & (table[x].notna() if x else True)]
    if shown.empty:
        raise TamoxresError("No gene of this table has a P value, and a place where it is needed; there is no plot.")
    found = (shown["q"] < q).to_numpy(bool)
    across = shown[x].to_numpy(float) if x else np.exp((shown["log_hr"] * shown["sd"]).to_numpy(float))
    note = f"{count(len(shown))} genes; {count(int(found.sum()))} with q < {number(q, 2)}"
    note += f"; {count(len(table) - len(shown))} not shown." if len(table) > len(shown) else "."
    return _Dots(
        gene=[str(name) for name in shown["gene"]], x=across, found=found, note=note,
        y=-np.log10(np.maximum(shown["p"].to_numpy(float), 1e-300)),
        color=[ACCENT if one else LIGHT for one in found],
    )  # fmt: skip


def _along(place: pd.DataFrame) -> tuple[FloatArray, dict[str, float]]:
    """Return where genes stand along all chromosomes, 0 to 1, and the middle of each chromosome."""
    position = place["position"].to_numpy(float)
    chromosome = place["chromosome"].astype(str).to_numpy()
    names = list(dict.fromkeys(chromosome))
    lengths = np.array([position[chromosome == name].max() for name in names])
    starts = np.concatenate([[0.0], np.cumsum(lengths)])
    offset = dict(zip(names, starts, strict=False))
    x = (position + np.array([offset[name] for name in chromosome])) / starts[-1]
    return x, {
        name: float((offset[name] + length / 2) / starts[-1]) for name, length in zip(names, lengths, strict=True)
    }


def _apart(middles: dict[str, float], width: float, size: float) -> list[str]:
    """Return the names of chromosomes whose labels do not touch."""
    kept: list[str] = []
    edge = -1.0
    for name, at in middles.items():
        half = text_width(name, size) / 2
        if at * width - half > edge:
            kept.append(name)
            edge = at * width + half + 0.4 * size
    return kept


def _box(ax: Axes | None, width: Width) -> Box:
    if ax is not None:
        return box_in_points(ax)
    return 0.0, 0.0, width_of(width), _HEIGHT[width] * width_of(width)


def _lay(ax: Axes | None, width: Width, dots: _Dots, limits: tuple[float, float], head: str) -> tuple[Axes, Box, float]:
    """Lay axes, heads and note; return the Axes, the box of the plot in points, and the size of the text."""
    box = _box(ax, width)
    size = font_size(box[2])
    ax = ax or new_axes(box[2], box[3])
    note = wrap(dots.note, box[2] - size, size)
    foot = _TICK + (2 * LINE + 1.4 + (note.count("\n") + 1) * LINE) * size
    top = 1.08 * float(dots.y.max())
    step = next(step for step in _ROUND if top / step < 6 or step == _ROUND[-1])
    ticks = list(range(0, int(top) + 1, step))
    left = max(text_width(str(tick), size) for tick in ticks) + LINE * size + _TICK + 1.2 * size
    right = max(size, text_width("0.00", size) / 2 + 0.3 * size)  # half of the last label reaches beyond the axis
    inside = (box[0] + left, box[1] + foot, box[2] - left - right, box[3] - foot - size)
    settle(ax, inside, limits, (0.0, top))
    ax.yaxis.set_major_locator(FixedLocator(ticks))
    ax.yaxis.set_major_formatter(FixedFormatter([str(tick) for tick in ticks]))
    ax.tick_params(labelsize=size)
    y = inside[1] - _TICK - 2.1 * size
    write(ax, (inside[0] + inside[2] / 2, y), head, size, align="center")
    write(ax, (box[0] + 0.5 * size, y - 1.8 * size), note, size)
    x, middle = to_fraction(ax, box[0] + 0.3 * size, inside[1] + inside[3] / 2)
    label = "-log10 P"
    ax.text(x, middle, label, size=size, rotation=90, ha="left", va="center", transform=ax.figure.transFigure)
    return ax, inside, size


def _scatter(ax: Axes, dots: _Dots, size: float) -> None:
    """Draw the dots, found ones last; thousands of them become one picture in vector files."""
    order = np.argsort(dots.found, kind="stable")
    ax.scatter(
        dots.x[order], dots.y[order], s=(0.45 * size) ** 2, c=[dots.color[i] for i in order], linewidths=0,
        rasterized=order.size > 2000, zorder=2, clip_on=False, gid="genes",
    )  # fmt: skip


def _name(ax: Axes, dots: _Dots, named: Sequence[str], inside: Box, size: float) -> None:
    """Write names beside their dots, the most significant first, where there is room."""
    wanted = {gene.upper() for gene in named}
    asked = [i for i, gene in enumerate(dots.gene) if gene.upper() in wanted]
    best = sorted(np.flatnonzero(dots.found), key=lambda i: -dots.y[i])[:20]
    chosen = sorted(dict.fromkeys([*asked, *map(int, best)]), key=lambda i: -dots.y[i])
    where = ax.transData.transform(np.column_stack([dots.x, dots.y])) * 72 / ax.figure.dpi
    taken = [(float(x), float(y), float(x), float(y)) for x, y in where[chosen]]
    for i in chosen:
        x, y = map(float, where[i])
        wide = text_width(dots.gene[i], size)
        spot = _spot((x, y), wide, size, inside, taken)
        if spot is None:
            continue
        taken.append((spot[0], spot[1] - 0.5 * size, spot[0] + wide, spot[1] + 0.5 * size))
        ax.plot(
            [dots.x[i]], [dots.y[i]], "o", markersize=0.5 * size, color=dots.color[i] if dots.found[i] else INK,
            markeredgecolor="white", markeredgewidth=0.3, zorder=4, clip_on=False, gid=f"named-{dots.gene[i]}",
        )  # fmt: skip
        if abs(spot[1] - y) > 0.6 * size:
            near = spot[0] if spot[0] > x else spot[0] + wide
            rule(ax, (x, y), (near, spot[1]), 0.3, MID)
        write(ax, spot, dots.gene[i], size)


def _spot(
    at: tuple[float, float], wide: float, size: float, inside: Box, taken: Sequence[Box]
) -> tuple[float, float] | None:
    """Return where a name fits: left end and middle of the line, points; None if it fits nowhere near."""
    x, y = at
    for rise in (0.0, 1.1, -1.1, 2.2, -2.2, 3.3, -3.3, 4.4, 5.5):
        for left in (x + 0.6 * size, x - 0.6 * size - wide):
            low, high = y + (rise - 0.5) * size, y + (rise + 0.5) * size
            fits = inside[0] < left and left + wide < inside[0] + inside[2]
            fits &= inside[1] < low and high < inside[1] + inside[3] + size
            if fits and not any(left < x1 and x0 < left + wide and low < y1 and y0 < high for x0, y0, x1, y1 in taken):
                return left, y + rise * size
    return None
