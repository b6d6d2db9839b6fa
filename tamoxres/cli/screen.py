"""The command that puts a question to every gene."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from ..endpoints import endpoint as steep
from ..errors import QuestionError
from ..vocabulary import Receptor
from . import show
from .options import Adjust, DataDir, MappingFile, Strata, split

if TYPE_CHECKING:
    import pandas as pd

    from ..analysis import AnalysisSet
    from ..scan.matrix import Expression
    from ..scan.result import Screen

__all__ = ["screen"]

Arms = Literal["any", "endocrine", "tamoxifen", "none"]
_FIRST = 20  # genes shown, and looked up in a second cohort
_SHRUNKEN = 100  # genes from which effects are shrunken


def screen(
    cohort: Annotated[str, typer.Argument(help="A catalogue name, or a file with --mapping.")],
    endpoint: Annotated[str, typer.Option(help="A STEEP code.")],
    genes: Annotated[str, typer.Option(help="all, a file with a gene a line, or names with commas between.")] = "all",
    expression: Annotated[Path | None, typer.Option(help="Parquet, CSV or TSV matrix; else the cohort's own.")] = None,
    er: Annotated[Receptor, typer.Option(help="Oestrogen receptor.")] = "positive",
    treatment: Annotated[Arms, typer.Option(help="any: gene x treatment; one arm: the gene alone.")] = "any",
    adjust: Adjust = "",
    strata: Strata = "",
    mapping: MappingFile = None,
    data_dir: DataDir = None,
    jobs: Annotated[int, typer.Option(help="Workers; -1 for one a processor.")] = -1,
    permutations: Annotated[int, typer.Option(help="Permutations for a P that holds for all genes at once.")] = 0,
    replicate: Annotated[
        str | None, typer.Option(metavar="COHORT", help="Look the first genes up in this cohort too.")
    ] = None,
    volcano: Annotated[Path | None, typer.Option(help="Draw a volcano plot here (.png, .svg, .pdf).")] = None,
    manhattan: Annotated[Path | None, typer.Option(help="Draw a Manhattan plot here (.png, .svg, .pdf).")] = None,
    positions: Annotated[
        Path | None, typer.Option(help="CSV or TSV of gene, chromosome, position; else the embedded ones.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="All genes: .parquet (resumes where it was) or .csv.")
    ] = None,
) -> None:
    """Screen every gene: its interaction with treatment, or its hazard ratio within one arm."""
    from ..cohorts.catalogue import load

    _refuse_formats(output, volcano, manhattan)
    questions: dict[str, Any] = {"endpoint": steep(endpoint), "er": er, "treatment": treatment}
    analysis = _patients(load(cohort, mapping=mapping, data_dir=data_dir), questions)
    source = _source(analysis, expression, genes)
    stream = output if output is not None and output.suffix == ".parquet" else None
    found = _screened(analysis, source, split(adjust), split(strata), jobs=jobs, stream=stream)
    table = _with_more(found, source, permutations, jobs)
    _tell(found, table, source if genes == "all" else None)
    if replicate is not None:
        _look_up(found, _patients(load(replicate, data_dir=data_dir), questions), jobs)
    _write(table, output, {"volcano": volcano, "manhattan": manhattan}, positions)


def _refuse_formats(output: Path | None, *pictures: Path | None) -> None:
    """Refuse before the work what could not be written after it."""
    if output is not None and output.suffix not in (".parquet", ".csv"):
        raise QuestionError(f"{output} is neither a .parquet nor a .csv file; name one of these.")
    for path in (output, *pictures):
        if path is not None and not path.parent.is_dir():
            raise QuestionError(f"Folder {path.parent} does not exist; make it first, or write elsewhere.")


def _patients(cohort: Any, questions: dict[str, Any]) -> AnalysisSet:
    from ..analysis import select
    from ..cohorts.withheld import refuse_small_cells

    return select(refuse_small_cells(cohort, "the screen"), **questions)


def _source(analysis: AnalysisSet, expression: Path | None, genes: str) -> Expression:
    """Open the expression matrix, the cohort's own if none is given, narrowed to the genes asked for."""
    from ..files import is_file, read_text
    from ..scan.matrix import open_expression

    own = analysis.cohort.profile("mrna")
    if expression is None and own is None:
        raise QuestionError(
            f"{analysis.cohort.name} holds no mRNA profile here. Fetch one (tamoxres fetch), name its folder "
            "(--data-dir), or give a matrix (--expression)."
        )
    source = own if expression is None else expression
    if genes == "all":
        return open_expression(source)
    wanted = read_text(genes, error=QuestionError).split() if is_file(genes) else list(split(genes))
    return open_expression(source, only=wanted)


