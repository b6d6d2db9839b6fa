"""Data that lie quietly: each kind of it, through every door, is refused or named, and never counted in silence."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import tamoxres as tr
from tamoxres.cohort import Cohort
from tamoxres.cohorts.check import check
from tamoxres.cohorts.frame import load_frame
from tamoxres.errors import DataError, EffectError, QuestionError
from tamoxres.files.suspicious import sentinels, stray_text
from tamoxres.models.cutpoints import fitted_cut
from tamoxres.registry.rule import CopyNumberRule, median_level
from tamoxres.tables.baseline import baseline_table
from tamoxres.wording.levels import groups_words, level_texts

N = 120


def registry() -> pd.DataFrame:
    """A registry in which 12 receptors, H-scores and node counts were not measured, and say 999."""
    draw = np.random.default_rng(5)
    frame = pd.DataFrame(
        {
            "pid": [f"p{i}" for i in range(N)], "t": draw.exponential(40, N).round(2) + 0.01,
            "e": draw.integers(0, 2, N), "tam": draw.integers(0, 2, N), "her2": draw.integers(0, 2, N),
            "fmol": draw.integers(0, 200, N), "score": draw.integers(0, 300, N), "nodes": draw.integers(0, 12, N),
            "ki67": draw.integers(1, 80, N),
        }
    )  # fmt: skip
    frame.loc[:11, ["fmol", "score", "nodes"]] = 999
    return frame


def rules(**changed: Any) -> dict[str, Any]:
    """Its mapping, with changed tables."""
    return {
        "name": "ours", "treatment_specificity": "tamoxifen_confirmed",
        "columns": {"patient": "pid", "ki67": "ki67", "amount": "fmol",
                    "endocrine": {"from": "tam", "yes": [1], "no": [0]}},
        "markers": {"HER2": {"from": "her2", "altered": [1], "unaltered": [0], "assay": "IHC"}},
        "endpoints": {"OS": {"time": "t", "unit": "months", "event": "e", "event_values": [1], "censored_values": [0]}},
    } | changed  # fmt: skip


ER = {"from": "fmol", "positive": ">= 10"}
AKT = {"from": "score", "altered": ">= 150", "assay": "IHC"}


def with_er(**more: Any) -> dict[str, Any]:
    return rules(columns=rules()["columns"] | {"er": ER | more})


@pytest.fixture(scope="module")
def quiet() -> Cohort:
    """The registry loaded without a comparison: its numbers pass as they are."""
    return tr.load(registry(), mapping=rules())


def both(cohort: Cohort, **more: Any) -> tr.AnalysisSet:
    return tr.select(cohort, endpoint="OS", marker="HER2", er="any", treatment="any", **more)


@pytest.mark.parametrize(
    "mapping",
    [
        with_er(),
        with_er(negative="< 10"),
        rules(markers={"AKT": AKT}),
        rules(markers={"AKT": AKT | {"unaltered": "< 150"}}),
        rules(
            markers={"AKT": {"from": "her2", "altered": [7], "unaltered": [0], "equivocal": [1], "resolved_by": AKT}}
        ),
        rules(endpoints={"OS": rules()["endpoints"]["OS"] | {"among": {"fmol": ">= 10"}}}),
    ],
    ids=["column", "column with both levels", "marker", "marker with both levels", "resolved_by", "among"],
)
def test_a_comparison_in_a_mapping_never_takes_a_sentinel(mapping: dict[str, Any], tmp_path: Path) -> None:
    """From a frame and from a file: refused by line and column, with both ways to mend it; listed, it is unknown."""
    with pytest.raises(DataError, match=r"'999' is a number that may mean unknown.*11 more rows.*List it in missing"):
        tr.load(registry(), mapping=mapping)
    registry().to_csv(tmp_path / "ours.csv", index=False)
    with pytest.raises(DataError, match=r"ours.csv, line 2, column (fmol|score): '999'"):
        tr.load(tmp_path / "ours.csv", mapping=mapping)
    report = check(registry(), mapping)
    assert not report.ok
    assert "999" in {code.code for code in report.codes}
    listed = tr.load(registry(), mapping=mapping | {"missing": [999]})
    assert listed.n == N


def test_what_was_measured_is_taken_by_name() -> None:
    """`measured` names a number that is one; `check` then asks no more, and the twelve are positive."""
    cohort = tr.load(registry(), mapping=with_er(measured=[999]))
    positive = (registry()["fmol"] >= 10).to_numpy()
    assert (cohort.patients["er"] == "positive").to_numpy().tolist() == positive.tolist()
    assert [code.column for code in check(registry(), with_er(measured=[999])).codes] == ["fmol"]
    assert check(registry(), rules(columns={"patient": "pid", "er": ER | {"measured": [999]}}, endpoints={},
                                   markers={})).codes == ()  # fmt: skip
    marker = rules(markers={"AKT": AKT | {"measured": 999}})
    assert tr.load(registry(), mapping=marker).marker("AKT").counts()["altered"] == (registry()["score"] >= 150).sum()


def test_an_event_by_comparison_never_takes_a_sentinel() -> None:
    """Status 9 is not "at least 1": refused for the event, and for deaths of another column."""
    frame = registry()
    frame.loc[3, "e"] = 9
    one = {"time": "t", "unit": "months", "event": "e", "event_values": ">= 1", "censored_values": [0]}
    with pytest.raises(DataError, match=r"column e: '9' is a number that may mean unknown.*list the codes that count"):
        load_frame(frame, rules(endpoints={"OS": one}))
    assert load_frame(frame, rules(endpoints={"OS": one | {"missing": [9]}})).patients["OS_event"].isna().sum() == 1
    death = {"from": "e", "time": "t", "values": ">= 1", "other_values": [0]}
    nobody = {"time": "t", "unit": "months", "event": "her2", "event_values": [1], "censored_values": [0]}
    with pytest.raises(DataError, match=r"column e: '9'"):
        load_frame(frame, rules(endpoints={"RFS": nobody | {"deaths": [death]}}))


def test_a_restriction_never_takes_a_sentinel(quiet: Cohort) -> None:
    """`where` is refused on every comparison, by select, ask and from_frame alike; who names the value is taken."""
    for where in ("amount >= 10", "amount > 10", "amount < 500"):
        with pytest.raises(QuestionError, match=r"amount holds '999.0' in 12 of 120 cells.*amount <= 999"):
            both(quiet, where=where)
    with pytest.raises(QuestionError, match="may mean unknown|a comparison would count it"):
        tr.ask(quiet, tr.Question(endpoint="OS", marker="HER2", er="any", where=("amount >= 10",)))
    named = {"patient": "pid", "time": "t", "event": "e", "endpoint": "OS", "treatment": "tam"}
    framed = tr.from_frame(registry(), **named, columns={"amount": "fmol"})
    with pytest.raises(QuestionError, match="amount holds '999.0'"):
        tr.select(framed, endpoint="OS", er="any", treatment="any", where="amount >= 1")
    with pytest.raises(DataError, match="column nodes: 12 value"):
        tr.from_frame(registry(), **named)
    known = (registry()["fmol"] < 999).sum()
    assert both(quiet, where="amount < 999").n == known
    assert both(quiet, where=["amount <= 999", "amount >= 0"]).n == N
    assert both(quiet, where="amount == 999").n == N - known


def test_a_cut_never_takes_a_sentinel(quiet: Cohort) -> None:
    """A fixed cut, the median and a fitted cut are refused; without the twelve they are made."""
    for cut in (lambda s: tr.dichotomise(s, "amount", at=10), lambda s: tr.dichotomise(s, "amount"),
                lambda s: fitted_cut(s, "amount", m=2)):  # fmt: skip
        with pytest.raises(QuestionError, match="a comparison would count it"):
            cut(both(quiet))
    known = tr.load(registry(), mapping=rules(missing=[999]))
    assert tr.dichotomise(both(known), "amount", at=10).n == N - 12


def test_a_rule_with_a_threshold_never_takes_a_sentinel() -> None:
    """Rules on levels and copy number are refused where a profile writes -999 or 9; real levels are not."""
    cohort = tr.simulate(200, genes=3, seed=4)
    [profile] = cohort.profiles
    spoiled = profile.frame.copy()
    spoiled.iloc[:5, 0] = -999.0
    rule = median_level("PTEN", "mrna_low", "mrna", ("GENE0001",), "PTEN mRNA")
    assert rule.measure(cohort).notna().all()
    with pytest.raises(DataError, match=r"GENE0001 holds '-999.0' in 5 of 200 cells.*Leave what is unknown empty"):
        rule.measure(replace(cohort, profiles=(replace(profile, frame=spoiled),)))
    gain = CopyNumberRule(
        marker="HER2", name="gain", kind="cna", genes=("ERBB2",), definition="gain", reference="nobody"
    )
    copies = pd.Series([0.0, 1.0, 2.0, -1.0, -2.0, 0.0, 9.0])
    with pytest.raises(DataError, match="ERBB2 holds '9.0' in 1 of 7 cells"):
        gain.is_altered("ERBB2", copies)
    assert gain.is_altered("ERBB2", copies[:-1]).sum() == 1
    assert {code.reason for code in sentinels(copies) if code.code == "9.0"} == {"apart"}


def test_a_stray_text_is_never_a_factor_of_many_levels(quiet: Cohort) -> None:
    """`>90` among numbers is refused in every model and restriction, and read as levels only where `factor` says so."""
    frame = registry()
    frame["ki67"] = frame["ki67"].astype(str)
    frame.loc[7, "ki67"] = ">90"
    analysis = both(tr.load(frame, mapping=rules()))
    for fit in (tr.cox, tr.interaction, tr.firth):
        with pytest.raises(QuestionError, match=r"ki67 is text, 119 of 120 known values are numbers.*'>90'"):
            fit(analysis, adjust=["ki67"])
    with pytest.raises(QuestionError, match=r"ki67 is text, 119 of 120"):
        tr.weights(analysis, adjust=["ki67"], method="iptw")
    with pytest.raises(QuestionError, match=r"ki67 is text.*'>90'"):
        both(tr.load(frame, mapping=rules()), where="ki67 >= 20")
    assert tr.cox(both(quiet), adjust=["ki67"]).analysis.n == N
    assert stray_text(pd.Series(["1", "2", "3", "A"] * 9, name="site")) == ""
    assert stray_text(pd.Series([f"u{i}" for i in range(30)], name="unit")) == ""


def test_factor_takes_names_that_are_mostly_numbers() -> None:
    """Forty hospitals, one of them not numbered: refused with the way to write it, and taken so."""
    draw = np.random.default_rng(3)
    many = pd.concat([registry()] * 4, ignore_index=True).assign(pid=[f"q{i}" for i in range(4 * N)])
    many["hospital"] = draw.integers(1, 11, len(many)).astype(str)
    many.loc[draw.random(len(many)) < 0.1, "hospital"] = "X"
    columns = {"patient": "pid", "hospital": "hospital", "endocrine": {"from": "tam", "yes": [1], "no": [0]}}
    analysis = both(tr.load(many, mapping=rules(columns=columns)))
    with pytest.raises(QuestionError, match=r"write factor\(hospital\) if it holds names"):
        tr.cox(analysis, adjust=["hospital"])
    assert len(tr.cox(analysis, adjust=["factor(hospital)"]).design.term("factor(hospital)").levels) == 10
    assert tr.cox(analysis, strata=["hospital"]).analysis.n == 4 * N


def contradicted(least: int = 0) -> Cohort:
    """Seven patients dead of the disease by BCSS and alive by OS."""
    frame = registry().assign(b=lambda f: f["e"])
    alive = frame.index[frame["e"] == 0][:7]
    frame.loc[alive, "b"] = 1
    ends = rules()["endpoints"] | {"BCSS": rules()["endpoints"]["OS"] | {"event": "b"}}
    return tr.load(frame, mapping=rules(endpoints=ends, **({"min_cell": least} if least else {})))


def test_who_died_by_one_endpoint_and_lives_by_another_is_told_in_every_row() -> None:
    """The flag stands on Cox, curves' difference and interaction, with the count of the patients at hand."""
    cohort = contradicted()
    assert len(cohort.contradicted["OS"]) == len(cohort.contradicted["BCSS"]) == 7
    analysis = both(cohort)
    for result in (tr.cox(analysis), tr.interaction(analysis), tr.risk_difference(analysis, times=[24])):
        assert "contradicted:7" in result.flags
    assert "Dead by one endpoint and alive by another" in str(tr.cox(analysis).table().to_markdown())
    treated = tr.select(cohort, endpoint="BCSS", marker="HER2", er="any", treatment="endocrine")
    inside = int(treated.frame.index.isin(cohort.contradicted["BCSS"]).sum())
    assert 0 < inside < 7
    assert f"contradicted:{inside}" in tr.cox(treated).flags
    assert not any(flag.startswith("contradicted") for flag in tr.cox(both(tr.load(registry(), mapping=rules()))).flags)


