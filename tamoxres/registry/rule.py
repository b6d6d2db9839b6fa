"""Rules: named, cited ways from an assay's values to altered or unaltered.

Conventions: an empty cell is NA, a value the rule does not know is an error; a gene off the panel, or a patient not
assayed, is `not_assayed`, never unaltered. Where a rule reads several genes, one altered gene makes the tumour altered,
and it is unaltered only if all genes that the platform holds were assayed. A median is that of all assayed patients.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from ..cohort import ABOVE_MEDIAN, ALTERED, NOT_ASSAYED, UNALTERED, Cohort, Level, MarkerCall, Profile, ProfileKind
from ..errors import DataError
from ..files.suspicious import sentinels
from ..vocabulary import LOGS, Log
from .papers import PEREIRA, TCPA

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ColumnRule", "CopyNumberRule", "LevelRule", "MutationRule", "Rule", "StatusRule", "median_level"]

Cut = Literal["published", "median", "fitted"]
_MOLECULES = {"mrna": "mRNA", "rppa": "protein"}
_SILENT = re.compile(r"Silent|Intron|UTR|Flank|IGR|RNA", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule of one marker.

    Attributes
    ----------
    marker, name : str
    definition : str
        What counts as altered, in words.
    reference : str
    assay : str
        How it was measured; empty where the cohort's profile or column says so.
    cut : "published" | "median" | "fitted"
    """

    marker: str
    name: str
    definition: str
    reference: str
    assay: str = ""
    cut: Cut = "published"

    def applies(self, cohort: Cohort) -> bool:
        """Whether the cohort's files hold what the rule reads."""
        raise NotImplementedError

    def statuses(self, cohort: Cohort) -> pd.Series[Any]:
        """Return the marker's status by patient."""
        raise NotImplementedError

    def measured_by(self, cohort: Cohort) -> str:
        """Name the assay in this cohort."""
        return self.assay

    def defined(self, cohort: Cohort) -> str:
        """Say what counts as altered in this cohort."""
        return self.definition

    def call(self, cohort: Cohort) -> MarkerCall:
        """Call the marker in every patient of a cohort."""
        values = self.statuses(cohort)
        return MarkerCall(
            marker=self.marker, rule=self.name, assay=self.measured_by(cohort), reference=self.reference,
            values=values.where(values.notna(), None), definition=self.defined(cohort), cut=self.cut,
            measured=partial(self.level, cohort) if self.has_level(cohort) else None,
        )  # fmt: skip

    def has_level(self, cohort: Cohort) -> bool:
        """Whether a number was measured that the rule cuts."""
        return False

    def level(self, cohort: Cohort) -> Level:
        """Return the number that the rule cuts."""
        raise NotImplementedError

    def __str__(self) -> str:
        return f"{self.marker} by {self.name}" + (f" ({self.assay})" if self.assay else "") + f": {self.definition}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnRule(Rule):
    """A rule that reads a raw column: which values are altered, which unaltered; any other is refused or unknown."""

    column: str
    altered: tuple[str, ...]
    unaltered: tuple[str, ...]
    unknown: tuple[str, ...] = ()

    def applies(self, cohort: Cohort) -> bool:
        """Whether the raw column is there."""
        return self.column in cohort.raw

    def statuses(self, cohort: Cohort) -> pd.Series[Any]:
        """Recode the raw column; a value the rule does not know is an error."""
        raw = cohort.raw[self.column]
        known = {**dict.fromkeys(self.altered, ALTERED), **dict.fromkeys(self.unaltered, UNALTERED)}
        strange = raw[raw.notna() & ~raw.isin([*known, *self.unknown])]
        if len(strange):
            raise DataError(
                f"{cohort.name}, column {self.column}, patient {strange.index[0]}: {strange.iloc[0]!r} is unknown to "
                f"the rule {self.marker} {self.name}, which knows {', '.join([*known, *self.unknown])}."
            )
        return raw.map(known).astype(object)


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusRule(Rule):
    """A rule that reads a harmonised status (positive, negative), where its assay is of the kind the rule is about."""

    column: str
    by_ihc: bool

    def applies(self, cohort: Cohort) -> bool:
        """Whether the status is known in anybody, by such an assay."""
        if self.measured_by(cohort).startswith("IHC") != self.by_ihc:
            return False
        patients = cohort.patients
        return self.column in patients and bool(patients[self.column].notna().any())

    def measured_by(self, cohort: Cohort) -> str:
        """Name the assay as the cohort states it."""
        return cohort.assays.get(self.column, "not stated")

    def statuses(self, cohort: Cohort) -> pd.Series[Any]:
        """Take positive for altered."""
        return cohort.patients[self.column].map({"positive": ALTERED, "negative": UNALTERED}).astype(object)


