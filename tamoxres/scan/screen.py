"""The gene screen: for every gene, whether it modifies the effect of treatment (or is prognostic).

Conventions: one Cox model a gene, `time ~ treatment + adjusters + gene + gene:treatment`, on the patients whose
expression and adjusters are known; the coefficient of interest is the last. Genes go in blocks through joblib, so that
`joblib.parallel_config(backend="dask")` spreads them over a cluster; results do not depend on blocks or workers. q is
Benjamini-Hochberg's over all genes that could be fitted. A screen finds candidates: nothing in it is a claim about a
marker until a second cohort says the same (`replicate`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import numpy as np

from ..analysis import AnalysisSet
from ..cohort import Profile
from ..errors import QuestionError
from ..kernel.batch import Engine
from ..kernel.risksets import Ties
from .blocks import BlockTask, fit_block, lost_block
from .matrix import ArrayMatrix, Expression, FrameMatrix, PickedMatrix, open_expression, reader_of
from .model import ScreenModel, Term, make_model
from .result import Screen
from .spread import Lost, spread
from .store import Store, benjamini_hochberg

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ScreenOptions", "screen"]

Progress = Callable[[int, int], None]
_VALUES = 1 << 23  # of a block


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreenOptions:
    """How a screen is computed; none of it changes a number beyond the 10th digit.

    Attributes
    ----------
    ties : "efron" | "breslow"
        (This one does change numbers.)
    lrt : bool
        Whether to compute the likelihood ratio test of the last term, which takes a second fit.
    engine : "numba" | "numpy"
    block : int, optional
        Genes read and fitted at a time; if None 512 to 2,048 by their number, or fewer in large cohorts (64 MB of
        values).
    jobs : int
        Workers; -1 for one a processor.
    output : path, optional
        A Parquet file to stream to: memory stays flat, and a screen that was stopped goes on where it was.
    progress : function, optional
        Called with the genes done and all genes after every block.

    Examples
    --------
    >>> import tamoxres as tr
    >>> tr.ScreenOptions(jobs=1).ties
    'efron'
    """

    ties: Ties = "efron"
    lrt: bool = True
    engine: Engine = "numba"
    block: int | None = None
    jobs: int = -1
    output: str | Path | None = None
    progress: Progress | None = None

    def __post_init__(self) -> None:
        if self.engine not in get_args(Engine):
            raise QuestionError(f"Unknown engine {self.engine!r}. Use one of {', '.join(get_args(Engine))}.")
        if self.block is not None and self.block < 1:
            raise QuestionError(f"block is {self.block}; it is a number of genes, at least 1.")


def screen(
    analysis: AnalysisSet,
    expression: Expression | Profile | pd.DataFrame | str | Path | None = None,
    *,
    term: Term = "gene:treatment",
    adjust: Sequence[str] = (),
    strata: Sequence[str] = (),
    options: ScreenOptions | None = None,
) -> Screen:
    """Fit one Cox model a gene, for every gene of an expression matrix.

    Parameters
    ----------
    analysis : AnalysisSet
        Selected with `treatment="any"` for an interaction, or within one arm for `term="gene"`.
    expression : Expression, Profile, DataFrame or path, optional
        The matrix (see `open_expression`); the cohort's own mRNA profile if None.
    term : "gene:treatment" | "gene"
        The interaction with treatment, or the gene itself.
    adjust, strata : sequence of str
        Columns of the analysis set.
    options : ScreenOptions, optional

    Returns
    -------
    Screen

    Raises
    ------
    QuestionError
        If a column or the expression is not there, or an interaction is asked of one arm.
    AnalysisError
        If no patient has expression, or the model without genes cannot be estimated.

    References
    ----------
    Royston P, Sauerbrei W 2004, Stat Med 23:2509. Benjamini Y, Hochberg Y 1995, J R Stat Soc B 57:289.

    Examples
    --------
    >>> import tamoxres as tr
    >>> made = tr.simulate(300, truth=tr.Truth(gene_ratio={"GENE0007": 3.0}), genes=20, seed=1)
    >>> both = tr.select(made, endpoint="BCSS", er="any", treatment="any")
    >>> found = tr.screen(both, options=tr.ScreenOptions(jobs=1))
    >>> len(found.table)
    20
    """
    chosen = options or ScreenOptions()
    if term not in get_args(Term):
        raise QuestionError(f"Unknown term {term!r}. Use one of {', '.join(get_args(Term))}.")
    matrix = open_expression(_own_profile(analysis) if expression is None else expression)
    model = make_model(analysis, matrix.patients, term, adjust, strata, chosen.ties)
    chosen = replace(chosen, block=chosen.block or _block_size(len(matrix.patients), len(matrix.genes)))
    if chosen.output is not None:
        return _to_disk(model, matrix, chosen, Path(chosen.output))
    parts = dict(_run(model, matrix, chosen, set()))
    return Screen(model=model, genes=len(matrix.genes), held=_in_memory(parts), path=None)


def _own_profile(analysis: AnalysisSet) -> Profile:
    own = analysis.cohort.profile("mrna")
    if own is None:
        raise QuestionError(f"{analysis.cohort.name} holds no mRNA profile. Give the screen an expression matrix.")
    return own


def _block_size(patients: int, genes: int) -> int:
    """Return how many genes make a block, in sixteens, which is what the kernel fits together.

    At most `_VALUES` values; 512 genes, or up to 2,048 where they still make 64 blocks: sending one costs what fitting
    fifty genes does.
    """
    wanted = min(max(genes // 64, 512), 2048)
    return max(16, min(wanted, _VALUES // max(patients, 1)) // 16 * 16)


def _starts(genes: int, block: int | None) -> list[int]:
    return list(range(0, genes, block or 1))


def _run(
    model: ScreenModel, matrix: Expression, options: ScreenOptions, done: set[int]
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Fit the blocks that are not done, in any order, telling progress."""
    genes = len(matrix.genes)
    block = options.block or 1
    todo = [start for start in _starts(genes, block) if start not in done]
    ready = sum(min(block, genes - start) for start in done)
    tasks = ((_task(model, matrix, start, min(start + block, genes), options),) for start in todo)
    results = spread(fit_block, tasks, options.jobs)
    try:
        for i, columns in results:
            start = todo[i]
            names = matrix.genes[start : start + block]
            ready += len(names)
            if options.progress is not None:
                options.progress(ready, genes)
            yield start, lost_block(names, model.term, columns.why) if isinstance(columns, Lost) else columns
    finally:
        results.close()


