"""Effect rows as CSV (UTF-8, header) and JSON (a list of objects): the pipe between all commands.

Version 2 is written; version 1 (no column `schema`) is read too. `contrast` is written for people and never read back.
Numbers are written in full, never rounded, so that a row read back equals the row written. A row needs `study` and one
route to its standard error: log_estimate + se, estimate + limits, o_minus_e + variance, or estimate + exact P, taken in
this order; where several stand they must agree within rounding (a P is not compared: it may be of another test). Text
cells that a spreadsheet would run as a formula are written with an apostrophe before them, which reading takes off.
"""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import EffectError, QuestionError, cut, shown
from ..files import parse_json, read_bytes
from ..numbers import to_number
from ..vocabulary import MEASURES, RATIO_MEASURES, choose, nearest
from ..wording import guard_formula, unguard_formula
from . import routes, rows_v1
from .checks import COUNTS, LISTS, NUMBERS
from .estimate import EffectEstimate

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "COLUMNS", "SCHEMA", "effects_from_frame", "effects_to_csv", "effects_to_frame", "effects_to_json", "read_effects",
    "unread_columns",
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
_ROUTE_INPUTS = ("o_minus_e", "variance")
_KNOWN = dict.fromkeys((*COLUMNS, *_ROUTE_INPUTS, *rows_v1.OWN_COLUMNS))
_WRITTEN_FOR_PEOPLE = ("contrast", "row_id", "schema")
_NOT_FINITE = ("inf", "infinity", "nan")
_HALVES = re.compile("[\ud800-\udfff]")
_FLOATS = {*NUMBERS, "estimate", "level", "lrt_p", *_ROUTE_INPUTS} - {"difference"}
_ROUTES = {
    "se": "log_estimate + se", "ci": "estimate + ci_low + ci_high", "oe_v": "o_minus_e + variance",
    "point": "estimate",
}  # fmt: skip
_LARGEST_LOG, _LARGEST = 1000.0, 1e30  # beyond these the products that pooling takes are no numbers
_KEPT_LIMITS = ("profile", "bootstrap")  # which need not agree with the standard error


def _row(effect: EffectEstimate) -> dict[str, Any]:
    row = {name: SCHEMA if name == "schema" else getattr(effect, name) for name in COLUMNS}
    row.update((name, ";".join(getattr(effect, name))) for name in LISTS)
    return {name: None if isinstance(x, float) and not math.isfinite(x) else x for name, x in row.items()}


def effects_to_frame(effects: Iterable[EffectEstimate]) -> pd.DataFrame:
    """Return effects as a frame with the columns of `COLUMNS`; lists are joined by `;`."""
    import pandas as pd

    return pd.DataFrame([_row(effect) for effect in effects], columns=list(COLUMNS))


