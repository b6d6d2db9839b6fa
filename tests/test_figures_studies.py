"""Pictures of studies and of risks: PRISMA flow, Baujat, leave-one-out, icons of a hundred; and all figures by size."""

import numpy as np
import pandas as pd
import pytest
from figure_boxes import bcg, check_marks, check_paper, check_sizes, contrast, named, words

import tamoxres as tr
from tamoxres.errors import PoolingError, TamoxresError
from tamoxres.meta.pool import pool
from tamoxres.meta.sensitivity import baujat, leave_one_out

EXACT = 1e-12


def risks(groups=2, spread=0.03):
    """Risks of some groups at five years, with limits."""
    at = np.linspace(0.1, 0.6, groups)
    names = [f"Group {i + 1}" for i in range(groups)]
    return pd.DataFrame(
        {"group": names, "time": 60.0, "risk": at, "se": spread / 2, "ci_low": at - spread, "ci_high": at + spread}
    )


def parts(ax):
    """The icons by what they show."""
    return {gid: made for start in ("with-", "without-", "ring-") for gid, made in named(ax, start).items()}


@pytest.fixture(scope="module")
def thirteen():
    return pool(bcg())


def test_prisma_says_what_the_tables_hold():
    """The counts are those of the literature tables; what they do not record is said to be so, five times."""
    counts = tr.evidence_counts()
    ax = tr.prisma(counts)
    told = counts.set_index(["step", "what"])
    text = " ".join(words(ax))
    for step in ("identified", "usable"):
        one = told.loc[(step, "all")]
        assert f"{one.studies} studies, {one.rows} effect rows" in text
    for what in ("number known but not read again", "a pooled estimate of other studies"):
        one = told.loc[("left out", what)]
        assert f"{what}: {one.studies} studies" in ax.get_label()
    assert text.count("not recorded") == 7
    assert "_" not in text
    left = told.loc["left out"]["rows"].sum()
    assert told.loc[("identified", "all"), "rows"] == left + told.loc[("usable", "all"), "rows"]


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        (pd.DataFrame({"step": []}), "no column what"),
        (pd.DataFrame({"step": ["usable"], "what": ["all"], "studies": [1], "rows": [1]}), "no studies identified"),
    ],
)
def test_prisma_refuses(counts, message):
    """What is no table of counts is refused by its column."""
    with pytest.raises(TamoxresError, match=message):
        tr.prisma(counts)


@pytest.mark.parametrize(("risk", "low", "high"), [(0.24, 0.21, 0.27), (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)])
def test_a_hundred_icons(risk, low, high):
    """As many icons are filled as of a hundred have the event; those between the limits have a ring."""
    frame = pd.DataFrame({"group": ["all"], "time": [120.0], "risk": [risk], "ci_low": [low], "ci_high": [high]})
    ax = tr.pictograph(frame, event="relapse")
    marks = {gid: len(artist.get_offsets()) for gid, artist in parts(ax).items() if gid.endswith("-all")}
    assert marks["with-all"] == round(100 * risk)
    assert marks["with-all"] + marks["without-all"] == 100
    assert marks["ring-all"] == round(100 * high) - round(100 * low)
    assert f"{100 * risk:.0f} of 100" in words(ax)
    assert f"(95% interval {100 * low:.0f} to {100 * high:.0f})" in words(ax)
    assert "Of 100 patients, relapse within 10 years" in words(ax)
    assert "withhold, change or stop endocrine therapy" in ax.get_label()


def test_pictograph_of_a_trial():
    """The risks are those of the curves: GBSG's Kaplan-Meier at five years, its log-log limits, its difference."""
    gbsg = tr.select(tr.load("gbsg"), endpoint="RFS", er="any", treatment="any")
    found = tr.risk_difference(gbsg, times=60, by="treatment")
    ax = tr.pictograph(found.risks, labels={"treated": "Tamoxifen"}, effect=found.effects[0])
    curve = tr.kaplan_meier(gbsg, by="treatment").at([60])
    for _, row in curve.iterrows():
        low, high = 100 * (1 - row.ci_high), 100 * (1 - row.ci_low)
        assert f"{100 * (1 - row.survival):.0f} ({low:.0f} to {high:.0f})" in ax.get_label()
    assert "Tamoxifen" in words(ax)
    change = 100 * found.effects[0].difference
    assert f"Difference, of 100: {change:.1f} (" in ax.get_label()
    assert change < 0


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        ({"risk": [1.2, 0.1]}, {}, "is 1.2; a risk is a share"), ({"time": [60.0, 120.0]}, {}, "at 2 times"),
        ({}, {"time": 24}, "0 groups at 24 months"),
    ],
)  # fmt: skip
def test_pictograph_refuses(change, options, message):
    """A risk is a share at one time."""
    with pytest.raises(TamoxresError, match=message):
        tr.pictograph(risks().assign(**change), **options)
    with pytest.raises(TamoxresError, match="no column risk"):
        tr.pictograph(risks().drop(columns="risk"))