def _screened(
    analysis: AnalysisSet,
    source: Expression,
    adjust: tuple[str, ...],
    strata: tuple[str, ...],
    *,
    jobs: int,
    stream: Path | None = None,
) -> Screen:
    """Screen both arms for interactions, or one arm for the genes themselves."""
    from ..scan.screen import ScreenOptions
    from ..scan.screen import screen as scan

    term: Any = "gene:treatment" if analysis.treatment.compares else "gene"
    with show.progress(quiet=False) as progress:
        options = ScreenOptions(jobs=jobs, output=stream, progress=_rated(progress))
        return scan(analysis, source, term=term, adjust=adjust, strata=strata, options=options)


def _rated(progress: show.Progress, what: str = "genes") -> Callable[[int, int], None]:
    """Tell progress with the genes fitted a second."""
    start = time.perf_counter()

    def tell(done: int, total: int) -> None:
        rate = done / max(time.perf_counter() - start, 1e-9)
        progress(done, total, f"{what}, {rate:,.0f} a second")

    return tell


def _with_more(found: Screen, source: Expression, permutations: int, jobs: int) -> pd.DataFrame:
    """Return the table with shrunken effects, where there are genes enough, and P values by permutation."""
    from ..scan.permutation import family_wise
    from ..scan.shrink import shrink_screen

    table = shrink_screen(found) if found.genes >= _SHRUNKEN else found.table
    if not permutations:
        return table
    with show.progress(quiet=False) as progress:
        told = _rated(progress, "permuted genes")
        more = family_wise(found, source, permutations=permutations, seed=1, jobs=jobs, progress=told)
    return table.assign(p_family=more["p_family"])


def _tell(found: Screen, table: pd.DataFrame, whole: Expression | None) -> None:
    """Show the first genes, the cascade's together where all genes were screened, and say what that means."""
    from ..scan.words import readable

    first = table.sort_values("p", kind="stable").head(_FIRST)
    show.table(readable(first, found.model.term), "Genes with the smallest P values")
    sets = None if whole is None else _together(found, whole)
    show.say(str(found.model.analysis.flow))
    for sentence in (*found.reading(sets), *found.model.analysis.cohort.notes):
        show.say(f"- {sentence}")


def _together(found: Screen, whole: Expression) -> pd.DataFrame | None:
    """Show the cascade's gene sets; none where the matrix does not hold them."""
    from ..scan.gene_sets import gene_set_table

    try:
        sets = gene_set_table(found, whole)
    except QuestionError as nothing:
        show.say(str(nothing))
        return None
    show.table(sets.drop(columns=["members", "df"]).round(3), "The cascade's genes together")
    return sets


def _look_up(found: Screen, again: AnalysisSet, jobs: int) -> None:
    """Look the first genes up in a second cohort, adjusted for what it holds of the adjusters."""
    from ..scan.matrix import open_expression
    from ..scan.permutation import replicate
    from ..scan.positions import official_symbols
    from ..scan.words import readable_again, reading_again

    source = open_expression(_source(again, None, "all"))
    top = found.top(_FIRST)["gene"].tolist()
    there = official_symbols(source.genes).isin(official_symbols(top))
    held = [gene for gene, wanted in zip(source.genes, there, strict=True) if wanted]
    name = again.cohort.name
    if not held:
        raise QuestionError(f"{name} holds none of the first {len(top)} genes: {', '.join(top)}.")
    wanted = found.model.adjusted_for
    adjust = tuple(term for term in wanted if _known(again, term))
    second = _screened(again, open_expression(source, only=held), adjust, (), jobs=jobs)
    table = replicate(found, second, genes=top)
    show.table(readable_again(table, found.model.term), f"The same genes in {name}")
    for note in (reading_again(table, name), *again.cohort.notes):
        show.say(f"- {note}")
    if lacking := [term for term in wanted if term not in adjust]:
        show.say(f"- Not adjusted for there, as {name} does not hold it: {', '.join(lacking)}.")


def _known(analysis: AnalysisSet, term: str) -> bool:
    from ..analysis.design import column_of

    name = column_of(term)
    return name in analysis.frame and bool(analysis.frame[name].notna().mean() >= 0.5)


def _write(table: pd.DataFrame, output: Path | None, pictures: dict[str, Path | None], positions: Path | None) -> None:
    from ..wording import guard_formula

    if output is not None and output.suffix == ".csv":
        words = {name: table[name].astype(str).map(guard_formula) for name in ("gene", "flag")}
        show.emit(table.assign(**words).to_csv(index=False, lineterminator="\n"), output)
    if any(pictures.values()):
        from ..figures import volcano as figures
        from ..figures.save import save_figure
        from ..scan.positions import with_positions

        for name, path in pictures.items():
            if path is not None:
                drawn = with_positions(table, positions) if name == "manhattan" else table
                show.say(f"Wrote {save_figure(getattr(figures, name)(drawn), path)}")