def _task(model: ScreenModel, matrix: Expression, start: int, stop: int, options: ScreenOptions) -> BlockTask:
    return BlockTask(
        plan=model.plan, columns=model.columns, term=model.term, genes=matrix.genes[start:stop],
        read=reader_of(matrix, start, stop), engine=options.engine, lrt=options.lrt,
    )  # fmt: skip


def _in_memory(parts: dict[int, dict[str, Any]]) -> pd.DataFrame:
    import pandas as pd

    table = pd.concat([pd.DataFrame(parts[start]) for start in sorted(parts)], ignore_index=True)
    table.insert(list(table).index("p") + 1, "q", benjamini_hochberg(table["p"].to_numpy(float)))
    return table


def _to_disk(model: ScreenModel, matrix: Expression, options: ScreenOptions, path: Path) -> Screen:
    store = Store(path=path, fingerprint=_fingerprint(model, matrix, options))
    done = store.open()
    for start, columns in _run(model, matrix, options, done):
        store.save(start, columns)
    told = {"screen": model.formula, "population": model.analysis.population, "study": model.analysis.cohort.name}
    store.join(_starts(len(matrix.genes), options.block), told)
    return Screen(model=model, genes=len(matrix.genes), held=None, path=path)


def _fingerprint(model: ScreenModel, matrix: Expression, options: ScreenOptions) -> str:
    """Hash everything that a part depends on; for the expression stand size and age of its file, or its end genes."""
    frame = model.analysis.frame
    inner = matrix.inner if isinstance(matrix, PickedMatrix) else matrix
    source = getattr(inner, "path", None)
    stat = Path(source).stat() if source is not None else None
    words = [
        model.formula, options.ties, options.lrt, options.engine, options.block, matrix.genes, matrix.patients,
        list(map(str, frame.index)), None if stat is None else [stat.st_size, stat.st_mtime_ns],
    ]  # fmt: skip
    digest = hashlib.sha256(json.dumps(words).encode())
    arrays = [frame["months"], frame["event"], frame["entry"], model.shared, model.plan.start]
    if isinstance(inner, FrameMatrix | ArrayMatrix) and matrix.genes:
        arrays += [matrix.read(row, row + 1) for row in (0, len(matrix.genes) - 1)]
    for values in arrays:
        digest.update(np.ascontiguousarray(values, dtype=float).tobytes())
    return digest.hexdigest()
