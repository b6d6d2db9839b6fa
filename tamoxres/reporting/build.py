"""The report: plan to findings, findings to a page, and everything written whole or not at all.

Two runs of one plan on the same data give the same bytes; what differs between runs (time, duration, paths, command)
stands in manifest.json alone.
"""

from __future__ import annotations

import json
import platform
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import import_module, metadata
from pathlib import Path
from typing import Any

from .. import __version__
from ..cohort import Cohort
from ..cohorts.catalogue import is_file, load
from ..effects import EffectEstimate, effects_to_csv, effects_to_json
from ..errors import QuestionError, TamoxresError
from ..figures.pdf_fonts import open_fonts
from ..figures.save import every_format, figure_bytes
from ..files import sha256, whole_folder, write_whole
from ..files.writing import below
from ..meta.risk_of_bias import RiskOfBias
from ..tables.table import Table
from ..vocabulary import one_or_more
from ..wording import written_as
from .chapters.bias import bias_section, judged_by
from .chapters.checklists import checklists
from .chapters.closing import limits, sources
from .chapters.evidence import literature_section
from .chapters.markers import marker_sections
from .chapters.methods import methods
from .chapters.opening import answer_lines, opening
from .chapters.patients import patients
from .chapters.pooled import every_effect, pooled_section
from .chapters.treatment import treatment
from .chosen import only
from .claims import check_claims
from .gather import Findings, Progress, gather
from .html import page_html
from .page import Answers, Figure, Page, Section, TableBlock
from .plan import Plan, default_plan, read_plan
from .pools import PoolAnswer, pool_all
from .side_by_side import side_by_side
from .sketch_plan import plan_of
from .weigh import published, weigh
from .word import page_docx

__all__ = ["ReportFiles", "report"]

_PACKAGES = (
    "numpy", "scipy", "pandas", "lifelines", "statsmodels", "numba", "matplotlib", "jinja2", "python-docx",
    "XlsxWriter",
)  # fmt: skip
_LATER = ("scipy.optimize", "docx", "jinja2", "xlsxwriter", "matplotlib.backends.backend_svg")
_NARROW = "narrow"
_DPI = 300  # as journals ask
_HASHED = 4  # cohorts whose hashes the first line has room for; Data sources has them all


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFiles:
    """Where the report is, and what it says.

    Attributes
    ----------
    folder, html : Path
    verdict_lines : tuple of str
        One a marker.
    """

    folder: Path
    html: Path
    verdict_lines: tuple[str, ...]


def report(
    *,
    output: str | Path,
    plan: str | Path | Plan | None = None,
    cohorts: str | Path | Cohort | Sequence[str | Path | Cohort] = (),
    markers: str | Sequence[str] = (),
    mapping: str | Path | Mapping[str, Any] | None = None,
    data_dir: str | Path | None = None,
    progress: Progress | None = None,
) -> ReportFiles:
    """Write the report of a plan, or of some cohorts without one, into a folder.

    Parameters
    ----------
    output : path
        Replaced whole if tamoxres wrote it; else new or empty.
    plan : path or Plan, optional
        The review's question, put to the embedded cohorts, if neither a plan nor cohorts are given.
    cohorts : str, path or Cohort, or a sequence of them
        Without a plan: what their columns allow is asked, and labelled exploratory. With a plan they are held for it,
        by name. A file needs `mapping`.
    markers : str or sequence of str
        Of these cohorts; all that each can call if not given.
    mapping : path or mapping, optional
        How the files among `cohorts` are read.
    data_dir : path, optional
        Folder with the publishers' files, searched before the embedded data.
    progress : callable (done, total, what), optional

    Returns
    -------
    ReportFiles

    Raises
    ------
    QuestionError
        If the plan is wrong or asks for what is not there.
    DataError
        If it finds nothing to do, or a file of judgements is wrong.
    TamoxresError
        If the report's own words claim too much, or the folder is not ours to replace.

    Examples
    --------
    >>> import tempfile
    >>> import tamoxres as tr
    >>> made = tr.simulate(400, truth=tr.Truth(scale=60), seed=1)  # these are no patients
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     report(cohorts=made, output=f"{folder}/report").html.name
    'report.html'
    """
    began = time.time()
    open_libraries()
    held = _held(cohorts, mapping, data_dir)
    asked = _plan(plan, held, one_or_more(markers))
    judged = judged_by(asked.bias)
    with whole_folder(output) as folder, written_as(asked.look.style):
        findings = gather(asked, data_dir=data_dir, progress=progress, held=held)
        pools = pool_all(findings)
        page = only(_page(findings, pools, judged), asked.look.sections)
        _refuse_claims(page)
        _write(folder, page, _effects(findings, pools))
        manifest = _manifest(asked, findings, folder, Path(output), began)
        write_whole(folder / "manifest.json", json.dumps(manifest, indent=2, ensure_ascii=False) + "\n")
        lines = tuple(answer_lines(findings))
    target = Path(output)
    return ReportFiles(folder=target, html=target / "report.html", verdict_lines=lines)


def open_libraries() -> None:
    """Load what is used from some point on, so that processes that are forked have it from their start."""
    for name in _LATER:
        import_module(name)
    open_fonts()


def _held(cohorts: Any, mapping: Any, data_dir: str | Path | None) -> dict[str, Cohort]:
    """Load the cohorts that were given; one alone may stand without a list."""
    given = [cohorts] if isinstance(cohorts, str | Path | Cohort) else list(cohorts)
    if mapping is not None and not given:
        raise QuestionError("A mapping belongs to a file.", mend="Name the file as a cohort too.")
    loaded = []
    for one in given:
        own = mapping if not isinstance(one, Cohort) and is_file(one) else None
        loaded.append(one if isinstance(one, Cohort) else load(one, mapping=own, data_dir=data_dir))
    return {cohort.name: cohort for cohort in loaded}


