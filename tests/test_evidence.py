"""Published effects: every row of the evidence tables becomes one effect row, with nothing lost and nothing added."""

from __future__ import annotations

import csv
import math
import re
from collections import Counter

import pytest

from tamoxres.effects import effects_to_csv, read_effects
from tamoxres.errors import PoolingError, QuestionError
from tamoxres.evidence import OPTIONAL, claims, derived_interactions, literature, studies
from tamoxres.files import data_root
from tamoxres.meta.comparable import REFUSED_FLAGS, Alike
from tamoxres.meta.pool import pool
from tamoxres.registry.known import evidence_names

PRINTED = 1e-12  # estimates are taken over as printed
ROUNDED = 5e-4  # a ratio of printed ratios, worked by hand to three decimals


@pytest.fixture(scope="module")
def table():
    """Rows of effects.csv as text."""
    with (data_root() / "literature" / "effects.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture(scope="module")
def everything():
    """All 199 effects."""
    return literature(include="all")


def of(study, rows, **wanted):
    """First row of a study with the wanted fields."""
    found = [e for e in rows if e.label == study and all(getattr(e, k) == v for k, v in wanted.items())]
    assert found, f"no row of {study} with {wanted}"
    return found[0]


def test_every_row_becomes_one_effect(table, everything):
    """199 rows, in order, with their marker, endpoint, measure, estimate, n and flags."""
    assert len(everything) == len(table) == 199
    for printed, effect in zip(table, everything, strict=True):
        assert (effect.study, effect.marker, effect.endpoint) == tuple(
            printed[c] for c in ("study_id", "marker", "endpoint")
        )
        if effect.estimand == "prognostic" and printed["treatment"] not in ("any", "mixed"):
            assert effect.treatment_1 == printed["treatment"]
        assert effect.assay == printed["assay"]
        assert effect.rule == printed["marker_state"]
        assert (effect.n or "") == (int(printed["n"]) if printed["n"] else "")
        if printed["estimate"]:
            assert effect.estimate == pytest.approx(float(printed["estimate"]), rel=PRINTED)
        assert set(filter(None, printed["flags"].split(";"))) <= set(effect.flags)
        assert ("recalled" in effect.flags) == (printed["verification"] == "recalled")
        assert printed["evidence_locator"] in effect.source


def test_rows_without_a_route_to_a_standard_error_are_tests(table, everything):
    """A test alone, an estimate with neither interval nor exact P, a tendency told in words: none has an error."""
    assert Counter(effect.status for effect in everything) == {
        "estimated": 114, "test_only": 66, "null_without_number": 14, "significant_without_number": 5,
    }  # fmt: skip
    bare = [e.label for e in everything if e.status == "test_only" and e.estimate is not None]
    assert bare == ["Berry 2000", "Berry 2000", "Luen 2018", "Beelen 2014a"]
    assert sum("p_only" in effect.flags for effect in everything) == 61


def test_what_is_reported_without_a_number_has_its_own_status(everything):
    """Knoop 2001 and Rydén 2008 are nulls, Carlomagno 1996 is significant; neither has an estimate, an error or a P."""
    without = [e for e in everything if e.status in ("null_without_number", "significant_without_number")]
    assert all((e.point, e.se, e.p_value) == (None, None, None) for e in without)
    knoop = of("Knoop 2001", everything)
    assert (knoop.status, knoop.direction, knoop.n, knoop.trial) == (
        "null_without_number",
        "no_effect",
        1716,
        "DBCG 77C",
    )
    assert of("Rydén 2008", everything, estimand="interaction").status == "null_without_number"
    told = of("Carlomagno 1996", everything, estimand="interaction")
    assert (told.status, told.direction) == ("significant_without_number", "worse")
    nominal = of("Beelen 2014a", everything, marker="AKT", rule="phosphorylated T308")
    assert (nominal.status, nominal.direction) == ("significant_without_number", "")
    in_words = of("Karlsson 2013", everything)
    assert (in_words.status, in_words.p_value, in_words.direction) == ("test_only", None, "worse")


def test_a_ratio_computed_from_strata_is_not_called_printed(everything):
    """Beelen's p-p70S6K: 1.02 / 0.24 with the error that P 0.004 implies, ln(4.25) / 2.878 = 0.503."""
    row = of("Beelen 2014a", everything, rule="p-p70S6K positive", estimand="interaction")
    assert (row.route, row.ci_kind, row.p_value) == ("strata_p", "wald", 0.004)
    assert row.estimate == pytest.approx(4.25, rel=PRINTED)
    assert row.se == pytest.approx(0.503, abs=ROUNDED * 4)  # limits are given to three digits
    computed = {e.label for e in everything if e.route == "strata"}
    assert {"De Placido 2003", "Stål 2003", "Bostner 2013", "Bostner 2015", "Chia 2012"} <= computed


def test_a_p_that_is_only_an_upper_bound_gives_no_error(everything):
    """Beelen 2014 prints HR 0.24, P < 0.0001: a bound is kept as the P of a test, and named a bound."""
    row = of("Beelen 2014a", everything, rule="p-p70S6K negative")
    assert (row.status, row.p_value, row.se, row.direction) == ("test_only", 0.0001, None, "better")
    assert (row.p_relation, row.p_kind) == ("<", "printed")
    assert "Printed P < 0.0001" in row.note


def test_routes_to_the_standard_error(everything):
    """An interval gives its width over 2 z; without one an exact P gives |log HR| over its quantile."""
    ci = of("De Placido 2003", everything, rule="overexpressed", endpoint="OS", estimand="treatment_effect")
    assert ci.se == pytest.approx(math.log(1.87 / 0.63) / (2 * 1.959963984540054), rel=PRINTED)
    assert (ci.route, ci.ci_kind, ci.ci()) == ("ci", "printed", (0.63, 1.87))
    p = of("PMID 21327800 (2011)", everything)
    assert p.se == pytest.approx(math.log(1.93) / 3.290526731491894, rel=1e-9)
    assert (p.route, p.p_value, p.p_kind, p.adjusted_for) == ("p", 0.001, "printed", ("unspecified",))


def test_comparisons_say_what_is_estimated(everything):
    """Each comparison has its estimand, treatment contrast, contrast and marker level."""
    marker = of("Rasmussen 2008", everything, estimand="prognostic")
    assert (marker.contrast, marker.treatment_contrast, marker.design) == (
        "altered v unaltered",
        "none",
        "observational",
    )
    trial = of("Rasmussen 2008", everything, rule="not_amplified")
    assert (trial.estimand, trial.contrast, trial.treatment_contrast) == (
        "treatment_effect",
        "aromatase inhibitor v tamoxifen",
        "aromatase_inhibitor_v_tamoxifen",
    )
    assert trial.marker_level == "unaltered"
    assert trial.restrictions[0].startswith("3533")
    assert trial.design == "randomised"
    assert (
        of("Stål 2000", everything, estimand="interaction").treatment_contrast == "longer_tamoxifen_v_shorter_tamoxifen"
    )
    assert of("Love 2003", everything).treatment_contrast == "endocrine_v_none"
    assert of("Bostner 2013", everything).treatment_contrast == "tamoxifen_v_none"
    assert of("Baselga 2012", everything).treatment_contrast == "inhibitor_added_v_not_added"
    assert of("Baselga 2012", everything).marker_level == ""
    assert of("André 2019", everything, rule="wild-type").marker_level == "unaltered"
    assert of("Berry 2000", everything).design == of("Choi 2020", everything).design == "observational"


def test_odd_rows_are_told_in_their_notes(everything):
    """Love 2003 is not symmetric; turned odds ratios and a turned ratio of hazard ratios are named."""
    assert of("Love 2003", everything, rule="overexpressed", endpoint="DFS").flagged("asymmetric_interval")
    turned = [e for e in everything if "kept as printed" in e.note]
    assert [(e.label, e.measure) for e in turned] == [
        ("Ellis 2007", "OR"),
        ("Fillbrunn 2022", "OR"),
        ("Fillbrunn 2022", "OR"),
    ]
    assert of("Bartlett 2013", everything, estimand="interaction").contrast == "unaltered v altered"


def test_adjustment_is_yes_no_or_unknown(everything):
    """The table's yes, no and empty become unspecified, crude and unknown."""
    assert Counter(e.adjusted_for for e in everything) == {(): 74, ("unknown",): 93, ("unspecified",): 32}


def test_studies_that_share_patients_name_each_other(everything):
    """GUN: Carlomagno, De Placido and Bianco overlap, in every direction; so do all reports on one trial."""
    assert of("Carlomagno 1996", everything).overlaps == ("bianco_2000", "de_placido_2003")
    assert of("De Placido 2003", everything).overlaps == ("bianco_2000", "carlomagno_1996")
    assert of("Beelen 2014a", everything).overlaps == ("beelen_2014_pik3ca", "koornstra_2015", "kruger_2018")
    assert of("Stål 2003", everything).overlaps == ("fohlin_2013", "perez_tenorio_2007")
    assert of("Lipton 2003", everything).overlaps == ("lipton_2005",)
    assert of("Ellis 2007", everything).overlaps == ("ellis_2001",)


def test_default_leaves_out_what_must_not_be_pooled_unawares(table):
    """Recalled, pooled, doubled and superseded rows come only by name."""
    default = literature()
    assert len(default) == 136
    assert not any(set(effect.flags) & set(OPTIONAL) for effect in default)
    assert len(literature(include=["recalled"])) == 136 + 13  # of 15 recalled rows two double another row too
    assert len(literature(include=OPTIONAL)) == 199
    assert [e.label for e in literature(include="superseded_by_publication") if e not in default] == ["Luen 2018"] * 4
    assert set(OPTIONAL) < set(REFUSED_FLAGS)


def test_filters():
    """Marker, estimand, tier and setting narrow the rows."""
    assert {e.marker for e in literature(marker="her2")} == {"HER2"}
    assert {e.estimand for e in literature(estimand="interaction")} == {"interaction"}
    assert {e.label for e in literature(marker="PTEN", tier="meta_analysis", include="all")} == {"Li 2017"}
    assert {e.label for e in literature(marker="SRC", setting="adjuvant")} == {"Campbell 2008", "Elsberger 2012"}


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"marker": "KRAS"}, "Unknown marker 'KRAS'. Use one of HER2"),
        ({"estimand": "predictive"}, "Unknown estimand 'predictive'"),
        ({"tier": "human"}, "Unknown tier"),
        ({"setting": "late"}, "Unknown setting"),
        ({"include": "everything"}, "Unknown row kind 'everything' in include"),
    ],
)
def test_unknown_filters_are_refused(asked, says):
    """An unknown word is one sentence with the known ones."""
    with pytest.raises(QuestionError, match=says):
        literature(**asked)


