"""Downloading: resumed where it stopped, retried with back-off, checked before it counts, unpacked within its folder.

Conventions: bytes go to `<name>.part` and are moved to `<name>` only when they are complete and, where a sha256 is
pinned, the bytes we know. A server that answers 500 or 429, stalls, or cuts the line is asked again, from where it
stopped (if its file is still the same one, by ETag or pinned hash); one that answers 4xx is not. The network is reached
from here alone. The attempts are counted here and not by urllib3's Retry: a line that breaks in the middle of a file is
no failed request there, and what came must be kept and gone on from.
"""

from __future__ import annotations

import math
import os
import tarfile
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, Any
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import HTTPError, NameResolutionError

from ..errors import DataError, TamoxresError, Unreachable
from ..files import LIMITS, parse_json, sha256
from ..files.sentence import one_sentence
from ..files.writing import below, writable

__all__ = ["Client", "Progress", "unpack"]

Progress = Callable[[str, int, int | None], None]
_CHUNK = 1 << 16
_AGAIN = (408, 425, 429, 500, 502, 503, 504)
_LONGEST_WAIT = 60.0


class _TryAgainError(Exception):
    """A passing fault: what happened, and how long the server asks to wait."""

    def __init__(self, what: str, wait: float = 0.0) -> None:
        super().__init__(what)
        self.wait = wait


class _NotJsonError(TamoxresError):
    """An answer that is no JSON: it was cut short, or is a page of a proxy."""


def _silent(name: str, done: int, total: int | None) -> None:
    """Report no progress."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """How to ask: how often, how patiently, and whom to tell of the progress.

    Attributes
    ----------
    retries : int
        Attempts after the first.
    backoff : float
        Seconds before the second attempt; doubled before each further one.
    timeout : tuple of float
        Seconds to connect, and to wait for the next bytes.
    progress : function
        Called with the file's name, the bytes so far, and the bytes in all where known.
    """

    retries: int = 5
    backoff: float = 1.0
    timeout: tuple[float, float] = (10.0, 60.0)
    progress: Progress = _silent
    session: requests.Session = field(default_factory=requests.Session, repr=False)

    def get_json(self, url: str) -> Any:
        """Get a JSON answer."""
        return self._patiently(url, lambda: self._json("GET", url, None))

    def post_json(self, url: str, body: Any) -> Any:
        """Post a JSON body and get a JSON answer."""
        return self._patiently(url, lambda: self._json("POST", url, body))

    def download(self, url: str, target: Path, *, sha256: str = "") -> Path:
        """Download a file, going on from its `.part` if there is one.

        Parameters
        ----------
        url : str
        target : Path
        sha256 : str, optional
            Pinned: other bytes are refused.

        Raises
        ------
        Unreachable
            If the server does not give the file, or gives other bytes than those pinned.
        """
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(target.name + ".part")
        resumed = part.exists()
        self._patiently(url, lambda: self._stream(url, part, bool(sha256)))
        if resumed and sha256 and _digest(part) != sha256:  # the file changed between two visits: once more from 0
            part.unlink()
            self._patiently(url, lambda: self._stream(url, part, bool(sha256)))
        _tag(part).unlink(missing_ok=True)
        found = _digest(part)
        if sha256 and found != sha256:
            part.unlink()
            raise Unreachable(
                f"{url} gave other bytes than the file we know: sha256 {found[:12]}..., expected {sha256[:12]}... "
                "Nothing was kept. Try again later, or give --from a mirror that holds the file."
            )
        os.replace(part, target)
        return target

    def _patiently(self, url: str, ask: Callable[[], Any]) -> Any:
        for attempt in range(self.retries + 1):
            try:
                return ask()
            except _TryAgainError as fault:
                if attempt == self.retries:
                    raise Unreachable(
                        f"{url} could not be read after {attempt + 1} attempts: {fault}. "
                        "What came so far is kept; run the same command again to go on."
                    ) from None
                time.sleep(min(max(self.backoff * 2**attempt, fault.wait), _LONGEST_WAIT))
        raise AssertionError("unreachable")

    def _open(self, method: str, url: str, **options: Any) -> requests.Response:
        try:
            response = self.session.request(method, url, timeout=self.timeout, **options)
        except requests.exceptions.InvalidURL as error:
            raise Unreachable(f"{url} is no address: {error}.") from None
        except requests.exceptions.Timeout:
            raise _TryAgainError("no answer in time") from None
        except requests.exceptions.ConnectionError as error:
            if _no_such_host(error):
                what = f"No network: {urlsplit(url).hostname} cannot be found."
                raise Unreachable(what, mend="Connect, then run the same command again.") from None
            raise _TryAgainError("no connection") from None
        except requests.exceptions.RequestException as error:
            raise Unreachable(f"{url} cannot be asked: {error}.") from None
        if response.status_code in _AGAIN:
            response.close()
            raise _TryAgainError(f"the server answered {response.status_code}", _wait(response))
        return response

    def _json(self, method: str, url: str, body: Any) -> Any:
        end = time.monotonic() + LIMITS.seconds
        with self._open(method, url, json=body, stream=True) as response:
            _refuse(url, response.status_code)
            parts, size = [], 0
            for part in _chunks(response, decode=True):
                size += len(part)
                LIMITS.check("unpacked", size, url)
                _in_time(end, url)
                parts.append(part)
        try:
            return parse_json(b"".join(parts), url, error=_NotJsonError)
        except _NotJsonError:
            raise _TryAgainError("the answer is not whole JSON") from None

    def _stream(self, url: str, part: Path, pinned: bool) -> None:
        """Ask for what is missing of a file and append it."""
        tag = _tag(part).read_text() if _tag(part).exists() else ""
        have = part.stat().st_size if part.exists() and (tag or pinned) else 0
        headers = {"Accept-Encoding": "identity"}
        if have:
            headers |= {"Range": f"bytes={have}-"} | ({"If-Range": tag} if tag else {})
        with self._open("GET", url, headers=headers, stream=True) as response:
            if response.status_code == 416:  # nothing is missing, or the file shrank
                if _total(response) == have:
                    return
                part.unlink()
                raise _TryAgainError("the file changed; starting anew")
            _refuse(url, response.status_code)
            if response.status_code != 206 or _starts_at(response) != have:
                have = 0
            total = _total(response)
            _tag(part).write_text(response.headers.get("ETag") or response.headers.get("Last-Modified", ""))
            with part.open("ab" if have else "wb") as handle:
                for chunk in _chunks(response):
                    handle.write(chunk)
                    have += len(chunk)
                    LIMITS.check("download", have, url)
                    self.progress(part.name.removesuffix(".part"), have, total)
        if total is not None and have != total:
            raise _TryAgainError(f"{have:,} of {total:,} bytes came")


def _no_such_host(error: requests.exceptions.ConnectionError) -> bool:
    """Whether a connection failed because the host's name is not known, here or anywhere."""
    cause = error.args[0] if error.args else None
    return isinstance(getattr(cause, "reason", cause), NameResolutionError)


