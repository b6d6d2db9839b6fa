"""Selecting the patients of a question: who stays, who leaves, and why."""

from __future__ import annotations

import pytest

import tamoxres as tr
from tamoxres.errors import QuestionError
from tamoxres.question import Restriction


@pytest.fixture(scope="module")
def metabric():
    return tr.call(tr.load("metabric"), "HER2")


def test_the_flow_of_the_primary_question(metabric):
    """2,509 -> ER positive 1,817 -> endocrine-treated 1,104 (349 events) -> HER2 known 1,101 (347)."""
    analysis = tr.select(metabric, marker="HER2", endpoint=tr.BCSS)
    steps = [(step.patients, step.events) for step in analysis.flow]
    assert steps == [(2509, 646), (1817, 454), (1104, 349), (1101, 347), (1101, 347)]
    whys = [step.why for step in analysis.flow]
    assert whys[1] == "ER negative 609, ER unknown 83"
    assert whys[2] == "endocrine therapy no 394, endocrine therapy unknown 319"
    assert whys[3] == "HER2 unknown 3"


def test_unknown_is_never_untreated(metabric):
    """Treated, untreated and unknown add up: nobody of unknown treatment is in either arm."""
    counts = {
        t: tr.select(metabric, endpoint="OS", er="any", treatment=t).flow.steps[1].patients
        for t in ("endocrine", "none", "any")
    }
    assert counts["endocrine"] + counts["none"] == counts["any"] == 1980


def test_the_population_names_an_unspecified_drug(metabric):
    """METABRIC's patients are endocrine-treated, drug not named, never tamoxifen-treated."""
    assert tr.select(metabric, endpoint="OS").population == "ER positive, endocrine therapy (drug not named)"
    with pytest.raises(QuestionError, match="does not name the drug.*--treatment endocrine"):
        tr.select(metabric, endpoint="OS", treatment="tamoxifen")


def test_tamoxifen_where_it_is_confirmed():
    """GBSG names tamoxifen."""
    analysis = tr.select(tr.load("gbsg"), endpoint="RFS", er="any", treatment="tamoxifen")
    assert (analysis.n, analysis.treatment.name, analysis.treatment.compares) == (246, "tamoxifen", False)


def test_restrictions_count_who_is_unknown(metabric):
    """`nodes >= 1` leaves out node-negative and unknown, apart."""
    analysis = tr.select(metabric, endpoint="OS", where=["nodes >= 1", "menopause == post"])
    step = analysis.flow.steps[3]
    assert step.name == "Nodes at least 1"
    assert "unknown" in step.why
    assert analysis.frame["nodes"].min() >= 1
    assert set(analysis.frame["menopause"]) == {"post"}
    assert analysis.population.endswith("nodes at least 1, menopause post")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"endpoint": "RFS"}, "no endpoint RFS. It has BCSS, OS, RFI"),
        ({"endpoint": "XYZ"}, "metabric has no endpoint XYZ"),
        ({"endpoint": "OS", "marker": "PTEN"}, "holds no call of PTEN; called so far: HER2"),
        ({"endpoint": "OS", "marker": "HER2", "rule": "ihc"}, "no call of HER2 by rule ihc"),
        ({"endpoint": "OS", "where": ["ki67 > 20"]}, "no column 'ki67'"),
        ({"endpoint": "OS", "where": ["nodes >= many"]}, "holds numbers"),
        ({"endpoint": "OS", "where": ["er > positive"]}, "compare it with =="),
        ({"endpoint": "OS", "where": ["import os"]}, "Cannot read the restriction"),
        ({"endpoint": "OS", "where": ["age < 1"]}, "Nobody is left in metabric"),
    ],
)
def test_what_cannot_be_selected(metabric, options, message):
    """A question the cohort cannot answer is refused in a sentence."""
    with pytest.raises(QuestionError, match=message):
        tr.select(metabric, **options)


def test_no_er_suggests_any(metabric):
    """A cohort without ER suggests --er any."""
    from dataclasses import replace

    blind = replace(metabric, patients=metabric.patients.drop(columns="er"))
    with pytest.raises(QuestionError, match="--er any"):
        tr.select(blind, endpoint="OS")
    assert tr.select(blind, endpoint="OS", er="any").n > 0


def test_frames_are_copied_in_and_out(metabric):
    """Changing a frame that was handed out changes nothing."""
    analysis = tr.select(metabric, endpoint="OS")
    frame = analysis.frame
    frame["months"] = 0.0
    assert analysis.frame["months"].max() > 0
    patients = metabric.patients
    patients["age"] = 1.0
    assert metabric.patients["age"].max() > 1


@pytest.mark.parametrize("text", ["nodes >= 1", "nodes>=1", " nodes  >=  1 ", "menopause == 'pre'"])
def test_restrictions_read_plainly(text):
    """Spaces and quotes do not matter."""
    parsed = Restriction.parse(text)
    assert str(parsed) in ("nodes >= 1", "menopause == pre")


def test_zero_follow_up_is_kept(metabric):
    """A patient with no follow-up stays in the analysis."""
    analysis = tr.select(metabric, endpoint="OS", er="any", treatment="any")
    assert (analysis.frame["months"] == 0).sum() == 1
