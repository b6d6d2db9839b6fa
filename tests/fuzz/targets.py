"""What is fuzzed: each target takes an input and a folder, and either works or refuses in one of our sentences."""

from __future__ import annotations

import json
import math
import signal
import warnings
from collections.abc import Callable, Iterator
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import BytesIO, StringIO, TextIOWrapper
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import strategies as st

import tamoxres as tr
from tamoxres.cli import main
from tamoxres.cohorts.check import check
from tamoxres.cohorts.expression import own_expression
from tamoxres.cohorts.fetch_api import ApiStudy, fetch_api
from tamoxres.cohorts.fetch_http import unpack
from tamoxres.cohorts.formats import read_file
from tamoxres.cohorts.readers.wide import read_chosen
from tamoxres.cohorts.sketch import init_mapping
from tamoxres.effects import effects_to_csv, effects_to_json, read_effects
from tamoxres.effects.rows_header import ColumnSynonym
from tamoxres.errors import TamoxresError
from tamoxres.evidence.references import read_references, references_text
from tamoxres.evidence.revman import read_revman, revman_bytes
from tamoxres.meta.pool import pool
from tamoxres.reporting.claims import check_claims
from tamoxres.reporting.plan import read_plan
from tamoxres.scan.matrix import open_expression
from tamoxres.scan.positions import with_positions

from . import seeds
from .strategies import CELL, JSON, answers, mutated, with_cells, with_values

SECONDS, LONGEST = 10, 3000
LINES = 22  # the first 20 faults, a head, and how many more there are


class Hang(BaseException):
    """An input that takes longer than it may."""


@contextmanager
def watched() -> Iterator[None]:
    """Stop what takes ten seconds of the processor, or waits for two minutes: other work on the machine is no fault."""

    def stop(*_: object) -> None:
        raise Hang(f"longer than {SECONDS} seconds")

    kinds = ((signal.SIGPROF, signal.ITIMER_PROF, SECONDS), (signal.SIGALRM, signal.ITIMER_REAL, 12 * SECONDS))
    before = [(number, signal.signal(number, stop)) for number, _, _ in kinds]
    for _, timer, seconds in kinds:
        signal.setitimer(timer, seconds)
    try:
        yield
    finally:
        for _, timer, _ in kinds:
            signal.setitimer(timer, 0)
        for number, handler in before:
            signal.signal(number, handler)


def holds(target: Callable[[Any, Path], object], given: Any, folder: Path) -> bool:
    """Run a target: it works (true), or refuses in words a reader can use (false); anything else is a fault."""
    with watched(), warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", ColumnSynonym)
        try:
            target(given, folder)
        except TamoxresError as error:
            said = str(error)
        else:
            return True
    assert said.strip()
    lines = said.splitlines()
    assert len(lines) <= LINES, f"a message of {len(lines)} lines: {said[:300]}"
    for line in lines:
        assert len(line) <= LONGEST, f"a line of {len(line):,} characters: {line[:300]}"
    assert "\0" not in said
    return False


def registry(content: bytes, folder: Path) -> None:
    path = folder / "r.csv"
    path.write_bytes(content)
    (folder / "m.toml").write_text(seeds.MAPPING)
    cohort = tr.load(path, mapping=folder / "m.toml")
    assert cohort.n > 0


def checked(content: bytes, folder: Path) -> None:
    path = folder / "r.csv"
    path.write_bytes(content)
    (folder / "m.toml").write_text(seeds.MAPPING)
    found = check(path, folder / "m.toml")
    assert len(str(found)) < 20_000
    if not found.ok:
        raise TamoxresError(found.wrong()[0])


def sketched(content: bytes, folder: Path) -> None:
    path = folder / "r.csv"
    path.write_bytes(content)
    (folder / "m.toml").write_text(init_mapping(path))
    assert check(path, folder / "m.toml").wrong() is not None


def mapping(content: bytes, folder: Path) -> None:
    (folder / "r.csv").write_text(seeds.REGISTRY)
    (folder / "m.toml").write_bytes(content)
    tr.load(folder / "r.csv", mapping=folder / "m.toml")


def plan(content: bytes, folder: Path) -> None:
    (folder / "p.toml").write_bytes(content)
    json.dumps(read_plan(folder / "p.toml").as_dict())


def effects(content: bytes, folder: Path, name: str = "e.csv") -> None:
    """Rows that are read are written and read again as the same rows, and pooled to numbers."""
    path = folder / name
    path.write_bytes(content)
    rows = read_effects(path)
    for written, again in ((effects_to_csv(rows), "a.csv"), (effects_to_json(rows), "a.json")):
        (folder / again).write_text(written, encoding="utf-8")
        assert read_effects(folder / again) == rows, "a row read back is another row"
    pooled = pool(rows, endpoint_map={})
    assert math.isfinite(pooled.log_estimate or 0.0)


def effects_json(rows: Any, folder: Path) -> None:
    effects(json.dumps(rows).encode(), folder, "e.json")


