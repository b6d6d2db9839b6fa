"""What a figure draws is what its rows and curves hold: positions, limits, words; turned rows are a turned figure."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from matplotlib.text import Text
from people import asked, levels_swapped, people, shuffled, slower
from test_properties_meta import rows

import tamoxres as tr
from tamoxres.errors import TamoxresError

PATIENTS = people(120)
CLOSED = 1e-9


def near(value, close=CLOSED):
    return pytest.approx(value, abs=close)


def words(ax):
    """Every text that is seen in the figure."""
    return [text.get_text() for text in ax.figure.findobj(Text) if text.get_visible() and text.get_text().strip()]


def lines(ax, *, marker="None"):
    """Points of the lines with a marker, in order."""
    found = [line for line in ax.get_lines() if line.get_marker() == marker]
    return [(np.asarray(line.get_xdata(), float), np.asarray(line.get_ydata(), float)) for line in found]


def boxes(ax):
    """Middles of the boxes of a forest, from above."""
    return [tuple(collection.get_offsets()[0]) for collection in ax.collections if len(collection.get_offsets()) == 1]


def whiskers(ax):
    """Level lines across more than a point, without those of the frame."""
    return [
        (x[0], x[1], y[0]) for x, y in lines(ax) if len(x) == 2 and y[0] == y[1] and y[0] > 1 and 0 < x[0] < x[1] != 1.0
    ]


def test_survival_plot():
    """The steps are the curve's, in years; exchanged levels exchange the curves, and numbers at risk are counted."""
    curves = tr.kaplan_meier(asked(PATIENTS))
    ax, turned = tr.survival_plot(curves), tr.survival_plot(tr.kaplan_meier(asked(levels_swapped(PATIENTS))))
    for (x, y), curve in zip(lines(ax)[:2], curves, strict=True):
        assert x[0] == 0.0
        assert y[0] == 1.0
        inside = x[1:] <= ax.get_xlim()[1]
        assert y[1:][inside] == near(curve.step("estimate", 12 * x[1:][inside]), 1e-6)
        assert (np.diff(y) <= 0).all()
        assert (np.diff(x) >= 0).all()
    assert lines(turned)[0][1] == near(lines(ax)[1][1])
    assert lines(turned)[1][0] == near(lines(ax)[0][0])
    assert ax.get_ylim() == (0.0, 1.0)
    assert ax.get_xlim()[0] == 0.0
    seen = words(ax)
    assert "Overall survival (%)" in seen
    assert "Years" in seen
    assert seen.count("M altered") == seen.count("M unaltered") == 2
    at_zero = [int((~PATIENTS["altered"]).sum()), int(PATIENTS["altered"].sum())]
    numbers = seen[seen.index("Number at risk") + 1 :]
    assert [numbers[numbers.index(name) + 1] for name in ("M unaltered", "M altered")] == [str(n) for n in at_zero]
    later = curves.at([24.0])["n_risk"].tolist()
    assert [numbers[numbers.index(name) + 2] for name in ("M unaltered", "M altered")] == [str(n) for n in later]
    plain = tr.survival_plot(curves, at_risk=False)
    assert "Number at risk" not in words(plain)
    months = tr.survival_plot(curves, unit="months")
    assert "Months" in words(months)
    assert lines(months)[0][0] == near(12 * lines(ax)[0][0], 1e-6)
    assert len(ax.collections) == 2  # a band for each
    assert words(tr.survival_plot(tr.kaplan_meier(asked(shuffled(PATIENTS))))) == seen


def test_log_log_plot():
    """log(-log survival) against log time: twice as slow is a shift, exchanged levels exchange the lines."""
    ax = tr.log_log_plot(tr.kaplan_meier(asked(PATIENTS)))
    own = [(x, y) for x, y in lines(ax) if len(x) > 2]
    slow = [(x, y) for x, y in lines(tr.log_log_plot(tr.kaplan_meier(asked(slower(PATIENTS))))) if len(x) > 2]
    for (x, y), (longer, same), curve in zip(own, slow, tr.kaplan_meier(asked(PATIENTS)), strict=True):
        assert longer == near(2 * x)
        assert same == near(y)
        known = (y > -50) & (y < 50)
        assert y[known] == near(np.log(-np.log(curve.step("estimate", 12 * x[known]))), 1e-6)
    assert ax.get_xscale() == "log"
    assert "log(-log survival)" in words(ax)
    assert "Parallel where hazards are proportional." in words(ax)


