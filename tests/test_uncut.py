"""A marker that enters as a number, per unit, SD or doubling: equal to R, in its own words, refused where needed."""

from __future__ import annotations

import inspect
import json
import math
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import tamoxres as tr
from tamoxres.analysis.uncut import VALUE

REFERENCE = Path(__file__).resolve().parent / "reference" / "uncut"
R = json.loads((REFERENCE / "uncut.json").read_text(encoding="utf-8"))
CLOSE = {"rel": 1e-7, "abs": 1e-9}  # iterated: both stop at the maximum of double precision
MARKERS = {
    "ESR1": {"from": "er_fmol", "unit": "fmol/mg", "log": "none"},
    "NODES": {"from": "nodes", "unit": "nodes", "log": "none"},
    "ER": {"from": "er_fmol", "altered": ">= 10"},
}
SCALES = ("per_unit", "per_sd", "per_doubling")


def write_frames(shared: str, folder: str) -> None:
    """Write the patients of the real examples for R."""
    for name, chosen in (("metabric", metabric(shared)), ("tcga", tcga(shared))):
        columns = [VALUE, "months", "event", "entry", *(["age", "npi"] if name == "metabric" else [])]
        frame = chosen.frame[columns].rename(columns={VALUE: "value"})
        frame.assign(event=(frame["event"] == 1).astype(int)).to_csv(Path(folder) / f"{name}.csv", index=False)


def metabric(shared: Any, scale: str = "per_sd") -> tr.AnalysisSet:
    """Select METABRIC's ERBB2 mRNA among the treated."""
    cohort = tr.call(tr.load("metabric", data_dir=shared), "HER2", rule="erbb2_mrna")
    return tr.select(cohort, marker="HER2", endpoint="BCSS", scale=scale)


@cache
def rppa(shared: Any) -> tr.Cohort:
    """TCGA with its phosphorylated AKT by RPPA."""
    return tr.call(tr.load("tcga_brca", data_dir=shared), "AKT", rule="rppa_ps473")


def tcga(shared: Any, scale: str = "per_doubling") -> tr.AnalysisSet:
    """Select TCGA's phosphorylated AKT by RPPA."""
    return tr.select(rppa(shared), marker="AKT", endpoint="OS", treatment="any", er="any", scale=scale)


@pytest.fixture(scope="module")
def gbsg() -> tr.Cohort:
    """GBSG by a user's mapping, with numbers as markers."""
    patients = tr.load("gbsg").patients
    frame = patients[["er_fmol", "nodes", "age", "grade", "RFS_months", "RFS_event"]].assign(
        hormon=(patients["endocrine"] == "yes").astype(int), pid=patients.index
    )
    return tr.from_frame(
        frame, patient="pid", time="RFS_months", event="RFS_event", endpoint="RFS", treatment="hormon",
        markers=MARKERS, columns={name: name for name in ("age", "grade", "nodes")}, name="own", design="randomised",
    )  # fmt: skip


def chosen(cohort: tr.Cohort, marker: str, scale: str) -> tr.AnalysisSet:
    """Select everybody."""
    return tr.select(tr.call(cohort, marker), marker=marker, endpoint="RFS", er="any", treatment="any", scale=scale)


def same(row: tr.EffectEstimate, r: dict[str, float]) -> None:
    """Compare an effect row with R's coefficient."""
    assert row.log_estimate == pytest.approx(r["log_hr"], **CLOSE)
    assert row.se == pytest.approx(r["se"], **CLOSE)


@pytest.mark.parametrize(("marker", "scale"), [("ESR1", "per_unit"), ("ESR1", "per_sd"), ("NODES", "per_doubling")])
def test_hazard_ratios_are_rs(gbsg: tr.Cohort, marker: str, scale: str) -> None:
    """The coefficient per unit, per SD and per doubling is coxph's."""
    r = R["er" if marker == "ESR1" else "nodes"][scale]
    model = tr.cox(chosen(gbsg, marker, scale), adjust=["age"] + (["nodes"] if marker == "ESR1" else []))
    same(model.effect, r)
    assert model.loglik == pytest.approx(r["loglik"], **CLOSE)
    assert (model.effect.n, model.effect.events, model.effect.scale) == (r["n"], r["events"], scale)
    assert (model.effect.n_1, model.effect.n_0) == (None, None)


