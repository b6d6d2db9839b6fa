"""The numbers of one table or figure in a style of their own: digits, decimal mark, a journal's marks."""

from __future__ import annotations

from dataclasses import replace

from ..errors import TamoxresError
from ..vocabulary import choose
from .numbers import STYLES, Style, style_now

__all__ = ["number_style"]

_THIN = "\N{NARROW NO-BREAK SPACE}"
_MOST_DIGITS = 8


def number_style(*, digits: int | None = None, decimal: str | None = None, style: str | None = None) -> Style:
    """Return the style in which numbers are written at present, with what is asked changed.

    Parameters
    ----------
    digits : int, optional
        Decimals of estimates, limits and percentages, 0 to 8.
    decimal : "." | ",", optional
        Beside a comma, thousands are set off by a thin space.
    style : str, optional
        A journal's marks: one of `STYLES`.

    Raises
    ------
    TamoxresError
        If one of them is out of bounds or unknown.

    Examples
    --------
    >>> number_style(digits=1, decimal=",").point
    ','
    """
    if digits is not None and (
        isinstance(digits, bool) or not isinstance(digits, int) or not 0 <= digits <= _MOST_DIGITS
    ):
        raise TamoxresError(f"digits is {digits!r}. Use 0 to {_MOST_DIGITS} decimals.")
    marks = style_now() if style is None else STYLES[choose("style", style, STYLES)]
    if digits is not None:
        marks = replace(marks, digits=digits)
    if decimal is not None:
        point = choose("decimal", decimal, (".", ","))
        marks = replace(marks, point=point, thousands=_THIN if point == "," else ",")
    return marks
