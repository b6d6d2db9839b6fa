"""Text becomes dates: by the form that is given, by ISO, or as days counted from a program's first day.

Conventions: a date before 1850 or after 2150 is none. ISO (`2001-03-04`) is understood beside a form that does not tell
the century, because typed cells of a workbook are then written so; those of other forms are written in that form.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ...files.numbers import to_number

if TYPE_CHECKING:
    from ...vocabulary import BoolArray

__all__ = ["FIRST_DAYS", "date_forms", "read_date", "to_dates"]

FIRST_DAYS = {  # date_format -> the day that counts as 0
    "excel": date(1899, 12, 30), "excel1904": date(1904, 1, 1), "sas": date(1960, 1, 1), "stata": date(1960, 1, 1),
    "r": date(1970, 1, 1),
}  # fmt: skip
_ISO = re.compile(r"(\d{4})-(\d\d?)-(\d\d?)(?:[T ]00:00(?::00(?:\.0+)?)?)?")
_FORMS = ("%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%Y/%m/%d", "%Y%m%d", "%d%b%Y", "%d-%b-%Y",
          "%d %b %Y", "%d.%m.%y", "%d/%m/%y", "%m/%d/%y", "%d-%m-%y")  # fmt: skip
_EARLIEST, _LATEST = date(1850, 1, 1), date(2150, 12, 31)


def read_date(text: str, date_format: str = "") -> date | None:
    """Return the date that a text tells, or None.

    Parameters
    ----------
    text : str
    date_format : str
        As `strptime` takes it; several are parted by `|`. `excel`, `excel1904`, `sas`, `stata` and `r` read days
        counted from the program's first day. ISO if empty.

    Examples
    --------
    >>> read_date("04.03.2001", "%d.%m.%Y | %d/%m/%Y"), read_date("36954", "excel"), read_date("01.02.2800", "%d.%m.%Y")
    (datetime.date(2001, 3, 4), datetime.date(2001, 3, 4), None)
    """
    told = {read_form(text.strip(), form.strip()) for form in (date_format or "%Y-%m-%d").split("|")} - {None}
    iso = _ISO.fullmatch(text.strip())
    if not told and iso and "%y" in date_format and "%Y" not in date_format:
        told = {_day(int(iso[1]), int(iso[2]), int(iso[3]))}
    return told.pop() if len(told) == 1 else None  # two forms that tell two dates tell none


def read_form(text: str, form: str) -> date | None:
    """Return the date that a text tells by one form."""
    if form in FIRST_DAYS:
        days = to_number(text)
        if days is None or abs(days) > 200_000:
            return None
        return _plausible(FIRST_DAYS[form] + timedelta(days=int(days)))
    try:
        return _plausible(datetime.strptime(text, form).date())
    except (ValueError, re.error, OverflowError):
        return None


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return _plausible(date(year, month, day))
    except ValueError:
        return None


def _plausible(day: date) -> date | None:
    return day if _EARLIEST <= day <= _LATEST else None


def to_dates(cells: Iterable[Any], date_format: str = "") -> tuple[pd.DatetimeIndex, BoolArray]:
    """Turn cells into dates, and tell which of them are none.

    Parameters
    ----------
    cells : iterable
        Text; None and NaN are unknown.
    date_format : str
        See `read_date`.

    Returns
    -------
    DatetimeIndex, shape (cells,)
        NaT where a cell is unknown or no date.
    array of bool, shape (cells,)
        True where a cell holds something that is no date.

    Examples
    --------
    >>> days, wrong = to_dates(["2001-03-04", None, "soon"])
    >>> days[0].date().isoformat(), wrong.tolist()
    ('2001-03-04', [False, False, True])
    """
    held = [cell if isinstance(cell, str) and cell.strip() else None for cell in cells]
    known = {cell: read_date(cell, date_format) for cell in set(held) if cell is not None}
    days = [None if cell is None else known[cell] for cell in held]
    wrong = np.array([cell is not None and known[cell] is None for cell in held], dtype=bool)
    return pd.DatetimeIndex(pd.to_datetime(pd.Series(days, dtype=object))), wrong


def date_forms(cells: Iterable[str]) -> tuple[str, ...]:
    """Return the forms by which every cell is a date, the likeliest first; none if they are no dates.

    Examples
    --------
    >>> date_forms(["04.03.2001", "31.12.2002"]), date_forms(["04/03/2001"]), date_forms(["12", "7"])
    (('%d.%m.%Y',), ('%d/%m/%Y', '%m/%d/%Y'), ())
    """
    different = list(dict.fromkeys(cells))
    return tuple(form for form in _FORMS if different and all(read_form(cell, form) is not None for cell in different))
