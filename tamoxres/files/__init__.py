"""Where raw data lie, whether they are the bytes we know, and how much of them is read; `writing` is its other half.

Search order for a cohort's file: the data folder the caller names (or `TAMOXRES_DATA`), the user's cache, then the
embedded data: `data_raw/` of a checkout when its pyproject.toml stands beside the package, else `tamoxres/data_raw`
inside the installed package.
"""

from __future__ import annotations

import bz2
import hashlib
import json
import lzma
import os
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..errors import DataError, TamoxresError, cut, shown
from .writing import below, normal_zip, whole_folder, write_whole

__all__ = [
    "LIMITS", "Limits", "cache_root", "data_root", "find_raw", "is_file", "normal_zip", "parse_json", "read_bytes",
    "read_pinned", "read_text", "sha256", "unpack", "whole_folder", "write_whole",
]  # fmt: skip

_PACKAGE = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much is read of any one file, so that a small file cannot ask for all memory.

    Attributes
    ----------
    read : int
        Bytes of the file, or of a server's answer.
    unpacked : int
        Bytes that it unpacks to.
    cells, columns : int
        Of a table.
    fields : int
        Columns of a registry, whose every column is looked at.
    depth : int
        Of lists within lists, or of keys joined by dots.
    text : int
        Bytes of a mapping, a plan or another text that is written by hand.
    download : int
        Bytes of a file that a server sends.
    members : int
        Files in an archive.
    seconds : int
        That a server may take for one answer.
    ratio : int
        How many times its own size a packed file may unpack to, once that is more than 64 MB.
    """

    read: int = 2 * 2**30
    unpacked: int = 2 * 2**30
    cells: int = 200_000_000
    columns: int = 2_000_000
    fields: int = 10_000
    depth: int = 200
    text: int = 2**20
    download: int = 8 * 2**30
    members: int = 100_000
    seconds: int = 900
    ratio: int = 250

    def unpacking(self, size: int) -> Limits:
        """Return the limits of what a packed file of so many bytes may unpack to."""
        return replace(self, unpacked=min(self.unpacked, max(_SMALL, self.ratio * size)))

    def check(self, kind: str, amount: float, name: str) -> None:
        """Refuse a file that goes beyond a limit.

        Parameters
        ----------
        kind : str
            Name of the limit, such as `cells`.
        amount : float
            What the file holds, or holds at least.
        name : str
            Of the file, for the message.

        Raises
        ------
        DataError
            Naming the file, the limit and what to do.

        Examples
        --------
        >>> Limits(cells=100).check("cells", 100, "registry.csv")
        """
        if amount > (most := getattr(self, kind)):
            raise DataError(
                f"{cut(name, 200)} holds more than {most:,} {_WHAT[kind]}, the most that is read of one file. "
                f"{_MENDS.get(kind, 'Keep the columns and rows that are needed, or write it as Parquet.')}"
            )


_WHAT = {
    "read": "bytes", "unpacked": "bytes when unpacked", "cells": "cells", "columns": "columns", "fields": "columns",
    "depth": "lists within lists", "text": "bytes", "download": "bytes", "members": "files",
    "seconds": "seconds of waiting",
}  # fmt: skip
_MENDS = {
    "fields": "Keep those that are needed.", "depth": "Write it flat.", "text": "Is it the right file? Name another.",
    "members": "Do not use this archive.", "seconds": "Try again later, or give --from another address.",
}  # fmt: skip
LIMITS = Limits()
_CHUNK, _SMALL = 2**20, 64 * 2**20
_PACKED: dict[bytes, tuple[str, Callable[[], Any]]] = {
    b"\x1f\x8b": ("gzip", lambda: zlib.decompressobj(wbits=31)), b"BZ": ("bzip2", bz2.BZ2Decompressor),
    b"\xfd7": ("xz", lambda: lzma.LZMADecompressor(memlimit=2**30)),
}  # fmt: skip


def read_bytes(path: Path, limits: Limits | None = None) -> bytes:
    """Read a file whole.

    Raises
    ------
    DataError
        If it cannot be read, or is larger than the limit.
    """
    try:
        (limits or LIMITS).check("read", path.stat().st_size, path.name)
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}. Name a file that can.") from None


def is_file(path: str | Path) -> bool:
    """Whether a text names a file; one that no system can hold as a name does not."""
    try:
        return Path(path).is_file()
    except (OSError, ValueError):
        return False


def read_text(path: str | Path, *, error: type[TamoxresError] = DataError, limits: Limits | None = None) -> str:
    """Read a text that is written by hand: a mapping, a plan, a list of genes, a draft.

    Raises
    ------
    TamoxresError
        If it is no file, cannot be read, is not UTF-8, or is larger than such a text is.
    """
    file = Path(path)
    if not file.is_file():
        raise error(f"{file} does not exist. Name an existing file.")
    (limits or LIMITS).check("text", file.stat().st_size, file.name)
    try:
        return read_bytes(file).decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        raise error(f"{file.name} is not UTF-8 text (byte {fault.start}). Save it as UTF-8.") from None


_LONGEST_NUMBER = 400


def parse_json(text: str | bytes, name: str, *, error: type[TamoxresError] = DataError) -> Any:
    """Read JSON that others wrote: no nesting without end, no numbers of thousands of digits.

    Parameters
    ----------
    text : str or bytes
    name : str
        Of the file or address, for the message.
    error : class
        Of the error that is raised.

    Raises
    ------
    TamoxresError
        If it is not JSON, or nested deeper than any reader needs.

    Examples
    --------
    >>> parse_json('{"a": 1}', "a.json")
    {'a': 1}
    """
    try:
        return json.loads(text, parse_int=_whole)
    except json.JSONDecodeError as fault:
        raise error(f"{name}, line {fault.lineno}: not JSON ({fault.msg}).") from None
    except UnicodeDecodeError:
        raise error(f"{name} is not UTF-8 text. Save it as UTF-8.") from None
    except RecursionError:
        raise error(f"{name} is nested too deep. Write it flat.") from None
    except _TooLongError as fault:
        raise error(f"{name}: {shown(fault.args[0])} is not a number.", mend="It has too many digits.") from None


class _TooLongError(Exception):
    """A number of more digits than any number has."""


def _whole(digits: str) -> int:
    if len(digits) > _LONGEST_NUMBER:
        raise _TooLongError(digits)
    return int(digits)


def unpack(content: bytes, name: str, limits: Limits | None = None, *, says: str = "") -> bytes:
    """Unpack gzip, bzip2 or xz, whichever its first bytes tell; anything else comes back as it is.

    Parameters
    ----------
    content : bytes
    name : str
        Of the file, for the message.
    limits : Limits, optional
        Those of the package if None.
    says : str
        What the message says of damaged content; that it cannot be unpacked if empty.

    Raises
    ------
    DataError
        If the content is damaged or cut short, or unpacks to more than the limit.
    """
    if content[:2] not in _PACKED:
        return content
    kind, opener = _PACKED[content[:2]]
    most = (limits or LIMITS).unpacking(len(content))
    parts: list[bytes] = []
    size, rest = 0, content
    try:
        while rest:  # a file may hold several packed parts one after the other
            machine = opener()
            for part in _unpacked(machine, rest):
                size += len(part)
                most.check("unpacked", size, name)
                parts.append(part)
            if not machine.eof:
                raise EOFError("it ends too early")
            rest = machine.unused_data.lstrip(b"\0")
    except (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError, MemoryError) as error:
        what = str(error).rstrip(".") or type(error).__name__
        raise DataError(
            f"{name} {says or f'cannot be unpacked as {kind}'} ({what}).", mend="Download or compress it anew."
        ) from None
    return b"".join(parts)


def _unpacked(machine: Any, content: bytes) -> Iterator[bytes]:
    """Yield what a decompressor makes of a content, a piece at a time."""
    if not hasattr(machine, "unconsumed_tail"):
        yield machine.decompress(content, _CHUNK)
        while not machine.eof and not machine.needs_input:
            yield machine.decompress(b"", _CHUNK)
        return
    while content and not machine.eof:
        yield machine.decompress(content, _CHUNK)
        content = machine.unconsumed_tail


def data_root() -> Path:
    """Return the folder of the embedded data: the checkout's, else the installed package's."""
    checkout = _PACKAGE.parent
    if (checkout / "pyproject.toml").is_file() and (checkout / "data_raw").is_dir():
        return checkout / "data_raw"
    return _PACKAGE / "data_raw"


def cache_root() -> Path:
    """Return the user's cache folder, where fetched cohorts lie (it need not exist)."""
    from platformdirs import user_cache_path

    return user_cache_path("tamoxres", appauthor=False)