def test_per_sd_is_per_unit_times_sd(gbsg: tr.Cohort) -> None:
    """A change of unit is exact, whatever is adjusted for, and the SD is that of the patients selected."""
    unit, sd = (tr.cox(chosen(gbsg, "ESR1", scale), adjust=["age", "nodes"]) for scale in ("per_unit", "per_sd"))
    size = sd.analysis.uncut.size
    assert size == pytest.approx(R["er"]["sd"], rel=1e-12)
    assert size == pytest.approx(float(np.std(sd.analysis.frame[VALUE], ddof=1)), rel=1e-12)
    assert sd.effect.log_estimate == pytest.approx(unit.effect.log_estimate * size, rel=1e-9)
    assert sd.effect.se == pytest.approx(unit.effect.se * size, rel=1e-9)
    assert sd.effect.p_value == pytest.approx(unit.effect.p_value, rel=1e-7)
    assert tr.per_sd(unit.effect, sd=size).log_estimate == pytest.approx(sd.effect.log_estimate, rel=1e-9)
    assert sd.effects[1].log_estimate == pytest.approx(unit.effects[1].log_estimate, rel=1e-7)  # age


@pytest.mark.parametrize(("marker", "scale", "how"), [
    ("ESR1", "per_sd", {"adjust": "age", "strata": "grade"}), ("NODES", "per_doubling", {}),
])  # fmt: skip
def test_interactions_are_rs(gbsg: tr.Cohort, marker: str, scale: str, how: dict[str, str]) -> None:
    """Ratio, the marker in both arms, and treatment at both quartiles are sums of coxph's coefficients."""
    r = R["er" if marker == "ESR1" else "nodes"]["interaction"]
    found = tr.interaction(chosen(gbsg, marker, scale), **how)
    for name in ("ratio", "marker_treated", "marker_untreated", "treatment_altered", "treatment_unaltered"):
        same(getattr(found, name), r[name])
    assert found.ratio.p_value == pytest.approx(math.erfc(math.sqrt(r["chisq"] / 2)), rel=1e-6)
    assert (found.ratio.p_kind, found.ratio.ci_kind) == ("lrt", "profile")
    assert found.ratio.ci_low < found.ratio.estimate < found.ratio.ci_high
    assert [row.marker_level for row in found.effects] == ["", "", "", "upper_quartile", "lower_quartile"]
    assert [row.scale for row in found.effects] == [scale] * 3 + ["binary"] * 2
    assert found.cells["patients"].sum() == 686
    assert found.cells["events"].sum() == 299


def test_the_quartiles_are_told(gbsg: tr.Cohort) -> None:
    """Where treatment's hazard ratio stands is said in the marker's own unit."""
    found = tr.interaction(chosen(gbsg, "ESR1", "per_sd"))
    high, low = np.quantile(tr.load("gbsg").patients["er_fmol"], [0.75, 0.25])
    assert f"Upper quartile: {high:.3g} fmol/mg." in found.treatment_altered.note
    assert f"Lower quartile: {low:.3g} fmol/mg." in found.treatment_unaltered.note
    assert found.treatment_altered.within == "ESR1 at its upper quartile"
    assert found.treatment_altered.n == 686
    assert found.treatment_altered.n_1 == 246


