"""The Cox kernel against R's coxph, cox.zph, residuals and basehaz (reference/kernel), and against hand calculation."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tamoxres.errors import AnalysisError
from tamoxres.files import find_raw
from tamoxres.kernel import cox, proportional, residuals
from tamoxres.kernel.cox import CoxFit, CoxOptions, fit_cox

# Both sides run Newton's method to the rounding of doubles; the score tests divide sums of 1,700 terms.
RELATIVE = 1e-9
# R centres and rescales risks on its way (start-stop data): the last digits of its sums differ from ours.
RELATIVE_START_STOP = 1e-8
# Closed form, a handful of operations.
BY_HAND = 1e-12

REFERENCE = json.loads((Path(__file__).parent / "reference" / "kernel" / "kernel.json").read_text())
TRANSFORM_NAMES = ("km", "rank", "log", "identity")


def close(actual: Any, expected: Any, what: str, tolerance: float = RELATIVE) -> None:
    """Compare with R's numbers; `what` names the quantity in the message."""
    wanted = np.asarray(expected, float)
    scale = tolerance * max(float(np.abs(wanted).max()), 1e-12)
    np.testing.assert_allclose(actual, wanted, rtol=tolerance, atol=scale, err_msg=what)


@pytest.fixture(scope="module")
def rotterdam() -> dict[str, np.ndarray]:
    """Columns of the Rotterdam file, with relapse-free survival as the reference defines it."""
    path = find_raw("rotterdam", "rotterdam.csv")
    assert path is not None
    rows = list(csv.DictReader(io.StringIO(path.read_text())))
    names = ("year", "age", "meno", "grade", "nodes", "pgr", "hormon", "rtime", "recur", "dtime", "death")
    data = {name: np.array([float(row[name]) for row in rows]) for name in names}
    data["event"] = np.maximum(data["recur"], data["death"]).astype(int)
    data["time"] = np.where(data["recur"] == 1, data["rtime"], data["dtime"])
    data["lognodes"] = np.log(data["nodes"] + 1)
    return data


def stack(data: dict[str, np.ndarray], *names: str) -> np.ndarray:
    """Put columns side by side."""
    return np.stack([data[name] for name in names], axis=1)


def check_fit(fit: CoxFit, expected: dict[str, Any], what: str, tolerance: float = RELATIVE) -> None:
    """Compare a fit with R's."""
    close(fit.coefficients, np.atleast_1d(expected["coef"]), f"{what}: coefficients", tolerance)
    close(fit.covariance, expected["vcov"], f"{what}: covariance", tolerance)
    close([fit.loglik_null, fit.loglik], expected["loglik"], f"{what}: log likelihood", tolerance)
    assert (fit.n, fit.n_events) == (expected["n"], expected["events"]), what
    assert fit.converged, what
    assert not fit.flags, what


def check_zph(fit: CoxFit, expected: dict[str, Any], terms: list[list[int]], follow_up: dict[str, Any]) -> None:
    """Compare the score tests of proportional hazards with R's, under every transform."""
    parts = residuals.score_residual_parts(fit)
    for name in TRANSFORM_NAMES:
        g = proportional.transform_times(name, parts.time, **follow_up)
        test = proportional.score_test(parts, g, terms)
        close(test.chisq, expected[name]["chisq"], f"score test, {name}", RELATIVE_START_STOP)
        assert test.df.tolist() == expected[name]["df"]


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_rotterdam_and_its_score_tests(rotterdam: dict[str, np.ndarray], ties: Any) -> None:
    """Coefficients, covariance, likelihood and the four score tests are R's under both rules for ties."""
    expected = REFERENCE["rotterdam"][ties]
    x = stack(rotterdam, "hormon", "age", "grade", "lognodes")
    fit = fit_cox(rotterdam["time"], rotterdam["event"], x, options=CoxOptions(ties=ties))
    check_fit(fit, expected, ties)
    follow_up = {"time": rotterdam["time"], "event": rotterdam["event"]}
    check_zph(fit, expected["zph"], [[0], [1], [2], [3]], follow_up)


def test_interaction(rotterdam: dict[str, np.ndarray]) -> None:
    """The model of hormone treatment by progesterone receptor is R's."""
    high = (rotterdam["pgr"] >= 10).astype(float)
    x = stack(
        {**rotterdam, "high": high, "both": high * rotterdam["hormon"]},
        "hormon",
        "age",
        "grade",
        "lognodes",
        "high",
        "both",
    )
    check_fit(fit_cox(rotterdam["time"], rotterdam["event"], x), REFERENCE["rotterdam"]["interaction"], "interaction")


