"""The front door: every printed route to an effect row, against R, the papers' worked numbers, and by hand."""

from __future__ import annotations

import json
import math
from pathlib import Path
from statistics import NormalDist

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tamoxres.effects import EffectEstimate, doubts, from_printed, read_effects, routes
from tamoxres.effects.agreement import Reported, ci_and_p_disagree
from tamoxres.effects.routes_events import Arms, curve_table, from_curves, from_events, from_logrank
from tamoxres.effects.rows import printed_routes
from tamoxres.errors import EffectError
from tamoxres.tables.printed import check_effects

REFERENCE = json.loads((Path(__file__).parent / "reference" / "routes" / "routes.json").read_text(encoding="utf-8"))
CLOSED = 1e-9  # closed forms of numbers that R wrote with 15 digits
SETS = {one["name"]: one for one in REFERENCE["sets"]}
CURVES = ("survival_1", "at_risk_1", "survival_0", "at_risk_0")


def rows(folder, text):
    """Read a CSV of effect rows."""
    path = folder / "rows.csv"
    path.write_text(text, encoding="utf-8")
    return read_effects(path)


# ---- against R -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SETS)
def test_the_wald_interval_and_p_lead_back_to_r(name):
    """Intervals of 90, 95 and 99 %, and the P, of a Cox fit give back its coefficient and standard error."""
    one = SETS[name]
    told = {"study": name, "estimate": math.exp(one["log_hr"])}
    for level in (90, 95, 99):
        low, high = one[f"ci_{level}"]
        row = from_printed(**told, ci_low=low, ci_high=high, level=level / 100)
        assert row.route == "ci"
        assert (row.log_estimate, row.se) == pytest.approx((one["log_hr"], one["se"]), rel=CLOSED)
    row = from_printed(**told, p_value=one["p_wald"])
    assert (row.route, row.se) == ("p", pytest.approx(one["se"], rel=CLOSED))


@pytest.mark.parametrize("name", SETS)
def test_the_logrank_routes_equal_r(name):
    """O-E and V; a log-rank P with the events of each group, and with all events and the allocation."""
    one = SETS[name]
    row = from_printed(study=name, o_minus_e=one["o_minus_e"], variance=one["variance"])
    assert (row.log_estimate, row.se) == pytest.approx(
        (one["o_minus_e"] / one["variance"], one["variance"] ** -0.5), rel=CLOSED
    )
    told = {"study": name, "logrank_p": one["logrank_p"], "direction": "worse" if one["o_minus_e"] > 0 else "better"}
    each = from_printed(**told, events_1=one["events_1"], events_0=one["events_0"])
    total = from_printed(**told, events=one["events_1"] + one["events_0"], n_1=one["n_1"], n_0=one["n_0"])
    for row, expected in ((each, one["from_events_each"]), (total, one["from_events_all"])):
        assert (row.route, row.p_kind, row.p_value) == ("logrank_p", "logrank", one["logrank_p"])
        assert (row.log_estimate, row.se) == pytest.approx((expected["estimate"], expected["se"]), rel=CLOSED)
    printed = from_printed(
        study=name, estimate=math.exp(one["log_hr"]), events_1=one["events_1"], events_0=one["events_0"]
    )
    assert (printed.route, printed.se) == ("events", pytest.approx(one["from_events_each"]["se"], rel=CLOSED))
    assert total.log_estimate == pytest.approx(one["log_hr"], abs=0.35 * one["se"] + 0.1), "near the Cox fit"


@pytest.mark.parametrize("name", SETS)
def test_the_curves_equal_r(name):
    """Kaplan-Meier points with numbers at risk: Williamson's intervals, pooled; near the Cox fit."""
    one, curves = SETS[name], SETS[name]["curves"]
    row = from_printed(study=name, **{f"km_{column}": curves[column] for column in CURVES})
    assert (row.route, row.log_estimate, row.se) == (
        "km", pytest.approx(curves["estimate"], rel=CLOSED), pytest.approx(curves["se"], rel=CLOSED),
    )  # fmt: skip
    if one["events_1"] + one["events_0"] > 100:  # with few events the intervals are an approximation in name only
        assert row.log_estimate == pytest.approx(one["log_hr"], abs=1.2 * one["se"])


