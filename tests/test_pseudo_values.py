"""Pseudo-values against leaving each patient out in R, their regression against geepack, by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from public_data import REFERENCE, analysis_of, answers, gbsg, metabric

import tamoxres as tr
from tamoxres.errors import AnalysisError, UnknownChoice
from tamoxres.models.pseudo_values import pseudo_regression, pseudo_values
from tamoxres.models.risk_difference import risk_difference
from tamoxres.models.rmst import rmst, rmtl

CLOSED = 1e-9
LOOPED = 1e-8  # n times one curve less n - 1 times another: eight digits are left of survfit's
ITERATED = 1e-6  # geese stops by its change of coefficients
R = answers("pseudo_values")
DATA = pd.read_csv(REFERENCE / "absolute" / "absolute.csv")


def made(competing=True):
    """The reference's patients in both arms."""
    d = DATA
    event = d.event.to_numpy() if competing else (d.event == 1).astype(int).to_numpy()
    return analysis_of(
        d.time, event, marker=(d.marker == 1).tolist(), competing=competing, age=d.age,
        endocrine=d.treated.map({1: "yes", 0: "no"}).to_numpy(),
    )  # fmt: skip


@pytest.mark.parametrize(("name", "at", "quantity"), [("risk", 60.0, "risk"), ("lost", 72.0, "mean")])
def test_pseudo_values_are_those_of_leaving_out(name, at, quantity):
    """Of the cumulative incidence, and of the time lost, with deaths competing."""
    found = pseudo_values(DATA.time.to_numpy(), DATA.event.to_numpy(), at, quantity)
    assert found[:20] == pytest.approx(R["first"][name], rel=LOOPED, abs=1e-8)
    assert found.size == len(DATA)


def test_without_censoring_a_pseudo_value_is_what_happened():
    """Where everybody is seen to the time, the pseudo-value is 0 or 1, or the time lost."""
    time, event = np.array([1.0, 2, 3, 9, 9]), np.array([1, 2, 1, 0, 0])
    assert pseudo_values(time, event, 5.0) == pytest.approx([1, 0, 1, 0, 0], abs=1e-12)
    assert pseudo_values(time, event, 5.0, "mean") == pytest.approx([4, 0, 2, 0, 0], abs=1e-12)
    assert pseudo_values(time, event * 0, 5.0).tolist() == [0.0] * 5


@pytest.mark.parametrize(
    ("key", "choices", "competing", "measure"),
    [
        ("risk", {"times": 60}, True, "RD"),
        ("cloglog", {"times": 60, "link": "cloglog"}, True, "sHR"),
        ("lost", {"times": 72, "quantity": "mean"}, True, "RMTLD"),
        ("lived", {"times": 72, "quantity": "mean"}, False, "RMSTD"),
        ("within", {"times": 60, "within": True}, True, "RD"),
    ],
)
def test_the_regression_is_geese_s(key, choices, competing, measure):
    """Interaction and treatment's effects with their sandwich errors, by either link."""
    found = pseudo_regression(made(competing), adjust="age", **choices)
    coef, var = np.array(R[key]["coef"]), np.array(R[key]["var"])
    sums = np.array([[0, 0, 1, 0], [1, 0, 0, 0], [1, 0, 1, 0]])
    near = ITERATED if key == "cloglog" else LOOPED * 10
    assert [row.point for row in found.effects] == pytest.approx((sums @ coef).tolist(), rel=near)
    errors = np.sqrt(np.einsum("ij,jk,ik->i", sums, var, sums))
    assert [row.se for row in found.effects] == pytest.approx(errors.tolist(), rel=near)
    assert [row.measure for row in found.effects] == [measure] * 3
    assert [row.marker_level for row in found.effects] == ["", "unaltered", "altered"]
    assert {row.se_kind for row in found.effects} == {"robust"}
    assert found.effect.adjusted_for == ("age",)


def test_without_covariates_it_is_near_the_curves_own_difference():
    """Crude, within groups, the difference is nearly that of the groups' curves, and so is its error."""
    marker = metabric()
    own = risk_difference(marker, times=60).effect
    found = pseudo_regression(marker, times=60, within=True).effect
    assert found.difference == pytest.approx(own.difference, abs=1e-4)
    assert found.se == pytest.approx(own.se, rel=0.02)
    assert found.estimand == "prognostic"
    lost = pseudo_regression(marker, times=60, quantity="mean", within=True).effect
    mean = rmtl(marker, horizon=60).difference
    assert lost.difference == pytest.approx(mean.difference, abs=0.01)
    lived = pseudo_regression(gbsg(), times=60, quantity="mean", within=True).effect
    assert lived.difference == pytest.approx(rmst(gbsg(), horizon=60, by="treatment").difference.difference, abs=0.02)
    assert lived.estimand == "treatment_effect"


def test_several_times_and_the_table():
    """Each time has its own regression; risks stand per 100."""
    found = pseudo_regression(made(), adjust="age", times=[36, 60])
    assert len(found.effects) == 6
    assert found.values.shape == (2, len(DATA))
    assert found.effects[3:] == pseudo_regression(made(), adjust="age", times=60).effects
    table = found.table()
    assert table.columns[3].header == "RD per 100 (95% CI)"
    assert table.rows[0].cells[1].text == "interaction"
    assert any("not for individual decisions" in note for note in table.footnotes)


@pytest.mark.parametrize(
    ("choices", "words"),
    [
        ({"quantity": "mean", "link": "cloglog"}, "identity link alone"),
        ({"times": 5000}, "beyond the follow-up"),
        ({"times": 0}, "above 0"),
    ],
)
def test_refusals(choices, words):
    """A mean by another link, a time nobody was seen to, delayed entry, nothing to compare."""
    with pytest.raises(AnalysisError, match=words):
        pseudo_regression(made(), **choices)
    with pytest.raises(UnknownChoice):
        pseudo_regression(made(), link="logit")
    with pytest.raises(AnalysisError, match="delayed entry"):
        pseudo_regression(
            analysis_of([5.0, 6, 7, 8], [1, 1, 1, 0], entry=[0, 1, 0, 0], endocrine=["yes", "no", "no", "yes"]), times=4
        )
    with pytest.raises(AnalysisError, match="nothing to compare"):
        pseudo_regression(tr.select(tr.load("gbsg"), endpoint="RFS", er="any", treatment="none"))


def test_on_the_command_line(run):
    """The adjusted restricted mean, and the interaction on risk."""
    code, out, _ = run(
        "pseudo", "gbsg", "--endpoint", "RFS", "--er", "any", "--adjust", "nodes", "--times", "60", "--quantity", "mean"
    )
    assert code == 0
    assert "RMSTD" in out
    code, out, _ = run("pseudo", "metabric", "--marker", "HER2", "--endpoint", "BCSS", "--link", "cloglog")
    assert (code, "interaction" in out, "sHR" in out) == (0, True, True)