@pytest.mark.parametrize(("scale", "words", "unit"), [
    ("per_unit", "per unit of ESR1 (fmol/mg)", "fmol/mg"), ("per SD", "per SD of ESR1 (153 fmol/mg)", "153 fmol/mg"),
])  # fmt: skip
def test_words(gbsg: tr.Cohort, scale: str, words: str, unit: str) -> None:
    """Rows, tables and verdicts name the unit, and never a level that nobody cut."""
    analysis = chosen(gbsg, "ESR1", scale)
    row = tr.cox(analysis).effect
    assert (row.contrast, row.scale_unit, row.variable, row.compared) == (words, unit, "ESR1", ("", ""))
    assert words in str(row)
    found = tr.interaction(analysis, adjust="age")
    told = [str(found.verdict), found.table().to_markdown(), str(row), str(tr.cox(analysis).table())]
    assert all("altered" not in text for text in told), told
    assert words in found.table().to_markdown()
    assert f"ESR1, {words.replace(' of ESR1', '')}" in tr.cox(analysis).table().to_markdown()


def test_the_verdict_speaks_of_the_number(gbsg: tr.Cohort) -> None:
    """What is seen, and what could have been seen, is per unit of the number."""
    found = tr.interaction(chosen(gbsg, "NODES", "per_doubling"))
    below, above = found.verdict.minimum_detectable
    reach = 2.8015854 * found.ratio.se
    assert (math.log(below), math.log(above)) == pytest.approx((-reach, reach), rel=1e-6)
    assert "per doubling" in found.verdict.sentence
    assert "NODES goes with HR" in found.verdict.sentence


def test_a_seen_interaction_has_a_direction() -> None:
    """With a strong product the sentence says which way the effect goes with the number, at both quartiles."""
    rng = np.random.default_rng(3)
    n = 1500
    x, treated = rng.normal(size=n), rng.integers(0, 2, n)
    time = rng.exponential(60 / np.exp(-0.9 * treated + 0.6 * treated * x))
    frame = pd.DataFrame(
        {"t": np.minimum(time, 90) + 0.1, "e": (time < 90).astype(int), "x": x.round(4), "arm": treated}
    )
    cohort = tr.from_frame(
        frame, time="t", event="e", endpoint="OS", treatment="arm", design="randomised", name="made",
        markers={"X": {"from": "x", "unit": "log2", "log": "log2"}},
    )  # fmt: skip
    analysis = tr.select(tr.call(cohort, "X"), marker="X", endpoint="OS", er="any", treatment="any", scale="per_sd")
    verdict = tr.interaction(analysis).verdict
    assert verdict.label == "interaction supported (randomised)"
    assert "is smaller the higher X is: HR" in verdict.sentence
    assert "at its lower quartile" in verdict.sentence
    assert "at its upper quartile" in verdict.sentence
    assert "altered" not in str(verdict)
    doubled = tr.select(tr.call(cohort, "X"), marker="X", endpoint="OS", er="any", treatment="any", scale="per_unit")
    assert tr.interaction(doubled).ratio.log_estimate == pytest.approx(0.6, abs=0.2)
    row = tr.select(tr.call(cohort, "X"), marker="X", endpoint="OS", er="any", treatment="any", scale="per_doubling")
    assert tr.cox(row).effect.log_estimate == pytest.approx(tr.cox(doubled).effect.log_estimate, rel=1e-12)


@pytest.mark.parametrize(("log", "size"), [("log2", 1.0), ("log10", math.log10(2)), ("ln", math.log(2))])
def test_a_doubling_knows_its_logarithm(log: str, size: float) -> None:
    """A doubling is 1 on a log2 scale, log10(2) and ln(2) on the others."""
    patients = tr.load("gbsg").patients
    frame = pd.DataFrame(
        {"t": patients["RFS_months"], "e": patients["RFS_event"].astype(int), "x": np.log(patients["nodes"]).round(9)}
    )
    cohort = tr.from_frame(
        frame, time="t", event="e", endpoint="RFS", markers={"X": {"from": "x", "unit": "arbitrary", "log": log}}
    )
    rows = [
        tr.cox(tr.select(cohort, marker="X", endpoint="RFS", er="any", treatment="any", scale=scale)).effect
        for scale in ("per_doubling", "per_unit")
    ]
    assert rows[0].log_estimate == pytest.approx(rows[1].log_estimate * size, rel=1e-9)
    assert (rows[0].scale_unit, rows[1].scale_unit) == ("", "arbitrary")
    assert rows[0].contrast == "per doubling of X"