@pytest.mark.parametrize("one", REFERENCE["strata"])
def test_strata_give_the_interaction(one):
    """Two strata by their intervals, and by their estimates with the P of the interaction: one ratio, one error."""
    estimates = {f"estimate_{level}": one[level]["estimate"] for level in ("altered", "unaltered")}
    limits = {
        f"ci_{side}_{level}": one[level]["ci"][i]
        for level in ("altered", "unaltered")
        for i, side in enumerate(("low", "high"))
    }
    by_interval = from_printed(study="A", **estimates, **limits)
    assert (by_interval.route, by_interval.estimand) == ("strata", "interaction")
    assert (by_interval.log_estimate, by_interval.se) == pytest.approx((one["difference"], one["se"]), rel=CLOSED)
    both = from_printed(study="A", **estimates, **limits, p_value=one["p"])
    assert (both.route, both.se) == ("strata", by_interval.se), "the strata's intervals lead"
    if one["p"] <= 0.80:
        by_p = from_printed(study="A", **estimates, p_value=one["p"])
        assert (by_p.route, by_p.estimand, by_p.p_value) == ("strata_p", "interaction", one["p"])
        assert (by_p.log_estimate, by_p.se) == pytest.approx((one["difference"], one["se"]), rel=1e-7)


# ---- the papers' own numbers ---------------------------------------------------------------------------------------


def test_the_bladder_cancer_trial():
    """Tierney 2007's first example: 485 deaths of 491 and 485 patients, log-rank P 0.075; HR 0.88 from the curves.

    Deaths, patients and P are those of the trial's abstract (Lancet 1999;354:533, PMID 10470696). The estimate from the
    curves, its variance 128.81 and its interval 0.74-1.05 are the paper's, as https://www.bohrium.com/paper-details
    /practical-methods-for-incorporating-summary-time-to-event-data-into-meta-analysis/811988971327324160-7237 prints
    them. What a P and events give is worked here: (O - E) = z sqrt(V), V = D a (1 - a).
    """
    share = 491 / (491 + 485)
    for allocation, v in ((share, 485 * share * (1 - share)), (0.5, 485 / 4)):
        arms = Arms(events=485, allocation=allocation)
        assert arms.variance == pytest.approx(v, rel=1e-12)
        by_p = from_logrank("0.075", arms, worse=False)
        z = NormalDist().inv_cdf(1 - 0.075 / 2)
        assert (by_p.estimate, by_p.se) == pytest.approx((-z / math.sqrt(v), 1 / math.sqrt(v)), rel=1e-9)
        assert from_events(f"{math.exp(by_p.estimate):.2f}", arms).se == by_p.se
        assert f"{math.exp(by_p.estimate):.2f}" == "0.85"
    low, high = routes.limits(math.log(0.88), 128.81**-0.5)
    assert (round(low, 2), round(high, 2)) == (0.74, 1.05)
    assert routes.from_ci("0.88", "0.74", "1.05").se == pytest.approx(128.81**-0.5, rel=0.02)


def test_intervals_of_a_curve_by_hand():
    """100 at risk, survival 0.8, 60 at risk after it: 160 x 0.2 / 1.8 events, 22.2 censored, 88.9 at risk."""
    assert curve_table([1, 0.8], [100, 60]) == [pytest.approx((160 / 9, 100 - 2 * (80 - 60) / 1.8 / 2))]
    route = from_curves([1, 0.8], [100, 60], [1, 0.6], [100, 40])
    d1, d0, r1, r0 = 160 / 9, 140 * 0.4 / 1.6, 100 - 20 / 1.8, 100 - 20 / 1.6
    assert route.estimate == pytest.approx(math.log(d1 / r1) - math.log(d0 / r0))
    assert route.se == pytest.approx(math.sqrt(1 / d1 - 1 / r1 + 1 / d0 - 1 / r0))


