"""One marker by any of its names, and one name as a plain string, at every door."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import tamoxres as tr
from tamoxres.errors import UnknownChoice
from tamoxres.reporting.plan import read_plan

NAMES = ("HER2", "her2", "ERBB2", "erbb2", "Her-2/neu", "HER2/neu", "c-erbB-2", "HER 2", "neu")


@pytest.fixture(scope="module")
def metabric() -> tr.Cohort:
    """The embedded cohort, with HER2 called."""
    return tr.call(tr.load("metabric"), "HER2")


@pytest.mark.parametrize("name", NAMES)
def test_any_name_finds_the_marker(metabric: tr.Cohort, name: str, run: Any, tmp_path: Path) -> None:
    """Calling, choosing patients, asking, the literature, the command line and a plan know HER2 by all its names."""
    assert [one.marker for one in tr.call(tr.load("metabric"), name).markers] == ["HER2"]
    assert tr.select(metabric, endpoint="BCSS", marker=name).n == tr.select(metabric, endpoint="BCSS", marker="HER2").n
    question = tr.Question(endpoint="BCSS", marker=name)
    [row] = tr.ask(metabric, question)
    assert row.marker == "HER2"
    assert row.row_id == tr.ask(metabric, tr.Question(endpoint="BCSS", marker="HER2"))[0].row_id
    assert len(tr.literature(marker=name)) == len(tr.literature(marker="HER2")) > 0
    assert tr.interactions(marker=name).comparisons[0].treatment_1 == "tamoxifen"
    code, out, _ = run("effect", "metabric", "--marker", name, "--endpoint", "BCSS", "--format", "json")
    assert code == 0
    assert json.loads(out)[0]["row_id"] == row.row_id
    plan = tmp_path / "plan.toml"
    plan.write_text(
        f'title = "One"\n[[markers]]\ncohort = "metabric"\nmarkers = ["{name}"]\nendpoints = ["BCSS"]\n',
        encoding="utf-8",
    )
    assert read_plan(plan).markers[0].markers == ("HER2",)


def test_what_is_no_name_is_told_with_the_nearest() -> None:
    """A name that is nobody's is refused everywhere by the same sentence."""
    for door in (lambda: tr.call(tr.load("metabric"), "HER22"), lambda: tr.literature(marker="HER22")):
        with pytest.raises(UnknownChoice) as told:
            door()
        assert "Is it 'HER2'?" in str(told.value)


def test_one_name_may_be_a_plain_string(metabric: tr.Cohort) -> None:
    """Adjusters, strata, restrictions and times of one are taken as they are."""
    both = tr.select(metabric, marker="HER2", endpoint="BCSS", treatment="any", where="nodes >= 1")
    assert both.n == tr.select(metabric, marker="HER2", endpoint="BCSS", treatment="any", where=["nodes >= 1"]).n
    one, many = tr.interaction(both, adjust="age", strata="site"), tr.interaction(both, adjust=["age"], strata=["site"])
    assert one.ratio.row_id == many.ratio.row_id
    assert one.ratio.adjusted_for == ("age",)
    assert one.ratio.strata == ("site",)
    treated = tr.select(metabric, marker="HER2", endpoint="BCSS")
    assert tr.cox(treated, adjust="age").effect == tr.cox(treated, adjust=["age"]).effect
    curve = tr.kaplan_meier(treated, by="marker")
    assert curve.at(60).equals(curve.at([60]))
    assert tr.risk_difference(treated, times=60).effects[0] == tr.risk_difference(treated, times=[60]).effects[0]
    question = tr.Question(endpoint="BCSS", marker="HER2", adjust="age", where="nodes >= 1", strata="site")
    assert (question.adjust, question.strata) == (("age",), ("site",))
    assert tr.ask(metabric, question)[0].adjusted_for == ("age",)
