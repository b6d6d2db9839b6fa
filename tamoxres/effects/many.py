"""Files of many effect rows, checked a block of lines at a time: what is plainly sound is told by columns at once.

Conventions: a row is plainly sound where its numbers, all together, prove that it can be built and leaves nothing to
ask; near any bound it is not. Every other row is built by itself, so that errors and questions are those of
`parse_row` and `doubts`, whatever the size of the file. Nothing is kept of a sound row but its count.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import numpy as np
from scipy.special import ndtri

from ..errors import EffectError
from ..files import LIMITS
from ..vocabulary import RATIO_MEASURES, BoolArray, FloatArray
from ..wording import unguard_formula
from . import printed
from .agreement import doubts
from .checks import CHOICES, COUNTS, LISTS
from .estimate import EffectEstimate
from .rows import KNOWN, parse_row
from .rows_header import Header, read_header

__all__ = ["BLOCK", "Checked", "Columns", "block_of", "check_many", "refuse_misfit", "sound", "sound_rows"]

BLOCK = 20_000  # lines that are looked at together
_LEVEL, _Z = 0.95, 1.959963984540054  # and the normal quantile of such an interval
_NEAR = 1e-6  # how far from a bound a row must be to be plainly on one side of it
_APART = 0.3 - _NEAR  # of |z|: interval and P that are farther apart disagree (`agreement`)
_DERIVED = 5e-13  # limits are those of estimate and error: `printed` asks for 1e-12
_FREE = (
    "study", "label", "trial", "marker", "rule", "assay", "cut", "scale_unit", "variable", "group_1", "group_0", "er",
    "her2", "menopause", "nodes", "setting", "treatment_1", "treatment_0", "term", "model", "ties", "cluster",
    "weights", "missing", "engine", "source", "data_sha256", "remark",
)  # fmt: skip
_WRITTEN = ("contrast", "row_id")  # of version 2, for people: nothing reads them
_SHARES, _ABOVE = ("term_p", "p_value"), ("person_years",)
_OTHER_NUMBERS = ("from_months", "to_months", "landmark")
_POINT = ("estimate", "ci_low", "ci_high")
_OWN = ("log_estimate", "se")
_FIXED = {
    "status": ("", "estimated"), "measure": ("", *RATIO_MEASURES), "ci_kind": ("", "wald", "printed"),
    "p_relation": ("", "="), "direction": ("",), "simulated": ("", "true", "false", "0", "1"), "level": ("", "0.95"),
    "schema": ("", "1", "2"),
}  # fmt: skip
_OF_TWO_GROUPS = ("", "HR", "sHR")
_ASK = ("asymmetric_interval", "printed_decimals")  # flags that say more of the digits than they do


@dataclass(slots=True)
class Checked:
    """What a file of many rows holds.

    Attributes
    ----------
    statuses : Counter
        Rows by status.
    rows : list of (EffectEstimate, Cells)
        Those that leave something to ask.
    header : Header
    """

    statuses: Counter[str] = field(default_factory=Counter)
    rows: list[tuple[EffectEstimate, printed.Cells]] = field(default_factory=list)
    header: Header = field(default_factory=lambda: Header(names=()))


def check_many(path: Path) -> Checked | None:
    """Check a CSV of more than `BLOCK` rows; None where it has no more.

    Parameters
    ----------
    path : Path

    Raises
    ------
    EffectError
        If a row cannot be built, naming its line and column.
    """
    LIMITS.check("read", path.stat().st_size, path.name)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            header = next(reader, [])
            first = list(block_of(reader, header, path))
            if len(first) < BLOCK:
                return None
            found, lines = Checked(header=read_header(header, str(path), KNOWN)), first
            found.header.say(str(path))
            while lines:
                _check_block(found, lines, path)
                lines = list(block_of(reader, header, path))
    except UnicodeDecodeError:
        raise EffectError(f"{path} is not UTF-8 text. Save it as CSV (UTF-8) or JSON.") from None
    except csv.Error as error:
        raise EffectError(f"{path}, line {reader.line_num}: not CSV ({error}).") from None
    return found


def block_of(reader: Iterator[list[str]], header: Sequence[str], path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield the next lines that hold anything, each with its number."""
    for cells in islice(reader, BLOCK):
        line: int = reader.line_num  # type: ignore[attr-defined]
        if len(cells) != len(header) and any(cells):
            refuse_misfit(path, line, len(cells), len(header))
        yield line, cells


