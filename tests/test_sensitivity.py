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
    drawn = " ".join(text.get_text() for text in found.forest().texts)
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
