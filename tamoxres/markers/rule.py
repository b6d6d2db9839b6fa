"""Rule: a named, cited way from an assay's value to altered or unaltered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..cohort import ALTERED, UNALTERED, Cohort, MarkerCall
from ..errors import DataError


__all__ = ["Rule"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule of one marker: which raw values are altered, which unaltered; everything else is refused or unknown.

    Attributes
    ----------
    marker, name, assay, reference : str
    definition : str
        What counts as altered, in words.
    column : str
        Raw column it reads.
    altered, unaltered : tuple of str
        Raw values; empty cells and `unknown` values become NA.
    unknown : tuple of str
    cut : "published" | "median" | "fitted"
    """

    marker: str
    name: str
    assay: str
    reference: str
    definition: str
    column: str
    altered: tuple[str, ...]
    unaltered: tuple[str, ...]
    unknown: tuple[str, ...] = ()
    cut: Literal["published", "median", "fitted"] = "published"

    def applies(self, cohort: Cohort) -> bool:
        """Whether the cohort's files hold what the rule reads."""
        return self.column in cohort.raw

    def call(self, cohort: Cohort) -> MarkerCall:
        """Call the marker in every patient; the empty cell is NA, a value the rule does not know is an error."""
        raw = cohort.raw[self.column]
        known = {**dict.fromkeys(self.altered, ALTERED), **dict.fromkeys(self.unaltered, UNALTERED)}
        strange = raw[raw.notna() & ~raw.isin([*known, *self.unknown])]
        if len(strange):
            raise DataError(
                f"{cohort.name}, column {self.column}, patient {strange.index[0]}: {strange.iloc[0]!r} is unknown to the rule "
                f"{self.marker} {self.name}, which knows {', '.join([*known, *self.unknown])}."
            )
        values = raw.map(known).astype(object).where(lambda status: status.notna(), None)
        return MarkerCall(
            marker=self.marker, rule=self.name, assay=self.assay, reference=self.reference, values=values,
            definition=self.definition, cut=self.cut,
        )  # fmt: skip

    def __str__(self) -> str:
        return f"{self.marker} by {self.name} ({self.assay}): {self.definition}"
