"""Who was assayed: weights by hand, a simulated truth recovered, positivity refused, and every estimator's answer."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest

import tamoxres as tr
from tamoxres.cli import main
from tamoxres.cohort import NOT_ASSAYED, Cohort
from tamoxres.errors import AnalysisError, QuestionError
from tamoxres.models.firth import firth

BOTH = {"endpoint": "BCSS", "er": "any", "treatment": "any"}
CLOSED = 1e-8  # relative; a saturated logistic regression gives the shares of its levels


@cache
def whole(n: int = 3000) -> Cohort:
    """Patients in whom high grade goes with the marker and with death."""
    return tr.simulate(n, truth=tr.Truth(hr_grade=2.5, hr_marker=1.6, scale=200.0), seed=11)


@cache
def part() -> Cohort:
    """The same, with the marker known in 15, 40 and 80% of grades 1, 2 and 3: tissue was left of large tumours."""
    return known_where(whole(), np.random.default_rng(4).random(3000) < grades(whole()).map({1: 0.15, 2: 0.4, 3: 0.8}))


def grades(cohort: Cohort) -> pd.Series:
    return cohort.patients["grade"]


def known_where(cohort: Cohort, known: np.ndarray) -> Cohort:
    """The cohort with the marker not assayed in the others."""
    [call] = cohort.markers
    return replace(cohort, markers=(replace(call, values=call.values.where(np.asarray(known), NOT_ASSAYED)),))


def test_weights_of_one_factor_are_those_by_hand() -> None:
    """Post-stratification: each grade's weight is its share of all over its share of the assayed."""
    found = tr.assay_weights(part(), marker="MARKER", covariates="factor(grade)", **BOTH)
    frame, everyone = found.analysis.frame, tr.select(part(), **BOTH).frame
    for grade in (1, 2, 3):
        here, there = (frame["grade"] == grade).to_numpy(), (everyone["grade"] == grade).to_numpy()
        expected = there.mean() / here.mean()
        assert frame["sampling_weight"].to_numpy()[here] == pytest.approx(expected, rel=CLOSED)
    assert found.weights.sum() == pytest.approx(len(frame), rel=CLOSED)
    assert found.balance["weighted"].to_numpy() == pytest.approx(found.balance["all"].to_numpy(), rel=CLOSED)
    assert found.balance["smd_after"].abs().max() < 1e-8
    assert found.balance["smd_before"].abs().max() > 0.3
    w = found.weights
    assert found.ess == pytest.approx(w.sum() ** 2 / (w**2).sum())
    assert found.known.sum() == len(frame) == found.analysis.n


def test_the_risk_of_all_is_recovered() -> None:
    """Deaths of breast cancer by 10 years: among the assayed too many, among the weighted those of all."""
    at = {}
    found = tr.assay_weights(part(), marker="MARKER", covariates="factor(grade)", **BOTH)
    everyone, assayed = (tr.select(one, marker="MARKER", **BOTH) for one in (whole(), part()))
    for name, analysis in (("all", everyone), ("assayed", assayed), ("weighted", found.analysis)):
        rows = tr.cumulative_incidence(analysis).at([120])
        rows = rows[rows["cause"] == "BCSS"].set_index("group")
        at[name] = rows["estimate"], rows["se"]
    for group in ("altered", "unaltered"):
        truth = at["all"][0][group]
        assert at["assayed"][0][group] - truth > 2 * at["assayed"][1][group]
        assert abs(at["weighted"][0][group] - truth) < 2 * at["weighted"][1][group]


def test_cox_and_interaction_take_the_weights() -> None:
    """They equal a fit with the same numbers as sampling weights; the rows say that they are weighted, and by what."""
    found = tr.assay_weights(part(), marker="MARKER", covariates=["grade", "age"], **BOTH)
    chosen = tr.select(part(), marker="MARKER", **BOTH)
    declared = replace(chosen, frame=chosen.frame.assign(sampling_weight=found.analysis.frame["sampling_weight"]))
    for fit in (tr.cox, tr.interaction):
        one, other = fit(found.analysis, adjust="age").effect, fit(declared, adjust="age").effect
        assert (one.log_estimate, one.se) == (other.log_estimate, other.se)
        assert (one.se_kind, one.p_kind) in {("robust", "wald"), ("robust", "")}
        assert one.flagged("assay_weights")
        assert not other.flagged("assay_weights")
    assert "inverse of the probability of being assayed" in tr.cox(found.analysis).table().to_markdown()
    with pytest.raises(AnalysisError, match="takes no sampling weights"):
        firth(found.analysis)


