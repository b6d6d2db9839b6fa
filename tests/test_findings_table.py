"""Absolute risks from a chosen baseline: by hand, and by marker only where trials have earned it."""

from __future__ import annotations

import math

import pytest
from test_extraction import EFFECT, STUDY, write

import tamoxres as tr
from tamoxres.effects import EffectEstimate
from tamoxres.errors import AnalysisError

ABOUT = {"study": "trials", "design": "randomised", "estimand": "treatment_effect", "treatment_1": "tamoxifen",
         "treatment_0": "none"}  # fmt: skip
ALL = EffectEstimate.from_ci(0.5, 0.4, 0.625, **ABOUT)


@pytest.fixture
def strong(tmp_path):
    """Six trials of HER2 that agree on a ratio of 2."""
    rows, studies = [], []
    for i in range(6):
        study = {**STUDY, "study_id": f"trial_{i}", "trial": f"T{i}"}
        studies.append(study)
        asked = {"comparison": "interaction_marker_by_treatment", "treatment": "tamoxifen vs none"}
        told = {"study_id": f"trial_{i}", "estimate": "2.0", "ci_low": "1.25", "ci_high": "3.2"}
        rows.append({**EFFECT, **asked, **told})
    return write(tmp_path, rows, studies)


def numbers(table):
    """The numbers behind the cells, by the first cell."""
    return {row.cells[0].text: [part.value for cell in row.cells[1:4] for part in cell.parts] for row in table.rows}


def test_risks_by_hand():
    """HR 0.5 (0.4-0.625) of 20 in 100: 1 - 0.8^0.5 = 10.6 (8.5-13.0) with it; RR 0.5: 10 (8-12.5)."""
    found = numbers(tr.summary_of_findings("HER2", effect=ALL, baseline=0.2))["All"]
    with_it = [100 * (1 - 0.8**hr) for hr in (0.5, 0.4, 0.625)]
    assert found == pytest.approx([20, *with_it, *(value - 20 for value in with_it)], rel=1e-12)
    risk = EffectEstimate.from_ci(0.5, 0.4, 0.625, **ABOUT, measure="RR")
    assert numbers(tr.summary_of_findings("AKT", effect=risk, baseline=0.2))["All"][1:4] == pytest.approx([10, 8, 12.5])


@pytest.mark.parametrize("marker", ["HER2", "AKT", "MTOR", "SRC", "HH", "PTEN", "PIK3CA"])
def test_no_marker_of_the_review_has_earned_a_line_of_its_own(marker):
    """Certainty for a modification is low at most: one line for all, and the reason under it."""
    table = tr.summary_of_findings(marker, effect=ALL, baseline=0.2)
    assert [row.cells[0].text for row in table.rows] == ["All"]
    assert table.footnotes[0] == "Nothing here is a reason to withhold, change or stop endocrine therapy."
    assert "shown where it is moderate or high alone" in table.footnotes[1]


def test_by_marker_where_trials_agree(strong):
    """Log HR = L + (1 - p) log 2 and L - p log 2; the weighted mean of both is the log HR of all."""
    table = tr.summary_of_findings("HER2", effect=ALL, baseline=0.2, altered=0.25, data=strong)
    found = numbers(table)
    assert list(found) == ["All", "Altered", "Unaltered"]
    hr = {name: math.log(1 - values[1] / 100) / math.log(0.8) for name, values in found.items()}
    assert hr["Altered"] / hr["Unaltered"] == pytest.approx(2, rel=1e-9)
    assert 0.25 * math.log(hr["Altered"]) + 0.75 * math.log(hr["Unaltered"]) == pytest.approx(math.log(0.5), rel=1e-9)
    assert "same risk without tamoxifen" in table.footnotes[2]
    apart = tr.summary_of_findings(
        "HER2", effect=ALL, baseline={"all": 0.2, "altered": 0.3, "unaltered": 0.17}, altered=0.25, data=strong
    )
    assert [values[0] for values in numbers(apart).values()] == pytest.approx([20, 30, 17])
    assert "same risk" not in " ".join(apart.footnotes)


def test_what_has_no_answer_is_refused(strong):
    """An effect that was not randomised, a risk or share outside 0 to 1, a missing share or risk."""
    chosen = EffectEstimate.from_ci(0.5, 0.4, 0.625, **{**ABOUT, "design": "observational"})
    for asked, says in (
        ({"effect": chosen}, "trials is observational, HR, estimated. Absolute risks need a randomised"),
        ({"baseline": 1.2}, "baseline risk is 1.2; it lies between 0 and 1"),
        ({}, "altered is None; a table by marker needs the share"),
        ({"altered": 0.25, "baseline": {"all": 0.2}}, "no risk for 'altered'"),
    ):
        with pytest.raises(AnalysisError, match=says):
            tr.summary_of_findings("HER2", **{"effect": ALL, "baseline": 0.2, "data": strong, **asked})