def test_refusals(gbsg: tr.Cohort) -> None:
    """What is no number, has no doubling, or whose logarithm nobody told, is refused with the way out."""
    with pytest.raises(tr.TamoxresError, match=r"ESR1 is 0 or below in 82 patients \(least 0\).*per SD"):
        chosen(gbsg, "ESR1", "per_doubling")
    with pytest.raises(tr.TamoxresError, match=r'which logarithm.*log = "none".*\[markers.ER\]'):
        chosen(gbsg, "ER", "per_doubling")
    with pytest.raises(tr.TamoxresError, match=r"nothing says what is altered.*--scale 'per SD'"):
        chosen(gbsg, "ESR1", "binary")
    her2 = tr.call(tr.load("metabric"), "HER2")
    with pytest.raises(tr.TamoxresError, match="HER2 by snp6_gain is a status, not a number"):
        tr.select(her2, marker="HER2", endpoint="BCSS", scale="per_sd")
    with pytest.raises(tr.TamoxresError, match="unknown scale 'per litre'|per_litre"):
        tr.Question(marker="HER2", endpoint="OS", scale="per litre")
    with pytest.raises(tr.TamoxresError, match="is that of a marker"):
        tr.Question(endpoint="OS", estimand="treatment_effect", scale="per SD")
    assert tr.Question(marker="HER2", endpoint="OS", scale="per SD").scale == "per_sd"
    assert chosen(gbsg, "ER", "per_sd").n == chosen(gbsg, "ER", "binary").n


def test_a_mapping_needs_codes_or_a_unit() -> None:
    """A marker without codes needs the unit of a number; a text in a number column is told by row."""
    frame = pd.DataFrame({"t": [1.0, 2.0, 3.0], "e": [1, 0, 1], "x": ["5", "high", "7"]})
    with pytest.raises(tr.TamoxresError, match=r"markers.X.*altered is missing.*unit"):
        tr.load(frame, mapping={
            "columns": {"patient": "t"}, "markers": {"X": {"from": "x"}},
            "endpoints": {"OS": {"time": "t", "unit": "months", "event": "e", "event_values": [1],
                                 "censored_values": [0]}},
        })  # fmt: skip
    with pytest.raises(tr.TamoxresError, match="'high' is not a number"):
        tr.from_frame(frame, time="t", event="e", endpoint="OS", markers={"X": {"from": "x", "unit": "score"}})


def test_missing_values_leave_and_are_counted(gbsg: tr.Cohort) -> None:
    """Who has no value leaves with a step that names what was measured."""
    patients = tr.load("gbsg").patients
    frame = pd.DataFrame({"t": patients["RFS_months"], "e": patients["RFS_event"].astype(int),
                          "x": patients["er_fmol"].astype(float).where(patients["age"] > 40)})  # fmt: skip
    cohort = tr.from_frame(frame, time="t", event="e", endpoint="RFS", markers={"X": {"from": "x", "unit": "fmol"}})
    analysis = tr.select(cohort, marker="X", endpoint="RFS", er="any", treatment="any", scale="per_unit")
    young = int((patients["age"] <= 40).sum())
    assert analysis.n == 686 - young
    step = next(one for one in analysis.flow.steps if "measured" in one.name)
    assert (step.name, step.why) == ("X measured (mapping)", f"X unknown {young}")
    assert tr.markers_table(cohort)["unknown"].iloc[0] == 686
    assert "a number (fmol)" in cohort.marker("X").definition