def test_the_count_of_contradictions_is_withheld_where_counts_are() -> None:
    """With min_cell the flag keeps its code and loses its number."""
    rows = tr.ask(contradicted(5), tr.Question(endpoint="OS", marker="HER2", er="any", treatment="any"))
    [flag] = [flag for flag in rows[0].flags if flag.startswith("contradicted")]
    assert "7" not in flag


def test_two_levels_never_read_as_one() -> None:
    """`unit_1` and `unit 1` stay two in hazard tables, baseline tables, curves and legends."""
    units = np.where(np.arange(N) % 3 == 0, "unit_1", np.where(np.arange(N) % 3 == 1, "unit 1", "unit_2"))
    columns = rules()["columns"] | {"clinic": "clinic"}
    analysis = both(tr.load(registry().assign(clinic=units), mapping=rules(columns=columns)))
    written = tr.hazard_table(tr.cox(analysis, adjust=["clinic"]).effects).to_frame().iloc[:, 0].str.strip().tolist()
    assert [text for text in written if "unit" in text] == ["unit 1", "unit_1", "unit 2"]
    described = baseline_table(analysis.frame, columns=["clinic"]).to_frame().iloc[:, 0].str.strip().tolist()
    assert {"unit_1", "unit 1", "unit 2"} <= set(described)
    drawn = tr.survival_plot(tr.kaplan_meier(analysis, by="clinic")).figure.findobj(
        lambda part: hasattr(part, "get_text")
    )
    texts = " ".join(part.get_text() for part in drawn)
    assert "unit_1" in texts
    assert "unit 1" in texts
    assert level_texts(["a_b", "c:d"]) == {"a_b": "a b", "c:d": "c, d"}
    assert groups_words("menopause", ["pre", "post"]) == {"pre": "premenopausal", "post": "postmenopausal"}


