"""What a check finds in harmonised patients: values that the codebook forbids, and what is possible but unlikely."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..codebook import column
from ..cohort import MarkerCall
from ..endpoints import OS, Endpoint
from ..errors import DataError, shown

if TYPE_CHECKING:
    from collections.abc import Mapping as MappingType

    import pandas as pd

__all__ = ["Harmonised", "breaches", "doubts"]

_SHORTEST, _LONGEST = 12.0, 720.0  # months: a longest follow-up outside of these is questioned
_MEDIANS = {  # a median outside of these is questioned
    "age": (35, 80, "Is age in years, at diagnosis?"),
    "size_mm": (5, 80, "Is size in mm? Use scale = 10 for cm."),
    "nodes": (0, 20, "Is nodes the number of nodes with tumour?"),
    "npi": (2, 7, "Is npi the Nottingham prognostic index?"),
}


@dataclass(frozen=True, slots=True, eq=False)
class Harmonised:
    """What a cohort's columns, endpoints and markers are, as far as they could be read, and what could not."""

    patients: pd.DataFrame
    endpoints: tuple[Endpoint, ...] = ()
    calls: tuple[MarkerCall, ...] = ()
    undated: MappingType[str, pd.Index[Any]] = field(default_factory=dict)
    errors: tuple[DataError, ...] = ()


def breaches(name: str, read: Harmonised) -> Iterator[str]:
    """Say of each column what breaks the codebook, and of each endpoint which events have no time."""
    patients = read.patients
    for key in map(str, patients):
        declared = column(key)
        bad = patients.index[:0] if declared is None else patients.index[~declared.allows(patients[key]).to_numpy(bool)]
        if declared is not None and len(bad):
            yield (
                f"{name}, column {key}: {len(bad)} value(s) outside the codebook ({declared.allowed}), the first at "
                f"patient {shown(bad[0])}: {shown(patients.loc[bad[:1], key].tolist()[0])}."
            )
    for e in read.endpoints:
        if e.event in patients and not e.competing and (patients[e.event] == 2).any():
            yield f"{name}, {e.code}: no death competes with {e.code}; list its deaths in event_values."


def doubts(read: Harmonised) -> Iterator[str]:
    """Ask after what is possible but unlikely: medians, follow-up, events, single arms."""
    patients = read.patients
    for e in read.endpoints:
        if e.event in patients and patients[e.months].notna().any():
            yield from _about_follow_up(patients, e.code)
    for name, (low, high, question) in _MEDIANS.items():
        if name in patients and patients[name].notna().any():
            middle = float(patients[name].median())
            if not low <= middle <= high:
                yield f"The median of {name} is {middle:g}. {question}"
    for call in read.calls:
        counts = call.counts()
        if not (counts["altered"] and counts["unaltered"]):
            levels = f"{counts['altered']} altered and {counts['unaltered']} unaltered patients"
            yield f"{call.marker} has {levels}. Is it read right?"
    if "endocrine" in patients and set(patients["endocrine"].dropna()) == {"yes"}:
        yield "Everybody had endocrine therapy. A single arm cannot tell whether a marker predicts its failure."


def _about_follow_up(patients: pd.DataFrame, code: str) -> Iterator[str]:
    months, event = patients[f"{code}_months"], patients[f"{code}_event"]
    longest = float(months.max())
    if not _SHORTEST <= longest <= _LONGEST:
        yield f"The longest follow-up for {code} is {longest:.1f} months ({longest / 12:.1f} years). Is its unit right?"
    if (event == 1).sum() == 0 or (event == 1).all():
        yield f"{code} has {int((event == 1).sum())} events in {len(event)} patients. Are the event codes right?"
    if code != OS.code and OS.months in patients:
        after = int((months > patients[OS.months] + 0.1).sum())
        if after:
            yield f"{code} ends later than OS in {after} patient(s). Do both times have one origin and unit?"