def test_curves_follow_the_number(gbsg: tr.Cohort) -> None:
    """A spline and the curve of treatment take the marker's own value; groups are made by a cut."""
    analysis = chosen(gbsg, "NODES", "per_doubling")
    line = tr.spline(analysis).linear
    assert line.contrast == "per SD of NODES (5.48 nodes)"
    assert (line.estimand, "arms_mixed" in line.flags) == ("", True)
    own = tr.spline(chosen(gbsg, "NODES", "per_sd"), "marker", adjust="treatment")
    assert own.linear.estimand == "prognostic"
    assert own.nonlinear_p == pytest.approx(tr.spline(analysis, "nodes", adjust="treatment").nonlinear_p, rel=1e-6)
    assert tr.treatment_curve(analysis, shape="linear").linear.variable == "NODES"
    halves = tr.dichotomise(analysis, "marker")
    assert (halves.marker, halves.rule, halves.uncut) == ("NODES", "NODES > 3 nodes", None)
    assert len(tr.kaplan_meier(halves).curves) == 2
    with pytest.raises(tr.TamoxresError, match="Name the column of a number"):
        tr.spline(chosen(gbsg, "ER", "binary"))


_SLOW = (
    "one_stage", "stepp", "impute", "screen", "explore", "bayes_interaction", "fitted_cut", "negative_control",
    "augmented_ipw", "calibrated_interaction", "robustness", "target_trial", "weights",
)  # fmt: skip


def test_no_estimator_takes_a_number_for_a_status(gbsg: tr.Cohort) -> None:
    """Each public estimator either gives rows on the marker's own scale or refuses in one sentence."""
    analysis = chosen(gbsg, "ESR1", "per_sd")
    filled = {"column": "age", "at": 12, "horizon": 60}
    outcomes: dict[str, str] = {}
    for name in tr.__all__:
        function = getattr(tr, name)
        if not inspect.isfunction(function) or name in _SLOW:
            continue
        first, *others = inspect.signature(function).parameters.values() or [None]
        if first is None or first.annotation != "AnalysisSet":
            continue
        given = {p.name: filled.get(p.name, "?") for p in others if p.default is p.empty and p.kind != p.VAR_KEYWORD}
        given |= {"m": 5} if "m" in [p.name for p in others] else {}
        try:
            result = function(analysis, **given)
        except tr.TamoxresError as error:
            outcomes[name] = str(error)
            continue
        outcomes[name] = "given"
        for row in getattr(result, "effects", ()):
            marker_row = row.estimand in ("prognostic", "interaction") and not row.cut
            assert not marker_row or row.scale in SCALES, (name, row)
    given = {name for name, what in outcomes.items() if what == "given"}
    assert {"cox", "interaction", "firth", "spline", "treatment_curve", "parametric"} <= given
    refused = {name for name, what in outcomes.items() if "enters as a number" in what}
    assert {"kaplan_meier", "logrank", "rmst", "risk_difference", "event_rates", "time_split", "additive_interaction",
            "absolute_effects", "weighted_interaction"} <= refused  # fmt: skip


def test_ask_and_its_rows_go_through_files(gbsg: tr.Cohort, tmp_path: Path) -> None:
    """The rows of an answer carry the scale through CSV and JSON, and unlike scales are not pooled."""
    rows = [
        tr.ask(gbsg, tr.Question(marker="ESR1", endpoint="RFS", er="any", treatment="any", scale=scale))[0]
        for scale in ("per unit", "per SD")
    ]
    for write, name in ((tr.effects_to_csv, "rows.csv"), (tr.effects_to_json, "rows.json")):
        (tmp_path / name).write_text(write(rows), encoding="utf-8")
        again = tr.read_effects(tmp_path / name)
        assert [(r.scale, r.scale_unit, r.variable) for r in again] == [
            (r.scale, r.scale_unit, r.variable) for r in rows
        ]
        assert [r.row_id for r in again] == [r.row_id for r in rows]
    with pytest.raises(tr.TamoxresError, match="scale"):
        tr.pool([rows[0], tr.ask(gbsg, tr.Question(marker="ESR1", endpoint="RFS", er="any", treatment="any",
                                                   scale="per SD"))[0]])  # fmt: skip
    effect = tr.ask(
        gbsg, tr.Question(marker="ESR1", endpoint="RFS", er="any", estimand="treatment_effect", scale="per SD")
    )
    assert [row.marker_level for row in effect] == ["upper_quartile", "lower_quartile"]