def test_a_flow_that_is_not_the_models_is_an_error() -> None:
    """A table of a model on fewer patients than the flow ends with would tell two Ns for one."""
    gbsg = tr.select(tr.load("gbsg"), endpoint="RFS", er="any", treatment="any")
    few = tr.select(tr.load("gbsg"), endpoint="RFS", er="any", treatment="any", where="nodes >= 4")
    fit = tr.cox(gbsg, adjust=["nodes"])
    with pytest.raises(EffectError, match=r"flow ends with \d+ patients, the model holds 686.*fit.analysis.flow"):
        tr.hazard_table(fit.effects, flow=few.flow)
    assert "686 of 686" in tr.hazard_table(fit.effects, flow=fit.analysis.flow).to_markdown()


def test_a_gene_on_two_rows_is_named_and_a_patient_in_two_columns_refused(quiet: Cohort) -> None:
    """A matrix in memory may hold two probes of a gene: the reading says so; a patient twice is refused."""
    values = np.random.default_rng(2).normal(size=(N, 3))
    twice = pd.DataFrame(values, index=quiet.patients.index, columns=["ERBB2", "ESR1", "ERBB2"])
    assert "rows of a gene that stands on several, such as ERBB2, count apart" in str(tr.screen(both(quiet), twice))
    assert "count apart" not in str(tr.screen(both(quiet), twice.iloc[:, :2]))
    double = pd.concat([twice.iloc[:, :2], twice.iloc[:1, :2]])
    with pytest.raises(DataError, match="Patient p0 stands in the expression matrix more than once"):
        tr.screen(both(quiet), double)


