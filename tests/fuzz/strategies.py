"""Strategies: cells and names that have broken readers, mutated bytes, and tables and tables of keys made of them."""

from __future__ import annotations

import re
from typing import Any

from hypothesis import strategies as st

CELLS = [
    "", " ", "0", "-0.0", "1e4294967296", "31e4009688093", "1e-400", "9" * 401,
    "nan", "inf", "-Infinity", "NA", "unk",
    "1,5", "1.234,5", "１２", "½", "true", "None", "=1+1", "@x", "2800-01-01", "0000-00-00", "31.02.2001",
    "\ufeff", "\0",
    "\r", "\n", '"', '""', "'", "a;b", "a|b", "\t", "\u2028", "x" * 5000, "../../x", "{}", "[]", "null", "<b>", "%s",
    "é" * 300, "\U0001f600", "A\u0301", "\x1b[31m", "-1",
    "1e308", "5e-324", "0x1F", "1_000", "+5", "5.", ".5",
]  # fmt: skip
KEYS = ["unit", "x", "date", "separator", "decimal", "encoding", "header_row", "footer_rows", "last_seen", "scale"]
CELL = st.one_of(st.sampled_from(CELLS), st.text(max_size=12), st.floats().map(repr), st.integers().map(str))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | CELL,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(CELL, inner, max_size=3),
    max_leaves=6,
)
TOML_VALUES = st.one_of(
    st.sampled_from([
        "{}", "[]", '""', '" "', "true", "1e400", "-1", "nan", "inf", "0", "[[]]", '"||"', '["a", 1]', "2001-01-01",
        "'../../x'", '"a:b:c"', '"\\u0000"', "99999999999999999999", "{ from = {} }", '{ from = "age", scale = 0 }',
        '"1e4294967296"', '">= x"', '"> "', "[1, [2, [3]]]", '{ value = 3 }', "12:00:00", '"\U0001f600"',
    ]),
    CELL.map(lambda text: '"' + re.sub(r'[\x00-\x1f"\\\ud800-\udfff\x7f]', "_", text) + '"'),
)  # fmt: skip


@st.composite
def mutated(draw: st.DrawFn, seed: bytes) -> bytes:
    """Change bytes: overwrite, cut, repeat, drop, put others in."""
    content = bytearray(seed)
    for _ in range(draw(st.sampled_from([1, 1, 2, 5]))):
        at = draw(st.integers(0, max(len(content) - 1, 0)))
        size = draw(st.sampled_from([1, 1, 2, 4, 16, 200]))
        kind = draw(st.sampled_from(["set", "set", "cut", "drop", "repeat", "put"]))
        if kind == "set":
            content[at : at + 1] = draw(st.sampled_from([b"\0", b"\xff", b"\x7f", b"\n", b'"', b",", b"9", b"e", b"-"]))
        elif kind == "cut":
            del content[max(at, 1) :]
        elif kind == "drop":
            del content[at : at + size]
        elif kind == "repeat":
            content[at:at] = content[at : at + size] * draw(st.sampled_from([1, 3, 50]))
        else:
            content[at:at] = draw(st.binary(max_size=8))
    return bytes(content)


@st.composite
def with_cells(draw: st.DrawFn, seed: str, separator: str = ",") -> bytes:
    """Put hostile cells into a table, names of columns among them."""
    rows = [line.split(separator) for line in seed.splitlines()]
    for _ in range(draw(st.sampled_from([1, 1, 1, 3]))):
        row = draw(st.integers(0, len(rows) - 1))
        column = draw(st.integers(0, len(rows[row]) - 1))
        rows[row][column] = draw(CELL)
    text = "".join(separator.join(row) + "\n" for row in rows)
    return text.encode(draw(st.sampled_from(["utf-8", "utf-8", "utf-16", "utf-8-sig"])), "replace")


@st.composite
def with_values(draw: st.DrawFn, seed: str) -> bytes:
    """Put hostile values behind keys of a TOML text, and keys where none belong."""
    lines = seed.splitlines()
    for _ in range(draw(st.sampled_from([1, 1, 1, 3]))):
        at = draw(st.integers(0, len(lines) - 1))
        key = lines[at].partition("=")[0].strip()
        kind = draw(st.sampled_from(["value", "value", "value", "drop", "twice", "key"]))
        if kind == "drop":
            lines[at] = ""
        elif kind == "twice":
            lines.insert(at, lines[at])
        elif kind == "key":
            lines.insert(at, f"{draw(st.sampled_from(KEYS))} = {draw(TOML_VALUES)}")
        elif "=" in lines[at]:
            lines[at] = f"{key} = {draw(TOML_VALUES)}"
    return "\n".join(lines).encode("utf-8", "replace")


@st.composite
def answers(draw: st.DrawFn, seed: dict[str, Any]) -> dict[str, Any]:
    """Change what a server answers: whole answers, rows, or cells of rows."""
    given = {name: draw(JSON) if draw(st.integers(0, 3)) == 0 else answer for name, answer in seed.items()}
    for name, answer in given.items():
        if isinstance(answer, list) and answer and isinstance(answer[0], dict) and draw(st.booleans()):
            row = dict(answer[0])
            row[draw(st.sampled_from([*row, "x"]))] = draw(JSON)
            given[name] = [row, *answer[1:]]
    return given
