"""Is a user's extraction sound? Every fault with its file, line and column, and what to do.

Cells are checked one by one against the vocabularies of the README beside the embedded tables; then what must fit
together (interval and estimate, events and n, row and study); then whether each row makes an effect.
"""

from __future__ import annotations

import csv
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..effects import doubts
from ..endpoints import PUBLISHED, STEEP
from ..errors import DataError, EffectError
from ..registry.known import evidence_names
from ..vocabulary import RATIO_MEASURES
from .rows import COMPARISONS, WITHOUT_NUMBER, effect_of, interaction_contrast
from .tables import (
    EFFECTS,
    SHARING,
    STUDIES,
    Extraction,
    Row,
    embedded,
    merged,
    read_tables,
    row_flags,
    split,
)

__all__ = ["DIRECTIONS", "SETTINGS", "TIERS", "ExtractionCheck", "check_extraction", "is_extraction", "open_extraction"]

TIERS = ("cell_line", "animal_model", "clinical", "meta_analysis")
SETTINGS = ("adjuvant", "advanced", "neoadjuvant", "in_vitro", "xenograft")
EVIDENCE_KINDS = (
    "randomised_interaction", "randomised_other", "untreated_control_cohort", "treated_only", "response",
    "paired_samples", "mixed_treatment", "inhibitor_added",
)  # fmt: skip
DRUGS = ("tamoxifen", "ai", "mixed_endocrine", "chemo_endocrine", "inhibitor_plus_endocrine", "other", "unknown")
DIRECTIONS = ("resistant", "no_effect", "sensitive", "mixed", "unclear", "prognostic_worse", "prognostic_better")
_MEASURES = (*RATIO_MEASURES, "RD", "RMSTD", "RMTLD", "difference")
CellCheck = Callable[[str], str]


def _given(cell: str) -> str:
    return "" if cell else "is empty; fill it in"


def _choice(*allowed: str) -> CellCheck:
    told = ", ".join(choice for choice in allowed if choice) + (", or empty" if "" in allowed else "")
    return lambda cell: "" if cell in allowed else f"is {cell!r}; use one of {told}"


def _matches(pattern: str, told: str) -> CellCheck:
    return lambda cell: "" if re.fullmatch(pattern, cell) else f"is {cell!r}; {told}"


def _number(cell: str) -> str:
    try:
        return "" if not cell or math.isfinite(float(cell)) else f"is {cell!r}; write a finite number or leave it empty"
    except ValueError:
        return f"is {cell!r}; write a number with a decimal point, or leave it empty"


def _p(cell: str) -> str:
    if problem := _number(cell):
        return problem
    if cell and not 0 < float(cell) <= 1:
        return f"is {cell}; a P is above 0 and at most 1 (for P < 0.001 write 0.001 and the flag p_is_upper_bound)"
    return ""


def _marker(cell: str) -> str:
    return _choice(*evidence_names())(cell)


