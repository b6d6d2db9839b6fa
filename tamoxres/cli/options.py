"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from ..vocabulary import Exposure, Weights

__all__ = [
    "Adjust",
    "Cluster",
    "DataDir",
    "Estimand",
    "ExposureOption",
    "Format",
    "MappingFile",
    "Marker",
    "MinCell",
    "OneMarker",
    "Output",
    "PlainFormat",
    "ScaleOption",
    "Strata",
    "WeightsOption",
    "numbers_in",
    "split",
]

Format = Literal["table", "csv", "json"]
PlainFormat = Literal["table", "json"]
Estimand = Literal["prognostic", "treatment_effect", "interaction"]

DataDir = Annotated[
    Path | None, typer.Option(help="Folder with the publishers' files, searched first (or TAMOXRES_DATA).")
]
Adjust = Annotated[str, typer.Option(help="Covariates, comma-separated; factor(grade) for levels.")]
Cluster = Annotated[str, typer.Option(help="Column of patients who belong together: robust standard errors.")]
WeightsOption = Annotated[
    Weights | None,
    typer.Option("--weights", help="The cohort's own (default), none, or propensity weights."),
]
ExposureOption = Annotated[
    Exposure | None,
    typer.Option("--exposure", help="How treatment that starts later counts; else from its start."),
]
ScaleOption = Annotated[
    str,
    typer.Option("--scale", help="Marker as altered or not (binary), or as a number: per unit, per SD, per doubling."),
]
Strata = Annotated[str, typer.Option(help="Strata, comma-separated.")]
Output = Annotated[Path | None, typer.Option("-o", "--output", help="Write here instead of to the terminal.")]
MappingFile = Annotated[
    Path | None, typer.Option("--mapping", help="TOML that maps a registry's file (see init-mapping).")
]
MinCell = Annotated[
    int | None,
    typer.Option("--min-cell", min=0, help="Withhold counts of 1 to N - 1; the mapping's min_cell if not given."),
]
_NAMES = typer.Option(help="By any of its names, such as HER2 or ERBB2; see tamoxres markers.")
Marker = Annotated[str | None, _NAMES]
OneMarker = Annotated[str, _NAMES]


def split(text: str) -> tuple[str, ...]:
    """Split a comma-separated option."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def numbers_in(text: str) -> tuple[float, ...] | None:
    """Read comma-separated numbers as files have them (`files.numbers`); None where a part is none."""
    from ..files.numbers import to_number

    values = [to_number(part) for part in split(text)]
    return tuple(value for value in values if value is not None) if None not in values else None
