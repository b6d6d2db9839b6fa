"""The robustness panel: each check against R, on METABRIC's real files, on nulls, and what may be said of them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from io import StringIO
from pathlib import Path
from typing import get_args

import numpy as np
import pandas as pd
import pytest
from public_data import REFERENCE, analysis_of, answers, gbsg, metabric

import tamoxres as tr
from tamoxres.answers.answer import answer, checked
from tamoxres.answers.robustness import Robustness
from tamoxres.calibrate import calibration
from tamoxres.calibrate.sites import OfSites
from tamoxres.cohort import Cohort, Source
from tamoxres.cohorts.profiles import MatrixProfile
from tamoxres.effects import EffectEstimate
from tamoxres.endpoints import BCSS
from tamoxres.errors import AnalysisError, QuestionError
from tamoxres.inference.panel import (
    CheckName,
    Member,
    Panel,
    judge_calibrated,
    judge_continuous,
    judge_control,
    judge_refit,
)
from tamoxres.inference.verdict import LABELS
from tamoxres.models.marker_level import measured_by
from tamoxres.models.negative_control import other_deaths
from tamoxres.reporting.chapters.markers import marker_sections
from tamoxres.reporting.gather import gather
from tamoxres.reporting.page import Part, TableBlock
from tamoxres.reporting.plan import read_plan
from tamoxres.scan.calibrated import batch_differences
from tamoxres.tables.baseline import smd_levels
from tamoxres.wording.checks import CHECKS

ITERATED = 1e-7  # relative, between two programs that iterate
R = answers("robustness")
ASKED = ("age", "npi", "chemotherapy")


def made(chosen: str = "", *, site: bool = True, agent: bool = True, gene: str = "MTOR") -> Cohort:
    """The reference's made-up patients as a cohort, MTOR (or the gene it is taken for) and 260 others as a profile."""
    table = pd.read_csv(REFERENCE / "robustness" / "patients.csv.gz").set_index("patient")
    levels = table.drop(columns=["months", "event", "treated", "agent", "site", "age"]).astype(float)
    levels = levels.rename(columns={"MTOR": gene})
    patients = pd.DataFrame(
        {
            "BCSS_months": table["months"], "BCSS_event": table["event"], "age": table["age"], "er": "positive",
            "endocrine": np.where(table["treated"] == 1, "yes", "no"),
        },
        index=table.index,
    )  # fmt: skip
    if site:
        patients["site"] = table["site"]
    if agent:
        patients["endocrine_agent"] = table["agent"]
    profile = MatrixProfile(
        kind="mrna", assay="made", unit="counts", chosen=chosen, names=lambda: frozenset(levels),
        read=lambda genes: levels[list(genes)],
    )  # fmt: skip
    return Cohort(
        name="made", title="Made", patients=patients, raw=patients.astype(str), endpoints=(BCSS,), profiles=(profile,),
        sources=(Source(name="made", citation="tests", licence="none"),), treatment_specificity="mixed_by_name",
    )  # fmt: skip


def selected(cohort: Cohort, marker: str = "MTOR", rule: str = "mrna_high") -> tr.AnalysisSet:
    """Both arms, MTOR above the median."""
    called = tr.call(cohort, marker, rule=rule)
    return tr.select(called, marker=marker, endpoint="BCSS", treatment="any")


@cache
def whole() -> Robustness:
    """The panel of the reference's patients."""
    return tr.robustness(selected(made()), adjust="age", strata="site")


@pytest.mark.parametrize("name", list(CHECKS))
def test_each_check_against_r(name: str) -> None:
    """Every member's log ratio and standard error, and the likelihood-ratio P where it has one, are R's."""
    expected = R["calibrated" if name == "calibrated_p" else name]
    row = whole().panel.member(name).rows[0]
    assert row.log_estimate == pytest.approx(expected["log"], rel=ITERATED)
    assert row.se == pytest.approx(expected["se"], rel=ITERATED)
    if "p" in expected:
        assert row.p_value == pytest.approx(expected["p"], rel=1e-6), "of a difference of two likelihoods near 1,500"
    assert f"check_{name}" in row.flags


