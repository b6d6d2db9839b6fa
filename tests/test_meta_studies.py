"""Leave-one-out, cumulative, influence, Baujat, subgroups and meta-regression, against metafor and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from meta_data import CLOSED, ITERATED, META, SETS, close, data, pooled, trials

from tamoxres.effects import EffectEstimate
from tamoxres.errors import PoolingError
from tamoxres.meta.comparable import Alike
from tamoxres.meta.pool import pool
from tamoxres.meta.regression import fit_moderators, meta_regression
from tamoxres.meta.sensitivity import baujat, cumulative, influence, leave_one_out
from tamoxres.meta.subgroups import subgroups

SUMMARY = {"estimate": "point", "se": "se", "ci_low": "low", "ci_high": "high", "p": "p_value", "tau2": "tau2"}
INFLUENCE = {
    "rstudent": "rstudent", "dffits": "dffits", "cook.d": "cook", "cov.r": "cov_ratio", "tau2.del": "tau2_deleted",
    "QE.del": "q_deleted", "hat": "hat", "dfbs": "dfbetas",
}  # fmt: skip
BCG = META["bcg"]


def rows_equal(rows, expected, what):
    """Compare summaries with metafor's columns."""
    for name in SUMMARY.keys() & expected.keys():
        close([getattr(row, SUMMARY[name]) for row in rows], expected[name], ITERATED, f"{what} {name}")


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("ci", ["z", "hksj"])
def test_leave_one_out_equals_metafor(name, ci):
    """Each study left out in turn: estimate, SE, limits, P and tau2."""
    rows_equal(leave_one_out(pooled(name, ci=ci)).rows, META[name]["leave_out"][ci], f"{name} {ci}")


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("ci", ["z", "hksj"])
def test_influence_and_baujat_equal_metafor(name, ci):
    """Residuals, DFFITS, Cook, covariance ratio, hat, DFBETAS, the marks, and both axes of Baujat's plot."""
    result, expected = pooled(name, ci=ci), META[name]["single"][ci]
    found = influence(result)
    for theirs, ours in INFLUENCE.items():
        close(getattr(found, ours), expected[theirs], ITERATED, f"{name} {ci} {theirs}")
    assert list(found.influential) == expected["infl"]
    plot = baujat(result)
    close(plot.heterogeneity, expected["baujat_x"], ITERATED, "Baujat x")
    close(plot.influence, expected["baujat_y"], ITERATED, "Baujat y")
    assert list(plot.table) == ["study", "heterogeneity", "influence"]
    assert len(found.table) == result.k


def test_cumulative_equals_metafor():
    """BCG by year: one study more each time, the first alone."""
    result = pooled(study=[f"Trial {i}, {year}" for i, year in enumerate(BCG["year"])], year=BCG["year"])
    found = cumulative(result)
    rows_equal(found.rows, BCG["cumulative"], "by year")
    assert found.rows[0].label == "Trial 0, 1948"
    assert found.rows[-1].point == pytest.approx(result.point, rel=CLOSED)
    by_list = cumulative(pooled(), by=BCG["year"])
    assert [row.k for row in by_list.rows] == list(range(1, 14))
    close([row.point for row in by_list.rows], [row.point for row in found.rows], CLOSED, "the same order by a list")


def test_texts_and_tables_of_single_studies():
    """A table has a row a study with limits as a reader sees them; the text says who is influential."""
    table = leave_one_out(pooled()).table
    assert list(table) == ["study", "k", "estimate", "ci_low", "ci_high", "p_value", "tau2"]
    assert table["estimate"].between(0.4, 0.6).all()
    assert str(leave_one_out(pooled())).startswith("without Trial 0: 0.49 (0.34-0.72)")
    assert str(influence(pooled())) == "No study is influential by the usual cuts."


