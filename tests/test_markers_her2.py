"""HER2: four different HER2s, each by its assay; unknown stays unknown."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

import tamoxres as tr
from tamoxres.cohort import Cohort
from tamoxres.errors import DataError, QuestionError


@pytest.fixture(scope="module")
def metabric() -> Cohort:
    """METABRIC as embedded."""
    return tr.load("metabric")


@pytest.mark.parametrize(
    ("rule", "altered", "unaltered", "unknown"),
    [("snp6_gain", 438, 1436 + 101, 529 + 5), ("three_gene", 198, 1566, 745), ("intclust5", 190, 1790, 529)],
)
def test_counts(metabric: Cohort, rule: str, altered: int, unaltered: int, unknown: int) -> None:
    """Each rule counts its own HER2; UNDEF and empty cells are NA, never unaltered."""
    call = tr.call(metabric, "HER2", rule=rule).marker("HER2")
    assert call.counts() == {"altered": altered, "unaltered": unaltered, "not_assayed": 0, "unknown": unknown}
    assert call.assay
    assert "doi:" in call.reference


def test_gain_is_not_clinical_her2(metabric: Cohort) -> None:
    """The default is a copy-number gain, and says that it is not clinical positivity."""
    call = tr.call(metabric, "her2").marker("HER2")
    assert call.rule == "snp6_gain"
    assert "Not clinical HER2 positivity" in call.definition
    undefined = metabric.raw["HER2_SNP6"] == "UNDEF"
    assert call.values[undefined].isna().all()


def test_calls_stand_side_by_side(metabric: Cohort) -> None:
    """Several rules of one marker are held together; the cohort they came from is unchanged."""
    both = tr.call(tr.call(metabric, "HER2"), "HER2", rule="intclust5")
    assert [c.rule for c in both.markers] == ["snp6_gain", "intclust5"]
    assert both.marker("HER2").rule == "intclust5", "the one last called"
    assert both.marker("HER2", "snp6_gain").counts()["altered"] == 438
    assert metabric.markers == ()


@pytest.mark.parametrize(
    ("marker", "rule", "message"),
    [
        ("HER2", "ihc_ish", "metabric cannot answer for HER2 by rule ihc_ish. Use one of its rules: snp6_gain"),
        ("KRAS", None, "Unknown marker 'KRAS'. Use one of HER2, AKT, MTOR"),
        ("HERR2", None, "Unknown marker 'HERR2'. Is it 'HER2'"),
    ],
)
def test_what_cannot_be_called(metabric: Cohort, marker: str, rule: str | None, message: str) -> None:
    """A rule whose assay the cohort lacks, or a marker nobody defined, is refused."""
    with pytest.raises(QuestionError, match=message):
        tr.call(metabric, marker, rule=rule)


def test_unknown_value(metabric: Cohort) -> None:
    """A raw value that the rule does not name is an error, never silently unaltered."""
    raw = metabric.raw.copy()
    raw.loc[raw.index[0], "HER2_SNP6"] = "AMPLIFIED"
    with pytest.raises(
        DataError, match="column HER2_SNP6, patient MB-0000: 'AMPLIFIED' is unknown to the rule HER2 snp"
    ):
        tr.call(replace(metabric, raw=raw), "HER2")


def test_raw_values_are_kept(metabric: Cohort) -> None:
    """The publisher's values stand beside the harmonised ones, and nobody can change them in place."""
    raw = metabric.raw
    raw["HER2_SNP6"] = pd.NA
    assert metabric.raw["HER2_SNP6"].notna().any()