def effects_to_csv(effects: Iterable[EffectEstimate]) -> str:
    """Write effects as CSV text, numbers in full."""
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
    """Write effects as a JSON list of objects, numbers in full; what is not finite or not known is null."""
    return json.dumps([_row(effect) for effect in effects], indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def read_effects(path: str | Path) -> list[EffectEstimate]:
    """Read effect rows from a CSV or JSON file.

    Raises
    ------
    EffectError
        Naming the file, and for a bad row its line and column.
    """
    source = Path(path)
    text = _text(source)
    rows = _json_rows(text, source) if source.suffix.lower() == ".json" else _csv_rows(text, source)
    if not rows:
        raise EffectError(f"{source} holds no effect rows.")
    return [_parse(row, where) for where, row in rows]


def _text(source: Path) -> str:
    if not source.is_file():
        raise EffectError(f"{source} does not exist. Give a CSV or JSON file of effect rows.")
    try:
        return read_bytes(source).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise EffectError(f"{source} is not UTF-8 text. Save it as CSV (UTF-8) or JSON.") from None


def effects_from_frame(frame: pd.DataFrame) -> list[EffectEstimate]:
    """Make effects from a frame that has `study` and the columns of one route."""
    _check_header(list(frame.columns), "frame")
    known = frame.astype(object).where(frame.notna(), None)
    return [
        _parse(dict(zip(frame.columns, row, strict=True)), f"frame, row {i}")
        for i, row in enumerate(known.itertuples(index=False))
    ]


def _json_rows(text: str, source: Path) -> list[tuple[str, dict[str, Any]]]:
    rows = parse_json(text, str(source), error=EffectError)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise EffectError(f"{source}: expected a JSON list of objects, one an effect.")
    for i, row in enumerate(rows):
        _check_header(list(row), f"{source}, object {i + 1}")
    return [(f"{source}, object {i + 1}", row) for i, row in enumerate(rows)]


def _csv_rows(text: str, source: Path) -> list[tuple[str, dict[str, Any]]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    out: list[tuple[str, dict[str, Any]]] = []
    try:
        header = next(reader, [])
        _check_header(header, str(source))
        for cells in reader:
            if not any(cells):
                continue
            where = f"{source}, line {reader.line_num}"
            if len(cells) != len(header):
                raise EffectError(
                    f"{where}: {len(cells)} cells under {len(header)} columns. Quote cells that hold a comma."
                )
            out.append((where, dict(zip(header, map(unguard_formula, cells), strict=True))))
    except csv.Error as error:
        raise EffectError(f"{source}, line {reader.line_num}: not CSV ({error}).") from None
    return out


def _check_header(header: Sequence[str], where: str) -> None:
    if "study" not in header and not any(str(name).casefold() == "study" for name in header):
        columns = cut(", ".join(map(str, header)), 200) or "nothing"
        raise EffectError(f"{where}: no column 'study'; found {columns}. Separate columns by commas, and name them.")
    if twice := sorted({name for name in header if list(header).count(name) > 1}):
        raise EffectError(f"{where}: column {shown(twice[0])} stands twice.")
    for name in header:
        if name not in _KNOWN and (close := _near_miss(str(name))):
            raise EffectError(f"{where}: unknown column {shown(name)}. Is it {close!r}? Name it so, or leave it out.")


_SYNONYMS = {
    "hr": "estimate", "hazard_ratio": "estimate", "rr": "estimate", "or": "estimate", "effect": "estimate",
    "lcl": "ci_low", "lower": "ci_low", "ci_lower": "ci_low", "ci.lb": "ci_low", "low": "ci_low",
    "ucl": "ci_high", "upper": "ci_high", "ci_upper": "ci_high", "ci.ub": "ci_high", "high": "ci_high",
    "p": "p_value", "pval": "p_value", "p.value": "p_value", "pvalue": "p_value", "yi": "log_estimate",
    "loghr": "log_estimate", "sei": "se", "selog": "se", "std_error": "se", "author": "study", "outcome": "endpoint",
}  # fmt: skip


def _near_miss(name: str) -> str:
    """Return the column that an unknown one may be meant for: another spelling, a common synonym; else empty."""
    plain = name.strip().casefold().replace(" ", "_").replace("-", "_")
    if plain in _KNOWN:
        return plain
    return _SYNONYMS.get(plain) or nearest(plain, [known for known in _KNOWN if len(known) > 3 and len(plain) > 3])


def unread_columns(path: str | Path) -> tuple[str, ...]:
    """Return the columns of a file of effect rows that are not read: those that no name of `COLUMNS` comes near."""
    source = Path(path)
    if source.suffix.lower() == ".json":
        header = list(dict.fromkeys(name for _, row in _json_rows(_text(source), source) for name in row))
    else:
        header = next(csv.reader(io.StringIO(_text(source), newline="")), [])
    return tuple(name for name in header if name not in _KNOWN)


def _parse(row: Mapping[str, Any], where: str) -> EffectEstimate:
    values = {name: _value(name, cell, where) for name, cell in row.items() if name in _KNOWN}
    known: dict[str, Any] = {name: value for name, value in values.items() if value not in (None, "")}
    if "study" not in known:
        raise EffectError(f"{where}, column study: an effect needs a study name.")
    schema = str(known.get("schema", 1)).removesuffix(".0")
    if schema not in ("1", str(SCHEMA)):
        raise EffectError(f"{where}, column schema: version {cut(schema)} is not known; this is version {SCHEMA}.")
    if schema == "1":
        known = rows_v1.to_version_2(known)
    known = {name: value for name, value in known.items() if name not in _WRITTEN_FOR_PEOPLE}
    try:
        measure = choose("measure", known.get("measure", "HR"), MEASURES)
    except QuestionError as error:
        raise EffectError(f"{where}, column measure: {error}") from None
    try:
        return _build(known, ratio=measure in RATIO_MEASURES, old=schema == "1")
    except EffectError as error:
        raise EffectError(f"{where}: {error}") from None
    except (ArithmeticError, ValueError) as error:  # no number can hold what these numbers make
        raise EffectError(f"{where}: the numbers are too large or too small to work with ({error}).") from None


def _value(name: str, cell: Any, where: str) -> Any:
    if cell is None or cell == "" or (isinstance(cell, float) and math.isnan(cell)):
        return None
    if isinstance(cell, dict | list):
        raise EffectError(
            f"{where}, column {name}: expected one value, found {shown(cell)}; join names by a semicolon."
        )
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
        bound = text[:1] in ("<", ">") and name == "p_value"
        mend = "A bound gives no standard error: leave the cell empty where an interval stands." if bound else ""
        raise EffectError(f"{where}, column {name}: {shown(cell)} is not a number.", mend=mend)
    if name in COUNTS:
        if number != int(number) or number < 0:
            raise EffectError(f"{where}, column {name}: {shown(cell)} is not a count.")
        return int(number)
    return number


def _build(known: dict[str, Any], *, ratio: bool, old: bool) -> EffectEstimate:
    names = {field.name for field in fields(EffectEstimate)}
    row = {name: value for name, value in known.items() if name in names}
    if row.get("status", "estimated") != "estimated":
        return EffectEstimate(**_unestimated(row, known, ratio))
    found = _routes(known, ratio)
    if not found:
        raise EffectError(
            f"{known['study']}: no route to a standard error. "
            "Give estimate + ci_low + ci_high, log_estimate + se, o_minus_e + variance, or estimate + p_value."
        )
    _refuse_disagreement(found, known["study"])
    best = found[0]
    if abs(best.estimate) > (_LARGEST_LOG if ratio else _LARGEST) or not (
        best.se <= 0 or 1 / _LARGEST <= best.se <= _LARGEST
    ):
        raise EffectError(
            f"{cut(known['study'])}: an estimate of {best.estimate:g} with a standard error of {best.se:g} on the "
            "analysis scale is no effect. Correct it."
        )
    if best.name != "se":
        row.setdefault("route", best.name)
        row["flags"] = tuple(dict.fromkeys((*row.get("flags", ()), *best.flags)))
    if (
        row.get("ci_kind", "") == ""
        and len(_LIMITS & known.keys()) == len(_LIMITS)
        and not _follows(known, best, ratio)
    ):
        row["ci_kind"] = "printed"
    if old and "p_value" in row and "p_kind" not in row:
        row["p_kind"] = "wald" if _is_wald(row["p_value"], best, known.get("df")) else "printed"
    row["log_estimate" if ratio else "difference"] = best.estimate
    row["se"] = best.se
    return EffectEstimate(**row)


_LIMITS = {"ci_low", "ci_high"}


def _is_wald(p: float, route: routes.Route, df: float | None) -> bool:
    return math.isclose(p, routes.two_sided_p(route.estimate, route.se, df), rel_tol=1e-9, abs_tol=1e-300)


def _unestimated(row: dict[str, Any], known: dict[str, Any], ratio: bool) -> dict[str, Any]:
    if "estimate" in known and ratio and "log_estimate" not in row:
        row["log_estimate"] = routes.log_ratio(known["estimate"], "estimate")
    if "estimate" in known and not ratio:
        row["difference"] = known["estimate"]
    return row


def _routes(known: dict[str, Any], ratio: bool) -> list[routes.Route]:
    """Every route the row offers, the most direct first."""
    has = known.keys()
    found = []
    point = "log_estimate" if ratio else "estimate"
    level, df = known.get("level", 0.95), known.get("df")
    if not 0 < level < 1:
        raise EffectError(f"{cut(known['study'])}: level is {level:g}; it lies between 0 and 1, as 0.95.")
    if df is not None and not df > 0:
        raise EffectError(
            f"{cut(known['study'])}: df is {df:g}; degrees of freedom are above 0, or empty for a normal interval."
        )
    if {point, "se"} <= has:
        found.append(routes.from_se(known[point], known["se"]))
    derived = bool(found) and _follows(known, found[0], ratio)
    if {"estimate", *_LIMITS} <= has and not derived and known.get("ci_kind") not in _KEPT_LIMITS:
        printed = known["estimate"], known["ci_low"], known["ci_high"]
        found.append(routes.from_ci(*printed, level=level, df=df, ratio=ratio))
    elif found and "estimate" in has and ratio and not derived:
        found.append(routes.printed_point(known["estimate"], known["se"]))
    if {"o_minus_e", "variance"} <= has and ratio:
        found.append(routes.from_oe_v(known["o_minus_e"], known["variance"]))
    if {"estimate", "p_value"} <= has and not found:
        found.append(routes.from_p(known["estimate"], known["p_value"], ratio=ratio))
    return found


def _follows(known: dict[str, Any], direct: routes.Route, ratio: bool) -> bool:
    """Whether the printed numbers are those that we derive (at the ends of the float range no way leads back)."""
    low, high = routes.limits(direct.estimate, direct.se, known.get("level", 0.95), known.get("df"), ratio=ratio)
    derived = {
        "estimate": routes.ratio_of(direct.estimate) if ratio else direct.estimate, "ci_low": low, "ci_high": high,
    }  # fmt: skip
    return all(math.isclose(known[name], value, rel_tol=1e-12) for name, value in derived.items() if name in known)


def _refuse_disagreement(found: list[routes.Route], study: str) -> None:
    best = found[0]
    for other in found[1:]:
        if routes.disagree(best, other):
            raise EffectError(
                f"{study}: {_ROUTES[best.name]} and {_ROUTES[other.name]} disagree beyond rounding (estimate "
                f"{best.estimate:.4g} and {other.estimate:.4g}, SE {best.se:.4g} and {other.se:.4g} on the analysis "
                "scale). Keep the one that was printed."
            )
