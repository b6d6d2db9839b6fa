"""The report over many cohorts: who can tell what, one arm and no therapy, pools that count nobody twice."""

from dataclasses import replace

import pytest

from tamoxres.errors import DataError
from tamoxres.reporting.build import report as write_report
from tamoxres.reporting.chapters.answer_rows import answer_row
from tamoxres.reporting.chapters.cohorts import sensitivity_blocks
from tamoxres.reporting.chapters.words import by_information
from tamoxres.reporting.gather import BACKGROUND, gather
from tamoxres.reporting.page import TableBlock, plain
from tamoxres.reporting.plan import default_plan
from tamoxres.reporting.pools import pool_all
from tamoxres.reporting.weigh import weigh

ROUNDED = 0.005  # hazard ratios as printed, two decimals
SINGLE = "single arm: cannot tell"


def plan(*cohorts, markers=None, **changes):
    """Return the default plan for some cohorts, some markers, and METABRIC by few rules."""
    kept = []
    for asked in default_plan().markers:
        names = tuple(m for m in asked.markers if markers is None or m in markers)
        if asked.cohort in cohorts and names:
            rules = ("snp6_gain", "her2_status", "mrna_high") if asked.cohort == "metabric" else asked.rules
            ends = ("RFI",) if asked.cohort == "metabric" else asked.endpoints
            kept.append(replace(asked, markers=names, rules=rules, endpoints=ends))
    return replace(default_plan(), markers=tuple(kept), benchmarks=(), **changes)


@pytest.fixture(scope="module")
def small(shared):
    """Return the cohorts beside METABRIC that hold HER2, AKT or the Hedgehog genes."""
    names = ("scan_b", "gse58644", "gse17705", "gse12093", "tcga_brca", "loi2008", "ucsf", "dfhcc", "msk_2018")
    return gather(plan(*names, markers=("HER2", "AKT", "HH")), data_dir=shared / "cohorts")


def found(findings, marker, cohort):
    [case] = [case for case in findings.leading(marker) if case.cohort.name == cohort]
    return case


@pytest.mark.parametrize(
    ("marker", "cohort", "label"),
    [
        ("HER2", "scan_b", "no evidence either way"),
        ("AKT", "gse17705", SINGLE),
        ("AKT", "tcga_brca", SINGLE),
        ("HER2", "msk_2018", BACKGROUND),
        ("HER2", "dfhcc", "not estimable"),
    ],
)
def test_each_cohort_says_what_it_can(small, marker, cohort, label):
    """Both arms give a verdict, one arm cannot tell, no therapy is background, too few are not estimable."""
    case = found(small, marker, cohort)
    assert case.label == label
    assert (case.interaction is not None) == (cohort == "scan_b")
    assert bool(case.prognostic) == (label != "not estimable")
    assert bool(case.problem) == (label == "not estimable")
    assert "Choose" not in case.problem


def test_late_treatment_is_taken_from_the_landmark(small):
    """Among TCGA's treated nobody is counted who began after the landmark, and events before it are gone."""
    case = found(small, "AKT", "tcga_brca")
    assert "at risk at 12 months" in case.prognostic[-1].population
    assert float(case.analysis.frame["endocrine_start_months"].max()) <= 12


def test_the_cohort_that_says_most_comes_first(small):
    """Both arms before one arm, more events before fewer, background and what is not estimable last."""
    names = [case.cohort.name for case in by_information(small.leading("HER2"))]
    assert names == ["scan_b", "gse58644", "tcga_brca", "msk_2018", "ucsf", "dfhcc"]


def test_nobody_is_pooled_twice(small):
    """Loi's patients are those of GSE17705: the later in the plan is left out by name; background is never pooled."""
    [akt] = [answer for answer in pool_all(small) if answer.marker == "AKT" and answer.asked.name == "mrna"]
    assert [row.study for row in akt.effects] == ["gse17705", "gse12093", "tcga_brca"]
    assert akt.left_out == (("Loi 2008 (tamoxifen)", "GSE17705 (tamoxifen)"),)
    assert {row.rule for row in akt.effects} == {"mrna_high"}
    assert all(not row.adjusted_for for row in akt.effects)
    assert akt.main.k == 3
    for answer in pool_all(small):
        assert "msk_2018" not in {row.study for row in answer.effects}