def test_rows_go_through_the_pipe_unchanged(everything, tmp_path):
    """All 199 rows written as CSV are read back equal, tests included."""
    path = tmp_path / "literature.csv"
    path.write_text(effects_to_csv(everything), encoding="utf-8")
    assert read_effects(path) == everything


def test_labels_are_unique_to_a_study():
    """One label, one study, in the map of 146 studies, two of which have no finding of their own."""
    frame = studies()
    assert frame["study"].nunique() == frame["study_id"].nunique() == 146 - 2
    assert {"Beelen 2014a", "Beelen 2014b", "Tokunaga 2006a", "Tokunaga 2006b"} <= set(frame["study"])


def test_evidence_map_has_a_row_a_study_marker_and_direction():
    """175 findings, each with its tier, direction and setting; the seven markers all stand in it."""
    frame = studies()
    assert len(frame) == 175
    assert set(frame["marker"]) == set(evidence_names())
    assert set(frame["tier"]) == {"cell_line", "animal_model", "clinical", "meta_analysis"}
    row = frame[(frame["study"] == "Luen 2018") & (frame["marker"] == "PIK3CA")].iloc[0]
    assert (row["direction"], row["year"], row["setting"]) == ("mixed", 2018, "adjuvant")
    assert (row["evidence_kind"], row["drug"], row["trial"]) == ("randomised_other", "mixed_endocrine", "BIG 1-98")


