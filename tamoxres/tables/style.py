"""The one mechanism by which every public table takes digits, a journal's style and the decimal mark."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypedDict, TypeVar

from ..vocabulary import JournalStyle
from ..wording import written_as
from ..wording.written import number_style

__all__ = ["NUMBERS", "Numbers", "printed"]

P = ParamSpec("P")
R = TypeVar("R")
NUMBERS = ("digits", "style", "decimal")
_SAID = """
    **numbers
        Any of the keywords that all tables share: digits (of estimates and percentages), style (a journal's marks:
        tamoxres, revman5, bmj, jama, lancet, ebctcg), decimal ("." or ",").

    Returns
"""


class Numbers(TypedDict, total=False):
    """The keywords that every public table takes."""

    digits: int
    style: JournalStyle
    decimal: str


def printed(write: Callable[P, R]) -> Callable[P, R]:
    """Let a function that writes a table take the keywords of `Numbers`, and write all its numbers by them."""

    @wraps(write)
    def written(*args: P.args, **kwargs: P.kwargs) -> R:
        asked: dict[str, Any] = {name: kwargs.pop(name) for name in NUMBERS if name in kwargs}
        if not asked:
            return write(*args, **kwargs)
        with written_as(number_style(**asked)):
            return write(*args, **kwargs)

    written.__doc__ = (write.__doc__ or "").replace("\n\n    Returns\n", _SAID, 1)
    return written
