"""TOML into validated objects: tables become frozen dataclasses or msgspec Structs, and each fault says where and what.

Conventions: msgspec converts and checks every value strictly (text is no number, a number no text, true no 1). The walk
over tables and keys is own code: msgspec tells where a value stands and what is wrong only as text, in which a key of a
table reads `[...]`, and no code here reads a message. A fault names the file, the table, the key, the value and
what may stand there; an unknown key, the nearest one that is known. Who reads values of a kind of their own (such as a
criterion, `">= 10"`) hands over a function that makes one of the TOML value, or raises ValueError.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import inspect

from ..errors import DataError, TamoxresError, cut
from ..vocabulary import nearest
from . import LIMITS, read_text

__all__ = ["Decoder", "expected", "parse_toml", "read_toml"]

T = TypeVar("T")
_PARTS = re.compile(r"[=\[\]{},\n]")  # what a chain of dotted keys does not go over
_PLAIN: Mapping[type, str] = {
    inspect.StrType: "a text", inspect.FloatType: "a number", inspect.BoolType: "true or false",
    inspect.DictType: "a table",
}  # fmt: skip


def read_toml(path: str | Path, *, error: type[TamoxresError] = DataError) -> dict[str, Any]:
    """Read a TOML file into plain tables.

    Parameters
    ----------
    path : path
    error : class
        Of the error that is raised.

    Raises
    ------
    TamoxresError
        If the file is not TOML, with the line; or cannot be read.
    """
    file = Path(path)
    return parse_toml(read_text(file, error=error), file.name, error=error)


def parse_toml(text: str, name: str, *, error: type[TamoxresError] = DataError) -> dict[str, Any]:
    """Read TOML into plain tables; `name` stands in the error."""
    LIMITS.check("depth", max(part.count(".") for part in _PARTS.split(text)), name)
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise error(f"{name} is nested too deep. Write it flat.") from None
    except ValueError as fault:  # of the grammar, or a number of thousands of digits
        raise error(f"{name} is not TOML: {cut(str(fault), 200)}. Correct the line.") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoder:
    """Makes objects of the tables of one file.

    Attributes
    ----------
    file : str
        Its name, for messages.
    error : class
        Of the errors that are raised.
    custom : mapping of class to function
        How a value of a class of one's own is made of the TOML value; ValueError where it cannot be.
    """

    file: str
    error: type[TamoxresError] = DataError
    custom: Mapping[Any, Callable[[Any], Any]] = field(default_factory=dict)

    def fail(self, where: str, what: str) -> TamoxresError:
        """Return the error that names file and table."""
        return self.error(f"{self.file}, {where or 'top level'}: {what}")

    def table(self, value: Any, cls: type[T], where: str = "", *, fixed: Mapping[str, Any] | None = None) -> T:
        """Make an object of a table.

        Parameters
        ----------
        value : mapping
            As TOML gave it.
        cls : class
            A dataclass or a Struct: its fields are the keys that may stand, those without a default must.
        where : str
            Path of the table, such as `endpoints.OS`; empty for the top level.
        fixed : mapping, optional
            Fields that the program sets: no keys.

        Raises
        ------
        TamoxresError
            On an unknown or missing key, or a value of another type.

        Examples
        --------
        >>> @dataclass(frozen=True)
        ... class Size:
        ...     width: float
        ...     unit: str = "mm"
        >>> Decoder(file="a.toml").table({"width": 3}, Size)
        Size(width=3.0, unit='mm')
        """
        given = self.keys(value, where)
        set_here = dict(fixed or {})
        hints, fields = _fields(cls)  # type: ignore[arg-type]  # mypy doubts that a class is hashable
        known = {one.encode_name: one for one in fields if one.name not in set_here}
        self.known(given, known, where)
        for key, one in known.items():
            if key in given:
                set_here[one.name] = self._value(given[key], one.type, hints[one.name], where, key)
            elif one.required:
                raise self.fail(where, f"{key} is missing. It is {expected(one.type)}.")
        return cls(**set_here)

    def keys(self, value: Any, where: str) -> Mapping[str, Any]:
        """Return a value that is a table, or refuse it."""
        if not isinstance(value, Mapping):
            raise self.fail(where, f"{_shown(value)} is not a table. Write [{where}] with keys under it.")
        return value

    def known(self, given: Iterable[str], allowed: Iterable[str], where: str) -> None:
        """Refuse a key that is not among those allowed, with the nearest that is."""
        names = tuple(allowed)
        for key in given:
            if key not in names:
                near = nearest(key, names)
                hint = f"Is it {near!r}?" if near else f"Use {', '.join(names)}."
                raise self.fail(where, f"unknown key {key!r}. {hint}")

    def _value(self, value: Any, info: Any, hint: Any, where: str, key: str) -> Any:
        """Make the value of one key: by one's own function, of a table or tables, or as msgspec converts it."""
        kind, path = _plain(info), f"{where}.{key}".lstrip(".")
        if make := self.custom.get(_bare(hint)):
            try:
                return make(value)
            except ValueError:
                raise self.fail(where, f"{key} is {_shown(value)}; {_hint(info, hint, value)}") from None
        if isinstance(kind, inspect.StructType | inspect.DataclassType):
            return self.table(value, kind.cls, path)
        if isinstance(kind, inspect.VarTupleType) and (cls := _class_of(kind.item_type)):
            if not isinstance(value, list):
                raise self.fail(path, f"it is a list of tables. Write [[{path}]], with two brackets.")
            return tuple(self.table(item, cls, f"{path}[{i}]") for i, item in enumerate(value))
        if isinstance(kind, inspect.DictType) and (cls := _class_of(kind.value_type)):
            return {name: self.table(item, cls, f"{path}.{name}") for name, item in self.keys(value, path).items()}
        try:
            return msgspec.convert(value, hint, strict=True)
        except msgspec.ValidationError:
            raise self.fail(where, f"{key} is {_shown(value)}; {_hint(info, hint, value)}") from None


