"""Codes that look as if they meant unknown: words, and numbers such as 9, 99, 999, -1 and 88 that stand apart.

Conventions: a number is named by frequency and gap. Among measurements it must be the largest or smallest value, and
lie further from the rest than half their range, or occur at least three times as often as a value usually does (and at
least three times). Among a few codes (0, 1, 9) it must leave a gap of at least two to the next one. A negative number
among numbers that are not negative is always named. Nothing is decided here: a name is a question.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from ..errors import shown
from .numbers import to_numbers

__all__ = ["SuspiciousCode", "means_unknown", "sentinels", "stray_text", "suspicious_codes"]

_WORDS = frozenset((
    "na", "n/a", "n.a.", "nan", "null", "none", ".", "..", "?", "??", "-", "--", "---", "unk", "unkn", "unknown",
    "missing", "miss", "nd", "n.d.", "nos", "nr", "not_known", "not_available", "not_applicable", "not_evaluated",
    "not_reported", "not_done", "not_assessed", "discrepancy", "indeterminate", "#n/a", "#null!", "#value!", "ukendt",
    "ikke_oplyst", "mangler", "uoplyst", "okänd", "saknas", "ej_angivet", "ukjent", "ikke_oppgitt", "unbekannt",
    "keine_angabe", "k.a.", "fehlend", "onbekend", "niet_bekend", "ontbreekt", "inconnu", "inconnue", "manquant",
    "non_renseigne", "non_renseigné", "desconocido", "desconocida", "sin_datos", "no_consta", "sconosciuto",
    "sconosciuta", "mancante", "non_noto", "1900-01-01", "01.01.1900", "01/01/1900", "9999-12-31", "31.12.9999",
    "31/12/9999", "9999-99-99",
))  # fmt: skip
_SENTINELS = (
    *(
        sign * value
        for value in (9, 99, 999, 9999, 99999, 8, 88, 888, 8888, 98, 998, 9998, 77, 777)
        for sign in (1, -1)
    ),
    *(97, 997, 9.9, 99.9, 999.9, -1, -2, -3),
)
_ONLY_NEGATIVE = (-2, -3)  # a measurement that can be negative reaches them
_FEW = 8  # a column of at most so many different numbers holds codes, not measurements
_RARE, _OFTEN, _GAP = 3, 3.0, 0.5
_MOSTLY = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class SuspiciousCode:
    """A value that looks as if it meant unknown.

    Attributes
    ----------
    column : str
    code : str
        As the file writes it.
    count : int
        Cells that hold it.
    patients : int
        Cells of the column that hold anything.
    reason : "word" | "negative" | "apart" | "frequent"
    low, high : float or None
        Range of the other numbers; None for a word.
    """

    column: str
    code: str
    count: int
    patients: int
    reason: Literal["word", "negative", "apart", "frequent"]
    low: float | None = None
    high: float | None = None

    @property
    def facts(self) -> str:
        """Where it stands and what the others are, without the question."""
        where = f"{self.column} holds {shown(self.code)} in {self.count:,} of {self.patients:,} cells"
        if self.low is not None and self.high is not None:
            where += f", where the others run from {self.low:g} to {self.high:g}"
        return where

    def __str__(self) -> str:
        """Ask in one sentence whether the code means unknown."""
        return f"{self.facts}. Does it mean unknown? List it in missing, or a comparison counts it."


def means_unknown(value: str) -> bool:
    """Whether a text is one of the words by which registries write that they do not know.

    Examples
    --------
    >>> means_unknown("[Not Available]"), means_unknown("Ukendt"), means_unknown("none seen")
    (True, True, False)
    """
    word = "_".join(value.strip().strip("[]()<>{}*").casefold().split())
    return word in _WORDS


def suspicious_codes(series: Iterable[Any]) -> tuple[SuspiciousCode, ...]:
    """Name the codes of a column that look as if they meant unknown.

    Parameters
    ----------
    series : Series or iterable
        Text or numbers; None, NaN and empty text are unknown already. The name of a Series stands in the answer.

    Returns
    -------
    tuple of SuspiciousCode
        The most frequent first.

    Examples
    --------
    >>> import pandas as pd
    >>> [code] = suspicious_codes(pd.Series(["12", "30", "7", "25", "18", "22", "41", "9", "35", "999"], name="fmol"))
    >>> print(code)
    fmol holds '999' in 1 of 10 cells, where the others run from 7 to 41. Does it mean unknown? List it in missing, ...
    """
    name = str(getattr(series, "name", "") or "the column")
    column = series if isinstance(series, pd.Series) else pd.Series(list(series), dtype=object)
    counts: dict[str, int] = {}
    for cell, many in column.value_counts(sort=False).items():  # each different cell is looked at once
        if text := str(cell).strip():
            counts[text] = counts.get(text, 0) + int(many)
    patients = sum(counts.values())
    words = [
        SuspiciousCode(column=name, code=text, count=times, patients=patients, reason="word")
        for text, times in counts.items()
        if means_unknown(text)
    ]
    different = list(counts)
    values, _ = to_numbers(different)
    numeric = [i for i in range(len(different)) if not np.isnan(values[i])]
    if sum(counts[different[i]] for i in numeric) >= _MOSTLY * (patients - sum(code.count for code in words)) > 0:
        times = np.array([counts[different[i]] for i in numeric])
        for i, reason, low, high in _apart(values[numeric], times):
            code = different[numeric[i]]
            words.append(
                SuspiciousCode(
                    column=name, code=code, count=counts[code], patients=patients, reason=reason, low=low, high=high
                )
            )
    return tuple(sorted(words, key=lambda code: -code.count))


def sentinels(series: Iterable[Any]) -> tuple[SuspiciousCode, ...]:
    """Return the suspicious codes of a column that are numbers, which a comparison would take for measurements.

    Examples
    --------
    >>> [code.code for code in sentinels([1, 5, 12, 30, 7, 8.5, 22, 18, 41, 999, 999])]
    ['999']
    """
    return tuple(code for code in suspicious_codes(series) if code.reason != "word")


def stray_text(values: pd.Series[Any]) -> str:
    """Say which cell makes a column of numbers a column of text; empty where most are text, or few numbers differ.

    Examples
    --------
    >>> stray_text(pd.Series([*map(str, range(20)), ">90"], name="ki67"))
    "ki67 is text, 20 of 21 known values are numbers; the first other is '>90'"
    """
    if values.dtype.kind in "fiub" or isinstance(values.array, pd.Categorical):
        return ""
    counts = values.dropna().map(str).value_counts(sort=False)
    _, wrong = to_numbers(counts.index)
    numbers, known = int(counts[~wrong].sum()), int(counts.sum())
    if not wrong.any() or int((~wrong).sum()) <= _FEW or numbers < _MOSTLY * known:
        return ""
    first = shown(counts.index[int(wrong.argmax())])
    return f"{values.name} is text, {numbers:,} of {known:,} known values are numbers; the first other is {first}"


def _apart(values: Any, times: Any) -> list[tuple[int, Any, float, float]]:
    """Return place, reason and the others' range of each sentinel among different numbers with their counts."""
    candidate = np.isin(values, _SENTINELS)
    if candidate.all() or not candidate.any():
        return []
    few = len(values) <= _FEW
    found: list[tuple[int, Any, float, float]] = []
    others = ~candidate
    for side in (1, -1):
        # from the innermost candidate outwards: one that is no sentinel belongs to the others of the next
        for i in sorted(np.flatnonzero(candidate), key=lambda i: side * values[i]):
            low, high = float(values[others].min()), float(values[others].max())
            gap = float(values[i] - high if side == 1 else low - values[i])
            if gap <= 0 or (values[i] in _ONLY_NEGATIVE and low < 0):
                continue
            usual = float(np.median(times[others]))
            if values[i] < 0 <= low:
                reason: Any = "negative"
            elif gap >= 2 if few else gap > _GAP * (high - low):
                reason = "apart"
            elif not few and times[i] >= max(_RARE, _OFTEN * usual):
                reason = "frequent"
            else:
                others = others | (np.arange(len(values)) == i)
                continue
            found.append((int(i), reason, low, high))
    return found
