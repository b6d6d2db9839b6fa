"""The hazard-ratio table and the interaction table: order, one P a term, units, references, and what stands below."""

import re

import pytest

from tamoxres.effects import EffectEstimate
from tamoxres.errors import AnalysisError, EffectError
from tamoxres.flow import Flow, Step
from tamoxres.meta.tables import meta_table
from tamoxres.tables.contrasts import contrast_table
from tamoxres.tables.flow import flow_table
from tamoxres.tables.hazards import hazard_table, term_label
from tamoxres.tables.suppression import suppress

SHARED = {
    "study": "metabric", "marker": "HER2", "rule": "snp6_gain", "endpoint": "BCSS", "er": "positive",
    "n": 1101, "events": 347, "person_years": 10805.6, "model": "cox", "ties": "efron",
    "data_sha256": "f01fde122007c1;abcdef",
}  # fmt: skip


def row(estimate, low, high, **about):
    return EffectEstimate.from_ci(estimate, low, high, **{**SHARED, **about})


MARKER = row(
    1.52, 1.18, 1.94, term="marker[altered]", estimand="prognostic", term_p=0.001,
    n_1=213, events_1=83, n_0=888, events_0=264,
)  # fmt: skip
AGE = row(1.02, 1.01, 1.03, term="age", variable="age", scale="per_unit", term_p=0.0002)
PAM = [
    row(
        2.0,
        1.0,
        4.0,
        term=f"pam50[{level}]",
        variable="pam50",
        group_1=level,
        group_0="LumA",
        term_p=0.04,
        n_1=n,
        events_1=e,
        n_0=468,
        events_0=90,
    )
    for level, n, e in (("LumB", 371, 140), ("Basal", 20, 3))
]
ADJUSTED = [
    row(1.33, 1.04, 1.71, term="marker[altered]", estimand="prognostic", term_p=0.023,
        n=1060, events=330, n_1=200, events_1=80, n_0=860, events_0=250,
        adjusted_for=("age", "pam50"), strata=("site",)),
    row(1.03, 1.02, 1.04, term="age", variable="age", scale="per_unit", term_p=0.0001, n=1060, events=330,
        adjusted_for=("pam50",)),
]  # fmt: skip
FLOW = Flow(
    (
        Step(name="METABRIC, all patients", why="", patients=2509, events=646),
        Step(name="ER positive (IHC)", why="ER negative 609, ER unknown 83", patients=1817, events=454),
        Step(name="BCSS known", why="", patients=1817, events=454),
    )
)


OF_THE_MODEL = FLOW.then(Step(name="Covariates known (age)", why="age unknown 757", patients=1060, events=330))


def texts(table, label):
    return next([cell.text for cell in line.cells] for line in table.rows if line.cells[0].text == label)


def test_a_variable_has_a_heading_its_reference_and_its_levels():
    """The marker stands on a bold row with its P, the reference as 1.00, the level with its own counts."""
    table = hazard_table([MARKER, AGE, *PAM])
    assert [(line.kind, line.cells[0].text) for line in table.rows[:4]] == [
        ("plain", "All patients"), ("heading", "HER2 (snp6_gain)"), ("level", "unaltered"), ("level", "altered"),
    ]  # fmt: skip
    assert texts(table, "All patients")[1:4] == ["1,101", "347", "10,806"]
    assert texts(table, "HER2 (snp6_gain)") == ["HER2 (snp6_gain)", "", "", "", "", "0.001"]
    assert texts(table, "unaltered") == ["unaltered", "888", "264", "", "1.00 (reference)", ""]
    assert texts(table, "altered") == ["altered", "213", "83", "", "1.52 (1.18-1.94)", ""]


def test_one_p_a_term_not_a_level():
    """A variable of several levels has its global P once, on its heading."""
    table = hazard_table([MARKER, *PAM])
    assert texts(table, "Intrinsic subtype")[-1] == "0.040"
    assert [texts(table, level)[-1] for level in ("LumA", "LumB", "Basal")] == ["", "", ""]
    assert texts(table, "LumA")[1:3] == ["468", "90"]


def test_numbers_are_per_the_unit_in_their_label():
    """Age is per 10 years: the ratio to the tenth power, the P as it was; `per` says otherwise."""
    told = texts(hazard_table([AGE]), "Age at diagnosis, per 10 years")
    assert told[-2:] == ["1.22 (1.10-1.34)", "<0.001"]  # 1.02^10 = 1.219, the limits likewise
    assert texts(hazard_table([AGE], per={"age": 1}), "Age at diagnosis, per year")[-2] == "1.02 (1.01-1.03)"
    assert texts(hazard_table([AGE], labels={"age": "Age"}), "Age, per 10 years")