def sheet(content: bytes, folder: Path) -> None:
    (folder / "e.xlsx").write_bytes(content)
    assert read_effects(folder / "e.xlsx")


def review(given: tuple[str, bytes], folder: Path) -> None:
    """Rows that are read are written and read again as the same estimates."""
    suffix, content = given
    (folder / f"a{suffix}").write_bytes(content)
    rows = read_revman(folder / f"a{suffix}", endpoint="OS").effects
    (folder / "b.rm5").write_bytes(revman_bytes(rows, ".rm5"))
    again = sorted((row.study, row.point or 0.0, row.se or 0.0) for row in read_revman(folder / "b.rm5").effects)
    assert [one[1:] for one in again] == [(row.point, row.se) for row in sorted(
        rows, key=lambda row: (row.study, row.point or 0.0, row.se or 0.0))]  # fmt: skip


def library(given: tuple[str, bytes], folder: Path) -> None:
    """References that are read are written and read again under the same titles."""
    suffix, content = given
    (folder / f"a{suffix}").write_bytes(content)
    found = read_references(folder / f"a{suffix}")
    (folder / f"b{suffix}").write_text(references_text(found, suffix), encoding="utf-8", newline="")
    assert len(read_references(folder / f"b{suffix}")) == len(found)


def file(given: tuple[str, bytes], folder: Path) -> None:
    suffix, content = given
    (folder / f"a{suffix}").write_bytes(content)
    read_file(folder / f"a{suffix}")


def expression(content: bytes, folder: Path) -> None:
    import pandas as pd

    path = folder / "x.csv"
    path.write_bytes(content)
    open_expression(path)
    own_expression(path, "gene", "RNA", "log2", pd.Index(["P1", "P2"]))


def positions(content: bytes, folder: Path) -> None:
    import pandas as pd

    path = folder / "g.csv"
    path.write_bytes(content)
    with_positions(pd.DataFrame({"gene": ["ERBB2", "PTEN"]}), path)


@dataclass
class Portal:
    """A server's client that gives prescribed answers."""

    given: dict[str, Any]

    def progress(self, *_: object) -> None:
        """Tell nobody."""

    def get_json(self, url: str) -> Any:
        """Answer what is asked by an address."""
        return self.given["clinical" if "clinical" in url else "list" if "sample-lists" in url else "panel"]

    def post_json(self, url: str, _: Any) -> Any:
        """Answer what is asked by an address and a body."""
        kind = "mutations" if "mutations/fetch" in url else "panels" if "panel" in url else "matrix"
        return self.given[kind]


def fetched(given: dict[str, Any], folder: Path) -> None:
    inside = folder / "a" / "b"
    inside.mkdir(parents=True, exist_ok=True)
    study = ApiStudy(study_id="s", clinical=("SAMPLE", "PATIENT"))
    try:
        fetch_api(Portal(given), "http://x", study, inside)  # type: ignore[arg-type]
    finally:
        outside = [path for path in folder.rglob("*") if path.is_file() and inside not in path.parents]
        assert not outside, outside


def archive(content: bytes, folder: Path) -> None:
    (folder / "a.tar.gz").write_bytes(content)
    (folder / "in").mkdir(exist_ok=True)
    try:
        unpack(folder / "a.tar.gz", folder / "in" / "to", lambda name: True)
    finally:
        assert {path.name for path in folder.iterdir()} == {"a.tar.gz", "in"}
        assert {path.name for path in (folder / "in").iterdir()} <= {"to"}


def question(given: tuple[str, str, str, Any], _: Path) -> None:
    where, adjust, marker, horizon = given
    asked = tr.Question(endpoint=tr.RFS, er="any", estimand="treatment_effect", where=(where,), adjust=(adjust,),
                        horizon=horizon, marker=marker or None)  # fmt: skip
    from tamoxres.analysis import select

    analysis = select(tr.load("gbsg"), endpoint=asked.endpoint, er="any", treatment="any", where=asked.where)
    assert analysis.n >= 0


def wide(content: bytes, _: Path) -> None:
    """Read columns of a published table of numbers."""
    for name in ("ESR1", "GATA3"):
        values = read_chosen(content, "wide.csv", [name])[name]
        assert not np.isinf(values).any()


def claims(text: str, _: Path) -> None:
    if check_claims(text):
        raise TamoxresError("claims too much")


def command(arguments: list[str], folder: Path) -> None:
    """Run the command line: it ends with 0, or with 2 and a sentence."""
    (folder / "r.csv").write_text(seeds.REGISTRY)
    (folder / "m.toml").write_text(seeds.MAPPING)
    (folder / "e.csv").write_text(seeds.EFFECTS)
    given = [part.replace("@", str(folder)) for part in arguments]
    out, err = TextIOWrapper(BytesIO(), encoding="utf-8"), StringIO()
    with redirect_stdout(out), redirect_stderr(err), chdir(folder):  # `-o 1.0` writes where it is run
        try:
            main(given)
        except SystemExit as stopped:
            code = stopped.code
    assert code in (0, 2, None), (given, code, err.getvalue())
    if code == 2:
        raise TamoxresError(err.getvalue())