@dataclass(frozen=True, slots=True, kw_only=True)
class _ProfileRule(Rule):
    """A rule that reads genes of a molecular profile."""

    kind: ProfileKind
    genes: tuple[str, ...]

    def _profile(self, cohort: Cohort) -> Profile:
        found = cohort.profile(self.kind)
        if found is None:
            raise DataError(f"{cohort.name} holds no {self.kind} profile.")
        return found

    def applies(self, cohort: Cohort) -> bool:
        """Whether there is such a profile; a gene that it lacks is not assayed, which is an answer."""
        return cohort.profile(self.kind) is not None

    def held(self, cohort: Cohort) -> tuple[str, ...]:
        """Return the rule's genes that the platform holds."""
        features = self._profile(cohort).features()
        return tuple(gene for gene in self.genes if gene in features)

    def measured_by(self, cohort: Cohort) -> str:
        """Name the profile's assay."""
        return self._profile(cohort).assay

    def defined(self, cohort: Cohort) -> str:
        """Say which of the genes the platform lacks."""
        absent = [gene for gene in self.genes if gene not in self.held(cohort)]
        return f"{self.definition}; not on the platform: {', '.join(absent)}" if absent else self.definition

    def statuses(self, cohort: Cohort) -> pd.Series[Any]:
        """Combine the genes: one altered makes altered, all assayed and none altered makes unaltered."""
        import pandas as pd

        profile, genes, everyone = self._profile(cohort), self.held(cohort), cohort.patients.index
        status = pd.Series(NOT_ASSAYED, index=everyone, dtype=object)
        if not genes:
            return status
        values = profile.values(genes).reindex(everyone)
        assayed = pd.DataFrame({gene: everyone.isin(profile.assayed(gene)) for gene in genes}, index=everyone)
        altered = pd.DataFrame({gene: self.is_altered(gene, values[gene]).eq(True) for gene in genes})
        known = (values.notna() & assayed).all(axis=1)
        status = status.mask(assayed.all(axis=1), None)
        status = status.mask(known, UNALTERED)
        return status.mask((altered & assayed).any(axis=1), ALTERED)

    def is_altered(self, gene: str, values: pd.Series[Any]) -> pd.Series[Any]:
        """Tell which values of a gene count as altered."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True, kw_only=True)
class MutationRule(_ProfileRule):
    """A rule that reads mutations: any that changes the protein, or those whose protein change matches a pattern."""

    kind: ProfileKind = "mutation"
    pattern: str = ""

    def is_altered(self, gene: str, values: pd.Series[Any]) -> pd.Series[Any]:
        """Tell who has a non-silent mutation that matches the pattern."""
        wanted = re.compile(self.pattern)

        def found(told: str) -> bool:
            pairs = [change.partition(":")[::2] for change in told.split(";") if change]
            return any(not _SILENT.search(kind) and wanted.search(change) for kind, change in pairs)

        return values.map(found, na_action="ignore")


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyNumberRule(_ProfileRule):
    """A rule that reads discrete copy number: gain from `gain` up in some genes, loss from `loss` down in others."""

    kind: ProfileKind = "cna"
    losses: tuple[str, ...] = ()
    gain: float = 2.0
    loss: float = -2.0

    def is_altered(self, gene: str, values: pd.Series[Any]) -> pd.Series[Any]:
        """Tell who has the gain, or for a gene of `losses` the loss."""
        refuse_sentinels(values, gene, "copy number")
        return values <= self.loss if gene in self.losses else values >= self.gain


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelRule(_ProfileRule):
    """A rule that cuts a level (mRNA, protein) of one gene or antibody: high or low.

    Attributes
    ----------
    genes : tuple of str
        Names of the same thing; the first that the platform knows is read.
    altered : "high" | "low"
    threshold : float or None
        On z-scores of the assayed patients; the median if None.
    """

    altered: Literal["high", "low"] = "high"
    threshold: float | None = None

    def applies(self, cohort: Cohort) -> bool:
        """Whether the level was measured, as a number if the rule has a threshold."""
        profile = cohort.profile(self.kind)
        return (
            profile is not None and bool(self.held(cohort)) and (self.threshold is None or profile.unit != ABOVE_MEDIAN)
        )

    def held(self, cohort: Cohort) -> tuple[str, ...]:
        """Return the first of the names that the platform knows."""
        features = self._profile(cohort).features()
        return next(((gene,) for gene in self.genes if gene in features), ())

    def defined(self, cohort: Cohort) -> str:
        """Say so where the levels were published as above or below a median."""
        binary = self._profile(cohort).unit == ABOVE_MEDIAN
        return f"{self.definition} (published as above or below the pooled median)" if binary else self.definition

    def measure(self, cohort: Cohort) -> pd.Series[Any]:
        """Return the level by patient, in standard deviations from the mean of the assayed patients."""
        profile = self._profile(cohort)
        [gene] = self.held(cohort)
        values = profile.values([gene])[gene].reindex(cohort.patients.index)
        refuse_sentinels(values, gene, profile.assay, least=88.0)
        return values if profile.unit == ABOVE_MEDIAN else (values - values.mean()) / values.std()

    def has_level(self, cohort: Cohort) -> bool:
        """Whether the level was published as a number."""
        return self.applies(cohort) and self._profile(cohort).unit != ABOVE_MEDIAN

    def level(self, cohort: Cohort) -> Level:
        """Return the level as it was measured; higher values are higher levels, whichever side the rule calls."""
        profile = self._profile(cohort)
        [gene] = self.held(cohort)
        values = profile.values([gene])[gene].reindex(cohort.patients.index).astype(float)
        name = f"{gene} {_MOLECULES.get(profile.kind, '')}".strip()
        return Level(values=values, name=name, unit=profile.unit, log=_log_of(profile.unit))

    def beyond(self, levels: pd.Series[Any] | pd.DataFrame, unit: str = "") -> Any:
        """Tell which levels count as altered: of one gene (a series), or of several, each by its own cut (a frame).

        Parameters
        ----------
        levels : Series or DataFrame
            In standard deviations where the rule has a threshold.
        unit : str
            Of the profile.
        """
        if unit == ABOVE_MEDIAN:
            return levels == (0 if self.altered == "low" else 1)
        if self.altered == "low":
            return levels < _medians(levels)
        return levels > _medians(levels) if self.threshold is None else levels >= self.threshold

    def statuses(self, cohort: Cohort) -> pd.Series[Any]:
        """Cut the level; who was assayed and has no value is unknown."""
        import pandas as pd

        levels, [gene] = self.measure(cohort), self.held(cohort)
        profile = self._profile(cohort)
        beyond = self.beyond(levels, profile.unit)
        status = pd.Series(UNALTERED, index=levels.index, dtype=object).mask(beyond, ALTERED)
        assayed = levels.index.isin(profile.assayed(gene))
        return status.where(levels.notna(), None).where(assayed, NOT_ASSAYED)


def refuse_sentinels(values: pd.Series[Any], feature: str, assay: str, *, least: float = 9.0) -> None:
    """Refuse a profile in which a number such as 999 stands apart, as one does that means unknown.

    Parameters
    ----------
    values : Series
    feature, assay : str
    least : float
        Numbers nearer to 0 may be measurements: copy number runs from -2 to 2, a logarithm to about 20.

    Raises
    ------
    DataError
        Naming the number and the range of the others.
    """
    for code in sentinels(values.rename(feature)):
        if code.reason in ("apart", "frequent") and abs(float(code.code)) >= least:  # a level may well be negative
            raise DataError(
                f"{assay}: {code.facts}; a cut would take it for a level.", mend="Leave what is unknown empty."
            )


def _log_of(unit: str) -> Log:
    """Return the logarithm that a profile's unit names first (`log2, normalised`); empty where it names none."""
    first = unit.partition(",")[0].strip().lower()
    return first if first in LOGS else ""  # type: ignore[return-value]


def _medians(levels: pd.Series[Any] | pd.DataFrame) -> Any:
    """Return the median of the known levels, of each gene of a frame."""
    import numpy as np
    import pandas as pd

    values = levels.to_numpy(float)
    if values.ndim == 1 or np.isnan(values).any():
        return levels.median()
    return pd.Series(np.median(values, axis=0), index=levels.columns)  # pandas' own takes columns one by one


def median_level(marker: str, name: str, kind: ProfileKind, genes: tuple[str, ...], what: str) -> LevelRule:
    """Cut one gene or antibody at the median of the assayed patients; rules named `_low` call what lies below it."""
    low = name.endswith("_low")
    return LevelRule(
        marker=marker, name=name, kind=kind, genes=genes, altered="low" if low else "high", cut="median",
        definition=f"{what} {'below' if low else 'above'} the median", reference=TCPA if kind == "rppa" else PEREIRA,
    )  # fmt: skip
