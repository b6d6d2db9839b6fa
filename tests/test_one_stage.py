"""One-stage interaction of several cohorts, against R's coxph on GBSG and Rotterdam, and against the two stages."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise

import pytest
from public_data import REFERENCE

from tamoxres.analysis import select
from tamoxres.cohort import MarkerCall
from tamoxres.cohorts.catalogue import load
from tamoxres.errors import AnalysisError, PoolingError
from tamoxres.meta.comparable import Alike
from tamoxres.meta.deft import deft
from tamoxres.meta.pool import pool
from tamoxres.models.one_stage import one_stage

R = json.loads((REFERENCE / "meta" / "one_stage" / "one_stage.json").read_text())
LIKELIHOOD = 1e-9  # log likelihoods, and what is common to all cohorts
SPLIT = 1e-6  # R stops a little early where the share between cohorts hardly varies (shares 0.69 and 0.71)
ONE_VOICE = {"treatment_contrast": {"tamoxifen_v_none": "endocrine_v_none"}}
TAKEN = {"treatment_contrast": "endocrine_v_none"}


def close(found, expected, tolerance, what):
    """Compare a number with its reference."""
    assert found == pytest.approx(expected, rel=tolerance, abs=tolerance), what


def marked(cohort, receptor):
    """A cohort with a steroid receptor of 10 fmol/mg or more as its marker."""
    return cohort.with_marker(
        MarkerCall(
            marker=receptor.upper(), rule="from_10", assay="ligand binding", reference="", definition=">= 10 fmol/mg",
            values=cohort.patients[receptor].map({"positive": "altered", "negative": "unaltered"}),
        )
    )  # fmt: skip


def asked(receptor, three=False):
    """GBSG and node-positive Rotterdam; Rotterdam in two halves at age 55 where three cohorts are wanted."""
    rotterdam = load("rotterdam")
    cohorts = [(load("gbsg"), ()), (rotterdam, ("nodes >= 1",))]
    if three:
        young = replace(rotterdam, sources=())
        old = replace(young, name="rotterdam_old")
        cohorts[1:] = [(young, ("nodes >= 1", "age < 55")), (old, ("nodes >= 1", "age >= 55"))]
    receptor = receptor.replace("pgr", "pr")
    return [
        select(
            marked(cohort, receptor), marker=receptor, endpoint="RFS", er="any", treatment="any", where=where
        )
        for cohort, where in cohorts
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("cohorts", "key", "adjust"),
    [
        ("two", "er", ()), ("two", "pgr", ()), ("two", "pgr_adjusted", ("age", "nodes")), ("three", "er", ()),
        ("three", "pgr", ("nodes",)),
    ],
)  # fmt: skip
def test_equals_coxph_stratified_by_study(cohorts, key, adjust):
    """Within and between cohorts, their difference, the tests, and each cohort's own interaction equal R's."""
    expected = R[cohorts][key]
    found = one_stage(asked(key.removesuffix("_adjusted"), cohorts == "three"), adjust=adjust, **TAKEN)
    close((found.within.n, found.within.events), (expected["n"], expected["events"]), 0, "patients")
    close(found.shares, expected["shares"], LIKELIHOOD, "shares")
    sides = [("within", found.within, LIKELIHOOD)]
    if cohorts == "three":
        sides.append(("between", found.across, SPLIT))
        close(found.difference_p, expected["difference_p"], SPLIT, "P of within = between")
    for name, row, tolerance in sides:
        close(row.log_estimate, expected[name]["coef"], tolerance, name)
        close(row.se, expected[name]["se"], tolerance, f"{name} se")
    close(found.within.p_value, expected["lrt_p"], SPLIT, "likelihood-ratio P")
    close(found.heterogeneity_chi2, expected["heterogeneity_chi2"], SPLIT, "heterogeneity")
    assert found.heterogeneity_df == len(found.studies) - 1
    for row, study in zip(found.studies, expected["studies"], strict=True):
        close([row.log_estimate, row.se], [study["coef"], study["se"]], LIKELIHOOD, row.study)


def test_two_stages_beside_one():
    """The cohorts' own interactions, pooled by `deft` as R's rma does, differ from one stage by less than 0.001."""
    found = one_stage(asked("er"), **TAKEN)
    two = deft(found.studies, tau2="common", ci="z", alike=Alike(**ONE_VOICE))
    close([two.point, two.se], list(R["two"]["er"]["two_stage"].values()), LIKELIHOOD, "two stages")
    assert two.point == pytest.approx(found.within.log_estimate, abs=1e-3)
    assert two.se == pytest.approx(found.within.se, abs=1e-3)


def test_the_row_says_what_it_is():
    """The row names its cohorts, is flagged as pooled, and is not pooled with one of them."""
    found = one_stage(asked("er"), **TAKEN)
    row = found.within
    assert (row.study, row.estimand, row.contrast) == (
        "One stage (gbsg, rotterdam)", "interaction", "altered v unaltered",
    )  # fmt: skip
    assert row.overlaps == ("gbsg", "rotterdam")
    assert row.n == sum(study.n for study in found.studies)
    assert "not randomised" in row.note
    with pytest.raises(PoolingError, match=r"One stage \(gbsg, rotterdam\): flagged pooled_estimate"):
        pool([row, found.studies[0]])
    assert "within 2 cohorts: ratio of HRs 0.79" in str(found)


def test_between_cohorts_needs_three():
    """Two cohorts give one difference between them and no test of a line; three do, flagged as ecological."""
    two, three = one_stage(asked("er"), **TAKEN), one_stage(asked("er", three=True), **TAKEN)
    assert (two.across, two.difference_p, two.refused) == (None, None, ("between_needs_three_cohorts",))
    assert "Between cohorts: not estimated; two cohorts are too few, at least 3 are needed." in two._repr_html_()
    assert three.refused == ()
    assert "between_needs_three_cohorts" in two.flags
    assert set(two.within.flags) <= set(two.flags)
    assert "ecological" in three.across.flags
    assert "altered share" in three._repr_html_()


def test_order_of_cohorts_changes_nothing():
    """Cohorts may be given in any order, and Breslow ties are a choice."""
    sets = asked("pgr", three=True)
    ratios = [one_stage(order, **TAKEN).within.log_estimate for order in (sets, sets[::-1], sets[1:] + sets[:1])]
    for one, other in pairwise(ratios):
        close(one, other, LIKELIHOOD, "order")
    breslow = one_stage(sets, ties="breslow", **TAKEN).within
    assert breslow.log_estimate == pytest.approx(ratios[0], abs=0.01)
    assert "Breslow" in breslow.method


def test_equal_shares_tell_nothing_between_cohorts():
    """Three copies of a cohort have one share: nothing between them, no heterogeneity, three times the information."""
    one = asked("er")[0]
    copies = [replace(one, cohort=replace(one.cohort, name=name, sources=())) for name in ("copy", "another")]
    found = one_stage([one, *copies])
    assert (found.across, found.difference_p, found.refused) == (None, None, ("equal_shares",))
    assert "all have the same share" in str(found)
    close(found.heterogeneity_chi2, 0, SPLIT, "heterogeneity")
    own = found.studies[0]
    close([found.within.log_estimate, found.within.se], [own.log_estimate, own.se / 3**0.5], LIKELIHOOD, "thrice")


def _renamed(one, **changes):
    return replace(one, cohort=replace(one.cohort, **changes))


def test_refusals_name_the_cohorts():
    """Shared patients, one cohort twice, one file twice, mixed questions and missing arms are refused by name."""
    gbsg, rotterdam = asked("er")
    with pytest.raises(AnalysisError, match="at least two cohorts; found 1"):
        one_stage([gbsg])
    with pytest.raises(AnalysisError, match=r"gbsg stands twice.*Keep one of them"):
        one_stage([gbsg, gbsg])
    with pytest.raises(AnalysisError, match="gbsg and rotterdam share patients"):
        one_stage([gbsg, _renamed(rotterdam, overlaps=("gbsg",))], **TAKEN)
    with pytest.raises(AnalysisError, match="gbsg and other are read from the same file"):
        one_stage([gbsg, _renamed(gbsg, name="other")])
    with pytest.raises(AnalysisError, match=r"treatment contrast: tamoxifen_v_none \(gbsg\), endocrine_v_none \(rott"):
        one_stage([gbsg, rotterdam])
    with pytest.raises(AnalysisError, match=r"differ in marker: ER \(gbsg\), PR \(rotterdam\)"):
        one_stage([gbsg, asked("pgr")[1]], **TAKEN)
    with pytest.raises(AnalysisError, match="rotterdam has no marker"):
        one_stage([gbsg, marker_free(rotterdam)], **TAKEN)
    with pytest.raises(AnalysisError, match="gbsg has one arm only"):
        one_stage([gbsg.without((gbsg.frame["treatment"] == "treated").to_numpy(), name="x", why=""), rotterdam])


def marker_free(one):
    """The same patients without a question about a marker."""
    return replace(one, marker="")


def test_endpoints_are_pooled_only_by_name():
    """Overall survival is not recurrence-free survival unless the caller says so."""
    gbsg, rotterdam = asked("er")
    other = select(rotterdam.cohort, marker="ER", endpoint="OS", er="any", treatment="any", where=("nodes >= 1",))
    with pytest.raises(AnalysisError, match=r"differ in endpoint: RFS \(gbsg\), OS \(rotterdam\)"):
        one_stage([gbsg, other], **TAKEN)
    assert one_stage([gbsg, other], endpoint_map={"OS": "RFS"}, **TAKEN).within.endpoint == "RFS"
