"""The studies as references: out as RIS and BibTeX, in to name the studies of one's own tables.

Conventions: a reference is known by its key (a study's id), its DOI or its PMID, in this order; a DOI is compared in
small letters, without its address. The tables know first authors only, and say so as `and others`. What a table holds
is never written over: a reference fills empty cells alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..effects import EffectEstimate
from ..errors import DataError
from ..files import LIMITS, read_bytes
from ..registry import find
from .bibtex import parse_bibtex, write_bibtex
from .check import open_extraction
from .reference import Reference, plain_doi
from .ris import parse_ris, write_ris
from .tables import Extraction, Row, split

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["cite", "fill_studies", "read_references", "references", "references_text"]

_COLUMNS = {
    "first_author": "family",
    "year": "year",
    "title": "title",
    "journal": "journal",
    "pmid": "pmid",
    "doi": "doi",
}
_MOST = 64 * 2**20  # bytes of a library of references


def references(
    *, marker: str | None = None, data: str | Path | Extraction | None = None, merge: bool = False
) -> tuple[Reference, ...]:
    """Return the studies of the evidence tables as references, as far as the tables know them.

    Parameters
    ----------
    marker : str, optional
        Only studies of this marker.
    data, merge
        As in `literature`.

    Returns
    -------
    tuple of Reference

    Examples
    --------
    >>> first = references(marker="HER2")[0]
    >>> first.key, first.year
    ('de_laurentiis_2005', 2005)
    """
    tables = open_extraction(data, merge=merge)
    named = find(marker).evidence_name if marker else None
    return tuple(_of_study(row) for row in tables.studies if named is None or named in split(row["markers"]))


def _of_study(row: Row) -> Reference:
    return Reference(
        key=row["study_id"], authors=(row["first_author"],) if row["first_author"] else (),
        more_authors=bool(row["first_author"]), title=row["title"], journal=row["journal"],
        year=int(row["year"]) if row["year"] else None, doi=row["doi"], pmid=row["pmid"],
    )  # fmt: skip


def references_text(given: Iterable[Reference], ending: str) -> str:
    """Write references as RIS (`.ris`) or BibTeX (`.bib`).

    Raises
    ------
    DataError
        If the ending is neither.

    Examples
    --------
    >>> print(references_text([Reference(key="a", authors=("Stål, O",), title="ErbB2", year=2000)], ".bib"))
    @article{a,
      author = {Stål, O},
      title = {{ErbB2}},
      year = {2000},
    }
    <BLANKLINE>
    """
    writers = {".ris": write_ris, ".bib": write_bibtex}
    if ending.lower() not in writers:
        raise DataError(f"References are written as .ris or .bib, not as {ending or 'a file without an ending'}.")
    return writers[ending.lower()](given)


def read_references(path: str | Path) -> tuple[Reference, ...]:
    r"""Read references from a RIS or BibTeX file.

    Raises
    ------
    DataError
        If the file is missing, of another ending, not UTF-8, or holds no reference.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "mine.ris"
    ...     _ = file.write_text("TY  - JOUR\nAU  - Berry, D\nPY  - 2000\nDO  - 10.1/x\nER  -\n")
    ...     read_references(file)[0].label
    'Berry 2000'
    """
    source = Path(path)
    parse = {".ris": parse_ris, ".bib": parse_bibtex}.get(source.suffix.lower())
    if parse is None or not source.is_file():
        raise DataError(f"{source} is no .ris or .bib file that exists. Name one.")
    replace(LIMITS, read=_MOST).check("read", source.stat().st_size, source.name)
    try:
        found = parse(read_bytes(source).decode("utf-8-sig"), source.name)
    except UnicodeDecodeError:
        raise DataError(f"{source.name} is not UTF-8 text. Export it as UTF-8.") from None
    if not found:
        raise DataError(f"{source.name} holds no reference. Is it RIS (.ris) or BibTeX (.bib)?")
    return found


class _Shelf:
    """References by key, DOI and PMID; what two references share finds neither."""

    def __init__(self, given: Iterable[Reference]) -> None:
        self.by: dict[tuple[str, str], Reference | None] = {}
        for one in given:
            for place in (("key", one.key), ("doi", plain_doi(one.doi)), ("pmid", one.pmid)):
                if place[1]:
                    self.by[place] = None if place in self.by and self.by[place] != one else one

    def find(self, *places: tuple[str, str]) -> Reference | None:
        """Return the reference of the first of these that is known."""
        return next((found for place in places if place[1] and (found := self.by.get(place)) is not None), None)


def cite(rows: Iterable[EffectEstimate], given: Iterable[Reference]) -> list[EffectEstimate]:
    """Name the studies of effect rows by references: label, year and source, where the rows do not tell them.

    Parameters
    ----------
    rows : iterable of EffectEstimate
        `study` is a reference's key, its DOI or its PMID.
    given : iterable of Reference

    Returns
    -------
    list of EffectEstimate
        In their order; rows that no reference is of are as they were.

    Examples
    --------
    >>> row = EffectEstimate.from_ci(0.54, 0.36, 0.81, study="10.1/x")
    >>> cite([row], [Reference(key="a", authors=("Knoop",), year=2014, doi="10.1/X")])[0].label
    'Knoop 2014'
    """
    shelf = _Shelf(given)
    return [
        _cited(row, shelf.find(("key", row.study), ("doi", plain_doi(row.study)), ("pmid", row.study))) for row in rows
    ]


def _cited(row: EffectEstimate, found: Reference | None) -> EffectEstimate:
    if found is None:
        return row
    label = found.label if row.label in ("", row.study) and found.label else row.label
    return replace(row, label=label, year=row.year or found.year, source=row.source or str(found))


def fill_studies(studies: pd.DataFrame, given: Iterable[Reference]) -> pd.DataFrame:
    """Fill the empty cells of a table of studies from references, found by id, DOI or PMID.

    Parameters
    ----------
    studies : DataFrame
        With `study_id`, and any of first_author, year, title, journal, pmid, doi.
    given : iterable of Reference

    Returns
    -------
    DataFrame
        A copy; the columns that can be filled and are lacking are added. `pmid` and `year` are texts.

    Raises
    ------
    DataError
        If there is no column `study_id`.

    Examples
    --------
    >>> import pandas as pd
    >>> mine = pd.DataFrame({"study_id": ["a"], "doi": ["https://doi.org/10.1/X"]})
    >>> fill_studies(mine, [Reference(key="z", authors=("Knoop",), year=2014, doi="10.1/x", pmid="7")]).iloc[0].tolist()
    ['a', 'https://doi.org/10.1/X', 'Knoop', '2014', '', '', '7']
    """
    if "study_id" not in studies.columns:
        raise DataError(f"The table has no column study_id; found {', '.join(map(str, studies.columns))}.")
    out, shelf = studies.copy(), _Shelf(given)
    for column in _COLUMNS:
        out[column] = out[column].map(_text) if column in out else ""
    rows = out[["study_id", *_COLUMNS]].astype(str).to_dict("records")
    found = [
        shelf.find(("key", row["study_id"]), ("doi", plain_doi(row["doi"])), ("pmid", row["pmid"])) for row in rows
    ]
    for column, name in _COLUMNS.items():
        out[column] = [row[column] or _text(getattr(one, name, "")) for row, one in zip(rows, found, strict=True)]
    return out


def _text(cell: object) -> str:
    """Write a cell as text: nothing where it is unknown, a year or a PMID without decimals."""
    if cell is None or cell != cell:  # noqa: PLR0124 not a number
        return ""
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)