def test_forest():
    """A box stands at its row's estimate, the whisker spans its limits; rows turned are boxes mirrored at 1."""
    three = rows()[:3]
    ax, turned, mixed = (tr.forest(each) for each in (three, [row.reversed() for row in three], three[::-1]))
    assert [x for x, _ in boxes(ax)] == near([row.estimate for row in three])
    assert [x for x, _ in boxes(turned)] == near([1 / row.estimate for row in three])
    assert [x for x, _ in boxes(mixed)] == near([row.estimate for row in three[::-1]])
    heights = [y for _, y in boxes(ax)]
    assert heights == sorted(heights, reverse=True)
    assert len({round(a - b, 6) for a, b in pairwise(heights)}) == 1
    spans = [(low, high) for low, high, y in whiskers(ax) if any(abs(y - each) < 1e-9 for each in heights)]
    assert spans == [near(row.ci()) for row in three]
    assert ax.get_xscale() == "log"
    seen = words(ax)
    assert [each for each in seen if each.startswith("s0")] == [row.study for row in three]
    for row in three:
        assert f"{row.events}/{row.n}" in seen
        assert any(each.startswith(f"{row.estimate:.2f} (") for each in seen)
    assert "HR (95% CI)" in seen
    assert words(mixed)[3] == three[2].study
    low, high = ax.get_xlim()
    assert low <= min(row.ci()[0] for row in three)
    assert high >= max(row.ci()[1] for row in three)
    assert low * high == near(1.0)  # as far to either side
    named = tr.forest(three, favours=("Lower risk", "Higher risk"))
    assert {"Lower risk", "Higher risk"} <= set(words(named))


def test_forest_of_a_pool():
    """All studies, their weights, which add to 100%, and the pool below, in words and as a diamond."""
    pooled = tr.pool(rows())
    ax = tr.forest(pooled)
    seen = words(ax)
    assert [x for x, _ in boxes(ax)] == near([row.estimate for row in rows()])
    weights = [float(each[:-1]) for each in seen if each.endswith("%") and "." in each and " " not in each]
    assert weights[:12] == near([100 * each for each in pooled.weights], 0.051)
    assert sum(weights[:12]) == near(100.0, 0.5)
    assert len(ax.patches) >= 1
    diamond = np.asarray(ax.patches[0].get_path().vertices)[:, 0]
    assert diamond.min() == near(pooled.ci_low, 1e-6)
    assert diamond.max() == near(pooled.ci_high, 1e-6)
    assert any(each.startswith(f"{pooled.estimate:.2f} (") for each in seen)
    told = f"τ² = {pooled.tau2:.3f}; Q = {pooled.q:.2f}, df = 11, P = {pooled.q_p:.3f}; I² = {pooled.i2_q:.0f}%"
    assert f"Heterogeneity: {told}" in seen
    assert seen[seen.index("Common effect") + 1].startswith(f"{pooled.common.estimate:.2f} (")
    out = tr.leave_one_out_plot(pooled)
    assert [x for x, _ in boxes(out)][1:] == near([row.estimate for row in tr.leave_one_out(pooled).rows])
    assert boxes(out)[0][0] == near(pooled.estimate)
    assert [each for each in words(out) if each.startswith("Without ")] == [f"Without {row.study}" for row in rows()]


def test_funnel():
    """A point for each study at its ratio and error; the dashed line is the pool's, and moves with it."""
    pooled = tr.pool(rows())
    ax, turned = tr.funnel(pooled), tr.funnel(tr.pool([row.reversed() for row in rows()]))
    dots, mirrored = lines(ax, marker="o"), lines(turned, marker="o")
    assert [x[0] for x, _ in dots] == near([row.estimate for row in rows()])
    assert [y[0] for _, y in dots] == near([row.se for row in rows()])
    assert [x[0] for x, _ in mirrored] == near([1 / row.estimate for row in rows()])
    assert [y[0] for _, y in mirrored] == near([row.se for row in rows()])
    dashed = [line for line in ax.get_lines() if line.get_linestyle() == "--"]
    assert dashed[0].get_xdata()[0] == near(pooled.estimate)
    assert ax.get_ylim()[1] == 0.0  # the surest study on top
    assert ax.get_ylim()[0] > max(row.se for row in rows())
    assert ax.get_xscale() == "log"
    assert {"HR", "Standard error", "P < 0.01", "Dashed: pooled effect."} <= set(words(ax))