def _plan(plan: str | Path | Plan | None, held: Mapping[str, Cohort], markers: Sequence[str]) -> Plan:
    """Return the plan that was given, else one for the cohorts that were, else the review's."""
    if plan is None:
        return plan_of(held.values(), markers=markers) if held else default_plan()
    if markers:
        raise QuestionError("A plan names its markers itself.", mend="Leave out the plan, or the markers.")
    return plan if isinstance(plan, Plan) else read_plan(plan)


def _page(findings: Findings, pools: list[PoolAnswer], judged: Sequence[RiskOfBias]) -> Page:
    weighed = [weigh(marker) for marker in findings.markers.values()]
    rows = [row for marker in findings.markers.values() for row in published(marker)]
    sections: list[Section | None] = [
        opening(findings, weighed, pools),
        *marker_sections(findings),
        literature_section(weighed),
        pooled_section(findings, pools),
        bias_section(judged, weighed, pools),
        every_effect(findings, pools, rows),
        treatment(findings),
        patients(findings),
        methods(findings),
        limits(findings),
    ]
    kept = [section for section in sections if section is not None]
    kept += [checklists(findings, [section.key for section in kept]), sources(findings)]
    few = len(findings.cohorts) <= _HASHED
    titles = ", ".join(f"{c.title} {c.data_sha256[:8]}" for c in findings.cohorts)
    data = titles if few else f"{len(findings.cohorts)} cohorts, named with their hashes at the end"
    return Page(
        title=findings.plan.title,
        about=f"tamoxres {__version__}. Data: {data}.",
        sections=tuple(kept),
        look=findings.plan.look,
    )


def _effects(findings: Findings, pools: Iterable[PoolAnswer]) -> list[EffectEstimate]:
    """Gather every effect row that the report speaks of, each once."""

    def every() -> Iterator[EffectEstimate]:
        for case in findings.cases:
            yield from case.effects
        for benchmark in findings.benchmarks:
            yield benchmark.effect
        for marker in findings.markers.values():
            yield from published(marker)
        for answer in pools:
            yield from answer.effects
            for pooled in answer.pooled.values():
                yield pooled.to_effect()

    return list({effect.row_id: effect for effect in every()}.values())


def _refuse_claims(page: Page) -> None:
    """Hold the report's own words to the rules that it holds others to."""
    if flags := check_claims(page.sentences()):
        told = "; ".join(str(flag) for flag in flags[:3])
        raise TamoxresError(f"The report would claim more than its data can show: {told}. Reword the plan's texts.")


def _write(folder: Path, page: Page, effects: list[EffectEstimate]) -> None:
    figures = [block for block in page.blocks() if isinstance(block, Figure)]
    tables = {
        block.name if isinstance(block, TableBlock) else "answer": block.table
        for block in page.blocks()
        if isinstance(block, TableBlock | Answers)
    }
    (folder / "figures").mkdir()
    (folder / "tables").mkdir()
    drawn = side_by_side([partial(_drawn, figure) for figure in figures])
    pictures = {figure.name: formats for figure, formats in zip(figures, drawn, strict=True)}
    for name, formats in pictures.items():
        for fmt, content in formats.items():
            if fmt != _NARROW:
                write_whole(below(folder / "figures", f"{name}.{fmt}"), content)
    written: list[Callable[[], None]] = [partial(one, folder, page, pictures) for one in (_document, _html)]
    written += [partial(_table, folder / "tables", name, table) for name, table in tables.items()]
    side_by_side(written)
    write_whole(folder / "effects.csv", effects_to_csv(effects))
    write_whole(folder / "effects.json", effects_to_json(effects))


def _drawn(figure: Figure) -> dict[str, bytes]:
    """Draw a figure in the formats that a report holds, and for narrow screens where it has a drawing of its own."""
    formats = every_format(figure.draw(), dpi=_DPI)
    return formats if figure.narrow is None else {**formats, _NARROW: figure_bytes(figure.narrow(), "svg")}


def _table(folder: Path, name: str, table: Table) -> None:
    """Write a table in the formats that a report holds."""
    for suffix in ("xlsx", "csv", "tex"):
        table.save(below(folder, f"{name}.{suffix}"))


def _document(folder: Path, page: Page, pictures: Mapping[str, Mapping[str, bytes]]) -> None:
    write_whole(folder / "report.docx", page_docx(page, {name: f["png"] for name, f in pictures.items()}))


def _html(folder: Path, page: Page, pictures: Mapping[str, Mapping[str, bytes]]) -> None:
    narrow = {name: formats[_NARROW] for name, formats in pictures.items() if _NARROW in formats}
    write_whole(folder / "report.html", page_html(page, {name: f["svg"] for name, f in pictures.items()}, narrow))


def _manifest(plan: Plan, findings: Findings, folder: Path, output: Path, began: float) -> dict[str, Any]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {
        "tamoxres": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "packages": {name: metadata.version(name) for name in _PACKAGES},
        "seed": plan.seed,
        "plan": plan.as_dict(),
        "data": {c.name: {source.name: source.sha256 for source in c.sources} for c in findings.cohorts},
        "files": {path.relative_to(folder).as_posix(): sha256(path) for path in files},
        "command": sys.argv,
        "output": str(output),
        "written": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "seconds": round(time.time() - began, 1),
    }