def refuse_misfit(path: Path, line: int, cells: int, columns: int) -> None:
    """Refuse a line that holds more or fewer cells than the header."""
    raise EffectError(f"{path}, line {line}: {cells} cells under {columns} columns. Quote cells that hold a comma.")


def _check_block(found: Checked, lines: Sequence[tuple[int, list[str]]], path: Path) -> None:
    """Count the rows of a block that are sound, and build the others."""
    filled = [(line, cells) for line, cells in lines if any(cells)]
    names = found.header.names
    columns = dict(zip(names, zip(*(cells for _, cells in filled), strict=True), strict=True))
    plain = sound(columns, len(filled)) & (found.header.level in (None, _LEVEL))
    found.statuses["estimated"] += int(plain.sum())
    for i in np.flatnonzero(~plain).tolist():
        line, cells = filled[i]
        row = dict(zip(names, map(unguard_formula, cells), strict=True))
        made = parse_row(row, f"{path}, line {line}", found.header)
        found.statuses[made[0].status] += 1
        if doubts(made[0]):
            found.rows.append(made)


def sound(columns: Mapping[str, Sequence[str]], many: int) -> BoolArray:
    """Tell which rows are plainly sound: they can be built, and leave nothing to ask.

    Parameters
    ----------
    columns : mapping of str to sequence of str
        The cells of a file by column, as text.
    many : int
        Rows.

    Returns
    -------
    array of bool, shape (many,)
        False says nothing: such a row is to be built.

    Examples
    --------
    >>> columns = {"study": ["A", "B", ""], "estimate": ["0.54"] * 3, "ci_low": ["0.36", "0.50", "0.36"],
    ...            "ci_high": ["0.81"] * 3}
    >>> sound(columns, 3).tolist()
    [True, False, False]
    """
    return sound_rows(Columns(columns, many))


def sound_rows(cells: Columns) -> BoolArray:
    """Tell which rows of a block are plainly sound, as `sound` does."""
    good = cells.filled("study") & _words(cells) & _numbers_in_range(cells) & _counts(cells)
    log_point, se, derived = _derived(cells)
    own = cells.filled(*_OWN) & derived
    typed = cells.filled(*_POINT) & ~cells.filled("log_estimate") & ~cells.filled("se")
    of_ci = _Intervals.of(cells)
    error = np.where(own, se, of_ci.se)
    with np.errstate(invalid="ignore", divide="ignore"):
        sized = (error > _NEAR) & (error < 5.0 - _NEAR) & (np.abs(np.where(own, log_point, of_ci.point)) < 900)
        events = cells.number("events")
        least = 0.9 * 2 / np.sqrt(events)
    enough = np.isnan(events) | (events == 0) | (error > least + _NEAR) | ~cells.among("measure", _OF_TWO_GROUPS)
    return np.asarray(good & sized & enough & (own | (typed & of_ci.plain & _agrees(cells, of_ci))))


