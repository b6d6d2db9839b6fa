"""Every public figure, small and large: nothing overlaps, is cut or leaves the paper; grey and colour-blind eyes."""

from __future__ import annotations

import math
import random
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from figure_boxes import (
    check_marks,
    check_paper,
    check_sizes,
    contrast,
    lightness,
    luminance,
    named,
    seen_by_deuteranopes,
)

import tamoxres as tr
from tamoxres.curves import Curve, Curves
from tamoxres.effects import EffectEstimate
from tamoxres.figures.forest_words import FORESTS
from tamoxres.flow import Flow, Step
from tamoxres.meta.pool import pool
from tamoxres.meta.subgroups import subgroups

ROWS, GROUPS = (1, 5, 30, 100), (2, 4, 6)
GRAPHIC = 3.0  # contrast of a line with white paper that is seen without effort (WCAG 2, 1.4.11)
PALE = 2.0  # the least of a line that has a marker and a name too
TOLD = 10.0  # CIELAB distance from which neighbours are told apart


def effects(n):
    """Rows of very different precision, some with long names, with counts."""
    dice = random.Random(3)
    out = []
    for i in range(n):
        point, half = dice.gauss(0.2, 0.5), dice.uniform(0.1, 1.6)
        name = f"Study {i}{' of the cooperative group for adjuvant therapy' if i % 17 == 4 else ''} {1980 + i % 40}"
        limits = (math.exp(value) for value in (point, point - half, point + half))
        out.append(
            EffectEstimate.from_ci(
                *limits, study=name, estimand="prognostic", n=dice.randint(50, 3000), events=dice.randint(5, 50)
            )
        )
    return out


def levels(n):
    """Treatment effects within the levels of n markers."""
    asked = {"study": "metabric", "estimand": "treatment_effect", "treatment_1": "tamoxifen", "treatment_0": "none"}
    counts = {"events_1": 90, "n_1": 241, "events_0": 31, "n_0": 1071, "origin": "own_patients"}
    rows = [EffectEstimate(**asked, log_estimate=-0.1, se=0.1, **counts)]
    for i in range(n):
        rows += [
            EffectEstimate(**asked, marker=f"M{i}", marker_level=level, log_estimate=0.1 * k, se=0.2 + k / 9, **counts)
            for k, level in enumerate(("altered", "unaltered"))
        ]
    return rows


def curves(n, causes=("",)):
    """Curves of n groups, each with its causes."""
    made = []
    for i in range(n):
        dice = np.random.default_rng(i)
        time = np.sort(dice.exponential(60 + 45 * i, 200)).clip(max=200) + np.arange(200) * 1e-6
        at_risk = np.arange(200, 0, -1.0)
        for k, cause in enumerate(causes):
            value = np.arange(1, 201) / 200 * (0.5 - 0.2 * k) if cause else np.arange(199, -1, -1) / 200
            se = np.sqrt(value * (1 - value) / at_risk)
            made.append(
                Curve(
                    group=f"{i}", kind="incidence" if cause else "survival", cause=cause, time=time, estimate=value,
                    se=se, ci_low=(value - se).clip(0, 1), ci_high=(value + se).clip(0, 1), n_risk=at_risk,
                    n_event=np.ones(200), n_censor=np.zeros(200),
                )
            )  # fmt: skip
    return Curves(curves=tuple(made), grouping="subtype", endpoint="BCSS", population="ER positive", method="")


def hazard_ratio(**asked):
    return EffectEstimate.from_ci(1.52, 1.18, 1.94, study="metabric", **asked)


def balance(n):
    names = [f"covariate {i}{' with a rather long name' if i % 9 == 4 else ''}" for i in range(n)]
    gaps = np.linspace(-0.6, 0.6, n)
    return pd.DataFrame({"covariate": names, "smd_before": gaps, "smd_after": gaps / 5})


def screen(n):
    dice = np.random.default_rng(1)
    z = dice.normal(0, 2, n)
    p = np.array([math.erfc(abs(value) / math.sqrt(2)) for value in z])
    table = pd.DataFrame({"gene": [f"GENE{i}" for i in range(n)], "log_hr": z / 10, "z": z, "p": p, "sd": 0.8})
    table["q"] = np.minimum(1, p * n / (np.argsort(np.argsort(p)) + 1))
    table["chromosome"], table["position"] = [f"chr{1 + i % 22}" for i in range(n)], dice.uniform(1e6, 1e8, n).round()
    return table


def map_of(n):
    tiers, sides = ("cell_line", "animal_model", "clinical", "meta_analysis"), ("resistant", "sensitive", "no_effect")
    rows = [
        (f"M{i}", tier, side, f"S{i}{tier}{k}")
        for i in range(n) for tier in tiers for k, side in enumerate(sides) for _ in range(1 + k)
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["marker", "tier", "direction", "study"])


def flow(n):
    steps = [Step(name="Everyone in the cohort", why="", patients=2509, events=700)]
    why = "ER negative 445, ER unknown 30, and a reason that is long enough to need several lines"
    return Flow((*steps, *(Step(name=f"Step {i}", why=why, patients=2509 - 10 * i, events=700) for i in range(1, n))))


def residuals(n):
    months = np.linspace(1, 90, n)
    columns = {"months": months, "transformed": months / 100, "residual": np.where(np.arange(n) % 3, -1.4, 2.6)}
    return pd.DataFrame({"term": "treatment", **columns, "coefficient": -0.4, "variance": 4.0})


def of_tests(n):
    return [
        EffectEstimate(study=e.study, p_value=0.001 + 0.9 * i / n, n=e.n, events=e.events, status="test_only",
                       direction="worse" if i % 2 else "better")
        for i, e in enumerate(effects(n))
    ]  # fmt: skip