def test_the_rest_against_r() -> None:
    """The ratio itself, the ratio of the two ratios, and the empirical null with and without matching are R's."""
    found = whole()
    assert found.effect.log_estimate == pytest.approx(R["main"]["log"], rel=ITERATED)
    contrast = found.panel.member("negative_control").rows[1]
    expected = R["ratio_of_ratios"]
    assert (contrast.log_estimate, contrast.se) == pytest.approx((expected["log"], expected["se"]), rel=ITERATED)
    null, own = found.calibration.null, R["calibrated"]
    assert (null.mean, null.sd, null.genes) == pytest.approx((own["mean"], own["sd"], own["genes"]), rel=ITERATED)
    assert found.calibration.smd == pytest.approx(own["smd"], rel=1e-9)
    assert found.calibration.genes["gene"].tolist() == R["kept"]
    assert found.calibration.genes["z"].to_numpy() == pytest.approx(np.array(R["z"]), rel=1e-6, abs=1e-7)
    assert found.calibration.genes["smd"].to_numpy() == pytest.approx(np.array(R["smd"]), rel=1e-9)
    unmatched = tr.calibrated_interaction(selected(made()), adjust="age", strata="site")
    assert unmatched.effect.p_value == pytest.approx(R["unmatched"]["p"], rel=1e-6)
    assert unmatched.null.genes == R["unmatched"]["genes"]


def test_weights_in_each_level_against_r() -> None:
    """The two weighted hazard ratios of treatment, whose ratio is the weighted interaction."""
    found = tr.weighted_interaction(selected(made()), adjust=["age", "treatment:age", "site"])
    for row, name in ((found.altered, "altered"), (found.unaltered, "unaltered")):
        expected = R["overlap_weights"][name]
        assert (row.log_estimate, row.se) == pytest.approx((expected["log"], expected["se"]), rel=ITERATED)
    assert (found.ratio.weights, found.ratio.se_kind, found.ratio.p_kind) == ("overlap", "robust", "wald")
    assert found.ratio.n == found.altered.n + found.unaltered.n
    assert "effective sample size" in found.table().to_csv()


def test_mtor_of_metabric(shared: Path) -> None:
    """METABRIC's MTOR: the issue's numbers; what it divides after rounding is here divided before."""
    cohort = tr.call(tr.load("metabric", data_dir=shared / "cohorts"), "MTOR")
    both = tr.select(cohort, marker="MTOR", endpoint="BCSS", treatment="any")
    found = tr.robustness(both, adjust=ASKED, strata="site")
    told = {m.name: [(round(r.estimate, 2), round(r.p_value, 3)) for r in m.rows] for m in found.panel.members}
    assert (round(found.effect.estimate, 2), round(found.effect.p_value, 3)) == (2.06, 0.002)
    assert told["treatment_by_site"] == [(1.84, 0.011)]
    assert told["cut_within_batch"] == [(1.74, 0.015)]
    assert told["overlap_weights"] == [(1.91, 0.019)]
    control, contrast = found.panel.member("negative_control").rows
    assert [round(x, 2) for x in (control.estimate, *control.ci())] == [1.40, 0.90, 2.18]
    # 2.0559/1.4042; from the rounded 2.06, 1.40 and their intervals it would be 1.47 (0.78-2.78)
    assert [round(x, 2) for x in (contrast.estimate, *contrast.ci())] == [1.46, 0.78, 2.75]
    assert round(2.06 / 1.40, 2) == 1.47
    of_rounded = tr.e_value(EffectEstimate.from_ci(2.06, 1.31, 3.22, study="a", estimand="interaction"))
    assert (round(of_rounded.point, 2), round(of_rounded.point_opposite, 2)) == (3.54, 2.23)
    assert found.panel.e_value.point == pytest.approx(3.53, abs=0.005)
    assert {m.name: m.outcome for m in found.panel.members} == {
        "treatment_by_site": "agrees", "treatment_by_covariates": "agrees", "cut_within_batch": "agrees",
        "continuous_marker": "agrees", "overlap_weights": "agrees", "tamoxifen_by_name": "not_available",
        "negative_control": "uninformative", "calibrated_p": "not_available",
    }  # fmt: skip
    assert found.label == "interaction seen, treatment not randomised; not checked: tamoxifen by name, calibrated P"
    assert "cancer panel" in found.table().to_markdown()
    assert found.calibration.count == 489


