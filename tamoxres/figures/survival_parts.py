"""What a survival figure is made of, worked out before anything is drawn: curves, axes, labels, the table below.

Conventions: a curve ends where fewer than `LEAST_AT_RISK` are at risk (one that never had as many is drawn whole,
without a band); times are months in the data, and years on the axis once follow-up passes three years; at risk counts
are those just before t, so that at risk, censored and events before t sum to all patients where nobody enters late.

References
----------
Pocock SJ, Clayton TC, Altman DG 2002, doi:10.1016/S0140-6736(02)08594-X (where to cut a curve).
Morris TP et al. 2019, doi:10.1136/bmjopen-2019-030215 (KMunicate: at risk, censored, events).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from ..curves import Curve, Curves
from ..effects import EffectEstimate
from ..endpoints import STEEP
from ..errors import TamoxresError
from ..registry.known import label_of
from ..vocabulary import RATIO_MEASURES, FloatArray
from ..wording import NOT_ESTIMABLE, count, interval, number, p_value, ratio
from ..wording.levels import groups_words
from .look import in_order
from .style import ACCENT, DARK, INK

__all__ = [
    "HUES",
    "LEAST_AT_RISK",
    "PAIR",
    "Drawn",
    "TableRow",
    "TimeUnit",
    "cause_name",
    "curves_in_order", "cut_at",
    "drawn_curves",
    "effect_text",
    "highest_drawn",
    "last_drawn",
    "sentence",
    "table_rows",
    "ticks_for",
    "time_unit",
    "value_label",
    "value_ticks",
]  # fmt: skip

TimeUnit = Literal["years", "months"]
LEAST_AT_RISK = 10
_MONTHS = {"years": 12.0, "months": 1.0}
_YEARS_FROM = 36.0  # months of follow-up from which the axis counts years
_STEPS = {"years": (1, 2, 3, 5, 10, 20, 50), "months": (1, 2, 3, 6, 12, 24, 60, 120)}
_VALUE_STEPS = ((0.01, 5), (0.02, 5), (0.05, 4), (0.1, 3), (0.1, 4), (0.1, 5), (0.2, 3), (0.2, 4), (0.2, 5))
_COLORS = ("#757575", ACCENT)  # told apart in grey print too
_OKABE_ITO = ("#0072B2", "#D55E00", "#000000", "#009E73", "#CC79A7", "#56B4E9", "#E69F00")  # the yellow is too pale
HUES = (*_COLORS, *_OKABE_ITO)
_DASHES: tuple[Any, ...] = (
    "-", (0, (5, 1.5)), (0, (1.2, 1.2)), (0, (5, 1.5, 1.2, 1.5)), (0, (9, 2)), (0, (3, 1, 1, 1, 1, 1)), (0, (2, 2)),
)  # fmt: skip
_MARKERS = ("o", "s", "^", "D", "v", "P", "X")
PAIR = 2  # groups that grey and one colour tell apart


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Drawn:
    """One curve as it is drawn, up to where it is cut.

    Attributes
    ----------
    label, color : str
    dashes : Any
        Matplotlib line style.
    marker : str
        Stands on the curve at intervals, where there are more than two groups; empty otherwise.
    time : array (k,), in the unit of the axis
        From 0 to the cut.
    value, low, high : array (k,)
        Steps that hold from each time on; `low` and `high` are NaN where there is no band.
    """

    label: str
    color: str
    dashes: Any
    marker: str
    time: FloatArray
    value: FloatArray
    low: FloatArray
    high: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRow:
    """One row of the table under the axis: its label, its counts at the ticks, and how it is set."""

    label: str
    cells: tuple[str, ...] = ()
    color: str = DARK
    head: bool = False
    indent: bool = False


def time_unit(curves: Curves, unit: TimeUnit | None, horizon: float = 0.0) -> tuple[str, float]:
    """Return the unit of the time axis and how many months it has; `horizon` is its end if it is given, months."""
    longest = horizon or last_drawn(curves)
    chosen = unit or ("years" if longest > _YEARS_FROM else "months")
    return chosen, _MONTHS[chosen]


def last_drawn(curves: Curves) -> float:
    """Return the time up to which the longest curve is drawn, months."""
    return max((_cut(curve) for curve in curves), default=0.0)


def _cut(curve: Curve) -> float:
    """Return the time up to which a curve is drawn, months."""
    enough = np.flatnonzero(curve.n_risk >= LEAST_AT_RISK)
    if curve.time.size == 0:
        return 0.0
    return float(curve.time[enough[-1]] if enough.size else curve.time[-1])


def drawn_curves(curves: Curves, months: float) -> list[Drawn]:
    """Cut each curve and give it its look: grey and one colour for two groups, a colour, line and marker each for more.

    The colours are those of Okabe and Ito, which the colour-blind tell apart.
    """
    groups = list(dict.fromkeys(curve.group for curve in curves))
    causes = list(dict.fromkeys(curve.cause for curve in curves))
    out = []
    for curve in curves:
        end = _cut(curve)
        time = np.concatenate([[0.0], curve.time[curve.time < end], [end]])
        values = {name: curve.step(name, time) for name in ("estimate", "ci_low", "ci_high")}
        if not (curve.n_risk >= LEAST_AT_RISK).any():
            values |= {name: np.full(time.size, np.nan) for name in ("ci_low", "ci_high")}
        group, several = groups.index(curve.group), len(groups) > PAIR
        line = group if several else causes.index(curve.cause)
        drawn = Drawn(
            label=_label(curves, curve.group, curve.cause if len(causes) > 1 else ""),
            color=_OKABE_ITO[group % len(_OKABE_ITO)] if several else _COLORS[group if len(groups) > 1 else 1],
            dashes=_DASHES[line % len(_DASHES)],
            marker=_MARKERS[group % len(_MARKERS)] if several else "",
            time=time / months, value=values["estimate"], low=values["ci_low"], high=values["ci_high"],
        )  # fmt: skip
        out.append(drawn)
    return out


def cut_at(drawn: Sequence[Drawn], ends: tuple[float, float] | None) -> list[Drawn]:
    """End curves where the time axis is asked to end.

    Raises
    ------
    TamoxresError
        If it is asked to begin elsewhere than at 0, or beyond what a share can be.
    """
    if ends is None:
        return list(drawn)
    if ends[0] != 0:
        raise TamoxresError(f"xlim begins at {ends[0]:g}. Survival curves begin at 0: xlim=(0, {ends[1]:g}).")
    return [_cut_one(curve, ends[1]) for curve in drawn]


def _cut_one(curve: Drawn, end: float) -> Drawn:
    kept = curve.time <= end
    if kept.all():
        return curve
    last = int(np.flatnonzero(kept)[-1])
    parts = {
        name: np.append(getattr(curve, name)[kept], getattr(curve, name)[last]) for name in ("value", "low", "high")
    }
    return replace(
        curve, time=np.append(curve.time[kept], end), value=parts["value"], low=parts["low"], high=parts["high"]
    )


def curves_in_order(curves: Curves) -> Curves:
    """Put the curves into the order that was asked for, by the names that stand beside them."""
    several = len({curve.cause for curve in curves}) > 1

    def name(curve: Curve) -> str:
        return _label(curves, curve.group, curve.cause if several else "")

    return replace(curves, curves=tuple(in_order(curves.curves, name)))


def _label(curves: Curves, group: str, cause: str) -> str:
    """Name a curve: `HER2 altered` for the group altered of `HER2 (snp6_gain)`, with its cause if there are several."""
    name = curves.grouping.partition(" (")[0]
    words = groups_words(label_of(name), dict.fromkeys(curve.group for curve in curves))[group]
    return ", ".join(part for part in (words, cause_name(cause)) if part)


def cause_name(cause: str) -> str:
    """Name what an incidence counts, in the singular."""
    return f"{cause} event" if cause in STEEP else cause


def sentence(text: str) -> str:
    """Begin a text with a capital letter."""
    return text[:1].upper() + text[1:]


def ticks_for(horizon: float, unit: str, width: float, widest: float) -> list[float]:
    """Return ticks from 0 to the horizon, as close as counts of `widest` points allow on an axis of `width` points."""
    for step in _STEPS[unit]:
        if horizon <= 0 or width * step / horizon >= widest:
            break
    return [float(tick) for tick in np.arange(0, horizon + 1e-9, step)]


def highest_drawn(curves: Curves, drawn: Sequence[Drawn]) -> float:
    """Return the highest share that an axis must hold: 1 for survival, the highest limit for an incidence."""
    if curves.curves[0].kind == "survival":
        return 1.0
    parts = [part[np.isfinite(part)] for curve in drawn for part in (curve.value, curve.high)]
    return max((float(part.max()) for part in parts if part.size), default=0.0)


def value_ticks(curves: Curves, drawn: Sequence[Drawn], highest: float = 0.0) -> list[float]:
    """Return the ticks of the value axis: 0 to 1 for survival, as high as needed (or as `highest`) for an incidence."""
    highest = highest or highest_drawn(curves, drawn)
    step, last = next(((step, last) for step, last in _VALUE_STEPS if step * last >= highest - 1e-9), _VALUE_STEPS[-1])
    return [step * part for part in range(last + 1)]


def value_label(curves: Curves, *, plain: bool = False) -> str:
    """Name the value axis: the endpoint in words, in percent; a `plain` one leaves the cause to the title."""
    first = curves.curves[0]
    name = STEEP[curves.endpoint].name if curves.endpoint in STEEP else curves.endpoint
    if first.kind == "survival":
        return f"{sentence(name) or 'Survival'} (%)"
    causes = {curve.cause for curve in curves}
    what = f" of {cause_name(first.cause)}s" if len(causes) == 1 and first.cause and not plain else ""
    return f"Cumulative incidence{what} (%)"


def table_rows(curves: Curves, drawn: Sequence[Drawn], times: Sequence[float], table: str) -> list[TableRow]:
    """Return the rows of the table under the axis: numbers at risk, or with censored and events below each other.

    Parameters
    ----------
    times : sequence of float
        The ticks, in months.
    table : "at risk" | "kmunicate" | ""
    """
    if not table:
        return []
    rows = [TableRow(label="Number at risk", head=True, color=INK)] if table == "at risk" else []
    done = set()
    for curve, look in zip(curves, drawn, strict=True):
        if curve.group in done:
            continue
        done.add(curve.group)
        at_risk = _at_risk(curve, times)
        name = _label(curves, curve.group, "") or "All"
        if table == "at risk":
            rows.append(TableRow(label=name, cells=at_risk, color=INK if look.marker else look.color))
            continue
        rows.append(TableRow(label=name, color=INK if look.marker else look.color, head=True))
        rows.append(TableRow(label="At risk", cells=at_risk, indent=True))
        rows.append(TableRow(label="Censored", cells=_before(curve, "n_censor", times), indent=True))
        same = [other for other in curves if other.group == curve.group]
        for other in same:
            label = "Events" if len(same) == 1 else sentence(cause_name(other.cause) + "s")
            rows.append(TableRow(label=label, cells=_before(other, "n_event", times), indent=True))
    return rows


def _at_risk(curve: Curve, times: Sequence[float]) -> tuple[str, ...]:
    """Write the numbers at risk; nothing after the end of a coarsened curve, whose last patients are not told."""
    end = curve.time[-1] if curve.is_coarse and curve.time.size else np.inf
    return tuple(count(int(n)) if t <= end else "" for n, t in zip(curve.at_risk(times), times, strict=True))


def _before(curve: Curve, name: str, times: Sequence[float]) -> tuple[str, ...]:
    """Count censored or events before each time."""
    total = np.concatenate([[0.0], np.cumsum(getattr(curve, name))])
    return tuple(count(round(total[i])) for i in np.searchsorted(curve.time, np.asarray(times, float), side="left"))


def effect_text(effect: EffectEstimate) -> str:
    """Write an effect for a corner of the figure: `HR 1.52 (95% CI 1.18-1.94)` and its P below."""
    p = "" if effect.p_value is None else p_value(effect.p_value, label=True)
    name: str = effect.measure
    if effect.estimand == "interaction" and effect.measure in RATIO_MEASURES:
        name, p = f"Ratio of {name}s", p.replace("P ", "P for interaction ", 1)
    name = (
        f"Adjusted {name[:1].lower() if name[1:2].islower() else name[:1]}{name[1:]}" if effect.adjusted_for else name
    )
    if effect.status != "estimated":
        return p if effect.status == "test_only" else f"{name} {NOT_ESTIMABLE}"
    low, high = effect.ci()
    write = ratio if effect.is_ratio else number
    limits = interval(f"{100 * effect.level:g}% CI {write(low)}", write(high))
    return f"{name} {write(effect.estimate)} {limits}\n{p}"
