"""Do cohorts share patients? By what they declare, by their identifiers, and by a clinical fingerprint.

Conventions: two patients match if the times of one kind of endpoint (relapse or death) differ by at most 0.1 months, the
event agrees, and age and size agree (1 year, 2 mm) where both know them; each patient matches at most once. Chance makes
matches too: how many is estimated by shifting one cohort's times, and a pair of cohorts is only said to overlap if it
has far more.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from ..cohort import Cohort
from ..errors import QuestionError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Overlap", "declare_overlaps", "overlap"]

_KINDS = (("RFI", "RFS", "DRFI", "DRFS", "IDFS", "IBCFS", "BCFI"), ("OS", "BCSS"))
_MONTHS, _YEARS, _MM = 0.1, 1.0, 2.0
_SHIFTS = (-3.3, -2.1, -1.2, 1.2, 2.1, 3.3)  # months
_FEWEST = 5
_BEYOND_CHANCE = 6.0  # standard deviations of a Poisson count
Columns = tuple["np.ndarray[Any, Any]", ...]


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
    same_identifier : int
        Patients with the same identifier.
    matched : int
        Patients with the same fingerprint.
    by_chance : float
        Matches expected of unrelated cohorts.
    fingerprint : str
        The endpoints compared, and whether age and size were.
    pairs : tuple of (str, str)
        The matched patients.
    """

    one: str
    other: str
    n_one: int
    n_other: int
    declared: bool
    same_identifier: int
    matched: int
    by_chance: float
    fingerprint: str
    pairs: tuple[tuple[str, str], ...]

    @property
    def found(self) -> bool:
        """Whether the patients themselves show the overlap."""
        beyond = self.by_chance + _BEYOND_CHANCE * (self.by_chance + 1) ** 0.5
        return self.same_identifier >= _FEWEST or (self.matched >= _FEWEST and self.matched > beyond)

    @property
    def shared(self) -> bool:
        """Whether the two must not be pooled: declared or found."""
        return self.declared or self.found

    def __str__(self) -> str:
        told = "share patients" if self.shared else "no shared patients seen (not proven disjoint)"
        how = [
            f"{self.matched} of {min(self.n_one, self.n_other)} by {self.fingerprint} ({self.by_chance:.1f} by chance)"
        ]
        how += [f"{self.same_identifier} by identifier"] if self.same_identifier else []
        how += ["declared"] if self.declared else []
        return f"{self.one} and {self.other}: {told}; {', '.join(how)}"


def overlap(*cohorts: Cohort) -> tuple[Overlap, ...]:
    """Compare cohorts, two by two.

    Parameters
    ----------
    *cohorts : Cohort
        At least two.

    Returns
    -------
    tuple of Overlap

    Examples
    --------
    >>> from tamoxres.cohorts.catalogue import load
    >>> [pair] = overlap(load("rotterdam"), load("gbsg"))
    >>> pair.shared
    False
    """
    if len(cohorts) < 2:
        raise QuestionError("Overlap compares cohorts: name at least two.")
    return tuple(_compare(one, other) for one, other in combinations(cohorts, 2))


def declare_overlaps(cohorts: Iterable[Cohort]) -> tuple[Cohort, ...]:
    """Return the cohorts, each naming those it was found to share patients with, so that pooling refuses them."""
    given = tuple(cohorts)
    names: dict[str, set[str]] = {cohort.name: set(cohort.overlaps) for cohort in given}
    for pair in overlap(*given) if len(given) > 1 else ():
        if pair.shared:
            names[pair.one].add(pair.other)
            names[pair.other].add(pair.one)
    return tuple(replace(cohort, overlaps=tuple(sorted(names[cohort.name]))) for cohort in given)


def _compare(one: Cohort, other: Cohort) -> Overlap:
    mine, theirs = one.patients, other.patients
    best: tuple[int, str, list[tuple[int, int]], float, tuple[Any, Any]] = (-1, "nothing in common", [], 0.0, ((), ()))
    for code, their_code in _comparable(one, other):
        left, right = _columns(mine, code), _columns(theirs, their_code)
        pairs = _match(left[1:], right[1:])
        if len(pairs) > best[0]:
            chance = float(np.mean([len(_match(left[1:], (right[1] + shift, *right[2:]))) for shift in _SHIFTS]))
            told = f"{code} and {their_code}" if code != their_code else code
            best = (len(pairs), f"time and event of {told}{_beside(left, right)}", pairs, chance, (left[0], right[0]))
    _, told, pairs, chance, (ids, their_ids) = best
    return Overlap(
        one=one.name, other=other.name, n_one=one.n, n_other=other.n,
        declared=other.name in one.overlaps or one.name in other.overlaps,
        same_identifier=_same_identifiers(mine.index, theirs.index), matched=len(pairs), by_chance=chance,
        fingerprint=told, pairs=tuple((str(ids[i]), str(their_ids[j])) for i, j in pairs),
    )  # fmt: skip


def _comparable(one: Cohort, other: Cohort) -> list[tuple[str, str]]:
    codes, their_codes = ([e.code for e in cohort.endpoints] for cohort in (one, other))
    return [(a, b) for kind in _KINDS for a in codes if a in kind for b in their_codes if b in kind]


def _same_identifiers(mine: pd.Index[Any], theirs: pd.Index[Any]) -> int:
    """Count shared identifiers; bare numbers are everybody's and prove nothing."""
    shared = mine.astype(str).intersection(theirs.astype(str))
    return int((~shared.str.fullmatch(r"\d*")).sum())


def _columns(patients: pd.DataFrame, code: str) -> Columns:
    """Return identifiers, months, event, age and size of those with the endpoint, by increasing time."""
    known = patients[patients[f"{code}_event"].notna() & (patients[f"{code}_months"] > 0)]
    known = known.sort_values(f"{code}_months", kind="stable")
    beside = [
        known[name].to_numpy(float) if name in known else np.full(len(known), np.nan) for name in ("age", "size_mm")
    ]
    event = (known[f"{code}_event"] == 1).to_numpy()
    return known.index.to_numpy(), known[f"{code}_months"].to_numpy(float), event, *beside


def _beside(left: Columns, right: Columns) -> str:
    names = [name for name, a, b in zip(("age", "size"), left[3:], right[3:], strict=True) if _known(a) and _known(b)]
    return "".join(f", {name}" for name in names)


def _known(values: np.ndarray[Any, Any]) -> bool:
    return bool(np.isfinite(values).any())


def _match(left: Columns, right: Columns) -> list[tuple[int, int]]:
    """Match patients one to one, the closest in time first; both sides are sorted by time."""
    months, event, age, size = left
    their_months, their_event, their_age, their_size = right
    first = np.searchsorted(their_months, months - _MONTHS, "left")
    last = np.searchsorted(their_months, months + _MONTHS, "right")
    candidates = []
    for i in np.flatnonzero(last > first):
        near = np.arange(first[i], last[i])
        with np.errstate(invalid="ignore"):
            apart = (np.abs(their_age[near] - age[i]) > _YEARS) | (np.abs(their_size[near] - size[i]) > _MM)
        for j in near[(their_event[near] == event[i]) & ~apart]:
            candidates.append((abs(float(their_months[j] - months[i])), int(i), int(j)))
    taken, theirs, pairs = set(), set(), []
    for _, i, j in sorted(candidates):
        if i not in taken and j not in theirs:
            taken.add(i)
            theirs.add(j)
            pairs.append((i, j))
    return pairs