def test_ask_tells_what_the_panel_says(shared: Path) -> None:
    """The label of an interaction alone says that no panel was run; that of an answer, how it came out."""
    cohort = tr.load("metabric", data_dir=shared / "cohorts")
    question = tr.Question(marker="MTOR", endpoint="BCSS", estimand="interaction", adjust=ASKED, strata=("site",))
    plain = answer(cohort, question)
    assert plain.verdict.label == "interaction seen, treatment not randomised; robustness panel not run"
    rows = tr.ask(cohort, question)
    assert (
        rows.verdict.label == "interaction seen, treatment not randomised; not checked: tamoxifen by name, calibrated P"
    )
    assert list(rows) == list(plain.rows)
    assert rows.verdict.label in str(rows)
    assert rows.verdict.label in rows._repr_html_()
    assert "Robustness panel: agree: treatment x site" in rows.verdict.sentence
    assert checked(plain).robustness.panel == rows.verdict.robustness


def test_a_null_has_its_panel() -> None:
    """HER2 in METABRIC: no interaction is seen, and none by the checks; answers run the panel only when asked to."""
    question = tr.Question(marker="HER2", endpoint="BCSS", estimand="interaction", adjust=ASKED, strata=("site",))
    found = answer(tr.load("metabric"), question)
    assert checked(found) is found
    with_panel = checked(found, nulls=True)
    assert with_panel.verdict.label == found.verdict.label
    panel = with_panel.robustness.panel
    assert panel.of("agrees") == ("treatment_by_site", "treatment_by_covariates", "overlap_weights")
    assert panel.member("negative_control").outcome == "uninformative"
    assert panel.member("continuous_marker").why == "the marker's rule cuts no measured level"
    assert "E-value" not in panel.table().to_markdown(), "there is nothing to explain away"
    assert "Robustness panel" not in with_panel.verdict.sentence, "none is seen, and no check sees one"
    against = replace(panel, members=(replace(panel.members[0], outcome="differs"), *panel.members[1:]))
    assert "differ: treatment x site" in replace(found.verdict, robustness=against).sentence


def row(log: float, se: float = 0.2, p: float | None = None) -> EffectEstimate:
    """An interaction's row."""
    return EffectEstimate(study="a", label="A", marker="M", endpoint="BCSS", estimand="interaction", log_estimate=log,
                          se=se, p_value=p, design="observational")  # fmt: skip


SEEN, NULL = row(0.6), row(0.1)


@pytest.mark.parametrize(
    ("ratio", "refit", "smallest", "outcome"),
    [
        (SEEN, row(0.4), 10, "agrees"),  # two thirds remain
        (SEEN, row(0.39), 10, "differs"),
        (SEEN, row(-0.6), 10, "differs"),
        (SEEN, row(0.9), 10, "agrees"),
        (SEEN, row(0.4), 4, "uninformative"),
        (NULL, row(0.2), 10, "agrees"),
        (NULL, row(0.5), 10, "differs"),
        (row(-0.6), row(-0.5), 10, "agrees"),
    ],
)
def test_refits_are_judged(ratio: EffectEstimate, refit: EffectEstimate, smallest: int, outcome: str) -> None:
    """By sign and share of the log ratio; of a null, by whether the refit sees one."""
    assert judge_refit(ratio, refit, smallest=smallest) == outcome


