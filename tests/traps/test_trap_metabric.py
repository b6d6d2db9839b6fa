"""METABRIC's patient file: every trap it holds, and every way to spoil it, said in one sentence."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import tamoxres as tr
from tamoxres.codebook import DAYS_PER_MONTH
from tamoxres.cohort import Cohort
from tamoxres.cohorts.metabric import PATIENT_FILE
from tamoxres.errors import DataError
from tamoxres.files import data_root

# Times are one multiplication away from the file's text.
EXACT = 1e-12
# The older file prints months with two decimals.
PRINTED = 0.0052
EMBEDDED = data_root() / "metabric" / PATIENT_FILE
HEADER_LINE = 5


@pytest.fixture(scope="module")
def metabric() -> Cohort:
    """METABRIC as embedded."""
    return tr.load("metabric")


def spoiled(folder: Path, old: str, new: str, count: int = 1) -> Path:
    """Put a copy of the patient file, with one text replaced, into a data folder."""
    text = EMBEDDED.read_text(encoding="utf-8")
    assert old in text
    (folder / "metabric").mkdir(exist_ok=True)
    (folder / "metabric" / PATIENT_FILE).write_text(text.replace(old, new, count), encoding="utf-8")
    return folder


def rewritten(folder: Path, change: dict[str, pd.Series] | None = None, order: list[str] | None = None) -> Path:
    """Write the patient file anew, with columns changed or in another order, without its comment lines."""
    frame = pd.read_csv(EMBEDDED, sep="\t", skiprows=HEADER_LINE - 1, dtype=str, keep_default_na=False)
    frame = frame.assign(**(change or {}))
    (folder / "metabric").mkdir(exist_ok=True)
    frame[order or list(frame)].to_csv(folder / "metabric" / PATIENT_FILE, sep="\t", index=False)
    return folder


def test_counts(metabric: Cohort) -> None:
    """Patients, treatment and ER status are counted as the publisher counts them."""
    patients = metabric.patients
    assert metabric.n == 2509
    assert patients["endocrine"].value_counts().to_dict() == {"yes": 1216, "no": 764}
    assert patients["endocrine"].isna().sum() == 529, "unknown treatment is not untreated"
    assert patients["er"].value_counts().to_dict() == {"positive": 1817, "negative": 609}, "Positve (sic) is positive"
    assert set(patients["endocrine_agent"].dropna()) == {"unspecified", "none"}, "the drug is not named"
    assert metabric.treatment_specificity == "endocrine_unspecified"
    assert sorted(patients["site"].dropna().unique()) == [str(i) for i in range(1, 10)], "COHORT is the site"
    assert patients["pam50"].notna().sum() == 1980 - 6, "NC is not a subtype"


def test_events(metabric: Cohort) -> None:
    """OS, BCSS and RFI have their events; other deaths compete; unknown is neither."""
    patients = metabric.patients
    counted = {e.code: (patients[e.event] == 1).sum() for e in metabric.endpoints}
    assert counted == {"BCSS": 646, "OS": 1144, "RFI": 1002 - 38}
    assert (patients["BCSS_event"] == 2).sum() == 497
    assert (patients["OS_event"] == 2).sum() == 0


def test_rfs_is_rfi(metabric: Cohort) -> None:
    """RFS holds relapse or death from disease: RFI, and the file cannot answer for RFS or DRFI."""
    for code in ("RFS", "DRFI"):
        with pytest.raises(tr.TamoxresError, match=f"metabric has no endpoint {code}. It has BCSS, OS, RFI."):
            metabric.require(code)
    died = metabric.patients["BCSS_event"] == 1
    assert (metabric.patients.loc[died, "RFI_event"].dropna() == 1).all(), "disease death is an event of RFI"


def test_recurrences_without_date_are_unknown(metabric: Cohort) -> None:
    """38 patients recurred on an unknown day: their RFI is unknown, neither an event at 0 nor censored."""
    undated = (metabric.raw["RFS_STATUS"] == "1:Recurred") & metabric.raw["RFS_MONTHS"].isna()
    assert undated.sum() == 38
    assert metabric.patients.loc[undated, "RFI_event"].isna().all()


def test_zero_follow_up_stays(metabric: Cohort) -> None:
    """Patients followed for 0 days are kept."""
    assert (metabric.patients["OS_months"] == 0).sum() == 1
    assert (metabric.patients["RFI_months"] == 0).sum() == 4


def test_units_of_both_releases(metabric: Cohort, data_dir: Path, shared: Path) -> None:
    """RFS_MONTHS are days/30.4 before 2024 and days/30 since: both files give the same months, those of the portal."""
    raw = metabric.raw
    days = (pd.to_numeric(raw["RFS_MONTHS"]) * 30.4).rename("RFS_MONTHS")
    newer = rewritten(data_dir, {"RFS_MONTHS": (days / 30).map(lambda x: "" if pd.isna(x) else repr(x)).to_numpy()})
    file = shared / "cohorts" / "metabric" / "Brca_metabric_clinical_data.tsv"
    portal = pd.read_csv(file, sep="\t", index_col="Patient ID")
    expected = portal["Relapse Free Status (Months)"].reindex(metabric.patients.index) * 30 / DAYS_PER_MONTH
    for cohort, what in ((metabric, "days/30.4"), (tr.load("metabric", data_dir=newer), "days/30")):
        rfi = cohort.patients["RFI_months"]
        pd.testing.assert_series_equal(rfi, metabric.patients["RFI_months"], rtol=EXACT, obj=what)
        pd.testing.assert_series_equal(rfi, expected, atol=PRINTED, check_names=False, obj=f"{what} v the portal")
    os_days = pd.to_numeric(raw["OS_MONTHS"]) * 30
    os_months = metabric.patients["OS_months"]
    pd.testing.assert_series_equal(os_months, os_days / DAYS_PER_MONTH, rtol=EXACT, check_names=False)


def test_unit_of_neither_release(data_dir: Path, metabric: Cohort) -> None:
    """RFS_MONTHS in a unit of neither release are refused, not guessed."""
    years = (pd.to_numeric(metabric.raw["RFS_MONTHS"]) / 12).map(lambda x: "" if pd.isna(x) else repr(x))
    folder = rewritten(data_dir, {"RFS_MONTHS": years.to_numpy()})
    with pytest.raises(
        DataError, match="columns OS_MONTHS and RFS_MONTHS: .* comes to 364.80 days, neither 30 nor 30.4"
    ):
        tr.load("metabric", data_dir=folder)


def test_columns_and_rows_in_another_order(data_dir: Path, metabric: Cohort) -> None:
    """Columns are read by name and rows by patient: another order changes nothing but the snapshot's name."""
    order = list(pd.read_csv(EMBEDDED, sep="\t", skiprows=HEADER_LINE - 1, nrows=1))[::-1]
    other = tr.load("metabric", data_dir=rewritten(data_dir, order=order))
    pd.testing.assert_frame_equal(other.patients, metabric.patients)
    assert any("a snapshot this version does not know" in note for note in other.notes)


