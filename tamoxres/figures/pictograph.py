"""Risks as people: a hundred icons a group, as many filled as have the event, with the interval in words.

Icons between the limits of the interval have a ring, so that what is not known is seen as well. Such a picture shows
risks of a population. Risks by marker with and without treatment belong into one only where the interaction is that of
a randomised trial and sure enough; elsewhere one picture of all patients stands.

References
----------
Garcia-Retamero R, Cokely ET 2017, doi:10.1177/0018720817690639 (icon arrays).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np
from matplotlib.axes import Axes
from scipy.special import ndtri

from ..effects import EffectEstimate
from ..errors import TamoxresError
from ..wording import number, number_with_interval
from ..wording.codes import SENTENCES
from .figure import figure
from .look import Looks, Renamed, in_order, renamed
from .measure import LINE, wrap
from .paper import settle, write
from .style import ACCENT, DARK, LIGHT, Width, bare, font_size, new_axes, use_style, width_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["pictograph"]

_SIDE, _ALL = 10, 100
_NUMBERS = ("time", "risk", "se", "ci_low", "ci_high", "n_risk")
_PITCH, _GAP, _APART = 1.35, 2.4, 8.0  # between icons; least and most between groups; in sizes of the text
_MOST = 12  # groups
_RINGS = "Ring: between the limits of the 95% interval."


@dataclass(frozen=True, slots=True)
class _Group:
    """One group: its name, its risk and limits as shares, and what is written under its icons."""

    name: str
    risk: float
    low: float
    high: float

    @property
    def words(self) -> str:
        of, low, high = (number(_ALL * value, 0) for value in (self.risk, self.low, self.high))
        return f"{of} of {_ALL}\n(95% interval {low} to {high})"


@figure(without=("xlim", "ylim"), palette=(ACCENT, LIGHT), on_paper=True)
def pictograph(
    risks: pd.DataFrame,
    *,
    time: float | None = None,
    event: str = "event",
    effect: EffectEstimate | None = None,
    width: Width = "double",
    ax: Axes | None = None,
    **look: Unpack[Looks],
) -> Axes:
    """Draw the risk of each group as a hundred icons.

    Parameters
    ----------
    risks : DataFrame
        time (months), risk, and either ci_low and ci_high or se (shares, 0 to 1), and the columns that name the groups:
        the `risks` of `standardise`, `absolute_effects` or `risk_difference`.
    time : float, months, optional
        Which of its times; the only one if not given.
    event : str
        What the risk is of.
    effect : EffectEstimate, optional
        The difference in risk, written under the icons.
    width : "single" | "middle" | "double"
    ax : Axes, optional
        Drawn into its box; else a figure is made.

    Returns
    -------
    Axes
        Its data are points on paper.

    Raises
    ------
    TamoxresError
        If a column is missing, the risks are at several times and none is named, a risk is no share, or there are more
        than twelve groups.

    Examples
    --------
    >>> import tamoxres as tr
    >>> gbsg = tr.select(tr.load("gbsg"), endpoint="RFS", er="any", treatment="any")
    >>> found = tr.risk_difference(gbsg, times=60, by="treatment")
    >>> pictograph(found.risks, event="recurrence or death").get_label().partition(";")[0]
    'Of 100 patients, recurrence or death within 5 years: untreated 56 (51 to 62)'
    """
    frame, when = _at(risks, time)
    groups = in_order([_group(row) for row in frame.to_dict("records")], lambda group: group.name)
    whole = width_of(width)
    size = font_size(whole)
    head = f"Of {_ALL} patients, {event} within {_when(when)}"
    with use_style(size):
        notes = [note for note in (_difference(effect), _RINGS, SENTENCES["not_for_decisions"]) if note]
        room = 0.94 * whole
        ax = _draw(groups, wrap(head, room, size, bold=True), [wrap(note, room, size) for note in notes], whole, size)
    told = "; ".join(f"{g.name} {g.words.partition(' ')[0]} ({_limits(g)})" for g in groups)
    ax.set_label(f"{head}: {told}. {' '.join(notes)}")
    return ax


def _limits(group: _Group) -> str:
    return " to ".join(number(_ALL * value, 0) for value in (group.low, group.high))


def _at(risks: pd.DataFrame, time: float | None) -> tuple[pd.DataFrame, float]:
    """Return the rows of one time, and that time."""
    lacking = [name for name in ("time", "risk") if name not in risks.columns]
    if lacking or not {"ci_low", "se"} & set(risks.columns):
        raise TamoxresError(f"The risks have no column {(lacking or ['ci_low or se'])[0]}.")
    times = sorted(set(risks["time"].astype(float)))
    if time is None and len(times) != 1:
        raise TamoxresError(f"The risks are at {len(times)} times. Name one of them as time=.")
    when = times[0] if time is None else float(time)
    frame = risks[risks["time"].astype(float) == when]
    if not 0 < len(frame) <= _MOST:
        raise TamoxresError(f"{len(frame)} groups at {when:g} months; a pictograph shows one to {_MOST}.")
    return frame, when


def _group(row: Mapping[Any, Any]) -> _Group:
    name = Renamed(", ".join(renamed(str(value)) for key, value in row.items() if key not in _NUMBERS))
    risk = float(row["risk"])
    if not 0 <= risk <= 1:
        raise TamoxresError(f"The risk of {name or 'all'} is {risk:g}; a risk is a share from 0 to 1.")
    if "ci_low" in row:
        return _Group(name or "All", risk, float(row["ci_low"]), float(row["ci_high"]))
    return _Group(name or "All", risk, *_log_log(risk, float(row["se"])))


def _log_log(risk: float, se: float) -> tuple[float, float]:
    """Return the limits of a risk on the scale of log(-log(1 - risk)), which stay between 0 and 1."""
    stays = 1 - risk
    if not (0 < stays < 1 and se > 0):
        return risk, risk
    reach = float(ndtri(0.975)) * se / (stays * abs(np.log(stays)))
    return 1 - stays ** float(np.exp(-reach)), 1 - stays ** float(np.exp(reach))


def _when(months: float) -> str:
    years = months / 12
    return f"{years:g} year{'' if years == 1 else 's'}" if years == round(years) else f"{months:g} months"


def _difference(effect: EffectEstimate | None) -> str:
    if effect is None or effect.difference is None:
        return ""
    low, high = effect.ci()
    text = number_with_interval(_ALL * effect.difference, _ALL * low, _ALL * high, 1)
    return f"Difference, of {_ALL}: {text}."


def _draw(groups: list[_Group], head: str, notes: list[str], whole: float, size: float) -> Axes:
    block = _SIDE * _PITCH * size
    beside = max(1, min(len(groups), int((whole + _GAP * size) // (block + _GAP * size))))
    each = min(whole / beside, block + _APART * size)
    names = [wrap(group.name, each - size, size, bold=True) for group in groups]
    words = [wrap(group.words, each - size, size) for group in groups]
    name, under = (LINE * size * max(text.count("\n") + 1 for text in texts) for texts in (names, words))
    tall = name + block + under + 1.6 * size
    top = (head.count("\n") + 1) * LINE * size + size
    foot = sum(note.count("\n") + 1 for note in notes) * LINE * size + size
    height = top + -(-len(groups) // beside) * tall + foot
    ax = new_axes(whole, height)
    settle(ax, (0.0, 0.0, whole, height), (0.0, whole), (0.0, height))
    bare(ax)
    write(ax, (0.5 * size, height - size), head, size, bold=True)
    for i, group in enumerate(groups):
        left, high = (i % beside) * each + 0.5 * size, height - top - (i // beside) * tall
        write(ax, (left, high - 0.6 * size), names[i], size, bold=True)
        _icons(ax, group, (left, high - name - 0.2 * size), size)
        write(ax, (left, high - name - block - 0.9 * size), words[i], size)
    y = foot - size
    for note in notes:
        write(ax, (0.5 * size, y), note, size, color=DARK)
        y -= (note.count("\n") + 1) * LINE * size
    return ax


def _icons(ax: Axes, group: _Group, corner: tuple[float, float], size: float) -> None:
    """Draw ten rows of ten, filled from the first on; those between the limits have a ring."""
    filled, low, high = (round(_ALL * value) for value in (group.risk, group.low, group.high))
    step = _PITCH * size
    x, y = (np.array(part) for part in zip(*[
        (corner[0] + (i % _SIDE + 0.5) * step, corner[1] - (i // _SIDE + 0.5) * step) for i in range(_ALL)
    ], strict=True))  # fmt: skip
    order = np.arange(_ALL)
    for gid, chosen, face in (("with", order < filled, ACCENT), ("without", order >= filled, LIGHT)):
        ax.scatter(x[chosen], y[chosen], s=(0.95 * size) ** 2, c=face, linewidths=0, gid=f"{gid}-{group.name}")
    ring = (order >= low) & (order < high)
    ax.scatter(
        x[ring], y[ring], s=(0.95 * size) ** 2, facecolors="none", edgecolors=DARK, linewidths=0.9,
        gid=f"ring-{group.name}",
    )  # fmt: skip
