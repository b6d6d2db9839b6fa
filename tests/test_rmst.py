"""Restricted means against R's survfit, the published GBSG figures, and themselves."""

from __future__ import annotations

import numpy as np
import pytest
from public_data import analysis_of, answers, days, frame, gbsg, metabric, rotterdam

from tamoxres.errors import AnalysisError
from tamoxres.models.incidence import aalen_johansen
from tamoxres.models.rmst import mean_survival, mean_time_lost, rmst, rmtl

CLOSED = 1e-9  # areas and sums
PRINTED = 5e-4  # three printed decimals
R = answers("estimators")["rmst"]
LUNG, VETERAN, MGUS2 = frame("lung"), frame("veteran"), frame("mgus2")
STATUS = np.where(MGUS2.pstat == 1, 1, 2 * MGUS2.death)
ETIME = np.where(MGUS2.pstat == 0, MGUS2.futime, MGUS2.ptime).astype(float)


def cases():
    """Time, event, group, levels and horizon of the reference."""
    r = rotterdam()
    return {
        "lung": (LUNG.time, LUNG.status == 2, LUNG.sex, [1, 2], 500),
        "rotterdam": (r.rfstime, r.rfs, r.hormon, [0, 1], 3652.5),
        "veteran": (VETERAN.time, VETERAN.status, VETERAN.celltype, ["squamous", "smallcell", "adeno", "large"], 180),
    }


@pytest.mark.parametrize("name", ["lung", "rotterdam", "veteran"])
def test_rmst_equals_survfit(name):
    """Means and standard errors are R's in every group."""
    time, event, group, levels, horizon = cases()[name]
    for i, level in enumerate(levels):
        rows = (group == level).to_numpy()
        found = mean_survival(time[rows].to_numpy(float), event[rows].to_numpy(int), horizon)
        assert found.estimate == pytest.approx(R[name]["rmst"][i], rel=CLOSED), f"{name} {level} rmst"
        assert found.se == pytest.approx(R[name]["se"][i], rel=CLOSED), f"{name} {level} se"


def test_gbsg_at_1825_days():
    """The known figures: 1264.118 (30.674), 1413.422 (37.907), difference 149.304 (48.763)."""
    found = rmst(gbsg(), horizon=days(1825), by="treatment")
    assert found.groups.columns.tolist() == ["group", "rmst", "se"]
    assert found.groups["rmst"].to_numpy() / days(1) == pytest.approx([1264.118, 1413.422], abs=PRINTED)
    assert found.groups["se"].to_numpy() / days(1) == pytest.approx([30.674, 37.907], abs=PRINTED)
    assert found.groups["rmst"].to_numpy() / days(1) == pytest.approx(R["gbsg"]["rmst"], rel=CLOSED)
    row = found.difference
    assert (row.difference / days(1), row.se / days(1)) == pytest.approx((149.304, 48.763), abs=PRINTED)
    assert (row.measure, row.estimand, row.contrast, row.n_1, row.n_0) == (
        "RMSTD",
        "treatment_effect",
        "tamoxifen v none",
        246,
        440,
    )


@pytest.mark.parametrize("name", ["lost_mgus2", "lost_rotterdam"])
def test_rmtl_equals_survfit(name):
    """Time lost to cause 1 and its infinitesimal jackknife are those of R's multi-state survfit."""
    r = rotterdam()
    time, status, group, levels, horizon = {
        "lost_mgus2": (ETIME, STATUS, MGUS2.sex.to_numpy(), ["F", "M"], 240),
        "lost_rotterdam": (r.rfstime.to_numpy(), r.status.to_numpy(int), r.hormon.to_numpy(), [0, 1], 3652.5),
    }[name]
    for i, level in enumerate(levels):
        found = mean_time_lost(time[group == level], status[group == level], horizon)
        assert found.estimate == pytest.approx(R[name]["rmtl"][i], rel=CLOSED), f"{name} {level} rmtl"
        assert found.se == pytest.approx(R[name]["se"][i], rel=1e-8), f"{name} {level} se"


