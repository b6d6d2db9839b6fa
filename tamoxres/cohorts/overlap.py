"""Patients whom cohorts share: by what the cohorts declare, by their identifiers, and by clinical fingerprint.

Conventions: a fingerprint is age, the time and kind of the end of follow-up of one endpoint and, where both files have
it, tumour size; files may round them and may have been harmonised with another length of month. What agrees by chance
is counted, not guessed: the same comparison with ages moved by a few years, or with links moved to the next patient.
Patients count as shared only where far more agree than that (see `_SURE`). Identifiers alone prove nothing where they
are plain numbers: linked patients must agree on what both files tell of them.

References
----------
Waldron L et al. 2016, doi:10.1093/jnci/djw146 (doppelgangers between public cohorts).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, product
from typing import TYPE_CHECKING, Any

import numpy as np

from ..codebook import DAYS_PER_MONTH, copies_frames
from ..cohort import Cohort
from ..endpoints import STEEP
from ..errors import QuestionError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Link", "Overlap", "by_fingerprint", "by_identifier", "overlap"]

_LEAST = 5  # patients; fewer are not told from chance
_SURE = 5.0  # standard deviations beyond what agrees by chance
_AGREEMENT = 0.9  # of what both files tell of linked patients
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
_MOVED_LINKS = (1, 2, 3, 5)
_MM = 1.01
_NOT_TOLD = ("study", "site")  # names that a file gives, not what is known of a patient
_DIGITS = r"^(.*?)0*(\d+)$"


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Patients of two files who are the same people.

    Attributes
    ----------
    pairs : tuple of (patient of one, patient of the other)
        Each patient at most once.
    by_chance : float
        How many pairs the same comparison gives between strangers.
    told : str
        What was compared.
    """

    pairs: tuple[tuple[Any, Any], ...] = ()
    by_chance: float = 0.0
    told: str = ""

    def __len__(self) -> int:
        return len(self.pairs)


@copies_frames("table", "pairs")
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Overlap:
    """What a set of cohorts shares.

    Attributes
    ----------
    table : DataFrame
        One row for every two cohorts: one, other, n_one, n_other, declared, shared, by_identifier, by_fingerprint,
        by_chance, told (what was compared).
    pairs : DataFrame
        One row a shared patient: one, other, patient_one, patient_other, how.
    """

    table: pd.DataFrame
    pairs: pd.DataFrame

    @property
    def shared(self) -> pd.DataFrame:
        """The rows of the table in which patients are shared, found or declared."""
        table = self.table
        return table[(table["shared"] > 0) | table["declared"]]

    def __str__(self) -> str:
        if self.shared.empty:
            return "No patients are shared."
        return "\n".join(_sentence(row) for row in self.shared.to_dict("records"))

    def _repr_html_(self) -> str:
        return str(self.table.to_html(index=False))


def _sentence(row: dict[Any, Any]) -> str:
    names = f"{row['one']} and {row['other']}"
    if not row["shared"]:
        return f"{names} are declared to share patients; none were found ({row['told'] or 'nothing to compare'})."
    found = f"{row['shared']:,} patients ({row['n_one']:,} and {row['n_other']:,})"
    declared = "declared" if row["declared"] else "not declared"
    return f"{names} share {found}: {row['told']}; {declared}. Do not pool them as if they were apart."


