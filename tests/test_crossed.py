"""Curves and tests by several columns at once: each combination that occurs is a group, as R's formula makes them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import tamoxres as tr
from tamoxres.codebook import DAYS_PER_MONTH
from tamoxres.errors import QuestionError
from tamoxres.models.grouping import group_patients

R = json.loads((Path(__file__).parent / "reference" / "curves" / "crossed.json").read_text())
CLOSED = 1e-9  # closed forms
BY = ["menopause", "treatment"]


@pytest.fixture(scope="module")
def gbsg() -> tr.AnalysisSet:
    """All of GBSG, both arms."""
    return tr.select(tr.load("gbsg"), endpoint="RFS", er="any", treatment="any")


def test_survival_by_two_columns_is_r_s(gbsg: tr.AnalysisSet) -> None:
    """Estimate, standard error, limits and numbers at risk of four groups at three times."""
    curves = tr.kaplan_meier(gbsg, by=BY)
    assert [curve.group for curve in curves] == [
        "menopause pre, untreated", "menopause pre, treated", "menopause post, untreated", "menopause post, treated",
    ]  # fmt: skip
    assert curves.grouping == "menopause x treatment"
    days = sorted(set(R["at"]["days"]))
    found = curves.at([day / DAYS_PER_MONTH for day in days])
    for mine, theirs in (
        ("survival", "survival"),
        ("se", "se"),
        ("ci_low", "low"),
        ("ci_high", "high"),
        ("n_risk", "n_risk"),
    ):
        column = mine if mine in found else "estimate"
        assert found[column].to_numpy(float) == pytest.approx(R["at"][theirs], rel=CLOSED), mine


def test_the_log_rank_test_by_two_columns_is_r_s(gbsg: tr.AnalysisSet) -> None:
    """Three degrees of freedom for four groups."""
    found = tr.logrank(gbsg, by=BY)
    assert (found.df, list(found.n)) == (R["logrank"]["df"], R["logrank"]["n"])
    assert found.statistic == pytest.approx(R["logrank"]["chisq"], rel=CLOSED)


def test_each_curve_is_that_of_its_patients_alone() -> None:
    """HER2 by treatment in METABRIC: marker and arm are named, and each curve is that of its cell."""
    her2 = tr.select(tr.call(tr.load("metabric"), "HER2"), marker="HER2", endpoint="BCSS", treatment="any")
    curves = tr.cumulative_incidence(her2, by=["marker", "treatment"])
    groups = list(dict.fromkeys(curve.group for curve in curves))
    assert groups == [
        "HER2 unaltered, untreated",
        "HER2 unaltered, treated",
        "HER2 altered, untreated",
        "HER2 altered, treated",
    ]
    for group, (marker, arm) in zip(
        groups, [(m, t) for m in ("unaltered", "altered") for t in ("untreated", "treated")], strict=True
    ):
        keep = ((her2.frame["marker"] == marker) & (her2.frame["treatment"] == arm)).to_numpy()
        alone = tr.cumulative_incidence(her2.without(keep, name="cell", why=""), by=None)
        for one, other in zip([c for c in curves if c.group == group], alone, strict=True):
            assert np.array_equal(one.estimate, other.estimate)
            assert np.array_equal(one.n_risk, other.n_risk)
    drawn = tr.survival_plot(tr.kaplan_meier(her2, by=["marker", "treatment"]), width="double")
    texts = " ".join(text.get_text() for text in drawn.figure.findobj() if hasattr(text, "get_text"))
    assert "altered, treated" in " ".join(texts.split())


def test_one_name_in_a_list_is_that_name(gbsg: tr.AnalysisSet) -> None:
    """A list of one is the column; `marker` without a marker is the treatment, once; too many groups are refused."""
    one, same = (group_patients(gbsg, by) for by in ("treatment", ["treatment"]))
    assert (one.levels, one.label, one.by) == (same.levels, same.label, same.by)
    assert group_patients(gbsg, ["marker", "treatment"]).levels == ("untreated", "treated")
    with pytest.raises(QuestionError, match="grade x nodes make"):
        group_patients(
            tr.select(tr.load("gbsg"), endpoint="RFS", er="any", treatment="any", where="nodes <= 8"),
            ["grade", "nodes"],
        )


def test_combinations_that_do_not_occur_are_no_groups() -> None:
    """Rotterdam: no node-negative patient was treated in one group; empty cells have no curve."""
    early = tr.select(tr.load("gbsg"), endpoint="RFS", er="any", treatment="any", where=["grade <= 1", "nodes <= 1"])
    levels = group_patients(early, ["menopause", "grade", "treatment"]).levels
    assert len(levels) <= 4
    assert all(level.count(",") == 2 for level in levels)