@pytest.mark.parametrize(
    ("ratio", "other", "outcome"),
    [
        (SEEN, row(0.3, 0.18), "agrees"),  # P 0.096
        (SEEN, row(0.3, 0.2), "differs"),  # P 0.13
        (SEEN, row(-0.5), "differs"),
        (NULL, row(0.3, 0.18), "differs"),
        (NULL, row(0.3, 0.2), "agrees"),
    ],
)
def test_the_continuous_marker_is_judged(ratio: EffectEstimate, other: EffectEstimate, outcome: str) -> None:
    """By sign and P below 0.10."""
    assert judge_continuous(ratio, other) == outcome


@pytest.mark.parametrize(
    ("ratio", "p", "log", "outcome"),
    [
        (SEEN, 0.05, 0.5, "agrees"), (SEEN, 0.051, 0.5, "differs"), (SEEN, 0.01, -0.5, "differs"),
        (NULL, 0.01, 0.5, "differs"), (NULL, 0.5, 0.1, "agrees"),
    ],
)  # fmt: skip
def test_the_calibrated_p_is_judged(ratio: EffectEstimate, p: float, log: float, outcome: str) -> None:
    """At most alpha, and on the side of the interaction."""
    assert judge_calibrated(ratio, row(log, p=p)) == outcome


@pytest.mark.parametrize(
    ("ratio", "control", "contrast", "outcome"),
    [
        (SEEN, row(0.5), row(0.1, 0.3), "differs"),  # the same on deaths that it cannot concern
        (SEEN, row(-0.5), row(1.1, 0.3), "agrees"),
        (SEEN, row(0.0), row(0.6, 0.28), "agrees"),
        (SEEN, row(0.3), row(0.3, 0.3), "uninformative"),
        (NULL, row(0.5), row(-0.4, 0.3), "differs"),
        (NULL, row(0.1), row(0.0, 0.3), "uninformative"),
    ],
)
def test_the_negative_control_is_judged(
    ratio: EffectEstimate, control: EffectEstimate, contrast: EffectEstimate, outcome: str
) -> None:
    """Against where it shows the same, for only where the two differ."""
    assert judge_control(ratio, control, contrast, smallest=10) == outcome
    assert judge_control(ratio, control, contrast, smallest=4) == "uninformative"


def panel(**outcomes: str) -> Panel:
    """A panel whose checks agree unless said otherwise."""
    return Panel(
        ratio=SEEN, members=tuple(Member(name=name, outcome=outcomes.get(name, "agrees"), reason="no_level"
        if outcomes.get(name) == "not_available" else "") for name in get_args(CheckName)),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("outcomes", "suffix"),
    [
        ({}, "robust to the checks made"),
        ({"negative_control": "uninformative", "tamoxifen_by_name": "not_available"}, "robust to the checks made"),
        ({"treatment_by_site": "not_available"}, "robust to the checks made"),
        ({"overlap_weights": "differs"}, "not robust to overlap weights"),
        (
            {"overlap_weights": "differs", "cut_within_batch": "differs", "calibrated_p": "not_available"},
            "not robust to cut within batch, overlap weights; not checked: calibrated P",
        ),
        ({"calibrated_p": "not_available"}, "not checked: calibrated P"),
        ({"overlap_weights": "uninformative"}, "undecided: overlap weights"),
        (
            {"treatment_by_site": "not_available", "treatment_by_covariates": "not_available"},
            "not checked: treatment x site, treatment x covariates",
        ),
    ],
)
def test_what_robust_takes(outcomes: dict[str, str], suffix: str) -> None:
    """Nothing differs, and treatment x site or covariates, weights and calibrated P agree."""
    found = panel(**outcomes)
    assert found.suffix == suffix
    assert found.robust == (suffix == "robust to the checks made")
    assert "nan" not in found.table().to_markdown()


