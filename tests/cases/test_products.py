"""Products in a model: with the marker only in `interaction`, beside their main effects, and centred."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from public_data import analysis_of

import tamoxres as tr
from tamoxres.errors import AnalysisError, QuestionError
from tamoxres.models.firth import firth
from tamoxres.models.treatment import treatment_effect

CLOSED = 1e-9


def both_arms(shift=0.0, n=400):
    """A cohort with both arms, a site and an score that both modify treatment."""
    draw = np.random.default_rng(20261203)
    m, x, site = draw.random(n) < 0.4, draw.random(n) < 0.5, draw.choice(["a", "b", "c"], n)
    score = draw.normal(60, 9, n)
    time = draw.exponential(
        50 * np.exp(-(0.4 * m - 0.3 * x + 0.2 * m * x + 0.03 * (score - 60) + 0.4 * x * (site == "b")))
    )
    end = draw.uniform(20, 120, n)
    return analysis_of(
        np.minimum(time, end).round(2) + 0.01, (time <= end).astype(int), marker=m.tolist(),
        endocrine=np.where(x, "yes", "no"), score=score + shift, site=site,
    )  # fmt: skip


@pytest.mark.parametrize("product", ["marker:score", "score:marker", "treatment:marker", "marker:site"])
@pytest.mark.parametrize("fit", [tr.cox, firth])
def test_products_with_the_marker_are_for_interaction(product, fit):
    """In a prognostic model the marker's row would be that at score 0; the refusal names interaction."""
    with pytest.raises(QuestionError, match="interaction"):
        fit(both_arms(), adjust=["score", "site", "treatment", product])
    question = tr.Question(endpoint="OS", marker="M", er="any", treatment="any", adjust=("score", "site", product))
    with pytest.raises(QuestionError, match="interaction"):
        tr.cox(both_arms(), adjust=question.adjust)


def test_main_effects_are_required():
    """The product names the one that is missing; a stratum counts as one."""
    s = both_arms()
    with pytest.raises(QuestionError, match="treatment:site needs its main effect site"):
        tr.interaction(s, adjust=["treatment:site"])
    with pytest.raises(QuestionError, match="marker:score needs its main effect score"):
        tr.interaction(s, adjust=["marker:score", "site"])
    with pytest.raises(QuestionError, match="score:site needs its main effect site"):
        tr.cox(s, adjust=["score", "score:site"])
    with pytest.raises(QuestionError, match="joins 3 columns"):
        tr.interaction(s, adjust=["score", "site", "treatment:score:site"])
    assert tr.interaction(s, adjust=["treatment:site"], strata=["site"]).ratio.log_estimate
    assert tr.cox(s, adjust=["score", "score:site"], strata=["site"]).effect.log_estimate


_ALL = ["score", "site", "treatment:score", "marker:score", "treatment:site", "marker:site"]


@pytest.mark.parametrize(
    "extra", [["score", "treatment:score"], ["site", "treatment:site"], ["score", "marker:score"], _ALL]
)
def test_the_ratio_does_not_depend_on_centring(extra):
    """Against the model with raw products: same likelihood and ratio; the four contrasts are those at the mean."""
    from tamoxres.kernel.cox import fit_cox

    s = both_arms()
    found = tr.interaction(s, adjust=extra)
    f = s.frame
    block = {
        "marker": (f["marker"] == "altered").to_numpy(float)[:, None],
        "treatment": (f["treatment"] == "treated").to_numpy(float)[:, None],
        "score": f["score"].to_numpy(float)[:, None],
        "site": np.column_stack([f["site"] == level for level in ("b", "c")]).astype(float),
    }
    terms = ["treatment", "marker", "treatment:marker", *extra]
    raw = [block[t.split(":")[0]] * block[t.split(":")[1]] if ":" in t else block[t] for t in terms]
    fit = fit_cox(f["months"].to_numpy(float), f["event"].to_numpy(int), np.hstack(raw))
    assert found.ratio.log_estimate == pytest.approx(fit.coefficients[2], rel=1e-6)
    assert found.ratio.se == pytest.approx(float(fit.se[2]), rel=1e-6)
    assert found.model.loglik == pytest.approx(fit.loglik, rel=CLOSED)
    position = np.cumsum([0, *(x.shape[1] for x in raw)])
    at = {t: fit.coefficients[position[i] : position[i + 1]] for i, t in enumerate(terms)}
    expected = fit.coefficients[0] + sum(
        float(at[t] @ block[t.split(":")[1]].mean(axis=0)) for t in extra if t.startswith("treatment:")
    )
    assert found.treatment_unaltered.log_estimate == pytest.approx(expected, rel=1e-6)
    assert found.ratio.flagged("centred_products")
    assert "centred" in found.ratio.note
    assert found.ratio.adjusted_for == tuple(extra)


