"""RevMan's data package, version 1: data rows with the settings of their analyses, CSV in a zip, or the CSV alone.

Conventions: `GIV Mean` and `GIV SE` are on the log scale where the settings' `Log-scale data` is TRUE; `Mean`, `CI
start` and `CI end` are as the forest plot shows them and are not read. Settings are found in the zip, or beside the
data rows under the same beginning of their names.
"""

from __future__ import annotations

import csv
import io
import math
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from ..effects.routes import limits
from ..errors import DataError
from ..files import LIMITS, normal_zip, read_bytes
from ..files.numbers import to_number
from ..files.sentence import one_sentence
from ..wording import guard_formula, unguard_formula
from .revman_analysis import MEASURE_NAMES, Analysis, DataRow, measure_of, whole

__all__ = ["parse_package", "write_package"]

_ROWS, _SETTINGS = "-data-rows.csv", "-overall-estimates-and-settings.csv"
_FOLDER = "tamoxres-analysis-data/tamoxres"
_ROW_COLUMNS = (
    "Analysis group", "Analysis number", "Analysis name", "Subgroup", "Study", "Study year", "GIV Mean", "GIV SE",
    "Experimental cases", "Experimental N", "Experimental mean", "Experimental SD", "Control cases", "Control N",
    "Control mean", "Control SD", "O-E", "Variance", "Weight", "Mean", "CI start", "CI end", "Footnotes",
)  # fmt: skip
_SETTING_COLUMNS = (
    "Analysis group", "Analysis number", "Analysis name", "Analysis group name", "Data source", "Data type",
    "Log-scale data", "Experimental group label", "Control group label", "Statistical method", "Effect measure",
    "Analysis model", "Subgroup estimates", "Overall estimates", "Study CI", "Estimate CI",
)  # fmt: skip


def parse_package(source: Path) -> tuple[Analysis, ...]:
    """Read the analyses of a data package.

    Raises
    ------
    DataError
        If a file is lacking, is not CSV, or lacks a column.
    """
    rows, settings = _of_zip(source) if source.suffix.lower() == ".zip" else _of_files(source)
    told = {_number(one): one for one in _table(settings, source.name, ("Effect measure", "Log-scale data"))}
    held: dict[str, list[Mapping[str, str]]] = {}
    for row in _table(rows, source.name, ("Study", "GIV Mean", "GIV SE")):
        held.setdefault(_number(row), []).append(row)
    return tuple(_analysis(number, lines, told.get(number, {})) for number, lines in held.items())


def _of_files(source: Path) -> tuple[bytes, bytes]:
    beside = source.with_name(source.name.removesuffix(_ROWS) + _SETTINGS)
    if not source.name.endswith(_ROWS) or not beside.is_file():
        raise DataError(
            f"{source.name}: data rows of RevMan end in {_ROWS} and stand beside {_SETTINGS}, which tells measures and "
            "scales.",
            mend="Name the zip of the data package, or put both files into one folder.",
        )
    return read_bytes(source), read_bytes(beside)


def _of_zip(source: Path) -> tuple[bytes, bytes]:
    content = read_bytes(source)
    with one_sentence(source.name, "cannot be read as .zip"):
        archive = zipfile.ZipFile(io.BytesIO(content))
        members = archive.infolist()
        LIMITS.check("members", len(members), source.name)
        found = [next((one for one in members if one.filename.endswith(end)), None) for end in (_ROWS, _SETTINGS)]
        if found[0] is None or found[1] is None:
            raise DataError(
                f"{source.name} holds no ...{_ROWS} with its ...{_SETTINGS}. Is it a data package of RevMan?"
            )
        most = LIMITS.unpacking(len(content))
        parts = []
        for one in (found[0], found[1]):
            with archive.open(one) as stream:
                parts.append(stream.read(most.unpacked + 1))
            most.check("unpacked", len(parts[-1]), source.name)
    return parts[0], parts[1]