def grouped(n):
    pooled = pool(effects(n))
    return {"rows": pooled, "groups": subgroups(pooled, ["early" if i % 2 else "late" for i in range(n)])}


BY_ROWS = {
    "forest": lambda n, **k: tr.forest(effects(n), **k),
    "meta": lambda n, **k: tr.forest(pool(effects(n)) if n > 1 else effects(1), **k),
    "subgroups": lambda n, **k: tr.forest(levels(n), **k),
    "funnel": lambda n, **k: tr.funnel(pool(effects(max(n, 2))), **k),
    "albatross": lambda n, **k: tr.albatross_plot(of_tests(n), **k),
    "love plot": lambda n, **k: tr.love_plot(balance(n), **k),
    "flow": lambda n, **k: tr.flow_diagram(flow(min(n, 30)), **k),
    "evidence map": lambda n, **k: tr.evidence_map(map_of(min(n, 30)), **k),
    "volcano": lambda n, **k: tr.volcano(screen(n), **k),
    "Manhattan": lambda n, **k: tr.manhattan(screen(n), **k),
    "residuals": lambda n, **k: tr.schoenfeld_plot(residuals(max(n, 5)), p=0.03, **k),
}
BY_GROUPS = {
    "survival": lambda n, **k: tr.survival_plot(curves(n), effect=hazard_ratio(), **k),
    "KMunicate": lambda n, **k: tr.survival_plot(curves(n), effect=hazard_ratio(), kmunicate=True, **k),
    "causes": lambda n, **k: tr.survival_plot(curves(n, ("BCSS", "competing death")), effect=hazard_ratio(), **k),
    "log-log": lambda n, **k: tr.log_log_plot(curves(n), **k),
    "panels": lambda n, **k: tr.survival_panels(
        {"Tamoxifen": curves(n), "No tamoxifen": curves(n)}, effects=hazard_ratio(estimand="interaction"), **k
    )[0],
}


def check(ax, what):
    """Look at every Axes of a figure."""
    for one in ax.figure.axes:
        check_paper(one, what)
        check_sizes(one, what)
        check_marks(one, what)


@pytest.mark.parametrize("n", ROWS)
@pytest.mark.parametrize("what", BY_ROWS)
def test_figures_of_rows(what, n):
    """One row to a hundred, on one column of a journal or on two."""
    width = "single" if n in (1, 30) else "double"
    check(BY_ROWS[what](n, width=width), f"{what}, {n} rows, {width}")


@pytest.mark.parametrize("n", GROUPS)
@pytest.mark.parametrize("what", BY_GROUPS)
def test_figures_of_groups(what, n):
    """Two groups to six, from two columns of a journal to one."""
    width = {2: "double", 4: "middle", 6: "single"}[n]
    check(BY_GROUPS[what](n, width=width), f"{what}, {n} groups, {width}")


@pytest.mark.parametrize("style", FORESTS)
def test_forests_of_journals(style):
    """Each journal's forest with subgroups of studies."""
    check(tr.forest(**grouped(12), style=style), f"subgroups of studies, {style}")


def test_pages():
    """Each page of a long forest."""
    for ax in tr.forest_pages(pool(effects(100))):
        check(ax, "page")


@pytest.mark.parametrize("n", GROUPS)
def test_curves_are_told_apart_without_colour(n):
    """In grey print and without green cones, two curves differ in lightness or hue, or in line and marker both."""
    ax = tr.survival_plot(curves(n), width="double")
    lines = [named(ax, f"curve-{i}")[f"curve-{i}"] for i in range(n)]
    marks = [named(ax, f"marks-{i}").get(f"marks-{i}") for i in range(n)]
    looks = [
        (line.get_color(), str(line._unscaled_dash_pattern), str(mark.get_marker()) if mark else "")
        for line, mark in zip(lines, marks, strict=True)
    ]
    assert min(contrast(color) for color, _, _ in looks) >= (GRAPHIC if n <= 4 else PALE)
    for (a, line_a, mark_a), (b, line_b, mark_b) in combinations(looks, 2):
        apart = line_a != line_b and mark_a != mark_b
        assert apart or abs(lightness(a) - lightness(b)) >= TOLD, f"{a} and {b} are one in grey"
        assert apart or np.linalg.norm(seen_by_deuteranopes(a) - seen_by_deuteranopes(b)) >= TOLD


@pytest.mark.parametrize("style", FORESTS)
def test_forest_marks_stand_out(style):
    """The interval shows on its box, in grey print and without green cones; diamonds have a dark edge."""
    look = FORESTS[style]
    interval = tr.forest(effects(3), style=style)
    line = named(interval, "ci-0")["ci-0"].get_color()
    assert contrast(line, look.box) >= GRAPHIC
    assert np.linalg.norm(seen_by_deuteranopes(line) - seen_by_deuteranopes(look.box)) >= TOLD
    assert contrast(look.edge) >= READABLE_EDGE


READABLE_EDGE = 4.5


def test_the_measures_of_colour():
    """Black on white is 21 to 1; red and green of one lightness come close without green cones; greys stay apart."""
    assert contrast("black") == pytest.approx(21)
    assert contrast("#757575") == pytest.approx(4.61, abs=0.01)
    assert lightness("white") == pytest.approx(100)
    assert luminance("#ff0000") == pytest.approx(0.2126)
    red, green = "#c0504d", "#6b8e23"
    assert np.linalg.norm(seen_by_deuteranopes(red) - seen_by_deuteranopes(green)) < 30
    assert np.linalg.norm(seen_by_deuteranopes("black") - seen_by_deuteranopes("white")) == pytest.approx(100, abs=0.5)
