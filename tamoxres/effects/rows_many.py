"""Files of many effect rows, read a block of lines at a time: rows that are plainly sound are made by columns.

Conventions: such a row (`many.sound`) is built as any other once for each set of words, and of the others with the same
words only the names and numbers are put in. Every other row is built by itself. Rows, errors and their order, and
warnings are those of reading row by row, whatever the size of the file.
"""

from __future__ import annotations

import codecs
import csv
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import ndtr

from ..errors import EffectError
from ..files import LIMITS
from ..vocabulary import FloatArray
from ..wording import unguard_formula
from . import many, routes
from .agreement import digits_flag
from .checks import COUNTS
from .estimate import EffectEstimate
from .rows import KNOWN, parse_row, read_printed
from .rows_header import Header, read_header

__all__ = ["read_effects", "read_many"]

_NAMES = tuple(one.name for one in fields(EffectEstimate))
_PLACE = {name: i for i, name in enumerate(_NAMES)}
_PUT = tuple(getattr(EffectEstimate, name).__set__ for name in _NAMES)  # the class is frozen, and has slots
_OWN_TEXTS = ("study", "label", "trial", "source", "remark")  # which tell rows apart
_OWN_NUMBERS = (*COUNTS, "person_years", "from_months", "to_months", "landmark", "term_p")
_POINT = ("estimate", "ci_low", "ci_high")
_OF_ROUTE = (*_POINT, "log_estimate", "se", "p_value")
_SMALLEST = 8  # bytes of a line that holds a row
_MOST_DRAFTS = 10_000
_LEVEL = 0.95  # of every interval that is plainly sound
_Z = routes.critical_value(_LEVEL)
_PLAIN_DIGITS = 15  # of a text that a double keeps
_ONES = str.maketrans("23456789", "11111111")


def read_effects(path: str | Path) -> list[EffectEstimate]:
    r"""Read effect rows from a CSV, JSON or XLSX file; a synonym of a column is said by a warning (`rows_header`).

    Raises
    ------
    EffectError
        Naming the file, and for a bad row its line and column.

    Examples
    --------
    >>> from tempfile import NamedTemporaryFile
    >>> with NamedTemporaryFile("w", suffix=".csv") as file:
    ...     _ = file.write("study,estimate,ci_low,ci_high\nOurs,1.48,1.02,2.15\n"), file.flush()
    ...     print(read_effects(file.name)[0])
    Ours: HR 1.48 (1.02-2.15), P = 0.039
    """
    source = Path(path)
    if source.suffix.lower() == ".csv" and source.is_file() and (rows := read_many(source)) is not None:
        return rows
    return [effect for effect, _ in read_printed(source)]


def read_many(path: Path) -> list[EffectEstimate] | None:
    """Read a CSV of `many.BLOCK` rows or more; None where it has fewer.

    Parameters
    ----------
    path : Path

    Raises
    ------
    TamoxresError
        As `read_effects`: if the file is no table, or a row cannot be built, naming its line and column.
    """
    if path.stat().st_size < many.BLOCK * _SMALLEST:
        return None
    LIMITS.check("read", path.stat().st_size, path.name)
    header = _header(path)
    if header is None:
        return None
    header.say(str(path))
    rows: list[EffectEstimate] = []
    drafts: dict[tuple[Any, ...], _Draft] = {}
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, strict=True)
        next(reader)
        while lines := list(many.block_of(reader, header.names, path)):
            rows += _rows_of_block([line for line in lines if any(line[1])], header, path, drafts)
    return rows


def _header(path: Path) -> Header | None:
    """Return the header of a file of many rows, all of whose lines fit it; None of a smaller one."""
    try:
        with path.open("rb") as raw:
            for _ in codecs.iterdecode(iter(lambda: raw.read(2**20), b""), "utf-8-sig"):
                pass
    except UnicodeDecodeError:
        raise EffectError(f"{path} is not UTF-8 text. Save it as CSV (UTF-8) or JSON.") from None
    filled, misfit = 0, None
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, strict=True)
        try:
            names = next(reader, [])
            for cells in reader:
                if any(cells):
                    filled += 1
                    if misfit is None and len(cells) != len(names):
                        misfit = reader.line_num, len(cells)
        except csv.Error as error:
            raise EffectError(f"{path}, line {reader.line_num}: not CSV ({error}).") from None
    if filled < many.BLOCK:
        return None
    header = read_header(names, str(path), KNOWN)
    if misfit is not None:
        many.refuse_misfit(path, *misfit, len(names))
    return header