def test_the_hazard_ratio_of_all_is_covered() -> None:
    """Selection by death (cases were sought): weighted intervals cover the ratio of all in at least 7 of 8 sets."""
    covered, plain = 0, 0
    for seed in range(8):
        cohort = tr.simulate(600, truth=tr.Truth(hr_grade=2.0, hr_marker=1.8, scale=150.0), seed=100 + seed)
        truth = tr.cox(tr.select(cohort, marker="MARKER", **BOTH)).effect.log_estimate
        dead = (cohort.patients["BCSS_event"] == 1).to_numpy()
        share = np.where(dead, 0.9, 0.3)
        some = known_where(cohort, np.random.default_rng(seed).random(600) < share)
        some = replace(some, patients=some.patients.assign(died=np.where(dead, "yes", "no")))
        row = tr.cox(tr.assay_weights(some, marker="MARKER", covariates="died", **BOTH).analysis).effect
        low, high = row.log_estimate - 1.96 * row.se, row.log_estimate + 1.96 * row.se
        covered += low <= truth <= high
        plain += row.log_estimate != tr.cox(tr.select(some, marker="MARKER", **BOTH)).effect.log_estimate
    assert covered >= 7
    assert plain == 8


def test_weights_are_cut_by_name() -> None:
    """At a quantile: none lies above it, the others stay, and the words say so."""
    free = tr.assay_weights(part(), marker="MARKER", covariates="grade", **BOTH)
    cut = tr.assay_weights(part(), marker="MARKER", covariates="grade", truncate=0.9, **BOTH)
    limit = np.quantile(free.weights, 0.9)
    assert cut.weights.max() == pytest.approx(limit)
    assert cut.weights == pytest.approx(np.minimum(free.weights, limit))
    assert "cut at their quantile 0.9" in str(cut)
    assert "cut" not in str(free)
    assert "SMD after" in cut.table().to_markdown()
    assert str(found := free).startswith(f"MARKER known in {int(found.known.sum()):,} of 3,000 patients")


def test_refusals() -> None:
    """Nobody of a grade, next to nobody of an age, everybody, no covariates, no quantile, covariates that tell all."""
    text = part().patients.assign(size=grades(part()).map({1: "small", 2: "middle", 3: "large"}))
    none = known_where(replace(whole(), patients=text), (grades(whole()) > 1).to_numpy())
    with pytest.raises(AnalysisError, match=r"none of the \d+ patients with size == small was assayed.*size != small"):
        tr.assay_weights(none, marker="MARKER", covariates="size", **BOTH)
    with pytest.raises(QuestionError, match="known in all 3,000 patients"):
        tr.assay_weights(whole(), marker="MARKER", covariates="age", **BOTH)
    with pytest.raises(QuestionError, match="need covariates"):
        tr.assay_weights(part(), marker="MARKER", covariates=(), **BOTH)
    with pytest.raises(QuestionError, match="quantile"):
        tr.assay_weights(part(), marker="MARKER", covariates="grade", truncate=0.3, **BOTH)
    old = (whole().patients["age"] > 60).to_numpy()
    with pytest.raises(AnalysisError, match="tell apart who was"):
        tr.assay_weights(known_where(whole(), old), marker="MARKER", covariates="age", **BOTH)
    age = whole().patients["age"].to_numpy()
    rare = np.random.default_rng(3).random(3000) < 1 / (1 + np.exp(-(age - 70) / 4))
    few = known_where(whole(), rare | (np.arange(3000) % 300 == 0))
    with pytest.raises(AnalysisError, match="would stand for more than 100"):
        tr.assay_weights(few, marker="MARKER", covariates="age", **BOTH)


def test_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    """`tamoxres assayed` prints the balance, and the weighted answer as rows."""
    asked = ["assayed", "metabric", "--marker", "HER2", "--rule", "three_gene", "--endpoint", "BCSS"]
    asked += ["--covariates", "age,npi", "--adjust", "age"]
    with pytest.raises(SystemExit) as left:
        main(asked)
    assert left.value.code in (0, None)
    told = capsys.readouterr().out
    assert "SMD after" in told
    assert "HER2 known in" in told
    with pytest.raises(SystemExit):
        main([*asked, "--format", "json"])
    rows = json.loads(capsys.readouterr().out)
    rows = rows["effects"] if isinstance(rows, dict) else rows
    assert (rows[0]["weights"], rows[0]["se_kind"]) == ("sampling", "robust")
    assert "assay_weights" in rows[0]["flags"]
