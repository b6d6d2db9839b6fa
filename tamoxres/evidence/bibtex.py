r"""BibTeX: entries of fields in braces, quotes or bare, as text.

Conventions: nothing is run; of LaTeX, accents, a few letters (`\o`, `\ss`, `\ae` ...) and escaped marks become text,
and braces go. `@string` names are put in where they are used, `@comment` and `@preamble` passed over. A title is
written in double braces, which keep its capitals; marks that LaTeX would run are escaped.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping

from ..errors import DataError, cut
from .reference import Reference, plain_doi

__all__ = ["parse_bibtex", "write_bibtex"]

_ESCAPED = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"} | {
    mark: f"\\{mark}" for mark in "{}&%$#_"
}
_ACCENTS = {"`": "\u0300", "'": "\u0301", "^": "\u0302", "~": "\u0303", '"': "\u0308", "r": "\u030a", "v": "\u030c",
            "c": "\u0327", "H": "\u030b", "=": "\u0304", ".": "\u0307", "u": "\u0306", "k": "\u0328"}  # fmt: skip
_LETTERS = {"aa": "å", "AA": "Å", "ae": "æ", "AE": "Æ", "o": "ø", "O": "Ø", "ss": "ß", "l": "ł", "L": "Ł", "oe": "œ",
            "OE": "Œ", "i": "i", "j": "j", "textbackslash": "\\", "textasciitilde": "~",
            "textasciicircum": "^"}  # fmt: skip
_ACCENT = re.compile(r"\\(?:([`'^~\"=.])\s*|([rvcHuk])(?=[\s{])\s*)(?:\{\s*\\?([A-Za-z])\s*\}|\\?([A-Za-z]))")
_LETTER = re.compile(rf"\\({'|'.join(sorted(_LETTERS, key=len, reverse=True))})(?:\s*\{{\}}|(?![A-Za-z])\s?)")
_MARK = re.compile(r"\\([{}&%$#_])")
_START = re.compile(r"@\s*([A-Za-z]+)\s*([{(])\s*")
_NAME = re.compile(r"\s*([^\s=,{}()\"#]+)\s*=\s*")
_BARE = re.compile(r"[^\s,#{}()\"=]+")
_JOIN = re.compile(r"\s*#\s*")
_KEPT = "\ue000\ue001"  # braces that are marks, while the others go
_PMID = re.compile(r"[1-9][0-9]{0,8}")


def write_bibtex(given: Iterable[Reference]) -> str:
    """Write references as BibTeX, UTF-8."""
    return "\n".join(_entry(one) for one in given)


def _entry(one: Reference) -> str:
    authors = [*map(_author, one.authors), *(["others"] if one.more_authors else [])]
    fields = {
        "author": " and ".join(authors), "title": f"{{{_escaped(one.title)}}}" if one.title else "",
        "journal": _escaped(one.journal), "year": str(one.year or ""), "doi": _escaped(plain_doi(one.doi)),
        "pmid": one.pmid,
    }  # fmt: skip
    told = "".join(f"  {name} = {{{value}}},\n" for name, value in fields.items() if value)
    return f"@article{{{re.sub(r'[^A-Za-z0-9_:./+-]', '_', one.key)},\n{told}}}\n"


def _author(name: str) -> str:
    """Write a name; one of several words without a comma stands in braces, which keep it whole."""
    return f"{{{_escaped(name)}}}" if " " in name and "," not in name else _escaped(name)


def _escaped(text: str) -> str:
    return "".join(_ESCAPED.get(mark, mark) for mark in text)


def parse_bibtex(content: str, name: str) -> tuple[Reference, ...]:
    r"""Read the references of a BibTeX text.

    Raises
    ------
    DataError
        If an entry does not end.

    Examples
    --------
    >>> text = r'@article{k, author = {St{\aa}l, Olle and others}, title = "{ErbB2}", year = 2000}'
    >>> one = parse_bibtex(text, "a.bib")[0]
    >>> one.authors, one.more_authors, one.title, one.year
    (('Stål, Olle',), True, 'ErbB2', 2000)
    """
    macros: dict[str, str] = {}
    out: list[Reference] = []
    for kind, body in _entries(content, name):
        if kind == "string":
            macros |= {key.casefold(): value for key, value in _fields(body, macros)}
        elif kind not in ("comment", "preamble"):
            key, _, rest = body.partition(",")
            out.append(_reference(cut(key.strip(), 200) or f"{name}:{len(out) + 1}", dict(_fields(rest, macros))))
    return tuple(out)


def _entries(content: str, name: str) -> Iterator[tuple[str, str]]:
    """Yield each entry's kind and what stands between its braces."""
    at = 0
    while found := _START.search(content, at):
        end = _end(content, found.end(), found[2])
        if end < 0:
            raise DataError(f"{name}: the entry {cut(found[0].strip(), 40)!r} does not end. Close its brace.")
        yield found[1].casefold(), content[found.end() : end]
        at = end + 1