WIDE = "id,ESR1,GATA3\na,1.5,2\nb,-2,31\nc,,NA\n"
_WORDS = [
    "HER2", "PTEN", "predicts", "proves", "causes", "resistance", "tamoxifen", "no", "difference", "P", "=", "0.04",
    ".", "is", "not", "associated",
]  # fmt: skip
NAMES = ["check", "effect", "pool", "forest", "markers", "init-mapping", "literature", "claims", "overlap", "diff"]
WORDS = ["@/r.csv", "@/e.csv", "@/m.toml", "@/absent", "@", "gbsg", "--mapping", "--marker", "HER2", "--endpoint", "OS",
         "--er", "any", "--treatment", "--format", "json", "csv", "table", "--horizon", "-5", "--adjust", "age",
         "--where",
         "age > 50", "-o", "@/out.csv", "@/out.svg", "@/no/out.csv", "--estimand", "interaction", "--tau2", "dl",
         "--margin", "0.8,1.25", "--endpoint-map", "a=b=c", "--alike", "measure:RR=HR", "", "--help"]  # fmt: skip
COMMANDS = st.one_of(
    st.tuples(st.sampled_from(NAMES), st.lists(st.sampled_from(WORDS) | CELL, max_size=7)).map(lambda x: [x[0], *x[1]]),
    st.builds(
        lambda *x: ["effect", "@/r.csv", "--mapping", "@/m.toml", "--marker", "HER2", "--endpoint", "OS", *x],
        st.sampled_from(["--adjust", "--where", "--horizon", "--strata", "--cluster", "--rule", "--er"]), CELL,
    ),
    st.builds(lambda *x: ["pool", "@/e.csv", *x], st.sampled_from(["--margin", "--alike", "--include", "-o"]), CELL),
)  # fmt: skip
ROWS = st.lists(st.dictionaries(st.sampled_from([
    "study", "estimate", "ci_low", "ci_high", "log_estimate", "se", "p_value", "df", "level", "n", "events", "measure",
    "flags", "year", "schema", "status", "o_minus_e", "variance", "overlaps",
]), st.one_of(st.floats(allow_nan=False), st.integers(), CELL, st.sampled_from(["HR", "RD", "OR", 0.5, 1.5]), JSON)),
    max_size=4)  # fmt: skip


def soft(text: str) -> st.SearchStrategy[bytes]:
    """A table with hostile cells, or with bytes changed."""
    return with_cells(text) | mutated(text.encode())


def hard(text: str) -> st.SearchStrategy[bytes]:
    """A TOML text with hostile values, or with bytes changed."""
    return with_values(text) | mutated(text.encode())


@dataclass(frozen=True)
class Target:
    """A reader, its inputs, and the share of the inputs it gets."""

    run: Callable[[Any, Path], object]
    inputs: st.SearchStrategy[Any]
    share: int


TARGETS = {
    "registry": Target(registry, soft(seeds.REGISTRY), 10),
    "check": Target(checked, soft(seeds.REGISTRY), 2),
    "sketch": Target(sketched, soft(seeds.REGISTRY), 1),
    "mapping": Target(mapping, hard(seeds.MAPPING), 10),
    "plan": Target(plan, hard(seeds.PLAN), 16),
    "effects": Target(effects, soft(seeds.EFFECTS), 24),
    "effects_json": Target(effects_json, ROWS, 6),
    "file": Target(
        file,
        st.sampled_from(sorted(seeds.packed())).flatmap(
            lambda suffix: st.tuples(st.just(suffix), mutated(seeds.packed()[suffix]))
        ),
        8,
    ),
    "sheet": Target(sheet, mutated(seeds.sheet()), 4),
    "review": Target(review, st.sampled_from(sorted(seeds.reviews())).flatmap(
        lambda suffix: st.tuples(st.just(suffix), mutated(seeds.reviews()[suffix]))), 8),
    "library": Target(library, st.sampled_from(sorted(seeds.LIBRARIES)).flatmap(
        lambda suffix: st.tuples(st.just(suffix), mutated(seeds.LIBRARIES[suffix].encode()))), 8),
    "expression": Target(expression, soft(seeds.EXPRESSION), 10),
    "wide": Target(wide, soft(WIDE), 2),
    "positions": Target(positions, soft(seeds.POSITIONS), 2),
    "fetch": Target(fetched, answers(json.loads(seeds.ANSWERS)), 6),
    "archive": Target(archive, mutated(seeds.archive()), 12),
    "question": Target(
        question,
        st.tuples(CELL | st.builds("nodes {} {}".format, st.sampled_from([">", ">=", "==", "in", "!"]), CELL),
                  CELL, CELL, st.none() | st.floats() | CELL | st.booleans()), 10),
    "claims": Target(claims, st.lists(st.sampled_from(_WORDS) | st.text(max_size=9), max_size=40).map(" ".join), 8),
    "command": Target(command, COMMANDS, 2),
}  # fmt: skip
