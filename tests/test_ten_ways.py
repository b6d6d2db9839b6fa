"""One interaction in ten ways: the primary row leads, each other is its own model's, the paragraph claims no more."""

from __future__ import annotations

from functools import cache

import pytest
from public_data import gbsg, metabric

import tamoxres as tr
from tamoxres.answers.ten_ways import Assumed, ten_ways, ways_by_marker
from tamoxres.errors import AnalysisError
from tamoxres.inference.bias import Confounder
from tamoxres.models.misclassified import Accuracy

ADJUST, STRATA = ("age", "npi"), ("site",)


@cache
def both():
    """METABRIC, HER2, both arms."""
    return metabric(treatment="any")


@cache
def found():
    """Ten ways, once."""
    return ten_ways(both(), adjust=ADJUST, strata=STRATA)


def test_the_primary_row_is_the_interaction_s():
    """Row and verdict are those of the adjusted, stratified model."""
    own = tr.interaction(both(), adjust=ADJUST, strata=STRATA)
    assert found().effect == own.judged
    assert found().verdict.label == own.verdict.label
    assert (len(found().effects), len(found().ways)) == (10, 10)


def test_each_way_is_its_own_model_s():
    """Crude, weighted, Fine-Gray, late, mismeasured: each row is what its function gives."""
    rows = dict(zip(found().ways, found().effects, strict=True))
    assert rows["crude"].log_estimate == tr.interaction(both()).ratio.log_estimate
    assert rows["overlap weights"] == tr.weighted_interaction(both(), adjust=[*ADJUST, *STRATA]).ratio
    competing = tr.competing_interaction(both(), adjust=ADJUST, strata=STRATA)
    assert rows["Fine-Gray, risk with deaths competing"] == competing.subdistribution
    late = tr.changing_interaction(both(), adjust=ADJUST, strata=STRATA, shape="step", cuts=60)
    assert rows["after month 60"] == late.periods[1]
    means = tr.pseudo_regression(both(), adjust=[*ADJUST, *STRATA], times=120, quantity="mean")
    assert rows["means to 120 months, pseudo-values"] == means.effect
    assert {row.estimand for row in found().effects} == {"interaction"}
    assert {row.measure for row in found().effects} == {"HR", "sHR", "RD", "RMTLD"}


def test_the_paragraph_says_what_the_rows_say():
    """Side and intervals are counted from the rows; nothing is called independent; no resistance is claimed."""
    rows = found().effects[1:]
    less = sum(row.point > 0 for row in rows)
    clear = sum(not row.ci()[0] <= row.null <= row.ci()[1] for row in rows)
    text = found().paragraph
    assert f"{less} of 9 lie on the side" in text
    assert ("the interval of none excludes" in text) == (clear == 0)
    assert "not independent findings" in text
    assert "not randomised" in text
    assert str(found().verdict) in text
    assert "predicts resistance" not in text
    table = found().table()
    assert table.footnotes[0] == text == str(found())
    assert table.rows[0].cells[0].text.endswith("(the answer)")
    assert [row.cells[5].text for row in table.rows][1:] == [
        "helps less" if r.point > 0 else "helps more" for r in rows
    ]


def test_what_is_assumed_can_be_chosen():
    """Without errors and without a confounder two of the ways are the model's own again."""
    sure = Assumed(
        accuracy=Accuracy(sensitivity=1, specificity=1), confounder=Confounder(ratio=1.0, treated=0.5, untreated=0.5)
    )
    other = ten_ways(both(), adjust=ADJUST, strata=STRATA, assumed=sure)
    assert other.effects[9].log_estimate == other.effect.log_estimate
    assert other.effects[8].log_estimate == pytest.approx(found().effect.log_estimate, abs=0.02)  # Breslow's ties
    assert other.ways[8] == "were the marker's sensitivity 100.0%, specificity 100.0%"


def test_a_way_that_cannot_be_gone_says_why():
    """Where no deaths compete there is no Fine-Gray row; means are survival, and turn round."""
    overall = metabric("OS", treatment="any")
    other = ten_ways(overall, adjust="age")
    fine_gray = other.effects[4]
    assert fine_gray.status == "not_estimable"
    assert fine_gray.remark
    assert other.effects[6].measure == "RMSTD"
    row = other.table().rows[6].cells[5].text
    assert row == ("helps more" if other.effects[6].difference > 0 else "helps less")
    assert "1 could not be estimated" in other.paragraph
    with pytest.raises(AnalysisError):
        ten_ways(gbsg())


def test_by_marker():
    """Markers that the files hold are asked; the others are said not to be assayed, never taken for null."""
    table = ways_by_marker(tr.load("metabric"), adjust=ADJUST, strata=STRATA)
    lines = {row.cells[0].text: row.cells for row in table.rows}
    assert lines["HER2"][3].text == found().table().rows[0].cells[3].text
    assert lines["HER2"][5].text == found().verdict.label
    assert {"AKT", "MTOR", "SRC", "HH", "PTEN", "PIK3CA"} <= set(lines)
    assert lines["PTEN"][5].text == "not assayed in the files at hand"
    assert lines["PTEN"][3].text == ""


def test_on_the_command_line(run):
    """Ten lines and the paragraph."""
    code, out, _ = run("ten-ways", "metabric", "--marker", "HER2", "--endpoint", "BCSS", "--adjust", "age")
    out = " ".join(out.split())
    assert code == 0
    assert "(the answer)" in out
    assert "not independent findings" in out
