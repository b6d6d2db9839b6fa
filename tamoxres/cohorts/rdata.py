"""Reading R's own files (.rda, .RData): data frames, matrices, vectors and factors, without R.

Conventions: the binary XDR format of R's `save`, versions 2 and 3, compressed by gzip, bzip2 or xz. What a table never
holds (functions, environments, promises) is passed over, and nothing in a file is ever evaluated. NA becomes None in
text and NaN in numbers.

References
----------
R Core Team, R Internals, section 1.8 (serialization formats).
"""

from __future__ import annotations

import bz2
import gzip
import lzma
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..errors import DataError

__all__ = ["read_rda"]

_OPENERS = {b"\x1f\x8b": gzip.decompress, b"BZ": bz2.decompress, b"\xfd7": lzma.decompress}
_NA_INTEGER = -(2**31)
_MISSING = -1
_HAS_ATTRIBUTES, _HAS_TAG = 0x200, 0x400


class RVector(list[Any]):
    """A list or vector with R's attributes."""

    attributes: dict[str, Any]

    def __init__(self, values: Any = (), attributes: dict[str, Any] | None = None) -> None:
        super().__init__(values)
        self.attributes = attributes or {}


def read_rda(path: Path) -> dict[str, Any]:
    """Read the objects of an R data file.

    Parameters
    ----------
    path : Path

    Returns
    -------
    dict
        Name to DataFrame (data frames and matrices with their row and column names), Series (named vectors) or list.

    Raises
    ------
    DataError
        If the file is not R's, or is truncated.
    """
    raw = path.read_bytes()
    try:
        content = _OPENERS.get(raw[:2], bytes)(raw)
        if content[:7] not in (b"RDX2\nX\n", b"RDX3\nX\n"):
            raise DataError(f"{path.name} is not a file of R's save(). Restore the publisher's file.")
        reader = _Reader(content, 7)
        version = reader.integer()
        reader.at += 8
        if version == 3:  # the name of the encoding
            size = reader.integer()
            reader.at += size
        objects = reader.item()
    except (OSError, EOFError, lzma.LZMAError, IndexError, ValueError, UnicodeDecodeError) as error:
        raise DataError(f"{path.name} is damaged ({type(error).__name__}). Restore the publisher's file.") from None
    return {name: _as_table(value) for name, value in objects.attributes["names"].items()}