def _end(text: str, at: int, opened: str) -> int:
    """Return where the brace (or bracket) that was opened before a place is closed; -1 where it is not."""
    depth, closing = 0, {"{": "}", "(": ")"}[opened]
    quoted = False
    for i in range(at, len(text)):
        mark = text[i]
        if mark in '{}"' and text[i - 1] == "\\":
            continue
        quoted ^= mark == '"' and depth == 0 and opened == "("
        if quoted:
            continue
        if mark == closing and depth == 0:
            return i
        depth += (mark == "{") - (mark == "}")
    return -1


def _fields(body: str, macros: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield the fields of an entry, values as LaTeX wrote them."""
    at = 0
    while found := _NAME.search(body, at):
        parts, at = [], found.end()
        while True:
            part, at = _value(body, at, macros)
            parts.append(part)
            if not (join := _JOIN.match(body, at)):
                break
            at = join.end()
        yield found[1].casefold(), "".join(parts)
        at = max(at, found.end())


def _value(body: str, at: int, macros: Mapping[str, str]) -> tuple[str, int]:
    if body[at : at + 1] == "{":
        end = _end(body, at + 1, "{")
        return (body[at + 1 : end], end + 1) if end >= 0 else (body[at + 1 :], len(body))
    if body[at : at + 1] == '"':
        depth = 0
        for i in range(at + 1, len(body)):
            depth += (body[i] == "{") - (body[i] == "}")
            if body[i] == '"' and depth == 0 and body[i - 1] != "\\":
                return body[at + 1 : i], i + 1
        return body[at + 1 :], len(body)
    bare = _BARE.match(body, at)
    return (macros.get(bare[0].casefold(), bare[0]), bare.end()) if bare else ("", at)


def _plain(text: str) -> str:
    """Turn LaTeX into text."""
    text = _MARK.sub(lambda found: _KEPT["{}".index(found[1])] if found[1] in "{}" else found[1], text)
    text = _ACCENT.sub(lambda m: unicodedata.normalize("NFC", (m[3] or m[4]) + _ACCENTS[m[1] or m[2]]), text)
    text = _LETTER.sub(lambda found: _LETTERS[found[1]], text.replace("~", " "))
    text = text.replace("{", "").replace("}", "").replace("--", "–")
    return " ".join(text.replace(_KEPT[0], "{").replace(_KEPT[1], "}").split())


def _reference(key: str, fields: Mapping[str, str]) -> Reference:
    names = _authors(fields.get("author", ""))
    year = re.search(r"(1[5-9]|20|21)[0-9]{2}", fields.get("year", "") or fields.get("date", ""))
    pmid = _plain(fields.get("pmid", ""))
    return Reference(
        key=key, authors=tuple(name for name in names if name != "others"), more_authors="others" in names,
        title=_plain(fields.get("title", "")),
        journal=_plain(fields.get("journal", "") or fields.get("journaltitle", "")),
        year=int(year[0]) if year else None, doi=plain_doi(_plain(fields.get("doi", ""))),
        pmid=pmid if _PMID.fullmatch(pmid) else "",
    )  # fmt: skip


def _authors(field: str) -> list[str]:
    """Part the authors at `and` outside braces; `Given Family` becomes `Family, Given`; a name in braces stays."""
    parts, depth, word = [""], 0, ""
    for word in re.split(r"(\s+)", field):
        if depth == 0 and word == "and":
            parts.append("")
            continue
        depth += word.count("{") - word.count("}")
        parts[-1] += word
    out = []
    for part in map(str.strip, parts):
        written = _plain(part)
        whole = "," in part or part.startswith("{") or " " not in written
        out.append(written if whole else ", ".join(written.rsplit(" ", 1)[::-1]))
    return [one for one in out if one]