def overlap(*cohorts: Cohort | pd.DataFrame) -> Overlap:
    """Find the patients whom cohorts share, by what they declare, by identifier and by clinical fingerprint.

    Parameters
    ----------
    *cohorts : Cohort or DataFrame
        Two or more. A frame is indexed by patient, has harmonised columns, and is named by `frame.attrs["name"]`.

    Returns
    -------
    Overlap

    Raises
    ------
    QuestionError
        If there are fewer than two, or two have one name.

    Examples
    --------
    >>> import tamoxres as tr
    >>> print(overlap(tr.load("gbsg"), tr.load("rotterdam")))
    No patients are shared.
    """
    import pandas as pd

    parties = [_party(cohort, i) for i, cohort in enumerate(cohorts, 1)]
    if len(parties) < 2:
        raise QuestionError("An overlap is between two cohorts or more. Name another.")
    names = [party.name for party in parties]
    if twice := [name for name in dict.fromkeys(names) if names.count(name) > 1]:
        raise QuestionError(f"Two of the cohorts are named {twice[0]}. Name each of them otherwise.")
    rows, pairs = [], []
    for one, other in combinations(parties, 2):
        row, shared = _compare(one, other)
        rows.append(row)
        pairs += [(one.name, other.name, *pair, how) for pair, how in shared.items()]
    columns = ["one", "other", "patient_one", "patient_other", "how"]
    return Overlap(table=pd.DataFrame(rows), pairs=pd.DataFrame(pairs, columns=columns))


@dataclass(frozen=True, slots=True, eq=False)
class _Party:
    """What is compared of a cohort: its name, its patients, other identifiers of theirs, whom it names as shared."""

    name: str
    patients: pd.DataFrame
    aliases: pd.DataFrame
    declared: tuple[str, ...] = ()


def _party(cohort: Cohort | pd.DataFrame, place: int) -> _Party:
    if isinstance(cohort, Cohort):
        raw = cohort.raw
        return _Party(cohort.name, cohort.patients, raw[[c for c in raw if _identifies(raw[c])]], cohort.overlaps)
    name = str(cohort.attrs.get("name", f"frame {place}"))
    if not cohort.index.is_unique:
        raise QuestionError(f"{name}: patient {cohort.index[cohort.index.duplicated()][0]} stands twice. Keep one row.")
    return _Party(name, cohort, cohort[[]])


def _identifies(values: pd.Series[Any]) -> bool:
    """Whether a raw column may hold identifiers: text with letters and digits, other in every patient."""
    if values.dtype != object or not values.notna().all() or not values.is_unique:
        return False
    return bool(values.astype(str).str.contains(r"[A-Za-z].*\d").all())


def _compare(one: _Party, other: _Party) -> tuple[dict[str, Any], dict[tuple[Any, Any], str]]:
    named = _best_identifier(one, other)
    alike = by_fingerprint(one.patients, other.patients)
    shared = dict.fromkeys(named.pairs, "identifier")
    taken = ({a for a, _ in shared}, {b for _, b in shared})
    for a, b in alike.pairs:
        if (a, b) in shared:
            shared[a, b] = "identifier and fingerprint"
        elif a not in taken[0] and b not in taken[1]:
            shared[a, b] = "fingerprint"
    row = {
        "one": one.name,
        "other": other.name,
        "n_one": len(one.patients),
        "n_other": len(other.patients),
        "declared": other.name in one.declared or one.name in other.declared,
        "shared": len(shared),
        "by_identifier": len(named),
        "by_fingerprint": len(alike),
        "by_chance": round(max(named.by_chance, alike.by_chance), 1),
        "told": "; ".join(link.told for link in (named, alike) if link.told),
    }
    return row, shared


def _best_identifier(one: _Party, other: _Party) -> Link:
    """Link by any identifier of one and any of the other, and take what links most."""
    named = product(_identifiers(one), _identifiers(other))
    return max((by_identifier(one.patients, other.patients, a, b) for a, b in named), key=len)


def _identifiers(party: _Party) -> Iterator[pd.Series[Any]]:
    yield party.patients.index.to_series()
    for name in party.aliases:
        yield party.aliases[name]


