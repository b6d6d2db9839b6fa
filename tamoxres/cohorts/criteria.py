"""What a raw value must be: codes, or a comparison; what means unknown; who an endpoint is known in.

Conventions: a criterion is a list of codes (`[1, "yes"]`), one code, or a comparison (`">= 10"`); codes are compared as
numbers where both are numbers, else as text without surrounding blanks.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Iterable
from collections.abc import Mapping as MappingType
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..files.numbers import to_number
from ..files.suspicious import sentinels

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CRITERION", "Among", "Criterion", "Unknowns", "canonical", "unlisted_sentinels"]

_COMPARISON = re.compile(r"(>=|<=|>|<)\s*(-?\d+(?:\.\d+)?)")
_COMPARE = {">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt}
CRITERION = 'a list of codes, one code, or a comparison such as ">= 10"'


def canonical(value: Any) -> str:
    """Write a code so that 1, 1.0 and "1" are one, and text has no surrounding blanks."""
    if isinstance(value, bool):
        return str(value).lower()
    text = str(value).strip()
    number = to_number(text)
    return text if number is None else format(number + 0.0, ".15g")


@dataclass(frozen=True, slots=True)
class Criterion:
    """What a raw value must be: one of some codes, or on one side of a number; nothing meets an empty one."""

    codes: tuple[str, ...] = ()
    comparison: str = ""
    number: float = 0.0

    @classmethod
    def read(cls, value: Any) -> Criterion:
        """Read a criterion from TOML: a list of codes, one code, or a comparison."""
        compared = _COMPARISON.fullmatch(value.strip()) if isinstance(value, str) else None
        if compared:
            return cls((), compared[1], float(compared[2]))
        codes = value if isinstance(value, list | tuple) else [value]
        if not all(isinstance(code, str | int | float) for code in codes):
            raise ValueError(CRITERION)
        return cls(tuple(canonical(code) for code in codes))

    def __bool__(self) -> bool:
        return bool(self.codes or self.comparison)

    def meets(self, value: Any) -> bool:
        """Tell whether one known raw value meets the criterion."""
        if self.comparison:
            number = to_number(str(value))
            return number is not None and _COMPARE[self.comparison](number, self.number)
        return canonical(value) in self.codes

    def matches(self, raw: pd.Series[Any]) -> pd.Series[Any]:
        """Tell for each raw value (NA where empty) whether it meets the criterion; each value is judged once."""
        return raw.isin([value for value in raw.dropna().unique() if self.meets(value)])

    def __str__(self) -> str:
        return f"{self.comparison} {self.number:g}" if self.comparison else ", ".join(self.codes)


def unlisted_sentinels(raw: pd.Series[Any], criteria: Iterable[Criterion], named: Unknowns) -> pd.Series[Any]:
    """Tell which raw values a comparison would judge though they look as if they meant unknown.

    Parameters
    ----------
    raw : Series
        NA where unknown.
    criteria : iterable of Criterion
        What the values are put to; without a comparison among them nothing is told.
    named : Unknowns
        Values that the mapping says are measurements.
    """
    criteria = list(criteria)
    if not any(criterion.comparison for criterion in criteria):
        return raw.isin(())
    listed = {code for criterion in criteria for code in criterion.codes}
    codes = [code.code for code in sentinels(raw.dropna())]
    strange = {code for code in codes if canonical(code) not in listed and not named.meets(code)}
    return raw.isin([value for value in raw.dropna().unique() if str(value).strip() in strange])


class Unknowns(tuple[Criterion, ...]):
    """What means unknown: a criterion for each level (file, table, column) that names some."""

    __slots__ = ()

    @classmethod
    def read(cls, value: Any) -> Unknowns:
        """Read codes of the unknown from TOML."""
        return cls((Criterion.read(value),))

    def meets(self, value: Any) -> bool:
        """Whether a raw value means unknown."""
        return any(criterion.meets(value) for criterion in self)

    def mask(self, raw: pd.Series[Any]) -> pd.Series[Any]:
        """Return the raw values, NA where they mean unknown."""
        for criterion in self:
            raw = raw.mask(criterion.matches(raw))
        return raw


class Among(dict[str, Criterion]):
    """Who an endpoint is known in: a criterion for each raw column."""

    @classmethod
    def read(cls, value: Any) -> Among:
        """Read raw columns with their criteria from TOML."""
        if not isinstance(value, MappingType):
            raise ValueError(value)
        return cls({name: Criterion.read(criterion) for name, criterion in value.items()})
