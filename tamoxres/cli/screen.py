"""The command that puts a question to every gene."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from ..endpoints import endpoint as steep
from ..errors import QuestionError
from ..question import Receptor
from . import show
from .options import Adjust, DataDir, MappingFile, Strata, split

if TYPE_CHECKING:
    from ..analysis import AnalysisSet

__all__ = ["screen"]

Arms = Literal["any", "endocrine", "tamoxifen", "none"]


def screen(
    cohort: Annotated[str, typer.Argument(help="A catalogue name, or a file with --mapping.")],
    endpoint: Annotated[str, typer.Option(help="A STEEP code.")],
    genes: Annotated[str, typer.Option(help="all, a file with a gene a line, or names with commas between.")] = "all",
    expression: Annotated[
        Path | None, typer.Option(help="Parquet matrix of expression; else the cohort's own.")
    ] = None,
    er: Annotated[Receptor, typer.Option(help="Oestrogen receptor.")] = "positive",
    treatment: Annotated[Arms, typer.Option(help="any: gene x treatment; one arm: the gene alone.")] = "any",
    adjust: Adjust = "",
    strata: Strata = "",
    mapping: MappingFile = None,
    data_dir: DataDir = None,
    jobs: Annotated[int, typer.Option(help="Workers; -1 for one a processor.")] = -1,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Parquet file; resumes where it was.")] = None,
) -> None:
    """Screen every gene: its interaction with treatment, or its hazard ratio within one arm."""
    from ..analysis import select
    from ..cohorts.catalogue import load
    from ..scan.screen import ScreenOptions
    from ..scan.screen import screen as scan

    loaded = load(cohort, mapping=mapping, data_dir=data_dir)
    analysis = select(loaded, endpoint=steep(endpoint), er=er, treatment=treatment)
    term: Any = "gene:treatment" if treatment == "any" else "gene"
    with show.progress(quiet=False) as progress:
        options = ScreenOptions(jobs=jobs, output=output, progress=lambda done, total: progress(done, total, "genes"))
        source = _chosen(analysis, expression, genes)
        found = scan(analysis, source, term=term, adjust=split(adjust), strata=split(strata), options=options)
    shown = ["gene", "n", "events", "log_hr", "se", "z", "p", "q", "lrt_p", "flag"]
    show.table(found.top()[shown].round(4), "Genes with the smallest P values")
    show.say(str(found))


def _chosen(analysis: AnalysisSet, expression: Path | None, genes: str) -> Any:
    """Return the expression source, narrowed to the genes asked for."""
    if genes == "all":
        return expression
    import pandas as pd

    from ..scan.matrix import open_expression

    own = next((profile for profile in analysis.cohort.profiles if profile.kind == "mrna"), None)
    if expression is None and own is None:
        raise QuestionError(f"{analysis.cohort.name} holds no mRNA profile. Give one with --expression.")
    listed = Path(genes)
    wanted = listed.read_text(encoding="utf-8").split() if listed.is_file() else list(split(genes))
    matrix = open_expression(own if expression is None else expression)
    row = {gene: i for i, gene in enumerate(matrix.genes)}
    missing = [gene for gene in wanted if gene not in row]
    if missing:
        told = f"{len(missing)} of {len(wanted)}"
        raise QuestionError(f"The expression matrix has no gene {missing[0]!r} ({told} missing). Check the names.")
    values = [matrix.read(row[gene], row[gene] + 1)[0] for gene in wanted]
    return pd.DataFrame(values, index=wanted, columns=list(matrix.patients)).T
