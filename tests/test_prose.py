"""Rows carry facts: no module reads meaning out of a row's or an error's text, but for the rooms that read words."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "tamoxres"
TEXT = {"population", "note", "remark", "contrast", "method", "term", "study", "label", "title", "error", "message"}
READERS = ("wording/", "effects/rows", "analysis/design", "reporting/claims", "cohorts/", "cli/")
METHODS = {
    "split",
    "rsplit",
    "partition",
    "rpartition",
    "startswith",
    "endswith",
    "removeprefix",
    "removesuffix",
    "find",
}
SEARCHES = {"search", "match", "fullmatch", "findall", "finditer", "sub", "subn"}
FILES = {file.relative_to(PACKAGE).as_posix(): file for file in sorted(PACKAGE.rglob("*.py"))}


def named(node: ast.AST) -> str:
    """Name the text that an expression holds: a variable or attribute, through `str()` and calls on it."""
    while isinstance(node, ast.Call):
        if isinstance(node.func, ast.Name) and node.func.id in ("str", "repr") and node.args:
            node = node.args[0]
        elif isinstance(node.func, ast.Attribute):
            node = node.func.value
        else:
            return ""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def is_layout(node: ast.Call) -> bool:
    """Whether a split is on white space or lines: words of a label are measured, not read."""
    return all(isinstance(a, ast.Constant) and str(a.value).isspace() for a in node.args)


def readings(source: str) -> list[str]:
    """List the lines of a module that read meaning out of a text of a row or an error."""
    found = []
    for node in ast.walk(ast.parse(source)):
        on: list[ast.AST] = []
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr in METHODS and not (node.func.attr in ("split", "rsplit") and is_layout(node)):
                on = [node.func.value]
            elif node.func.attr in SEARCHES:
                on = list(node.args)
        elif isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.In | ast.NotIn):
            text = isinstance(node.left, ast.Constant | ast.JoinedStr) or named(node.left).isupper()
            on = node.comparators if text else []
        found += [f"line {node.lineno} reads {named(part)}" for part in on if named(part) in TEXT]
    return found


@pytest.mark.parametrize("module", [name for name in FILES if not name.startswith(READERS)])
def test_no_module_reads_a_text(module: str) -> None:
    """Facts are fields: what a consumer needs of a row or an error is never cut out of its words."""
    assert readings(FILES[module].read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "line",
    [
        "row.population.rpartition(', ')[2]", "re.search('x', row.note)", "PATTERN.fullmatch(effect.term)",
        "effect.method.startswith('from ')", "'flags' in str(error)", "ABSENT not in str(error)",
        "str(error).partition(':')", "f'{level} v' in row.contrast", "effect.study.casefold().endswith('2003')",
    ],
)  # fmt: skip
def test_such_a_line_is_found(line: str) -> None:
    """The test above can fail: each way of reading a text is seen."""
    assert readings(line), line


@pytest.mark.parametrize("line", ["label.split()", "row.study in names", "'a' in row.flags", "title.split('\\n')"])
def test_other_lines_are_left_alone(line: str) -> None:
    """Measuring words, membership of names and flags are no reading."""
    assert not readings(line), line
