"""Do cohorts share patients? By what they declare, by their identifiers, and by a clinical fingerprint.

Conventions: a fingerprint is the time and kind of the end of follow-up, with age and tumour size where both know them;
files may round them, and may have been harmonised with another length of month. What agrees by chance is counted, not
guessed: the same comparison with ages (times, where no age is known) moved a little, or with links moved to the next
patient. Patients are only said to be shared where far more agree than that. Identifiers alone prove nothing where they
are bare numbers: whoever is linked by them must agree on what both cohorts tell.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, product
from typing import TYPE_CHECKING, Any

import numpy as np

from ..codebook import DAYS_PER_MONTH
from ..cohort import Cohort
from ..errors import QuestionError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Link", "Overlap", "by_fingerprint", "by_identifier", "declare_overlaps", "overlap"]

_KINDS = (("RFI", "RFS", "DRFI", "DRFS", "IDFS", "IBCFS", "BCFI"), ("OS", "BCSS"))
_LEAST = 5  # patients; fewer are not told from chance
_SURE = 5.0  # standard deviations beyond what agrees by chance
_AGREEMENT = 0.9  # of what both cohorts tell of linked patients
_PREFIX = 10  # patients whose identifiers begin alike
_MONTHS = (0.05, 0.55)  # a day and a half; whole months
_RATIOS = tuple(
    dict.fromkeys(
        one / other
        for one, other in (
            (1.0, 1.0), (30.0, DAYS_PER_MONTH), (DAYS_PER_MONTH, 30.0), (30.4, 30.0), (30.0, 30.4),
            (DAYS_PER_MONTH, 1.0), (1.0, DAYS_PER_MONTH), (12.0, 1.0), (1.0, 12.0),
        )
    )
)  # fmt: skip
_MOVED_YEARS = (-3.0, -2.0, 2.0, 3.0)
_MOVED_MONTHS = (-3.3, -2.1, -1.2, 1.2, 2.1, 3.3)
_MOVED_LINKS = (1, 2, 3, 5)
_MM = 1.01
_NOT_TOLD = ("study", "site")  # names that a file gives, not what is known of a patient
_DIGITS = r"^(.*?)0*(\d+)$"
Places = np.ndarray[Any, np.dtype[np.intp]]
Numbers = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Patients of two cohorts who are the same people.

    Attributes
    ----------
    pairs : tuple of (patient of one, patient of the other)
        Each patient at most once.
    by_chance : float
        How many would agree if the cohorts were strangers.
    told : str
        What was compared.
    """

    pairs: tuple[tuple[Any, Any], ...] = ()
    by_chance: float = 0.0
    told: str = ""

    def __len__(self) -> int:
        return len(self.pairs)


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
    """Return the cohorts, each naming those it was found to share patients with, so that pooling refuses them."""
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
    """Link patients whose identifiers are the same, or end in the same number, if what is told of them agrees.

    Parameters
    ----------
    one, other : DataFrame
        Indexed by patient; columns of one name are compared.
    ids, other_ids : Series, optional
        Identifiers by patient; the index if not given. Numbers are compared within prefixes that several patients have
        (`JBI_Tissue_1070` and `OXFT_1070`).

    Returns
    -------
    Link
        Empty where nothing links, or linked patients do not agree.
    """
    pairs: tuple[tuple[Any, Any], ...] = ()
    told: list[str] = []
    chance = 0.0
    given = ((one, ids), (other, other_ids))
    names = [_named(frame.index.to_series() if known is None else known) for frame, known in given]
    for left, right, what in _comparable_names(*names):
        places = left.map({name: place for place, name in right.items()}).dropna()
        if len(places) < _LEAST:
            continue
        by_chance = _corroborated(one.loc[places.index], other.loc[list(places)])
        if by_chance is not None:
            if not what:  # whole identifiers: no need to look at their ends
                return Link(pairs=tuple(zip(places.index, places, strict=True)), by_chance=by_chance, told="identifier")
            pairs, told, chance = (*pairs, *zip(places.index, places, strict=True)), [*told, what], chance + by_chance
    return Link(pairs=pairs, by_chance=chance, told=f"the number in {', '.join(told)}" if told else "")