def by_identifier(
    one: pd.DataFrame, other: pd.DataFrame, ids: pd.Series[Any] | None = None, other_ids: pd.Series[Any] | None = None
) -> Link:
    """Link patients whose identifiers are the same, or end in the same number, if what is told of them agrees.

    Parameters
    ----------
    one, other : DataFrame
        Indexed by patient; columns of one name are compared.
    ids, other_ids : Series, optional
        Identifiers by patient; the index if not given. A number is looked for within each prefix that 20 patients or
        more have (`JBI_Tissue_1070` and `OXFT_1070`).

    Returns
    -------
    Link
        Empty where nothing links, or linked patients do not agree.
    """
    found = Link()
    names = [
        _named(frame.index.to_series() if told is None else told) for frame, told in ((one, ids), (other, other_ids))
    ]
    for left, right, told in _prefixes(*names):
        places = (left.map({name: place for place, name in right.items()})).dropna()
        if len(places) < max(_LEAST, len(found) + 1):
            continue
        if (by_chance := _corroborated(one.loc[places.index], other.loc[list(places)])) is not None:
            pairs = tuple(zip(places.index, places, strict=True))
            found = Link(pairs=pairs, by_chance=by_chance, told=f"{len(pairs):,} by {told}")
    return found


def _named(ids: pd.Series[Any]) -> pd.DataFrame:
    """Split identifiers into a prefix and a number, marks between words set aside."""
    text = ids.astype(str).str.upper().str.replace(r"[\W_]+", "-", regex=True)
    return text.to_frame("whole").join(text.str.extract(_DIGITS).set_axis(["prefix", "number"], axis=1))


def _prefixes(one: pd.DataFrame, other: pd.DataFrame) -> Iterator[tuple[pd.Series[Any], pd.Series[Any], str]]:
    """Give what to link: whole identifiers, then the numbers of every two common prefixes."""
    yield *(frame["whole"].drop_duplicates(keep=False) for frame in (one, other)), "identifier"
    common = [[p for p, n in frame["prefix"].value_counts().items() if n >= 20] for frame in (one, other)]
    for a, b in product(*common):
        left, right = (f.loc[f["prefix"] == p, "number"].drop_duplicates(keep=False) for f, p in ((one, a), (other, b)))
        yield left, right, f"the number in {a}* and {b}*"


def _corroborated(one: pd.DataFrame, other: pd.DataFrame) -> float | None:
    """Return how many linked rows would agree by chance, or None where the rows do not agree (or tell nothing).

    Follow-up moves from one release to the next: it is compared only where nothing else is told of the patients.
    """
    common = [c for c in one if c in other and c not in _NOT_TOLD and max(one[c].nunique(), other[c].nunique()) > 1]
    common = [c for c in common if not c.endswith(("_months", "_event"))] or common
    rows = np.arange(len(one))
    agreed, known = _agreement(one, other, common, rows)
    moved = [_agreement(one, other, common, np.roll(rows, step)) for step in _MOVED_LINKS]
    chance = sum(a for a, _ in moved) / max(1, sum(k for _, k in moved))
    if known < _LEAST or agreed < _AGREEMENT * known:
        return None
    spread = (known * chance * (1 - chance)) ** 0.5
    return chance * len(one) if agreed - known * chance >= _SURE * max(spread, 1.0) else None


def _agreement(one: pd.DataFrame, other: pd.DataFrame, columns: list[str], rows: np.ndarray) -> tuple[int, int]:
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


def _rounding(one: np.ndarray, other: np.ndarray) -> float:
    """Return how far two records of one number may lie apart: nothing if both are whole, a unit if one of them is."""
    whole = [bool((values[np.isfinite(values)] % 1 == 0).all()) for values in (one, other)]
    return 0.0 if all(whole) else 1.0 if any(whole) else 0.06


