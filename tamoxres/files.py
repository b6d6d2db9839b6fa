"""Where raw data lie, whether they are the bytes we know, how much of them is read, and writing whole or not at all.

Search order for a cohort's file: the data folder the caller names (or `TAMOXRES_DATA`), the user's cache, then the
embedded data: `data_raw/` of a checkout when its pyproject.toml stands beside the package, else `tamoxres/data_raw`
inside the installed package.
"""

from __future__ import annotations

import bz2
import hashlib
import io
import lzma
import os
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from .errors import DataError, TamoxresError

__all__ = [
    "LIMITS", "Limits", "cache_root", "data_root", "find_raw", "normal_zip", "read_bytes", "read_pinned", "sha256",
    "unpack", "whole_folder", "write_whole",
]  # fmt: skip

_PACKAGE = Path(__file__).resolve().parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much is read of any one file, so that a small file cannot ask for all memory.

    Attributes
    ----------
    read : int
        Bytes of the file.
    unpacked : int
        Bytes that it unpacks to.
    cells, columns : int
        Of a table.
    depth : int
        Of lists within lists.
    ratio : int
        How many times its own size a packed file may unpack to, once that is more than 64 MB.
    """

    read: int = 2 * 2**30
    unpacked: int = 2 * 2**30
    cells: int = 200_000_000
    columns: int = 2_000_000
    depth: int = 200
    ratio: int = 250

    def check(self, kind: str, amount: float, name: str) -> None:
        """Refuse a file that goes beyond a limit.

        Parameters
        ----------
        kind : "read" | "unpacked" | "cells" | "columns" | "depth"
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
            what = {
                "read": "bytes", "unpacked": "bytes when unpacked", "cells": "cells", "columns": "columns",
                "depth": "lists within lists",
            }[kind]  # fmt: skip
            raise DataError(
                f"{name} holds more than {most:,} {what}, the most that is read of one file. "
                "Keep the columns and rows that are needed, or write it as Parquet."
            )


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
    held = limits or LIMITS
    most = replace(held, unpacked=min(held.unpacked, max(_SMALL, held.ratio * len(content))))
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
    candidates = [folder / name for root in [*roots, cache_root(), data_root()] for folder in (root / cohort, root)]
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


def write_whole(path: str | Path, content: bytes | str) -> Path:
    """Write a file whole or not at all: to a temporary neighbour first, then moved into place."""
    target = Path(path)
    if not target.parent.is_dir():
        raise TamoxresError(f"Folder {target.parent} does not exist; make it first, or write elsewhere.")
    if target.is_dir():
        raise TamoxresError(f"{target} is a folder; name a file to write.")
    data = content.encode("utf-8") if isinstance(content, str) else content
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        os.chmod(name, 0o644)
        os.replace(name, target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return target


def normal_zip(content: bytes) -> bytes:
    """Rewrite a zip (a .docx or .xlsx is one) with every time set to 1980-01-01: the same members, the same bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for member in old.infolist():
            timeless = zipfile.ZipInfo(member.filename, (1980, 1, 1, 0, 0, 0))
            new.writestr(timeless, old.read(member), zipfile.ZIP_DEFLATED)
    return out.getvalue()


@contextmanager
def whole_folder(path: str | Path) -> Iterator[Path]:
    """Fill a temporary folder, then put it in the place of `path`; if filling fails, the old folder stays whole.

    An existing folder is only replaced when it is empty or was written by `whole_folder` (it holds `manifest.json`).
    """
    target = Path(path).resolve()
    if target.exists() and not target.is_dir():
        raise TamoxresError(f"{target} is a file; name a folder to write into.")
    if target.is_dir() and any(target.iterdir()) and not (target / "manifest.json").is_file():
        raise TamoxresError(f"{target} holds files that tamoxres did not write; name an empty or a new folder.")
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}."))
    old = fresh.with_name(fresh.name + ".old")
    try:
        yield fresh
        os.chmod(fresh, 0o755)
        if target.exists():
            os.replace(target, old)
        os.replace(fresh, target)
    except BaseException:
        if old.exists() and not target.exists():
            os.replace(old, target)
        raise
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)
