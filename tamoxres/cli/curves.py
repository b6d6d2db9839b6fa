"""A command about published curves: the patients behind them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from ..errors import BadCell, DataError
from . import show

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["reconstruct"]

Unit = Literal["days", "weeks", "months", "years"]
_NAMES = {"x": "time", "t": "time", "times": "time", "months": "time", "y": "survival", "surv": "survival",
          "s": "survival", "curve": "group", "n": "at_risk", "n_risk": "at_risk", "nrisk": "at_risk"}  # fmt: skip


def reconstruct(
    curve: Annotated[
        Path, typer.Argument(help="Points read off the curves (CSV): time, survival; with several curves group.")
    ],
    output: Annotated[Path, typer.Option("-o", "--output", help="Write the patients here (CSV).")],
    at_risk: Annotated[
        Path | None, typer.Option("--at-risk", help="Numbers at risk (CSV): time, at_risk; group.")
    ] = None,
    patients: Annotated[int | None, typer.Option(help="Patients at the start, where no table is printed.")] = None,
    events: Annotated[int | None, typer.Option(help="Events in all, where printed (one curve).")] = None,
    unit: Annotated[Unit, typer.Option(help="Of the times.")] = "months",
) -> None:
    """Reconstruct the patients behind published Kaplan-Meier curves (Guyot 2012), with how well they fit."""
    from ..cohorts.reconstruct import CurveSource
    from ..cohorts.reconstruct import reconstruct as make

    points = _read(curve, ("time", "survival"))
    printed = patients if at_risk is None else _read(at_risk, ("time", "at_risk"))
    if printed is None:
        raise DataError("Give the numbers at risk (--at-risk TABLE.csv), or the patients at the start (--patients N).")
    made = make(
        points["time"].tolist(), points["survival"].tolist(), at_risk=printed, events=events,
        group=points["group"].tolist() if "group" in points else None,
        source=CurveSource(study=curve.stem, unit=unit),
    )  # fmt: skip
    show.emit(made.patients.to_csv(index=False), output)
    show.say(str(made))
    for note in made.notes:
        show.say(note)


def _read(path: Path, numbers: tuple[str, str]) -> pd.DataFrame:
    """Read a digitiser's table: a header, or two columns of numbers without one; other columns stay as text."""
    import csv

    import pandas as pd

    from ..files.numbers import to_number

    if not path.is_file():
        raise DataError(f"{path} does not exist. Give a CSV file with the columns {', '.join(numbers)}.")
    text = path.read_text(encoding="utf-8-sig")
    separator = ";" if text.partition("\n")[0].count(";") else "\t" if "\t" in text.partition("\n")[0] else ","
    lines = [row for row in csv.reader(text.splitlines(), delimiter=separator) if any(map(str.strip, row))]
    header = [cell.strip().casefold() for cell in lines[0]] if lines else []
    named = any(to_number(cell) is None for cell in header)
    header = [_NAMES.get(cell, cell) for cell in header] if named else list(numbers)
    if missing := [name for name in numbers if name not in header]:
        raise DataError(f"{path}: no column {missing[0]!r}; found {', '.join(header) or 'nothing'}.")
    columns: dict[str, list[float | str]] = {name: [] for name in header}
    for i, row in enumerate(lines[1 if named else 0 :], start=2 if named else 1):
        if len(row) != len(header):
            raise BadCell(f"{len(row)} cells under {len(header)} columns.", file=str(path), row=i)
        for name, cell in zip(header, row, strict=True):
            number = to_number(cell) if name in numbers else None
            if name in numbers and number is None:
                raise BadCell(f"{cell!r} is not a number.", file=str(path), row=i, column=name, value=cell)
            columns[name].append(cell.strip() if number is None else number)
    return pd.DataFrame(columns)
