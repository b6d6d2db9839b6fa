"""Kaplan-Meier and follow-up against R's survfit, and what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from public_data import analysis_of, answers, days, frame, gbsg, metabric, rotterdam

from tamoxres.analysis.follow_up import delayed_entry
from tamoxres.errors import AnalysisError, QuestionError
from tamoxres.models.survival import at_risk, follow_up, kaplan_meier, limits, product_limit

CLOSED = 1e-9  # the estimator is a product: only rounding separates it from R
R = answers("survival")
LUNG, HEART, VETERAN, MGUS2 = frame("lung"), frame("heart"), frame("veteran"), frame("mgus2")


def mgus2() -> object:
    """mgus2 on the age scale, as the reference script makes it (progression 1, death before it 2)."""
    m = MGUS2.assign(
        status=np.where(MGUS2.pstat == 1, 1, 2 * MGUS2.death),
        etime=np.where(MGUS2.pstat == 0, MGUS2.futime, MGUS2.ptime),
    )
    m = m.assign(entry=m.age * 12.0, exit=m.age * 12.0 + m.etime)
    return m[m.exit > m.entry]


def sets() -> dict:
    """Data sets of the reference: time, event, group, entry."""
    r, m, g = rotterdam(), mgus2(), gbsg()
    return {
        "lung": (LUNG.time, LUNG.status == 2, LUNG.sex, None),
        "veteran": (
            VETERAN.time,
            VETERAN.status,
            VETERAN.celltype.map({n: i for i, n in enumerate(("squamous", "smallcell", "adeno", "large"))}),
            None,
        ),
        "rotterdam": (r.rfstime, r.rfs, r.hormon, None),
        "gbsg": (g.frame.months * days(1) ** -1, g.frame.event, g.frame.treatment.cat.codes, None),
        "heart": (HEART.stop, HEART.event, HEART.transplant, HEART.start),
        "mgus2": (m.exit, m.status > 0, m.sex, m.entry),
    }


SETS = sets()


@pytest.mark.parametrize("transform", ["log-log", "log", "plain"])
@pytest.mark.parametrize("name", list(SETS))
def test_curve_equals_survfit(name, transform):
    """Survival, standard error and limits at chosen times are R's, with and without delayed entry."""
    time, event, group, entry = SETS[name]
    expected = R["km"][name][transform]
    times = np.array(list(dict.fromkeys(expected["time"])))
    found = {key: [] for key in ("survival", "se", "ci_low", "ci_high")}
    for level in sorted(set(group)):
        rows = (group == level).to_numpy()
        fitted = product_limit(
            np.round(time[rows].to_numpy(float), 8),
            event[rows].to_numpy(int),
            None if entry is None else entry[rows].to_numpy(float),
        )
        low, high = limits(fitted.survival, fitted.se, transform=transform)
        at = np.searchsorted(fitted.time, times, side="right")
        for key, values, start in zip(found, (fitted.survival, fitted.se, low, high), (1, 0, 1, 1), strict=True):
            found[key] += list(np.append(start, values)[at])
    for key, values in found.items():
        wanted = np.array(expected[key], float)
        known = ~np.isnan(wanted)
        assert np.allclose(np.array(values)[known], wanted[known], rtol=CLOSED, atol=CLOSED), (
            f"{name} {transform} {key}"
        )


@pytest.mark.parametrize("transform", ["log-log", "log", "plain"])
def test_analysis_set_gives_medians_and_numbers_at_risk_of_r(transform):
    """Curves of GBSG by treatment have R's medians (with limits) and numbers at risk just before t."""
    curves = kaplan_meier(gbsg(), by="treatment", transform=transform)
    expected = R["km"]["gbsg"][transform]
    assert [c.group for c in curves] == ["untreated", "treated"]
    times = [days(t) for t in expected["time"][:4]]
    assert curves.at(times)["n_risk"].tolist() == expected["n_risk"], "numbers at risk"
    medians = curves.medians()
    for column, key in (("median", "median"), ("ci_low", "median_low"), ("ci_high", "median_high")):
        wanted = [days(v[0]) if v[0] is not None else np.inf for v in expected[key]]
        assert np.allclose(medians[column], wanted, rtol=CLOSED), f"{transform} {key}"


@pytest.mark.parametrize("name", ["gbsg", "lung", "rotterdam"])
def test_follow_up_equals_reverse_kaplan_meier(name):
    """Median follow-up and its limits are those of survfit on the censoring indicator."""
    r = rotterdam()
    made = {
        "gbsg": gbsg(),
        "lung": analysis_of(LUNG.time * days(1), (LUNG.status == 2).astype(int)),
        "rotterdam": analysis_of(r.dtime.to_numpy() * days(1), r.death.to_numpy()),
    }[name]
    found, expected = follow_up(made), R["follow_up"][name]
    for key in ("median", "ci_low", "ci_high"):
        assert getattr(found, key) == pytest.approx(days(expected[key]), rel=CLOSED), f"{name} {key}"