def test_names_and_labels_are_one_list() -> None:
    """Codes of checks are the same in rules and words; a label goes on only where an interaction is seen."""
    assert get_args(CheckName) == tuple(CHECKS)
    verdict = tr.interaction(metabric(treatment="any")).verdict
    assert replace(verdict, robustness=panel()).label == verdict.finding
    assert verdict.finding in LABELS
    assert all(f"check_{name}" in tr.EffectEstimate(study="a", log_estimate=0.1, se=1, flags=(f"check_{name}",)).flags
               for name in CHECKS)  # fmt: skip


def test_what_cannot_be_checked_says_why() -> None:
    """Without site, drug, level or other deaths each check keeps its place, with its reason."""
    found = tr.robustness(selected(made(site=False, agent=False)), adjust="age").panel
    assert found.member("treatment_by_site").why == "the file names no site or batch"
    assert found.member("tamoxifen_by_name").why == "the file does not name the drug"
    assert found.member("cut_within_batch").reason == "no_batch"
    assert found.member("calibrated_p").outcome != "not_available", "without a site all genes are comparable"
    bare = tr.robustness(replace(analysis_of(**few()), marker="M")).panel
    assert bare.member("treatment_by_covariates").reason == "no_covariates"
    assert bare.member("negative_control").reason == "no_other_deaths"
    assert bare.member("tamoxifen_by_name").reason == "already_by_name"
    assert "tamoxifen_by_name" not in bare.unchecked


def few() -> dict[str, object]:
    """Forty patients in four groups."""
    draw = np.random.default_rng(5)
    return {
        "months": draw.exponential(50, 240).round(1) + 0.1, "event": draw.integers(0, 2, 240),
        "marker": draw.integers(0, 2, 240) == 1, "endocrine": np.where(draw.integers(0, 2, 240) == 1, "yes", "no"),
    }  # fmt: skip


def test_levels_cut_anew() -> None:
    """Within each site half are altered; a threshold is one of the site's own standard deviations."""
    both = selected(made())
    cut = tr.cut_within(both, "site")
    share = (cut.frame["marker"] == "altered").groupby(cut.frame["site"]).mean()
    assert share.between(0.4, 0.5).all(), "ties lie at the median"
    assert "cut_within_batch" in tr.interaction(cut).effect.flags
    apart = (both.frame["marker"] == "altered").groupby(both.frame["site"]).mean()
    assert apart.max() - apart.min() > 0.3
    rule = replace(measured_by(both), threshold=0.5)
    levels = rule.measure(both.cohort)
    assert rule.beyond(levels).mean() == pytest.approx((levels >= 0.5).mean())
    with pytest.raises(AnalysisError, match="cuts no measured level"):
        tr.cut_within(metabric(treatment="any"))
    with pytest.raises(QuestionError, match="has no column 'hospital'"):
        tr.cut_within(both, "hospital")


def test_low_is_turned() -> None:
    """For a rule that calls low levels altered, the uncut level is turned: one more standard deviation lower."""
    both = selected(made())
    level = tr.level_interaction(both, adjust="age", strata="site").ratio
    assert (level.scale, level.contrast, level.p_kind, level.ci_kind) == ("per_sd", "per SD", "lrt", "profile")
    assert level.adjusted_for == ("age",)
    low = selected(made(gene="PTEN"), "PTEN", "mrna_low")
    turned = tr.level_interaction(low, adjust="age", strata="site").ratio
    assert turned.log_estimate == pytest.approx(-level.log_estimate, rel=1e-9)
    within = tr.cut_within(low, "site").frame
    levels = measured_by(low).measure(low.cohort).groupby(within["site"])
    assert ((within["marker"] == "altered") == (levels.transform(lambda x: x < x.median()))).all()


