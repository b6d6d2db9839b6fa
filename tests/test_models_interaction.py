"""The marker x treatment interaction, its contrasts and the verdict, against R (tests/reference/cox)."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import tamoxres as tr
from tamoxres.errors import AnalysisError
from tamoxres.inference.verdict import single_arm_verdict
from tamoxres.models.interaction import one_interaction

REFERENCE = json.loads((Path(__file__).parent / "reference" / "cox" / "reference.json").read_text())
ITERATED = 1e-7  # both sides iterate to a maximum, in different arithmetic
ADJUST, STRATA = ["age", "npi", "chemotherapy"], ["site"]
CASES = [(rule, endpoint) for rule in ("snp6_gain", "three_gene", "intclust5") for endpoint in ("BCSS", "OS", "RFI")]


def close(found, expected, what):
    np.testing.assert_allclose(found, expected, rtol=ITERATED, atol=ITERATED, err_msg=what)


@pytest.fixture(scope="module")
def metabric():
    cohort = tr.load("metabric")
    for rule in ("three_gene", "intclust5", "snp6_gain"):
        cohort = tr.call(cohort, "HER2", rule=rule)
    return cohort


def both_arms(cohort, rule="snp6_gain", endpoint="BCSS"):
    return tr.select(cohort, marker="HER2", rule=rule, endpoint=endpoint, treatment="any")


@pytest.fixture(scope="module")
def adjusted(metabric):
    return tr.interaction(both_arms(metabric), adjust=ADJUST, strata=STRATA)


@pytest.mark.parametrize(("rule", "endpoint"), CASES)
def test_ratio_and_lrt_equal_r(metabric, rule, endpoint):
    """Ratio of hazard ratios and likelihood-ratio P, crude and adjusted, equal R on the same complete cases."""
    want = REFERENCE["metabric"][rule][endpoint]
    found = tr.interaction(both_arms(metabric, rule, endpoint), adjust=ADJUST, strata=STRATA)
    for row, r, p in (
        (found.crude.ratio, want["interaction"], want["interaction_lrt_p"]),
        (found.ratio, want["adjusted"], want["adjusted_lrt_p"]),
    ):
        at = r["terms"].index("x:et")
        close([row.log_estimate, row.se], [r["coef"][at], r["se"][at]], "ratio")
        close(row.p_value, p, "lrt p")
        assert (row.n, row.events) == (r["n"], r["events"])


def test_contrasts_come_from_one_model(adjusted):
    """Each contrast is a sum of R's coefficients with the variance of that sum."""
    r = REFERENCE["metabric"]["snp6_gain"]["BCSS"]["adjusted"]
    index = {name: r["terms"].index(name) for name in ("x", "et", "x:et")}
    vcov = np.array(r["vcov"])
    for row, parts in (
        (adjusted.marker_treated, ("x", "x:et")),
        (adjusted.marker_untreated, ("x",)),
        (adjusted.treatment_altered, ("et", "x:et")),
        (adjusted.treatment_unaltered, ("et",)),
    ):
        at = [index[name] for name in parts]
        close(row.log_estimate, sum(r["coef"][i] for i in at), row.term)
        close(row.se, math.sqrt(vcov[np.ix_(at, at)].sum()), f"{row.term} se")


def test_the_four_hazard_ratios_close_on_the_ratio(adjusted):
    """Either pair of hazard ratios gives the same ratio."""
    by_marker = adjusted.marker_treated.log_estimate - adjusted.marker_untreated.log_estimate
    by_treatment = adjusted.treatment_altered.log_estimate - adjusted.treatment_unaltered.log_estimate
    assert by_marker == pytest.approx(adjusted.ratio.log_estimate, abs=1e-12)
    assert by_treatment == pytest.approx(adjusted.ratio.log_estimate, abs=1e-12)


def test_cells_and_rows_count_the_same_patients(adjusted):
    """The four cells add up to the rows' counts."""
    cells = adjusted.cells.set_index(["marker", "treatment"])
    assert cells["patients"].sum() == adjusted.ratio.n == 1492
    assert cells["events"].sum() == adjusted.ratio.events == 452
    assert adjusted.marker_treated.n_1 == cells.loc[("altered", "treated"), "patients"] == 213
    assert adjusted.treatment_altered.n_0 == cells.loc[("altered", "untreated"), "patients"]