class _Reader:
    """Walks through serialized bytes; `references` holds the symbols and environments that later items refer to."""

    def __init__(self, content: bytes, at: int) -> None:
        self.content, self.at = content, at
        self.references: list[Any] = []
        self.kinds: dict[int, Callable[[int], Any]] = {
            1: self.symbol, 2: self.pairs, 3: self.pairs, 4: self.environment, 5: self.pairs, 6: self.pairs,
            9: self.text, 10: self.integers, 13: self.integers, 14: self.doubles, 16: self.texts, 19: self.items,
            20: self.items, 24: self.bytes, 25: self.slots, 238: self.altrep, 255: self.reference,
        }  # fmt: skip

    def integer(self) -> int:
        if self.at + 4 > len(self.content):
            raise EOFError
        value = int.from_bytes(self.content[self.at : self.at + 4], "big", signed=True)
        self.at += 4
        return value

    def item(self) -> Any:
        flags = self.integer()
        kind = flags & 0xFF
        if kind in (254, 253, 242, 241, 251, 252, 247):  # NULL, global, empty and base environments, missing, unbound
            return None
        if kind in (249, 250):  # a namespace or package
            self.references.append(None)
            self.at += 4
            return self.texts(0)
        if kind not in self.kinds:
            raise ValueError(f"R type {kind}")
        value = self.kinds[kind](flags)
        if flags & _HAS_ATTRIBUTES and kind in (10, 13, 14, 16, 19, 20, 24, 9):
            attributes = self.item()
            if kind != 9:
                value = RVector(value, attributes.attributes["names"])
        return value

    def symbol(self, _: int) -> Any:
        name = self.item()
        self.references.append(name)
        return name

    def reference(self, flags: int) -> Any:
        return self.references[(flags >> 8 or self.integer()) - 1]

    def pairs(self, flags: int) -> RVector:
        """Read a chain of tagged values; kept by name in the attribute `names`."""
        found: dict[str, Any] = {}
        while True:
            if flags & _HAS_ATTRIBUTES:
                self.item()
            tag = self.item() if flags & _HAS_TAG else None
            found[str(tag)] = self.item()
            flags = self.integer()
            if flags & 0xFF not in (2, 6):
                self.at -= 4
                self.item()
                return RVector((), {"names": found})

    def environment(self, _: int) -> None:
        self.at += 4
        self.references.append(None)
        for _part in range(4):
            self.item()

    def slots(self, _: int) -> None:
        self.item()

    def altrep(self, _: int) -> Any:
        """Read a compact form: a sequence, or a wrapper around a plain vector."""
        info, state, _attributes = self.item(), self.item(), self.item()
        name = next(iter(info.attributes["names"].values())) if isinstance(info, RVector) else ""
        if name == "compact_intseq":
            n, start, step = (int(x) for x in state)
            return [start + step * i for i in range(n)]
        return state[0] if isinstance(state, RVector) and state and isinstance(state[0], list) else state

    def text(self, _: int) -> str | None:
        size = self.integer()
        if size == _MISSING:
            return None
        self.at += size
        return self.content[self.at - size : self.at].decode("utf-8", "replace")

    def texts(self, _: int) -> list[str | None]:
        n, content, at = self.integer(), self.content, self.at
        found: list[str | None] = []
        for _i in range(n):
            size = int.from_bytes(content[at + 4 : at + 8], "big")
            at += 8
            if size == 0xFFFFFFFF:
                found.append(None)
            else:
                found.append(content[at : at + size].decode("utf-8", "replace"))
                at += size
        if at > len(content):
            raise EOFError
        self.at = at
        return found

    def numbers(self, dtype: str, size: int) -> Any:
        n = self.integer()
        if self.at + n * size > len(self.content):
            raise EOFError
        values = np.frombuffer(self.content, dtype, n, self.at)
        self.at += n * size
        return values

    def integers(self, _: int) -> Any:
        values = self.numbers(">i4", 4)
        return np.where(values == _NA_INTEGER, np.nan, values) if (values == _NA_INTEGER).any() else values.astype(int)

    def doubles(self, _: int) -> Any:
        return self.numbers(">f8", 8).astype(float)

    def bytes(self, _: int) -> Any:
        return self.numbers("u1", 1)

    def items(self, _: int) -> list[Any]:
        return [self.item() for _i in range(self.integer())]


def _as_table(value: Any) -> Any:
    """Turn an R object into a frame or series where it has names."""
    if not isinstance(value, RVector):
        return value
    marks = value.attributes
    if "dim" in marks and len(marks["dim"]) == 2:
        rows, columns = (marks.get("dimnames") or [None, None])[:2]
        shape = tuple(int(size) for size in marks["dim"])
        return pd.DataFrame(np.array(value).reshape(shape, order="F"), index=_names(rows), columns=_names(columns))
    if "data.frame" in (marks.get("class") or ()):
        columns = {str(name): _column(column) for name, column in zip(marks["names"], value, strict=True)}
        names = marks["row.names"]
        plain = not isinstance(names, list) or not names or not isinstance(names[0], str)
        frame = pd.DataFrame(columns)
        return frame if plain or len(names) != len(frame) else frame.set_axis(pd.Index(names))
    if "names" in marks:
        return pd.Series(_column(value), index=_names(marks["names"]))
    return list(value)


def _names(names: Any) -> pd.Index[Any] | None:
    return None if names is None else pd.Index(list(names))


def _column(value: Any) -> Any:
    """Return a column's values; a factor's as its levels."""
    marks = getattr(value, "attributes", {})
    if "levels" in marks:
        levels = [None, *marks["levels"]]
        return [levels[0 if pd.isna(code) else int(code)] for code in value]
    return list(value)