def test_other_deaths_are_the_control() -> None:
    """Events change places with other deaths; overall survival takes them from breast-cancer-specific survival."""
    both = selected(made())
    control = other_deaths(both)
    assert control.events == int((both.frame["event"] == 2).sum())
    assert (control.frame["event"] == 2).sum() == both.events
    assert other_deaths(gbsg()) is None
    her2 = tr.select(tr.call(tr.load("metabric"), "HER2"), marker="HER2", endpoint="OS", treatment="any")
    by_os, by_bcss = (tr.negative_control(one) for one in (her2, metabric(treatment="any")))
    assert by_os.ratio.log_estimate == pytest.approx(by_bcss.ratio.log_estimate, abs=0.02), "a few causes are unknown"
    assert by_os.contrast.se == pytest.approx(math.hypot(by_os.asked.judged.se, by_os.ratio.se), rel=1e-12)
    with pytest.raises(AnalysisError, match="does not tell deaths of other causes apart"):
        tr.negative_control(replace(gbsg(), marker="M"))


def test_genes_of_a_chosen_panel_are_no_nulls() -> None:
    """A panel is named as such; genes that are named as nulls are taken at their word; too few say so."""
    both = selected(made(chosen="cancer panel"))
    found = tr.calibrated_interaction(both, adjust="age")
    assert (found.calibrated, found.reason, found.count) == (None, "panel", 261)
    assert "261 genes of a chosen panel (cancer panel) are no set of nulls" in str(found)
    assert len(found.effects) == 1
    named = [f"G{i:03d}" for i in range(1, 261)]
    assert tr.calibrated_interaction(both, adjust="age", genes=named).null.genes > 200
    few_genes = tr.calibrated_interaction(both, adjust="age", genes=named[:150])
    assert str(few_genes) == "no calibrated P: 150 genes can be called and fitted alike; an empirical null takes 200"
    with pytest.raises(QuestionError, match="A product with the marker has no like"):
        tr.calibrated_interaction(both, adjust=["age", "marker:age"])


def test_the_empirical_null_by_hand() -> None:
    """Median and median absolute deviation; a spread below 1 never narrows the interval."""
    narrow = tr.empirical_null([-0.2, -0.1, 0.0, 0.1, 0.2])
    assert (narrow.mean, narrow.sd, narrow.spread) == pytest.approx((0.0, 1.0, 0.1482602218505602))
    wide = tr.empirical_null(np.random.default_rng(3).normal(0.5, 2.0, 100_000))
    assert (wide.mean, wide.sd) == pytest.approx((0.5, 2.0), abs=0.03)


def test_on_the_command_line(run: Callable[..., tuple[int, str, str]]) -> None:
    """The table with reasons and verdict, or the rows of all checks."""
    asked = (
        "robustness",
        "metabric",
        "--marker",
        "HER2",
        "--endpoint",
        "BCSS",
        "--adjust",
        "age,npi",
        "--strata",
        "site",
    )
    code, out, _ = run(*asked)
    assert code == 0
    assert "treatment x covariates" in out
    assert "- Tamoxifen by name: the file does not name the drug." in out
    assert "Verdict: prognostic; interaction inconclusive" in out
    code, out, _ = run(*asked, "--format", "csv")
    rows = pd.read_csv(StringIO(out))
    assert code == 0
    assert rows["flags"].str.contains("check_overlap_weights").sum() == 1
    assert rows["endpoint"].tolist().count("other_cause_death") == 1


PLAN = """
title = "A panel"
[[markers]]
cohort = "metabric"
markers = ["HER2"]
rules = ["default"]
endpoints = ["BCSS", "OS"]
adjust_interaction = ["age"]
strata = ["site"]
robustness = {}
"""


