"""Commands about data: which cohorts there are, and whether a file is sound."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from ..errors import DataError
from . import show
from .options import DataDir, MappingFile, MinCell, Output, PlainFormat

if TYPE_CHECKING:
    from ..cohorts.check import CheckReport

__all__ = ["cache", "check", "cohorts", "diff", "fetch", "init_mapping", "markers", "overlap"]


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
    cohort: Annotated[
        str, typer.Argument(help="A catalogue name, a file with --mapping, or a file or folder of effects.")
    ],
    mapping: MappingFile = None,
    data_dir: DataDir = None,
    min_cell: MinCell = None,
    format_: Annotated[Literal["text", "html", "json"] | None, typer.Option("--format", help="How to write.")] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Write here: .html, .json, or text of any other ending.")
    ] = None,
) -> None:
    """Check a cohort, a registry's file or effect rows: what is wrong and where, what is unknown, what is odd."""
    from ..cohorts.catalogue import ENTRIES

    rows = Path(cohort).is_dir() or cohort.lower().endswith((".csv", ".json"))
    if mapping is None and rows and cohort.lower() not in ENTRIES:
        _check_rows(Path(cohort))
        return
    from ..cohorts.check import check as check_cohort

    found = check_cohort(cohort, mapping, data_dir=data_dir, min_cell=min_cell)
    ending = {".html": "html", ".htm": "html", ".json": "json"}.get(output.suffix.lower() if output else "", "text")
    form = format_ or ending
    if form == "html":
        show.emit(found.to_html(), output)
    elif form == "json":
        show.emit(found.to_json(), output)
    elif output is not None:
        show.emit(f"{found}\n", output)
    elif found.patients:
        _show_check(found)
    if not found.ok:
        raise DataError("\n".join(found.wrong()))
    if form == "text" or output is not None:
        show.say(f"{found.name} passes the codebook.")


def _show_check(found: CheckReport) -> None:
    """Show the tables of a check, then how the file was read and what is asked; what is wrong is told as the error."""
    from ..cohorts.check_page import WRONG
    from ..wording import count

    show.say(f"{found.name}: {count(found.patients)} patients.\n")
    for table in found.tables():
        if table.title != WRONG:
            show.words(table)
            show.say("")
    for remark in (f"read as: {found.read_as}." if found.read_as else "", *found.remarks):
        if remark:
            show.say(remark)
    for question in found.questions:
        show.say(f"question: {question}")


def _check_rows(path: Path) -> None:
    """Check effect rows, or an extraction of published effects (effects.csv and studies.csv)."""
    from ..evidence import check_extraction, is_extraction
    from ..tables.printed import check_effects

    if is_extraction(path):
        found = check_extraction(path)
        if not found.ok:
            raise DataError(str(found))
        show.say(str(found))
        return
    with show.synonyms():
        report = check_effects(path)
    if not report.sound:
        show.table(report.table().to_frame(), f"{path.name}: printed and derived")
    show.say(str(report))


def init_mapping(
    file: Annotated[
        Path, typer.Argument(help="The registry's file: CSV, TSV, XLSX, ODS, Parquet, Stata, SPSS, SAS or R.")
    ],
    output: Output = None,
) -> None:
    """Write a first mapping from a registry's file, with questions as comments."""
    from ..cohorts.sketch import init_mapping as sketch

    show.emit(sketch(file), output)


def fetch(
    cohort: Annotated[str, typer.Argument(help="Such as metabric; see tamoxres cohorts.")],
    full: Annotated[
        bool, typer.Option("--full", help="The whole study archive, not only the cascade's genes.")
    ] = False,
    from_url: Annotated[str | None, typer.Option("--from", help="A mirror in the place of the publisher.")] = None,
) -> None:
    """Fetch a cohort into the user's cache: resumable, checked by sha256, whole or not at all."""
    from ..cohorts.fetch import fetch as fetch_cohort

    with show.downloads() as progress:
        got = fetch_cohort(cohort, full=full, from_url=from_url, progress=progress)
    show.say(str(got))


def markers(
    cohort: Annotated[
        str | None, typer.Argument(help="A catalogue name, or a file with --mapping; all on disk if not given.")
    ] = None,
    concordance: Annotated[str | None, typer.Option(help="Agreement (kappa) between the rules of this marker.")] = None,
    mapping: MappingFile = None,
    data_dir: DataDir = None,
) -> None:
    """List the rules that call a marker in a cohort: assay, counts, cut, definition."""
    from ..cohorts.catalogue import ENTRIES, load
    from ..cohorts.withheld import refuse_small_cells
    from ..markers.calling import concordance as agreement
    from ..markers.calling import markers_table

    for name in [cohort] if cohort else list(ENTRIES):
        try:
            loaded = load(name, mapping=mapping, data_dir=data_dir)
        except DataError:
            if cohort:
                raise
            continue
        refuse_small_cells(loaded, "the table of markers")
        listed = agreement(loaded, concordance) if concordance else markers_table(loaded)
        if len(listed):
            show.table(listed.round(3), loaded.title)
        else:
            show.say(f"{loaded.title}: no marker in its files.")


def overlap(
    cohorts: Annotated[list[str], typer.Argument(help="Two or more: catalogue names, or a file with --mapping.")],
    mapping: MappingFile = None,
    data_dir: DataDir = None,
    format_: Annotated[PlainFormat, typer.Option("--format", help="How to print.")] = "table",
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Write the shared patients here (CSV).")] = None,
) -> None:
    """Find the patients that cohorts share: declared, by identifier, by clinical fingerprint."""
    import json

    from ..cohorts.catalogue import load
    from ..cohorts.overlap import overlap as compare
    from ..cohorts.withheld import refuse_small_cells

    own = {name: mapping for name in cohorts if Path(name).is_file()}
    loaded = [load(name, mapping=own.get(name), data_dir=data_dir) for name in cohorts]
    found = compare(*(refuse_small_cells(one, "the list of shared patients") for one in loaded))
    if format_ == "json":
        show.emit(json.dumps([pair.row() for pair in found], indent=2) + "\n", None)
    else:
        for pair in found:
            show.say(str(pair))
    if output is not None:
        import pandas as pd

        rows = [(pair.one, pair.other, *patients) for pair in found for patients in pair.pairs]
        columns = ["one", "other", "patient_one", "patient_other"]
        show.emit(pd.DataFrame(rows, columns=columns).to_csv(index=False), output)


def diff(
    old: Annotated[Path, typer.Argument(help="A folder of a cohort's files, a registry's file, or a clinical file.")],
    new: Annotated[Path, typer.Argument(help="The same, of the later release.")],
    cohort: Annotated[str | None, typer.Option(help="Which cohort lies in the folders; else their name.")] = None,
    mapping: MappingFile = None,
) -> None:
    """Say what moved between two releases of a cohort: patients, values, events, hazard ratios."""
    from ..answers.releases import diff as compare
    from ..cohorts.compare import load_release
    from ..cohorts.withheld import refuse_small_cells

    releases = [load_release(place, cohort=cohort, mapping=mapping) for place in (old, new)]
    for release in releases:
        refuse_small_cells(release, "the comparison of releases")
    show.say(str(compare(*releases)))


def cache(action: Annotated[Literal["path", "clear"], typer.Argument(help="Where it is, or empty it.")]) -> None:
    """Show where fetched cohorts lie, or remove them."""
    import shutil

    from ..files import cache_root

    if action == "clear":
        shutil.rmtree(cache_root(), ignore_errors=True)
    show.say(str(cache_root()))
