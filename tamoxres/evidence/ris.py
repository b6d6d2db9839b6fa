"""RIS: one tag a line, a reference from TY to ER.

Conventions: written are TY, ID, AU, PY, TI, JO, DO, and the PMID as the accession number AN of the database (DB)
PubMed; lines end as the format has it (CRLF). Read are also A1, Y1, DA, T1, JF, JA, T2; an AN is a PMID where it is
digits alone and no other database is named. A line without a tag goes on with the line before.

References
----------
Research Information Systems, RIS format specifications (2001 and 2011).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from .reference import Reference, plain_doi

__all__ = ["parse_ris", "write_ris"]

_LINE = re.compile(r"([A-Z][A-Z0-9])  ?-(?: (.*))?$")
_BLANKS = re.compile(r"\s+")
_PMID = re.compile(r"[1-9][0-9]{0,8}")
_YEAR = re.compile(r"(1[5-9]|20|21)[0-9]{2}")
_OTHERS = "et al."


def write_ris(given: Iterable[Reference]) -> str:
    """Write references as RIS.

    Examples
    --------
    >>> write_ris([Reference(key="a", authors=("Stål",), year=2000, pmid="11205461")]).splitlines()[:3]
    ['TY  - JOUR', 'ID  - a', 'AU  - Stål']
    """
    return "".join(f"{tag}  - {_flat(value)}".rstrip(" ") + "\r\n" for one in given for tag, value in _tags(one))


def _tags(one: Reference) -> Iterable[tuple[str, str]]:
    yield "TY", "JOUR"
    yield "ID", one.key
    yield from (("AU", name) for name in (*one.authors, *([_OTHERS] if one.more_authors else [])))
    known = {"PY": str(one.year or ""), "TI": one.title, "JO": one.journal, "DO": plain_doi(one.doi), "AN": one.pmid,
             "DB": "PubMed" if one.pmid else ""}  # fmt: skip
    yield from ((tag, value) for tag, value in known.items() if value)
    yield "ER", ""


def _flat(text: str) -> str:
    return _BLANKS.sub(" ", text).strip()


def parse_ris(content: str, name: str) -> tuple[Reference, ...]:
    """Read the references of a RIS text; a reference without a key is named after the file and its place."""
    out: list[Reference] = []
    tags: dict[str, list[str]] = {}
    last = ""
    for line in [*content.splitlines(), "ER  - "]:
        found = _LINE.match(line.rstrip())
        tag = found[1] if found else ""
        if tag in ("TY", "ER") and tags:
            out.append(_reference(tags, f"{name}:{len(out) + 1}"))
            tags = {}
        if tag == "ER" or (not tags and tag != "TY"):
            continue
        if found:
            tags.setdefault(tag, []).append((found[2] or "").strip())
            last = tag
        elif line.strip():
            tags[last][-1] = f"{tags[last][-1]} {line.strip()}"
    return tuple(out)


def _reference(tags: Mapping[str, list[str]], key: str) -> Reference:
    def first(*names: str) -> str:
        return next((_flat(value) for name in names for value in tags.get(name, ()) if value), "")

    authors = tuple(_flat(author) for name in ("AU", "A1") for author in tags.get(name, ()) if author)
    year = _YEAR.search(first("PY", "Y1", "DA"))
    number = first("AN")
    from_pubmed = first("DB").casefold() in ("", "pubmed", "medline")
    return Reference(
        key=first("ID") or key, authors=tuple(one for one in authors if one != _OTHERS),
        more_authors=_OTHERS in authors,
        title=first("TI", "T1"), journal=first("JO", "JF", "T2", "JA"), year=int(year[0]) if year else None,
        doi=plain_doi(first("DO")), pmid=number if from_pubmed and _PMID.fullmatch(number) else "",
    )  # fmt: skip