def test_interactions_from_two_printed_strata():
    """De Placido 2003, receptor-positive: 1.33 / 0.73 = 1.822, SE the root of summed squares; TEAM's is the inverse."""
    gun = of("De Placido 2003", derived_interactions(marker="HER2"))
    assert gun.estimate == pytest.approx(1.822, abs=ROUNDED)
    assert gun.se == pytest.approx(
        math.hypot(math.log(2.51 / 0.70), math.log(1.14 / 0.47)) / 3.919927969080108, rel=PRINTED
    )
    everyone = [e for e in derived_interactions(marker="HER2", include="all") if e.label == "De Placido 2003"]
    assert [round(e.estimate, 3) for e in everyone] == [1.847, 1.822]
    assert (gun.route, gun.estimand, gun.contrast) == ("strata", "interaction", "altered v unaltered")
    assert gun.flagged("derived_from_two_strata")
    pairs = derived_interactions(include="all")
    team = next(e for e in pairs if e.label == "Bartlett 2013" and "composite_marker" in e.flags)
    printed = of("Bartlett 2013", literature(estimand="interaction")).reversed()
    assert team.estimate == pytest.approx(printed.estimate, abs=0.01)
    assert team.se == pytest.approx(printed.se, abs=0.01)


def test_only_complete_pairs_of_one_subset_are_joined():
    """Knoop (negative strata alone) and Berry (no errors) give none; Luen's meeting report comes by name."""
    assert {e.label for e in derived_interactions()} == {
        "De Placido 2003", "Love 2003", "Stål 2000", "Rasmussen 2008", "Bartlett 2013", "Stål 2003", "Bostner 2013",
        "Bostner 2015", "Chia 2012", "Kruger 2018",
    }  # fmt: skip
    assert len(derived_interactions()) == 11  # Love has two endpoints
    assert len(derived_interactions(include="all")) == 14


