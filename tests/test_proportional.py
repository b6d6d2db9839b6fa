"""Scaled Schoenfeld residuals of GBSG, against R's cox.zph (tests/reference/proportional), and the plot's smooth."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from public_data import analysis_of, answers, gbsg

from tamoxres.cohorts.catalogue import load
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
