"""From relapse to death: survfit's state occupation, coxph of each transition, by hand, closed forms."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from public_data import analysis_of, answers, metabric

import tamoxres as tr
from tamoxres.calibrate.states import Relapses
from tamoxres.errors import AnalysisError, QuestionError
from tamoxres.models.illness_death import TRANSITIONS, illness_death
from tamoxres.models.incidence import aalen_johansen
from tamoxres.models.occupation import Histories, occupation

CLOSED = 1e-9
ITERATED = 1e-7
R = answers("illness_death")


def nodes(**choices):
    """Rotterdam's node-positive patients."""
    return tr.select(tr.load("rotterdam"), endpoint="RFS", er="any", treatment="any", where="nodes >= 1", **choices)


def test_state_occupation_is_survfit_s():
    """Probabilities, their infinitesimal jackknife errors, months in each state and their errors, in both arms."""
    found = illness_death(nodes(), times=R["times"]).states
    assert found["probability"].to_numpy() == pytest.approx(np.ravel(R["pstate"]), rel=CLOSED)
    assert found["se"].to_numpy() == pytest.approx(np.ravel(R["se"]), rel=1e-8)  # sums of 1,207 squares
    for group, months in zip(["untreated", "treated"], R["months"], strict=True):
        own = found[(found["group"] == group) & (found["time"] == 120)]
        assert own["months"].to_numpy() == pytest.approx(months["mean"], rel=CLOSED)
        assert own["months_se"].to_numpy() == pytest.approx(months["se"], rel=1e-8)
        assert own["months"].sum() == pytest.approx(120)
    sums = found.groupby(["group", "time"])["probability"].sum()
    assert sums.to_numpy() == pytest.approx(np.ones(6))


def test_transitions_are_coxph_s():
    """Each transition's hazard ratio, its patients and events; the last with entry at relapse."""
    found = illness_death(nodes(), adjust=["nodes", "age"], times=60)
    for row, name, key in zip(found.effects, TRANSITIONS, ("relapse", "death", "after"), strict=True):
        n, events, estimate, se = R[key]
        assert (row.term, row.n, row.events) == (name, n, events)
        assert (row.log_estimate, row.se) == pytest.approx((estimate, se), rel=ITERATED)
        assert found.counts[name] == n
    assert [row.endpoint for row in found.effects] == ["RFS", "", ""]
    assert "survivors_to_relapse" in found.effects[2].flags
    assert "survivors_to_relapse" not in found.effects[0].flags
    assert [row.remark for row in found.effects][1] == "Transition: death without relapse."
    assert "death after relapse: Rotterdam" in str(found)


def test_by_hand():
    """Four patients: one relapses and dies, one dies, one relapses and is lost, one is seen to the end."""
    four = Histories(
        np.array([1.0, 2.0, 2.0, 6.0]), np.array([1, 2, 1, 0]), np.array([3.0, 2.0, 5.0, 6.0]),
        np.array([True, False, False, False]),
    )  # fmt: skip
    found = occupation(four, np.array([0.5, 1.0, 2.0, 3.0, 6.0]))
    # at 2 two of the three still free leave, one to each state; at 3 one of the two relapsed dies
    assert found.probability.tolist() == pytest.approx(
        np.array([[1, 0, 0], [0.75, 0.25, 0], [0.25, 0.5, 0.25], [0.25, 0.25, 0.5], [0.25, 0.25, 0.5]])
    )
    assert found.months[-1] == pytest.approx([1 + 0.75 + 0.25 * 4, 0.25 + 0.5 + 0.25 * 3, 0.25 + 0.5 * 3])
    assert found.se[0].tolist() == [0, 0, 0]
    assert found.se[1] == pytest.approx([np.sqrt(0.75 * 0.25 / 4)] * 2 + [0.0])  # a binomial before any censoring


def test_errors_are_those_of_a_jackknife():
    """What each patient adds is near what leaving it out changes."""
    draw = np.random.default_rng(1)
    n = 80
    left = draw.exponential(5.0, n).round(2) + 0.01
    to = draw.choice([0, 1, 2], n, p=[0.3, 0.5, 0.2])
    end = np.where(to == 1, left + draw.exponential(3.0, n) + 0.01, left)
    some = Histories(left, to, end, (to == 1) & (draw.random(n) < 0.7))
    at = np.array([4.0])
    without = np.array([occupation(some.part(np.arange(n) != i), at).probability[0] for i in range(n)])
    jackknife = np.sqrt((n - 1) / n * ((without - without.mean(axis=0)) ** 2).sum(axis=0))
    assert occupation(some, at).se[0] == pytest.approx(jackknife, rel=0.05)


