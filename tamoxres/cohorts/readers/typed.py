"""Typed cells become text, alike whatever program stored them.

Conventions: whole numbers without a point, others in the fewest digits that give the number back (a single-precision
78.4 is `78.4`, not 78.4000015), dates as ISO or in the given form, true and false in lower case; what is unknown is
None. The time of day is dropped.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

from ...errors import DataError, cut

__all__ = ["as_text", "texts", "write_date"]


def write_date(value: date, date_format: str = "") -> str:
    """Write a date as ISO, or by the first form of `date_format` if that tells the century.

    Examples
    --------
    >>> write_date(date(2001, 3, 4)), write_date(date(2001, 3, 4), "%d.%m.%Y"), write_date(date(1935, 1, 1), "%d.%m.%y")
    ('2001-03-04', '04.03.2001', '1935-01-01')
    """
    form = date_format.partition("|")[0].strip()
    if "%Y" in form and "%d" in form and value.year >= 1000:
        return value.strftime(form)
    return value.isoformat()[:10]


def as_text(value: Any, date_format: str = "") -> str | None:
    """Return one typed cell as text.

    Parameters
    ----------
    value : object
    date_format : str
        See `write_date`.

    Returns
    -------
    str or None
        None where nothing is known.

    Examples
    --------
    >>> as_text(3.0), as_text(78.4), as_text(True), as_text(float("nan")), as_text(" x ")
    ('3', '78.4', 'true', None, 'x')
    """
    if value is None or value is pd.NaT or value is pd.NA:
        return None
    if isinstance(value, str | bytes):
        text = value if isinstance(value, str) else value.decode("utf-8", "backslashreplace")
        return text.strip() or None
    if isinstance(value, bool | np.bool_):
        return str(bool(value)).lower()
    if isinstance(value, float | np.floating):
        return _real(value)
    if isinstance(value, datetime | date):
        return write_date(value, date_format)
    if isinstance(value, Decimal):
        return format(value.normalize(), "f") if value.is_finite() else None
    if isinstance(value, dict | list | tuple | set | np.ndarray):
        raise DataError(f"it holds a list ({cut(repr(value))}) where one value is expected")
    return str(value).strip() or None


def _real(value: Any) -> str | None:
    if math.isnan(value):
        return None
    if math.isfinite(value) and float(value).is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, np.float32 | np.float16):
        return str(value)
    return repr(float(value))


def texts(values: pd.Series[Any] | Sequence[Any], date_format: str = "") -> list[str | None]:
    """Return a column of typed cells as text; of a column of one type each different value is written once.

    Examples
    --------
    >>> texts(pd.Series([78.4, None, 3], dtype="float32"))
    ['78.4', None, '3']
    """
    column = values if isinstance(values, pd.Series) else pd.Series(list(values), dtype=object)
    if isinstance(column.dtype, pd.CategoricalDtype):
        column = column.astype(object)
    if column.dtype == object or len(column) < 100:
        return [as_text(value, date_format) for value in column.array]
    codes, different = pd.factorize(column)
    written = np.array([*(as_text(value, date_format) for value in different), None], dtype=object)
    return list(written[codes])
