"""An analysis as RevMan holds it: an outcome of a comparison, with a row for each study."""

from __future__ import annotations

from dataclasses import dataclass

from ..files.numbers import to_number

__all__ = ["MEASURE_NAMES", "Analysis", "DataRow", "measure_of", "whole"]

MEASURE_NAMES = {"HR": "Hazard Ratio", "RR": "Risk Ratio", "OR": "Odds Ratio", "RD": "Risk Difference"}
_MEASURES = {name.casefold(): code for code, name in MEASURE_NAMES.items()} | {
    "hr": "HR", "log hazard ratio": "HR", "relative risk": "RR", "rr": "RR", "or": "OR", "rd": "RD",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class DataRow:
    """One study of an analysis: its estimate on the analysis scale, or O-E and variance, and what counts are told."""

    study: str
    year: int | None = None
    subgroup: str = ""
    point: float | None = None
    se: float | None = None
    o_minus_e: float | None = None
    variance: float | None = None
    n_1: int | None = None
    n_0: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """One analysis (an outcome of a comparison).

    Attributes
    ----------
    number : str
        Such as `1.2`.
    comparison, outcome : str
    measure : str
        A code of `MEASURE_NAMES`, or as the file names it.
    group_1, group_0 : str
    level : float
        Of the studies' intervals.
    log_scale : bool
        Whether `point` is the log of a ratio.
    rows : tuple of DataRow
    """

    number: str
    comparison: str
    outcome: str
    measure: str
    group_1: str = ""
    group_0: str = ""
    level: float = 0.95
    log_scale: bool = True
    rows: tuple[DataRow, ...] = ()


def measure_of(name: str) -> str:
    """Return the code of a measure by RevMan's name; the name itself where it is none of ours."""
    return _MEASURES.get(" ".join(name.casefold().split()), name)


def whole(text: str | None) -> int | None:
    """Return a count, or None where a cell tells none (RevMan writes 0 where nothing was entered)."""
    value = to_number(text or "")
    return int(value) if value is not None and value > 0 and value == int(value) else None