def test_by_hand():
    """Six patients: 1, 2+, 3, 3, 4+, 5 give 5/6, 5/12 and 0; Greenwood at 3 is S sqrt(1/30 + 2/(4 x 2))."""
    time, event = np.array([1, 2, 3, 3, 4, 5.0]), np.array([1, 0, 1, 1, 0, 1])
    fitted = product_limit(time, event)
    assert fitted.survival == pytest.approx([5 / 6, 5 / 6, 5 / 12, 5 / 12, 0], rel=CLOSED)
    assert fitted.se[2] == pytest.approx(5 / 12 * np.sqrt(1 / 30 + 2 / 8), rel=CLOSED)
    assert fitted.n_risk.tolist() == [6, 5, 4, 2, 1]
    assert fitted.n_censor.tolist() == [0, 1, 0, 1, 0]
    assert np.isnan(fitted.se[-1]), "no standard error once the curve is 0"


def test_entry_counts_only_those_under_observation():
    """One who enters at t is not at risk at t; one who leaves at t is."""
    assert at_risk(np.array([1.0, 2.0]), np.array([1.0, 2.0, 3.0]), np.array([0.0, 0.0, 2.0])).tolist() == [2, 1]


def test_groups_and_notes():
    """Groups are named by levels, unaltered first; a competing endpoint says what 1 - KM is not."""
    curves = kaplan_meier(metabric())
    assert [c.group for c in curves] == ["unaltered", "altered"]
    assert curves.grouping == "HER2 (snp6_gain)"
    assert "cumulative_incidence" in curves.note
    assert kaplan_meier(metabric("OS")).note == ""
    assert [c.group for c in kaplan_meier(metabric("OS"), by=None)] == [""]
    assert [c.group for c in kaplan_meier(gbsg(), by="grade")] == ["1", "2", "3"]
    assert [c.group for c in kaplan_meier(gbsg())] == ["untreated", "treated"], "no marker was asked for"


def test_unknown_group_leaves_through_the_flow():
    """Patients of unknown subtype are in no curve, and subtypes stand in the codebook's order."""
    curves = kaplan_meier(metabric("OS"), by="pam50")
    assert sum(c.n_risk[0] for c in curves) == metabric("OS").frame["pam50"].notna().sum() < metabric("OS").n
    assert [c.group for c in curves] == ["LumA", "LumB", "Her2", "Basal", "Normal", "claudin-low"]


def test_nobody_had_the_event():
    """Without events the curve stays at 1, and an interval cannot be estimated: its limits are NaN."""
    curve = kaplan_meier(analysis_of([1.0, 2.0], [0, 0]), by=None).curves[0]
    assert curve.estimate.tolist() == [1, 1]
    assert np.isnan(curve.ci_low).all()
    assert np.isnan(curve.ci_high).all()
    assert curve.quantile()[0] == np.inf


def test_delayed_entry_that_empties_the_risk_set_is_told():
    """A curve that falls to 0 before others enter says so."""
    curves = kaplan_meier(analysis_of([1.0, 9.0, 9.5], [1, 1, 0], entry=[0, 5, 5]), by=None)
    assert "falls to 0 at 1.0 months" in curves.note
    assert "delayed entry" in curves.method


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: kaplan_meier(analysis_of([1.0, 2.0], [1, 0]), by="grade"), QuestionError, "has no column 'grade'"),
        (lambda: kaplan_meier(gbsg(), by="age"), QuestionError, "age is a number with .* values"),
        (lambda: kaplan_meier(gbsg(), transform="logit"), AnalysisError, "Unknown transform 'logit'"),
        (
            lambda: delayed_entry(pd.DataFrame({"months": [1.0, 2.0], "entry": [0.0, 3.0]}, index=["P0", "P1"])),
            AnalysisError,
            "'P1'; they were never",
        ),
        (lambda: follow_up(analysis_of([1.0, 2.0], [1, 1])), AnalysisError, "nobody is censored"),
        (
            lambda: kaplan_meier(gbsg().without([False] * 686, name="none", why="all"), by=None),
            AnalysisError,
            "no patients",
        ),
    ],
)
def test_refuses(make, error, words):
    """What cannot be estimated is refused in one sentence."""
    with pytest.raises(error, match=words):
        make()