def test_equal_remainders_do_not_divide_by_zero():
    """When the studies left over are equal, their Hartung-Knapp error is the Wald error."""
    rows = [EffectEstimate(study=f"S{i}", log_estimate=y, se=0.2) for i, y in enumerate([0.1, 0.1, 0.9])]
    found = leave_one_out(pool(rows))
    close(found.rows[2].se, 0.2 / np.sqrt(2), CLOSED, "two equal studies")


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: leave_one_out(pool(trials()[:2])), r"at least 3 effects; found 2 \(Trial 0, Trial 1\)"),
        (lambda: cumulative(pooled()), "Trial 0: the row gives no year"),
        (lambda: cumulative(pooled(), by=[1, 2]), "2 numbers for 13 effects"),
        (lambda: subgroups(pooled(), "assay"), "Trial 0 has no subgroup"),
        (lambda: subgroups(pooled(), "colour"), "no field 'colour'"),
        (lambda: subgroups(pooled(), ["a"] * 13), r"All effects are in one subgroup \(a\)"),
        (lambda: subgroups(pooled(), ["a"]), "1 labels for 13"),
        (lambda: subgroups(pooled(), [*"ab" * 6, "a"], tau2="x"), "Unknown tau2 'x'"),
        (lambda: subgroups(pool(trials()[:2]), ["a", "b"], tau2="common"), "Every subgroup has one study"),
        (lambda: meta_regression(pooled(), {}), "at least one moderator"),
        (lambda: meta_regression(pooled(), {"x": [1.0] * 13}), "Moderator x is constant"),
        (lambda: meta_regression(pooled(), {"x": range(13), "z": range(0, 26, 2)}), "Moderator z is constant, or"),
        (lambda: meta_regression(pooled(), {"x": [1.0, 2.0]}), "2 values for 13"),
        (lambda: meta_regression(pooled(), {"x": {"Trial 0": 1.0}}), "x has no value for Trial 1"),
        (lambda: meta_regression(pooled(), {"x": [np.nan, *range(12)]}), "no number for Trial 0"),
        (lambda: meta_regression(pool(trials()[:2]), {"x": [1, 2]}), "need at least 3 effects; found 2"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_one_sentence(call, says):
    """Too few studies, unknown fields and useless moderators are named."""
    with pytest.raises(PoolingError, match=says):
        call()


@pytest.mark.parametrize(("ci", "expected"), [("z", "separate"), ("hksj", "separate_hksj")])
def test_subgroups_with_separate_tau2_equal_metafor(ci, expected):
    """BCG by allocation: each subgroup pooled alone, and the test between them."""
    found = subgroups(pooled(ci=ci), BCG["alloc"])
    for row in found.groups:
        rows_equal([row], {key: [BCG["subgroups"][expected][row.label][key]] for key in SUMMARY}, row.label)
    close([found.q, found.p_value], [BCG["subgroups"]["q"], BCG["subgroups"]["q_p"]], ITERATED, "between")
    assert [row.k for row in found.groups] == [7, 2, 4]
    assert "Difference between subgroups" in str(found)


@pytest.mark.parametrize(("ci", "expected"), [("z", "common"), ("hksj", "common_hksj")])
def test_subgroups_with_one_tau2_equal_metafor(ci, expected):
    """One tau2 for all subgroups is a meta-regression on their labels."""
    found = subgroups(pooled(ci=ci), BCG["alloc"], tau2="common")
    numbers = {key: BCG["subgroups"][expected][key] for key in ("estimate", "se", "ci_low", "ci_high", "p")}
    rows_equal(found.groups, numbers, expected)
    close(found.groups[0].tau2, BCG["subgroups"][expected]["tau2"], ITERATED, "tau2")
    test = BCG["subgroups"]["common_test"]
    close([found.q, found.p_value], [test["q"], test["p"]], ITERATED, "between")
    assert list(found.table["subgroup"]) == ["random", "alternate", "systematic"]


def test_subgroups_by_field_function_and_mapping_agree():
    """A field, a function of the row and a mapping by study give the same groups."""
    result = pool(trials(assay=BCG["alloc"]), alike=Alike(assay={"*": "any"}))
    named = {effect.study: effect.assay for effect in result.effects}
    found = [subgroups(result, by) for by in ("assay", lambda effect: effect.assay, named)]
    assert found[0].groups == found[1].groups == found[2].groups
    assert found[0].members[1] == (4, 5)


REGRESSIONS = [name for name in BCG["regression"] if name != "at_30"]


@pytest.mark.parametrize("name", REGRESSIONS)
def test_meta_regression_equals_metafor(name):
    """Coefficients, SE, limits, P, residual tau2, R2, Q, I2, H2 and the test of all moderators."""
    *moderators, tau2, ci = name.split("_")
    expected = BCG["regression"][name]
    values = {m: BCG[m] for m in moderators}
    found = meta_regression(pooled(), values, tau2=tau2, ci=ci)
    names = {
        "beta": "coefficients", "se": "se", "ci_low": "low", "ci_high": "high", "p": "p_value", "tau2": "tau2",
        "r2": "r2", "q": "q", "q_p": "q_p", "i2": "i2", "h2": "h2", "qm": "test", "qm_p": "test_p",
    }  # fmt: skip
    for theirs, ours in names.items():
        close(getattr(found, ours), expected[theirs], ITERATED, f"{name} {theirs}")


def test_prediction_of_a_meta_regression_equals_metafor():
    """At 30 degrees of latitude."""
    found = meta_regression(pooled(), {"ablat": BCG["ablat"]}).predict(ablat=30)
    expected = BCG["regression"]["at_30"]
    close([found.point, found.se, found.low, found.high], list(expected.values()), ITERATED, "at 30")
    with pytest.raises(PoolingError, match="Give a value for each of ablat; found year"):
        meta_regression(pooled(), {"ablat": BCG["ablat"]}).predict(year=3)


def test_exact_permutation_p_equals_metafor():
    """Hine has six studies: all 720 orders are tried, and the P values are exact."""
    found = meta_regression(pooled("hine", tau2="dl"), {"total": META["hine"]["total"]}, ci="z", permutations=1)
    assert found.permutations == 720
    close(found.permutation_p, META["hine"]["permutation_p"], CLOSED, "permutation P")
    assert "permutation_p" in found.table


def test_drawn_permutations_are_seeded_and_count_the_observed_order():
    """With many studies the orders are drawn; the same seed gives the same P, which is never 0."""
    first, again = (meta_regression(pooled(), {"x": BCG["ablat"]}, permutations=199, seed=4) for _ in range(2))
    assert first.permutation_p == again.permutation_p
    assert first.permutations == 200
    assert min(first.permutation_p) >= 1 / 200


def test_moderators_by_study_and_many_data_sets_at_once():
    """Values by study name equal values in order; a batch of data sets equals one after another."""
    by_study = {f"Trial {i}": value for i, value in enumerate(BCG["ablat"])}
    in_order = meta_regression(pooled(), {"x": BCG["ablat"]})
    assert meta_regression(pooled(), {"x": by_study}).coefficients == in_order.coefficients
    y, v = data("bcg")
    x = np.column_stack([np.ones(13), BCG["ablat"]])
    batch = fit_moderators(np.stack([y, y[::-1]]), np.stack([v, v[::-1]]), x)
    close(batch.coefficients[1], fit_moderators(y[::-1], v[::-1], x).coefficients, CLOSED, "second data set")
    assert "fewer than ten" not in str(in_order)
    assert "fewer than ten" in str(meta_regression(pooled(), {"x": BCG["ablat"], "z": BCG["year"]}))