# ---- digits --------------------------------------------------------------------------------------------------------


@given(log=st.floats(-1.2, 1.2), se=st.floats(0.08, 0.6), digits=st.integers(2, 3))
def test_the_range_of_the_error_holds_the_truth(log, se, digits):
    """Whatever is rounded to two or three decimals, the standard error lies in the range that the digits allow."""
    low, high = routes.limits(log, se)
    printed = [f"{value:.{digits}f}" for value in (math.exp(log), low, high)]
    assume(float(printed[1]) > 0)
    least, most = routes.from_ci(*printed).se_range
    assert least <= se * (1 + 1e-9)
    assert most >= se * (1 - 1e-9)
    p = routes.two_sided_p(log, se)
    assume(0.002 < p < 0.99 and abs(log) > 0.02)
    least, most = routes.from_p(f"{math.exp(log):.4f}", f"{p:.3f}").se_range
    assert least <= se * (1 + 1e-9) <= most * (1 + 2e-9)


def test_digits_are_kept(tmp_path):
    """Zeros that a number does not keep stay with the row, through a file and back; they narrow the error's range."""
    text = "study,estimate,ci_low,ci_high,p_value\nA,0.70,0.50,0.98,0.040\nB,0.7,0.5,1.0,0.04\n"
    first, second = rows(tmp_path, text)
    assert first.flags == ("printed_decimals:2,2,2,3",) or not first.flags
    kept = from_printed(study="A", estimate="0.70", ci_low="0.50", ci_high="0.90")
    assert kept.flags == ("asymmetric_interval", "printed_decimals:2,2,2")
    assert from_printed(study="A", estimate=0.7, ci_low=0.5, ci_high=0.9).flags == ()
    assert second.flags == ()
    assert "decimals" not in kept.note
    assert routes.from_ci("0.70", "0.50", "0.98").se_range[1] < routes.from_ci(0.7, 0.5, 1.0).se_range[1]


@pytest.mark.parametrize(
    ("cell", "relation", "value", "written"),
    [("<0.001", "<", 0.001, "P < 0.001"), ("> 0.05", ">", 0.05, "P > 0.05"), ("ns", "ns", None, "P = 0.037"),
     ("=0.03", "=", 0.03, "P = 0.030"), ("0.03", "", 0.03, "P = 0.030")],
)  # fmt: skip
def test_a_p_may_be_a_bound(tmp_path, cell, relation, value, written):
    """A P printed as a bound is read with its relation, and written as it was printed."""
    row = rows(tmp_path, f"study,estimate,ci_low,ci_high,p_value\nA,0.6,0.37,0.97,{cell}\n")[0]
    assert row.p_relation == relation
    assert row.p_value == (value if value is not None else pytest.approx(row.wald_p))
    assert written in str(row) or relation == "ns"
    assert row.route == "ci"


@pytest.mark.parametrize("cell", ["<0.001", ">0.05", "ns"])
def test_a_bound_alone_is_no_route(tmp_path, cell):
    """A bound gives no standard error: the message says what the row can be."""
    with pytest.raises(
        EffectError, match="line 2: A: no route to a standard error. Its P is a bound, which gives none"
    ):
        rows(tmp_path, f"study,estimate,p_value\nA,0.6,{cell}\n")
    kept = rows(tmp_path, f"study,estimate,p_value,status\nA,0.6,{cell},test_only\n")[0]
    assert kept.p_relation == cell.rstrip("0.15")


# ---- what is refused -----------------------------------------------------------------------------------------------


