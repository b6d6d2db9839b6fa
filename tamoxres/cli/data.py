"""Commands about data: which cohorts there are, and whether a file is sound."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from . import show
from .options import DataDir, PlainFormat

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["check", "cohorts"]


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
    cohort: Annotated[str, typer.Argument(help="A catalogue name, or a file of effect rows (CSV or JSON).")],
    data_dir: DataDir = None,
) -> None:
    """Check a cohort against the codebook and count what is unknown; exit 2 when it fails."""
    if cohort.lower().endswith((".csv", ".json")) and Path(cohort).is_file():
        from ..effects import read_effects

        rows = read_effects(cohort)
        kinds = {status: sum(row.status == status for row in rows) for status in sorted({row.status for row in rows})}
        show.say(
            f"{cohort}: {len(rows)} effect rows hold ({', '.join(f'{n} {status}' for status, n in kinds.items())})."
        )
        return
    from ..cohorts.catalogue import load

    loaded = load(cohort, data_dir=data_dir)
    show.table(_unknowns(loaded.patients), f"{loaded.title}: {loaded.n:,} patients pass the codebook")
    for note in (*loaded.notes, *(f"{code}: {text}" for code, text in loaded.departures.items())):
        show.say(f"- {note}")


def _unknowns(patients: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd

    from ..codebook import column
    from ..wording import percent

    rows = [
        (
            name,
            declared.meaning if (declared := column(str(name))) else "(not in the codebook)",
            int(values.isna().sum()),
            percent(values.isna().mean()),
        )
        for name, values in patients.items()
    ]
    return pd.DataFrame(rows, columns=["column", "meaning", "unknown", "share"])
