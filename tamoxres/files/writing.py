"""Writing whole or not at all, and names from elsewhere made into plain file names.

Conventions: content goes to a hidden neighbour (`.tamoxres-...`) and is moved into place when it is complete. The
neighbour is locked while its writer lives, so that the next run can tell what a killed one left, and clears it. A link
is written through, and so is a device or a pipe: neither is ever replaced. Whatever the system says against writing is
one sentence.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import shutil
import stat
import tempfile
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path, PurePosixPath
from typing import Any

from ..errors import TamoxresError, cut

__all__ = ["MANIFEST", "below", "normal_zip", "plain_name", "whole_folder", "writable", "write_whole", "zipped"]

MANIFEST = "manifest.json"
_UNSAFE = re.compile(r"[^\w.+-]+")
_LONGEST = 100  # bytes of a name: file systems hold 255, and endings are added
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?", re.IGNORECASE)
_OWN = ".tamoxres-"
_OLD = ".old"
_LOCKS: Any = import_module("fcntl") if os.name == "posix" else None  # without locks, what a killed run left stays
_PATIENCE = 5.0  # seconds that a pipe may wait for its reader


def plain_name(text: object) -> str:
    """Make a plain file name of any text: no separators, no steps upwards, not hidden, no longer than 100 bytes.

    Parameters
    ----------
    text : object
        A name that a file, a plan or a server gives.

    Returns
    -------
    str
        The text itself where it is plain already; else letters, digits, `.`, `+`, `-` and `_`, and eight digits of a
        hash, so that two names stay two.

    Examples
    --------
    >>> plain_name("impact341"), plain_name("../../.ssh/id")
    ('impact341', 'ssh_id-c1e5a43e')
    """
    given = str(text)
    name = _UNSAFE.sub("_", given).strip("._ ")
    if name == given and len(os.fsencode(name)) <= _LONGEST and name and not _RESERVED.fullmatch(name):
        return name
    digest = hashlib.sha256(given.encode("utf-8", "backslashreplace")).hexdigest()[:8]
    short = name.encode()[: _LONGEST - 9].decode("utf-8", "ignore").strip("._")
    return f"{short}-{digest}" if short else digest


def below(folder: Path, name: str) -> Path:
    """Return the path of a file below a folder, each part of its name made plain; no part leads out of the folder.

    Examples
    --------
    >>> below(Path("cache"), "case_lists/cases_all.txt").as_posix()
    'cache/case_lists/cases_all.txt'
    """
    parts = [part for part in PurePosixPath(name).parts if part not in (".", "/")]
    return folder.joinpath(*map(plain_name, parts or [name]))


@contextmanager
def writable(path: str | Path) -> Iterator[None]:
    """Turn whatever the system says against writing somewhere into one sentence.

    Raises
    ------
    TamoxresError
        In the place of an OSError (read-only, full, name too long ...), or of a path that no system can hold.

    Examples
    --------
    >>> with writable("a.csv"):
    ...     raise OSError(28, "No space left on device")
    Traceback (most recent call last):
    tamoxres.errors.TamoxresError: a.csv cannot be written: No space left on device. Write elsewhere, or make room.
    """
    try:
        yield
    except BrokenPipeError:
        raise
    except (OSError, ValueError) as error:
        what = getattr(error, "strerror", None) or error
        raise TamoxresError(
            f"{cut(str(path), 200)} cannot be written: {cut(str(what), 200)}.", mend="Write elsewhere, or make room."
        ) from None


def write_whole(path: str | Path, content: bytes | str) -> Path:
    """Write a file whole or not at all; a link, a device or a pipe is written through.

    Raises
    ------
    TamoxresError
        If it cannot be written; what stood there before stays.
    """
    data = content.encode("utf-8", "backslashreplace") if isinstance(content, str) else content
    target = Path(path)
    with writable(target):
        kind = _kind(target)
        if kind in ("", "file"):
            if not target.resolve().parent.is_dir():
                raise TamoxresError(f"Folder {target.parent} does not exist; make it first, or write elsewhere.")
            _replace(target.resolve(), data)
        elif kind == "folder":
            raise TamoxresError(f"{target} is a folder; name a file to write.")
        elif kind in ("device", "pipe"):
            _through(target, data, kind)
        else:
            raise TamoxresError(f"{target} is a {kind}; name a file to write.")
    return target


def _kind(path: Path) -> str:
    """Tell what stands at a path, through links; empty where nothing does."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return ""
    kinds = {
        stat.S_IFREG: "file", stat.S_IFDIR: "folder", stat.S_IFCHR: "device", stat.S_IFIFO: "pipe",
        stat.S_IFBLK: "disk", stat.S_IFSOCK: "socket",
    }  # fmt: skip
    return kinds.get(stat.S_IFMT(mode), "thing of no kind that can be written")


