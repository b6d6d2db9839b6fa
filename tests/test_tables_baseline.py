"""Table 1: medians, shares, missing values, standardised differences against R, and small counts withheld."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tamoxres.errors import AnalysisError
from tamoxres.tables.baseline import baseline_table, smd_levels, smd_number

CLOSED = 1e-12  # relative: closed forms, the same arithmetic in R
R = json.loads((Path(__file__).parent / "reference/tables/tables.json").read_text())


@pytest.fixture(scope="module")
def gbsg():
    from tamoxres.cohorts.catalogue import load

    return load("gbsg").patients


def line(table, label):
    return next([cell.text for cell in row.cells] for row in table.rows if row.cells[0].text == label)


def test_quartiles_and_counts_are_those_of_r(gbsg):
    """GBSG by hormone treatment: quartiles (type 7) and counts as R gives them."""
    table = baseline_table(gbsg, "endocrine", columns=["age", "size_mm", "grade", "menopause"])
    assert line(table, "Patients")[1:4] == ["686", "440", "246"]
    for label, name in (("Age at diagnosis, years", "age"), ("Invasive tumour size, mm", "size")):
        shown = [f"{m:g} [{low:g}-{high:g}]" for m, low, high in (R[name]["no"], R[name]["yes"])]
        assert line(table, label)[2:4] == shown, label
    for i, level in enumerate("123"):
        assert [cell.partition(" ")[0] for cell in line(table, level)[2:4]] == [
            str(R["grade"][g][i]) for g in ("no", "yes")
        ]


@pytest.mark.parametrize(("column", "name"), [("age", "age"), ("size_mm", "size")])
def test_smd_of_numbers_is_that_of_r(gbsg, column, name):
    """The standardised mean difference equals R's."""
    first, second = (gbsg.loc[gbsg["endocrine"] == g, column].to_numpy(float) for g in ("no", "yes"))
    assert smd_number(first, second) == pytest.approx(R[name]["smd"], rel=CLOSED)


@pytest.mark.parametrize("name", ["grade", "meno"])
def test_smd_of_levels_is_that_of_r(name):
    """The standardised difference of two distributions equals R's."""
    first, second = (np.array(R[name][g]) / sum(R[name][g]) for g in ("no", "yes"))
    assert smd_levels(first, second) == pytest.approx(R[name]["smd"], rel=CLOSED)


def test_smd_by_hand():
    """Shares 0.5 and 0.2 differ by 0.3 over the root of (0.25 + 0.16) / 2; equal samples differ by 0."""
    assert smd_levels(np.array([0.5, 0.5]), np.array([0.8, 0.2])) == pytest.approx(0.3 / np.sqrt(0.205), rel=CLOSED)
    assert smd_number(np.ones(3), np.ones(2)) == 0.0
    assert np.isnan(smd_number(np.ones(1), np.zeros(3)))


@pytest.fixture
def small():
    return pd.DataFrame(
        {
            "marker": ["altered"] * 10 + ["unaltered"] * 20 + [None] * 2,
            "chemotherapy": ["yes"] * 3 + ["no"] * 6 + [None] + ["yes"] * 8 + ["no"] * 12 + ["yes"] * 2,
            "npi": [2.0, 3.5, np.nan, *np.linspace(2, 6, 29)],
            "site": ["1"] * 16 + ["2"] * 16,
        }
    )


def test_missing_is_counted_and_not_in_the_shares(small):
    """Shares are of the known; the missing have a row of their own; patients of unknown group are left out and told."""
    table = baseline_table(small, "marker")
    assert line(table, "Patients") == ["Patients", "30", "10", "20", ""]
    assert line(table, "Adjuvant or neoadjuvant chemotherapy")[1:4] == ["11 (37.9%)", "3 (33.3%)", "8 (40.0%)"]
    assert line(table, "Unknown")[1:4] == ["1", "1", "0"]
    assert any("Left out: 2 patients in whom marker is unknown" in note for note in table.footnotes)


def test_without_groups_there_is_one_column(small):
    """Without groups all patients stand in one column, without differences."""
    table = baseline_table(small)
    assert [c.header for c in table.columns] == ["Characteristic", "All"]
    assert line(table, "Patients")[1] == "32"


def test_small_cells_are_withheld_with_what_reveals_them(small):
    """3 of 9 treated by chemotherapy are withheld: so are the counts from which they could be worked out."""
    table = baseline_table(small, "marker", columns=["chemotherapy"], min_cell=5)
    assert line(table, "Adjuvant or neoadjuvant chemotherapy")[1:4] == ["*", "*", "*"]
    assert table.footnotes[-1] == "*: withheld: 1 to 4, or a count that would reveal one."


def test_bad_requests_are_refused(small):
    """An unknown column, a group too small to show, and groups unknown in everyone are refused by name."""
    with pytest.raises(AnalysisError, match="no column 'grade' to describe"):
        baseline_table(small, columns=["grade"])
    with pytest.raises(AnalysisError, match="Group 'altered' has 10 patients, fewer than min_cell=11"):
        baseline_table(small, "marker", min_cell=11)
    with pytest.raises(AnalysisError, match="marker is unknown in all 32 patients"):
        baseline_table(small.assign(marker=None), "marker")
