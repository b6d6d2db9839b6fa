"""Cumulative incidence and Gray's test against cmprsk and survfit."""

from __future__ import annotations

import numpy as np
import pytest
from public_data import analysis_of, answers, frame, metabric, rotterdam

from tamoxres.errors import AnalysisError
from tamoxres.models.incidence import aalen_johansen, cumulative_incidence, gray_score, gray_test
from tamoxres.models.survival import kaplan_meier, product_limit

CLOSED = 1e-9  # products, sums and one small linear system
R = answers("survival")["incidence"]


def mgus2():
    """mgus2: time to progression (1) or death before it (2), in months."""
    m = frame("mgus2")
    return m.assign(status=np.where(m.pstat == 1, 1, 2 * m.death), etime=np.where(m.pstat == 0, m.futime, m.ptime))


def cases():
    """Time, status, group and levels of the reference's cases."""
    m, r = mgus2(), rotterdam()
    return {
        "mgus2": (m.etime, m.status, m.sex, ["F", "M"]),
        "rotterdam": (r.rfstime, r.status, r.hormon, [0, 1]),
        "rotterdam_size": (r.rfstime, r.status, r["size"], ["<=20", "20-50", ">50"]),
    }


CASES = cases()


@pytest.mark.parametrize("name", list(CASES))
def test_incidence_and_variance_equal_cuminc(name):
    """Estimates and variances of both causes in each group are cmprsk's."""
    time, status, group, levels = CASES[name]
    expected = R[name]
    for i, level in enumerate(levels):
        rows = (group == level).to_numpy()
        fitted = aalen_johansen(time[rows].to_numpy(float), status[rows].to_numpy(int))
        at = np.searchsorted(fitted.time, expected["times"], side="right") - 1
        for cause in (0, 1):
            row = i + cause * len(levels)
            assert fitted.incidence[cause, at] == pytest.approx(expected["estimate"][row], rel=CLOSED), (
                f"{name} {level} estimate"
            )
            assert fitted.se[cause, at] ** 2 == pytest.approx(expected["variance"][row], rel=1e-8), (
                f"{name} {level} variance"
            )


@pytest.mark.parametrize("name", list(CASES))
def test_gray_equals_cuminc(name):
    """Gray's test of both causes, two and three groups, is cmprsk's."""
    time, status, group, levels = CASES[name]
    codes = group.map({level: i for i, level in enumerate(levels)}).to_numpy()
    for cause in (0, 1):
        event = np.array([0, 1, 2] if cause == 0 else [0, 2, 1])[status.to_numpy(int)]
        score, variance = gray_score(time.to_numpy(float), event, codes, len(levels))
        statistic = score[:-1] @ np.linalg.solve(variance[:-1, :-1], score[:-1])
        assert statistic == pytest.approx(R[name]["statistic"][cause], rel=1e-8), f"{name} cause {cause + 1}"


def test_gray_of_an_analysis_set():
    """mgus2 by sex and Rotterdam stratified by menopause, through analysis sets."""
    m, r = mgus2(), rotterdam()
    made = analysis_of(m.etime.to_numpy(float), m.status.to_numpy(), marker=(m.sex == "M").tolist(), competing=True)
    for cause, i in (("event", 0), ("competing", 1)):
        found = gray_test(made, cause=cause)
        assert (found.statistic, found.p_value) == pytest.approx(
            (R["mgus2"]["statistic"][i], R["mgus2"]["p"][i]), rel=1e-8
        ), cause
    assert gray_test(made).cause == "BCSS"
    menopause = r.meno.map({0: "pre", 1: "post"}).tolist()
    made = analysis_of(
        r.rfstime.to_numpy(),
        r.status.to_numpy(int),
        marker=(r.hormon == 1).tolist(),
        competing=True,
        menopause=menopause,
    )
    assert gray_test(made, strata=["menopause"]).statistic == pytest.approx(
        R["rotterdam_strata"]["statistic"][0], rel=1e-8
    )


