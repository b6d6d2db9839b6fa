"""The house holds: floors, doors, no circles, budgets (CONTRIBUTING.md), read from the source without importing it."""

from __future__ import annotations

import ast
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "tamoxres"
FILE_LINES, FUNCTION_LINES = 400, 40
FLOORS = (  # a module imports from lower rows, or from its own folder
    ("errors",),
    ("vocabulary",),
    ("wording", "files", "genome", "kernel"),
    ("endpoints",),
    ("codebook", "curves", "flow"),
    ("effects",),
    ("tables",),
    ("inference",),
    ("cohort", "treatment"),
    ("question",),
    ("registry",),
    ("cohorts", "markers", "analysis", "synthetic"),
    ("models", "scan", "evidence", "meta"),
    ("figures",),
    ("answers",),
    ("reporting", "calibrate"),
    ("explorer",),
    ("cli",),
    ("__main__",),
)
FLOOR = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}
ROWS_ONLY = {  # these see effects and below, and what stands here
    "tables": (), "inference": ("tables",), "evidence": ("tables", "inference", "registry"),
    "meta": ("tables", "inference", "registry"), "figures": ("tables", "inference", "registry", "meta"),
}  # fmt: skip
KERNEL_SEES = ("errors", "vocabulary")
DOORS = {  # an outside library -> the only places that may import it
    "lifelines": ("models",), "autograd": ("models",), "matplotlib": ("figures",), "seaborn": ("figures",),
    "requests": ("cohorts.fetch",),
    "urllib": ("cohorts.fetch", "explorer"), "socket": ("cohorts.fetch", "explorer"),
    "http": ("cohorts.fetch", "explorer"), "shiny": ("explorer",), "uvicorn": ("explorer",),
}  # fmt: skip
MODULES = {
    ".".join(file.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__"): file
    for file in sorted(PACKAGE.rglob("*.py"))
    if file != PACKAGE / "__init__.py"
}


@cache
def tree(module: str) -> ast.Module:
    """Parse a module once."""
    return ast.parse(MODULES[module].read_text(encoding="utf-8"))


def typing_only(module: str) -> set[int]:
    """Find the nodes that only a type checker sees."""
    guards = [n for n in tree(module).body if isinstance(n, ast.If) and "TYPE_CHECKING" in ast.dump(n.test)]
    return {id(inner) for guard in guards for inner in ast.walk(guard)}


@cache
def imports(module: str) -> frozenset[str]:
    """List what a module imports at run time, inside functions too; the package's own modules begin with a dot."""
    skipped, found = typing_only(module), set()
    package = ["", *module.split(".")] if MODULES[module].name == "__init__.py" else ["", *module.split(".")[:-1]]
    for node in ast.walk(tree(module)):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            parts = package[: len(package) - node.level + 1] if node.level else []
            stem = ".".join([*parts, *([node.module] if node.module else [])])
            found |= {f"{stem}.{a.name}" if f"{stem}.{a.name}"[1:] in MODULES else stem for a in node.names}
    return frozenset(f".{name.removeprefix('tamoxres.')}" if name.startswith("tamoxres.") else name for name in found)


def own(module: str) -> set[str]:
    """List the package's modules that a module imports."""
    return {name[1:] for name in imports(module) if name.startswith(".") and name[1:] and name[1:] != module}


def is_cohort(module: str) -> bool:
    """Whether a module loads one cohort: it lies in cohorts/ and has a function `load` (the catalogue's is for all)."""
    loads = any(isinstance(node, ast.FunctionDef) and node.name == "load" for node in tree(module).body)
    return module.startswith("cohorts.") and module != "cohorts.catalogue" and loads


@pytest.mark.parametrize("module", MODULES)
def test_imports_go_down(module: str) -> None:
    """A module imports from lower floors, or from its own folder; rows know nothing of patients."""
    room = module.partition(".")[0]
    assert room in FLOOR, f"{module} stands on no floor: name its room in FLOORS"
    for other in own(module):
        below = other.partition(".")[0]
        assert below == room or FLOOR[below] < FLOOR[room], f"{module} imports {other}, which is not below it"
        if room in ROWS_ONLY and below not in (room, *ROWS_ONLY[room]):
            assert FLOOR[below] <= FLOOR["effects"], f"{module} imports {other}, which knows patients"
        if room == "kernel":
            assert below in ("kernel", *KERNEL_SEES), f"{module} imports {other}; the kernel sees arrays alone"


@pytest.mark.parametrize("module", MODULES)
def test_doors_are_kept(module: str) -> None:
    """Each outside library has one door; only the command line prints; a cohort's file knows no other cohort's."""
    for name in imports(module):
        door = DOORS.get(name.split(".")[0])
        assert not door or module.startswith(door), f"{module} imports {name}, whose door is {door}"
    prints = [
        n.lineno for n in ast.walk(tree(module)) if isinstance(n, ast.Call) and getattr(n.func, "id", "") == "print"
    ]
    assert module.startswith("cli") or not prints, f"{module} prints in line {prints}"
    if is_cohort(module):
        others = [other for other in own(module) if is_cohort(other)]
        assert not others, f"{module} imports the cohort {others}"


def test_no_circles() -> None:
    """No module imports itself by a detour, inside functions neither."""
    try:
        tuple(TopologicalSorter({module: own(module) for module in MODULES}).static_order())
    except CycleError as error:
        pytest.fail(f"circle: {' -> '.join(error.args[1])}")


@pytest.mark.parametrize("module", MODULES)
def test_budgets(module: str) -> None:
    """A file has at most 400 lines and a docstring, a function at most 40 lines without its docstring."""
    lines = MODULES[module].read_text(encoding="utf-8").count("\n")
    assert lines <= FILE_LINES, f"{module} has {lines} lines"
    assert ast.get_docstring(tree(module)), f"{module} has no docstring"
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            text = ast.get_docstring(node, clean=False)
            size = node.end_lineno - node.lineno + 1 - (text.count("\n") + 1 if text else 0)
            assert size <= FUNCTION_LINES, f"{module}.{node.name} has {size} lines"