@dataclass(slots=True)
class Columns:
    """The cells of a block by column, and the numbers that were read of them."""

    texts: Mapping[str, Sequence[str]]
    many: int
    read: dict[str, tuple[FloatArray, BoolArray]] = field(default_factory=dict)

    def filled(self, *names: str) -> BoolArray:
        """Where all these columns hold something."""
        out = np.ones(self.many, dtype=bool)
        for name in names:
            held = self.texts.get(name)
            out &= np.zeros(self.many, bool) if held is None else np.fromiter(map(bool, held), bool, self.many)
        return out

    def among(self, name: str, allowed: Sequence[str]) -> BoolArray:
        """Where a column holds one of some words; one that is not there is blank."""
        held = self.texts.get(name)
        if held is None:
            return np.full(self.many, "" in allowed)
        kinds = {word: word in allowed for word in set(held)}
        return np.fromiter((kinds[word] for word in held), bool, self.many)

    def number(self, name: str) -> FloatArray:
        """Return a column's numbers, NaN where it is blank or holds none."""
        return self._numbers(name)[0]

    def wrong(self, name: str) -> BoolArray:
        """Where a column holds something that is no number, or one that is not written plainly (`1e-3`, ` 2`)."""
        return self._numbers(name)[1]

    def _numbers(self, name: str) -> tuple[FloatArray, BoolArray]:
        from ..files.numbers import to_numbers

        if name not in self.read:
            held = self.texts.get(name)
            if held is None:
                self.read[name] = np.full(self.many, np.nan), np.zeros(self.many, bool)
            else:
                values, wrong = to_numbers(held)
                odd = np.fromiter((_is_odd(cell) for cell in held), bool, self.many) if name in _POINT else False
                blank = np.isnan(values) & np.fromiter(map(bool, held), bool, self.many)  # of blanks alone: no number
                self.read[name] = values, wrong | odd | blank
        return self.read[name]

    def decimals(self, name: str) -> FloatArray:
        """Return the decimals of a column's numbers as they were typed; 0 where it is blank."""
        held = self.texts.get(name)
        if held is None:
            return np.zeros(self.many)
        cells = np.array(held, dtype=str)
        point = np.char.find(cells, ".")
        return np.where(point < 0, 0, np.char.str_len(cells) - point - 1).astype(float)


def _is_odd(cell: str) -> bool:
    return "e" in cell or "E" in cell or " " in cell or "\t" in cell


def _words(cells: Columns) -> BoolArray:
    """Where every word is one that a row may hold, and nothing stands in a column that is not looked at here."""
    good = np.ones(cells.many, dtype=bool)
    second = cells.among("schema", ("2",))
    for name in cells.texts:
        if name in _FIXED:
            good &= cells.among(name, _FIXED[name])
        if name in CHOICES:
            good &= cells.among(name, ("", *CHOICES[name]))
        elif name == "flags":
            kinds = {text: not any(code in text for code in _ASK) for text in set(cells.texts[name])}
            good &= np.fromiter((kinds[text] for text in cells.texts[name]), bool, cells.many)
        elif name in _WRITTEN:
            good &= second | ~cells.filled(name)
        elif name in KNOWN and name not in (
            *_FIXED,
            *_FREE,
            *LISTS,
            *COUNTS,
            *_SHARES,
            *_ABOVE,
            *_OTHER_NUMBERS,
            *_POINT,
            *_OWN,
        ):
            good &= ~cells.filled(name)
    return good


def _numbers_in_range(cells: Columns) -> BoolArray:
    """Where every number is one, and within what a row may hold."""
    good = np.ones(cells.many, dtype=bool)
    for name in (*_SHARES, *_ABOVE, *_OTHER_NUMBERS, *_POINT, *_OWN):
        good &= ~cells.wrong(name)
    for name in _SHARES:
        good &= ~(cells.number(name) < 0) & ~(cells.number(name) > 1)
    return np.asarray(good & ~(cells.number("person_years") < 0))


def _counts(cells: Columns) -> BoolArray:
    """Where counts are whole, within each other, and add up."""
    good = np.ones(cells.many, dtype=bool)
    for name in COUNTS:
        value = cells.number(name)
        good &= ~cells.wrong(name) & ~(value < 0) & (np.isnan(value) | (value == np.floor(value)))
    for n, events in (("n", "events"), ("n_1", "events_1"), ("n_0", "events_0")):
        good &= ~(cells.number(events) > cells.number(n))
    for name in ("n", "events"):
        gap = cells.number(name) - cells.number(f"{name}_1") - cells.number(f"{name}_0")
        good &= np.isnan(gap) | (gap == 0)
    return np.asarray(good & ~(cells.number("events_1") == 0) & ~(cells.number("events_0") == 0))


