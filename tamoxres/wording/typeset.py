"""Words as they are set on paper and page: ranges by an en dash, and what belongs together kept on one line.

Conventions: everywhere else a range is typed with a hyphen, so that files and terminals hold plain letters; what draws
or prints for a reader sets it last. DOIs, dates, addresses, names of trials (BIG 1-98) and codes stay as they are.
"""

from __future__ import annotations

import re

from .numbers import style_now

__all__ = ["dashed", "spoken", "unbroken"]

_NUMBER = r"\d+(?:[,.·\u2009]\d+)*%?"
_RANGE = re.compile(rf"(?<![\w/.:@·-])(?<!BIG )(?<!IBCSG )({_NUMBER})-({_NUMBER})(?![\w/@-]|\.[A-Za-z])")
_TOGETHER = re.compile(r"(?<=[\d%]) (?=[(\[][-−\d])|(?<=[=<>≥≤]) (?=[-\d.])|(?<=[PpnN²]) (?=[=<>≥≤])|(?<=\d%) (?=CI\b)")
_JOINER, _HYPHEN = "\u2060", "\u2011"


def dashed(text: str) -> str:
    r"""Write ranges with the dash of the style in force: an en dash, unless a journal prints a hyphen.

    Examples
    --------
    >>> dashed("0.49 (0.34-0.70) in years 0-5") == "0.49 (0.34\u20130.70) in years 0\u20135"
    True
    >>> dashed("BIG 1-98, doi:10.1186/1471-2288-13-33, 2020-12-02, GSE-1")
    'BIG 1-98, doi:10.1186/1471-2288-13-33, 2020-12-02, GSE-1'
    """
    return _joined(text, style_now().dash)


def unbroken(text: str) -> str:
    r"""Set a text so that an estimate with its limits, and a P with its number, stay on one line.

    Examples
    --------
    >>> unbroken("0.49 (0.34-0.70), P = 0.03") == "0.49\u00a0(0.34\u2060\u2013\u20600.70), P\u00a0=\u00a00.03"
    True
    """
    dash = style_now().dash
    whole = _HYPHEN if dash == "-" else f"{_JOINER}{dash}{_JOINER}"
    return _TOGETHER.sub("\u00a0", _joined(text, whole))


def spoken(text: str) -> str:
    """Write ranges as they are read aloud, for a text that a screen reader speaks.

    Examples
    --------
    >>> spoken("ratio of HRs 0.91 (0.54-1.60)")
    'ratio of HRs 0.91 (0.54 to 1.60)'
    """
    return _joined(text, " to ")


def _joined(text: str, dash: str) -> str:
    if "-" not in text or dash == "-":
        return text
    return _RANGE.sub(lambda found: f"{found.group(1)}{dash}{found.group(2)}", text)
