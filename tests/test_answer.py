"""A question put to a cohort: the rows, the same by API and by parts."""

from __future__ import annotations

import pytest

import tamoxres as tr
from tamoxres.answers.answer import answer
from tamoxres.errors import QuestionError


@pytest.fixture(scope="module")
def metabric():
    return tr.load("metabric")


def test_asking_equals_doing_it_by_hand(metabric):
    """`ask` gives the row that call, select and cox give."""
    [row] = tr.ask(metabric, tr.Question(marker="HER2", endpoint=tr.BCSS, adjust=("age", "npi")))
    called = tr.call(metabric, "HER2")
    assert row == tr.cox(tr.select(called, marker="HER2", endpoint=tr.BCSS), adjust=["age", "npi"]).effect
    assert row.adjusted_for == ("age", "npi")


def test_rows_by_estimand(metabric):
    """Prognostic and interaction give one row, a treatment effect one a marker level (one in all without a marker)."""
    counts = {}
    for estimand in ("prognostic", "interaction", "treatment_effect"):
        counts[estimand] = tr.ask(metabric, tr.Question(marker="HER2", endpoint="BCSS", estimand=estimand))
    assert {name: len(rows) for name, rows in counts.items()} == {
        "prognostic": 1,
        "interaction": 1,
        "treatment_effect": 2,
    }
    assert [row.population.rpartition(" ")[2] for row in counts["treatment_effect"]] == ["altered", "unaltered"]
    assert counts["interaction"][0].p_value is not None
    assert len(tr.ask(metabric, tr.Question(endpoint="BCSS", estimand="treatment_effect"))) == 1


def test_an_answer_keeps_what_stands_behind_it(metabric):
    """Flow, model and verdict travel with the rows."""
    found = answer(metabric, tr.Question(marker="HER2", endpoint="BCSS", estimand="interaction"))
    assert found.flow.steps[-1].patients == found.rows[0].n
    assert found.verdict.label == "prognostic; interaction inconclusive"
    assert "Verdict" not in found._repr_html_()
    assert found.verdict.label in found._repr_html_()
    assert str(found.rows[0]) == str(found)


def test_every_row_says_where_it_comes_from(metabric):
    """Source, hash, design, assay and rule stand in the row."""
    [row] = tr.ask(metabric, tr.Question(marker="HER2", endpoint="OS", rule="three_gene"))
    assert row.rule == "three_gene"
    assert row.assay.startswith("mRNA")
    assert row.data_sha256.startswith("f01fde12")
    assert row.design == "observational"
    assert "Curtis" in row.source


@pytest.mark.parametrize(
    ("question", "message"),
    [
        ({"marker": "PTEN", "endpoint": "BCSS"}, "holds no assay of PTEN"),
        ({"marker": "HER2", "endpoint": "BCSS", "rule": "ihc_ish"}, "Use one of its rules: snp6_gain"),
    ],
)
def test_unanswerable_questions(metabric, question, message):
    """What the cohort cannot answer is refused with what it can."""
    with pytest.raises(QuestionError, match=message):
        tr.ask(metabric, tr.Question(**question))