def find_raw(cohort: str, name: str, data_dir: str | Path | None = None) -> Path | None:
    """Find a cohort's raw file in the caller's data folder, the cache or the embedded data.

    Parameters
    ----------
    cohort : str
        Folder name, such as `metabric`.
    name : str
        The publisher's file name.
    data_dir : path, optional
        Searched first; the environment variable `TAMOXRES_DATA` stands in when it is not given.

    Returns
    -------
    Path or None
        None if the file is nowhere.
    """
    named = data_dir if data_dir is not None else os.environ.get("TAMOXRES_DATA") or None
    if named is not None and not Path(named).is_dir():
        raise DataError(f"Data folder {named} does not exist. Give --data-dir (or TAMOXRES_DATA) an existing folder.")
    roots = [Path(named)] if named is not None else []
    roots += [cache_root(), data_root()]
    candidates = [below(folder, name) for root in roots for folder in (below(root, cohort), root)]
    return next((path for path in candidates if path.is_file()), None)


def sha256(path: str | Path) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal."""
    with Path(path).open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def read_pinned(path: Path, expected: str) -> bytes:
    """Read a file whose bytes are known, and refuse any others.

    Raises
    ------
    DataError
        If the file is missing, or its SHA-256 differs from `expected`.
    """
    if not path.is_file():
        raise DataError(
            f"{path} is missing. Reinstall tamoxres, or restore the file from its source (see README beside it)."
        )
    content = path.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != expected:
        raise DataError(
            f"{path} is not the file we know: sha256 {found[:12]}..., expected {expected[:12]}... "
            f"({len(content):,} bytes). It was altered or truncated; restore it from its source (see README beside it)."
        )
    return content
