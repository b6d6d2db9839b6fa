"""Cut points: the search against its definition in R, its price, and the label it carries."""

from __future__ import annotations

import numpy as np
import pytest
from public_data import analysis_of, answers, frame, gbsg

from tamoxres.errors import AnalysisError, QuestionError
from tamoxres.models.cox import cox
from tamoxres.models.cutpoints import dichotomise, fitted_cut, lausen_schumacher, logrank_scores, select_cut

CLOSED = 1e-9  # sums and one root
R = answers("estimators")["cutpoints"]
LUNG = frame("lung")


@pytest.mark.parametrize(("name", "column"), [("nodes", "nodes"), ("pgr", "pr_fmol"), ("age", "age")])
def test_search_equals_r(name, column):
    """Cut, statistic and corrected P on GBSG are R's."""
    data = gbsg().frame
    scores = logrank_scores(data["months"].to_numpy(), data["event"].to_numpy())
    found, expected = select_cut(scores, data[column].to_numpy(float)), R[name]
    assert found.cut == expected["cut"], name
    assert found.statistic == pytest.approx(expected["statistic"], rel=CLOSED), name
    assert lausen_schumacher(found.statistic) == pytest.approx(expected["p"], rel=1e-7), name


def test_scores_and_other_shares():
    """Scores are R's null martingale residuals, and the search takes other shares."""
    event = (LUNG.status == 2).to_numpy(int)
    scores = logrank_scores(LUNG.time.to_numpy(float), event)
    assert scores[:6] == pytest.approx(R["scores"], rel=CLOSED)
    assert scores.sum() == pytest.approx(0, abs=1e-9)
    found = select_cut(scores, LUNG.age.to_numpy(float), least=0.2, most=0.8)
    assert (found.cut, found.statistic) == pytest.approx((R["lung"]["cut"], R["lung"]["statistic"]), rel=CLOSED)
    assert lausen_schumacher(found.statistic, least=0.2, most=0.8) == pytest.approx(R["lung"]["p"], rel=1e-7)


def test_fitted_cut_pays_for_the_search():
    """The corrected P is larger, the hazard ratio nearer 1, and every row says fitted."""
    found = fitted_cut(gbsg(), "age", m=60, seed=3)
    assert found.p_value > found.p_naive
    assert found.optimism > 0
    assert abs(found.effect.log_estimate) < abs(found.apparent.log_estimate)
    assert (found.effect.cut, found.apparent.cut, found.effect.marker) == ("fitted", "fitted", "AGE")
    assert found.effect.p_value == found.p_value
    assert "searched on the outcome" in found.effect.note
    again = fitted_cut(gbsg(), "age", m=60, seed=3, jobs=2)
    assert again.optimism == found.optimism


def test_noise_is_not_significant():
    """Searched on noise, naive P values are far too small and corrected ones hold their level."""
    rng = np.random.default_rng(5)
    naive, corrected = [], []
    for _ in range(200):
        scores = logrank_scores(rng.exponential(10, 150), np.ones(150, int))
        statistic = select_cut(scores, rng.normal(size=150)).statistic
        naive.append(statistic > 1.96)
        corrected.append(lausen_schumacher(statistic) < 0.05)
    assert np.mean(naive) > 0.25
    assert np.mean(corrected) < 0.09, "0.05 and three Monte Carlo errors of 0.015"


def test_median_and_published():
    """At the median the label is median, at a value published; the halves are what they say."""
    half = dichotomise(gbsg(), "nodes")
    assert (half.cut, half.rule, half.marker) == ("median", "> 3", "NODES")
    assert ((half.frame["marker"] == "altered") == (half.frame["nodes"] > 3)).all()
    ten = dichotomise(gbsg(), "er_fmol", at=10)
    assert ten.cut == "published"
    assert cox(half).effect.cut == "median"


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: dichotomise(gbsg(), "menopause"), QuestionError, "holds levels"),
        (lambda: dichotomise(gbsg(), "age", at=200), AnalysisError, "one side of age 200"),
        (lambda: fitted_cut(analysis_of([1.0, 2], [0, 0], x=[1.0, 2]), "x"), AnalysisError, "no events"),
        (
            lambda: fitted_cut(analysis_of([2.0, 3], [1, 0], x=[1.0, 2], entry=[1, 0]), "x"),
            AnalysisError,
            "delayed entry",
        ),
        (lambda: select_cut(np.array([1.0, -1]), np.array([1.0, 1])), AnalysisError, "nothing to search"),
    ],
)
def test_refuses(make, error, words):
    """What cannot be cut is refused in one sentence."""
    with pytest.raises(error, match=words):
        make()
