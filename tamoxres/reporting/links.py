"""DOIs and PubMed numbers in a text, made into links."""

from __future__ import annotations

import re

from ..wording import unbroken

__all__ = ["address_in", "linked"]

_ADDRESS = re.compile(r"\b(?:doi:\s?(10\.\d{4,9}/[^\s&<>\"]*[^\s&<>\".,;:)\]])|PMID:?\s?(\d{5,9}))")


def linked(text: str) -> str:
    """Escape a text for HTML, and make links of the DOIs and PubMed numbers in it.

    Examples
    --------
    >>> linked("Love 2003. PMID 12560434.")
    'Love 2003. <a href="https://pubmed.ncbi.nlm.nih.gov/12560434/" rel="noreferrer">PMID 12560434</a>.'
    """
    from markupsafe import escape

    return _ADDRESS.sub(
        lambda found: f'<a href="{_where(found)}" rel="noreferrer">{found.group()}</a>', str(escape(unbroken(text)))
    )


def address_in(text: str) -> str:
    """Return the address of the first DOI or PubMed number in a text, or nothing.

    Examples
    --------
    >>> address_in("Berry. J Clin Oncol 2000. doi:10.1200/JCO.2000.18.20.3471.")
    'https://doi.org/10.1200/JCO.2000.18.20.3471'
    """
    found = _ADDRESS.search(text)
    return _where(found) if found else ""


def _where(found: re.Match[str]) -> str:
    doi, pmid = found.groups()
    return f"https://doi.org/{doi}" if doi else f"https://pubmed.ncbi.nlm.nih.gov/{pmid}/"
