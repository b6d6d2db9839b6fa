"""How many small faults the tests would see: each mutant changes one operator or number of a room, and tests run on it.

    make mutants                                   a sample of 40 of every room, into benchmarks/MUTANTS.md
    make mutants ROOMS="effects meta" MUTANTS=100 SEED=2

A mutant is killed when its room's tests fail or take three times as long as without it. The package is copied; the
checkout is never touched. Docstrings, annotations, messages and `__all__` are left alone.
"""

from __future__ import annotations

import argparse
import ast
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "MUTANTS.md"
ROOMS = {  # room: its source, and the tests that are its own
    "effects": ("effects", "effects extraction evidence hostile"),
    "meta": ("meta", "meta_pool meta_tau2 meta_bias meta_defaults meta_dependent meta_bayes meta_votes certainty"),
    "inference": ("inference", "equivalence evalue families gail_simon rubin same_numbers wording"),
    "models": ("models", "models_cox models_interaction rmst fine_gray standardise logrank splines properties"),
    "kernel": ("kernel", "kernel kernel_batch properties"),
    "wording": ("wording", "wording tables tables_hazards prose"),
    "recode": ("cohorts/recode.py", "mapping mapping_endpoints readers_messy custom"),
    "numbers": ("files/numbers.py", "numbers"),
    "writing": ("files/writing.py", "writing files"),
    "tables": ("tables", "tables tables_baseline tables_hazards"),
}  # fmt: skip
OPERATORS: dict[type, type] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Add: ast.Sub, ast.Sub: ast.Add,
    ast.Mult: ast.Div, ast.Div: ast.Mult, ast.And: ast.Or, ast.Or: ast.And, ast.Pow: ast.Mult, ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """One change: where, and the text before and after."""

    file: Path
    line: int
    start: int
    end: int
    before: str
    after: str

    def __str__(self) -> str:
        place = f"{self.file.relative_to(ROOT / 'tamoxres')}:{self.line}"
        return f"{place}: `{' '.join(self.before.split())[:90]}` became `{' '.join(self.after.split())[:90]}`"


def _is_no_behaviour(node: ast.AST) -> bool:
    """Whether a statement is for type checkers, or names what is public."""
    if isinstance(node, ast.If):
        return "TYPE_CHECKING" in ast.dump(node.test)
    return isinstance(node, ast.Assign) and "__all__" in ast.dump(node.targets[0])


def left_alone(tree: ast.Module) -> set[int]:
    """Nodes that are no behaviour: annotations, messages, `__all__`, type checking, doctests."""
    roots: list[ast.AST | None] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            roots += [node.returns, *(arg.annotation for arg in (*node.args.args, *node.args.kwonlyargs))]
        elif isinstance(node, ast.AnnAssign):
            roots.append(node.annotation)
        elif isinstance(node, ast.Raise | ast.Assert) or _is_no_behaviour(node):
            roots.append(node)
    return {id(inner) for root in roots if root is not None for inner in ast.walk(root)}


def changed(node: ast.AST) -> Iterator[ast.expr]:
    """Yield what a node may become."""
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in OPERATORS:
        yield ast.Compare(node.left, [OPERATORS[type(node.ops[0])]()], node.comparators)
    elif isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
        yield ast.BinOp(node.left, OPERATORS[type(node.op)](), node.right)
    elif isinstance(node, ast.BoolOp):
        yield ast.BoolOp(OPERATORS[type(node.op)](), node.values)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.USub):
        yield node.operand
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield ast.Constant(not node.value)
    elif isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        yield ast.Constant(node.value + 1)


def mutants(room: str) -> list[Mutant]:
    """List every mutant of a room."""
    place = ROOT / "tamoxres" / ROOMS[room][0]
    found = []
    for file in [place] if place.is_file() else sorted(place.rglob("*.py")):
        source = file.read_bytes()
        starts = [0]
        for line in source.splitlines(keepends=True):
            starts.append(starts[-1] + len(line))
        tree = ast.parse(source)
        skipped = left_alone(tree)
        for node in ast.walk(tree):
            if id(node) in skipped or not isinstance(node, ast.expr):
                continue
            start, end = starts[node.lineno - 1] + node.col_offset, starts[node.end_lineno - 1] + node.end_col_offset
            for new in changed(node):
                text = f"({ast.unparse(new)})"
                found.append(Mutant(file, node.lineno, start, end, source[start:end].decode(), text))
    return found


def tested(folder: Path, room: str, patience: float) -> tuple[bool, float]:
    """Run a room's tests in the copy; tell whether they pass, and the seconds they took."""
    files = [f"tests/test_{name}.py" for name in ROOMS[room][1].split()]
    begun = time.monotonic()
    environment = {**os.environ, "PYTHONPATH": str(folder), "TAMOXRES_SHARED": str(ROOT.parent / "shared")}
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *files]
    try:
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, timeout=patience, check=False)
    except subprocess.TimeoutExpired:
        return False, patience
    return done.returncode == 0, time.monotonic() - begun


def sample(room: str, many: int, seed: int) -> tuple[int, list[Mutant], int]:
    """Run a sample of a room's mutants; return how many ran, who survived, and how many there are in all."""
    every = mutants(room)
    chosen = random.Random(f"{seed} {room}").sample(every, min(many, len(every)))
    survived = []
    with tempfile.TemporaryDirectory(prefix="mutants-") as name:
        folder = Path(name)
        shutil.copytree(ROOT / "tamoxres", folder / "tamoxres", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copytree(ROOT / "tests", folder / "tests", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "pyproject.toml", folder)
        (folder / "data_raw").symlink_to(ROOT / "data_raw")
        passed, seconds = tested(folder, room, 1800)
        if not passed:
            raise SystemExit(f"{room}: the tests fail without any mutant.")
        for number, mutant in enumerate(chosen, 1):
            copy = folder / mutant.file.relative_to(ROOT)
            source = mutant.file.read_bytes()
            copy.write_bytes(source[: mutant.start] + mutant.after.encode() + source[mutant.end :])
            lives, _ = tested(folder, room, 3 * seconds + 30)
            copy.write_bytes(source)
            if lives:
                survived.append(mutant)
            print(f"{room} {number}/{len(chosen)} {'survived' if lives else 'killed'} {mutant}", flush=True)
    return len(chosen), survived, len(every)


def main() -> None:
    """Run samples of rooms and write what survived."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--mutants", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--output", type=Path, default=RESULTS)
    parser.add_argument("rooms", nargs="*", default=list(ROOMS))
    asked = parser.parse_args()
    lines = ["| room | mutants in all | run | killed |", "|---|---:|---:|---:|"]
    living: list[str] = []
    for room in asked.rooms:
        run, survived, every = sample(room, asked.mutants, asked.seed)
        lines.append(
            f"| {room} | {every:,} | {run} | {run - len(survived)} ({100 * (run - len(survived)) / run:.0f}%) |"
        )
        living += [f"- {mutant}" for mutant in survived]
    head = f"# Mutants\n\nWritten by `make mutants`; seed {asked.seed}. {__doc__.splitlines()[0]}\n\n"
    text = head + "\n".join(lines) + "\n\n## Survivors\n\n" + ("\n".join(living) or "None.") + "\n"
    asked.output.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