def _named(ids: pd.Series[Any]) -> pd.DataFrame:
    """Split identifiers into a prefix and a number, marks between words set aside."""
    text = ids.astype(str).str.upper().str.replace(r"[\W_]+", "-", regex=True)
    return text.to_frame("whole").join(text.str.extract(_DIGITS).set_axis(["prefix", "number"], axis=1))


def _comparable_names(one: pd.DataFrame, other: pd.DataFrame) -> Iterator[tuple[pd.Series[Any], pd.Series[Any], str]]:
    """Give what to link: whole identifiers, then the numbers behind every two common prefixes."""
    yield one["whole"].drop_duplicates(keep=False), other["whole"].drop_duplicates(keep=False), ""
    common = [[p for p, n in frame["prefix"].value_counts().items() if n >= _PREFIX] for frame in (one, other)]
    for a, b in product(*common):
        left, right = (f.loc[f["prefix"] == p, "number"].drop_duplicates(keep=False) for f, p in ((one, a), (other, b)))
        yield left, right, f"{a}* and {b}*"


def _corroborated(one: pd.DataFrame, other: pd.DataFrame) -> float | None:
    """Return how many linked rows would agree by chance, or None where the rows do not agree (or tell nothing).

    Follow-up moves from one release to the next: it is compared only where nothing else is told of the patients.
    """
    shared = [str(c) for c in one if c in other and c not in _NOT_TOLD]
    common = [c for c in shared if max(one[c].nunique(), other[c].nunique()) > 1]
    common = [c for c in common if not c.endswith(("_months", "_event"))] or common
    rows = np.arange(len(one))
    agreed, known = _agreement(one, other, common, rows)
    moved = [_agreement(one, other, common, np.roll(rows, step)) for step in _MOVED_LINKS]
    chance = sum(a for a, _ in moved) / max(1, sum(k for _, k in moved))
    if known < _LEAST or agreed < _AGREEMENT * known:
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
            same = np.abs(a - b) <= max(_rounding(a, b), 0.05 if name.endswith("_months") else 0.0)
        else:
            same = left.to_numpy(dtype=object) == right.to_numpy(dtype=object)
        agreed, known = agreed + int((same & both).sum()), known + int(both.sum())
    return agreed, known


def _rounding(one: Numbers, other: Numbers) -> float:
    """Return how far two records of one number may lie apart: nothing if both are whole, a unit if one of them is."""
    whole = [bool((values[np.isfinite(values)] % 1 == 0).all()) for values in (one, other)]
    return 0.0 if all(whole) else 1.0 if any(whole) else 0.06


@dataclass(frozen=True, slots=True, eq=False)
class _Ends:
    """Patients by the time at which their follow-up ended: who, when (months), by an event or not, age and size."""

    who: pd.Index[Any]
    time: Numbers
    event: np.ndarray[Any, np.dtype[np.bool_]]
    age: Numbers
    size: Numbers


def by_fingerprint(one: pd.DataFrame, other: pd.DataFrame) -> Link:
    """Link patients whose follow-up ended alike, at the same time, and who agree in age and in size of the tumour.

    Parameters
    ----------
    one, other : DataFrame
        Indexed by patient: `_months` and `_event` of one kind of endpoint (relapse or death); `age` and `size_mm` if
        known. Where no age is known in both, times must be exact.

    Returns
    -------
    Link
        Empty unless far more patients agree than chance makes.
    """
    best, surest = Link(), _SURE
    for code, their_code in _comparable_ends(one, other):
        ends = _ends(one, code), _ends(other, their_code)
        aged = all(np.isfinite(end.age).any() for end in ends)
        sizes = (True, False) if all(np.isfinite(end.size).any() for end in ends) else (False,)
        for ratio, tolerance, sized in product(_RATIOS, _MONTHS if aged else _MONTHS[:1], sizes):
            pairs, by_chance = _alike(*ends, ratio, tolerance, aged=aged, sized=sized)
            sure = (len(pairs) - by_chance) / max(by_chance, 1.0) ** 0.5
            if len(pairs) >= _LEAST and sure > surest:
                codes = code if code == their_code else f"{code} and {their_code}"
                beside = (", age" if aged else "") + (", size" if sized else "")
                unit = "" if ratio == 1 else f" (x {ratio:.4g})"
                told = f"time and event of {codes}{unit}{beside}"
                named = tuple((ends[0].who[i], ends[1].who[j]) for i, j in pairs)
                best, surest = Link(pairs=named, by_chance=by_chance, told=told), sure
    return best


