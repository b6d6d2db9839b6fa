"""R's serialized form, walked byte by byte: vectors, lists and attributes, without evaluating anything.

Conventions: XDR (big-endian) and native little-endian, versions 2 and 3. Integers and logicals with NA become float
with NaN, NA in text becomes None. Functions, environments and pointers are passed over. ALTREP, in which R 3.5 and
later store sequences, texts of numbers and wrapped vectors, is unfolded.

References
----------
R Core Team, R Internals, section 1.8 (serialization formats).
Tierney L et al., ALTREP: alternative representations for R objects, 2018 (src/main/altclasses.c of R).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from struct import Struct
from typing import Any, Literal

import numpy as np

from ...files import LIMITS

__all__ = ["LOGICAL", "RValue", "Walker"]

LOGICAL, _INTEGER, _DOUBLE, _TEXT, _LIST = 10, 13, 14, 16, 19
_NA_INTEGER = -(2**31)
_HAS_ATTRIBUTES, _HAS_TAG = 0x200, 0x400
_LATIN1, _UTF8 = 1 << 14, 1 << 15  # of a text's flags: the levels stand 12 bits up
_NOTHING = (241, 242, 250, 251, 252, 253, 254)  # environments that R knows by name, missing and unbound, NULL
_NAMED = (247, 248, 249)  # persistent names, packages, namespaces: a vector of names follows


@dataclass(slots=True)
class RValue:
    """A vector or list with R's attributes.

    Attributes
    ----------
    kind : int
        R's type: 10 logical, 13 integer, 14 double, 15 complex, 16 text, 19 list, 24 bytes.
    values : array or list
    attributes : dict
        Such as names, class, levels, dim.
    """

    kind: int
    values: Any
    attributes: dict[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.values)


class _Known(dict[bytes, Any]):
    """Works out what belongs to some bytes once."""

    def __init__(self, work_out: Callable[[bytes], Any]) -> None:
        super().__init__()
        self.work_out = work_out

    def __missing__(self, key: bytes) -> Any:
        value = self[key] = self.work_out(key)
        return value


class Walker:
    """Walks through serialized bytes; `references` holds the symbols and environments that later items refer to."""

    def __init__(self, content: bytes, at: int, name: str, *, big_endian: bool = True) -> None:
        self.content, self.at, self.name, self.encoding = content, at, name, "utf-8"
        self.endian: Literal["big", "little"] = "big" if big_endian else "little"
        self._heads = Struct(">Ii" if big_endian else "<Ii").unpack_from
        self.references: list[Any] = []
        self.depth = 0
        vector = {
            LOGICAL: self._integers, _INTEGER: self._integers, _DOUBLE: self._doubles, 15: self._complex,
            _TEXT: self._texts, _LIST: self._items, 20: self._items, 24: self._raw,
        }  # fmt: skip
        self.vectors: dict[int, Callable[[], Any]] = vector
        self.others: dict[int, Callable[[int], Any]] = {
            1: self._symbol, 2: self._pairs, 3: self._pairs, 4: self._environment, 5: self._pairs, 6: self._pairs,
            7: self._builtin, 8: self._builtin, 9: self._text, 22: self._pointer, 23: self._pointer, 25: self._slots,
            238: self._altrep, 255: self._reference,
        }  # fmt: skip

    def take(self, size: int) -> bytes:
        """Return the next bytes.

        Raises
        ------
        EOFError
            If there are fewer.
        """
        if size < 0 or self.at + size > len(self.content):
            raise EOFError("it ends too early")
        self.at += size
        return self.content[self.at - size : self.at]

    def integer(self) -> int:
        """Return the next four bytes as a whole number."""
        return int.from_bytes(self.take(4), self.endian, signed=True)

    def item(self) -> Any:
        """Return the next item: an `RValue`, a symbol or text, pairs, or None for what no table holds.

        Raises
        ------
        ValueError, EOFError
            If the bytes are damaged.
        """
        flags = self.integer()
        kind = flags & 0xFF
        if kind in _NOTHING:
            return None
        self.depth += 1
        LIMITS.check("depth", self.depth, self.name)
        try:
            if kind in _NAMED:
                self.references.append(None)
                self.take(4)
                return self._texts()
            if kind in self.vectors:
                value = RValue(kind, self.vectors[kind]())
                if flags & _HAS_ATTRIBUTES:
                    value.attributes = self._attributes()
                return value
            if kind not in self.others:
                raise ValueError(f"R type {kind}")
            return self.others[kind](flags)
        finally:
            self.depth -= 1

    def _attributes(self) -> dict[str, Any]:
        pairs = self.item()
        return {str(tag): value for tag, value in pairs} if isinstance(pairs, list) else {}

    def _symbol(self, _: int) -> Any:
        name = self.item()
        self.references.append(name)
        return name

    def _reference(self, flags: int) -> Any:
        return self.references[(flags >> 8 or self.integer()) - 1]

    def _pairs(self, flags: int) -> list[tuple[Any, Any]]:
        """Read a chain of tagged values; what ends a dotted pair has no tag."""
        found: list[tuple[Any, Any]] = []
        while True:
            if flags & _HAS_ATTRIBUTES:
                self.item()
            tag = self.item() if flags & _HAS_TAG else None
            found.append((tag, self.item()))
            flags = self.integer()
            if flags & 0xFF not in (2, 6):
                self.at -= 4
                end = self.item()
                return found if end is None else [*found, (None, end)]

    def _environment(self, _: int) -> None:
        self.take(4)
        self.references.append(None)
        for _part in range(4):
            self.item()

    def _pointer(self, flags: int) -> None:
        self.references.append(None)
        if flags & 0xFF == 22:
            self.item()
            self.item()
        if flags & _HAS_ATTRIBUTES:
            self.item()

    def _builtin(self, _: int) -> None:
        self.take(self.integer())

    def _slots(self, flags: int) -> RValue:
        return RValue(25, [], self._attributes() if flags & _HAS_ATTRIBUTES else {})

    def _text(self, flags: int) -> str | None:
        size = self.integer()
        value = None if size == -1 else self._decoded(self.take(size), flags)
        if flags & _HAS_ATTRIBUTES:
            self.item()
        return value

    def _decoded(self, content: bytes, flags: int) -> str:
        encoding = "cp1252" if flags & _LATIN1 else "utf-8" if flags & _UTF8 else self.encoding
        try:
            return content.decode(encoding)
        except (UnicodeDecodeError, LookupError):
            return content.decode("latin-1")

    def _texts(self) -> list[str | None]:
        n = self.integer()
        if n < 0 or self.at + 8 * n > len(self.content):
            raise EOFError("it ends too early")
        found: list[str | None] = []
        sizes, known = _Known(self._size_of), _Known(self._text_of)  # the texts of a column are few
        content, at = self.content, self.at
        for _i in range(n):
            end = at + 8 + sizes[content[at : at + 8]]
            found.append(known[content[at:end]])
            at = end
        if at > len(content):
            raise EOFError("it ends too early")
        self.at = at
        return found

    def _size_of(self, head: bytes) -> int:
        """Return the length of the text that follows its flags and length."""
        if len(head) < 8:
            raise EOFError("it ends too early")
        flags, size = map(int, self._heads(head))
        if flags & 0xFF != 9 or flags & _HAS_ATTRIBUTES or size < -1:
            raise ValueError("a text vector holds something else")
        return max(size, 0)

    def _text_of(self, whole: bytes) -> str | None:
        flags, size = self._heads(whole)
        return None if size == -1 else self._decoded(whole[8:], flags)

    def _numbers(self, dtype: str, size: int) -> Any:
        n = self.integer()
        return np.frombuffer(self.take(n * size), np.dtype(dtype).newbyteorder(self.endian), n)

    def _integers(self) -> Any:
        values = self._numbers("i4", 4)
        unknown = values == _NA_INTEGER
        return np.where(unknown, np.nan, values) if unknown.any() else values.astype(int)

    def _doubles(self) -> Any:
        return self._numbers("f8", 8).astype(float)

    def _complex(self) -> Any:
        return self._numbers("c16", 16).astype(complex)

    def _raw(self) -> Any:
        return self._numbers("u1", 1)

    def _items(self) -> list[Any]:
        n = self.integer()
        if n < 0 or self.at + 4 * n > len(self.content):
            raise EOFError("it ends too early")
        return [self.item() for _i in range(n)]

    def _altrep(self, _: int) -> RValue:
        """Read an alternative representation: a sequence, a text of numbers, or a wrapper around a plain vector."""
        info, state, attributes = self.item(), self.item(), self._attributes()
        name = str(info[0][1]) if isinstance(info, list) and info else ""
        value = _unfolded(name, state, self.name)
        return RValue(value.kind, value.values, {**value.attributes, **attributes})


def _unfolded(name: str, state: Any, file: str) -> RValue:
    if name in ("compact_intseq", "compact_realseq"):
        n, start, step = (float(x) for x in state.values)
        LIMITS.check("cells", n, file)
        values = start + step * np.arange(int(n))
        return RValue(_INTEGER, values.astype(int)) if name == "compact_intseq" else RValue(_DOUBLE, values)
    first = state[0][1] if isinstance(state, list) else state
    wraps = isinstance(first, RValue) and first.kind == _LIST and name.startswith("wrap_")
    if wraps and (name != "wrap_list" or first is state):
        first = first.values[0]
    if not isinstance(first, RValue) or name.startswith("mmap"):
        raise ValueError(f"R stores a vector as {name or 'something unknown'}; save it anew with saveRDS")
    if name == "deferred_string":
        whole = first.kind in (LOGICAL, _INTEGER)
        texts = [None if np.isnan(x) else str(int(x)) if whole else _as_character(float(x)) for x in first.values]
        return RValue(_TEXT, texts)
    return first


def _as_character(value: float) -> str:
    """Write a double as R's as.character: 15 digits, and with an exponent where that is shorter."""
    fixed = format(value, ".15g")
    if "e" in fixed:
        return fixed
    digits, _, exponent = format(value, ".14e").partition("e")
    power = f"{digits.rstrip('0').rstrip('.')}e{exponent}"
    return power if len(power) < len(fixed) else fixed