def test_the_same_patients_with_the_drug_by_name(shared):
    """Rueda's METABRIC is a sensitivity analysis: shown, never pooled beside METABRIC, and no further primary test."""
    findings = gather(plan("metabric", "metabric_rueda", markers=("HER2",)), data_dir=shared / "cohorts")
    again = found(findings, "HER2", "metabric_rueda")
    assert again.role == "sensitivity"
    assert again.prognostic[-1].estimate == pytest.approx(1.35, abs=ROUNDED)
    assert [case.whole for case in findings.leading("HER2")] == [True, False]
    pooled = next(a for a in pool_all(findings) if a.asked.estimand == "prognostic" and not a.asked.name)
    assert ("METABRIC, drugs by name (Rueda 2019)", "METABRIC") in pooled.left_out


def test_the_variations_stand_in_the_effects(shared):
    """The first case of a marker is varied one choice at a time, the primary first; every row is an effect of it."""
    [case] = [c for c in gather(plan("metabric", markers=("HER2",))).cases if c.whole]
    assert case.call.rule == "snp6_gain"
    rows = case.variations.effects
    assert rows[0].estimate == case.interaction.ratio.estimate
    assert {"endpoint", "marker rule", "adjustment", "missing data", "period", "population", "ties"} <= {
        variation.choice for variation in case.variations.variations
    }
    held = {row.row_id for row in case.effects}
    assert {row.row_id for row in rows} <= held
    tables = [block.table for block in sensitivity_blocks(case) if isinstance(block, TableBlock)]
    assert len(tables) == 2
    both = tables[1].to_frame()
    assert (
        both["Treatment when"].value_counts()["HER2 altered"] == both["Treatment when"].value_counts()["HER2 unaltered"]
    )
    strata = case.variations.in_strata().effects
    assert {row.row_id for row in strata} <= held
    assert strata[0].estimate / strata[1].estimate == pytest.approx(rows[0].estimate, rel=1e-9)
    assert both["HR, treatment v none (95% CI)"][1].startswith(f"{strata[1].estimate:.2f} (")


def test_the_report_over_many_cohorts(shared, tmp_path):
    """The first screen names the next cohorts and the pooled effect, the sections their forests; its words hold."""
    asked = plan("gse17705", "gse12093", "tcga_brca", "msk_2018", markers=("AKT", "HH"))
    made = write_report(output=tmp_path / "report", plan=asked, data_dir=shared / "cohorts")
    text = made.html.read_text(encoding="utf-8")
    for told in (
        "Also: ", "TCGA BRCA (BCFI) HR", "Pooled, mRNA, RFI, 3 studies", BACKGROUND, SINGLE,
        "no therapy is recorded", 'id="figure-cohorts-akt"',
        "No patients of GSE17705 (tamoxifen) are known to be untreated",
    ):  # fmt: skip
        assert told in text, told
    assert [line.partition(",")[0] for line in made.verdict_lines][:2] == ["AKT", "AKT elsewhere: TCGA BRCA BCFI"]


def test_what_is_not_on_disk_is_passed_over(tmp_path):
    """A cohort that is not on disk is told with what brings it; where none is, that is an error."""
    findings = gather(plan("metabric", "scan_b", "metabric_rueda", markers=("HER2",)))
    assert {case.cohort.name for case in findings.cases} == {"metabric"}
    absent = {one.cohort: one for one in findings.absent}
    assert absent["scan_b"].fetch == "scan_b"
    assert "supplement of Rueda 2019" in absent["metabric_rueda"].why
    with pytest.raises(DataError, match="scan_b: .* is not on disk"):
        gather(plan("scan_b"))


def test_the_first_screen_names_cohorts_that_point_the_other_way(shared):
    """HER2 goes with a worse outcome in METABRIC and a better one in MSK 2018: the row says both, with their sides."""
    findings = gather(plan("metabric", "msk_2018", markers=("HER2",)), data_dir=shared / "cohorts")
    row = answer_row(weigh("HER2"), findings, ())
    told = " ".join(plain(text) for text in row.more)
    assert "HR if altered 0.56 (0.36-0.89) (better outcome if altered)" in told
    assert "The cohorts do not point the same way: worse outcome if altered in METABRIC" in told
    published = " ".join(plain(text) for text in row.published)
    assert (
        "3 randomised trials report on the interaction; results without a number: 2 null, 1 significant." in published
    )
    assert "By direction: 5 trials that randomised tamoxifen" in published