def _comparable_ends(one: pd.DataFrame, other: pd.DataFrame) -> list[tuple[str, str]]:
    mine, theirs = ([k for kind in _KINDS for k in kind if {f"{k}_months", f"{k}_event"} <= {*f}] for f in (one, other))
    return [(a, b) for kind in _KINDS for a in mine if a in kind for b in theirs if b in kind]


def _ends(frame: pd.DataFrame, code: str) -> _Ends:
    """Return the patients in whom the endpoint is known and follow-up is more than none, by time."""
    kept = frame[frame[f"{code}_event"].notna() & (frame[f"{code}_months"] > 0)]
    kept = kept.sort_values(f"{code}_months", kind="stable")
    age, size = (
        kept[name].to_numpy(dtype=float) if name in kept else np.full(len(kept), np.nan) for name in ("age", "size_mm")
    )
    return _Ends(
        kept.index, kept[f"{code}_months"].to_numpy(dtype=float), kept[f"{code}_event"].eq(1).to_numpy(), age, size
    )


def _alike(
    one: _Ends, other: _Ends, ratio: float, tolerance: float, *, aged: bool, sized: bool
) -> tuple[list[tuple[int, int]], float]:
    """Pair the patients who agree, one to one; and count those who would if ages (or times) were moved."""
    within = tolerance * max(1.0, ratio)
    a, b = _same_end(one, other, ratio, within, sized=sized)
    if not aged:
        moved = [_same_end(one, other, ratio, within, sized=sized, moved=months) for months in _MOVED_MONTHS]
        late = np.abs(one.time[a] - other.time[b] * ratio)
        return _one_to_one(a, b, late), float(np.mean([_fewer(*places) for places in moved]))
    older, years = one.age[a] - other.age[b], max(0.01, _rounding(one.age, other.age))
    by_chance = float(np.mean([_fewer(a[near], b[near]) for near in (abs(older - m) <= years for m in _MOVED_YEARS)]))
    same = np.abs(older) <= years
    late = np.abs(one.time[a] - other.time[b] * ratio) / within
    return _one_to_one(a[same], b[same], (np.abs(older) / years + late)[same]), by_chance


def _same_end(
    one: _Ends, other: _Ends, ratio: float, within: float, *, sized: bool, moved: float = 0.0
) -> tuple[Places, Places]:
    """Return the places (i, j) of all whose follow-up ended alike and at the same time, in tumours as large."""
    times = other.time * ratio + moved
    low, high = (np.searchsorted(times, one.time + side, "left" if side < 0 else "right") for side in (-within, within))
    many = high - low
    first = np.repeat(low - (np.cumsum(many) - many), many)
    a, b = np.repeat(np.arange(len(one.time)), many), np.arange(int(many.sum())) + first
    same = one.event[a] == other.event[b]
    if sized:
        same &= ~(np.abs(one.size[a] - other.size[b]) > _MM)
    return a[same], b[same]


def _fewer(a: Places, b: Places) -> int:
    """Return how many patients of the less numerous side agree with somebody."""
    return min(len(np.unique(a)), len(np.unique(b)))


def _one_to_one(a: Places, b: Places, apart: Numbers) -> list[tuple[int, int]]:
    """Keep each patient once, the nearest pairs first."""
    mine: set[int] = set()
    theirs: set[int] = set()
    kept = []
    for k in np.argsort(apart, kind="stable"):
        i, j = int(a[k]), int(b[k])
        if i not in mine and j not in theirs:
            mine.add(i)
            theirs.add(j)
            kept.append((i, j))
    return sorted(kept)
