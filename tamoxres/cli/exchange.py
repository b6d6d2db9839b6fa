"""Commands that bring effect rows and references in and out: CSV, JSON, Excel, RevMan, RIS, BibTeX."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import QuestionError
from . import show
from .evidence import Merge, OwnTables
from .options import Marker, Output

if TYPE_CHECKING:
    from ..effects import EffectEstimate

__all__ = ["convert", "references"]

_REVMAN = (".rm5", ".zip")
In = Annotated[
    list[Path], typer.Argument(help="Effect rows: .csv, .json, .xlsx; or RevMan's .rm5, .zip, ...-data-rows.csv.")
]
Out = Annotated[Path, typer.Option("-o", "--output", help="A .csv, .json, .xlsx, .rm5 or .zip file.")]
OneAnalysis = Annotated[str | None, typer.Option(help="Of a RevMan file, only this analysis, such as 1.2.")]
ItsEndpoint = Annotated[str | None, typer.Option(help="Of a RevMan file, what the outcome is, such as OS.")]
Library = Annotated[
    Path | None, typer.Option("--references", help="A .ris or .bib file that names the studies, by id, DOI or PMID.")
]


def convert(
    files: In, output: Out, analysis: OneAnalysis = None, endpoint: ItsEndpoint = None, library: Library = None
) -> None:
    """Turn effect rows from one format into another; what cannot be read is named."""
    rows = [row for file in files for row in _read(file, analysis, endpoint)]
    if library is not None:
        from ..evidence.references import cite, read_references

        before, rows = rows, cite(rows, read_references(library))
        show.complain(
            f"{sum(a != b for a, b in zip(before, rows, strict=True))} of {len(rows)} rows named by {library}."
        )
    from ..files import write_whole

    show.say(f"Wrote {write_whole(output, _written(rows, output))} ({len(rows)} rows)")


def _read(file: Path, analysis: str | None, endpoint: str | None) -> list[EffectEstimate]:
    if file.suffix.lower() in _REVMAN or file.name.endswith("-data-rows.csv"):
        from ..evidence.revman import read_revman

        found = read_revman(file, analysis=analysis, endpoint=endpoint)
        for reason in found.left_out:
            show.complain(f"{file}: left out: {reason}")
        return list(found.effects)
    if analysis or endpoint:
        raise QuestionError(f"--analysis and --endpoint are about files of RevMan; {file} is none.")
    from .evidence import read_rows

    return read_rows([file])


def _written(rows: list[EffectEstimate], output: Path) -> bytes | str:
    from ..effects import effects_to_csv, effects_to_json, effects_to_xlsx
    from ..evidence.revman import revman_bytes

    ending = output.suffix.lower()
    if ending in _REVMAN:
        return revman_bytes(rows, ending)
    writers: dict[str, Callable[..., bytes | str]] = {
        ".csv": effects_to_csv, ".json": effects_to_json, ".xlsx": effects_to_xlsx,
    }  # fmt: skip
    if ending not in writers:
        raise QuestionError(f"Cannot write {output}. Name a .csv, .json, .xlsx, .rm5 or .zip file.")
    return writers[ending](rows)


def references(marker: Marker = None, data: OwnTables = None, merge: Merge = False, output: Output = None) -> None:
    """Write the studies of the evidence tables as references: RIS (.ris) or BibTeX (.bib; on the terminal too)."""
    from ..evidence.references import references as known
    from ..evidence.references import references_text

    found = known(marker=marker, data=data, merge=merge)
    show.emit(references_text(found, ".bib" if output is None else output.suffix), output)
