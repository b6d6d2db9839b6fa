"""Words: how numbers, intervals, P values, names and codes are written for a reader; the only place that writes them.

`numbers` formats numbers, `typeset` sets ranges and what stays on one line, `codes` gives each flag of an effect row
its sentence, `rows` writes what a reader sees of a row from its fields: contrast, population, model, note.
"""

from .numbers import (
    HOUSE,
    NOT_ESTIMABLE,
    STYLES,
    Style,
    coarse_count,
    count,
    digits_or,
    guard_formula,
    interval,
    number,
    number_with_interval,
    p_value,
    percent,
    plain,
    ratio,
    ratio_limits,
    ratio_with_interval,
    ratios,
    style_now,
    unguard_formula,
    written_as,
)
from .typeset import dashed, spoken, unbroken

__all__ = [
    "HOUSE", "NOT_ESTIMABLE", "STYLES", "Style", "coarse_count", "count", "dashed", "digits_or", "guard_formula",
    "interval", "number", "number_with_interval", "p_value", "percent", "plain",
    "ratio", "ratio_limits", "ratio_with_interval", "ratios",
    "spoken", "style_now", "unbroken", "unguard_formula", "written_as",
]  # fmt: skip
