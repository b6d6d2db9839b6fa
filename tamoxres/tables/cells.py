"""Cells made from numbers: the words by `wording`, and the numbers with formats that show the same digits."""

from __future__ import annotations

import math

from ..effects import EffectEstimate
from ..wording import (
    NOT_ESTIMABLE,
    count,
    digits_or,
    number,
    number_with_interval,
    p_value,
    percent,
    ratio,
    ratio_with_interval,
    ratios,
    style_now,
)
from .table import Cell, Number

__all__ = [
    "count_cell",
    "effect_cell",
    "interval_cell",
    "number_cell",
    "p_cell",
    "reference_cell",
    "share_cell",
    "share_format",
]

_P_FORMAT = '[<0.001]"<0.001";[>=0.9995]">0.999";0.000'
_REFERENCE = "(reference)"


def count_cell(value: int | None) -> Cell:
    """Make a cell of a count; an unknown count is empty."""
    return Cell() if value is None else Cell(count(value), (Number(value, "#,##0"),))


def number_cell(value: float | None, decimals: int = 2) -> Cell:
    """Make a cell of a number with fixed decimals; an unknown number is empty, one that is not finite is `NE`."""
    if value is None:
        return Cell()
    text = number(value, decimals)
    return Cell(text, () if text == NOT_ESTIMABLE else (Number(value, _decimals(text)),))


def p_cell(value: float | None, effect_id: str = "") -> Cell:
    """Make a cell of a P value; an unknown P is empty."""
    if value is None or not math.isfinite(value):
        return Cell()
    return Cell(p_value(value), (Number(value, _P_FORMAT),), effect_id)


def share_cell(part: int, whole: int) -> Cell:
    """Make a cell of a count with its percentage, `198 (18.0%)`."""
    if not whole:
        return count_cell(part)
    share = part / whole
    return Cell(f"{count(part)} ({percent(share)})", (Number(part, "#,##0"), Number(share, share_format())))


def share_format() -> str:
    """Return the spreadsheet format that shows a share as `percent` writes it."""
    digits = digits_or(1)
    return f"0.{'0' * digits}%" if digits else "0%"


def effect_cell(effect: EffectEstimate, per: float = 1.0) -> Cell:
    """Make a cell of an estimate with its interval, for a change of `per` units; what was not estimated is `NE`."""
    if effect.status != "estimated" or effect.point is None or effect.se is None:
        return Cell(NOT_ESTIMABLE, (), effect.row_id)
    values = [_scaled(value, per, effect.is_ratio) for value in (effect.estimate, *effect.ci())]
    return interval_cell((values[0], values[1], values[2]), is_ratio=effect.is_ratio, effect_id=effect.row_id)


def interval_cell(
    values: tuple[float, float, float], *, is_ratio: bool = True, effect_id: str = "", decimals: int = 2
) -> Cell:
    """Make a cell of an estimate and its limits, as a reader sees them; `decimals` are those of a difference."""
    text = ratio_with_interval(*values) if is_ratio else number_with_interval(*values, decimals=decimals)
    if text == NOT_ESTIMABLE:
        return Cell(text, (), effect_id)
    written = ratios(*values) if is_ratio else [number(value, decimals) for value in values]
    return Cell(text, tuple(map(_part, values, written)), effect_id)


def reference_cell(effect: EffectEstimate) -> Cell:
    """Make the cell of a reference level: `1.00 (reference)`, or 0.00 for a difference."""
    text = ratio(effect.null) if effect.is_ratio else number(effect.null)
    return Cell(f"{text} {_REFERENCE}", (Number(effect.null, "0.00"), _REFERENCE, ""), effect.row_id)


def _scaled(value: float | None, per: float, is_ratio: bool) -> float:
    if value is None:
        return math.nan
    if not is_ratio:
        return per * value
    try:
        return math.pow(value, per)
    except OverflowError:
        return math.inf


def _part(value: float, text: str) -> Number | str:
    return text if text == NOT_ESTIMABLE or text[0] in "<>" else Number(value, _decimals(text))


def _decimals(text: str) -> str:
    """Return the spreadsheet format with as many decimals as a written number has."""
    style = style_now()
    after = len(text.partition(style.point)[2])
    return "0." + "0" * after if after else "#,##0" if style.thousands in text else "0"