def test_what_is_not_there_is_not_invented(metabric: Cohort) -> None:
    """The patient file holds no grade, size, stage, PR or clinical HER2: the harmonised columns are absent."""
    assert not {"grade", "size_mm", "stage", "pr", "her2"} & set(metabric.patients)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("\tPositve\t", "\tpositief\t", r"line \d+, column ER_IHC: 'positief' is an unknown level; known are Positve"),
        ("\t140.5\t0:LIVING", "\t-140.5\t0:LIVING", "line 6, column OS_MONTHS: '-140.5' is a negative time"),
        ("\t140.5\t0:LIVING", "\ttwelve years\t0:LIVING", "line 6, column OS_MONTHS: 'twelve years' is not a number"),
        ("\t140.5\t0:LIVING", "\tinf\t0:LIVING", "line 6, column OS_MONTHS: 'inf' is not a number"),
        ("0:LIVING", "9:UNKNOWN", "column OS_STATUS: '9:UNKNOWN' is an unknown level"),
        ("\nMB-0002\t", "\nMB-0000\t", r"line 7, column PATIENT_ID: an identifier that stood before \('MB-0000'\)"),
        ("\nMB-0002\t", "\n\t", "line 7, column PATIENT_ID: no identifier"),
        ("\tHORMONE_THERAPY\t", "\tHORMON_THERAPY\t", "no column 'HORMONE_THERAPY'. Is it 'HORMON_THERAPY'"),
        ("\t75.65\t", "\t756.5\t", "column age: .* outside the codebook .15 to 110. at patient MB-0000: 756.5"),
    ],
)
def test_spoiled_values(data_dir: Path, old: str, new: str, message: str) -> None:
    """An unknown level, a negative or text time, a repeated patient, a renamed column: named by file, line, column."""
    with pytest.raises(DataError, match=message) as raised:
        tr.load("metabric", data_dir=spoiled(data_dir, old, new))
    assert "\n" not in str(raised.value), "one sentence"


@pytest.mark.parametrize(
    ("cut", "message"),
    [
        (lambda b: b[: len(b) // 2], "cells under 24 columns. The file is truncated or altered"),
        (lambda b: b[:0], "holds no rows under a header. It is empty or truncated"),
        (lambda b: b.replace(b"\t", b","), "no tab in the header, but ','. Is another delimiter used"),
        (lambda b: b.replace(b"\t", b";"), "no tab in the header, but ';'. Is another delimiter used"),
        (lambda b: b.decode().encode("utf-16"), "not utf-8 text .byte 0.. Save it as UTF-8"),
        (lambda b: b"".join(b.splitlines(keepends=True)[HEADER_LINE:]), "no column 'PATIENT_ID'"),
    ],
    ids=["truncated", "empty", "comma", "semicolon", "utf-16", "no header line"],
)
def test_spoiled_files(data_dir: Path, cut: object, message: str) -> None:
    """A truncated or empty file, another delimiter or encoding, a lost header: one sentence with the mend."""
    (data_dir / "metabric").mkdir()
    (data_dir / "metabric" / PATIENT_FILE).write_bytes(cut(EMBEDDED.read_bytes()))
    with pytest.raises(DataError, match=message) as raised:
        tr.load("metabric", data_dir=data_dir)
    assert "\n" not in str(raised.value), "one sentence"


@pytest.mark.parametrize("spoil", ["missing", "altered"])
def test_embedded_file_is_pinned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spoil: str) -> None:
    """The embedded file is read only if it is the bytes we know."""
    root = tmp_path / "data_raw"
    (root / "metabric").mkdir(parents=True)
    if spoil == "altered":
        (root / "metabric" / PATIENT_FILE).write_bytes(EMBEDDED.read_bytes().replace(b"75.65", b"75.66", 1))
    for module in ("tamoxres.files", "tamoxres.cohorts.metabric"):
        monkeypatch.setattr(f"{module}.data_root", lambda: root)
    told = {"missing": "is missing. Reinstall tamoxres", "altered": "is not the file we know: sha256 .* altered"}
    with pytest.raises(DataError, match=told[spoil]):
        tr.load("metabric")


def test_data_folder_must_exist(tmp_path: Path) -> None:
    """A data folder that is not there is an error, not silently the embedded data."""
    with pytest.raises(DataError, match="does not exist. Give --data-dir"):
        tr.load("metabric", data_dir=tmp_path / "nowhere")