@pytest.mark.parametrize(
    ("text", "patient", "message"),
    [
        ("Hugo_Symbol\tp0\tp1\nERBB2\t1\t2\nERBB2\t1\t2\n", "", "line 3: gene ERBB2 stands a second time"),
        ("Hugo_Symbol\tp0\tp0\nERBB2\t1\t2\n", "", "sample 'p0' stands in two columns"),
        ("Hugo_Symbol\tp0\tp1\nERBB2\t1\r\t2\n", "", "line 2: a carriage return or zero byte within the line"),
        ("pid\tERBB2\tERBB2\np0\t1\t2\n", "pid", "column 'ERBB2' stands twice"),
        ("pid\tERBB2\np0\t1\np0\t2\n", "pid", "patient p0 stands twice"),
        ("pid\tERBB2\np0\t1\rp1\t2\n", "pid", "line 2: a carriage return within a line"),
    ],
)
def test_a_matrix_of_a_mapping_holds_each_gene_and_patient_once(
    text: str, patient: str, message: str, tmp_path: Path
) -> None:
    """Genes in rows or in columns: what stands twice, and a line cut in two, is refused by its line."""
    (tmp_path / "levels.tsv").write_bytes(text.encode())
    registry().to_csv(tmp_path / "ours.csv", index=False)
    given = {"file": str(tmp_path / "levels.tsv"), "assay": "array", "unit": "log2"}
    cohort_rules = rules(expression=given | ({"patient": patient} if patient else {}))
    with pytest.raises(DataError, match=message):
        tr.load(tmp_path / "ours.csv", mapping=cohort_rules).profile("mrna").values(["ERBB2"])