_COUNT = _matches(r"\d*", "write a whole number, or leave it empty")
_PROOF = _choice("source_text", "recalled")
_EFFECT_CELLS: Mapping[str, CellCheck] = {
    "study_id": _given, "marker": _marker, "marker_state": _given, "comparison": _choice(*COMPARISONS),
    "treatment": _given, "endpoint": _choice(*STEEP, *PUBLISHED), "measure": _choice(*_MEASURES), "estimate": _number,
    "ci_low": _number, "ci_high": _number, "p_value": _p, "n": _COUNT, "events": _COUNT,
    "adjusted": _choice("yes", "no", ""), "verification": _PROOF, "interaction_p": _p,
}  # fmt: skip
_STUDY_CELLS: Mapping[str, CellCheck] = {
    "study_id": _matches(r"[\w-]+", "use letters, digits, _ and -"),
    "year": _matches(r"(19|20)\d\d", "write the year of publication, such as 2014"), "title": _given,
    "pmid": _matches(r"\d*", "write digits alone, or leave it empty"),
    "doi": _matches(r"(10\..+/.+)?", "write it without its address, as 10.1200/JCO.20.03613"),
    "tier": _choice(*TIERS), "design": _given, "setting": _choice(*SETTINGS), "markers": _given,
    "verification": _PROOF, "evidence_kind": _choice(*EVIDENCE_KINDS, ""), "drug": _choice(*DRUGS, ""),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtractionCheck:
    """What was found in an extraction's two tables.

    Attributes
    ----------
    folder : str
    effects, studies : int
        Rows.
    problems : tuple of str
        One sentence each: file, line, column, what is wrong, what to do.
    markers : tuple of (str, int)
        Effect rows by marker.
    with_estimate, test_alone, without_number : int
        Effect rows by what they print.
    questions : tuple of str
        What sound rows leave to ask: an interval that is not symmetric, a P that it denies.
    """

    folder: str
    effects: int
    studies: int
    problems: tuple[str, ...]
    markers: tuple[tuple[str, int], ...] = ()
    with_estimate: int = 0
    test_alone: int = 0
    without_number: int = 0
    questions: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems

    def __str__(self) -> str:
        held = f"{self.folder}: {self.effects} effect rows of {self.studies} studies"
        asked = [f"question: {question}" for question in self.questions]
        if not self.ok:
            return "\n".join([f"{held}; to mend: {len(self.problems)}.", *self.problems, *asked])
        about = ", ".join(f"{marker} {n}" for marker, n in self.markers)
        holds = f"{held} read; questions: {len(asked)}." if asked else f"{held} hold."
        return "\n".join(
            [
                *asked,
                holds,
                f"About {about}; {self.with_estimate} print an estimate, {self.test_alone} a P alone, "
                f"{self.without_number} no number.",
            ]
        )


def is_extraction(path: str | Path) -> bool:
    """Tell an extraction's effects.csv (or its folder) from a file of effect rows, by its header."""
    source = Path(path)
    if source.is_dir():
        return (source / EFFECTS).is_file() and (source / STUDIES).is_file()
    if source.suffix.lower() != ".csv" or not source.is_file():
        return False
    with source.open(encoding="utf-8-sig", errors="replace", newline="") as stream:
        return {"study_id", "comparison"} <= set(next(csv.reader(stream), []))


def check_extraction(path: str | Path) -> ExtractionCheck:
    """Check a user's own evidence tables.

    Parameters
    ----------
    path : path
        The folder of effects.csv and studies.csv, or one of the two files.

    Returns
    -------
    ExtractionCheck

    Raises
    ------
    DataError
        If the files cannot be read as tables with the right columns.

    Examples
    --------
    >>> import tamoxres as tr
    >>> try:
    ...     check_extraction("no_such_folder")
    ... except tr.TamoxresError as error:
    ...     print(type(error).__name__)
    DataError
    """
    source = Path(path)
    extraction = read_tables(source if source.is_dir() else source.parent)
    problems = [*_study_problems(extraction), *_effect_problems(extraction)]
    rows = extraction.effects
    estimates = sum(bool(row["estimate"]) for row in rows)
    tests = sum(bool(row["p_value"] and not row["estimate"]) for row in rows)
    return ExtractionCheck(
        folder=extraction.folder, effects=len(rows), studies=len(extraction.studies), problems=tuple(problems),
        markers=tuple(Counter(row["marker"] for row in rows).items()), with_estimate=estimates, test_alone=tests,
        without_number=len(rows) - estimates - tests,
        questions=tuple(_questions(extraction)) if not problems else (),
    )  # fmt: skip


def _questions(extraction: Extraction) -> Iterator[str]:
    """Say what each row leaves to ask of its own numbers."""
    for row in extraction.effects:
        for doubt in doubts(effect_of(row, extraction)):
            yield f"line {row.line}, {doubt}"


def open_extraction(data: str | Path | Extraction | None, *, merge: bool = False) -> Extraction:
    """Return the embedded tables, or a user's own: sound, and added to the embedded ones if `merge`.

    Raises
    ------
    DataError
        With the first fault of the user's tables.
    """
    if data is None or isinstance(data, Extraction):
        return embedded() if data is None else data
    found = check_extraction(data)
    if not found.ok:
        more = len(found.problems) - 1
        rest = f" ({more} more; `tamoxres check` lists them.)" if more else ""
        raise DataError(f"{found.problems[0]}{rest}")
    own = read_tables(found.folder)
    return merged(own, embedded()) if merge else own


def _cell_problems(row: Row, checks: Mapping[str, CellCheck], where: str) -> Iterator[str]:
    for column, check in checks.items():
        if problem := check(row[column]):
            yield f"{where}, column {column}: {problem}."


def _study_problems(extraction: Extraction) -> Iterator[str]:
    seen: dict[str, int] = {}
    known = _known_studies(extraction)
    for row in extraction.studies:
        where = f"{Path(extraction.folder) / STUDIES}, line {row.line}"
        yield from _cell_problems(row, _STUDY_CELLS, where)
        if row["study_id"] in seen:
            earlier = seen[row["study_id"]]
            yield f"{where}, column study_id: {row['study_id']} stands in line {earlier} too; keep one row a study."
        seen.setdefault(row["study_id"], row.line)
        yield from (f"{where}, column {problem}." for problem in _findings(row))
        yield from (f"{where}, column flags: {problem}." for problem in _sharing_problems(row, known))


def _findings(row: Row) -> Iterator[str]:
    markers = split(row["markers"])
    for marker in markers:
        if marker not in evidence_names():
            yield f"markers: {marker!r} is unknown; use {', '.join(evidence_names())}, joined by ;"
    for finding in split(row["finding_direction"]):
        marker, _, direction = finding.partition(":")
        if marker not in markers or direction not in DIRECTIONS:
            yield (
                f"finding_direction: cannot read {finding!r}; write a marker of the row and its direction, as "
                f"{markers[0] if markers else 'HER2'}:resistant (or {', '.join(DIRECTIONS[1:])})"
            )


def _known_studies(extraction: Extraction) -> set[str]:
    return {row["study_id"] for row in (*extraction.studies, *embedded().studies)}


def _sharing_problems(row: Row, known: Iterable[str]) -> Iterator[str]:
    for flag in split(row["flags"]):
        kind, _, other = flag.partition(":")
        if kind in SHARING and other not in known:
            yield f"{kind} names {other!r}, which is no study_id; name a study of studies.csv"


def _effect_problems(extraction: Extraction) -> Iterator[str]:
    own, known = {row["study_id"] for row in extraction.studies}, _known_studies(extraction)
    seen: dict[tuple[str, ...], int] = {}
    for row in extraction.effects:
        where = f"{Path(extraction.folder) / EFFECTS}, line {row.line}"
        problems = list(_cell_problems(row, _EFFECT_CELLS, where))
        if row["study_id"] and row["study_id"] not in own:
            problems.append(f"{where}, column study_id: {row['study_id']} has no row in {STUDIES}; add one.")
        problems += [f"{where}, column flags: {problem}." for problem in _sharing_problems(row, known)]
        if not problems:
            problems = [f"{where}, column {problem}." for problem in _misfits(row)]
        if not problems and (fault := _no_effect(row, extraction)):
            problems = [f"{where}: {fault}"]
        content = tuple(row.cells.values())
        if content in seen:
            problems.append(f"{where}, column study_id: the same row as line {seen[content]}; keep one.")
        seen.setdefault(content, row.line)
        yield from problems


def _misfits(row: Row) -> Iterator[str]:
    """Say what does not fit together in a row whose cells are sound each."""
    yield from _interval_misfits(row)
    without = [flag for flag in WITHOUT_NUMBER if flag in row_flags(row)]
    if not row["estimate"] and not row["p_value"] and not without:
        yield (
            "estimate: neither an estimate nor a P is given; a row needs one of them, or a flag that tells what is "
            f"reported: {', '.join(WITHOUT_NUMBER)}"
        )
    if without and (row["estimate"] or row["p_value"]):
        yield f"flags: {without[0]} stands beside a number; leave out one of them"
    if row["n"] and row["events"] and int(row["events"]) > int(row["n"]):
        yield f"events: {row['events']} events in {row['n']} patients"
    if row["comparison"] == "interaction_marker_by_treatment" and not interaction_contrast(row["treatment"]):
        yield (
            f"treatment: cannot tell what is compared in {row['treatment']!r}; write it as 'tamoxifen vs none', "
            "'letrozole vs tamoxifen' or 'tamoxifen 5 vs 2 years'"
        )


def _interval_misfits(row: Row) -> Iterator[str]:
    if row["measure"] in RATIO_MEASURES:
        for column in ("estimate", "ci_low", "ci_high"):
            if row[column] and float(row[column]) <= 0:
                yield f"{column}: is {row[column]}; a ratio ({row['measure']}) is above 0"
    if bool(row["ci_low"]) != bool(row["ci_high"]):
        yield f"{'ci_high' if row['ci_low'] else 'ci_low'}: is empty; give both limits or none"
    elif row["ci_low"] and not row["estimate"]:
        yield "estimate: is empty beside an interval; give it too"
    elif row["ci_low"] and not float(row["ci_low"]) <= float(row["estimate"]) <= float(row["ci_high"]):
        yield f"ci_low: the interval {row['ci_low']} to {row['ci_high']} does not hold its estimate {row['estimate']}"
    elif row["ci_low"] and float(row["ci_low"]) == float(row["ci_high"]):
        yield f"ci_low: the interval {row['ci_low']} to {row['ci_high']} has no width, so its standard error would be 0"


def _no_effect(row: Row, extraction: Extraction) -> str:
    try:
        effect_of(row, extraction)
    except EffectError as error:
        return str(error)
    return ""
