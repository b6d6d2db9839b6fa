"""The questions that an effect row raises, one sentence each."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TypeAlias

from .numbers import interval, number, p_value, ratio

__all__ = ["doubt_words", "doubts_words"]

Values: TypeAlias = Sequence[float]
Names: TypeAlias = Sequence[str]


def doubt_words(code: str, label: str, values: Values, names: Names) -> str:
    """Write one question about a row's own numbers.

    Parameters
    ----------
    code : str
        As `effects.agreement.Doubt` lists them.
    label : str
        The study's.
    values, names
        The numbers, and what they are of.

    Examples
    --------
    >>> doubt_words("no_events_in_group", "A", (1.3,), ("events_1",))
    'A: events_1 = 0, and yet a ratio of 1.30. Is the count right?'
    """
    return f"{label}: {_SENTENCES[code](values, names)}"


def doubts_words(code: str, labels: Sequence[str]) -> str:
    """Write one question that several rows raise, with their names alone, six at most.

    Examples
    --------
    >>> doubts_words("huge_se", ["A", "B", "C", "D"])
    'The standard error is so large that the row carries no information: A, B, C, D.'
    """
    names = list(dict.fromkeys(labels))
    more = f" and {len(names) - _MOST} more" if len(names) > _MOST + 1 else ""
    return f"{_OF_SEVERAL[code]}: {', '.join(names[:_MOST] if more else names)}{more}."


_MOST = 6
_OF_SEVERAL = {
    "asymmetric_interval": "The interval is not symmetric about its estimate, and the larger standard error is used",
    "ci_and_p_disagree": "The interval and the printed P disagree",
    "no_events_in_group": "A group has no events, and yet there is a ratio",
    "huge_se": "The standard error is so large that the row carries no information",
    "se_below_events": "The standard error is smaller than the events allow between two groups",
    "counts_do_not_add": "The counts of the groups do not add up",
    "direction_disagrees": "The direction told is not that of the ratio",
}


def _asymmetric(values: Values, _: Names) -> str:
    low, high, lower, upper = values
    limits = interval(_digits(low), _digits(high))[1:-1]
    return (
        f"the interval {limits} is not symmetric about its estimate: SE {number(lower, 3)} by the lower limit, "
        f"{number(upper, 3)} by the upper; the larger is used."
    )


def _digits(value: float) -> str:
    """Write a printed number as it was printed."""
    return f"{value:.6f}".rstrip("0").rstrip(".") if abs(value) < 1e6 else number(value, 0)


def _disagree(values: Values, names: Names) -> str:
    least, most, printed = values
    relation, other = names
    shown = p_value(least) if p_value(least) == p_value(most) else f"{p_value(least)} to {p_value(most)}"
    told = "not significant" if math.isnan(printed) else f"P {relation or '='} {printed:g}"
    hint = f" It would fit a {other} interval." if other else ""
    return f"the interval gives P {shown}, the source prints {told}.{hint} Which is right?"


def _no_events(values: Values, names: Names) -> str:
    return f"{names[0]} = 0, and yet a ratio of {ratio(values[0])}. Is the count right?"


def _huge(values: Values, _: Names) -> str:
    return f"a standard error of {values[0]:,.4g} carries no information. Is it what the source prints?"


def _below(values: Values, _: Names) -> str:
    se, least, events = values
    return (
        f"SE {number(se, 3)} is smaller than {events:,.0f} events allow between two groups ({number(least, 3)}). Is "
        "the effect per unit, or the count of another set?"
    )


def _sums(values: Values, names: Names) -> str:
    total, one, zero = values
    name = names[0]
    return f"{name} is {total:,.0f}, but {name}_1 and {name}_0 are {one:,.0f} and {zero:,.0f}. Which is right?"


def _direction(values: Values, names: Names) -> str:
    return f"the direction is told as {names[0]}, but the ratio is {ratio(values[0])}. Is it turned round?"


_SENTENCES: dict[str, Callable[[Values, Names], str]] = {
    "asymmetric_interval": _asymmetric, "ci_and_p_disagree": _disagree, "no_events_in_group": _no_events,
    "huge_se": _huge, "se_below_events": _below, "counts_do_not_add": _sums, "direction_disagrees": _direction,
}  # fmt: skip
