"""The axis of a forest plot: how far it reaches, and where its ticks stand.

The axis is symmetric about no effect. It holds every estimate and every confidence limit it can, unless the widest
tenth of the limits would more than double its length; an interval that reaches beyond ends in an arrowhead, for which
the axis leaves room beside the box. A log axis ends at one of 2, 4, 5 and 10 and their inverses, with ticks from
{.1 .2 .25 .5 1 2 4 5 10}; a difference has a linear axis that ends at a round number.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..errors import TamoxresError
from ..wording import Style, number
from .look import limits
from .measure import text_width
from .panel import ratio_ruler, round_ruler

__all__ = ["ARROW", "BOX", "Scale", "Span", "choose_scale"]

Span = tuple[float, float, float]  # an estimate and its limits

_RATIO_ENDS = (2.0, 4.0, 5.0, 10.0)
_RATIO_TICKS = {
    2.0: ((0.5, 1.0, 2.0),),
    4.0: ((0.25, 0.5, 1.0, 2.0, 4.0), (0.25, 1.0, 4.0)),
    5.0: ((0.2, 0.5, 1.0, 2.0, 5.0), (0.2, 1.0, 5.0)),
    10.0: ((0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0), (0.1, 0.5, 1.0, 2.0, 10.0), (0.1, 1.0, 10.0)),
}
_ROUND = (1.0, 2.0, 2.5, 5.0)
_MOST_LIMITS, _STRETCH = 0.9, 2.0  # share of the limits that is always held, and what the others may cost
BOX = 1.3  # side of the largest box, in sizes of the text
ARROW = 5.0  # length of an arrowhead, points


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """An axis: its two ends, its ticks and their labels, on the reader's scale."""

    low: float
    high: float
    ticks: tuple[float, ...]
    labels: tuple[str, ...]
    is_ratio: bool

    def at(self, share: float) -> float:
        """Return the value that lies at a share of the way between the ends."""
        if not self.is_ratio:
            return self.low + share * (self.high - self.low)
        return float(self.low * (self.high / self.low) ** share)

    def position(self, value: float) -> float:
        """Return where a value lies between the ends, 0 to 1 (beyond them outside that range)."""
        if not self.is_ratio:
            return (value - self.low) / (self.high - self.low)
        return math.log(max(value, 1e-300) / self.low) / math.log(self.high / self.low)


def choose_scale(spans: Sequence[Span], is_ratio: bool, width: float, size: float, style: Style) -> Scale:
    """Choose ends and ticks for estimates and their confidence limits.

    Parameters
    ----------
    spans : sequence of (estimate, low, high)
        On the reader's scale.
    is_ratio : bool
    width, size : float
        Width of the axis and size of its labels, points: ticks whose labels would touch are left out.
    style : Style
        For the decimal point.
    """
    clear = 1 - 2 * (BOX * size / 2 + ARROW) / width  # how far out a box may stand beside an arrowhead, share of half
    end = _end(spans, is_ratio, clear)
    low = 1 / end if is_ratio else -end
    choices = _RATIO_TICKS[end] if is_ratio else ((-end, -end / 2, 0.0, end / 2, end), (-end, 0.0, end))
    for ticks in choices:
        labels = tuple(_label(tick, style) for tick in ticks)
        scale = Scale(low=low, high=end, ticks=ticks, labels=labels, is_ratio=is_ratio)
        if _apart(scale, width, size):
            break
    return asked_scale(scale)


def asked_scale(scale: Scale) -> Scale:
    """Return the scale between the ends that were asked for, if any.

    Raises
    ------
    TamoxresError
        If the ends of an axis of ratios are not above 0.
    """
    ends = limits("x")
    if ends is None:
        return scale
    if scale.is_ratio and ends[0] <= 0:
        raise TamoxresError(f"xlim is {ends}; the axis is logarithmic, so both ends must be above 0.")
    ruled = ratio_ruler("", *ends, apart=0.12) if scale.is_ratio else round_ruler("", *ends, most=5)
    return replace(scale, low=ends[0], high=ends[1], ticks=ruled.ticks, labels=ruled.labels)


def _end(spans: Sequence[Span], is_ratio: bool, clear: float) -> float:
    """Return the smallest end that holds the estimates and limits it should, or the largest there is."""
    depth = _depth if is_ratio else abs
    far = [depth(point) for point, _, _ in spans]
    reach = sorted(depth(limit) for span in spans for limit in span[1:])
    ends: Sequence[float] = _RATIO_ENDS
    if not is_ratio:
        power = math.floor(math.log10(max([*(x for x in (*far, *reach) if math.isfinite(x)), 1e-9]))) - 2
        ends = [step * 10.0 ** (power + k) for k in range(5) for step in _ROUND]
    sizes = [depth(end) for end in ends]
    most = max([*far, reach[math.ceil(_MOST_LIMITS * len(reach)) - 1] if reach else 0.0])
    shortest = next((size for size in sizes if size >= most), sizes[-1])
    held = [limit for limit in reach if limit <= min(_STRETCH * shortest, sizes[-1])]
    needed = max([most, *held])
    for end, size in zip(ends, sizes, strict=True):
        if size >= needed and not _crowded(spans, is_ratio, size, clear):
            return end
    return ends[-1]


def _crowded(spans: Sequence[Span], is_ratio: bool, end: float, clear: float) -> bool:
    """Whether an arrowhead at an end would stand in the box of its own estimate."""
    depth = _depth if is_ratio else abs
    inside = [span for span in spans if depth(span[0]) <= end]
    return any(depth(point) > clear * end and max(depth(low), depth(high)) > end for point, low, high in inside)


def _depth(value: float) -> float:
    """Return how far a ratio lies from 1, on the log scale."""
    return abs(math.log(value)) if value > 0 and math.isfinite(value) else math.inf


def _label(tick: float, style: Style) -> str:
    decimals = next((d for d in range(6) if math.isclose(round(tick, d), tick, abs_tol=1e-12)), 6)
    return number(tick, decimals, style)


def _apart(scale: Scale, width: float, size: float) -> bool:
    """Whether the labels of the ticks keep half a letter's distance."""
    at = [scale.position(tick) * width for tick in scale.ticks]
    half = [text_width(label, size) / 2 for label in scale.labels]
    gaps = [b - a - h - g for a, b, h, g in zip(at, at[1:], half, half[1:], strict=False)]
    return min(gaps) >= 0.4 * size
