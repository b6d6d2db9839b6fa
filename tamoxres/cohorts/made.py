"""Every column that a mapping makes and every marker that it calls, each on its own, with all that is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..cohort import MarkerCall
from ..errors import DataError
from . import rules as grammar
from .harmonise import call_marker, harmonise
from .recode import RawTable

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Made", "make_all"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Made:
    """Columns, calls and undated events that could be made, and the errors of those that could not."""

    values: dict[str, pd.Series[Any]]
    undated: dict[str, pd.Series[Any]]
    calls: tuple[MarkerCall, ...]
    errors: tuple[DataError, ...]


def make_all(table: RawTable, rules: grammar.Mapping, beside: Mapping[str, RawTable] | None = None) -> Made:
    """Make every column and call every marker, and keep the errors."""
    errors: list[DataError] = []
    values: dict[str, Any] = {}
    undated: dict[str, Any] = {}
    calls: list[MarkerCall] = []
    for part in harmonise(table, rules, beside):
        try:
            columns = part()
        except DataError as error:
            errors.append(error)
        else:
            values |= columns.values
            undated |= columns.undated
    for rule in rules.markers:
        try:
            calls.append(call_marker(table, rule))
        except DataError as error:
            errors.append(error)
    return Made(values=values, undated=undated, calls=tuple(calls), errors=tuple(errors))
