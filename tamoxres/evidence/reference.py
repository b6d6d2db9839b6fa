"""One reference: who published what, where, when, and under which numbers."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["Reference", "plain_doi"]

_ADDRESS = re.compile(r"^\s*(?:https?://(?:dx\.)?doi\.org/|doi:)?\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A reference.

    Attributes
    ----------
    key : str
        Its id: a study's, or that of a library.
    authors : tuple of str
        `Family, Given`, or a family name alone.
    more_authors : bool
        Whether there are others that are not named.
    title, journal : str
    year : int or None
    doi, pmid : str

    Examples
    --------
    >>> one = Reference(key="love_2003", authors=("Love",), more_authors=True, year=2003, pmid="12560434")
    >>> one.label, str(one)
    ('Love 2003', 'Love and others. 2003. PMID 12560434.')
    """

    key: str
    authors: tuple[str, ...] = ()
    more_authors: bool = False
    title: str = ""
    journal: str = ""
    year: int | None = None
    doi: str = ""
    pmid: str = ""

    @property
    def family(self) -> str:
        """Family name of the first author; empty where none is known."""
        return self.authors[0].partition(",")[0].strip() if self.authors else ""

    @property
    def label(self) -> str:
        """Name of the study, such as `Berry 2000`; empty without an author."""
        return f"{self.family} {self.year or ''}".strip() if self.authors else ""

    def __str__(self) -> str:
        authors = "; ".join(self.authors) + (" and others" if self.more_authors else "")
        where = f"{self.journal} {self.year or ''}".strip()
        parts = [authors or "Author unknown", self.title, where]
        told = " ".join(f"{part}." for part in parts if part)
        return (
            told + (f" PMID {self.pmid}." if self.pmid else "") + (f" doi:{plain_doi(self.doi)}." if self.doi else "")
        )


def plain_doi(text: str) -> str:
    """Return a DOI in small letters, without its address.

    Examples
    --------
    >>> plain_doi("https://doi.org/10.1200/JCO.2000.18.20.3471"), plain_doi("doi:10.1/X")
    ('10.1200/jco.2000.18.20.3471', '10.1/x')
    """
    return _ADDRESS.sub("", text, count=1).strip().casefold()