def test_without_deaths_after_relapse_it_is_the_cumulative_incidence():
    """Where nobody dies after relapse the state of relapse is its cumulative incidence."""
    draw = np.random.default_rng(2)
    left, to = draw.exponential(5.0, 60), draw.choice([0, 1, 2], 60)
    some = Histories(left, to, np.where(to == 1, 1000.0, left), np.zeros(60, bool))
    at = np.array([3.0, 8.0])
    found, curve = occupation(some, at), aalen_johansen(left, to)
    where = np.searchsorted(curve.time, at, side="right") - 1
    assert found.probability[:, 1] == pytest.approx(curve.incidence[0][where], rel=CLOSED)
    assert found.probability[:, 0] == pytest.approx(curve.survival[where], rel=CLOSED)


def test_constant_hazards_have_a_closed_form():
    """In many simulated patients the states are those of the closed form."""
    data = Relapses(3_000, 1)
    found = illness_death(data.analysis, times=60).states
    for group in ("untreated", "treated"):
        own = found[found["group"] == group].set_index("state")
        for state in ("relapse-free", "relapsed", "dead"):
            assert abs(own.loc[state, "probability"] - data.truth(group, state)) < 4 * own.loc[state, "se"]


def test_marker_and_both_arms():
    """METABRIC, HER2: one ratio for each transition, states in four groups; with one arm the marker's own ratio."""
    both = metabric("RFI", treatment="any")
    found = illness_death(both, adjust="age", times=120)
    assert [row.estimand for row in found.effects] == ["interaction"] * 3
    assert found.states["group"].nunique() == 4
    assert len(found.table().rows) == 3 + 12
    assert any("lived to relapse" in note for note in found.table().footnotes)
    alone = illness_death(metabric("RFI"), times=120)
    assert [row.estimand for row in alone.effects] == ["prognostic"] * 3
    assert set(alone.states["group"]) == {"unaltered", "altered"}


def test_what_cannot_be_is_left_out_or_refused():
    """Death before relapse leaves; death itself, no survival, nothing to compare, no relapse are refused."""
    chosen = nodes()
    patients = chosen.cohort.patients.copy()
    first = chosen.frame.index[(chosen.frame["event"] == 1).to_numpy()][0]
    patients.loc[first, ["OS_months", "OS_event"]] = (0.5, 1)
    patients.loc[chosen.frame.index[1], "OS_event"] = np.nan
    odd = replace(chosen, cohort=replace(chosen.cohort, patients=patients))
    assert illness_death(odd, times=60).counts["relapse"] == chosen.n - 2
    with pytest.raises(QuestionError, match="death itself"):
        illness_death(tr.select(tr.load("rotterdam"), endpoint="OS", er="any", treatment="any", where="nodes >= 1"))
    lost = ["OS_months", "OS_event"]
    with pytest.raises(QuestionError, match="does not record overall survival"):
        illness_death(
            replace(chosen, cohort=replace(chosen.cohort, patients=patients.drop(columns=lost), endpoints=(tr.RFS,)))
        )
    quiet = replace(chosen, frame=chosen.frame.assign(event=0))
    with pytest.raises(AnalysisError, match="nobody relapses"):
        illness_death(quiet)
    with pytest.raises(AnalysisError, match="beyond the follow-up"):
        illness_death(chosen, times=1000)
    with pytest.raises(AnalysisError, match="nothing to compare"):
        illness_death(tr.select(tr.load("rotterdam"), endpoint="RFS", er="any", treatment="none"))


def test_a_transition_without_events_says_so():
    """Where nobody dies without relapse that transition is not estimable, and the others stand."""
    quiet = analysis_of([5.0, 6, 7, 8], [1, 1, 0, 1], endocrine=["yes", "no", "no", "yes"])
    patients = quiet.cohort.patients.assign(OS_months=[9.0, 8, 7, 12], OS_event=[1, 1, 0, 0])
    relapse = replace(quiet, endpoint=tr.RFS, cohort=replace(quiet.cohort, patients=patients))
    found = illness_death(relapse, times=5)
    assert [row.status for row in found.effects] == ["estimated", "not_estimable", "not_estimable"]
    assert found.effects[1].remark


def test_on_the_command_line(run):
    """Three transitions and the states by group."""
    code, out, _ = run(
        "states", "rotterdam", "--endpoint", "RFS", "--er", "any", "--where", "nodes >= 1", "--times", "60,120"
    )
    assert code == 0
    assert "death after relapse" in out
    assert "relapse-free, month 120" in " ".join(out.split())
