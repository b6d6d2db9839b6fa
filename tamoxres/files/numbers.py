"""Text becomes a number here and nowhere else: form and size are looked at before any parser sees the cell.

Conventions: a number is decimal digits with at most one decimal mark, a sign and an exponent of ten; blanks around it
do not count. `NA`, `inf`, `1_000`, `0x1F`, digits of other scripts and marks of thousands are none. What a double
cannot hold (above 1.8e308, or below 4.9e-324 without being zero) is no number either, so an exponent beyond 2^31, which
overflows inside other parsers, is refused as text. Values are those of Python's own conversion: correctly rounded.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    FloatArray = np.ndarray[Any, np.dtype[np.float64]]
    BoolArray = np.ndarray[Any, np.dtype[np.bool_]]

__all__ = ["to_number", "to_numbers"]

_FORM = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_OTHER_MARKS = re.compile(r"[^0-9eE+\-. \t]")
_LONGEST = 400  # characters: the longest exact double below 1 has 1,077, but nobody writes it


def to_number(text: str, decimal: str = ".") -> float | None:
    """Return the number that a text is, or None.

    Parameters
    ----------
    text : str
    decimal : "." | ","
        The decimal mark; the other one is then no part of a number.

    Examples
    --------
    >>> to_number(" -1.5e3 "), to_number("78,4", decimal=","), to_number("1e4294967296"), to_number("NA")
    (-1500.0, 78.4, None, None)
    """
    plain = text.strip()
    if decimal == ",":
        plain = "?" if "." in plain else plain.replace(",", ".")
    if len(plain) > _LONGEST or not _FORM.fullmatch(plain):
        return None
    value = float(plain)
    if not math.isfinite(value) or (value == 0 and _has_digits(plain)):
        return None
    return value


def _has_digits(text: str) -> bool:
    """Whether the digits before the exponent tell something else than zero."""
    return any(mark in "123456789" for mark in text.lower().partition("e")[0])


def to_numbers(cells: Iterable[Any], decimal: str = ".") -> tuple[FloatArray, BoolArray]:
    """Turn cells into numbers, and tell which of them are none.

    Parameters
    ----------
    cells : iterable
        Text; None, NaN and blank text are unknown. Cells that are numbers already stay as they are; true and false
        are no numbers.
    decimal : "." | ","
        The decimal mark of text.

    Returns
    -------
    array of float, shape (cells,)
        NaN where a cell is unknown or no number.
    array of bool, shape (cells,)
        True where a cell holds something that is no number.

    Examples
    --------
    >>> values, wrong = to_numbers(["1.5", "", None, "unk", "31e4009688093"])
    >>> values.tolist(), wrong.tolist()
    ([1.5, nan, nan, nan, nan], [False, False, False, True, True])
    """
    import numpy as np

    held = list(cells)
    if decimal == "." and held and (plain := _plain(held)) is not None:
        return plain
    values, wrong = np.full(len(held), np.nan), np.zeros(len(held), dtype=bool)
    typed = [i for i, cell in enumerate(held) if type(cell) is not str]
    for i in typed:
        values[i], wrong[i] = _typed(held[i])
    rows = [i for i, cell in enumerate(held) if type(cell) is str and cell and not cell.isspace()]
    if len(rows) == len(held):
        return _parsed(held, decimal)
    values[rows], wrong[rows] = _parsed([held[i] for i in rows], decimal)
    return values, wrong


def _plain(cells: list[Any]) -> tuple[FloatArray, BoolArray] | None:
    """Convert cells that are all text and all numbers; None where they are not."""
    try:
        joined = "".join(cells)
    except TypeError:
        return None
    if len(joined) > _LONGEST * len(cells) or _OTHER_MARKS.search(joined) or max(map(len, cells)) > _LONGEST:
        return None
    return _together(cells)


def _parsed(texts: list[str], decimal: str) -> tuple[FloatArray, BoolArray]:
    """Convert texts: together where they hold nothing but the marks of numbers, the others each on its own."""
    import numpy as np

    values, wrong = np.full(len(texts), np.nan), np.zeros(len(texts), dtype=bool)
    odd: list[int] = []
    plain: Any = np.arange(len(texts))
    if decimal == "." and texts and (max(map(len, texts)) > _LONGEST or _OTHER_MARKS.search("".join(texts))):
        odd = [i for i, text in enumerate(texts) if len(text) > _LONGEST or _OTHER_MARKS.search(text)]
        plain = np.setdiff1d(plain, odd, assume_unique=True)
    clean = texts if not odd else [texts[i] for i in plain]
    converted = _together(clean if decimal == "." else _with_points(clean))
    if converted is None:
        odd = list(range(len(texts)))
    else:
        values[plain], wrong[plain] = converted
    known = {text: to_number(text, decimal) for text in {texts[i] for i in odd}}
    for i in odd:
        value = known[texts[i]]
        wrong[i] = value is None
        values[i] = math.nan if value is None else value
    return values, wrong


def _with_points(texts: list[str]) -> list[str]:
    """Write decimal commas as points; texts among which there is anything else than numbers come back empty."""
    joined = "\n".join(texts)
    if "." in joined or _OTHER_MARKS.search(joined.replace(",", "").replace("\n", "")):
        return [""] * len(texts)
    return joined.replace(",", ".").split("\n")


def _together(texts: list[str]) -> tuple[FloatArray, BoolArray] | None:
    """Convert texts that hold the marks of numbers only; None where one of them is none after all."""
    import numpy as np

    try:
        values = np.array(list(map(float, texts)), dtype=float)
    except ValueError:
        return None
    wrong = ~np.isfinite(values)
    zeros = np.flatnonzero(values == 0)
    digits = {text: _has_digits(text) for text in {texts[i] for i in zeros}}
    wrong[zeros] = [digits[texts[i]] for i in zeros]
    return np.where(wrong, np.nan, values), wrong


def _typed(cell: Any) -> tuple[float, bool]:
    """Return the number that a cell which is no text holds, and whether it holds something else."""
    import numpy as np

    if cell is None:
        return math.nan, False
    if isinstance(cell, str):  # of a class of its own, such as NumPy's
        value = to_number(cell)
        return (math.nan, bool(cell.strip())) if value is None else (value, False)
    if isinstance(cell, bool | np.bool_):
        return math.nan, True
    if isinstance(cell, int | float | np.number):
        try:
            value = float(cell)
        except OverflowError:
            return math.nan, True
        return (math.nan, True) if math.isinf(value) else (value, False)
    return math.nan, type(cell).__name__ not in ("NaTType", "NAType")
