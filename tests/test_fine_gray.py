"""Fine-Gray regression against cmprsk::crr."""

from __future__ import annotations

import numpy as np
import pytest
from public_data import analysis_of, answers, frame, metabric, rotterdam

from tamoxres.errors import AnalysisError
from tamoxres.models.cox import cox
from tamoxres.models.fine_gray import fine_gray, fit_subdistribution

ITERATED = 1e-7  # crr stops at a gradient of 1e-13
R = answers("estimators")["fine_gray"]


def cases():
    """Time, event and covariates of the reference."""
    m, r, lung = frame("mgus2"), rotterdam(), frame("lung")
    etime, status = np.where(m.pstat == 0, m.futime, m.ptime).astype(float), np.where(m.pstat == 1, 1, 2 * m.death)
    x = np.column_stack([m.age, m.sex == "M"]).astype(float)
    time, event = r.rfstime.to_numpy(float), r.status.to_numpy(int)
    return {
        "mgus2": (etime, status, x),
        "mgus2_death": (etime, np.array([0, 2, 1])[status], x),
        "rotterdam": (time, event, np.column_stack([r.hormon, r.age, np.log(r.nodes + 1)]).astype(float)),
        "rotterdam_ties": (np.ceil(time / 182.625), event, np.column_stack([r.hormon, r.age]).astype(float)),
        "lung": (
            lung.time.to_numpy(float),
            np.where(lung.status == 2, 1 + (np.arange(1, 229) % 3 == 0), 0),
            lung[["age"]].to_numpy(float),
        ),
    }


CASES = cases()


@pytest.mark.parametrize("name", list(CASES))
def test_equals_crr(name):
    """Coefficients, sandwich covariance and pseudo-likelihood are cmprsk's, also under heavy ties."""
    fitted, expected = fit_subdistribution(*CASES[name]), R[name]
    assert fitted.coefficients == pytest.approx(np.atleast_1d(expected["coef"]), rel=ITERATED), f"{name} coefficients"
    assert fitted.covariance == pytest.approx(np.atleast_2d(expected["var"]), rel=ITERATED), f"{name} covariance"
    assert fitted.loglik == pytest.approx(expected["loglik"], rel=ITERATED), f"{name} likelihood"
    assert fitted.loglik_null == pytest.approx(expected["loglik_null"], rel=ITERATED), f"{name} null likelihood"


def test_mgus2_known_figures():
    """The figures known for mgus2: age -.01734 (.005737)."""
    fitted = fit_subdistribution(*CASES["mgus2"])
    assert fitted.coefficients[0] == pytest.approx(-0.01734, abs=5e-6)
    assert np.sqrt(fitted.covariance[0, 0]) == pytest.approx(0.005737, abs=5e-7)


def test_analysis_set():
    """The row is an sHR of the marker, with its counts and covariates."""
    r = rotterdam()
    made = analysis_of(
        r.rfstime.to_numpy(), r.status.to_numpy(int), marker=(r.hormon == 1).tolist(), competing=True,
        age=r.age.to_numpy(float), lognodes=np.log(r.nodes + 1).to_numpy(float),
    )  # fmt: skip
    fitted = fine_gray(made, adjust=["age", "lognodes"])
    row = fitted.effect
    assert (row.log_estimate, row.se**2) == pytest.approx(
        (R["rotterdam"]["coef"][0], R["rotterdam"]["var"][0][0]), rel=ITERATED
    )
    assert (row.measure, row.estimand, row.adjusted_for, row.n_1) == ("sHR", "prognostic", ("age", "lognodes"), 339)
    assert [e.measure for e in fitted.effects] == ["sHR"] * 3
    assert "Fine-Gray" in row.method


def test_without_competing_deaths_it_is_cox():
    """When nobody died of another cause the model is Cox's with Breslow ties."""
    m = metabric()
    alone = m.without((m.frame["event"] != 2).to_numpy(), name="no competing death", why="competing")
    assert fine_gray(alone).effect.log_estimate == pytest.approx(
        cox(alone, ties="breslow").effect.log_estimate, rel=ITERATED
    )


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: fine_gray(metabric("OS")), "No death competes with OS. Use cox"),
        (lambda: fine_gray(analysis_of([1.0, 2.0], [2, 0], marker=[True, False], competing=True)), "no events"),
        (
            lambda: fine_gray(analysis_of([1.0, 2.0, 3.0], [1, 0, 1], marker=[True, False, True], competing=True)),
            "separates|converge",
        ),
        (
            lambda: fine_gray(
                analysis_of([2.0, 3.0, 4.0], [1, 2, 1], marker=[True, False, True], competing=True, entry=[1, 0, 0])
            ),
            "delayed entry",
        ),
    ],
)
def test_refuses(make, words):
    """What cannot be estimated is refused in one sentence."""
    with pytest.raises(AnalysisError, match=words):
        make()