def test_pooling_published_rows_refuses_and_pools():
    """Flagged rows are refused by name; two HER2 trials of AI against tamoxifen pool to an interaction."""
    with pytest.raises(PoolingError, match="pooled_estimate"):
        pool(literature(marker="PTEN", estimand="prognostic", include="all"))
    ai = [e for e in derived_interactions(marker="HER2") if e.treatment_contrast == "aromatase_inhibitor_v_tamoxifen"]
    with pytest.raises(PoolingError, match=r"differ in rule: amplified .*Pass alike=Alike\(rule="):
        pool(ai)
    pooled = pool(ai, alike=Alike(rule={"*": "any"}, assay={"*": "any"}))
    assert pooled.k == 2
    assert any(note.startswith("Mixed rules: amplified (") for note in pooled.notes)
    assert pooled.marker == "HER2"
    with pytest.raises(PoolingError, match="Ellis 2007: flagged or_of_response"):
        pool([*literature(marker="HER2", tier="clinical", estimand="treatment_effect")])
    assert Alike(include=("recalled",)).include == ("recalled",)


def test_the_claims_cover_the_pathway():
    """Six markers are claimed to bear on resistance; of PIK3CA the review says that no difference was elucidated."""
    found = {claim.marker: claim for claim in claims()}
    assert tuple(found) == evidence_names()
    assert [m for m, claim in found.items() if claim.direction == "no_difference_shown"] == ["PIK3CA"]
    assert "do not elucidate any significant difference" in found["PIK3CA"].statement
    assert str(found["PTEN"]) == "PTEN: Suppression of PTEN has a notable effect on tamoxifen resistance."
    assert "over-expression and over-activation" in found["HER2"].altered


def test_the_claims_are_in_the_reviews_own_terms():
    """No assay's way to see a marker is put into the review's mouth, and it is cited by authors and title alone."""
    for claim in claims():
        said = f"{claim.altered} {claim.effect} {claim.statement}".lower()
        assert not re.search(r"amplif|mutation|\bloss\b|phosphor|equivalen", said), claim
        assert "expression" not in said or claim.marker == "HER2"
        assert claim.citation.startswith("Mansuri S, Teimourzadeh A, Farahmand L, Majidzadeh K. Analysis of Her2")
        assert not re.search(r"\d{4}|doi", claim.citation)