def _derived(cells: Columns) -> tuple[FloatArray, FloatArray, BoolArray]:
    """Return log estimate and error as they stand, and where estimate and limits follow from them."""
    point, se = (cells.number(name) for name in _OWN)
    with np.errstate(over="ignore", invalid="ignore"):
        made = np.exp(point), np.exp(point - _Z * se), np.exp(point + _Z * se)
        good = np.ones(cells.many, dtype=bool)
        for name, value in zip(_POINT, made, strict=True):
            held = cells.number(name)
            good &= np.isnan(held) | (np.abs(held - value) <= _DERIVED * np.abs(value))
    kind = cells.among("ci_kind", ("", "wald")) & ~cells.wrong("df") & np.isnan(cells.number("df"))
    return point, se, np.asarray(good & kind)


@dataclass(frozen=True, slots=True)
class _Intervals:
    """What printed intervals give: the log estimate, its error, how far rounding can have moved each."""

    point: FloatArray
    se: FloatArray
    point_slack: FloatArray
    se_slack: FloatArray
    plain: BoolArray  # they hold their estimate, and are symmetric

    @classmethod
    def of(cls, cells: Columns) -> _Intervals:
        """Take them as `routes.from_ci` does."""
        values = [cells.number(name) for name in _POINT]
        shown = [cells.decimals(name) for name in _POINT]
        most = np.maximum(1, np.max(shown, axis=0))
        with np.errstate(invalid="ignore", divide="ignore"):
            places = [
                np.where(x < 1, most, np.where(x < 10, np.maximum(own, 1), own))
                for x, own in zip(values, shown, strict=True)
            ]
            halves = [0.5 * 10.0**-place for place in places]
            slack = [np.where(h >= x, np.inf, -np.log1p(-h / x)) for x, h in zip(values, halves, strict=True)]
            point, low, high = map(np.log, values)
            holds = (values[1] > 0) & (values[1] <= values[0]) & (values[0] <= values[2]) & (values[1] < values[2])
            skewed = np.abs(2 * point - low - high) - (2 * slack[0] + slack[1] + slack[2])
            plain = holds & (skewed < -1e-9) & np.isfinite(high)
        return cls(point, (high - low) / (2 * _Z), slack[0], (slack[1] + slack[2]) / (2 * _Z), np.asarray(plain))


def _agrees(cells: Columns, of: _Intervals) -> BoolArray:
    """Where the P beside an interval plainly agrees with it, or there is none."""
    p = cells.number("p_value")
    half = 0.5 * 10.0 ** -np.maximum(2, cells.decimals("p_value"))
    with np.errstate(invalid="ignore", divide="ignore"):
        size = np.abs(of.point)
        low = np.maximum(size - of.point_slack, 0) / (of.se + of.se_slack)
        high = (size + of.point_slack) / np.maximum(of.se - of.se_slack, 0)
        p_low, p_high = -ndtri(np.minimum(p + half, 1) / 2), -ndtri(np.maximum(p - half, 1e-12) / 2)
        apart = np.maximum(low - p_high, p_low - high)
        two_sides = ((high < _Z + _NEAR) & (p_low > _Z - _NEAR)) | ((p_high < _Z + _NEAR) & (low > _Z - _NEAR))
    typed = np.fromiter((not _is_odd(cell) for cell in cells.texts.get("p_value", ())), bool)
    sure = (typed if typed.size else True) & (p > 2 * half) & (apart < _APART) & ~two_sides
    return np.asarray(~cells.filled("p_value") | sure)