def curves(*cells):
    """Points of two curves as a file holds them."""
    return {f"km_{column}": cell for column, cell in zip(CURVES, cells, strict=True)}


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        ({"logrank_p": 0.03, "events": 100, "allocation": 0.5}, "does not tell a direction"),
        ({"logrank_p": 0.03, "direction": "worse"}, "a variance needs the events of both groups"),
        ({"logrank_p": 0.03, "direction": "worse", "events": 90}, "share of patients in the first group"),
        ({"logrank_p": 0.0, "direction": "worse", "events": 90, "allocation": 0.5}, "an exact P lies between 0 and 1"),
        ({"estimate": 0.8, "events": 90}, "no route to a standard error"),
        ({"estimate": 0.8, "events_1": 0, "events_0": 9}, "both groups must have had some"),
        ({"estimate": 1.8, "events_1": 9, "events_0": 9, "estimand": "interaction"}, "no route to a standard error"),
        ({"estimate_altered": 1.2, "estimate_unaltered": 0.6, "p_value": 0.85}, "above 0.8 it says nothing"),
        ({"estimate_altered": 1.2, "estimate_unaltered": 1.2, "p_value": 0.5}, "differ by no more than rounding"),
        ({"estimate_altered": 1.2, "estimate_unaltered": 0.6, "p_value": "<0.01"}, "Its P is a bound"),
        (curves("1;0.8", "9;5", "1", "9"), "as many points"),
        (curves("1;1.1", "9;5", "1;1", "9;8"), "must fall"),
        (curves("1;1", "9;5", "1;1", "9;8"), "no event in"),
        ({"hazard": 2}, "unknown column 'hazard'; nothing reads it"),
        ({"HR": 2}, "unknown column 'HR'. Is it 'estimate'"),
    ],
)  # fmt: skip
def test_routes_that_give_no_error_are_refused(columns, says):
    """No direction, no events, a P too large, strata that do not differ: one sentence each."""
    with pytest.raises(EffectError, match=says):
        from_printed(study="A", **columns)


def test_an_asymmetric_interval_takes_the_larger_error():
    """Two errors from one interval: the larger is used; a file that holds the width's still reads."""
    row = EffectEstimate.from_ci(1.48, 1.02, 3.15, study="A")
    assert row.se == pytest.approx(math.log(3.15 / 1.48) / 1.959963984540054)
    assert row.ci() == (1.02, 3.15)
    width = math.log(3.15 / 1.02) / (2 * 1.959963984540054)
    old = from_printed(study="A", log_estimate=math.log(1.48), se=width, estimate=1.48, ci_low=1.02, ci_high=3.15)
    assert old.se == width


# ---- consistency ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("printed", "disagree"),
    [
        (("0.50", "0.36", "0.70", "0.001", "<"), False),
        (("0.60", "0.40", "0.90", "0.013", "="), False),
        (("0.60", "0.40", "0.90", "0.20", "="), True),
        (("0.70", "0.49", "1.00", "0.049", "="), False),  # the limit may be 0.995
        (("0.70", "0.48", "1.02", "0.04", "="), True),  # two sides of 5 %
        (("0.70", "0.48", "1.02", "0.05", "<"), True),
        (("0.70", "0.48", "1.02", None, "ns"), False),
        (("0.60", "0.40", "0.90", None, "ns"), True),
        (("0.60", "0.40", "0.90", "0.05", ">"), True),
        (("0.98", "0.73", "1.31", "0.95", "="), False),
        (("0.60", "0.40", "0.90", None, ""), False),
    ],
)
def test_interval_and_p(printed, disagree):
    """They disagree where the ranges of |z| that rounding allows lie 0.3 apart, or on two sides of 1.96."""
    estimate, low, high, p, relation = printed
    assert ci_and_p_disagree(Reported(estimate=estimate, low=low, high=high, p=p, relation=relation)) == disagree


