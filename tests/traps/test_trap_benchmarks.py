"""Rotterdam and GBSG: off-study deaths, code 2 for yes, what is and is not randomised, and pinned bytes."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import tamoxres as tr
from tamoxres.codebook import DAYS_PER_MONTH
from tamoxres.cohorts import embedded
from tamoxres.errors import DataError, QuestionError

# Times are one division away from the file's text.
EXACT = 1e-12


def test_rotterdam_off_study_deaths() -> None:
    """43 deaths after relapse follow-up had ended are censored by default, events when asked for: 1,670 or 1,713."""
    censored, naive = tr.load("rotterdam"), tr.load("rotterdam", off_study_deaths="event")
    assert int(censored.patients["RFS_event"].sum()) == 1670
    assert int(naive.patients["RFS_event"].sum()) == 1713
    differs = censored.patients["RFS_event"] != naive.patients["RFS_event"]
    assert differs.sum() == 43
    raw = censored.raw[differs].apply(pd.to_numeric, errors="coerce")
    assert ((raw["death"] == 1) & (raw["recur"] == 0) & (raw["rtime"] < raw["dtime"])).all()
    assert "43 deaths" in censored.departures["RFS"]
    assert censored.departures["RFS"] != naive.departures["RFS"], "the cohort says which rule was used"


def test_rotterdam_counts(shared: Path) -> None:
    """Deaths, treatment and the shared copy agree; no node-negative patient was treated."""
    cohort = tr.load("rotterdam")
    patients = cohort.patients
    assert (cohort.n, int(patients["OS_event"].sum())) == (2982, 1272)
    assert (pd.to_numeric(cohort.raw["recur"]) == 1).sum() == 1518
    assert (patients["endocrine"] == "yes").sum() == 339
    assert not ((patients["endocrine"] == "yes") & (patients["nodes"] == 0)).any()
    assert any("node-positive" in note for note in cohort.notes)
    copy = pd.read_csv(shared / "cohorts" / "rotterdam" / "rotterdam.csv").set_index("pid")
    days = copy["dtime"].astype(float).set_axis(copy.index.astype(str))
    pd.testing.assert_series_equal(patients["OS_months"] * DAYS_PER_MONTH, days, rtol=EXACT, check_names=False)


def test_rotterdam_unknown_option() -> None:
    """An option the cohort does not have is refused by name."""
    with pytest.raises(QuestionError, match="Cohort rotterdam has no such option: 'off_study'"):
        tr.load("rotterdam", off_study="event")


def test_gbsg_hormone_two_is_yes(shared: Path) -> None:
    """The file in lifelines codes hormone 1 = no, 2 = yes: 246 treated, as in R's copy, patient by patient."""
    patients = tr.load("gbsg").patients
    assert patients["endocrine"].value_counts().to_dict() == {"no": 440, "yes": 246}
    assert (int(patients["RFS_event"].sum()), int(patients["OS_event"].sum())) == (299, 171)
    copy = pd.read_csv(shared / "cohorts" / "gbsg" / "gbsg.csv")
    days, treated = (patients["RFS_months"] * DAYS_PER_MONTH).round(6), patients["endocrine"] == "yes"
    ours = sorted(zip(days, treated, patients["age"], strict=True))
    theirs = sorted(zip(copy["rfstime"].astype(float), copy["hormon"] == 1, copy["age"].astype(float), strict=True))
    assert ours == theirs


def test_gbsg_says_what_it_is() -> None:
    """Two thirds randomised, 2 years of tamoxifen, ER-negative included: the cohort says so itself."""
    cohort = tr.load("gbsg")
    assert cohort.design == "partly_randomised"
    assert (cohort.patients["er"] == "negative").any()
    assert "about two thirds" in cohort.notes[0]
    assert "2 years" in cohort.notes[1]


@pytest.mark.parametrize("name", ["rotterdam", "gbsg"])
def test_pinned(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One changed byte in a pinned file is an error that tells file, hash and mend."""
    if name == "gbsg":
        altered = tmp_path / "datasets" / "lymph_node.csv"
        altered.parent.mkdir()
        altered.write_bytes((embedded._lifelines() / "datasets" / altered.name).read_bytes() + b"\n")
        monkeypatch.setattr(embedded, "_lifelines", lambda: tmp_path)
    else:
        source = embedded.data_root() / "rotterdam" / "rotterdam.csv"
        (tmp_path / "rotterdam").mkdir()
        (tmp_path / "rotterdam" / "rotterdam.csv").write_bytes(source.read_bytes()[:-10])
        monkeypatch.setattr(embedded, "data_root", lambda: tmp_path)
    with pytest.raises(DataError, match="is not the file we know: sha256 .*, expected .* altered or truncated"):
        tr.load(name)


def test_unknown_cohort() -> None:
    """A name the catalogue does not hold is refused with those it holds."""
    with pytest.raises(
        QuestionError, match="Unknown cohort 'metabrik'. Is it 'metabric'. Use one of .*gbsg.*metabric.*rotterdam"
    ):
        tr.load("metabrik")