def _replace(target: Path, data: bytes) -> None:
    _clear(target)
    handle, name = _fresh_file(target)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.chmod(name, 0o644)
            os.replace(name, target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _through(target: Path, data: bytes, kind: str) -> None:
    """Write into a device or a pipe as it stands; a pipe that nobody reads is not waited for without end."""
    end = time.monotonic() + _PATIENCE
    flags = os.O_WRONLY | getattr(os, "O_NOCTTY", 0)
    while True:
        try:
            handle = os.open(target, flags | (os.O_NONBLOCK if kind == "pipe" else 0))
            break
        except OSError:
            if kind != "pipe" or time.monotonic() > end:
                raise
            time.sleep(0.05)
    if kind == "pipe":
        os.set_blocking(handle, True)
    with os.fdopen(handle, "wb") as stream:
        stream.write(data)


def _stem(target: Path) -> str:
    """Return what the names of hidden neighbours of a target begin with."""
    return f"{_OWN}{hashlib.sha256(os.fsencode(target.name)).hexdigest()[:12]}-"


def _fresh_file(target: Path) -> tuple[int, str]:
    """Make a hidden neighbour, locked as long as it is open."""
    while True:
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=_stem(target))
        if _locked(handle, name):
            return handle, name
        os.close(handle)


def _locked(handle: int, name: str | Path) -> bool:
    """Lock what a handle holds; false if another has it, or it is not what stands at the name any more."""
    if _LOCKS is None:
        return True
    try:
        _LOCKS.flock(handle, _LOCKS.LOCK_EX | _LOCKS.LOCK_NB)
        return os.stat(name).st_ino == os.fstat(handle).st_ino
    except FileNotFoundError:
        return False
    except OSError as error:
        return not isinstance(error, BlockingIOError)  # a file system without locks


def _abandoned(path: Path) -> bool:
    """Whether nobody holds a hidden neighbour any more."""
    if _LOCKS is None:
        return False
    try:
        handle = os.open(path, os.O_RDONLY)
    except OSError:
        return False
    try:
        _LOCKS.flock(handle, _LOCKS.LOCK_EX | _LOCKS.LOCK_NB)
    except OSError:
        return False
    finally:
        os.close(handle)
    return True


def _clear(target: Path) -> None:
    """Restore what a killed run had moved aside, and remove what it left."""
    for path in sorted(target.parent.glob(f"{_stem(target)}*")):
        if path.name.endswith(_OLD):
            owner = path.with_name(path.name[: -len(_OLD)])
            if owner.exists() and not _abandoned(owner):
                continue
            if not target.exists():
                os.replace(path, target)
                continue
        elif not _abandoned(path):
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


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

    An existing folder is only replaced when it is empty, or its `manifest.json` is one that tamoxres wrote. Files that
    this manifest does not list are not ours: they stand in the new folder too. What a killed run left is restored or
    removed first.
    """
    with writable(path):
        target = Path(path).resolve()
        target.parent.mkdir(parents=True, exist_ok=True)
        _clear(target)
        _ours(target)
        fresh, lock = _fresh_folder(target)
    old = fresh.with_name(fresh.name + _OLD)
    try:
        yield fresh
        with writable(path):
            os.chmod(fresh, 0o755)
            if target.exists():
                _keep_foreign(target, fresh, _ours(target))
                os.replace(target, old)
            os.replace(fresh, target)
    except BaseException:
        if old.exists() and not target.exists():
            os.replace(old, target)
        raise
    finally:
        os.close(lock)
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def _fresh_folder(target: Path) -> tuple[Path, int]:
    """Make a hidden neighbour of a folder, locked until its handle is closed."""
    while True:
        fresh = Path(tempfile.mkdtemp(dir=target.parent, prefix=_stem(target)))
        if _LOCKS is None:
            return fresh, os.open(os.devnull, os.O_RDONLY)
        with suppress(FileNotFoundError):
            lock = os.open(fresh, os.O_RDONLY)
            if _locked(lock, fresh):
                return fresh, lock
            os.close(lock)


def _ours(target: Path) -> frozenset[str]:
    """Return the files of a folder that its manifest says we wrote; refuse one that holds others and no such manifest.

    Raises
    ------
    TamoxresError
        If the folder is a file, or not one that tamoxres wrote.
    """
    if not target.exists():
        return frozenset()
    if not target.is_dir():
        raise TamoxresError(f"{target} is a file; name a folder to write into.")
    try:
        told = json.loads((target / MANIFEST).read_text(encoding="utf-8"))
        files = told["files"] if "tamoxres" in told else None
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        files = None
    if not isinstance(files, dict):
        if any(target.iterdir()):
            raise TamoxresError(f"{target} holds files that tamoxres did not write; name an empty or a new folder.")
        files = {}
    return frozenset((*files, MANIFEST))


def _keep_foreign(target: Path, fresh: Path, ours: frozenset[str]) -> None:
    """Give the new folder the old one's files that are not ours."""
    for folder, folders, names in os.walk(target):
        here = Path(folder).relative_to(target)
        linked = [name for name in folders if (Path(folder) / name).is_symlink()]
        for name in (*names, *linked):
            inner = here / name
            if inner.as_posix() in ours:
                continue
            place = fresh / inner
            if place.exists() or place.is_symlink():
                raise TamoxresError(
                    f"{target / inner} is not one of ours, and stands where we would write. Move it, then run again."
                )
            place.parent.mkdir(parents=True, exist_ok=True)
            _copy(target / inner, place)
        if not names and not folders:
            (fresh / here).mkdir(parents=True, exist_ok=True)


def _copy(source: Path, place: Path) -> None:
    """Give a file a second name, or copy it where the file system knows no such thing."""
    try:
        os.link(source, place, follow_symlinks=False)
    except OSError:
        shutil.copy2(source, place, follow_symlinks=False)


def zipped(folder: Path) -> bytes:
    """Return a folder's files as one zip, in the order of their names: the same files, the same bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            archive.write(path, path.relative_to(folder).as_posix())
    return normal_zip(out.getvalue())
