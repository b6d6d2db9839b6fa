"""How many small faults the tests would see: each mutant changes one operator or number of a room, and tests run on it.

    make mutants                                   a sample of 40 of every room, into benchmarks/MUTANTS.md
    make mutants ROOMS="effects meta" MUTANTS=100 SEED=2

A mutant is killed when its room's tests fail or take three times as long as without it. Those tests run that enter the
function it stands in, found once by running all of the room's; all where none is seen to (compiled code, constants).
The package is copied; the checkout is never touched. Docstrings, annotations, messages and `__all__` are left alone.
Verdicts are kept in benchmarks/mutants.jsonl, so that a run that was stopped goes on, for as long as the file it is
of does not change. What survives and changes nothing is named in benchmarks/mutants_equivalent.toml, with the reason.
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import tomllib
import traceback
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "MUTANTS.md"
EQUIVALENT = ROOT / "benchmarks" / "mutants_equivalent.toml"
ROOMS = {  # room: its source, and the tests that are its own (its doctests are too)
    "effects": (
        "effects",
        "effects effects_many effects_columns extraction evidence hostile routes ratios exchange scales odd_numbers",
    ),
    "meta": (
        "meta",
        "meta_pool meta_tau2 meta_bias meta_defaults meta_dependent meta_bayes meta_votes meta_studies certainty "
        "copas gosh living missing_results network outcomes risk_of_bias scales to_metafor within albatross extraction",
    ),
    "inference": (
        "inference",
        "equivalence evalue families gail_simon rubin same_numbers wording doubts planning robustness within "
        "absolute imputation",
    ),
    "models": ("models", "models_cox models_interaction rmst fine_gray standardise logrank splines properties"),
    "kernel": ("kernel", "kernel kernel_batch estimators firth properties by_hand"),
    "wording": ("wording", "wording tables tables_hazards prose report_words typeset undated effects"),
    "recode": ("cohorts/recode.py", "mapping mapping_endpoints readers_messy custom check_facts treatment quiet_data"),
    "numbers": ("files/numbers.py", "numbers"),
    "writing": ("files/writing.py", "writing files"),
    "tables": ("tables", "tables tables_baseline tables_hazards"),
}  # fmt: skip
OUTPUT = os.path.join(tempfile.gettempdir(), f"mutants-{os.getpid()}.txt")  # of the tests that ran last
PRELOADED = ("numpy", "pandas", "scipy.stats", "scipy.optimize", "scipy.special", "lifelines")
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
    function: int = 0  # the line on which the function that it stands in begins

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


def _files(room: str) -> list[Path]:
    place = ROOT / "tamoxres" / ROOMS[room][0]
    return [place] if place.is_file() else sorted(place.rglob("*.py"))


def _functions(tree: ast.Module) -> dict[int, int]:
    """Return for each line the line on which the innermost function around it begins, decorators included."""
    found: dict[int, int] = {}
    for node in ast.walk(tree):  # outer ones come first
        if isinstance(node, ast.FunctionDef):
            first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
            found |= dict.fromkeys(range(first, (node.end_lineno or first) + 1), first)
    return found


def mutants(room: str) -> list[Mutant]:
    """List every mutant of a room."""
    found = []
    for file in _files(room):
        source = file.read_bytes()
        starts = [0]
        for line in source.splitlines(keepends=True):
            starts.append(starts[-1] + len(line))
        tree = ast.parse(source)
        skipped, functions = left_alone(tree), _functions(tree)
        for node in ast.walk(tree):
            if id(node) in skipped or not isinstance(node, ast.expr):
                continue
            start, end = starts[node.lineno - 1] + node.col_offset, starts[node.end_lineno - 1] + node.end_col_offset
            for new in changed(node):
                text = f"({ast.unparse(new)})"
                before = source[start:end].decode()
                found.append(Mutant(file, node.lineno, start, end, before, text, functions.get(node.lineno, 0)))
    return found


class Reach:
    """Watch which functions of the package each test enters, its fixtures included, and how long it takes."""

    def __init__(self, package: Path) -> None:
        self.package, self.now = str(package), set[tuple[str, int]]()
        self.entered: dict[str, set[tuple[str, int]]] = {}
        self.fixtures: dict[Any, set[tuple[str, int]]] = {}
        self.seconds: dict[str, float] = {}

    def _enter(self, frame: Any, event: str, value: Any) -> None:
        self.now.add((frame.f_code.co_filename, frame.f_code.co_firstlineno))

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: Any, request: Any) -> Any:
        """Keep apart what a fixture enters: every test that uses it enters that."""
        before, self.now = self.now, set()
        try:
            return (yield)
        finally:
            self.fixtures[fixturedef] = self.now
            self.now = before | self.now

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: Any, nextitem: Any) -> Any:
        """Watch one test."""
        self.now, begun = set(), time.monotonic()
        sys.settrace(self._enter)
        try:
            return (yield)
        finally:
            sys.settrace(None)
            defined = getattr(getattr(item, "_fixtureinfo", None), "name2fixturedefs", {})
            used = [one for name in getattr(item, "fixturenames", ()) for one in defined.get(name, ())]
            entered = self.now.union(*(self.fixtures.get(one, set()) for one in used))
            inside = {(file, line) for file, line in entered if file.startswith(self.package)}
            self.entered[item.nodeid], self.seconds[item.nodeid] = inside, time.monotonic() - begun


@dataclass
class Only:
    """Run some tests alone, the quickest files first."""

    seconds: dict[str, float]

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        """Keep what was chosen."""
        kept = [item for item in items if item.nodeid in self.seconds]
        files: dict[str, float] = {}
        for item in kept:
            name = item.nodeid.partition("::")[0]
            files[name] = files.get(name, 0.0) + self.seconds[item.nodeid]
        items[:] = sorted(kept, key=lambda item: (files[item.nodeid.partition("::")[0]], self.seconds[item.nodeid]))


@dataclass
class Copy:
    """A copy of the package and its tests, and what each test enters."""

    folder: Path
    room: str
    entered: dict[str, set[tuple[str, int]]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    def files(self) -> list[str]:
        """Name the room's tests, and its source for the examples in it."""
        named = [f"tests/test_{name}.py" for name in ROOMS[self.room][1].split()]
        return [*(name for name in named if (ROOT / name).is_file()), f"tamoxres/{ROOMS[self.room][0]}"]

    def watch(self) -> None:
        """Run all of the room's tests once; they must pass."""
        reach = Reach(self.folder / "tamoxres")
        told = self.folder / "reach.json"

        def run() -> int:
            code = int(self._main(self.files(), reach))
            told.write_text(json.dumps([{k: sorted(v) for k, v in reach.entered.items()}, reach.seconds]))
            return code

        if not passes(run, 3600):
            raise SystemExit(f"{self.room}: the tests fail without any mutant.\n{Path(OUTPUT).read_text()[-3000:]}")
        entered, self.seconds = json.loads(told.read_text())
        self.entered = {test: {(file, line) for file, line in places} for test, places in entered.items()}

    def _main(self, files: list[str], plugin: object) -> int:
        options = ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"]
        return int(pytest.main([*options, *files], plugins=[plugin]))

    def lives(self, mutant: Mutant) -> bool:
        """Whether every test that enters the mutant's function passes."""
        place = (str(self.folder / mutant.file.relative_to(ROOT)), mutant.function)
        chosen = [test for test, places in self.entered.items() if place in places] or list(self.entered)
        seconds = {test: self.seconds[test] for test in chosen}
        files = [name for name in self.files() if any(test.startswith(name) for test in chosen)]
        return passes(lambda: self._main(files, Only(seconds)), 3 * sum(seconds.values()) + 60)