def _in_time(end: float, url: str) -> None:
    """Refuse an answer that trickles in without end."""
    if time.monotonic() > end:
        LIMITS.check("seconds", math.inf, url)


def _chunks(response: requests.Response, *, decode: bool = False) -> Iterator[bytes]:
    """Yield bytes as they come (unpacked if `decode`), so that what came before the line broke is kept."""
    try:
        while chunk := response.raw.read1(_CHUNK, decode_content=decode):
            yield chunk
    except (HTTPError, OSError) as error:
        raise _TryAgainError(f"the line broke ({type(error).__name__})") from None


def _refuse(url: str, status: int) -> None:
    if status >= 400:
        told = {401: "asks for a login", 403: "refuses access", 404: "does not hold the file"}.get(status, "refuses")
        raise Unreachable(f"{url}: the server {told} ({status}). It may have moved; give --from another address.")


def _wait(response: requests.Response) -> float:
    asked = response.headers.get("Retry-After", "")
    return float(asked) if asked.isdigit() else 0.0


def _total(response: requests.Response) -> int | None:
    """Return how many bytes the whole file has, by Content-Range or Content-Length."""
    whole = response.headers.get("Content-Range", "").rpartition("/")[2]
    if whole.isdigit():
        return int(whole)
    length = response.headers.get("Content-Length", "")
    return int(length) if length.isdigit() and response.status_code == 200 else None


def _starts_at(response: requests.Response) -> int | None:
    start = response.headers.get("Content-Range", "").removeprefix("bytes ").partition("-")[0]
    return int(start) if start.isdigit() else None


def _tag(part: Path) -> Path:
    """Name the file that holds the version (ETag) of a file half downloaded."""
    return part.with_name(part.name + ".etag")


def _digest(path: Path) -> str:
    return sha256(path)


def unpack(archive: Path, folder: Path, wanted: Callable[[str], bool]) -> list[Path]:
    """Unpack a tar archive's wanted files into a folder, without its top folder.

    Parameters
    ----------
    archive : Path
    folder : Path
    wanted : function
        Tells by the name (after the top folder) which files are unpacked.

    Raises
    ------
    DataError
        If a member would land outside of the folder or is a link, or the archive is damaged. Nothing is unpacked then.
    """
    with one_sentence(archive.name, "is damaged", "Remove it and fetch again."), tarfile.open(archive) as tar:
        members = [(member, _inside(member, archive.name)) for member in _members(tar, archive) if not member.isdir()]
        paths = []
        for member, name in members:
            content = tar.extractfile(member) if wanted(name) else None
            if content is None:
                continue
            target = below(folder, name)
            with writable(target):
                target.parent.mkdir(parents=True, exist_ok=True)
                with content, target.open("wb") as handle:
                    while chunk := _piece(content):
                        handle.write(chunk)
            paths.append(target)
        return paths


def _piece(content: IO[bytes]) -> bytes:
    try:
        return content.read(_CHUNK)
    except (OSError, EOFError, zlib.error) as error:  # of the archive, not of the disk that is written to
        raise tarfile.ReadError(str(error)) from None


def _members(tar: tarfile.TarFile, archive: Path) -> Iterator[tarfile.TarInfo]:
    """Yield an archive's members, within the limits of how many there may be and how much they unpack to."""
    most = LIMITS.unpacking(archive.stat().st_size)
    for count, member in enumerate(tar, 1):
        LIMITS.check("members", count, archive.name)
        most.check("unpacked", member.offset_data + max(member.size, 0), archive.name)
        yield member


def _inside(member: tarfile.TarInfo, archive: str) -> str:
    """Return a member's name below the archive's top folder; refuse links, absolute names and steps upwards."""
    path = PurePosixPath(member.name)
    parts = [part for part in path.parts if part != "."]
    if (
        not parts
        or not member.isfile()
        or path.is_absolute()
        or ".." in parts
        or "\\" in member.name
        or ":" in parts[0]
    ):
        raise DataError(
            f"{archive} holds {member.name!r}, which would be written outside of its folder. "
            "Nothing was unpacked; do not use this archive."
        )
    return "/".join(parts[1:] if len(parts) > 1 else parts)
