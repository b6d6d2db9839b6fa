"""treatment: what is compared is declared by name, and words, rows and verdicts follow."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

import tamoxres as tr
from tamoxres.errors import QuestionError, UnknownChoice
from tamoxres.models.treatment import treatment_effect
from tamoxres.treatment import Treatment, assign, plain_name, recorded

PATIENTS = pd.DataFrame(
    {
        "endocrine": ["yes", "yes", "yes", "no", None],
        "endocrine_agent": ["tamoxifen", "sequence", "aromatase_inhibitor", "none", None],
        "arm": ["5-FU", "observation", "5-FU", "observation", None],
        "chemotherapy": ["yes", "no", "yes", None, "no"],
    },
    index=list("abcde"),
)


def groups(name, against=""):
    status = assign(PATIENTS, name, against, cohort="mine")
    return status.where(status.notna(), None).tolist()


def test_what_a_cohort_can_tell():
    """Endocrine therapy and agents by their columns, arms by their levels, other treatments by yes and no."""
    assert recorded(PATIENTS) == (
        "endocrine", "none", "tamoxifen", "aromatase_inhibitor", "5-FU", "observation", "chemotherapy",
    )  # fmt: skip
    assert recorded(pd.DataFrame({"age": [50.0]})) == ()
    assert (plain_name("AI"), plain_name("Tamoxifen"), plain_name("5-FU")) == (
        "aromatase_inhibitor",
        "tamoxifen",
        "5-FU",
    )


@pytest.mark.parametrize(
    ("name", "against", "expected"),
    [
        ("endocrine", "none", ["treated", "treated", "treated", "untreated", None]),
        ("tamoxifen", "none", ["treated", "treated", None, "untreated", None]),
        ("aromatase_inhibitor", "tamoxifen", ["untreated", None, "treated", None, None]),
        ("tamoxifen", "aromatase_inhibitor", ["treated", None, "untreated", None, None]),
        ("5-FU", "observation", ["treated", "untreated", "treated", "untreated", None]),
        ("chemotherapy", "none", ["treated", "untreated", "treated", None, "untreated"]),
        ("tamoxifen", "", ["treated", "treated", None, None, None]),
    ],
)
def test_who_had_what(name, against, expected):
    """Unknown is neither; tamoxifen before an aromatase inhibitor counts against none, never against the inhibitor."""
    assert groups(name, against) == expected


@pytest.mark.parametrize(
    ("name", "against", "says"),
    [
        ("tamoxifin", "none", "Unknown treatment of mine 'tamoxifin'. Is it 'tamoxifen'"),
        ("tamoxifen", "placebo", "Unknown treatment of mine to compare with 'placebo'"),
        ("tamoxifen", "tamoxifen", "compared with itself"),
        ("5-FU", "chemotherapy", "2 patients had 5-FU and chemotherapy both"),
    ],
)
def test_what_cannot_be_compared_is_refused(name, against, says):
    """A name that the columns do not hold, a treatment against itself, groups that share patients."""
    with pytest.raises(QuestionError, match=says):
        groups(name, against)


def test_an_unknown_treatment_is_one_sentence():
    """A treatment that no column names is an UnknownChoice with the nearest, never a KeyError."""
    with pytest.raises(UnknownChoice, match="Unknown treatment of metabric 'endocrin'. Is it 'endocrine'"):
        tr.select(tr.load("metabric"), endpoint="OS", treatment="endocrin")
    with pytest.raises(UnknownChoice, match="Unknown treatment of metabric 'aromatase_inhibitor'"):
        tr.select(tr.load("metabric"), endpoint="OS", treatment="AI")


def test_words_follow_the_treatments():
    """Rows name what is compared, strata by their treatment."""
    compared = Treatment(name="aromatase_inhibitor", against="tamoxifen")
    assert compared.contrast == "aromatase inhibitor v tamoxifen"
    assert (compared.words("treated"), compared.words("untreated")) == ("aromatase inhibitor", "tamoxifen")
    assert Treatment(name="endocrine", against="none").words("treated") == "treated"
    assert compared.fields("interaction") == {
        "treatment_1": "aromatase_inhibitor", "treatment_0": "tamoxifen", "treated_alike": "",
    }  # fmt: skip
    assert compared.fields("prognostic")["treated_alike"] == "no"
    for estimand in ("prognostic", "interaction"):
        row = tr.EffectEstimate(study="a", log_estimate=0.1, se=0.1, estimand=estimand, **compared.fields(estimand))
        assert row.population == "aromatase inhibitor or tamoxifen"
    turned = tr.EffectEstimate(
        study="a", log_estimate=0.1, se=0.1, estimand="treatment_effect", treatment_1="tamoxifen", treatment_0="none"
    ).reversed()
    assert (turned.population, turned.contrast) == ("with or without tamoxifen", "none v tamoxifen")
    assert Treatment(name="tamoxifen").fields("prognostic") == {
        "treatment_1": "tamoxifen", "treatment_0": "", "treated_alike": "yes",
    }  # fmt: skip


def test_inhibitor_against_tamoxifen_in_tcga(shared):
    """TCGA names the drugs: 264 had an aromatase inhibitor, 191 tamoxifen; the effect's row says what is compared."""
    tcga = tr.load("tcga_brca", data_dir=shared / "cohorts")
    both = assign(tcga.patients, "aromatase_inhibitor", "tamoxifen", cohort="tcga_brca").value_counts()
    assert (both["treated"], both["untreated"]) == (264, 191)
    question = tr.Question(
        endpoint="OS", estimand="treatment_effect", er="any", treatment="AI", against="tamoxifen", landmark=9
    )
    [row] = tr.ask(tcga, question)
    assert (row.treatment_1, row.treatment_0, row.contrast) == (
        "aromatase_inhibitor", "tamoxifen", "aromatase inhibitor v tamoxifen",
    )  # fmt: skip
    assert row.flagged("not_randomised")
    assert "aromatase inhibitor or tamoxifen" in row.population
    assert row.n == row.n_1 + row.n_0 <= 455