def test_influence_and_subsets():
    """Baujat's points are its numbers; the albatross has a number for each study, mirrored when turned."""
    pooled = tr.pool(rows())
    found = tr.baujat(pooled)
    ax = tr.baujat_plot(pooled)
    offsets = np.asarray(ax.collections[0].get_offsets())
    assert offsets[:, 0] == near(found.heterogeneity)
    assert offsets[:, 1] == near(found.influence)
    assert {"Part in the heterogeneity", "Influence on the pool", "s08a"} <= set(words(ax))
    birds, turned = tr.albatross_plot(rows()), tr.albatross_plot([row.reversed() for row in rows()])
    dots, mirrored = lines(birds, marker="o"), lines(turned, marker="o")
    assert sorted(y[0] for _, y in dots) == sorted(row.n for row in rows())
    assert sorted(x[0] for x, _ in mirrored) == near(sorted(-x[0] for x, _ in dots))
    by_size = {y[0]: x[0] for x, y in dots}
    for row in rows():
        assert math.copysign(1, by_size[row.n]) == math.copysign(1, row.log_estimate), row.study
    assert {"Patients", "P (two-sided)", "Dashed: P = 0.05.", "HR 2.00", "HR 0.50"} <= set(words(birds))
    assert birds.get_xlim()[0] == -birds.get_xlim()[1]


def test_curves_of_a_number():
    """The line of a spline is its curve, the circle its reference; treatment's curve is drawn as it was told."""
    fit = tr.spline(asked(PATIENTS), "age", knots=3)
    curve = fit.curve([40, 50, 60, 70])
    ax = tr.hazard_curve(curve, PATIENTS["age"], reference=fit.reference)
    drawn = next((x, y) for x, y in lines(ax) if len(x) == 4)
    assert drawn[0].tolist() == [40, 50, 60, 70]
    assert drawn[1] == near(curve["hr"].to_numpy())
    circle = lines(ax, marker="o")[0]
    assert (circle[0][0], circle[1][0]) == near((fit.reference, 1.0))
    assert any("reference, 58.5; band: 95% confidence interval" in each for each in words(ax))
    assert {"Hazard ratio", "Age at diagnosis (years)"} <= set(words(ax))
    moving = tr.treatment_curve(asked(PATIENTS), "age")
    told = moving.curve([40, 50, 60, 70])
    other = tr.treatment_curve_plot(told, moving.values, label="Age")
    assert next(y for x, y in lines(other) if len(x) == 4) == near(told["hr"].to_numpy())
    assert {"Hazard ratio of treatment", "Age"} <= set(words(other))
    residuals = tr.scaled_schoenfeld(tr.cox(asked(PATIENTS), adjust="age"))
    scatter = tr.schoenfeld_plot(residuals, "age")
    assert len(scatter.collections[0].get_offsets()) == PATIENTS["event"].sum()
    assert any("Log hazard ratio: Age at diagnosis" in each for each in words(scatter))
    with pytest.raises(TamoxresError):
        tr.schoenfeld_plot(residuals, "height")


def test_flow_and_balance():
    """Each step of the flow has a box with its patients and events; a covariate's balance is two points."""
    analysis = asked(PATIENTS)
    seen = words(tr.flow_diagram(analysis.flow))
    for step in analysis.flow.steps:
        assert step.name in seen
        assert f"{step.patients} patients, {step.events} events" in seen
    assert len(tr.flow_diagram(analysis.flow).patches) == len(analysis.flow.steps)
    late = words(tr.flow_diagram(tr.landmark(analysis, at=12).flow))
    assert any("Landmark at 12 months" in each for each in late)
    weighted = tr.weights(asked(PATIENTS, marker=False), adjust=["age", "nodes"])
    ax = tr.love_plot(weighted.balance)
    marks = [np.asarray(each.get_offsets()) for each in ax.collections if each.get_offsets().size]
    values = np.concatenate([each[:, 0] for each in marks])
    for name in ("smd_before", "smd_after"):
        for value in weighted.balance[name].abs():
            assert np.abs(values - value).min() < 1e-9, name
    assert {"Before weighting", "After weighting", "Age at diagnosis"} <= set(words(ax))
    above = int((weighted.balance["smd_after"].abs() > 0.1).sum())
    assert f"Dashed: 0.1. Above it after weighting: {above} of 2." in words(ax)
    curve = tr.power_curve(tr.design(1.5, patients=800).curve())
    assert curve.get_ylim() == (0.0, 1.0)
    assert {"Patients", "Power"} <= set(words(curve))
    x, y = max(lines(curve), key=lambda each: len(each[0]))
    assert (np.diff(y) >= -0.02).all()
    assert x[0] < 800 < x[-1]