@cache
def _fields(cls: type[Any]) -> tuple[dict[str, Any], tuple[Any, ...]]:
    """Return the types of a class's fields, as written and as msgspec sees them."""
    info: Any = inspect.type_info(cls)
    return get_type_hints(cls, include_extras=True), info.fields


def _class_of(info: Any) -> type[Any] | None:
    kind = _plain(info)
    return kind.cls if isinstance(kind, inspect.StructType | inspect.DataclassType) else None


def _plain(info: Any) -> Any:
    """Return a type without its description, and without None where one other type is left."""
    if isinstance(info, inspect.Metadata):
        return _plain(info.type)
    if isinstance(info, inspect.UnionType):
        others = [kind for kind in info.types if not isinstance(kind, inspect.NoneType)]
        return _plain(others[0]) if len(others) == 1 else info
    return info


def _described(info: Any) -> str:
    """Return the description of a type (`msgspec.Meta`), empty where there is none."""
    if isinstance(info, inspect.UnionType):
        return "".join(map(_described, info.types)) if _plain(info) is not info else ""
    return str((info.extra_json_schema or {}).get("description", "")) if isinstance(info, inspect.Metadata) else ""


def _hint(info: Any, hint: Any, value: Any) -> str:
    """Say what may stand, and which of the names that may is nearest."""
    names = _names(hint)
    if _described(info) or not names:
        return f"it is {expected(info)}."
    near = nearest(value, names) if isinstance(value, str) else ""
    guess = f" Is it {near!r}?" if near else ""
    others = [expected(kind) for kind in _alternatives(info) if not isinstance(kind, inspect.LiteralType)]
    return f"use one of {', '.join(names)}{''.join(f', or {other}' for other in others)}.{guess}"


def _names(hint: Any) -> list[str]:
    """Return the names that a `Literal`, alone or in a union, allows, in its order."""
    kind, parts = get_origin(_bare(hint)), get_args(_bare(hint))
    if kind is Literal:
        return [str(name) for name in parts if name != ""]
    return [name for one in parts for name in _names(one)] if kind in (Union, UnionType) else []


def _bare(hint: Any) -> Any:
    """Return a type without what `Annotated` says of it, and without None where one other type is left."""
    if get_origin(hint) is Annotated:
        return _bare(get_args(hint)[0])
    others = [one for one in get_args(hint) if one is not NoneType]
    return _bare(others[0]) if get_origin(hint) in (Union, UnionType) and len(others) == 1 else hint


def _alternatives(info: Any) -> list[Any]:
    kind = _plain(info)
    kinds = kind.types if isinstance(kind, inspect.UnionType) else (kind,)
    return [_plain(one) for one in kinds if not isinstance(one, inspect.NoneType)]


def expected(info: Any, *, quote: str = "") -> str:
    """Say in words what a type is; `quote` stands around the names of which it is one."""
    if described := _described(info):
        return described
    kinds = _alternatives(info)
    if len(kinds) > 1:
        return " or ".join(expected(kind, quote=quote) for kind in kinds)
    [kind] = kinds
    if isinstance(kind, inspect.LiteralType):
        return "one of " + ", ".join(f"{quote}{name}{quote}" for name in kind.values if name != "")
    if isinstance(kind, inspect.IntType):
        return "a whole number" + (f" of {kind.ge} or more" if kind.ge is not None else "")
    if isinstance(kind, inspect.TupleType):
        return f"a list of {len(kind.item_types)}: {', '.join(map(expected, kind.item_types))}"
    if isinstance(kind, inspect.VarTupleType):
        many = {"a text": "texts", "a number": "numbers"}
        return f"a list of {many.get(expected(kind.item_type), 'values')}"
    return _PLAIN.get(type(kind), "a value")


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