def test_strata_and_their_score_tests(rotterdam: dict[str, np.ndarray]) -> None:
    """Four strata give R's fit, and score tests whose time is transformed over all strata together."""
    expected = REFERENCE["rotterdam"]["stratified"]
    strata = (10 * rotterdam["grade"] + rotterdam["meno"]).astype(int)
    fit = fit_cox(rotterdam["time"], rotterdam["event"], stack(rotterdam, "hormon", "age", "lognodes"), strata=strata)
    check_fit(fit, expected, "stratified")
    check_zph(fit, expected["zph"], [[0], [1], [2]], {"time": rotterdam["time"], "event": rotterdam["event"]})


def test_weights_and_robust_variance(rotterdam: dict[str, np.ndarray]) -> None:
    """Case weights, the sandwich variance, its clustered form and the weighted score tests are R's."""
    expected = REFERENCE["rotterdam"]["weighted"]
    weights = np.where(rotterdam["hormon"] == 1, 2, 0.5)
    fit = fit_cox(rotterdam["time"], rotterdam["event"], stack(rotterdam, "hormon", "age"), weights=weights)
    check_fit(fit, expected, "weighted")
    close(residuals.robust_covariance(fit), expected["robust"], "robust covariance")
    by_year = residuals.robust_covariance(fit, cluster=rotterdam["year"].astype(int))
    close(by_year, REFERENCE["rotterdam"]["clustered"]["robust"], "clustered covariance")
    check_zph(fit, expected["zph"], [[0], [1]], {"time": rotterdam["time"], "event": rotterdam["event"]})


def test_left_truncation_and_its_score_tests(rotterdam: dict[str, np.ndarray]) -> None:
    """Staggered entry in two strata gives R's fit and score tests."""
    expected = REFERENCE["rotterdam"]["truncated"]
    entry = rotterdam["age"] * 5
    d = {name: values[rotterdam["time"] > entry] for name, values in {**rotterdam, "entry": entry}.items()}
    x = stack(d, "hormon", "age", "lognodes")
    fit = fit_cox(d["time"], d["event"], x, entry=d["entry"], strata=d["meno"].astype(int))
    check_fit(fit, expected, "left truncated")
    check_zph(fit, expected["zph"], [[0], [1], [2]], {name: d[name] for name in ("time", "event", "entry")})


def test_offset_and_start(rotterdam: dict[str, np.ndarray]) -> None:
    """An offset gives R's fit, from any start; without iterations all is evaluated where one starts."""
    x = stack(rotterdam, "hormon", "age")
    offset = 0.3 * rotterdam["lognodes"]
    options = CoxOptions(offset=offset, start=np.array([1.0, -0.05]))
    fit = fit_cox(rotterdam["time"], rotterdam["event"], x, options=options)
    check_fit(fit, REFERENCE["rotterdam"]["offset"], "offset")
    there = fit_cox(
        rotterdam["time"],
        rotterdam["event"],
        x,
        options=CoxOptions(offset=offset, start=fit.coefficients, max_iterations=0),
    )
    close(there.loglik, fit.loglik, "log likelihood at the estimate")
    close(there.covariance, fit.covariance, "covariance at the estimate")


def test_a_factor_is_one_term() -> None:
    """GBSG with grade as a factor: one score test on two degrees of freedom, GLOBAL 24.4211 on nine."""
    data = REFERENCE["gbsg"]
    time, event = np.array(data["time"], float), np.array(data["event"])
    fit = fit_cox(time, event, np.array(data["x"], float))
    check_fit(fit, data, "gbsg")
    terms = [[0], [1], [2], [3], [4, 5], [6], [7], [8]]
    check_zph(fit, data["zph"], terms, {"time": time, "event": event})
    assert data["zph"]["km"]["chisq"][-1] == pytest.approx(24.4211, abs=5e-5)


def check_residuals(fit: CoxFit, expected: dict[str, Any], what: str) -> None:
    """Compare residuals and baseline hazard with R's."""
    close(residuals.martingale_residuals(fit), expected["martingale"], f"{what}: martingale residuals")
    close(residuals.score_residuals(fit), expected["score"], f"{what}: score residuals")
    close(residuals.dfbeta_residuals(fit), expected["dfbeta"], f"{what}: dfbeta")
    times, schoenfeld = residuals.schoenfeld_residuals(fit)
    assert (np.diff(times) >= 0).all() or len(set(fit.risk_sets.group_stratum)) > 1
    # Tied events may stand in another order.
    close(_sorted(times, schoenfeld), _sorted(times, np.array(expected["schoenfeld"], float)), f"{what}: Schoenfeld")
    hazard = residuals.baseline_hazard(fit)
    # R also lists times without an event, where its curve is flat; each stratum starts from 0 again.
    curve = np.array(expected["hazard"])
    steps = np.flatnonzero((np.diff(curve, prepend=0.0) != 0) & (curve > 0))
    close(hazard.time, np.array(expected["hazard_time"], float)[steps], f"{what}: hazard times")
    close(hazard.cumulative, curve[steps], f"{what}: hazard", RELATIVE_START_STOP)