def by_fingerprint(one: pd.DataFrame, other: pd.DataFrame) -> Link:
    """Link patients of the same age, whose follow-up ended alike and at the same time, and whose tumours were as large.

    Parameters
    ----------
    one, other : DataFrame
        Indexed by patient: `age`, an endpoint's `_months` and `_event` that both have, `size_mm` if known.

    Returns
    -------
    Link
        Empty unless far more patients agree than when ages are moved by 2 or 3 years.
    """
    best, surest = Link(), _SURE
    if "age" not in one or "age" not in other:
        return best
    for e in STEEP.values():
        if e.event not in one or e.event not in other:
            continue
        ends = [_ends(frame, e.months, e.event) for frame in (one, other)]
        if min(len(frame) for frame in ends) < _LEAST:
            continue
        for ratio, tolerance in product(_RATIOS, _MONTHS):
            for sized in (True, False):
                link, sure = _alike(*ends, ratio, tolerance, sized=sized)
                if sure > surest:
                    unit = "" if ratio == 1 else f" (times x {ratio:.4g})"
                    what = f"{len(link):,} by age, {e.code}{unit}" + (" and size" if sized else "")
                    best, surest = Link(pairs=link.pairs, by_chance=link.by_chance, told=what), sure
    return best


def _ends(frame: pd.DataFrame, months: str, event: str) -> pd.DataFrame:
    """Return age, size, time and event of the patients of whom all but size is known, by time."""
    kept = frame[["age", months, event]].set_axis(["age", "time", "event"], axis=1).astype(float).dropna()
    size = frame["size_mm"].astype(float) if "size_mm" in frame else frame["age"].astype(float) * np.nan
    return kept.assign(size=size.reindex(kept.index), event=kept["event"] == 1).sort_values("time", kind="stable")


def _alike(
    one: pd.DataFrame, other: pd.DataFrame, ratio: float, tolerance: float, *, sized: bool
) -> tuple[Link, float]:
    """Pair the patients who agree, and say by how many standard deviations they are more than chance gives."""
    within = tolerance * max(1.0, ratio)
    a, b = _near(one["time"].to_numpy(), other["time"].to_numpy() * ratio, within)
    same = one["event"].to_numpy()[a] == other["event"].to_numpy()[b]
    if sized:
        apart = np.abs(one["size"].to_numpy()[a] - other["size"].to_numpy()[b])
        if not np.isfinite(apart[same]).any():
            return Link(), 0.0
        same &= ~(apart > _MM)
    a, b = a[same], b[same]
    older = one["age"].to_numpy()[a] - other["age"].to_numpy()[b]
    years = max(0.01, _rounding(one["age"].to_numpy(), other["age"].to_numpy()))

    def count(moved: float) -> int:
        agree = np.abs(older - moved) <= years
        return min(len(np.unique(a[agree])), len(np.unique(b[agree])))

    found, chance = count(0.0), sum(map(count, _MOVED_YEARS)) / len(_MOVED_YEARS)
    sure = (found - chance) / max(chance, 1.0) ** 0.5
    if found < _LEAST or sure < _SURE:
        return Link(), 0.0
    agree = np.abs(older) <= years
    late = np.abs(one["time"].to_numpy()[a] - other["time"].to_numpy()[b] * ratio) / within
    order = np.argsort((np.abs(older) / years + late)[agree], kind="stable")
    matched = _one_to_one(a[agree][order], b[agree][order])
    return Link(pairs=tuple((one.index[i], other.index[j]) for i, j in matched), by_chance=chance), sure


def _near(one: np.ndarray, other: np.ndarray, within: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the places (i, j) of all sorted times with |one[i] - other[j]| <= within."""
    low, high = np.searchsorted(other, one - within, "left"), np.searchsorted(other, one + within, "right")
    many = high - low
    first = np.repeat(low - np.concatenate([[0], np.cumsum(many)[:-1]]), many)
    return np.repeat(np.arange(len(one)), many), np.arange(many.sum()) + first


def _one_to_one(a: np.ndarray, b: np.ndarray) -> list[tuple[int, int]]:
    """Keep each place once, the nearest pairs first."""
    seen_a: set[int] = set()
    seen_b: set[int] = set()
    kept = []
    for i, j in zip(a.tolist(), b.tolist(), strict=True):
        if i not in seen_a and j not in seen_b:
            seen_a.add(i)
            seen_b.add(j)
            kept.append((i, j))
    return sorted(kept)