def test_delayed_entry_equals_survfit():
    """With delayed entry the estimates are those of R's multi-state survfit."""
    m = mgus2().assign(entry=lambda d: d.age * 12.0, exit=lambda d: d.age * 12.0 + d.etime)
    m = m[m.exit > m.entry]
    fitted = aalen_johansen(m.exit.to_numpy(float), m.status.to_numpy(int), m.entry.to_numpy(float))
    at = np.searchsorted(fitted.time, R["mgus2_truncated"]["times"], side="right") - 1
    expected = np.array(R["mgus2_truncated"]["pstate"])
    found = fitted.incidence[:, at].T
    assert found == pytest.approx(expected[:, 1:], rel=CLOSED)
    assert fitted.survival[at] == pytest.approx(expected[:, 0], rel=CLOSED)


def test_metabric_her2():
    """HER2 gain at 10 years: 36.4% against 23.8%, where 1 - Kaplan-Meier says 40.0% and 25.5%."""
    found = cumulative_incidence(metabric()).at([120])
    own = found[found["cause"] == "BCSS"]
    assert own["group"].tolist() == ["unaltered", "altered"]
    assert own["estimate"].round(3).tolist() == [0.238, 0.364]
    assert (1 - kaplan_meier(metabric()).at([120])["survival"]).round(3).tolist() == [0.255, 0.400]
    assert found["cause"].unique().tolist() == ["BCSS", "competing death"]


def test_by_hand():
    """Four patients, 1 event, 2 competing, 3 censored, 4 event: 1/4, then 3/4 x 2/3 x 1/1 = 1/2 more."""
    fitted = aalen_johansen(np.array([1.0, 2, 3, 4]), np.array([1, 2, 0, 1]))
    assert fitted.incidence.tolist() == [[0.25, 0.25, 0.25, 0.75], [0, 0.25, 0.25, 0.25]]


def test_one_cause_is_one_minus_kaplan_meier():
    """Where no death competes the risk is 1 - Kaplan-Meier, and all causes and survival sum to 1."""
    m = mgus2()
    time, status = m.etime.to_numpy(float), m.status.to_numpy(int)
    both = aalen_johansen(time, status)
    assert both.incidence.sum(axis=0) + both.survival == pytest.approx(np.ones(both.time.size), rel=CLOSED)
    alone = aalen_johansen(time, (status == 1).astype(int), causes=1)
    assert 1 - alone.incidence[0] == pytest.approx(product_limit(time, (status == 1).astype(int)).survival, rel=CLOSED)
    assert [c.cause for c in cumulative_incidence(metabric("OS"))] == ["OS", "OS"]


def test_limits_hold_the_estimate():
    """The limits lie within 0 and 1, around the estimate; before the first event there are none."""
    for curve in cumulative_incidence(metabric(), by=None):
        begun = curve.estimate > 0
        assert np.isnan(curve.ci_low[~begun]).all()
        assert np.all((curve.ci_low >= 0)[begun] & (curve.ci_low <= curve.estimate)[begun])
        assert np.all((curve.ci_high <= 1)[begun] & (curve.ci_high >= curve.estimate)[begun])


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: gray_test(analysis_of([1.0, 2.0], [1, 0], marker=[True, True])), "all are altered"),
        (lambda: gray_test(analysis_of([1.0, 2.0], [2, 0], marker=[True, False], competing=True)), "no BCSS events"),
        (
            lambda: gray_test(analysis_of([1.0, 2.0], [1, 0], marker=[True, False]), cause="competing"),
            "no competing death events",
        ),
        (
            lambda: gray_test(analysis_of([1.0, 2.0, 3.0], [1, 1, 0], marker=[True, False, True], entry=[0, 1, 0])),
            "delayed entry",
        ),
        (
            lambda: cumulative_incidence(metabric().without([False] * 1101, name="none", why="all")),
            "No patient|no patients",
        ),
    ],
)
def test_refuses(make, words):
    """What cannot be compared is refused in one sentence."""
    with pytest.raises(AnalysisError, match=words):
        make()