def test_baujat_shows_its_numbers(thirteen):
    """Each study is a point at its part in the heterogeneity and its influence; the one farthest out is told."""
    ax = tr.baujat_plot(thirteen)
    found = baujat(thirteen)
    at = named(ax, "studies")["studies"].get_offsets()
    assert np.allclose(at, np.column_stack([found.heterogeneity, found.influence]), rtol=EXACT)
    assert "Farthest out: Hart & Sutherland 1977, part in heterogeneity 1.59" in ax.get_label()
    assert {"TPT Madras 1980", "Hart & Sutherland 1977"} <= set(words(ax))
    assert len([text for text in words(ax) if text.endswith(("48", "49", "61", "76"))]) >= 3


def test_leave_one_out_shows_its_numbers(thirteen):
    """A row a study, each with the estimate and the interval of its own pool, the whole first."""
    found = leave_one_out(thirteen)
    ax = tr.leave_one_out_plot(thirteen)
    text = words(ax)
    assert "All studies" in text
    for i, one in enumerate(found.rows, start=1):
        assert f"Without {one.label}" in text
        low, high = named(ax, "ci-")[f"ci-{i}"].get_xdata()
        assert (low, high) == pytest.approx((one.ci_low, one.ci_high), rel=1e-9)
    assert "Favours BCG vaccine" in text
    assert ax.get_label().startswith("Pool without each study: from 0.45 (0.30-0.67) without TPT Madras 1980 to")
    with pytest.raises(PoolingError, match="at least 3 effects"):
        tr.leave_one_out_plot(pool(bcg()[:2]))
    with pytest.raises(PoolingError, match="at least 3 effects"):
        tr.baujat_plot(pool(bcg()[:2]))


def many(n):
    """So many studies, their names long."""
    rng = np.random.default_rng(n)
    points = zip(rng.normal(0, 0.4, n), rng.uniform(0.1, 0.5, n), strict=True)
    return [
        tr.EffectEstimate(study=f"Trialists' group {i}", log_estimate=float(y), se=float(s))
        for i, (y, s) in enumerate(points)
    ]


def choices(n):
    names = ("Rule and assay", "Endpoint", "Adjustment")
    return [{name: f"{name.lower()} {i % (2 + k)}" for k, name in enumerate(names)} for i in range(n)]


def abstract(n):
    rows = [
        tr.AbstractRow(marker=f"M{i}", verdict="interaction inconclusive", effect=one, sure_for="low", sure_none="none")
        for i, one in enumerate(many(n))
    ]  # fmt: skip
    return tr.visual_abstract(
        "Does it predict failure of the treatment?", "It stays open.", rows, facts="1,492 patients"
    )


def sizes(n):
    size = np.linspace(200, 5000, n + 1)
    return pd.DataFrame({"patients": size, "events": size / 3, "power": np.linspace(0.1, 0.99, n + 1)})


EVERY = {
    "Baujat": lambda n, **k: tr.baujat_plot(pool(many(max(n, 3))), **k),
    "leave one out": lambda n, **k: tr.leave_one_out_plot(pool(many(max(n, 3))), **k),
    "GOSH": lambda n, **k: tr.gosh_plot(pool(many(min(max(n, 3), 10))), **k),
    "specification": lambda n, **k: tr.specification_curve(many(n), choices(n), **k),
    "visual abstract": lambda n, **_: abstract(min(n, 30)),
    "power": lambda n, **k: tr.power_curve(sizes(n), **k),
    "pictograph": lambda n, **k: tr.pictograph(risks(min(n, 12)), **k),
    "PRISMA": lambda n, **k: tr.prisma(tr.evidence_counts(marker=("HER2", "AKT", "PTEN", "SRC")[n % 4]), **k),
}


@pytest.mark.parametrize("n", [1, 5, 30, 100])
@pytest.mark.parametrize("what", EVERY)
def test_every_size(what, n):
    """From one row to a hundred nothing is cut, nothing touches, no letter is too small or too pale."""
    for width in ("single", "double")[: 2 if n == 5 else 1]:
        ax = EVERY[what](n, width=width)
        check_paper(ax, f"{what}, {n}, {width}")
        check_sizes(ax, f"{what}, {n}, {width}")
        check_marks(ax, f"{what}, {n}, {width}")
    assert ax.get_label()


def test_icons_are_told_apart_without_colour():
    """Filled and empty icons differ in lightness as WCAG asks of marks, 3 to 1, and rings from paper."""
    ax = tr.pictograph(risks(1))
    faces = {gid.partition("-")[0]: artist.get_facecolor() for gid, artist in parts(ax).items()}
    assert contrast(faces["with"][0][:3], faces["without"][0][:3]) >= 3
    ring = named(ax, "ring-")["ring-Group 1"]
    assert contrast(ring.get_edgecolor()[0][:3]) >= 3
