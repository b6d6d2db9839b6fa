"""Log-rank tests against R's survdiff, the definition, and the exact Cox score test."""

from __future__ import annotations

import numpy as np
import pytest
from public_data import analysis_of, answers, frame, gbsg, metabric, rotterdam
from scipy.special import chdtrc

from tamoxres.errors import AnalysisError
from tamoxres.models.logrank import logrank, logrank_sums

CLOSED = 1e-9  # sums and one small linear system
R = answers("survival")["logrank"]
LUNG, VETERAN, HEART = frame("lung"), frame("veteran"), frame("heart")
KNOWN = LUNG[LUNG["ph.ecog"].notna()]
CELLS = {name: i for i, name in enumerate(("squamous", "smallcell", "adeno", "large"))}


def arrays(data, time, event, group):
    """Time, event and group as plain arrays."""
    return data[time].to_numpy(float), np.asarray(event, int), np.asarray(group, int)


LUNG_ARRAYS = arrays(LUNG, "time", LUNG.status == 2, LUNG.sex - 1)
KNOWN_ARRAYS = arrays(KNOWN, "time", KNOWN.status == 2, KNOWN.sex - 1)
VETERAN_ARRAYS = arrays(VETERAN, "time", VETERAN.status, VETERAN.celltype.map(CELLS))
ECOG, TRT = KNOWN["ph.ecog"].to_numpy(), VETERAN.trt.to_numpy()
CASES = {
    "lung": (LUNG_ARRAYS, {}),
    "lung_stratified": (KNOWN_ARRAYS, {"strata": ECOG}),
    "lung_rho1": (LUNG_ARRAYS, {"weight": (1, 0)}),
    "lung_rho1_stratified": (KNOWN_ARRAYS, {"weight": (1, 0), "strata": ECOG}),
    "veteran": (VETERAN_ARRAYS, {}),
    "veteran_stratified": (VETERAN_ARRAYS, {"strata": TRT}),
    "lung_0_1": (LUNG_ARRAYS, {"weight": (0, 1)}),
    "lung_1_1": (LUNG_ARRAYS, {"weight": (1, 1)}),
    "lung_peto": (LUNG_ARRAYS, {"weight": "peto-peto"}),
    "lung_gehan": (LUNG_ARRAYS, {"weight": "gehan"}),
    "lung_tarone": (LUNG_ARRAYS, {"weight": "tarone-ware"}),
    "heart": (arrays(HEART, "stop", HEART.event, HEART.transplant), {"entry": HEART.start.to_numpy(float)}),
}


@pytest.mark.parametrize("name", list(CASES))
def test_equals_r(name):
    """Statistic, observed and expected are R's: plain, weighted, stratified, four groups, delayed entry."""
    data, options = CASES[name]
    sums = logrank_sums(*data, **options)
    difference = (sums.observed - sums.expected)[1:]
    statistic = difference @ np.linalg.solve(sums.variance[1:, 1:], difference)
    assert statistic == pytest.approx(R[name]["statistic"], rel=CLOSED), f"{name} statistic"
    if "observed" in R[name]:
        last = slice(-1, None) if np.isscalar(R[name]["observed"]) else slice(None)
        assert sums.observed[last] == pytest.approx(np.atleast_1d(R[name]["observed"]), rel=CLOSED), f"{name} observed"
        assert sums.expected[last] == pytest.approx(np.atleast_1d(R[name]["expected"]), rel=CLOSED), f"{name} expected"


def test_analysis_set():
    """GBSG by treatment gives R's test, and the table names its groups."""
    found = logrank(gbsg(), by="treatment")
    assert (found.statistic, found.p_value) == pytest.approx((R["gbsg"]["statistic"], R["gbsg"]["p"]), rel=CLOSED)
    table = found.to_frame()
    assert table["group"].tolist() == ["untreated", "treated"]
    assert table["observed"].sum() == table["expected"].sum() == pytest.approx(299)
    assert str(found) == "Log-rank test: chi-square 8.56 on 1 df, P = 0.003"
    r = rotterdam()
    naive = analysis_of(r.rfstime.to_numpy(), r.rfs.to_numpy(), marker=(r.hormon == 1).tolist())
    assert logrank(naive).statistic == pytest.approx(R["rotterdam"]["statistic"], rel=CLOSED)


def test_strata_of_an_analysis_set():
    """Strata are columns; patients of unknown stratum leave; the result says which strata."""
    found = logrank(metabric(), strata=["site"])
    assert found.strata == ("site",)
    assert found.method == "Log-rank test, stratified"
    assert found.df == 1
    assert found.p_value == pytest.approx(chdtrc(1, found.statistic), rel=CLOSED)


def test_swapping_groups_changes_nothing():
    """The test does not depend on which group is named first."""
    time, event, group = LUNG_ARRAYS
    a, b = logrank_sums(time, event, group), logrank_sums(time, event, 1 - group)
    assert a.observed[::-1] == pytest.approx(b.observed, rel=CLOSED)
    assert a.variance[0, 0] == pytest.approx(b.variance[0, 0], rel=CLOSED)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: logrank(analysis_of([1.0, 2.0], [1, 0], marker=[True, True])), "all are altered"),
        (lambda: logrank(analysis_of([1.0, 2.0], [0, 0], marker=[True, False])), "no events"),
        (
            lambda: logrank(analysis_of([1.0, 9.0], [1, 1], marker=[True, False], entry=[0, 5])),
            "never at risk together",
        ),
        (lambda: logrank(gbsg(), weight="wilcoxon"), "Unknown weight 'wilcoxon'"),
    ],
)
def test_refuses(make, words):
    """What cannot be compared is refused in one sentence."""
    with pytest.raises(AnalysisError, match=words):
        make()
