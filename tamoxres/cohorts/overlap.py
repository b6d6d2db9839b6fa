"""Do cohorts share patients? By what they declare, by their identifiers, and by a clinical fingerprint.

Conventions: patients are only said to be shared where far more agree than chance makes. Identifiers alone prove nothing
where they are bare numbers: whoever is linked by them must agree on what both cohorts tell, far more often than when
links are moved to the next patient. Fingerprints: see `fingerprint`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, product
from typing import TYPE_CHECKING, Any

import numpy as np

from ..cohort import Cohort
from ..errors import QuestionError
from .fingerprint import LEAST, Link, Places, by_fingerprint, rounding

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Overlap", "by_identifier", "declare_overlaps", "overlap"]

_SURE = 5.0  # standard deviations beyond what agrees by chance
_AGREEMENT = 0.8  # of what both cohorts tell of linked patients
_PREFIX = 10  # patients whose identifiers begin alike
_MOVED_LINKS = (1, 2, 3, 5)
_NOT_TOLD = ("study", "site")  # names that a file gives, not what is known of a patient
_ENDS = (r"^(.+-)0*(\w*\d\w*)$", r"^(.*?)0*(\d+)$")  # a last word that holds a digit; a last number
_TELLING = r".*\d[A-Z]+-?\d.*|[A-Z]{2,}-?\d{4,}"  # too odd to be given twice: 104B91, GSM305129, MB-0002


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """What two cohorts have in common.

    Attributes
    ----------
    one, other : str
    n_one, n_other : int
        Patients.
    declared : bool
        Whether either names the other.
    identifier, fingerprint : Link
        Who was found in both, and how.
    """

    one: str
    other: str
    n_one: int
    n_other: int
    declared: bool
    identifier: Link
    fingerprint: Link

    @property
    def pairs(self) -> tuple[tuple[Any, Any], ...]:
        """The shared patients: those linked by identifier, then the others that a fingerprint links."""
        mine, theirs = ({pair[i] for pair in self.identifier.pairs} for i in (0, 1))
        more = (pair for pair in self.fingerprint.pairs if pair[0] not in mine and pair[1] not in theirs)
        return (*self.identifier.pairs, *more)

    @property
    def found(self) -> bool:
        """Whether the patients themselves show the overlap."""
        return bool(self.pairs)

    @property
    def shared(self) -> bool:
        """Whether the two must not be pooled: declared or found."""
        return self.declared or self.found

    @property
    def how(self) -> str:
        """In words, how it is known."""
        told = [f"{len(link):,} by {link.told}" for link in (self.identifier, self.fingerprint) if link]
        if self.fingerprint:
            told[-1] += f" ({self.fingerprint.by_chance:.1f} by chance)"
        return ", ".join([*told, *(["declared"] if self.declared else [])])

    def row(self) -> dict[str, Any]:
        """Return the counts and how they were found, without the patients."""
        return {
            "one": self.one, "other": self.other, "n_one": self.n_one, "n_other": self.n_other,
            "declared": self.declared, "shared": len(self.pairs), "by_identifier": len(self.identifier),
            "by_fingerprint": len(self.fingerprint), "by_chance": self.fingerprint.by_chance, "how": self.how,
        }  # fmt: skip

    def __str__(self) -> str:
        names = f"{self.one} and {self.other}"
        if not self.shared:
            return f"{names}: no shared patients seen (not proven disjoint)"
        if not self.found:
            return f"{names}: declared to share patients; none can be told from the files"
        return f"{names} share {len(self.pairs):,} of {min(self.n_one, self.n_other):,} patients; {self.how}"


def overlap(*cohorts: Cohort | pd.DataFrame) -> tuple[Overlap, ...]:
    """Compare cohorts, two by two.

    Parameters
    ----------
    *cohorts : Cohort or DataFrame
        At least two. A frame has harmonised columns, is indexed by patient, and is named by `frame.attrs["name"]`.

    Returns
    -------
    tuple of Overlap

    Raises
    ------
    QuestionError
        If there are fewer than two, two have one name, or a frame names a patient twice.

    Examples
    --------
    >>> from tamoxres.cohorts.catalogue import load
    >>> [pair] = overlap(load("rotterdam"), load("gbsg"))
    >>> pair.shared
    False
    """
    parties = [_party(cohort, place) for place, cohort in enumerate(cohorts, 1)]
    if len(parties) < 2:
        raise QuestionError("Overlap compares cohorts: name at least two.")
    names = [party.name for party in parties]
    if twice := [name for name in dict.fromkeys(names) if names.count(name) > 1]:
        raise QuestionError(f"Two of the cohorts are named {twice[0]}. Name each of them otherwise.")
    return tuple(_compare(one, other) for one, other in combinations(parties, 2))


def declare_overlaps(cohorts: Iterable[Cohort]) -> tuple[Cohort, ...]:
    """Return the cohorts, each naming those it was found to share patients with, so that pooling refuses them.

    Returns
    -------
    tuple of Cohort
        The same cohorts, each with what it shares noted.

    Examples
    --------
    >>> import tamoxres as tr
    >>> one, other = declare_overlaps([tr.load("gbsg"), tr.load("rotterdam")])
    >>> one.name, other.name
    ('gbsg', 'rotterdam')
    """
    given = tuple(cohorts)
    names: dict[str, set[str]] = {cohort.name: set(cohort.overlaps) for cohort in given}
    for pair in overlap(*given) if len(given) > 1 else ():
        if pair.shared:
            names[pair.one].add(pair.other)
            names[pair.other].add(pair.one)
    return tuple(replace(cohort, overlaps=tuple(sorted(names[cohort.name]))) for cohort in given)


@dataclass(frozen=True, slots=True, eq=False)
class _Party:
    """What is compared of a cohort: its name, its patients, all their identifiers, whom it names as shared."""

    name: str
    patients: pd.DataFrame
    identifiers: tuple[pd.Series[Any], ...]
    declared: tuple[str, ...] = ()


def _party(cohort: Cohort | pd.DataFrame, place: int) -> _Party:
    if isinstance(cohort, Cohort):
        patients, raw = cohort.patients, cohort.raw
        others = [raw[name] for name in raw if _identifies(raw[name])]
        return _Party(cohort.name, patients, (patients.index.to_series(), *others), cohort.overlaps)
    name = str(cohort.attrs.get("name", f"frame {place}"))
    if not cohort.index.is_unique:
        raise QuestionError(f"{name}: patient {cohort.index[cohort.index.duplicated()][0]} stands twice. Keep one row.")
    return _Party(name, cohort, (cohort.index.to_series(),))


def _identifies(values: pd.Series[Any]) -> bool:
    """Whether a raw column may hold identifiers: text with letters and digits, other in every patient."""
    if values.dtype != object or not values.notna().all() or not values.is_unique:
        return False
    return bool(values.astype(str).str.contains(r"[A-Za-z].*\d").all())


def _compare(one: _Party, other: _Party) -> Overlap:
    named = product(one.identifiers, other.identifiers)
    return Overlap(
        one=one.name, other=other.name, n_one=len(one.patients), n_other=len(other.patients),
        declared=other.name in one.declared or one.name in other.declared,
        identifier=max((by_identifier(one.patients, other.patients, a, b) for a, b in named), key=len),
        fingerprint=by_fingerprint(one.patients, other.patients),
    )  # fmt: skip


def by_identifier(
    one: pd.DataFrame, other: pd.DataFrame, ids: pd.Series[Any] | None = None, other_ids: pd.Series[Any] | None = None
) -> Link:
    """Link patients whose identifiers are the same, or end alike, if what is told of them agrees.

    Parameters
    ----------
    one, other : DataFrame
        Indexed by patient; columns of one name are compared.
    ids, other_ids : Series, optional
        Identifiers by patient; the index if not given. Ends are compared behind beginnings that several patients have
        (`JBI_Tissue_1070` and `OXFT_1070`, `VDXKIU_101B88` and `KIU_101B88`, `MAQC2_387` and `MDA4_M387`).

    Returns
    -------
    Link
        Empty where nothing links, or linked patients do not agree.
    """
    linked: dict[Any, Any] = {}
    told: dict[str, None] = {}
    chance = 0.0
    given = ((one, ids), (other, other_ids))
    names = [_plain(frame.index.to_series() if known is None else known) for frame, known in given]
    for left, right, what in _comparable(*names):
        mine, theirs = left[~left.index.isin(list(linked))], right[~right.index.isin(list(linked.values()))]
        places = mine.map({name: place for place, name in theirs.items()}).dropna()
        if len(places) < LEAST:
            continue
        telling = bool(mine[places.index].str.fullmatch(_TELLING).all())
        by_chance = _corroborated(one.loc[places.index], other.loc[list(places)], telling=telling)
        if by_chance is not None:
            linked |= dict(places)
            told |= {what: None}
            chance += by_chance
    return Link(pairs=tuple(linked.items()), by_chance=chance, told=", ".join(told))


def _plain(ids: pd.Series[Any]) -> pd.Series[Any]:
    """Set letter case and the marks between words aside."""
    return ids.astype(str).str.upper().str.replace(r"[\W_]+", "-", regex=True)


def _comparable(one: pd.Series[Any], other: pd.Series[Any]) -> Iterator[tuple[pd.Series[Any], pd.Series[Any], str]]:
    """Give what to link: whole identifiers, then how they end behind every two beginnings that are common."""
    yield one.drop_duplicates(keep=False), other.drop_duplicates(keep=False), "identifier"
    for pattern in _ENDS:
        parts = [ids.str.extract(pattern).set_axis(["begin", "end"], axis=1).dropna() for ids in (one, other)]
        common = [[name for name, n in part["begin"].value_counts().items() if n >= _PREFIX] for part in parts]
        for names in product(*common):
            left, right = (
                part.loc[part["begin"] == name, "end"].drop_duplicates(keep=False)
                for part, name in zip(parts, names, strict=True)
            )
            yield left, right, f"the end of {names[0]}* and {names[1]}*"


def _corroborated(one: pd.DataFrame, other: pd.DataFrame, *, telling: bool) -> float | None:
    """Return how many linked rows would agree by chance, or None where the rows do not agree.

    Where nothing is told of the patients in both, telling identifiers must do. Follow-up moves from one release to the
    next: it is compared only where nothing else is told of the patients.
    """
    shared = [str(c) for c in one if c in other and c not in _NOT_TOLD]
    common = [c for c in shared if max(one[c].nunique(), other[c].nunique()) > 1]
    common = [c for c in common if not c.endswith(("_months", "_event"))] or common
    rows = np.arange(len(one))
    agreed, known = _agreement(one, other, common, rows)
    moved = [_agreement(one, other, common, np.roll(rows, step)) for step in _MOVED_LINKS]
    chance = sum(a for a, _ in moved) / max(1, sum(k for _, k in moved))
    if known < LEAST:
        return 0.0 if telling else None
    if agreed < _AGREEMENT * known:
        return None
    spread = (known * chance * (1 - chance)) ** 0.5
    return chance * len(one) if agreed - known * chance >= _SURE * max(spread, 1.0) else None


def _agreement(one: pd.DataFrame, other: pd.DataFrame, columns: Sequence[str], rows: Places) -> tuple[int, int]:
    """Count the cells, known in both, that agree when row i of one is laid on row rows[i] of the other."""
    agreed = known = 0
    for name in columns:
        left, right = one[name], other[name].iloc[rows]
        both = left.notna().to_numpy() & right.notna().to_numpy()
        if left.dtype.kind in "fi" and right.dtype.kind in "fi":
            a, b = left.to_numpy(dtype=float), right.to_numpy(dtype=float)
            same = np.abs(a - b) <= max(rounding(a, b), 0.05 if name.endswith("_months") else 0.0)
        else:
            same = left.to_numpy(dtype=object) == right.to_numpy(dtype=object)
        agreed, known = agreed + int((same & both).sum()), known + int(both.sum())
    return agreed, known