@given(log=st.floats(-1.2, 1.2), se=st.floats(0.1, 0.6))
def test_consistent_numbers_raise_no_question(log, se):
    """Numbers of one analysis, rounded as papers do, are never asked about."""
    low, high = routes.limits(log, se)
    assume(low > 0.03)
    p = routes.two_sided_p(log, se)
    columns = {"estimate": f"{math.exp(log):.2f}", "ci_low": f"{low:.2f}", "ci_high": f"{high:.2f}"}
    row = from_printed(study="A", **columns, p_value="<0.001" if p < 0.001 else f"{p:.3f}")
    assert doubts(row) == ()


def test_every_question(tmp_path):
    """One row for each question, and the report that lists them; a sound file holds."""
    text = (
        "study,estimate,ci_low,ci_high,p_value,n,events,n_1,events_1,n_0,events_0,direction,figure\n"
        "Skewed,1.48,1.02,3.15,,,,,,,,,x\n"
        "Denied,0.60,0.40,0.90,0.20,,,,,,,,x\n"
        "Level,0.60,0.43,0.84,0.09,,,,,,,,x\n"
        "Empty,1.50,1.00,2.25,,,,,0,,20,,x\n"
        "Narrow,1.20,1.15,1.25,,900,40,,,,,,x\n"
        "Sums,0.80,0.60,1.07,,1000,600,400,200,500,400,,x\n"
        "Turned,0.80,0.60,1.07,,,,,,,,worse,x\n"
        "Huge,2,0.00001,400000,,,,,,,,,x\n"
        "Sound,0.50,0.36,0.70,<0.001,300,150,,,,,,x\n"
    )
    path = tmp_path / "rows.csv"
    path.write_text(text, encoding="utf-8")
    report = check_effects(path)
    assert [doubt.code for doubt in report.questions] == [
        "asymmetric_interval", "ci_and_p_disagree", "ci_and_p_disagree", "no_events_in_group", "se_below_events",
        "counts_do_not_add", "direction_disagrees", "huge_se",
    ]  # fmt: skip
    said = str(report)
    for part in (
        "Skewed: the interval 1.02-3.15 is not symmetric", "Denied: the interval gives P 0.010 to 0.018, the source",
        "Empty: events_1 = 0, and yet a ratio of 1.50", "Narrow: SE 0.021 is smaller than 40 events allow",
        "n is 1,000, but n_1 and n_0 are 400 and 500", "told as worse, but the ratio is 0.80",
        "a standard error of 6.22", "nothing reads the columns figure", "questions: 9.",
    ):  # fmt: skip
        assert part in said, part
    assert "hold" not in said
    frame = report.to_frame()
    assert frame["Route"].tolist() == ["ci"] * 9
    assert frame.loc[0, "SE by the digits"] == "0.186 to 0.388"
    assert frame.loc[8, "Printed P"] == "<0.001"
    path.write_text("study,estimate,ci_low,ci_high\nA,0.50,0.36,0.70\n", encoding="utf-8")
    assert str(check_effects(path)) == "rows.csv: 1 effect rows hold (1 estimated)."


def test_an_interval_of_another_level_is_guessed():
    """A P that fits the interval read as a 90 % one says so."""
    row = from_printed(study="A", estimate="0.60", ci_low="0.43", ci_high="0.84", p_value="0.012")
    assert "It would fit a 90% interval." in str(doubts(row)[0])


def test_every_route_is_told_with_what_the_digits_leave_open():
    """All exact routes of one row, the one taken first; its error's range holds the others' errors."""
    columns = {"estimate": "0.74", "ci_low": "0.55", "ci_high": "1.01", "o_minus_e": "-12.3", "variance": "41.2"}
    found = printed_routes(study="A", **columns)
    assert [route.name for route in found] == ["ci", "oe_v"]
    assert found[0].se == from_printed(study="A", **columns).se
    least, most = found[0].se_range
    assert least < found[1].se < most
    assert [
        route.name for route in printed_routes(study="A", estimate="0.74", p_value="0.05", events_1=9, events_0=9)
    ] == ["p"]
