"""Multiple imputation: what is filled and how, and that imputing over the arms biases an interaction."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from lifelines import NelsonAalenFitter
from public_data import analysis_of, answers, days, gbsg, metabric
from statsmodels.imputation.mice import MICEData

from tamoxres.errors import AnalysisError, QuestionError
from tamoxres.inference.rubin import rubin
from tamoxres.models.cox import cox, fit_terms
from tamoxres.models.imputation import _chained, impute, nearest_donors, nelson_aalen

CLOSED = 1e-9  # sums
MONTE_CARLO = 0.03  # three Monte Carlo errors: 12 imputations here, 50 of mice
R = answers("estimators")["imputation"]
TRUTH = 0.8  # log interaction of the simulation
NEAR = 0.25  # about two standard errors of that interaction in 4,000 patients, half of them without the covariate


def gappy_gbsg():
    """GBSG with gaps that follow from the days of follow-up, as the reference script makes them."""
    analysis = gbsg()
    frame = analysis.frame
    day = np.round(frame["months"] / days(1))
    for name, step, gap in (("grade", 3, 0), ("nodes", 4, 1), ("menopause", 5, 2)):
        frame[name] = frame[name].where(day % step != gap)
    return replace(analysis, frame=frame)


def test_nelson_aalen_equals_lifelines():
    """The cumulative hazard at each patient's own time is lifelines' at that time, with ties."""
    frame = gbsg().frame
    time = np.ceil(frame["months"].to_numpy(float))
    fitted = NelsonAalenFitter(nelson_aalen_smoothing=False).fit(time, frame["event"])
    assert nelson_aalen(time, frame["event"].to_numpy()) == pytest.approx(
        fitted.cumulative_hazard_.iloc[:, 0][time].to_numpy(), rel=CLOSED
    )


def test_observed_values_stay_and_gaps_are_filled_with_real_values():
    """Every observed value is untouched, every gap holds a value seen in the cohort, and the copies differ."""
    gappy = gappy_gbsg()
    made = impute(gappy, columns=["age", "grade", "nodes", "menopause"], m=3, seed=5, iterations=3)
    before = gappy.frame
    for a in made.completed:
        for name in ("grade", "nodes", "menopause"):
            known = before[name].notna()
            assert a.frame[name].notna().all(), name
            assert (a.frame.loc[known, name] == before.loc[known, name]).all(), name
            assert set(a.frame[name].unique()) <= set(before[name].dropna().unique()), name
    first, second = made.completed[:2]
    assert (first.frame["nodes"] != second.frame["nodes"]).any()
    assert dict(made.missing) == {name: int(before[name].isna().sum()) for name in ("grade", "nodes", "menopause")}
    assert made.by_arm
    assert made.completed[0].flow.steps[-1].name == "Missing covariates imputed (m = 3)"


def test_the_seed_decides_and_workers_do_not():
    """One seed gives one answer, with one worker or two."""
    gappy = gappy_gbsg()
    made = [impute(gappy, columns=["grade", "nodes"], m=2, seed=5, iterations=2, jobs=jobs) for jobs in (1, 2)]
    for a, b in zip(made[0].completed, made[1].completed, strict=True):
        pd.testing.assert_frame_equal(a.frame, b.frame)


def test_donors_are_the_nearest():
    """Each wanted value draws each of its k nearest predictions, ties and ends included, and no other."""
    likely = np.array([3.0, 1.0, 2.0, 2.0, 9.0])
    for wanted, k, nearest in (
        (2.1, 2, {2, 3}),
        (-5.0, 2, {1, 2, 3}),
        (100.0, 3, {4, 0, 2, 3}),
        (2.4, 9, set(range(5))),
    ):
        drawn = nearest_donors(likely, np.full(400, wanted), k, np.random.default_rng(1))
        assert set(drawn) <= nearest, wanted
        assert len(set(drawn)) == min(k, 5), wanted
    draw = np.random.default_rng(2)
    many, targets = draw.normal(size=50), draw.normal(size=30)
    for target, donor in zip(targets, nearest_donors(many, targets, 5, draw), strict=True):
        assert abs(many[donor] - target) <= np.sort(abs(many - target))[4]


def slopes_of_imputed(make, sets=30):
    """The slope of imputed values on a weak predictor among noise, less that of the observed values: mean over sets."""
    hole, off = np.arange(200) % 2 == 0, []
    for seed in range(sets):
        draw = np.random.default_rng(100 + seed)
        x = draw.normal(size=(200, 7))
        y = 0.3 * x[:, 0] + draw.normal(size=200)
        table = pd.DataFrame(np.column_stack([np.where(hole, np.nan, y), x]), columns=[f"v{i}" for i in range(8)])
        design = np.column_stack([np.ones(200), x])
        chain = make(table, np.random.default_rng(seed))
        chain.update_all(1)
        filled = chain.data["v0"].to_numpy()
        slope = [np.linalg.lstsq(design[rows], filled[rows], rcond=None)[0][1] for rows in (hole, ~hole)]
        off.append(slope[0] - slope[1])
    return float(np.mean(off))


def test_matching_keeps_weak_relations():
    """Donors alike in what is likely keep a weak relation; statsmodels' own, alike in what was drawn, loses a third."""
    ours = slopes_of_imputed(_chained)
    theirs = slopes_of_imputed(lambda table, draw: MICEData(table, k_pmm=5, rng=draw))
    assert abs(ours) < 0.06
    assert theirs < -0.09