@pytest.mark.parametrize("extra", [["score", "treatment:score"], ["score", "treatment:score", "marker:score"]])
def test_the_origin_of_a_covariate_moves_no_row(extra):
    """Age or score minus 60: all five rows are the same."""
    one, other = (tr.interaction(both_arms(shift), adjust=extra) for shift in (0.0, -60.0))
    for a, b in zip(one.effects, other.effects, strict=True):
        assert a.log_estimate == pytest.approx(b.log_estimate, rel=1e-6, abs=1e-8)
        assert a.se == pytest.approx(b.se, rel=1e-6)


def test_a_treatment_effect_with_a_product_is_that_at_the_mean():
    """Treatment x score in a model of treatment: the row is the effect at the mean score, wherever that counts from."""

    def plain(shift):
        s = both_arms(shift)
        return treatment_effect(replace(s, marker=""), adjust=["score", "treatment:score"]).effect

    assert plain(0.0).log_estimate == pytest.approx(plain(-60.0).log_estimate, rel=1e-6)
    assert plain(0.0).adjusted_for == ("score", "treatment:score")


def test_standardised_risks_follow_the_centred_product():
    """Risks by treatment from a model with treatment x score are those of the raw product."""
    s = replace(both_arms(), marker="")
    fit = treatment_effect(s, adjust=["score", "treatment:score"])
    moved = treatment_effect(replace(both_arms(-60.0), marker=""), adjust=["score", "treatment:score"])
    a, b = (tr.standardise(f, times=[24], m=20).risks["risk"] for f in (fit, moved))
    np.testing.assert_allclose(a, b, rtol=1e-6)
    rows = pd.DataFrame({"t": (s.frame["treatment"] == "treated").astype(float), "score": s.frame["score"]})
    from tamoxres.models.standardise import set_levels

    world = set_levels(fit.design, {"treatment": "treated"})
    np.testing.assert_allclose(
        world[:, fit.design.term("treatment:score").columns[0]], rows["score"] - rows["score"].mean(), atol=1e-9
    )
    with pytest.raises(AnalysisError, match="stratum"):
        tr.standardise(treatment_effect(s, adjust=["treatment:site"], strata=["site"]), times=[24], m=20)


def test_treatment_stays_among_the_adjusters():
    """A marker's row says whether treatment is in its model; without it both arms together are not prognostic."""
    s = both_arms()
    adjusted = tr.cox(s, adjust=["treatment", "score"]).effect
    assert (adjusted.estimand, adjusted.adjusted_for) == ("prognostic", ("treatment", "score"))
    assert not adjusted.flagged("arms_mixed")
    mixed = tr.cox(s, adjust=["score"]).effect
    assert (mixed.estimand, mixed.adjusted_for) == ("", ("score",))
    assert mixed.flagged("arms_mixed")
    assert tr.cox(s, strata=["treatment"]).effect.estimand == "prognostic"
    assert tr.interaction(s, adjust=["score"]).ratio.adjusted_for == ("score",)