def _sorted(times: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Sort the rows that share a time."""
    block = np.cumsum(np.concatenate([[0], np.diff(times) != 0]))
    return values[np.lexsort((*np.round(values.T, 8), block))]


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_start_stop_rows(ties: Any) -> None:
    """Stanford heart transplants: start-stop rows give R's fit, residuals and hazard under both rules for ties."""
    data, expected = REFERENCE["heart"]["efron"]["data"], REFERENCE["heart"][ties]
    start, stop = np.array(data["start"], float), np.array(data["stop"], float)
    fit = fit_cox(stop, np.array(data["event"]), np.array(data["x"]), entry=start, options=CoxOptions(ties=ties))
    check_fit(fit, expected, "heart", RELATIVE_START_STOP)
    check_residuals(fit, expected, "heart")
    if ties == "efron":
        close(
            residuals.robust_covariance(fit, cluster=np.array(data["id"])), expected["robust"], "clustered by patient"
        )
        follow_up = {"time": stop, "event": np.array(data["event"]), "entry": start}
        check_zph(fit, expected["zph"], [[0], [1], [2], [3]], follow_up)


@pytest.mark.parametrize("ties", ["efron", "breslow"])
@pytest.mark.parametrize("case", ["plain", "weighted", "stratified"])
def test_twelve_patients_with_ties(case: str, ties: Any) -> None:
    """Tied events and censorings, weights and strata: every residual is R's under both rules."""
    expected = REFERENCE["tiny"][case][ties]
    d = {name: np.array([row[name] for row in expected["data"]], float) for name in expected["data"][0]}
    x = stack(d, "x") if case == "stratified" else stack(d, "x", "z")
    weights = None if case == "plain" else d["w"]
    strata = d["s"].astype(int) if case == "stratified" else None
    fit = fit_cox(d["time"], d["event"].astype(int), x, weights=weights, strata=strata, options=CoxOptions(ties=ties))
    check_fit(fit, expected, case)
    check_residuals(fit, expected, case)


# Six patients, x = 1 for the first, third and fifth; r = exp(beta).
#   time   1 1 2 2 3 4
#   event  1 1 1 0 0 1
#   x      1 0 1 0 1 0
# At time 1, risk 3r + 3, tied r + 1. At time 2, {x: 1 0 1 0}, risk 2r + 2, one event of x = 1. At time 4, {0}: 1.
# Breslow: L = r / (3r+3)^2 * r / (2r+2).  Efron: L = r / ((3r+3)(3r+3 - (r+1)/2)) * r / (2r+2) = r^2 / (15 (r+1)^3).
# Both have log L = 2 log r - 3 log(1 + r) + c: 2 = 3r / (1 + r), so r = 2 and the information is 3r / (1 + r)^2 = 2/3.
SIX_TIME = np.array([1.0, 1, 2, 2, 3, 4])
SIX_EVENT = np.array([1, 1, 1, 0, 0, 1])
SIX_X = np.array([[1.0], [0], [1], [0], [1], [0]])


@pytest.mark.parametrize(("ties", "constant"), [("efron", 15.0), ("breslow", 18.0)])
def test_six_patients_by_hand(ties: Any, constant: float) -> None:
    """Six patients with tied events: r = 2, information 2/3, and the likelihood of each rule."""
    fit = fit_cox(SIX_TIME, SIX_EVENT, SIX_X, options=CoxOptions(ties=ties))
    assert np.exp(fit.coefficients[0]) == pytest.approx(2, rel=BY_HAND)
    assert fit.covariance[0, 0] == pytest.approx(1.5, rel=BY_HAND)
    assert fit.loglik == pytest.approx(np.log(4 / 27 / constant), rel=BY_HAND)
    assert fit.loglik_null == pytest.approx(np.log(1 / 8 / constant), rel=BY_HAND)


def test_six_patients_hazard_by_hand() -> None:
    """At r = 2 the risk sums are 9, 6 and 1: Breslow steps 2/9, Efron steps 1/9 + 1/7.5; then 1/6 and 1."""
    for ties, first in (("breslow", 2 / 9), ("efron", 1 / 9 + 1 / 7.5)):
        fit = fit_cox(SIX_TIME, SIX_EVENT, SIX_X, options=CoxOptions(ties=ties))  # type: ignore[arg-type]
        hazard = residuals.baseline_hazard(fit)
        close(hazard.increment, [first, 1 / 6, 1], ties, BY_HAND)
        at_one = residuals.baseline_hazard(fit, at=np.array([1.0]))
        close(at_one.cumulative, 2 * hazard.cumulative, ties, BY_HAND)


def test_doubled_patients_are_weights_under_breslow() -> None:
    """A weight of two is two patients under Breslow's rule, and is not under Efron's."""
    twice = [np.repeat(v, 2, axis=0) for v in (SIX_TIME, SIX_EVENT, SIX_X)]
    for ties in ("breslow", "efron"):
        options = CoxOptions(ties=ties)  # type: ignore[arg-type]
        weighted = fit_cox(SIX_TIME, SIX_EVENT, SIX_X, weights=np.full(6, 2.0), options=options)
        doubled = fit_cox(*twice, options=options)
        assert np.isclose(weighted.loglik, doubled.loglik, rtol=BY_HAND) == (ties == "breslow")


def test_aliased_columns_are_flagged() -> None:
    """Constant and collinear columns get NaN and a flag; the others are as without them."""
    x = np.column_stack([np.full(6, 0.1), SIX_X[:, 0], 1 - 3 * SIX_X[:, 0]])
    fit = fit_cox(SIX_TIME, SIX_EVENT, x)
    assert fit.flags == (cox.SINGULAR,)
    assert fit.estimable.tolist() == [False, True, False]
    assert np.isnan(fit.coefficients).tolist() == [True, False, True]
    assert fit.coefficients[1] == pytest.approx(np.log(2), rel=BY_HAND)
    with pytest.raises(AnalysisError, match="Column 0 of x cannot be estimated"):
        residuals.martingale_residuals(fit)


def test_separation_is_flagged() -> None:
    """When only exposed patients fail, the coefficient runs to infinity: said, and never an overflow."""
    x = np.column_stack([[1.0, 1, 1, 1, 0, 0], [0.3, -0.2, 1.0, 0.4, 0.1, 0.7]])
    fit = fit_cox(np.arange(1.0, 7), np.array([1, 1, 1, 1, 0, 0]), x)
    assert cox.SEPARATED in fit.flags
    assert fit.separated.tolist() == [True, False]
    assert np.isfinite(fit.loglik)
    assert np.isfinite(fit.covariance).all()


def test_not_converged_is_flagged() -> None:
    """Too few iterations are said."""
    fit = fit_cox(SIX_TIME, SIX_EVENT, SIX_X, options=CoxOptions(max_iterations=1))
    assert cox.NOT_CONVERGED in fit.flags
    assert not fit.converged


def test_scale_and_centre_do_not_matter(rotterdam: dict[str, np.ndarray]) -> None:
    """Columns far from 0 or on tiny scales give the same z."""
    x = stack(rotterdam, "hormon", "age")
    plain = fit_cox(rotterdam["time"], rotterdam["event"], x)
    moved = fit_cox(rotterdam["time"], rotterdam["event"], x * [1e6, 1e-6] + [1e7, 5.0])
    close(moved.coefficients / moved.se, plain.coefficients / plain.se, "z", 1e-7)  # 1e7 + 1e6 loses 9 digits


BAD = [
    ({"time": np.array([1.0, np.nan])}, "1 follow-up times are missing"),
    ({"event": np.array([0, 2])}, "other than 0 and 1"),
    ({"event": np.array([0, 0])}, "None of 2 patients has an event"),
    ({"entry": np.array([0.0, 2.0])}, "1 patients enter at or after"),
    ({"weights": np.array([1.0, 0.0])}, "not above 0"),
    ({"x": np.array([[1.0], [np.nan]])}, "Column 0 of x"),
    ({"x": np.array([1.0, 2.0])}, "one row a patient"),
    ({"strata": np.array([1])}, "one row a patient"),
    ({"options": CoxOptions(ties="exact")}, "Unknown ties"),  # type: ignore[arg-type]
]


@pytest.mark.parametrize(("change", "message"), BAD)
def test_bad_input_is_refused(change: dict[str, Any], message: str) -> None:
    """What cannot be fitted is refused in one sentence."""
    good: dict[str, Any] = {"time": np.array([1.0, 2.0]), "event": np.array([1, 0]), "x": np.array([[1.0], [0.0]])}
    arguments = {**good, **change}
    with pytest.raises(AnalysisError, match=message):
        fit_cox(arguments.pop("time"), arguments.pop("event"), arguments.pop("x"), **arguments)


def test_bad_transforms_are_refused() -> None:
    """An unknown transform, and the log of time 0."""
    follow_up = {"time": np.array([0.0, 1.0]), "event": np.array([1, 1])}
    with pytest.raises(AnalysisError, match="Unknown transform"):
        proportional.transform_times("sqrt", follow_up["time"], **follow_up)  # type: ignore[arg-type]
    with pytest.raises(AnalysisError, match="time 0 has no logarithm"):
        proportional.transform_times("log", follow_up["time"], **follow_up)
