"""Sparse groups of marker and treatment, with a covariate and strata: Firth's interaction against R by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from public_data import REFERENCE, analysis_of, answers

import tamoxres as tr

R = answers("sparse")
BY_OPTIM = 2e-5  # absolute, on the log scale: R's optim works with differences


def sparse(kept: int) -> tr.AnalysisSet:
    """The reference's 400 patients; of one group's events so many are kept."""
    d = pd.read_csv(REFERENCE / "robustness" / "patients.csv.gz").iloc[:400]
    marker = (d["MTOR"] > R["cut"]).to_numpy()
    event = (d["event"] == 1).to_numpy().astype(int)
    few = np.flatnonzero(marker & (d["treated"] == 0).to_numpy() & (event == 1))
    event[few[kept:]] = 0
    return analysis_of(
        d["months"].to_numpy(), event, marker=marker, age=d["age"].to_numpy(),
        site=d["site"].to_numpy(), endocrine=np.where(d["treated"] == 1, "yes", "no"),
    )  # fmt: skip


@pytest.mark.parametrize(("name", "kept"), [("few", 2), ("none", 0)])
def test_firths_interaction_with_covariate_and_strata(name: str, kept: int) -> None:
    """Penalised estimate, profile limits and P are R's; a covariate in other units changes nothing (R has decades)."""
    found, want = tr.interaction(sparse(kept), adjust="age", strata="site"), R[name]
    assert found.cells["events"].tolist() == want["groups"]
    row = found.judged
    assert row.log_estimate == pytest.approx(want["coef"][3], abs=BY_OPTIM)
    assert np.log(row.ci()) == pytest.approx((want["low"], want["high"]), abs=BY_OPTIM)
    assert row.p_value == pytest.approx(want["p"], rel=1e-4)
    assert (row.model, row.ci_kind, row.p_kind, row.adjusted_for, row.strata) == (
        "firth", "profile", "profile", ("age",), ("site",),
    )  # fmt: skip
    assert found.verdict.label == "too few events to say"


def test_the_panel_of_a_sparse_interaction_says_nothing() -> None:
    """With two events in a group a refit is uninformative, and no label goes on."""
    found = tr.robustness(sparse(2), adjust="age", strata="site")
    assert found.effect.model == "firth"
    assert found.panel.member("treatment_by_covariates").outcome == "uninformative"
    assert found.panel.member("treatment_by_covariates").why == (
        "fewer than 5 events in the smallest group of marker and treatment"
    )
    assert found.panel.member("overlap_weights").outcome in ("uninformative", "not_available")
    assert found.label == "too few events to say"
