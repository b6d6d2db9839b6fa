"""About 3,000 hostile inputs, the same ones each time: what is read is sound, the rest is refused in our sentences."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import tamoxres as tr

from . import seeds
from .targets import TARGETS, holds

INPUTS = 3000
WHOLE = sum(target.share for target in TARGETS.values())


@pytest.mark.parametrize("name", TARGETS)
def test_only_our_sentences(name: str) -> None:
    """Each reader works or refuses; nothing else is raised, nothing takes ten seconds."""
    target = TARGETS[name]
    outcomes: list[bool] = []

    @settings(
        max_examples=max(INPUTS * target.share // WHOLE, 1), derandomize=True, deadline=None, database=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(target.inputs)
    def run(one: Any) -> None:
        with tempfile.TemporaryDirectory() as folder:
            outcomes.append(holds(target.run, one, Path(folder)))

    run()
    assert not all(outcomes), "nothing was refused: the inputs are not hostile"


AGES = st.lists(st.none() | st.decimals(18, 99, places=2).map(lambda x: f"{x:.2f}"), min_size=3, max_size=12)


@settings(max_examples=150, derandomize=True, deadline=None, database=None)
@given(
    ages=AGES, separator=st.sampled_from(",;\t|"), comma=st.booleans(), line=st.sampled_from(["\n", "\r\n", "\r"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "latin-1"]), quoted=st.booleans(),
    blank=st.sampled_from(["", "NA", "unk", " "]),
)  # fmt: skip
def test_whatever_it_wears(
    ages: list[str | None], separator: str, comma: bool, line: str, encoding: str, quoted: bool, blank: str
) -> None:
    """A sound registry reads as the same values however it is written: no value is silently another one."""
    comma = comma and separator != ","
    rows = [["pid", "age", "er", "her2", "tam", "dx", "t", "e"]]
    for i, age in enumerate(ages):
        shown = blank if age is None else age.replace(".", ",") if comma else age
        rows.append([f"Pä{i}", shown, "pos", "1", "yes", "2001-02-03", str(30 + i), str(i % 2)])
    cells = [[f'"{cell}"' if quoted else cell for cell in row] for row in rows]
    text = line.join(separator.join(row) for row in cells) + line
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "r.csv"
        path.write_bytes(text.encode(encoding))
        (Path(folder) / "m.toml").write_text(seeds.MAPPING)
        read = tr.load(path, mapping=Path(folder) / "m.toml").patients
    np.testing.assert_array_equal(read["age"], [np.nan if age is None else float(age) for age in ages])
    assert read.index.tolist() == [f"Pä{i}" for i in range(len(ages))]
    assert read["OS_event"].tolist() == [i % 2 for i in range(len(ages))]


SOUND = {
    "registry": seeds.REGISTRY, "check": seeds.REGISTRY, "sketch": seeds.REGISTRY, "mapping": seeds.MAPPING,
    "plan": seeds.PLAN, "effects": seeds.EFFECTS, "expression": seeds.EXPRESSION, "positions": seeds.POSITIONS,
}  # fmt: skip


@pytest.mark.parametrize("name", SOUND)
def test_the_seeds_are_sound(tmp_path: Path, name: str) -> None:
    """What the hostile inputs are made from is read without a word."""
    TARGETS[name].run(SOUND[name].encode(), tmp_path)


def test_packed_seeds_are_sound(tmp_path: Path) -> None:
    """So are its other formats, the answers of a server and the archive."""
    for suffix, content in seeds.packed().items():
        if suffix not in (".rds", ".RData"):
            TARGETS["file"].run((suffix, content), tmp_path)
    for name, sound in (("fetch", json.loads(seeds.ANSWERS)), ("archive", seeds.archive())):
        (tmp_path / name).mkdir()
        TARGETS[name].run(sound, tmp_path / name)
