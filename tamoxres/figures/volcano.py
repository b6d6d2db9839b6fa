"""The gene screen in one picture: effect against evidence (volcano), and evidence along the genome (Manhattan).

Conventions: effects are per standard deviation of expression where the table has `sd`; evidence is -log10 P. The line
stands at the largest P whose q lies below the level (Benjamini-Hochberg); where no gene has such a q, at level / number
of genes, from which q would lie below it. The cascade's genes are named, in blue, and after them the best genes with q
below the level, as room allows; every other gene is a grey point.

References
----------
Gibson G 2010, PLoS Genet 6:e1001025 (Manhattan plots). Cui X, Churchill GA 2003, Genome Biol 4:210 (volcano plots).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from scipy.special import log_ndtr

from ..errors import TamoxresError
from ..genome import CHROMOSOMES, plain_chromosomes
from ..registry.known import branches
from ..vocabulary import BoolArray, FloatArray
from ..wording import count, plain
from .callouts import Callout, place_names
from .figure import figure
from .look import Looks
from .measure import text_width
from .panel import Room, Ruler, Sign, lay_panel, ratio_ruler, room_for, round_ruler
from .paper import write
from .style import ACCENT, DARK, INK, Width, box_in_points, to_fraction, use_style

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["PATHWAY", "manhattan", "volcano"]

PATHWAY = tuple(gene for members in branches().values() for gene in members)
"""Genes of the cascade, named by default."""
_EFFECTS = ("log_hr", "log_estimate", "coefficient")
_PLACE = ("chromosome", "position")
_HEIGHT: dict[Width, float] = {"single": 0.85, "middle": 0.70, "double": 0.50}  # of the figure's width
_FARTHEST = float(np.log(20.0))  # log ratio beyond which a gene stands at the edge
_MOST_NAMES = 8  # of genes beside those asked for
_MANY = 2000  # points from which they are stored as a picture in SVG and PDF
_GREYS = ("#A6A6A6", "#CFCFCF")
_EVIDENCE = "-log₁₀ P"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Genes:
    """The genes that are drawn: their evidence (-log10 P), which are asked for, which found, and the line of q."""

    table: pd.DataFrame
    evidence: FloatArray
    cascade: BoolArray
    found: BoolArray
    line: float
    level: float
    notes: list[str]
    asked: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Plan:
    """Where the genes stand on x, on what ruler, in which greys; and the height of the plot, points."""

    x: Ruler
    across: FloatArray
    shades: np.ndarray[Any, Any]
    height: float


@figure(without=("order", "digits"), palette=(ACCENT, _GREYS[0]))
def volcano(
    result: pd.DataFrame,
    *,
    label: Sequence[str] = PATHWAY,
    level: float = 0.05,
    ax: Axes | None = None,
    width: Width = "single",
    **look: Unpack[Looks],
) -> Axes:
    """Draw the effect of each gene of a screen against its evidence.

    Parameters
    ----------
    result : DataFrame
        gene, p, q and log_hr (or log_estimate, coefficient), as `screen(...).table` gives it; with `sd`, effects are
        per standard deviation. Rows without a P are left out, and counted.
    label : sequence of str
        Genes to be named.
    level : float
        Of q.
    ax : Axes, optional
        Drawn into its box; else a figure is made.
    width : "single" | "middle" | "double"
        One journal column (85 mm), one and a half (114 mm) or two (170 mm), where `ax` is not given.

    Returns
    -------
    Axes
        Hazard ratio, or ratio of hazard ratios, on x (log); -log10 P on y.

    Raises
    ------
    TamoxresError
        If a column is missing, no gene has a P, or `ax` is too low.

    Examples
    --------
    >>> import tamoxres as tr
    >>> made = tr.simulate(300, truth=tr.Truth(gene_ratio={"GENE0007": 3.0}), genes=20, seed=1)
    >>> both = tr.select(made, endpoint="BCSS", er="any", treatment="any")
    >>> found = tr.screen(both, options=tr.ScreenOptions(jobs=1))
    >>> volcano(found.table).has_data()
    True
    """
    effect = next((name for name in _EFFECTS if name in result.columns), _EFFECTS[0])
    genes = _genes(result, label, level, ("gene", "p", "q", effect))
    per_sd = "sd" in result.columns
    logs = genes.table[effect].to_numpy(float) * (genes.table["sd"].to_numpy(float) if per_sd else 1.0)
    reach = 1.06 * min(max(float(np.abs(logs).max()), float(np.log(1.25))), _FARTHEST)
    beyond = int((np.abs(logs) > reach).sum())
    notes = [*genes.notes, *([f"At the edge, effect beyond the axis: {count(beyond)}."] if beyond else [])]
    room = room_for(ax, width)
    with use_style(room.size):
        apart = 3.2 * room.size / (0.85 * room.box[2])
        x = ratio_ruler(_effect_name(result, per_sd), float(np.exp(-reach)), float(np.exp(reach)), apart=apart)
        across = np.exp(np.clip(logs, -reach, reach))
        plan = _Plan(x=x, across=across, shades=np.full(across.size, _GREYS[0]), height=_HEIGHT[width] * room.box[2])
        drawn, told = _compose(room, genes, plan, notes)
        drawn.axvline(1.0, color=DARK, linewidth=0.6, zorder=0, gid="null")
    drawn.set_label(f"Volcano plot. {told}")
    return drawn


@figure(without=("order", "xlim", "digits"), palette=(ACCENT, *_GREYS))
def manhattan(
    result: pd.DataFrame,
    *,
    label: Sequence[str] = PATHWAY,
    level: float = 0.05,
    ax: Axes | None = None,
    width: Width = "double",
    **look: Unpack[Looks],
) -> Axes:
    """Draw the evidence of each gene of a screen along the genome.

    Parameters
    ----------
    result : DataFrame
        gene, p, q, chromosome (1-22, X, Y, MT; `chr1` is read too) and position (base pairs): the table of a screen
        joined with the places of its genes by `with_positions`. Rows without a P or a place are left out, and counted.
    label : sequence of str
        Genes to be named.
    level : float
        Of q.
    ax : Axes, optional
        Drawn into its box; else a figure is made.
    width : "single" | "middle" | "double"
        One journal column (85 mm), one and a half (114 mm) or two (170 mm), where `ax` is not given.

    Returns
    -------
    Axes
        Chromosomes side by side on x (base pairs), -log10 P on y. The line of q is that of all genes fitted.

    Raises
    ------
    TamoxresError
        If a column is missing, a chromosome unknown, no gene has a P and a position, or `ax` is too low.

    Examples
    --------
    >>> import tamoxres as tr
    >>> made = tr.simulate(300, truth=tr.Truth(gene_ratio={"GENE0007": 3.0}), genes=20, seed=1)
    >>> both = tr.select(made, endpoint="BCSS", er="any", treatment="any")
    >>> found = tr.screen(both, options=tr.ScreenOptions(jobs=1))
    >>> genes = found.table.assign(chromosome="17", position=range(len(found.table)))
    >>> manhattan(genes).has_data()
    True
    """
    genes = _genes(result, label, level, ("gene", "p", "q"), _PLACE)
    names, at, bounds = _genome(genes.table)
    room = room_for(ax, width)
    with use_style(room.size):
        chromosome = np.searchsorted(bounds[1:], at, side="right")
        plan = _Plan(
            x=_genome_ruler(names, bounds, room), across=at, shades=np.array(_GREYS)[chromosome % 2],
            height=_HEIGHT[width] * room.box[2],
        )  # fmt: skip
        drawn, told = _compose(room, genes, plan, genes.notes)
        drawn.tick_params(axis="x", length=0)
    drawn.set_label(f"Manhattan plot. {told}")
    return drawn


def _genes(
    result: pd.DataFrame, label: Sequence[str], level: float, needed: Sequence[str], place: Sequence[str] = ()
) -> _Genes:
    """Check the table of a screen, and work out evidence, line and names; genes without a place are counted apart."""
    _require(result, [*needed, *place])
    fitted = result[result[list(needed)].notna().all(axis=1)]
    placed = fitted[list(place)].notna().all(axis=1).to_numpy(bool)
    table = fitted[placed].reset_index(drop=True)
    if table.empty:
        wanted = ", ".join([*needed, *place][1:])
        raise TamoxresError(f"The plot of a screen needs one gene at least with {wanted}; found none.")
    evidence, found = _evidence(fitted), fitted["q"].to_numpy(float) < level
    line = float(evidence[found].min()) if found.any() else float(-np.log10(level / len(fitted)))
    cascade = table["gene"].astype(str).str.upper().isin([name.upper() for name in label]).to_numpy(bool)
    told = f"with q < {plain(level)}"
    note = f"{count(len(table))} genes, {count(int(found[placed].sum()))} {told}."
    if unfitted := len(result) - len(fitted):
        note += f" Not fitted: {count(unfitted)}."
    if unplaced := len(fitted) - len(table):
        lost = int(found[~placed].sum())
        note += f" Place unknown: {count(unplaced)}{f' ({count(lost)} {told})' if lost else ''}."
    return _Genes(
        table=table, evidence=evidence[placed], cascade=cascade, found=found[placed], line=line, level=level,
        notes=[note], asked="Gene of the cascade" if tuple(label) == PATHWAY else "Gene asked for",
    )  # fmt: skip


def _require(result: pd.DataFrame, columns: Sequence[str]) -> None:
    if lacking := [name for name in columns if name not in result.columns]:
        have = ", ".join(map(str, result.columns))
        mend = " Join the places of the genes first: with_positions(table)." if lacking[0] in _PLACE else ""
        raise TamoxresError(f"The plot of a screen needs a column {lacking[0]!r}; found {have}.{mend}")


def _evidence(table: pd.DataFrame) -> FloatArray:
    """Return -log10 P, from z where P is too small to be held."""
    p = table["p"].to_numpy(float)
    tiny = float(np.finfo(float).tiny)
    out = -np.log10(np.maximum(p, tiny))
    if "z" in table.columns:
        from_z = -(np.log(2.0) + log_ndtr(-np.abs(table["z"].to_numpy(float)))) / np.log(10.0)
        out = np.where(p < tiny, from_z, out)
    return np.asarray(out + 0.0)


def _effect_name(result: pd.DataFrame, per_sd: bool) -> str:
    what = "Ratio of hazard ratios, treated v untreated" if "log_hr_treated" in result.columns else "Hazard ratio"
    return f"{what}, per SD" if per_sd else what


def _compose(room: Room, genes: _Genes, plan: _Plan, notes: Sequence[str]) -> tuple[Axes, str]:
    """Draw points, line, key and names; where names find no room, once more with a note that says so."""
    ax = _lay(room, genes, plan, notes)
    left_out = _name(ax, plan.across, genes, room.size)
    if left_out:
        notes = [*notes, f"Not named for want of room: {', '.join(left_out)}."]
        ax = _lay(room, genes, plan, notes)
        _name(ax, plan.across, genes, room.size)
    named = ", ".join(genes.table["gene"][genes.cascade].astype(str))
    return ax, " ".join(notes) + (f" Marked: {named}." if named else "")


def _lay(room: Room, genes: _Genes, plan: _Plan, notes: Sequence[str]) -> Axes:
    top = 1.10 * max(float(genes.evidence.max()), genes.line)
    words = f"q < {plain(genes.level)}" + ("" if genes.found.any() else " (no gene)")
    signs = [Sign(label=words, color=DARK, dashes=(0, (3, 2)))]
    if genes.cascade.any():
        signs.insert(0, Sign(label=genes.asked, marker="o"))
    y = round_ruler(_EVIDENCE, -0.02 * top, top)
    ax = lay_panel(room, plan.x, y, height=plan.height, signs=signs, notes=notes)
    ax.axhline(genes.line, color=DARK, linewidth=0.8, dashes=(3, 2), zorder=1, gid="q")
    _draw_points(ax, genes, plan, room.size)
    return ax


def _draw_points(ax: Axes, genes: _Genes, plan: _Plan, size: float) -> None:
    """Draw every gene, grey; those with q below the level dark; those asked for larger and blue."""
    import seaborn as sns

    marks = {"linewidth": 0, "legend": False, "ax": ax, "rasterized": plan.across.size > _MANY}
    for gid, chosen, color, side in (
        ("others", ~genes.cascade & ~genes.found, None, 0.36), ("found", ~genes.cascade & genes.found, INK, 0.42),
        ("named", genes.cascade, ACCENT, 0.58),
    ):  # fmt: skip
        if chosen.any():
            look = {"c": plan.shades[chosen]} if color is None else {"color": color}
            x, y = plan.across[chosen], genes.evidence[chosen]
            sns.scatterplot(x=x, y=y, s=(side * size) ** 2, gid=gid, zorder=2 + side, **look, **marks)


def _name(ax: Axes, x: FloatArray, genes: _Genes, size: float) -> list[str]:
    """Name the genes asked for, the best first, then others with q below the level; return those without room."""
    left, bottom, wide, tall = box_in_points(ax)
    shares = ax.transAxes.inverted().transform(ax.transData.transform(np.column_stack([x, genes.evidence])))
    points = shares * (wide, tall) + (left, bottom)
    best = np.argsort(-genes.evidence, kind="stable")
    more = [i for i in best if genes.found[i] and not genes.cascade[i]][:_MOST_NAMES]
    inside = np.all((shares >= 0) & (shares <= 1), axis=1)
    chosen = [i for i in (*(i for i in best if genes.cascade[i]), *more) if inside[i]]
    texts = [str(genes.table["gene"].iloc[i]) for i in chosen]
    low, high = ax.get_ylim()
    along = np.linspace(left, left + wide, int(2 * wide))
    line = np.column_stack([along, np.full(along.size, bottom + tall * (genes.line - low) / (high - low))])
    others = np.vstack([np.delete(points, chosen, axis=0), line])
    placed = place_names(points[chosen], texts, others, inside=(left, bottom, wide, tall), size=size)
    for callout in placed:
        i = chosen[callout.index]
        _write_name(ax, callout, texts[callout.index], size, ACCENT if genes.cascade[i] else INK)
    there = {callout.index for callout in placed}
    return list(dict.fromkeys(text for i, text in enumerate(texts) if i not in there))  # a gene may have two probes


def _write_name(ax: Axes, callout: Callout, text: str, size: float, color: str) -> None:
    """Write a name on a white ground that lets points shine through, and lead a line to its point."""
    x, y, wide, tall = callout.box
    where = ax.figure.transFigure
    if callout.lead is not None:
        (x0, y0), (x1, y1) = (to_fraction(ax, *end) for end in callout.lead.tolist())
        lead: dict[str, Any] = {"color": color, "linewidth": 0.4, "zorder": 2.7, "clip_on": False}
        ax.add_artist(Line2D([x0, x1], [y0, y1], transform=where, **lead))
    x0, y0 = to_fraction(ax, x - 0.1 * size, y + 0.12 * tall)
    x1, y1 = to_fraction(ax, x + wide + 0.1 * size, y + 0.88 * tall)
    ground: dict[str, Any] = {"color": "white", "alpha": 0.8, "linewidth": 0, "zorder": 2.8, "clip_on": False}
    ax.add_artist(Rectangle((x0, y0), x1 - x0, y1 - y0, transform=where, **ground))
    write(ax, (callout.x, callout.y), text, size, align="center", color=color)


def _genome(table: pd.DataFrame) -> tuple[list[str], FloatArray, FloatArray]:
    """Set the chromosomes side by side: their names, where each gene stands, and where each begins (the last ends)."""
    plain = plain_chromosomes(table["chromosome"])
    if unknown := sorted(set(plain) - set(CHROMOSOMES)):
        raise TamoxresError(f"Unknown chromosome {unknown[0]!r}. Use 1 to 22, X, Y or MT.")
    names = [name for name in CHROMOSOMES if name in set(plain)]
    position = table["position"].to_numpy(float)
    lengths = np.array([max(float(position[(plain == name).to_numpy()].max()), 1.0) for name in names])
    bounds = np.concatenate([[0.0], np.cumsum(lengths + 0.004 * lengths.sum())])
    begin = dict(zip(names, bounds, strict=False))
    return names, plain.map(begin).to_numpy(float) + position, bounds


def _genome_ruler(names: Sequence[str], bounds: FloatArray, room: Room) -> Ruler:
    """Name each chromosome at its middle; one whose name would touch the one before is left unnamed."""
    middles, span = (bounds[:-1] + bounds[1:]) / 2, float(bounds[-1])
    ticks: list[float] = []
    labels: list[str] = []
    end = -np.inf
    for name, middle in zip(names, middles, strict=True):
        half = (text_width(name, room.size) / 2 + 0.2 * room.size) / (0.88 * room.box[2]) * span
        if middle - half >= end:
            ticks.append(float(middle))
            labels.append(name)
            end = middle + half
    pad = 0.015 * span
    return Ruler(label="Chromosome", low=-pad, high=span + pad, ticks=tuple(ticks), labels=tuple(labels))