def test_crude_stands_beside_adjusted():
    """The adjusted model sets the order; a variable that it lacks follows, with empty cells."""
    table = hazard_table([*PAM, AGE, MARKER], ADJUSTED)
    assert [c.header for c in table.columns[4:]] == ["Crude HR (95% CI)", "P", "Adjusted HR (95% CI)", "P"]
    headings = [line.cells[0].text for line in table.rows if line.kind == "heading"]
    assert headings == ["HER2 (snp6_gain)", "Age at diagnosis, per 10 years", "Intrinsic subtype"]
    assert texts(table, "altered")[4:] == ["1.52 (1.18-1.94)", "", "1.33 (1.04-1.71)", ""]
    assert texts(table, "Intrinsic subtype")[4:] == ["", "0.040", "", ""]
    assert texts(table, "LumA")[4:] == ["1.00 (reference)", "", "", ""]
    assert "The adjusted model holds 1,060 patients with 330 events." in table.footnotes


def test_cells_bear_the_id_of_their_row():
    """Each estimate and each P carries the row id of the effect it was made from, scaled or not."""
    table = hazard_table([MARKER, AGE], ADJUSTED)
    ids = {cell.effect_id for line in table.rows for cell in line.cells} - {""}
    assert ids == {effect.row_id for effect in (MARKER, AGE, *ADJUSTED)}


def test_footnotes_say_how():
    """Endpoint by its STEEP name, origin, model, adjustment, who was left out, proportional hazards, version, data."""
    notes = "\n".join(
        hazard_table([MARKER, AGE], ADJUSTED, flow=OF_THE_MODEL, proportional_p=0.03, time_origin="surgery").footnotes
    )
    for told in (
        r"Breast-cancer-specific survival \(BCSS, STEEP 2.0\): death from breast cancer; .* is censored",
        r"Time runs from surgery\.",
        r"Cox regression, Efron ties\. Adjusted for age at diagnosis, intrinsic subtype\. Stratified by contributing",
        r"In the model: 1,060 of 2,509 patients; 1,449 were left out \(ER negative 609, ER unknown 83; age",
        r"global score test: P = 0\.030\. The hazard ratios are averages",
        r"Only the row of HER2 \(snp6_gain\) answers the question: .*Table 2 fallacy",
        r"tamoxres \d.*, data sha256 f01fde122007, abcdef\.",
    ):
        assert re.search(told, notes), told
    assert "Not adjusted." in " ".join(hazard_table([MARKER]).footnotes)
    assert "Table 2 fallacy" not in " ".join(hazard_table([MARKER]).footnotes)


def test_a_treatment_that_was_not_randomised_says_so():
    """The confounding note stands under such a treatment effect, once, in the row's own words where it has them."""
    about = {
        "term": "treatment[treated]",
        "treatment_1": "endocrine",
        "treatment_0": "none",
        "estimand": "treatment_effect",
    }
    plain = hazard_table([row(0.8, 0.6, 1.2, **about, design="observational")])
    assert sum("confounding" in note for note in plain.footnotes) == 1
    own = hazard_table(
        [row(0.8, 0.6, 1.2, **about, design="observational", flags=("few_events", "not_randomised"), remark="Two")]
    )
    assert sum("confounding" in note for note in own.footnotes) == 1
    assert "Fewer than 5 events on one side of a comparison." in own.footnotes
    assert "Two." in own.footnotes
    randomised = hazard_table([row(0.8, 0.6, 1.2, **about, design="randomised")])
    assert not any("confounding" in note for note in randomised.footnotes)


def test_not_estimable_is_told():
    """NE stands where nothing could be estimated, with a footnote that says so."""
    lost = EffectEstimate(**SHARED, term="grade", variable="grade", scale="per_unit", status="not_estimable")
    table = hazard_table([MARKER, lost])
    assert texts(table, "Histological grade, per unit")[-2:] == ["NE", ""]
    assert any(note.startswith("NE: not estimable") for note in table.footnotes)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "needs at least one effect row"),
        ([MARKER, row(1.2, 1.1, 1.3, endpoint="OS")], "differ in endpoint: BCSS, OS"),
        ([MARKER, row(1.2, 1.1, 1.3, study="gbsg")], "differ in study: metabric, gbsg"),
        ([row(0.1, 0.0, 0.2, measure="RD")], "takes ratios; metabric has measure RD"),
    ],
)
def test_bad_rows_are_refused(rows, message):
    """Rows that do not belong in one table are refused with what differs."""
    with pytest.raises(EffectError, match=message):
        hazard_table(rows)