@dataclass(slots=True)
class _Draft:
    """What all rows of one set of words share: the fields of the first, and how their numbers are read.

    Attributes
    ----------
    values : list
        Of all fields.
    by_interval : bool
        Whether the standard error comes from a printed interval.
    keeps_limits : bool
        Whether the limits are those printed.
    has_p, guesses_p : bool
        Whether a P stands beside, and whether its kind is found by comparing it (version 1).
    digits : bool
        Whether a flag keeps printed digits that a number does not.
    """

    values: list[Any]
    by_interval: bool
    keeps_limits: bool
    has_p: bool
    guesses_p: bool
    digits: bool

    @classmethod
    def of(cls, row: EffectEstimate, cells: Mapping[str, str]) -> _Draft:
        """Take the first row, and the cells that it was made of."""
        has_p, p_kind = bool(cells.get("p_value")), cells.get("p_kind", "")
        by_interval = not cells.get("log_estimate")
        kept = _digits([cells[name] for name in _POINT], cells.get("p_value", "")) if by_interval else ()
        values: list[Any] = [getattr(row, name) for name in _NAMES]
        values[_PLACE["flags"]] = tuple(flag for flag in row.flags if flag not in kept)
        return cls(
            values, by_interval=by_interval, keeps_limits=row.ci_kind == "printed", has_p=has_p,
            guesses_p=has_p and not p_kind and cells.get("schema", "") in ("", "1"),
            digits=by_interval and p_kind in ("", "printed"),
        )  # fmt: skip


@lru_cache(maxsize=10_000)
def _of_shape(texts: tuple[str, ...]) -> tuple[str, ...]:
    """Return the flag of printed digits of texts, the last of them of P, empty where there is none."""
    return digits_flag(texts[:-1], texts[-1] or None)


def _digits(texts: Sequence[str], p: str) -> tuple[str, ...]:
    """Return the flag of printed digits: which of them a number does not keep depends on nothing but their zeros."""
    joined = " ".join((*texts, p))
    if max(map(len, joined.split(" "))) > _PLAIN_DIGITS:  # which may be more digits than a number keeps
        return digits_flag(tuple(texts), p or None)
    return _of_shape(tuple(joined.translate(_ONES).split(" ")))


def _rows_of_block(
    lines: Sequence[tuple[int, list[str]]], header: Header, path: Path, drafts: dict[tuple[Any, ...], _Draft]
) -> Iterator[EffectEstimate]:
    """Yield the rows of a block in their order."""
    if not lines:
        return
    texts = dict(zip(header.names, zip(*(cells for _, cells in lines), strict=True), strict=True))
    columns = many.Columns(texts, len(lines))
    plain = many.sound_rows(columns) & (header.level in (None, _LEVEL))
    read = _Read.of(columns)
    for i, (is_plain, words) in enumerate(zip(plain.tolist(), _words(texts, len(lines)), strict=True)):
        draft = drafts.get(words) if is_plain else None
        if draft is not None:
            yield read.row(i, draft)
            continue
        line, cells = lines[i]
        typed = dict(zip(header.names, map(unguard_formula, cells), strict=True))
        row, _ = parse_row(typed, f"{path}, line {line}", header)
        if is_plain and len(drafts) < _MOST_DRAFTS:
            drafts[words] = _Draft.of(row, typed)
        yield row


def _words(texts: Mapping[str, Sequence[str]], count: int) -> Iterator[tuple[Any, ...]]:
    """Yield what rows of one draft share: their words, and which numbers of a route stand there."""
    own = {*_OWN_TEXTS, *_OWN_NUMBERS, *_OF_ROUTE}
    shared: list[Any] = [held for name, held in texts.items() if name in KNOWN and name not in own]
    shared += [map(bool, texts[name]) for name in _OF_ROUTE if name in texts]
    return zip(*shared, strict=True) if shared else repeat((), count)