@pytest.mark.parametrize(("key", "panels"), [("true", 1), ("false", 0)])
def test_in_a_plan(tmp_path: Path, key: str, panels: int) -> None:
    """A plan's leading interaction has its panel, nulls too, unless it says otherwise; its rows go into the files."""
    file = tmp_path / "plan.toml"
    file.write_text(PLAN.format(key))
    findings = gather(read_plan(file))
    with_panel = [case for case in findings.cases if case.robustness is not None]
    assert len(with_panel) == panels
    assert all(case.leading for case in with_panel)
    flags = {flag for case in findings.cases for row in case.effects for flag in row.flags}
    assert ("check_overlap_weights" in flags) == bool(panels)
    parts = [part for section in marker_sections(findings) for part in section.blocks]
    blocks = [block for part in parts for block in (part.blocks if isinstance(part, Part) else (part,))]
    tables = [block for block in blocks if isinstance(block, TableBlock)]
    own = [block for block in tables if block.name == "robustness-metabric-her2-snp6_gain-bcss"]
    assert len(own) == panels


def test_association_with_batch_is_that_of_tables() -> None:
    """Many genes at once give what `smd_levels` gives of one; a batch that parts the groups wholly is infinite."""
    draw = np.random.default_rng(2)
    groups, called = draw.integers(0, 4, 300), draw.integers(0, 2, (300, 5)).astype(float)
    called[:20, 1] = np.nan
    called[:, 4] = groups == 2
    found = batch_differences(groups, called)
    for i in range(5):
        shares = [np.bincount(groups[called[:, i] == level], minlength=4) for level in (1, 0)]
        expected = smd_levels(*(counts / counts.sum() for counts in shares))
        assert found[i] == pytest.approx(expected, rel=1e-9)
    assert math.isinf(found[4])


@pytest.mark.parametrize(("treatment", "patients", "expected"), [("any", 1444, 0.7358), ("endocrine", 1065, 0.7624)])
def test_mtor_goes_with_site(shared: Path, treatment: str, patients: int, expected: float) -> None:
    """Yang and Dalton's difference by hand (a quadratic form of shares): 0.736, of the treated 0.762."""
    cohort = tr.call(tr.load("metabric", data_dir=shared / "cohorts"), "MTOR", rule="mrna_high")
    frame = tr.select(cohort, endpoint="BCSS", marker="MTOR", treatment=treatment).frame
    assert len(frame) == patients
    sites = sorted(frame["site"].unique())
    first, second = (
        np.array([(frame["site"][frame["marker"] == level] == site).mean() for site in sites[1:]])
        for level in ("altered", "unaltered")
    )
    spread = sum((np.diag(p) - np.outer(p, p)) / 2 for p in (first, second))
    by_hand = float(np.sqrt((first - second) @ np.linalg.solve(spread, first - second)))
    assert by_hand == pytest.approx(expected, abs=5e-5)
    groups = np.array([sites.index(site) for site in frame["site"]])
    called = (frame["marker"] == "altered").to_numpy(float)[:, None]
    assert batch_differences(groups, called)[0] == pytest.approx(by_hand, rel=1e-9)


def test_markers_of_sites_are_calibrated() -> None:
    """A few data sets of the scenario: the calibrated interval is the wider; without like genes the reason is told."""
    found = calibration(8, scenarios=["markers that go with site"], jobs=1)
    raw, calibrated, *_ = found.rows
    assert calibrated.model_se > raw.model_se
    assert [row.aim for row in found.rows].count("calibrated") == 1
    for twice in (OfSites(seed).twice for seed in range(3)):
        matched = int(twice.genes["matched"].sum())
        assert (twice.reason == "no_comparable_genes") == (matched < 100)
        assert (twice.null is None) == (matched < 100)


def test_the_committed_proof_holds() -> None:
    """The committed result: an exchangeable marker is called in 5 % within two errors, and the limit is printed."""
    text = (Path(__file__).parents[1] / "benchmarks" / "CALIBRATED_INTERACTIONS.md").read_text()
    assert ", within two Monte Carlo errors of 5%" in text
    assert "the method's limit" in text