def test_time_lost_by_hand():
    """Events at 1 (cause 1) and 2 (cause 2) of three patients, horizon 3: the incidence is 1/3 from 1 on, 2/3 lost."""
    found = mean_time_lost(np.array([1.0, 2, 3]), np.array([1, 2, 0]), 3.0)
    assert found.estimate == pytest.approx(2 / 3, rel=CLOSED)
    # U = gain (of the three patients, weight each 1/3): each influence is (own share - mean) / 3, own shares 2, 0, 0
    assert found.se == pytest.approx(np.sqrt(((2 - 2 / 3) / 3) ** 2 + 2 * ((2 / 3) / 3) ** 2), rel=CLOSED)


def test_time_lost_and_survival_time_fill_the_horizon():
    """Without competing events, time lost and survival time sum to the horizon."""
    event = (STATUS == 1).astype(int)
    total = mean_time_lost(ETIME, event, 200).estimate + mean_survival(ETIME, event, 200).estimate
    assert total == pytest.approx(200, rel=CLOSED)


def test_delayed_entry_leaves_the_area():
    """With delayed entry, time lost is the area under the delayed-entry incidence; entry at -inf changes nothing."""
    entry = np.where(np.arange(ETIME.size) % 3 == 0, ETIME / 2, -np.inf)
    kept = ETIME > 0
    found = mean_time_lost(ETIME[kept], STATUS[kept], 120, entry[kept])
    fitted = aalen_johansen(ETIME[kept], STATUS[kept], entry[kept])
    inside = fitted.time <= 120
    assert found.estimate == pytest.approx(
        np.diff(np.append(fitted.time[inside], 120)) @ fitted.incidence[0][inside], rel=CLOSED
    )
    never = np.full(ETIME.size, -np.inf)
    assert mean_time_lost(ETIME, STATUS, 120, never) == mean_time_lost(ETIME, STATUS, 120)


def test_metabric_labels_rmst_hypothetical():
    """For an endpoint with competing deaths RMST is labelled hypothetical, and the time lost is not."""
    assert "hypothetical" in rmst(metabric(), horizon=120).difference.note
    lost = rmtl(metabric(), horizon=120)
    assert lost.note == ""
    assert (lost.difference.measure, lost.difference.estimand) == ("RMTLD", "prognostic")
    assert lost.difference.difference > 0, "HER2 gain loses time"


def test_swapping_the_groups_turns_the_sign():
    """Altered and unaltered exchanged give minus the difference with the same standard error."""
    time, event, sex = LUNG.time.to_numpy(float), (LUNG.status == 2).astype(int).to_numpy(), LUNG.sex.to_numpy()
    a = rmst(analysis_of(time, event, marker=(sex == 2).tolist()), horizon=500).difference
    b = rmst(analysis_of(time, event, marker=(sex == 1).tolist()), horizon=500).difference
    assert (a.difference, a.se) == pytest.approx((-b.difference, b.se), rel=CLOSED)


def test_no_events_is_not_estimable():
    """Without events before the horizon the difference is marked, not NaN."""
    row = rmst(analysis_of([9.0, 9.0, 9.0, 9.0], [0, 0, 0, 1], marker=[True, True, False, False]), horizon=5).difference
    assert (row.status, row.difference) == ("not_estimable", None)
    assert "No events" in row.note


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (
            lambda: rmst(gbsg(), horizon=200, by="treatment"),
            "beyond the follow-up of untreated .last 84.2.. Use at most",
        ),
        (lambda: rmst(gbsg(), horizon=-1, by="treatment"), "above 0"),
        (lambda: rmst(gbsg(), horizon=60, by=None).difference, "one group only"),
    ],
)
def test_refuses(make, words):
    """A horizon that cannot be reached, and a difference of one group, are refused."""
    with pytest.raises(AnalysisError, match=words):
        make()