MAPPING = """
name = "own"
treatment_specificity = "tamoxifen_confirmed"
[columns]
patient = "pid"
age = "age"
endocrine = { from = "hormon", yes = [1], no = [0] }
[markers.ESR1]
from = "er_fmol"
unit = "fmol/mg"
log = "none"
[endpoints.RFS]
time = "months"
unit = "months"
event = "event"
event_values = [1]
censored_values = [0]
"""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registry's file with a number, and its mapping."""
    folder = tmp_path_factory.mktemp("own")
    patients = tr.load("gbsg").patients
    frame = pd.DataFrame({
        "pid": patients.index, "age": patients["age"], "hormon": (patients["endocrine"] == "yes").astype(int),
        "er_fmol": patients["er_fmol"], "months": patients["RFS_months"], "event": patients["RFS_event"].astype(int),
    })  # fmt: skip
    frame.to_csv(folder / "own.csv", index=False)
    (folder / "own.toml").write_text(MAPPING, encoding="utf-8")
    return folder


def test_the_command_line(files: Path, run: Callable[..., tuple[int, str, str]]) -> None:
    """`--scale "per SD"` asks the number of a mapping; what it is per stands in question and answer."""
    given = ["effect", str(files / "own.csv"), "--mapping", str(files / "own.toml"), "--marker", "ESR1", "--endpoint"]
    code, out, _ = run(*given, "RFS", "--er", "any", "--scale", "per SD", "--adjust", "age")
    told = " ".join(out.split())
    assert code == 0
    assert "Does ESR1 by mapping (not stated), per SD of ESR1 (191 fmol/mg), go with" in told
    assert "HR 0.90 (0.69-1.16)" in told
    assert "altered" not in told
    code, _, err = run(*given, "RFS", "--er", "any", "--scale", "per litre")
    assert code == 2
    assert "per_doubling" in err


def test_the_report(files: Path) -> None:
    """A first plan asks a number per SD; its chapter has a curve along it and never says altered."""
    from tamoxres.reporting.chapters.markers import marker_sections
    from tamoxres.reporting.gather import gather
    from tamoxres.reporting.plan import read_plan

    text = tr.init_plan(files / "own.csv", mapping=files / "own.toml", beside=files)
    assert 'scale = "per SD"' in text
    (files / "plan.toml").write_text(text, encoding="utf-8")
    plan = read_plan(files / "plan.toml")
    assert plan.markers[0].scale == "per_sd"
    findings = gather(plan)
    [case] = findings.cases
    assert (case.prognostic[0].scale, case.interaction.ratio.scale) == ("per_sd", "per_sd")
    assert (case.variations, case.detail.curves) == (None, ())
    assert case.robustness.panel.member("continuous_marker").reason == "already_uncut"
    assert case.robustness.panel.member("treatment_by_covariates").outcome != "differs"
    [section] = marker_sections(findings)
    told = str(section)
    assert "along-own-esr1" in told
    assert "per SD of ESR1 (153 fmol/mg)" in told
    assert "altered" not in told.replace("treatment_altered", "").replace("treatment_unaltered", "")


@pytest.mark.usefixtures("shared")
def test_real_levels(shared: Path) -> None:
    """METABRIC's ERBB2 mRNA per SD and TCGA's AKT pS473 by RPPA per doubling are coxph's on the same patients."""
    mrna = tr.cox(metabric(shared / "cohorts"), adjust=["age", "npi"])
    same(mrna.effect, R["metabric"]["per_sd"])
    assert mrna.analysis.uncut.size == pytest.approx(R["metabric"]["sd"], rel=1e-12)
    assert mrna.effect.contrast == "per SD of ERBB2 mRNA (0.835 z-score)"
    doubled, sd = (tr.cox(tcga(shared / "cohorts", scale)).effect for scale in ("per_doubling", "per_sd"))
    same(doubled, R["tcga"]["per_doubling"])
    same(sd, R["tcga"]["per_sd"])
    assert doubled.contrast.startswith("per doubling of")
    assert doubled.contrast.endswith("protein")
    with pytest.raises(tr.TamoxresError, match="z-score"):
        metabric(shared / "cohorts", "per_doubling")