def test_term_labels():
    """Terms are named by the codebook; products by both of their names."""
    assert term_label("npi") == "Nottingham prognostic index"
    assert term_label("treatment:marker", MARKER) == "Endocrine therapy x HER2 (snp6_gain)"
    assert term_label("my_column") == "My column"


def test_small_levels_are_withheld_with_what_reveals_them():
    """Basal's 3 events are withheld, and the smallest other count of the variable with them; N stays."""
    table = suppress(hazard_table([MARKER, *PAM]), min_cell=5)
    assert texts(table, "Basal")[1:3] == ["20", "*"]
    assert texts(table, "LumA")[1:3] == ["468", "*"]
    assert texts(table, "LumB")[1:3] == ["371", "140"]
    assert texts(table, "altered")[1:3] == ["213", "83"]
    assert table.footnotes[-1].startswith("*: withheld: 1 to 4")
    assert suppress(hazard_table([MARKER]), min_cell=5) == hazard_table([MARKER])


def test_a_small_row_that_is_no_level_is_refused():
    """A total that is small itself cannot be hidden among others."""
    with pytest.raises(AnalysisError, match="'All patients' counts 4, fewer than min_cell=5"):
        suppress(hazard_table([row(2, 1, 4, n=40, events=4)]), min_cell=5)


CONTRASTS = [
    row(0.89, 0.52, 1.53, term="treatment:marker", estimand="interaction", p_value=0.674, p_kind="lrt",
        treatment_1="endocrine", treatment_0="none"),
    row(1.51, 1.18, 1.93, term="marker_treated", estimand="prognostic", treatment_1="endocrine",
        treated_alike="yes", n_1=213, events_1=83, n_0=888, events_0=264),
    row(1.41, 0.87, 2.27, term="treatment_altered", estimand="treatment_effect",
        treatment_1="endocrine", treatment_0="none", marker_level="altered", design="observational"),
]  # fmt: skip


def test_contrast_table():
    """The ratio comes first with its likelihood-ratio P, then marker by treatment and treatment by marker."""
    table = contrast_table(CONTRASTS, CONTRASTS)
    assert texts(table, "Ratio of hazard ratios")[3:] == ["0.89 (0.52-1.53)", "0.674"] * 2
    assert texts(table, "altered v unaltered, treated (83/213 v 264/888)")[3] == "1.51 (1.18-1.93)"
    assert texts(table, "endocrine v none, HER2 altered")[3] == "1.41 (0.87-2.27)"
    assert any("confounding" in note for note in table.footnotes)
    with pytest.raises(EffectError, match="same ones in the same order"):
        contrast_table(CONTRASTS, CONTRASTS[:2])


def test_flow_table():
    """Each step says who is left, how many left, and why."""
    table = flow_table(FLOW)
    assert [cell.text for cell in table.rows[0].cells] == ["METABRIC, all patients", "2,509", "646", "", ""]
    assert [cell.text for cell in table.rows[1].cells][1:] == ["1,817", "454", "692", "ER negative 609, ER unknown 83"]
    assert table.rows[2].cells[3].text == ""


def test_meta_table():
    """Studies stand with their weights, then both pooled effects, the prediction interval by its rule, and how."""
    from tamoxres.meta.pool import pool

    printed = {"A": (1.5, 1.0, 2.25), "B": (2.0, 1.0, 4.0), "C": (0.9, 0.6, 1.35), "D": (1.2, 0.8, 1.8)}
    pooled = pool([EffectEstimate.from_ci(*e, study=s, n=100, events=40) for s, e in printed.items()])
    table = meta_table(pooled)
    assert texts(table, "A")[1] == "40/100"
    assert sum(float(texts(table, s)[2].rstrip("%")) for s in "ABCD") == pytest.approx(100, abs=0.2)
    assert texts(table, "Random effects")[3].startswith(f"{pooled.estimate:.2f} (")
    low, high = pooled.prediction_low, pooled.prediction_high
    assert [f"{p.value:.3f}" for p in table.rows[-2].cells[3].parts[1:]] == [f"{low:.3f}", f"{high:.3f}"]
    assert texts(table, "Prediction interval (same)")[3].startswith("(")
    assert "REML" in table.footnotes[0]
    assert "tau2" in table.footnotes[1]
