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
    from ..scan.matrix import Expression

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
    volcano: Annotated[Path | None, typer.Option(help="Draw a volcano plot here (.png, .svg, .pdf).")] = None,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Parquet file; resumes where it was.")] = None,
) -> None:
    """Screen every gene: its interaction with treatment, or its hazard ratio within one arm."""
    from ..analysis import select
    from ..cohorts.catalogue import load
    from ..scan.gene_sets import gene_set_table
    from ..scan.screen import ScreenOptions
    from ..scan.screen import screen as scan

    loaded = load(cohort, mapping=mapping, data_dir=data_dir)
    analysis = select(loaded, endpoint=steep(endpoint), er=er, treatment=treatment)
    term: Any = "gene:treatment" if treatment == "any" else "gene"
    with show.progress(quiet=False) as progress:
        options = ScreenOptions(jobs=jobs, output=output, progress=lambda done, total: progress(done, total, "genes"))
        source = _source(analysis, expression, genes)
        found = scan(analysis, source, term=term, adjust=split(adjust), strata=split(strata), options=options)
    shown = ["gene", "n", "events", "log_hr", "se", "z", "p", "q", "lrt_p", "flag"]
    show.table(found.top()[shown].round(4), "Genes with the smallest P values")
    if genes == "all":
        show.table(gene_set_table(found, source).round(4), "The pathway's genes together")
    show.say(str(found))
    if volcano is not None:
        from ..figures.save import save_figure
        from ..figures.volcano import volcano as draw

        show.say(f"Wrote {save_figure(draw(found.table), volcano)}")


def _source(analysis: AnalysisSet, expression: Path | None, genes: str) -> Expression:
    """Open the expression matrix, the cohort's own if none is given, narrowed to the genes asked for."""
    from ..scan.matrix import open_expression

    own = next((profile for profile in analysis.cohort.profiles if profile.kind == "mrna"), None)
    if expression is None and own is None:
        raise QuestionError(f"{analysis.cohort.name} holds no mRNA profile. Give a matrix with --expression.")
    source = own if expression is None else expression
    if genes == "all":
        return open_expression(source)
    listed = Path(genes)
    wanted = listed.read_text(encoding="utf-8").split() if listed.is_file() else list(split(genes))
    return open_expression(source, only=wanted)
