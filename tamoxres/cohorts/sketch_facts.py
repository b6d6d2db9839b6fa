"""What a raw column holds: its values by frequency, whether they are numbers or dates, its labels and odd codes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from ..errors import cut
from ..files.numbers import to_numbers
from ..files.suspicious import SuspiciousCode, means_unknown, suspicious_codes
from .readers.dates import date_forms, read_form
from .readers.tables import Reading
from .sketch_toml import list_of

__all__ = ["Facts", "facts_of", "unknown_words"]

_SHOWN, _KEPT = 8, 50
_WAYS, _MOSTLY = 4, 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a raw column holds.

    Attributes
    ----------
    name : str
    values : tuple of str
        The most frequent first, without those that mean unknown.
    more : int
        Different values beyond those.
    numeric : bool
    median, longest : float
        Of numbers.
    unknown : int
        Rows without a value.
    distinct : bool
        Whether no value stands twice.
    labels : mapping of code to label
    codes : tuple of SuspiciousCode
        Numbers that look as if they meant unknown.
    date_forms : tuple of str
        Forms in which every value that is not ISO is a date; several that are needed together are parted by ` | `.
    repeated : int
        Rows whose value stood before.
    strays : str
        The first values that are no numbers, where most are.
    """

    name: str
    values: tuple[str, ...]
    more: int = 0
    numeric: bool = False
    median: float = 0.0
    longest: float = 0.0
    unknown: int = 0
    distinct: bool = False
    labels: Mapping[str, str] = field(default_factory=dict)
    codes: tuple[SuspiciousCode, ...] = ()
    date_forms: tuple[str, ...] = ()
    repeated: int = 0
    strays: str = ""

    def repeats_few(self, share: float) -> bool:
        """Whether few rows repeat a value."""
        return bool(self.values) and self.repeated <= share * (len(self.values) + self.more)

    @property
    def continuous(self) -> bool:
        """Whether the column holds more different numbers than codes would."""
        return self.numeric and len(self.values) > _SHOWN

    @property
    def missing(self) -> str:
        """The suspicious codes as a TOML list."""
        return list_of([code.code for code in self.codes])

    @property
    def labelled(self) -> str:
        """The value labels in words."""
        return ", ".join(f"{cut(code)} = {cut(label)}" for code, label in self.labels.items())

    def meaning(self, value: str) -> str:
        """Return a value's label, or the value itself, in lower case."""
        return self.labels.get(value, value).strip().casefold()

    def __str__(self) -> str:
        rest = len(self.values) - _SHOWN + self.more
        shown = ", ".join(cut(value, 40) for value in self.values[:_SHOWN])
        more = f" and {rest:,} more" if rest > 0 else ""
        return f"{shown}{more}{f'; empty in {self.unknown:,}' if self.unknown else ''}"


def unknown_words(frame: pd.DataFrame) -> tuple[str, ...]:
    """Return the values of a table that are words for unknown, in order."""
    different = {str(value) for name in frame for value in frame[name].dropna().unique()}
    return tuple(sorted(value for value in different if means_unknown(value)))


def facts_of(reading: Reading, missing: Sequence[str]) -> dict[str, Facts]:
    """Return the facts of each column, those values left out that mean unknown."""
    frame = reading.table.frame
    return {
        str(name): _facts(frame[name].mask(frame[name].isin(list(missing))), reading.labels.get(str(name), {}))
        for name in frame
    }


def _facts(raw: pd.Series[Any], labels: Mapping[str, str]) -> Facts:
    codes = tuple(code for code in suspicious_codes(raw) if code.reason != "word")
    raw = raw.mask(raw.isin([code.code for code in codes]))
    counts = raw.dropna().value_counts()
    values, wrong = to_numbers(counts.index)
    numeric = bool(len(counts) and not wrong.any())
    repeated = np.repeat(values, counts.to_numpy()) if numeric else np.zeros(1)
    return Facts(
        name=str(raw.name), values=tuple(map(str, counts.index[:_KEPT])), more=max(len(counts) - _KEPT, 0),
        numeric=numeric, median=float(np.median(repeated)), longest=float(repeated.max()),
        unknown=int(raw.isna().sum()), distinct=bool(len(counts) and counts.iloc[0] == 1), labels=labels, codes=codes,
        date_forms=() if numeric else _forms([str(value) for value in counts.index]),
        repeated=int(counts.sum()) - len(counts), strays=_strays(counts, wrong),
    )  # fmt: skip


def _strays(counts: pd.Series[Any], wrong: Any) -> str:
    """Show the values that are no numbers, where at least four of five cells are."""
    if not wrong.any() or counts[~wrong].sum() < _MOSTLY * counts.sum():
        return ""
    found = list(map(str, counts.index[wrong]))
    more = f" and {len(found) - _SHOWN:,} more" if len(found) > _SHOWN else ""
    return f"{', '.join(cut(value, 40) for value in found[:_SHOWN])}{more} beside numbers"


def _forms(values: Sequence[str]) -> tuple[str, ...]:
    """Return the forms in which every value is a date; beside typed dates, which are ISO, those of the text."""
    written = [value for value in values if read_form(value, "%Y-%m-%d") is None]
    return date_forms(values) or (date_forms(written) if written else ()) or _together(values)


def _together(values: Sequence[str]) -> tuple[str, ...]:
    """Return sets of forms that read every value where no single one does: one form for each way of writing."""
    ways: dict[str, list[str]] = {}
    for value in values:
        ways.setdefault(re.sub(r"\d+", "9", value), []).append(value)
    if not 1 < len(ways) <= _WAYS:
        return ()
    return tuple(" | ".join(forms) for forms in product(*map(date_forms, ways.values())))
