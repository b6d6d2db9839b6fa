"""Sensitivity in one call: one choice changed at a time, nothing lost."""

from __future__ import annotations

import pytest

import tamoxres as tr
from tamoxres.answers.sensitivity import sensitivity
from tamoxres.errors import QuestionError
from tamoxres.wording import ratio_with_interval


@pytest.fixture(scope="module")
def found():
    return sensitivity(tr.load("metabric"), marker="HER2", endpoint="BCSS", adjust=["age", "npi"], strata=["site"])


def plain(text: str) -> str:
    """Write a range with the hyphen of files, not with the dash of pictures."""
    return text.replace("\u2060", "").replace("–", "-")


def test_the_primary_comes_first_and_equals_ask(found):
    """The first row is the primary question's own."""
    question = found.variations[0].question
    assert found.effects[0] == tr.ask(tr.load("metabric"), question)[0]
    assert found.variations[0].label == "BCSS, snp6_gain, adjusted for age, npi, stratified by site"


def test_every_variation_changes_one_choice(found):
    """Each variation differs from the primary in the fields of its choice alone."""
    from dataclasses import fields

    primary = found.variations[0].question
    changed = {
        v.label: [f.name for f in fields(primary) if getattr(v.question, f.name) != getattr(primary, f.name)]
        for v in found.variations[1:]
    }
    assert changed["OS"] == ["endpoint"]
    assert changed["three_gene"] == ["rule"]
    assert changed["crude"] == ["adjust", "strata"]
    assert changed["multiple imputation"] == ["missing"]
    assert changed["after year 5"] == ["landmark"]
    assert changed["premenopausal"] == ["where"]
    assert all(names for names in changed.values())


def test_table_and_forest_keep_every_variation(found):
    """The table and the forest have a row for each, and their words."""
    assert len(found.table) == len(found.variations)
    texts = {text.get_text() for text in found.forest().texts}
    assert any(text.startswith("marker rule: intclust5") for text in texts)
    assert "1.33 (1.04-1.71)" in set(found.table["estimate (95% CI)"])


def test_the_forest_shows_the_limits_of_the_rows():
    """An interaction's profile limits are those that the table prints, not symmetric ones."""
    found = sensitivity(tr.load("metabric"), marker="HER2", endpoint="BCSS", estimand="interaction", adjust=["age"])
    drawn = plain(" ".join(text.get_text() for text in found.forest().texts))
    profile = [v.row for v in found.variations if v.row is not None and v.row.ci_kind == "profile"]
    assert len(profile) > 5
    for row in profile:
        assert ratio_with_interval(row.estimate, *row.ci()) in drawn


def test_what_cannot_be_estimated_keeps_its_place():
    """A variation without an estimate stays, with its reason; a primary without one is refused."""
    found = sensitivity(tr.load("rotterdam"), endpoint="RFS", estimand="treatment_effect", adjust=["age", "nodes"])
    problems = {v.label: v.problem for v in found.variations if v.row is None}
    assert "node" in problems["iptw"]
    assert (found.table["estimate (95% CI)"] == "NE").sum() == len(problems)
    with pytest.raises(QuestionError, match="no endpoint BCSS"):
        sensitivity(tr.load("rotterdam"), endpoint="BCSS", estimand="treatment_effect")


@pytest.fixture(scope="module")
def strata():
    """The effect of treatment by HER2 in METABRIC, varied."""
    return sensitivity(tr.load("metabric"), marker="HER2", endpoint="BCSS", estimand="treatment_effect", adjust=["age"])


def test_treatment_by_a_marker_shows_both_strata_of_every_choice(strata):
    """Every choice has a row and a line for altered and one for unaltered, each named, and equal to ask's."""
    estimated = [v for v in strata.variations if v.rows]
    assert len(estimated) > 8
    for variation in estimated:
        assert [row.marker_level for row in variation.rows] == ["altered", "unaltered"]
    for choice in ("primary", "endpoint", "marker rule", "weights", "period"):
        variation = next(v for v in estimated if v.choice == choice)
        assert list(variation.rows) == list(tr.ask(tr.load("metabric"), variation.question))
    assert len(strata.effects) == 2 * len(estimated)
    lines = strata.table
    assert len(lines) == sum(max(len(v.rows), 1) for v in strata.variations)
    assert (lines["treatment when"] == "HER2 altered").sum() == len(estimated)
    assert (lines["treatment when"] == "HER2 unaltered").sum() == len(estimated)
    first, second = strata.variations[0].rows
    assert lines["estimate (95% CI)"][0] == ratio_with_interval(first.estimate, *first.ci())
    assert lines["estimate (95% CI)"][1] == ratio_with_interval(second.estimate, *second.ci())
    assert "HER2 unaltered" in str(strata)
    assert "HER2 altered BCSS" in str(first)
    assert "HER2 unaltered BCSS" in str(second)


def test_the_forest_of_strata_names_each(strata):
    """The altered stand together and then the unaltered, each line named by its stratum and choice."""
    texts = [plain(text.get_text()) for text in strata.forest().texts]
    altered = [text for text in texts if text.startswith("HER2 altered; ")]
    unaltered = [text for text in texts if text.startswith("HER2 unaltered; ")]
    assert len(altered) == len(unaltered) == len(strata.variations)
    assert altered[0] == "HER2 altered; BCSS, snp6_gain, adjusted for age"
    assert max(map(texts.index, altered)) < min(map(texts.index, unaltered))
    for row in strata.effects:
        assert ratio_with_interval(row.estimate, *row.ci()) in " ".join(texts)


def test_an_interaction_knows_the_strata_behind_it():
    """Each ratio is that of the two strata behind it (few events: Firth's, of the same patients); others have none."""
    found = sensitivity(tr.load("metabric"), marker="HER2", endpoint="BCSS", estimand="interaction")
    strata = found.in_strata()
    assert strata.by_stratum
    assert not found.by_stratum
    for ratio, both in zip(found.variations, strata.variations, strict=True):
        altered, unaltered = both.rows
        away = ratio.row.log_estimate - (altered.log_estimate - unaltered.log_estimate)
        assert (abs(away) < 1e-9) != (ratio.row.model == "firth")
        assert altered.n + unaltered.n == ratio.row.n
        assert both.question.estimand == "treatment_effect"
    assert sensitivity(tr.load("gbsg"), endpoint="RFS", estimand="treatment_effect").in_strata() is None


def test_a_treatment_effect_without_a_marker_has_no_strata():
    """One row a choice, and no column of strata."""
    found = sensitivity(tr.load("gbsg"), endpoint="RFS", estimand="treatment_effect")
    assert "treatment when" not in found.table
    assert len(found.effects) == len(found.table)
