"""Scaled Schoenfeld residuals of GBSG, against R's cox.zph (tests/reference/proportional), and the plot's smooth."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from public_data import analysis_of, answers, gbsg

from tamoxres.figures.proportional import natural_smooth
from tamoxres.models.cox import fit_terms
from tamoxres.models.proportional import scaled_schoenfeld

ITERATED = 1e-7  # both sides iterate to a maximum, in different arithmetic
SMOOTHED = 1e-6  # a least squares fit in another basis of the same splines
R = answers("proportional")
NAMES = {"treatment": "hormon", "factor(grade)": "grade"}


def close(found, expected, what, tolerance=ITERATED):
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance, err_msg=what)


def made(**columns):
    """GBSG with R's covariates under their own names, and made columns beside them."""
    frame = gbsg().frame
    return analysis_of(
        frame["months"], frame["event"] == 1, hormon=(frame["treatment"] == "treated").astype(float),
        age=frame["age"], nodes=frame["nodes"], grade=frame["grade"],
        meno=frame["menopause"].astype(str), **columns,
    )  # fmt: skip


def in_order(time, values):
    """Sort events by time and residuals: those at one time stand in no order of their own."""
    table = pd.DataFrame(np.column_stack([time, values]))
    table[0] = table[0].round(6)
    return table.sort_values(list(table.columns)).to_numpy()


def compare(table, expected, what):
    """Compare a table of residuals with R's matrix, event by event."""
    assert [NAMES.get(name, name) for name in table["term"].unique()] == expected["terms"], what
    y = np.array(expected["y"], float)
    for i, (name, rows) in enumerate(table.groupby("term", sort=False)):
        known = ~np.isnan(y[:, i])
        ours = in_order(rows["months"], rows[["transformed", "residual"]].to_numpy())
        theirs = np.column_stack([expected["x"], y[:, i]])[known]
        close(ours, in_order(np.array(expected["time"])[known], theirs), f"{what}: {name}")
        close(rows["variance"].iloc[0], expected["variance"][i], f"{what}: variance of {name}")


@pytest.mark.parametrize("case", ["km", "rank", "log", "identity", "breslow"])
def test_residuals_of_gbsg(case):
    """Every residual and transformed time of GBSG equals R's, under each transform and both rules for ties."""
    ties, transform = ("breslow", "km") if case == "breslow" else ("efron", case)
    fit = fit_terms(gbsg(), ["treatment", "age", "factor(grade)", "nodes"], ties=ties)
    table = scaled_schoenfeld(fit, transform=transform)
    compare(table, R[case], case)
    assert len(table) == 4 * 299
    assert set(table.loc[table["term"] == "factor(grade)", "coefficient"]) == {1.0}


def test_a_covariate_constant_in_a_stratum():
    """With strata, the events of a stratum in which a covariate does not vary have no residual of it, as in R."""
    late = (gbsg().frame["treatment"] == "treated") & (gbsg().frame["menopause"] == "post")
    fit = fit_terms(made(late=late.astype(float)), ["late", "age", "nodes"], strata=["meno"])
    table = scaled_schoenfeld(fit)
    compare(table, R["strata"], "strata")
    assert table["term"].value_counts().to_dict() == {"late": 180, "age": 299, "nodes": 299}


def test_delayed_entry():
    """Patients who enter late count from then on, in the residuals and in the transform of time."""
    analysis = made(entry=(gbsg().frame["age"] * 7) % 10)
    later = analysis.frame["months"] > analysis.frame["entry"]
    kept = analysis.without(later.to_numpy(), name="entered", why="made")
    compare(scaled_schoenfeld(fit_terms(kept, ["hormon", "age", "factor(grade)"])), R["entry"], "entry")


@pytest.mark.parametrize("case", ["km", "identity"])
def test_smooth_is_that_of_plot_cox_zph(case):
    """The smooth and its standard error equal those that R's plot.cox.zph draws."""
    expected = R[case]["smooth"]
    y = np.array(R[case]["y"], float)[:, 0]
    fit, scale = natural_smooth(np.array(R[case]["x"]), y, np.array(expected["at"]))
    close(fit, expected["fit"], "fit", SMOOTHED)
    close(np.sqrt(R[case]["variance"][0] * scale), expected["se"], "standard error", SMOOTHED)


def test_residuals_sum_to_nothing():
    """About their coefficient, the scaled residuals of a model of one term sum to 0."""
    table = scaled_schoenfeld(fit_terms(gbsg(), ["treatment"]))
    assert abs(float((table["residual"] - table["coefficient"]).sum())) < ITERATED * len(table)