def test_metabric_verdict(adjusted):
    """METABRIC: prognostic; interaction inconclusive, with the minimum detectable ratio, from the adjusted model."""
    verdict = adjusted.verdict
    assert verdict.label == "prognostic; interaction inconclusive"
    assert verdict.basis == adjusted.ratio.row_id
    below, above = verdict.minimum_detectable
    assert f"{above:.2f} or more" in verdict.sentence
    assert f"{below:.2f} or less" in verdict.sentence
    assert below < 1 / above
    assert math.exp((1.959963984540054 + 0.8416212335729143) * adjusted.ratio.se) == pytest.approx(above, rel=0.1)
    assert "stays open" in verdict.sentence
    assert [round(x, 3) for x in (adjusted.ratio.estimate, *adjusted.ratio.ci())] == [0.913, 0.540, 1.598]


def test_gbsg_interaction_with_er_equals_r():
    """GBSG hormone x (ER >= 10) equals R: ratio 0.81782 (profile 0.48876-1.38706), LRT P 0.45104."""
    gbsg = tr.load("gbsg")
    values = gbsg.patients["er"].map({"positive": "altered", "negative": "unaltered"})
    call = tr.MarkerCall(marker="ER", rule="fmol10", assay="ligand binding", reference="", definition="", values=values)
    analysis = tr.select(gbsg.with_marker(call), marker="ER", endpoint="RFS", er="any", treatment="any")
    row = tr.interaction(analysis).ratio
    want = REFERENCE["gbsg"]["er_interaction"]
    close(
        [row.log_estimate, row.se, row.p_value], [want["coef"][2], want["se"][2], REFERENCE["gbsg"]["er_lrt_p"]], "gbsg"
    )
    assert row.treatment_contrast == "tamoxifen_v_none"
    assert [round(x, 5) for x in (row.estimate, *row.ci())] == [0.81782, 0.48876, 1.38706]


def test_notes_never_leave_a_treatment_effect(adjusted):
    """Non-randomised treatment effects carry the note; a crude hazard ratio above 1 in ER+ adds its sentence."""
    assert "confounding by indication" in adjusted.treatment_unaltered.note
    assert "confounding by indication" in adjusted.ratio.note
    assert "above 1" not in adjusted.treatment_unaltered.note
    assert "above 1" in adjusted.crude.treatment_unaltered.note
    assert adjusted.marker_treated.note == ""


def test_a_single_arm_cannot_tell(metabric):
    """A treated-only set is refused with the reason."""
    with pytest.raises(AnalysisError, match="single arm: cannot tell"):
        tr.interaction(tr.select(metabric, marker="HER2", endpoint="BCSS"))
    assert single_arm_verdict("X").label == "single arm: cannot tell"


def test_an_empty_cell_is_named(metabric):
    """A cell without events is named, one without patients is refused."""
    analysis = both_arms(metabric)
    frame = analysis.frame
    cell = (frame["marker"] == "altered") & (frame["treatment"] == "untreated")
    empty = replace(analysis, frame=frame.assign(event=frame["event"].where(~cell, 0)))
    assert "HER2 altered, untreated: no events" in tr.interaction(empty).verdict.sentence
    with pytest.raises(AnalysisError, match="HER2 altered, untreated: no patients"):
        tr.interaction(analysis.without((~cell).to_numpy(), name="without them", why=""))


def test_one_interaction_is_the_adjusted_part() -> None:
    """Without the crude model beside it the rows and the verdict are the same."""
    both = tr.select(tr.call(tr.load("metabric"), "HER2"), marker="HER2", endpoint="BCSS", treatment="any")
    whole = tr.interaction(both, adjust="age", strata="site")
    alone = one_interaction(both, adjust="age", strata="site")
    assert alone.effects == whole.effects
    assert alone.verdict == whole.verdict
    assert (alone.crude, whole.crude is None) == (None, False)
