"""Commands about data: which cohorts there are, and whether a file is sound."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import DataError
from . import show
from .options import DataDir, MappingFile, Output, PlainFormat

if TYPE_CHECKING:
    import pandas as pd

    from ..cohorts.check import CheckReport

__all__ = ["check", "cohorts", "init_mapping"]


def cohorts(
    format_: Annotated[PlainFormat, typer.Option("--format", help="How to print.")] = "table", data_dir: DataDir = None
) -> None:
    """List the cohorts: patients, endpoints with events, markers, licence, and whether they are on disk."""
    from ..cohorts.catalogue import catalogue

    listed = catalogue(data_dir=data_dir)
    if format_ == "json":
        show.emit(listed.to_json(orient="records", indent=2) + "\n", None)
    else:
        show.table(listed, "Cohorts")


def check(
    cohort: Annotated[str, typer.Argument(help="A catalogue name, a registry's file with --mapping, or effect rows.")],
    mapping: MappingFile = None,
    data_dir: DataDir = None,
) -> None:
    """Check a cohort, a registry's file or effect rows: what is wrong and where, what is unknown."""
    if mapping is None and cohort.lower().endswith((".csv", ".json")) and Path(cohort).is_file():
        from ..effects import read_effects

        rows = read_effects(cohort)
        kinds = Counter(row.status.replace("_", " ") for row in rows)
        told = ", ".join(f"{n} {status}" for status, n in kinds.items())
        show.say(f"{cohort}: {len(rows)} effect rows hold ({told}).")
        return
    from ..cohorts.check import check as check_cohort

    found = check_cohort(cohort, mapping, data_dir=data_dir)
    if found.unknowns:
        show.table(_unknowns(found), f"{found.name}: {found.patients:,} patients")
    for question in found.questions:
        show.say(f"question: {question}")
    if not found.ok:
        raise DataError("\n".join(found.violations))
    show.say(f"{found.name} passes the codebook.")


def _unknowns(found: CheckReport) -> pd.DataFrame:
    import pandas as pd

    from ..codebook import column
    from ..wording import count, percent

    rows = [
        (u.column, declared.meaning if (declared := column(u.column)) else "", count(u.unknown), percent(u.share))
        for u in found.unknowns
    ]
    return pd.DataFrame(rows, columns=["column", "meaning", "unknown", "share"])


def init_mapping(
    file: Annotated[Path, typer.Argument(help="The registry's file: CSV, TSV, Parquet, XLSX, Stata or SAS.")],
    output: Output = None,
) -> None:
    """Write a first mapping from a registry's file, with questions as comments."""
    from ..cohorts.sketch import init_mapping as sketch

    show.emit(sketch(file), output)
