"""The axis of a forest plot: how far it reaches, and where its ticks stand.

The axis is symmetric about no effect. It holds every estimate it can and three quarters of the confidence limits; an
interval that reaches beyond ends in an arrowhead. A log axis ends at one of 2, 4, 5 and 10 and their inverses, with
ticks from {.1 .2 .25 .5 1 2 4 5 10}; a difference has a linear axis that ends at a round number.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ..wording import Style, number
from .measure import text_width

__all__ = ["Scale", "choose_scale"]

_RATIO_ENDS = (2.0, 4.0, 5.0, 10.0)
_RATIO_TICKS = {
    2.0: ((0.5, 1.0, 2.0),),
    4.0: ((0.25, 0.5, 1.0, 2.0, 4.0), (0.25, 1.0, 4.0)),
    5.0: ((0.2, 0.5, 1.0, 2.0, 5.0), (0.2, 1.0, 5.0)),
    10.0: ((0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0), (0.1, 0.5, 1.0, 2.0, 10.0), (0.1, 1.0, 10.0)),
}
_ROUND = (1.0, 2.0, 2.5, 5.0)
_SHARE_OF_LIMITS = 0.75


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """An axis: its two ends, its ticks and their labels, on the reader's scale."""

    low: float
    high: float
    ticks: tuple[float, ...]
    labels: tuple[str, ...]
    is_ratio: bool

    def position(self, value: float) -> float:
        """Return where a value lies between the ends, 0 to 1 (beyond them outside that range)."""
        if not self.is_ratio:
            return (value - self.low) / (self.high - self.low)
        return math.log(max(value, 1e-300) / self.low) / math.log(self.high / self.low)


def choose_scale(
    points: Sequence[float], limits: Sequence[float], is_ratio: bool, width: float, size: float, style: Style
) -> Scale:
    """Choose ends and ticks for estimates and their confidence limits.

    Parameters
    ----------
    points, limits : sequence of float
        On the reader's scale; all points and most limits come to lie on the axis.
    is_ratio : bool
    width, size : float
        Width of the axis and size of its labels, points: ticks whose labels would touch are left out.
    style : Style
        For the decimal point.
    """
    end = _end(points, limits, is_ratio)
    low = 1 / end if is_ratio else -end
    choices = _RATIO_TICKS[end] if is_ratio else ((-end, -end / 2, 0.0, end / 2, end), (-end, 0.0, end))
    for ticks in choices:
        labels = tuple(_label(tick, style) for tick in ticks)
        scale = Scale(low=low, high=end, ticks=ticks, labels=labels, is_ratio=is_ratio)
        if _apart(scale, width, size):
            break
    return scale


def _end(points: Sequence[float], limits: Sequence[float], is_ratio: bool) -> float:
    """Return the smallest end that holds all points and most limits, or the largest there is."""
    if is_ratio:
        far, reach = [_fold(value) for value in points], sorted(_fold(value) for value in limits)
        ends: Sequence[float] = _RATIO_ENDS
    else:
        far, reach = [abs(value) for value in points], sorted(abs(value) for value in limits)
        power = math.floor(math.log10(max([*far, *reach, 1e-9]))) - 2
        ends = [step * 10.0 ** (power + k) for k in range(5) for step in _ROUND]
    enough = reach[math.ceil(_SHARE_OF_LIMITS * len(reach)) - 1] if reach else 0.0
    needed = max([*far, enough])
    return next((end for end in ends if end >= needed), ends[-1])


def _fold(value: float) -> float:
    return max(value, 1 / value) if value > 0 else math.inf


def _label(tick: float, style: Style) -> str:
    decimals = next((d for d in range(6) if math.isclose(round(tick, d), tick, abs_tol=1e-12)), 6)
    return number(tick, decimals, style)


def _apart(scale: Scale, width: float, size: float) -> bool:
    """Whether the labels of the ticks keep half a letter's distance."""
    at = [scale.position(tick) * width for tick in scale.ticks]
    half = [text_width(label, size) / 2 for label in scale.labels]
    gaps = [b - a - h - g for a, b, h, g in zip(at, at[1:], half, half[1:], strict=False)]
    return min(gaps) >= 0.4 * size