def passes(run: Any, patience: float) -> bool:
    """Run tests in a process of their own, which has the libraries already; one that takes too long fails."""
    child = os.fork()
    if not child:
        os.setsid()
        code = 1
        try:
            quiet = os.open(OUTPUT, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(quiet, 1)
            os.dup2(quiet, 2)
            code = run()
        except BaseException:  # noqa: BLE001 it is told, and the process ends
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
    end = time.monotonic() + patience
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status) == 0
        time.sleep(0.02)
    with suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return False


def copied(folder: Path, room: str) -> Copy:
    """Copy the package and the tests; from here on they are what this process imports."""
    for name in ("tamoxres", "tests", "docs", "notebooks"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "_build"))
    for name in ("pyproject.toml", "README.md", "CONTRIBUTING.md", "CHANGELOG.md"):
        shutil.copy(ROOT / name, folder)
    for name in ("data_raw", "benchmarks"):
        (folder / name).symlink_to(ROOT / name)
    sys.path[:] = [str(folder), *(place for place in sys.path if Path(place or ".").resolve() != ROOT)]
    os.environ |= {"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    os.environ.setdefault("TAMOXRES_SHARED", str(ROOT.parent / "shared"))
    os.chdir(folder)
    return Copy(folder, room)


def source_hash(file: Path) -> str:
    """Return what tells whether a file has changed."""
    return hashlib.sha256(file.read_bytes()).hexdigest()[:12]


def known(state: Path, room: str) -> dict[str, bool]:
    """Return the verdicts of earlier runs on files as they are: whether a mutant lived."""
    lines = state.read_text(encoding="utf-8").splitlines() if state.is_file() else []
    hashes = {source_hash(file) for file in _files(room)}
    told = [json.loads(line) for line in lines]
    return {one["mutant"]: one["lives"] for one in told if one["room"] == room and one["source"] in hashes}


def run_room(room: str, asked: argparse.Namespace) -> None:
    """Run a sample of a room's mutants, and keep each verdict as it comes."""
    every = mutants(room)
    chosen = random.Random(f"{asked.seed} {room}").sample(every, min(asked.mutants, len(every)))
    judged = known(asked.state, room)
    todo = [mutant for mutant in chosen if judged.get(str(mutant), True) and (asked.again or str(mutant) not in judged)]
    if not todo:
        return
    with tempfile.TemporaryDirectory(prefix="mutants-") as name:
        copy = copied(Path(name), room)
        copy.watch()
        for number, mutant in enumerate(todo, 1):
            file = copy.folder / mutant.file.relative_to(ROOT)
            source = file.read_bytes()
            file.write_bytes(source[: mutant.start] + mutant.after.encode() + source[mutant.end :])
            begun, lives = time.monotonic(), copy.lives(mutant)
            file.write_bytes(source)
            told_of = {"room": room, "source": source_hash(mutant.file), "seed": asked.seed}
            row = {**told_of, "mutant": str(mutant), "lives": lives}
            with asked.state.open("a", encoding="utf-8") as told:
                told.write(json.dumps(row, ensure_ascii=False) + "\n")
            verdict = "survived" if lives else "killed"
            print(f"{room} {number}/{len(todo)} {time.monotonic() - begun:.0f} s {verdict} {mutant}", flush=True)


def table(state: Path) -> str:
    """Write what was killed in each room, and what survived and why."""
    why = {one["mutant"]: one["why"] for one in tomllib.loads(EQUIVALENT.read_text("utf-8")).get("equivalent", [])}
    rows = [
        "| room | mutants in all | run | killed | equivalent | killed of the others |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    living: list[str] = []
    for room in ROOMS:
        if not (judged := known(state, room)):
            continue
        alive = [mutant for mutant, lives in judged.items() if lives]
        same = [mutant for mutant in alive if unplaced(mutant) in why]
        killed, others = len(judged) - len(alive), len(judged) - len(same)
        share = f"{100 * killed / others:.1f}%" if others else "none"
        rows.append(f"| {room} | {len(mutants(room)):,} | {len(judged)} | {killed} | {len(same)} | {share} |")
        living += [
            f"- {mutant}" + (f": equivalent, {why[unplaced(mutant)]}" if mutant in same else "") for mutant in alive
        ]
    return "\n".join(rows) + "\n\n## Survivors\n\n" + ("\n".join(living) or "None.") + "\n"


def unplaced(mutant: str) -> str:
    """Return a mutant's text without its line, which moves."""
    file, _, change = mutant.partition(": ")
    return f"{file.rpartition(':')[0]}: {change}"


def main() -> None:
    """Run samples of rooms and write what survived."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mutants", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--output", type=Path, default=RESULTS)
    parser.add_argument("--state", type=Path, default=RESULTS.with_suffix(".jsonl").with_name("mutants.jsonl"))
    parser.add_argument("--again", action="store_true", help="run those that survived before once more")
    parser.add_argument("rooms", nargs="*", default=list(ROOMS))
    asked = parser.parse_args()
    asked.state, asked.output = asked.state.resolve(), asked.output.resolve()
    for library in PRELOADED:
        __import__(library)
    for room in asked.rooms:
        run_room(room, asked)
        head = f"# Mutants\n\nWritten by `make mutants`. {__doc__.splitlines()[0]}\n\n"
        asked.output.write_text(head + table(asked.state), encoding="utf-8")


if __name__ == "__main__":
    main()