def _table(content: bytes, name: str, needed: Sequence[str]) -> list[dict[str, str]]:
    try:
        text = content.decode("utf-8-sig")
        lines = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except UnicodeDecodeError:
        raise DataError(f"{name} is not UTF-8 text. Export it anew.") from None
    except csv.Error as error:
        raise DataError(f"{name} is not CSV ({error}). Export it anew.") from None
    header = [cell.strip() for cell in lines[0]] if lines else []
    for column in ("Analysis group", "Analysis number", *needed):
        if column not in header:
            raise DataError(f"{name} has no column {column!r}. Is it a data package of RevMan, version 1?")
    return [dict(zip(header, map(unguard_formula, line), strict=False)) for line in lines[1:] if any(line)]


def _number(row: Mapping[str, str]) -> str:
    return f"{row.get('Analysis group', '').strip()}.{row.get('Analysis number', '').strip()}"


def _analysis(number: str, lines: Sequence[Mapping[str, str]], told: Mapping[str, str]) -> Analysis:
    level = to_number(told.get("Study CI", told.get("CI/PI level", "")).strip("% ")) or 95.0
    return Analysis(
        number=number, comparison=told.get("Analysis group name", ""),
        measure=measure_of(told.get("Effect measure", "")),
        outcome=lines[0].get("Analysis name", "") or told.get("Analysis name", ""), level=level / 100,
        group_1=told.get("Experimental group label", ""), group_0=told.get("Control group label", ""),
        log_scale=told.get("Log-scale data", "").strip().upper() == "TRUE",
        rows=tuple(
            DataRow(
                study=row.get("Study", "").strip() or "unknown", year=whole(row.get("Study year")),
                subgroup=row.get("Subgroup", "").strip(), point=to_number(row.get("GIV Mean", "")),
                se=to_number(row.get("GIV SE", "")) or None, o_minus_e=to_number(row.get("O-E", "")),
                variance=to_number(row.get("Variance", "")), n_1=whole(row.get("Experimental N")),
                n_0=whole(row.get("Control N")),
            )
            for row in lines
        ),
    )  # fmt: skip


def write_package(analyses: Sequence[Analysis]) -> bytes:
    """Write analyses as a data package."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(_FOLDER + _ROWS, _csv(_ROW_COLUMNS, (row for one in analyses for row in _data_rows(one))))
        archive.writestr(_FOLDER + _SETTINGS, _csv(_SETTING_COLUMNS, map(_settings, analyses)))
    return normal_zip(out.getvalue())


def _csv(columns: Sequence[str], rows: Iterator[Mapping[str, str]]) -> str:
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([row.get(column, "") for column in columns] for row in rows)
    return out.getvalue()


def _place(one: Analysis) -> dict[str, str]:
    group, _, number = one.number.partition(".")
    return {"Analysis group": group, "Analysis number": number, "Analysis name": guard_formula(one.outcome)}


def _data_rows(one: Analysis) -> Iterator[dict[str, str]]:
    for row in one.rows:
        point, se = float(row.point or 0.0), float(row.se or 0.0)
        low, high = limits(point, se, one.level, None, ratio=one.log_scale)
        yield _place(one) | {
            "Subgroup": guard_formula(row.subgroup), "Study": guard_formula(row.study),
            "Study year": str(row.year or ""),
            "GIV Mean": repr(point), "GIV SE": repr(se), "Experimental N": str(row.n_1 or ""),
            "Control N": str(row.n_0 or ""), "Mean": repr(math.exp(point) if one.log_scale else point),
            "CI start": repr(low), "CI end": repr(high),
        }  # fmt: skip


def _settings(one: Analysis) -> dict[str, str]:
    return _place(one) | {
        "Analysis group name": guard_formula(one.comparison), "Data source": "Custom input",
        "Data type": "Contrast level",
        "Log-scale data": "TRUE" if one.log_scale else "FALSE", "Experimental group label": guard_formula(one.group_1),
        "Control group label": guard_formula(one.group_0), "Statistical method": "Inverse Variance",
        "Effect measure": MEASURE_NAMES[one.measure], "Analysis model": "Random effect",
        "Study CI": f"{100 * one.level:g}%",
        "Estimate CI": "95%",
    }  # fmt: skip
