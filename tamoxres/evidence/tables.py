"""The two tables of an extraction as text: effects.csv (one row an effect) and studies.csv (one row a study).

Conventions. UTF-8 with a header; lists are joined by `;`. A study is named `First author year`, studies of one author
and year get a letter; without an author it is named by its journal and year, by its PMID, or by the first words of its
title. Studies share patients where they report on one trial, or where a flag `overlaps:ID` or `same_trial_as:ID` says
so, however many steps apart. The columns of `MAY_LACK` came later: tables without them are read as if they were empty.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from ..errors import DataError
from ..files import data_root, read_pinned

__all__ = [
    "EFFECTS", "MAY_LACK", "SHARING", "STUDIES", "Extraction", "Row", "citation", "embedded", "merged",
    "read_tables", "row_flags", "sharing", "split", "study_labels",
]  # fmt: skip

EFFECTS, STUDIES = "effects.csv", "studies.csv"
_SHA256 = {
    EFFECTS: "a5270f9f4d73596b8f5cffa323f0210c0a379087a05fbd7511466ffb08ac34ab",
    STUDIES: "098736f007bedfa7c2c751a1ecf64db7ec22646a6f972f9f94747bcf2be2341e",
}
MAY_LACK = {EFFECTS: ("interaction_p", "printed_as"), STUDIES: ("evidence_kind", "drug", "trial", "note")}
SHARING = ("overlaps", "same_trial_as")  # flags that name a study with the same patients
_TITLE_WORDS = 4
_TRAILING = ("a", "an", "and", "as", "by", "for", "in", "is", "of", "on", "the", "to", "with")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of a table: its cells by column, and the line where it ends."""

    line: int
    cells: Mapping[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells[column]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Extraction:
    """Two tables of one hand.

    Attributes
    ----------
    folder : str
    effects, studies : tuple of Row
    sha256 : str
        Of effects.csv; of both extractions, joined by `;`, where two were merged.
    """

    folder: str
    effects: tuple[Row, ...]
    studies: tuple[Row, ...]
    sha256: str

    def study(self, study_id: str) -> Row:
        """Return the row of a study."""
        return _by_id(self)[study_id]


@cache
def embedded() -> Extraction:
    """Return the tables that come with tamoxres, whose bytes are known."""
    folder = data_root() / "literature"
    effects, studies = (_parse(read_pinned(folder / name, _SHA256[name]), folder / name) for name in (EFFECTS, STUDIES))
    return Extraction(folder=str(folder), effects=effects, studies=studies, sha256=_SHA256[EFFECTS])


def read_tables(folder: str | Path) -> Extraction:
    """Read a user's own tables as they stand; `check_extraction` says what is wrong in them.

    Raises
    ------
    DataError
        If a file is missing, is not UTF-8, has other columns, or a row has too few or too many cells.
    """
    contents = {}
    for name in (EFFECTS, STUDIES):
        path = Path(folder) / name
        if not path.is_file():
            raise DataError(
                f"{path} is missing. An extraction is a folder with {EFFECTS} and {STUDIES}, with the columns of the "
                f"tables in {data_root() / 'literature'}."
            )
        contents[name] = path.read_bytes()
    effects, studies = (_parse(content, Path(folder) / name) for name, content in contents.items())
    _check_columns(effects, studies, Path(folder))
    sha256 = hashlib.sha256(contents[EFFECTS]).hexdigest()
    return Extraction(folder=str(folder), effects=effects, studies=studies, sha256=sha256)


def merged(own: Extraction, base: Extraction) -> Extraction:
    """Add studies to those of another extraction; a study of the same id is replaced with all its rows."""
    replaced = {row["study_id"] for row in own.studies}
    kept = {
        name: tuple(row for row in getattr(base, name) if row["study_id"] not in replaced)
        for name in ("effects", "studies")
    }
    return Extraction(
        folder=own.folder, effects=(*kept["effects"], *own.effects), studies=(*kept["studies"], *own.studies),
        sha256=f"{base.sha256};{own.sha256}",
    )  # fmt: skip


def _parse(content: bytes, path: Path) -> tuple[Row, ...]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise DataError(f"{path} is not UTF-8 text. Save it as CSV (UTF-8).") from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows = []
    try:
        header = next(reader, [])
        lacking = [name for name in MAY_LACK.get(path.name, ()) if name not in header]
        for cells in reader:
            if not any(cells):
                continue
            if len(cells) != len(header):
                raise DataError(
                    f"{path}, line {reader.line_num}: {len(cells)} cells under {len(header)} columns. "
                    "Quote cells that hold a comma."
                )
            told = dict(zip(header, map(str.strip, cells), strict=True))
            rows.append(Row(line=reader.line_num, cells=told | dict.fromkeys(lacking, "")))
    except csv.Error as error:
        raise DataError(f"{path}, line {reader.line_num}: not CSV ({error}).") from None
    if not rows:
        raise DataError(f"{path} holds no rows below its header.")
    return tuple(rows)


def _check_columns(effects: tuple[Row, ...], studies: tuple[Row, ...], folder: Path) -> None:
    for name, rows, known in ((EFFECTS, effects, embedded().effects), (STUDIES, studies, embedded().studies)):
        wanted, found = list(known[0].cells), list(rows[0].cells)
        if lacking := [column for column in wanted if column not in found]:
            raise DataError(
                f"{folder / name} has no column {lacking[0]}. It needs {', '.join(wanted)}; empty cells are allowed."
            )
        if unknown := [column for column in found if column not in wanted]:
            raise DataError(f"{folder / name} has an unknown column {unknown[0]!r}. Use {', '.join(wanted)}.")


def split(cell: str) -> list[str]:
    """Split a `;`-separated cell."""
    return [part for part in cell.split(";") if part]


def row_flags(row: Row) -> list[str]:
    """Return the flags of an effect row, `recalled` among them where its number was not read again."""
    return [*split(row["flags"]), *(["recalled"] if row["verification"] == "recalled" else [])]


@lru_cache(maxsize=4)
def _by_id(extraction: Extraction) -> dict[str, Row]:
    return {row["study_id"]: row for row in extraction.studies}


@lru_cache(maxsize=4)
def study_labels(extraction: Extraction) -> dict[str, str]:
    """Name every study, by id: unique, with a letter where author and year are not."""
    plain = {row["study_id"]: _label(row) for row in extraction.studies}
    names = list(plain.values())
    order = {name: [i for i, label in plain.items() if label == name] for name in set(names)}
    return {i: name + (_letter(order[name].index(i)) if len(order[name]) > 1 else "") for i, name in plain.items()}


def _label(row: Row) -> str:
    if row["first_author"]:
        return f"{row['first_author']} {row['year']}"
    if row["journal"]:
        return f"{row['journal']} {row['year']}"
    if row["pmid"]:
        return f"PMID {row['pmid']} ({row['year']})"
    words = row["title"].split(" (title not seen")[0].split()[:_TITLE_WORDS]
    while words and words[-1].lower() in _TRAILING:
        words.pop()
    named = re.match(r"pmc\d+", row["study_id"])
    start = named.group(0).upper() if named else " ".join(words).rstrip(",:;") or row["study_id"].upper()
    return f"{start} ({row['year']})"


def _letter(i: int) -> str:
    """Return a, b ... z, then aa, ab ..."""
    return (chr(96 + i // 26) if i >= 26 else "") + chr(97 + i % 26)


@lru_cache(maxsize=4)
def sharing(extraction: Extraction) -> dict[str, tuple[str, ...]]:
    """Return the ids of the studies that share patients with each study, by id."""
    groups: dict[str, set[str]] = {row["study_id"]: {row["study_id"]} for row in extraction.studies}
    first_of = {row["trial"]: row["study_id"] for row in reversed(extraction.studies) if row["trial"]}
    for row in (*extraction.studies, *extraction.effects):
        named = [flag.partition(":")[::2] for flag in split(row["flags"])]
        others = [other for kind, other in named if kind in SHARING]
        others += [first_of[trial] for trial in [row.cells.get("trial", "")] if trial]
        for other in others:
            if other in groups:
                union = groups[row["study_id"]] | groups[other]
                groups |= dict.fromkeys(union, union)
    return {i: tuple(sorted(group - {i})) for i, group in groups.items()}


def citation(row: Row) -> str:
    """Write a study as a reference."""
    parts = [f"{row['first_author'] or 'Author unknown'}. {row['title']}. {row['journal']} {row['year']}."]
    parts += [f"PMID {row['pmid']}."] if row["pmid"] else []
    parts += [f"doi:{row['doi']}."] if row["doi"] else []
    return " ".join(parts)