@dataclass(slots=True)
class _Read:
    """The names and numbers of a block, by column.

    Attributes
    ----------
    places : list of int
        The fields that hold them.
    held : list of list
        Their values, one list a field.
    typed : list of tuple of str
        Estimate, limits and P, as text.
    limits : list of (float, float)
        As they stand in the file; so `p_value`.
    p_value : list of float
    point, se : list of float
        As the route gives them.
    wald_p : list of float
    """

    places: list[int]
    held: list[list[Any]]
    typed: list[tuple[str, ...]]
    limits: list[tuple[float, float]]
    p_value: list[float]
    point: list[float]
    se: list[float]
    wald_p: list[float]

    @classmethod
    def of(cls, columns: many.Columns) -> _Read:
        """Read the columns of a block."""
        texts, count = columns.texts, columns.many
        held: dict[str, list[Any]] = {
            name: list(map(unguard_formula, texts[name])) for name in _OWN_TEXTS if name in texts
        }
        labels = held.get("label", held["study"])
        held["label"] = [label or study for label, study in zip(labels, held["study"], strict=True)]
        held |= {name: _known(columns.number(name), whole=name in COUNTS) for name in _OWN_NUMBERS if name in texts}
        blank = ("",) * count
        low, high = columns.number("ci_low"), columns.number("ci_high")
        point, se = _by_route(columns)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            wald_p = 2 * ndtr(-np.abs(point / se))
        return cls(
            places=[_PLACE[name] for name in held], held=list(held.values()),
            typed=list(zip(*(texts.get(name, blank) for name in (*_POINT, "p_value")), strict=True)),
            limits=list(zip(low.tolist(), high.tolist(), strict=True)), p_value=columns.number("p_value").tolist(),
            point=point.tolist(), se=se.tolist(), wald_p=wald_p.tolist(),
        )  # fmt: skip

    def row(self, i: int, draft: _Draft) -> EffectEstimate:
        """Make a row of its draft."""
        values = draft.values.copy()
        for place, column in zip(self.places, self.held, strict=True):
            values[place] = column[i]
        point, se, p = self.point[i], self.se[i], self.wald_p[i]
        keeps, half = draft.keeps_limits, _Z * se
        low, high = self.limits[i] if keeps else (routes.ratio_of(point - half), routes.ratio_of(point + half))
        values[_PLACE["log_estimate"]], values[_PLACE["se"]] = point, se
        values[_PLACE["ci_low"]], values[_PLACE["ci_high"]] = low, high
        values[_PLACE["p_value"]] = self.p_value[i] if draft.has_p else p
        if draft.guesses_p:
            is_wald = math.isclose(self.p_value[i], p, rel_tol=1e-9, abs_tol=1e-300)
            values[_PLACE["p_kind"]] = "wald" if is_wald else "printed"
        if draft.digits and (flags := _digits(self.typed[i][:3], self.typed[i][3])):
            values[_PLACE["flags"]] += flags
        row = object.__new__(EffectEstimate)
        for put, value in zip(_PUT, values, strict=True):
            put(row, value)
        return row


def _known(values: FloatArray, *, whole: bool) -> list[Any]:
    """Return numbers as a row holds them: None where nothing is known, counts whole."""
    if whole:
        return [None if value != value else int(value) for value in values.tolist()]  # noqa: PLR0124 NaN
    return [None if value != value else value for value in values.tolist()]  # noqa: PLR0124


def _by_route(columns: many.Columns) -> tuple[FloatArray, FloatArray]:
    """Return log estimates and errors: their own, else those of the interval, as `routes.from_ci` takes them."""
    own, se = columns.number("log_estimate"), columns.number("se")
    point, low, high = (np.array([_log(x) for x in columns.number(name).tolist()]) for name in _POINT)
    typed = np.isnan(own)
    return np.where(typed, point, own), np.where(typed, (high - low) / (2 * _Z), se)


def _log(value: float) -> float:
    """Return the logarithm as Python has it, whose last digit NumPy's need not share; NaN where there is none."""
    return math.log(value) if value > 0 else math.nan
