"""Effect rows as CSV (UTF-8, header) and JSON (a list of objects): the pipe between all commands.

Version 2 is written; version 1 (no column `schema`) is read too. `contrast` is written for people and never read back.
Numbers are written in full, never rounded, so that a row read back equals the row written. A row needs `study` and one
route to its standard error (`effects.printed` lists them). A P may be a bound (`<0.001`) or `ns`. Text cells that a
spreadsheet would run as a formula are written with an apostrophe before them, which reading takes off.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from ..errors import EffectError, QuestionError, cut, shown
from ..files.numbers import to_number
from ..vocabulary import MEASURES, RATIO_MEASURES, choose
from ..wording import guard_formula
from . import printed, rows_excel, rows_v1
from .checks import COUNTS, LISTS, NUMBERS
from .estimate import EffectEstimate
from .routes import Route
from .rows_header import Header, read_header
from .rows_table import read_table

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "COLUMNS", "KNOWN", "SCHEMA", "effects_from_frame", "effects_to_csv", "effects_to_frame", "effects_to_json",
    "effects_to_xlsx", "from_printed", "printed_routes", "read_printed", "unread_columns",
]  # fmt: skip

SCHEMA = 2
COLUMNS = (
    "study", "label", "trial", "year", "origin", "marker", "rule", "assay", "cut", "scale", "scale_unit",
    "marker_level", "contrast", "variable", "group_1", "group_0", "endpoint", "from_months", "to_months", "landmark",
    "exposure", "er", "her2", "menopause", "nodes", "setting", "restrictions", "treatment_1", "treatment_0",
    "treated_alike", "estimand", "measure", "estimate", "ci_low", "ci_high", "ci_kind", "log_estimate", "se", "se_kind",
    "df", "level", "p_value", "p_kind", "p_relation", "term", "term_p", "n", "events", "n_1", "events_1", "n_0",
    "events_0", "person_years", "left_out", "model", "ties", "adjusted_for", "strata", "cluster", "weights", "missing",
    "engine", "route", "status", "direction", "design", "overlaps", "flags", "simulated", "source", "data_sha256",
    "row_id", "remark", "schema",
)  # fmt: skip
KNOWN = dict.fromkeys((*COLUMNS, *printed.INPUTS, *rows_v1.OWN_COLUMNS))
_WRITTEN_FOR_PEOPLE = ("contrast", "row_id", "schema")
_NOT_FINITE = ("inf", "infinity", "nan")
_HALVES = re.compile("[\ud800-\udfff]")
_FLOATS = {*NUMBERS, "estimate", "level", "lrt_p", *printed.INPUTS} - {"difference"}


def _row(effect: EffectEstimate) -> dict[str, Any]:
    row = {name: SCHEMA if name == "schema" else getattr(effect, name) for name in COLUMNS}
    row.update((name, ";".join(getattr(effect, name))) for name in LISTS)
    return {name: None if isinstance(x, float) and not math.isfinite(x) else x for name, x in row.items()}


def effects_to_frame(effects: Iterable[EffectEstimate]) -> pd.DataFrame:
    """Return effects as a frame with the columns of `COLUMNS`; lists are joined by `;`.

    Returns
    -------
    DataFrame
        One row an effect, with the columns of the CSV.

    Examples
    --------
    >>> row = EffectEstimate.from_ci(0.54, 0.36, 0.81, study="A")
    >>> effects_to_frame([row])["estimate"].tolist()
    [0.54]
    """
    import pandas as pd

    return pd.DataFrame([_row(effect) for effect in effects], columns=list(COLUMNS))


def effects_to_csv(effects: Iterable[EffectEstimate]) -> str:
    """Write effects as CSV text, numbers in full.

    Returns
    -------
    str
        One line an effect, after the header.

    Examples
    --------
    >>> row = EffectEstimate.from_ci(0.54, 0.36, 0.81, study="A")
    >>> effects_to_csv([row]).partition(",")[0]
    'study'
    """
    rows = [COLUMNS, *([_quoted(_cell(value)) for value in _row(effect).values()] for effect in effects)]
    return "".join(",".join(row) + "\n" for row in rows)


def _quoted(cell: str) -> str:
    """Quote a cell that needs it (csv.writer leaves a carriage return bare, and csv.reader ends the line there)."""
    return '"' + cell.replace('"', '""') + '"' if any(mark in cell for mark in ',"\r\n') else cell


def _cell(value: str | float | bool | None) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else ""
    if isinstance(value, int | float):
        return repr(value)
    return guard_formula(value)


def effects_to_json(effects: Iterable[EffectEstimate]) -> str:
    """Write effects as a JSON list of objects, numbers in full; what is not finite or not known is null.

    Returns
    -------
    str
        A list of objects, one an effect.

    Examples
    --------
    >>> import json
    >>> row = EffectEstimate.from_ci(0.54, 0.36, 0.81, study="A")
    >>> json.loads(effects_to_json([row]))[0]["study"]
    'A'
    """
    return json.dumps([_row(effect) for effect in effects], indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def effects_to_xlsx(effects: Iterable[EffectEstimate]) -> bytes:
    """Write effects as an Excel workbook: numbers as numbers, texts never formulas.

    Returns
    -------
    bytes
        Of an .xlsx file with one sheet, `effects`; Excel holds 15 to 16 digits of a number.

    Examples
    --------
    >>> row = EffectEstimate.from_ci(0.54, 0.36, 0.81, study="A")
    >>> effects_to_xlsx([row])[:2]
    b'PK'
    """
    return rows_excel.write_sheet(COLUMNS, map(_row, effects))


def read_printed(path: str | Path) -> list[tuple[EffectEstimate, printed.Cells]]:
    """Read effect rows with the cells they were made of, which tell what was printed, digits and all.

    Raises
    ------
    EffectError
        As `rows_many.read_effects`.
    """
    return list(_built(Path(path)))


def _built(source: Path) -> Iterator[tuple[EffectEstimate, printed.Cells]]:
    table = read_table(source, KNOWN)
    if not table.rows:
        raise EffectError(f"{source} holds no effect rows.")
    table.header.say(str(source))
    for where, row in table.rows:
        yield parse_row(row, where, table.header)


def effects_from_frame(frame: pd.DataFrame) -> list[EffectEstimate]:
    """Make effects from a frame that has `study` and the columns of one route."""
    header = read_header(list(frame.columns), "frame", KNOWN)
    header.say("frame")
    known = frame.astype(object).where(frame.notna(), None)
    return [
        parse_row(dict(zip(header.names, row, strict=True)), f"frame, row {i}", header)[0]
        for i, row in enumerate(known.itertuples(index=False))
    ]


def rows_of(effects: Iterable[EffectEstimate] | pd.DataFrame) -> Iterable[EffectEstimate]:
    """Return rows as they are; of a frame those that it holds (`effects_from_frame`)."""
    return effects_from_frame(cast("pd.DataFrame", effects)) if hasattr(effects, "columns") else effects


def unread_columns(path: str | Path) -> tuple[str, ...]:
    """Return the columns of a file of effect rows that are not read: those that no name of `COLUMNS` comes near."""
    return read_table(Path(path), KNOWN).header.unread


def from_printed(**columns: Any) -> EffectEstimate:
    """Make an effect row of what a paper prints, by whichever route leads to its standard error.

    Parameters
    ----------
    **columns
        As in a file of effect rows: `study`, and the columns of one route, such as `estimate`, `ci_low`, `ci_high`, or
        `logrank_p`, `direction`, `events`, `allocation` (all routes: `effects.printed`). A number given as text keeps
        its digits: `"0.70"`.

    Returns
    -------
    EffectEstimate
        `route` names the route.

    Raises
    ------
    EffectError
        If a column is unknown, a number is none, or no route leads to a standard error.

    Examples
    --------
    >>> row = from_printed(study="Naples", logrank_p="0.03", direction="worse", events=120, n_1=80, n_0=160)
    >>> print(row.route, row)
    logrank_p Naples: HR 1.52 (1.04-2.23), P = 0.030
    """
    read_header(list(columns), "row", KNOWN, exact=True)
    if unknown := [name for name in columns if name not in KNOWN]:
        raise EffectError(f"row: unknown column {unknown[0]!r}; nothing reads it.")
    return parse_row({**columns, "schema": SCHEMA}, "row")[0]


def printed_routes(**columns: Any) -> list[Route]:
    """Return every route from what a paper prints to an estimate and its error, with what the digits leave open.

    Parameters
    ----------
    **columns
        As in `from_printed`.

    Returns
    -------
    list of Route
        The one that `from_printed` takes first; `estimate` and `se` on the analysis scale, `name`, and `se_range`, the
        least and the largest standard error that the printed digits allow.

    Raises
    ------
    EffectError
        As `from_printed`.

    Examples
    --------
    >>> best = printed_routes(study="A", estimate="0.54", ci_low="0.36", ci_high="0.81", p_value="0.003")[0]
    >>> best.name, round(best.se, 3), [round(se, 3) for se in best.se_range]
    ('ci', 0.207, [0.202, 0.212])
    """
    return printed.routes_of(parse_row({**columns, "schema": SCHEMA}, "row")[1])


def parse_row(row: Mapping[str, Any], where: str, header: Header | None = None) -> tuple[EffectEstimate, printed.Cells]:
    """Make a row of its cells, by the names its columns are read under; `where` names it in errors."""
    cells = {name: cell for name, cell in row.items() if name in KNOWN}
    relation, cells["p_value"] = _p_relation(cells.get("p_value"))
    values = {name: _value(name, cell, where) for name, cell in cells.items()}
    known: dict[str, Any] = {name: value for name, value in values.items() if value not in (None, "")}
    if relation:
        known.setdefault("p_relation", relation)
    if "study" not in known:
        raise EffectError(f"{where}, column study: an effect needs a study name.")
    schema = str(known.get("schema", 1)).removesuffix(".0")
    if schema not in ("1", str(SCHEMA)):
        raise EffectError(f"{where}, column schema: version {cut(schema)} is not known; this is version {SCHEMA}.")
    if schema == "1":
        known = rows_v1.to_version_2(known)
    known = {name: value for name, value in known.items() if name not in _WRITTEN_FOR_PEOPLE}
    known = known if header is None else _told_by_header(known, header, where)
    try:
        measure = choose("measure", known.get("measure", "HR"), MEASURES)
    except QuestionError as error:
        raise EffectError(f"{where}, column measure: {error}") from None
    texts = {name: cell for name, cell in cells.items() if isinstance(cell, str) and name in _FLOATS}
    told = printed.Cells(known, texts, ratio=measure in RATIO_MEASURES)
    try:
        return printed.build(told, old=schema == "1"), told
    except EffectError as error:
        raise EffectError(f"{where}: {error}") from None
    except (ArithmeticError, ValueError) as error:  # no number can hold what these numbers make
        raise EffectError(f"{where}: the numbers are too large or too small to work with ({error}).") from None


def _told_by_header(known: dict[str, Any], header: Header, where: str) -> dict[str, Any]:
    """Add the measure and the level that the names of the columns tell; a cell that says otherwise is an error."""
    for name, told in (("measure", header.measure), ("level", header.level)):
        if told and known.setdefault(name, told) != told:
            raise EffectError(f"{where}, column {name}: {shown(known[name])}, but a column's name tells {told}.")
    return known


def _p_relation(cell: Any) -> tuple[str, Any]:
    """Part a P from its sign: `<0.001`, `> 0.05`, `=0.03`, `ns`."""
    if not isinstance(cell, str):
        return "", cell
    text = cell.strip()
    if text.casefold() in ("ns", "n.s."):
        return "ns", None
    return (text[0], text[1:].strip()) if text[:1] in ("<", ">", "=") else ("", cell)


def _value(name: str, cell: Any, where: str) -> Any:
    if cell is None or cell == "" or (isinstance(cell, float) and math.isnan(cell)):
        return None
    if isinstance(cell, list | tuple) and name in (*LISTS, *printed.CURVES):
        cell = ";".join(map(str, cell))
    if isinstance(cell, dict | list):
        raise EffectError(
            f"{where}, column {name}: expected one value, found {shown(cell)}; join names by a semicolon."
        )
    if name in printed.CURVES:
        return tuple(float(_number(name, part, where)) for part in str(cell).split(";"))
    if name in _FLOATS or name in COUNTS:
        return _number(name, cell, where)
    if _HALVES.search(str(cell)):
        raise EffectError(f"{where}, column {name}: {shown(cell)} holds half a character. Write it anew.")
    if name in LISTS:
        return tuple(part.strip() for part in str(cell).split(";") if part.strip())
    if name == "simulated":
        if str(cell).lower() not in ("true", "false", "1", "0"):
            raise EffectError(f"{where}, column simulated: {shown(cell)} is neither true nor false.")
        return str(cell).lower() in ("true", "1")
    return str(cell)


def _number(name: str, cell: Any, where: str) -> float | int:
    text = str(cell).strip()
    if text.lower().lstrip("+-") in _NOT_FINITE:
        raise EffectError(
            f"{where}, column {name}: {shown(cell)} is not finite; leave the cell empty if it is not known."
        )
    number = to_number(text)
    if number is None:
        raise EffectError(f"{where}, column {name}: {shown(cell)} is not a number.")
    if name in COUNTS:
        if number != int(number) or number < 0:
            raise EffectError(f"{where}, column {name}: {shown(cell)} is not a count.")
        return int(number)
    return number
