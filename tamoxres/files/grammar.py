"""The grammar of a TOML file, from the classes that read it: tables, keys, what may stand, what it means, the default.

Conventions: a key is a field of a class, what may stand is its type, and what it means the first sentences of its entry
under Attributes in the docstring of that class. Nothing of it is written twice.
"""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import msgspec

from .toml import expected

__all__ = ["GrammarTable", "Key", "keys_of", "write_markdown", "write_text"]

_WIDTH = 80
_ENTRY = re.compile(r"(?m)^([A-Za-z_][\w, ]*)(?: : [^\n]+)?\n((?:[ \t]+[^\n]*\n?|\n(?=[ \t]))*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One key of a table.

    Attributes
    ----------
    name : str
    may : str
        What may stand there.
    means : str
    default : str
        As TOML writes it; empty where the key is required, or its default is that it is left out.
    required : bool
    """

    name: str
    may: str
    means: str = ""
    default: str = ""
    required: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class GrammarTable:
    """One table of a file.

    Attributes
    ----------
    header : str
        As it is written, such as `[[markers]]`; empty for the top of the file.
    about : str
    keys : tuple of Key
    """

    header: str
    about: str
    keys: tuple[Key, ...]


def keys_of(cls: type[Any], *, without: Iterable[str] = (), also: Sequence[Key] = ()) -> tuple[Key, ...]:
    """Return the keys that a class reads.

    Parameters
    ----------
    cls : class
        A dataclass or a Struct.
    without : iterable of str
        Fields that are no keys, or are tables of their own.
    also : sequence of Key
        Keys that no field reads, first.

    Examples
    --------
    >>> @dataclass
    ... class Size:
    ...     '''A size.
    ...
    ...     Attributes
    ...     ----------
    ...     width : float
    ...         Of the page.
    ...     '''
    ...     width: float
    ...     unit: str = "mm"
    >>> [(key.name, key.may, key.means, key.default) for key in keys_of(Size)]
    [('width', 'a number', 'Of the page.', ''), ('unit', 'a text', '', '"mm"')]
    """
    info: Any = msgspec.inspect.type_info(cls)
    told, hidden = _told(cls), set(without)  # type: ignore[arg-type]  # mypy doubts that a class is hashable
    own = (
        Key(
            name=one.encode_name, may=expected(one.type, quote='"'), means=told.get(one.name, ""),
            default=_default(one), required=one.required,
        )
        for one in info.fields
        if one.name not in hidden
    )  # fmt: skip
    return (*also, *own)


@cache
def _told(cls: type[Any]) -> dict[str, str]:
    """Read what each field means out of the docstrings of a class and of those that it extends."""
    told: dict[str, str] = {}
    for one in reversed(cls.__mro__):
        _, found, entries = inspect.cleandoc(one.__doc__ or "").partition("Attributes\n----------\n")
        if not found:
            continue
        for entry in _ENTRY.finditer(entries + "\n"):
            means = " ".join(entry[2].split())
            told |= {name.strip(): means for name in entry[1].split(",")}
    return told


def _default(field: Any) -> str:
    value = field.default
    if value in (msgspec.NODEFAULT, None, "", (), 0) and value is not False:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, int | float):
        return f"{value:g}"
    return f"[{', '.join(map(repr, value))}]" if isinstance(value, tuple) else ""


def _after(key: Key) -> str:
    if key.required:
        return "; required"
    return f"; {key.default} if left out" if key.default else ""


def write_text(title: str, tables: Sequence[GrammarTable]) -> str:
    """Write a grammar for a terminal, no line longer than 80."""
    return "\n".join(_lines(title, tables)) + "\n"


def _lines(title: str, tables: Sequence[GrammarTable]) -> Iterator[str]:
    yield from textwrap.wrap(title, _WIDTH)
    for table in tables:
        yield from ("", table.header or "At the top")
        yield from textwrap.wrap(table.about, _WIDTH, break_long_words=False)
        for key in table.keys:
            head = f"  {key.name} = {key.may}{_after(key)}"
            options: dict[str, Any] = {"break_long_words": False, "break_on_hyphens": False}
            yield from textwrap.wrap(head, _WIDTH, subsequent_indent=" " * 6, **options)
            if key.means:
                indent = " " * 6
                yield from textwrap.wrap(key.means, _WIDTH, initial_indent=indent, subsequent_indent=indent, **options)


def write_markdown(title: str, tables: Sequence[GrammarTable]) -> str:
    """Write a grammar as a reference page in Markdown."""
    parts = [title]
    for table in tables:
        rows = [f"| `{k.name}` | {_cell(k.may + _after(k))} | {_cell(k.means)} |" for k in table.keys]
        heading = f"## `{table.header}`" if table.header else "## At the top"
        head = ["| key | what may stand | what it means |", "|---|---|---|"] if rows else []
        parts += ["", heading, "", table.about, *(["", *head, *rows] if rows else [])]
    return "\n".join(parts) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