def test_pooled_row_says_how_it_was_made():
    """The pooled row has t intervals, its note names what was imputed, and it lies where mice puts it."""
    full, gappy = gbsg(), gappy_gbsg()

    def fit(a):
        return cox(a, adjust=["grade", "nodes", "menopause"]).effect

    made = impute(gappy, columns=["age", "grade", "nodes", "menopause"], m=12, seed=1, iterations=2)
    complete, pooled = made.beside(fit)
    assert complete.n < pooled.n == full.n
    assert pooled.df is not None
    assert "multiple imputation" in pooled.method
    assert "m = 12. Imputed: grade" in pooled.note
    assert "missing information" in pooled.note
    assert [n for _, n in made.missing] == R["missing"]
    assert pooled.log_estimate == pytest.approx(R["estimate"], abs=MONTE_CARLO)
    assert pooled.se == pytest.approx(R["se"], rel=0.05), "12 imputations here, 50 there"
    assert pooled.se < complete.se, "imputation wins back patients"


def test_the_kernel_pools_what_lifelines_pools():
    """Fitted on the kernel, which serves many fits, the pooled row is lifelines' row."""
    made = impute(gappy_gbsg(), columns=["grade", "nodes", "menopause"], m=3, seed=1, iterations=2)
    one, other = (
        made.pool(lambda a, engine=engine: cox(a, adjust=["grade", "nodes", "menopause"], engine=engine).effect)
        for engine in ("lifelines", "kernel")
    )
    assert (other.log_estimate, other.se, other.df) == pytest.approx((one.log_estimate, one.se, one.df), rel=1e-7)


def test_nothing_missing_changes_nothing():
    """Without gaps the pooled estimate and error are those of the data."""
    made = impute(gbsg(), columns=["grade"], m=2)
    row, plain = made.pool(lambda a: cox(a, adjust=["grade"]).effect), cox(gbsg(), adjust=["grade"]).effect
    assert (row.log_estimate, row.se) == pytest.approx((plain.log_estimate, plain.se), rel=CLOSED)


def simulated(n=4000, seed=11):
    """Treatment x covariate with a log interaction of 0.8 on the hazard, the covariate unknown in half."""
    rng = np.random.default_rng(seed)
    t, x = rng.integers(0, 2, n), rng.integers(0, 2, n)
    time = rng.exponential(60 / np.exp(-0.7 * t + 0.2 * x + TRUTH * t * x))
    end = rng.uniform(30, 120, n)
    her2 = np.where(x == 1, "positive", "negative").astype(object)
    full = {
        "months": np.minimum(time, end),
        "event": (time <= end).astype(int),
        "endocrine": np.where(t == 1, "yes", "no"),
    }
    seen = rng.uniform(size=n) < 0.5
    return analysis_of(**full, her2=her2), analysis_of(**full, her2=np.where(seen, her2, None))


def product(analysis):
    """The row of treatment x her2."""
    model = fit_terms(analysis, ["treatment", "her2", "treatment:her2"])
    return model.rows(model.design.term("treatment:her2"))[0]


def test_imputing_over_the_arms_biases_an_interaction():
    """By arm the log interaction stays near 0.8; over the arms it is pulled far towards none, and is refused."""
    full, gappy = simulated()
    by_arm = impute(gappy, columns=["her2"], m=4, seed=2, iterations=1)
    over = impute(gappy, columns=["her2"], m=4, seed=2, iterations=1, by_arm=False)
    with pytest.raises(AnalysisError, match="leave out the interaction"):
        over.pool(product)
    rows = [product(a) for a in over.completed]
    biased = rubin([r.log_estimate for r in rows], [r.se**2 for r in rows]).estimate
    right = by_arm.pool(product).log_estimate
    assert product(full).log_estimate == pytest.approx(TRUTH, abs=NEAR)
    assert right == pytest.approx(TRUTH, abs=NEAR)
    assert right - biased > 0.12, "the same data, imputed without the interaction"


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: impute(gbsg(), columns=["grade"], m=1), AnalysisError, "m of at least 2"),
        (lambda: impute(gbsg(), columns=["marker"]), QuestionError, "marker is no covariate"),
        (lambda: impute(metabric(), columns=["pam50"]), QuestionError, "6 unordered levels"),
        (
            lambda: impute(analysis_of([1.0, 2], [1, 0], grade=[np.nan, np.nan]), columns=["grade"]),
            AnalysisError,
            "never observed",
        ),
    ],
)
def test_refuses(make, error, words):
    """What cannot be imputed is refused in one sentence."""
    with pytest.raises(error, match=words):
        make()
