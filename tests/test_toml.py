"""toml: tables become objects, and each fault says file, key path, value and what may stand."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

import pytest
from msgspec import Meta, Struct
from msgspec import field as key

from tamoxres.errors import DataError, QuestionError
from tamoxres.files.toml import Decoder, read_toml


class Even:
    """A value of a class of one's own: an even number."""

    def __init__(self, value: int) -> None:
        self.value = value

    @classmethod
    def read(cls, value: object) -> Even:
        """Read an even number."""
        if not isinstance(value, int) or value % 2:
            raise ValueError(value)
        return cls(value)


class Part(Struct, frozen=True, kw_only=True):
    """A table below another."""

    source: str = key(name="from")
    unit: Literal["days", "months"] | float = "months"
    scale: Annotated[float, Meta(description="a number that values are multiplied by")] = 1.0
    count: Annotated[int, Meta(ge=0)] = 0
    even: Annotated[Even, Meta(description="an even number")] | None = None
    inner: Part | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """A whole file."""

    title: str
    alpha: float = 0.05
    pair: tuple[float, float] | None = None
    names: tuple[str, ...] = ()
    kind: Literal["", "one", "two"] = ""
    fast: bool = False
    parts: tuple[Part, ...] = ()
    named: dict[str, Part] = field(default_factory=dict)
    place: str = ""


DECODER = Decoder(file="a.toml", custom={Even: Even.read})


def test_objects() -> None:
    """Tables, lists of tables and tables by name become objects; what is not said has its default."""
    text = {
        "title": "t", "alpha": 1, "pair": [0.8, 1.25], "names": ["a", "b"], "fast": True,
        "parts": [{"from": "x", "unit": 30.4, "even": 2, "inner": {"from": "y"}}], "named": {"first": {"from": "z"}},
    }  # fmt: skip
    whole = DECODER.table(text, Whole, fixed={"place": "here"})
    assert (whole.title, whole.alpha, whole.pair, whole.names) == ("t", 1.0, (0.8, 1.25), ("a", "b"))
    [part] = whole.parts
    assert (part.source, part.unit, part.even.value, part.inner.source) == ("x", 30.4, 2, "y")
    assert part.inner.unit == "months"
    assert whole.named["first"].source == "z"
    assert (whole.place, whole.kind, whole.fast) == ("here", "", True)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"title": 3}, "a.toml, top level: title is 3; it is a text."),
        ({"alpha": "0.05"}, "a.toml, top level: alpha is '0.05'; it is a number."),
        ({"alpha": True}, "top level: alpha is True; it is a number."),
        ({"fast": 1}, "top level: fast is 1; it is true or false."),
        ({"pair": [1]}, "pair is [1]; it is a list of 2: a number, a number."),
        ({"names": "a"}, "names is 'a'; it is a list of texts."),
        ({"names": ["a", 1]}, "names is ['a', 1]; it is a list of texts."),
        ({"kind": "tow"}, "kind is 'tow'; use one of one, two. Is it 'two'?"),
        ({"kind": 5}, "kind is 5; use one of one, two."),
        ({"titel": "x"}, "top level: unknown key 'titel'. Is it 'title'?"),
        ({"zzz": "x"}, "top level: unknown key 'zzz'. Use title, alpha, pair, names, kind, fast, parts, named."),
        ({"place": "x"}, "top level: unknown key 'place'."),
        ({"parts": {"from": "x"}}, "parts: it is a list of tables. Write [[parts]], with two brackets."),
        ({"parts": [{"from": "x"}, {}]}, "parts[1]: from is missing. It is a text."),
        ({"parts": [{"from": "x", "scale": "2"}]}, "parts[0]: scale is '2'; it is a number that values are multiplied"),
        ({"parts": [{"from": "x", "count": -1}]}, "parts[0]: count is -1; it is a whole number of 0 or more."),
        ({"parts": [{"from": "x", "count": 1.5}]}, "count is 1.5; it is a whole number of 0 or more."),
        ({"parts": [{"from": "x", "even": 3}]}, "parts[0]: even is 3; it is an even number."),
        ({"parts": [{"from": "x", "unit": "dayz"}]}, "unit is 'dayz'; use one of days, months, or a number. Is it 'd"),
        ({"parts": [{"from": "x", "inner": {"from": 1}}]}, "a.toml, parts[0].inner: from is 1; it is a text."),
        ({"named": {"first": {"form": "x"}}}, "a.toml, named.first: unknown key 'form'. Is it 'from'?"),
        ({"named": {"first": 3}}, "named.first: 3 is not a table. Write [named.first] with keys under it."),
    ],
)
def test_faults(change: dict, message: str) -> None:
    """A wrong type, name or key is refused in one sentence."""
    with pytest.raises(DataError) as raised:
        DECODER.table({"title": "t"} | change, Whole, fixed={"place": ""})
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_missing_key_and_another_class_of_error() -> None:
    """Who reads a plan asks for the error of a question; a long value is cut short."""
    decoder = Decoder(file="plan.toml", error=QuestionError)
    with pytest.raises(QuestionError, match="plan.toml, top level: title is missing. It is a text"):
        decoder.table({}, Whole)
    with pytest.raises(QuestionError, match=r"title is \['x.*\.\.\.; it is a text") as raised:
        decoder.table({"title": ["x" * 500]}, Whole)
    assert len(str(raised.value)) < 150


def test_files(tmp_path: Path) -> None:
    """A file is read as UTF-8; one that is not TOML is refused with its line."""
    path = tmp_path / "a.toml"
    path.write_text('title = "ä"\n', encoding="utf-8")
    assert read_toml(path) == {"title": "ä"}
    path.write_text('title = "a"\nalpha = 0,05\n', encoding="utf-8")
    with pytest.raises(QuestionError, match=r"a.toml is not TOML: .*line 2.*Correct the line"):
        read_toml(path, error=QuestionError)
    path.write_bytes('title = "ä"'.encode("latin-1"))
    with pytest.raises(DataError, match="a.toml is not UTF-8 text"):
        read_toml(path)
