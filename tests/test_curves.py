"""curves: a step function is read as R reads it (tests/reference/curves)."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tamoxres.curves import Curve, Curves
from tamoxres.errors import AnalysisError
from tamoxres.tables.curves import ShownCurves

EXACT = 1e-12  # read off the same numbers: only the last digits of JSON can differ
REFERENCE = json.loads((Path(__file__).parent / "reference" / "curves" / "curves.json").read_text())["cases"]


def curve(kind: str = "survival", group: str = "", cause: str = "", **arrays: object) -> Curve:
    k = len(arrays["time"])
    given_arrays = {name: np.zeros(k) for name in ("se", "ci_low", "ci_high", "n_risk", "n_event", "n_censor")} | arrays
    return Curve(group=group, kind=kind, cause=cause, **given_arrays)


def from_r(case: dict[str, list[float]]) -> Curve:
    names = {"estimate": "surv", "se": "se", "ci_low": "low", "ci_high": "high"}
    arrays = {ours: np.array(case[theirs], float) for ours, theirs in names.items()}
    return curve(**arrays, **{name: case[name] for name in ("time", "n_risk", "n_event", "n_censor")})


@pytest.mark.parametrize("case", REFERENCE)
def test_values_at_chosen_times(case: str) -> None:
    """S(t), its error and limits, and the numbers at risk just before t, are those of summary.survfit.

    Before the first of a curve's times R prints limits of 1; here an interval cannot be estimated (NaN).
    """
    expected = REFERENCE[case]["at"]
    table = Curves(
        curves=(from_r(REFERENCE[case]),), grouping="all", endpoint="OS", population="all", method="KM"
    ).at(expected["times"])  # fmt: skip
    for ours, theirs in {"survival": "surv", "n_risk": "n_risk", "se": "se", "ci_low": "low"}.items():
        begun = expected["times"] >= np.min(REFERENCE[case]["time"]) if ours == "ci_low" else np.ones(len(table), bool)
        known = [i for i, value in enumerate(expected[theirs]) if value is not None and begun[i]]
        if ours == "ci_low":
            assert table[ours][~begun].isna().all()
        got, want = table[ours].to_numpy()[known], np.array(expected[theirs], float)[known]
        np.testing.assert_allclose(got, want, rtol=EXACT, atol=EXACT, err_msg=f"{case} {ours}")


@pytest.mark.parametrize("case", REFERENCE)
def test_quantiles(case: str) -> None:
    """Quantiles and their limits are those of quantile.survfit, midpoints of flat stretches included."""
    expected, read = REFERENCE[case]["quantiles"], from_r(REFERENCE[case])
    for i, share in enumerate(expected["probs"]):
        want = [np.inf if (value := expected[name][i]) is None else value for name in ("estimate", "low", "high")]
        np.testing.assert_allclose(read.quantile(share), want, rtol=EXACT, err_msg=f"{case} {share}")


def test_incidence() -> None:
    """An incidence starts at 0 and reaches a share from below, its upper limit first."""
    risk = curve("incidence", time=[1, 2, 3], estimate=[0.2, 0.5, 0.6], ci_low=[0.1, 0.3, 0.4], ci_high=[0.5, 0.7, 0.8])
    assert list(risk.step("estimate", [0, 1, 2.5, 9])) == [0, 0.2, 0.5, 0.6]
    assert risk.quantile(0.55) == (3, 2, np.inf)
    assert risk.quantile(0.9) == (np.inf, np.inf, np.inf)


def test_tables_and_words() -> None:
    """Survival tables name no cause, incidence tables do; both stand in a notebook."""
    survival = curve(time=[10.0], estimate=[0.4], group="altered")
    risk = curve("incidence", time=[10.0], estimate=[0.6], group="altered", cause="death")
    shown = {"grouping": "HER2", "endpoint": "BCSS", "population": "ER positive"}
    km, cif = (ShownCurves(curves=(one,), method=method, **shown) for one, method in ((survival, "KM"), (risk, "AJ")))
    assert list(km.at([5]).columns) == ["group", "time", "survival", "se", "ci_low", "ci_high", "n_risk"]
    assert list(cif.at([5]).columns[:4]) == ["group", "cause", "time", "estimate"]
    assert km.medians()["median"].tolist() == [10]
    assert str(cif) == "AJ of BCSS by HER2: altered (death)"
    assert "<table" in km._repr_html_()
    assert [cell.text for cell in cif.table([5, 10]).rows[0].cells] == [
        "altered", "death", "0.0 (NE)", "0", "60.0 (0.0-0.0)", "0", "10.0",
    ]  # fmt: skip
    assert [column.header for column in km.table().columns][1] == "10 months, % (95% CI)"
    assert km.at(5).equals(km.at([5]))
    assert str(survival) == "altered: survival 40.0 (0.0-0.0)% at 10.0 months"
    assert len(km) == len(list(km)) == 1


def test_arrays_cannot_be_changed() -> None:
    """A curve copies its arrays and locks them."""
    time = np.array([1.0, 2.0])
    made = curve(time=time, estimate=[0.9, 0.8])
    time[0] = 5
    assert made.time[0] == 1
    with pytest.raises(ValueError, match="read-only"):
        made.estimate[0] = 0


@pytest.mark.parametrize(
    ("arrays", "says"),
    [
        ({"time": [1, 2], "estimate": [1]}, r"Curve '': estimate has shape \(1,\), time \(2,\)"),
        ({"time": [2, 1], "estimate": [1, 1]}, "times must increase"),
        ({"time": [1, 1], "estimate": [1, 1]}, "times must increase"),
    ],
)
def test_bad_curves(arrays: dict[str, object], says: str) -> None:
    """Arrays of one length, times that increase."""
    with pytest.raises(AnalysisError, match=says):
        curve(**arrays)


@given(st.lists(st.tuples(st.integers(1, 50), st.booleans()), min_size=1, max_size=30), st.floats(0.01, 0.99))
def test_any_product_limit_curve(patients: list[tuple[int, bool]], share: float) -> None:
    """On any data: at risk at t are those with time >= t, and by its quantile the curve has fallen far enough."""
    months = np.array([t for t, _ in patients])
    events = np.array([e for _, e in patients])
    time = np.unique(months)
    at_risk = np.array([(months >= t).sum() for t in time])
    died = np.array([(events & (months == t)).sum() for t in time])
    made = curve(time=time, estimate=np.cumprod(1 - died / at_risk), n_risk=at_risk)
    asked = np.array([0, 10.5, 25, 50, 51])
    assert list(made.at_risk(asked)) == [(months >= t).sum() for t in asked]
    reached = made.quantile(share)[0]
    if np.isfinite(reached):
        assert made.step("estimate", [reached])[0] <= 1 - share + 1e-9
    else:
        assert made.estimate[-1] > 1 - share - 1e-9
