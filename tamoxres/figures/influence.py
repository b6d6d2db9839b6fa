"""What single studies do to a pooled effect: Baujat's plot, and the pool without each study in turn.

Conventions: in Baujat's plot a study far right makes the heterogeneity, one far up moves the pooled effect; the names
of those that stand out are written, as many as find room. Pools without a study stand in the order of the studies, the
dashed line at the pool of all.

References
----------
Baujat B et al. 2002, doi:10.1002/sim.1221. Viechtbauer W, Cheung MWL 2010, doi:10.1002/jrsm.11.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Unpack

import numpy as np
from matplotlib.axes import Axes

from ..effects import EffectEstimate
from ..meta.pooled import PooledEffect
from ..meta.sensitivity import baujat, leave_one_out
from ..vocabulary import FloatArray
from ..wording import ratio_with_interval
from .callouts import place_names
from .figure import figure
from .forest import forest
from .forest_words import FOREST_HUES
from .look import Looks, limits
from .panel import lay_panel, room_for, round_ruler
from .paper import write
from .style import ACCENT, DARK, Width, box_in_points, use_style

__all__ = ["baujat_plot", "leave_one_out_plot"]

_HEIGHT: dict[Width, float] = {"single": 0.75, "middle": 0.65, "double": 0.5}  # of the figure's width
_NAMED = 12  # studies whose names are tried


@figure(without=("order", "digits"))
def baujat_plot(
    pooled: PooledEffect, *, width: Width = "single", ax: Axes | None = None, **look: Unpack[Looks]
) -> Axes:
    """Draw each study's part in the heterogeneity against its influence on the pooled effect.

    Parameters
    ----------
    pooled : PooledEffect
        Of three studies or more.
    width : "single" | "middle" | "double"
        One journal column (85 mm), one and a half (114 mm) or two (170 mm).
    ax : Axes, optional
        Drawn into its box; else a figure is made.

    Returns
    -------
    Axes
        The squared Pearson residual on x, the squared standardised change on y.

    Raises
    ------
    PoolingError
        With fewer than three effects.

    Examples
    --------
    >>> import tamoxres as tr
    >>> rows = [tr.EffectEstimate(study=s, log_estimate=y, se=0.2) for s, y in (("A", 0.1), ("B", 0.9), ("C", 0.3))]
    >>> baujat_plot(tr.pool(rows)).get_label()
    "Baujat's plot of 3 studies. Farthest out: B, part in heterogeneity 1.26, influence 2.72."
    """
    found = baujat(pooled)
    points = np.column_stack([found.heterogeneity, found.influence])
    far = np.argsort(-np.hypot(*(points / np.maximum(points.max(axis=0), 1e-12)).T), kind="stable")
    room = room_for(ax, width)
    with use_style(room.size):
        x, y = (
            round_ruler(name, 0.0, 1.12 * max(float(values.max()), 1e-6), most=5)
            for name, values in zip(("Part in the heterogeneity", "Influence on the pool"), points.T, strict=True)
        )
        cut = limits("x") is not None or limits("y") is not None
        drawn = lay_panel(room, x, y, height=_HEIGHT[width] * room.box[2])
        drawn.scatter(
            points[:, 0],
            points[:, 1],
            s=9,
            c=ACCENT,
            linewidths=0,
            zorder=3,
            gid="studies",
            clip_on=cut,
        )
        _name(drawn, points[far], [found.study[i] for i in far], room.size)
    first = far[0]
    told = f"{found.study[first]}, part in heterogeneity {points[first, 0]:.2f}, influence {points[first, 1]:.2f}"
    drawn.set_label(f"Baujat's plot of {pooled.k} studies. Farthest out: {told}.")
    return drawn


def _name(ax: Axes, points: FloatArray, names: list[str], size: float) -> None:
    """Write the names of the studies farthest out beside their points."""
    left, low, wide, tall = box_in_points(ax)
    (start, right), (floor, top) = ax.get_xlim(), ax.get_ylim()
    corner, reach = np.array([start, floor]), np.array([right - start, top - floor])
    inside = ((points >= corner) & (points <= corner + reach)).all(axis=1)
    points, names = points[inside], [name for name, there in zip(names, inside, strict=True) if there]
    at = (points - corner) / reach * (wide, tall) + (left, low)
    most = min(_NAMED, len(at))
    spots = place_names(at[:most], names[:most], at[most:], inside=(left, low, wide, tall), size=size)
    for spot in spots:
        write(ax, (spot.x, spot.y), names[spot.index], size, align="center", color=DARK)
        if spot.lead is not None:
            x, y = ((spot.lead - (left, low)) / (wide, tall) * reach + corner).T
            ax.plot(x, y, color=DARK, linewidth=0.5, zorder=2)


@figure(without=("ylim",), palette=FOREST_HUES, on_paper=True)
def leave_one_out_plot(
    pooled: PooledEffect,
    *,
    favours: tuple[str, str] | None = None,
    width: Width = "double",
    ax: Axes | None = None,
    **look: Unpack[Looks],
) -> Axes:
    """Draw the pooled effect without each study in turn, under the pool of all.

    Parameters
    ----------
    pooled : PooledEffect
        Of three studies or more.
    favours : (str, str), optional
        What stands under the left and the right side, as in `forest`.
    width : "single" | "middle" | "double"
    ax : Axes, optional
        Drawn into its box; else a figure is made.

    Returns
    -------
    Axes
        As of `forest`.

    Raises
    ------
    PoolingError
        With fewer than three effects.

    Examples
    --------
    >>> import tamoxres as tr
    >>> rows = [tr.EffectEstimate(study=s, log_estimate=y, se=0.2) for s, y in (("A", 0.1), ("B", 0.4), ("C", 0.3))]
    >>> leave_one_out_plot(tr.pool(rows)).get_label()[:59]
    'Pool without each study: from 1.22 (0.20-7.37) without B to'
    """
    found = leave_one_out(pooled)
    rows = [_row(pooled, "All studies", (pooled.point, pooled.se), pooled.k)]
    rows += [_row(pooled, f"Without {one.label}", (one.point, one.se), one.k) for one in found.rows]
    ax = forest(rows, layout="plain", favours=favours, width=width)
    ax.axvline(pooled.estimate, color=DARK, linewidth=0.7, dashes=(3, 2), zorder=1)
    low, high = min(found.rows, key=lambda row: row.point), max(found.rows, key=lambda row: row.point)
    told = " to ".join(
        f"{ratio_with_interval(row.estimate, row.ci_low, row.ci_high)} without {row.label}" for row in (low, high)
    )
    ax.set_label(f"Pool without each study: from {told}. {ax.get_label()}")
    return ax


def _row(pooled: PooledEffect, study: str, point: tuple[float, float], k: int) -> EffectEstimate:
    """Return a pool of `k` of the studies as a row, with the degrees of freedom of its interval."""
    value, se = point
    shown: dict[str, Any] = {"log_estimate": value} if pooled.is_ratio else {"difference": value}
    df = None if pooled.df is None else k - 1.0
    return replace(pooled.to_effect(), study=study, label=study, se=se, df=df, p_value=None, p_kind="", **shown)