def test_tamoxifen_by_name_in_ruedas_metabric(shared):
    """Rueda's supplement names the drug: tamoxifen against none, and an aromatase inhibitor against tamoxifen."""
    rueda = tr.call(tr.load("metabric_rueda", data_dir=shared / "cohorts"), "HER2")
    asked = {"endpoint": "BCSS", "marker": "HER2", "estimand": "interaction"}
    [by_drug] = tr.ask(rueda, tr.Question(**asked, treatment="tamoxifen", against="none"))
    [any_drug] = tr.ask(rueda, tr.Question(**asked))
    assert by_drug.treatment_1 == "tamoxifen"
    assert any_drug.treatment_1 == "endocrine"
    assert by_drug.n < any_drug.n
    compared = tr.select(rueda, endpoint="BCSS", treatment=("AI", "tamoxifen"))
    assert compared.treatment.contrast == "aromatase inhibitor v tamoxifen"
    assert compared.flow.steps[2].name == "Aromatase inhibitor or tamoxifen"


def test_a_crude_harm_is_confounding_only_where_it_can_be(shared):
    """A crude ratio above 1 says so where endocrine therapy was chosen against none; else it does not."""
    rotterdam = tr.load("rotterdam")
    both = tr.select(rotterdam, endpoint="RFS", er="any", treatment="any")
    trial = replace(both, cohort=replace(rotterdam, design="randomised"))
    tcga = tr.call(tr.load("tcga_brca", data_dir=shared / "cohorts"), "HER2")
    drugs = tr.select(tcga, marker="HER2", endpoint="OS", treatment=("AI", "tamoxifen"))
    assert treatment_effect(both).effect.flagged("crude_by_indication")
    for row in (
        treatment_effect(trial).effect,
        treatment_effect(both, strata="grade").effect,
        treatment_effect(both, adjust="age").effect,
        *tr.interaction(drugs).effects,
    ):
        assert row.estimand != "treatment_effect" or row.log_estimate > 0
        assert not row.flagged("crude_by_indication")
