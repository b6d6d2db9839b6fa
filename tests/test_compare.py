"""Two releases of a cohort, from folders, registry files and clinical files: what moved, and what did not."""

from __future__ import annotations

from pathlib import Path

import pytest

import tamoxres as tr
from tamoxres.cli import main
from tamoxres.cohorts.compare import load_release, raw_changes
from tamoxres.errors import DataError, QuestionError
from tamoxres.files import data_root, sha256

# 30.4 days for 30, told from months that are printed with two decimals.
FACTOR = 1e-4
PATIENT, PORTAL = "data_clinical_patient.txt", "Brca_metabric_clinical_data.tsv"
EMBEDDED = data_root() / "metabric" / PATIENT
REGISTRY = """pid,age,er,arm,marker,days,dead
1,50,positive,1,0,400,1
2,61,positive,1,1,300,1
3,47,positive,1,0,900,0
4,70,positive,1,1,200,1
5,66,positive,1,0,800,1
6,58,positive,1,1,950,0
"""
MAPPING = """name = "registry"
treatment_specificity = "tamoxifen_confirmed"
[columns]
patient = "pid"
age = "age"
er = "er"
endocrine = { from = "arm", yes = ["1"], no = ["0"] }
[markers.HER2]
from = "marker"
altered = ["1"]
unaltered = ["0"]
assay = "IHC"
[endpoints.OS]
time = "days"
unit = "days"
event = "dead"
event_values = ["1"]
censored_values = ["0"]
"""


@pytest.fixture(scope="module")
def metabric(shared: Path) -> Path:
    """The folder of METABRIC's real files."""
    return shared / "cohorts" / "metabric"


def test_patient_file_and_portal(metabric: Path) -> None:
    """The portal prints RFS in months of 30 days, not 30.4: one unit changed, and no patient, event or hazard ratio."""
    old, new = load_release(metabric / PATIENT), load_release(metabric / PORTAL)
    found = tr.diff(old, new)
    [changed] = found.columns.to_dict("records")
    assert (changed["column"], changed["became_known"], changed["became_unknown"]) == ("RFS_MONTHS", 0, 0)
    assert changed["factor"] == pytest.approx(30.4 / 30, abs=FACTOR)
    assert found.moved.nothing, "the loader reads both units, so that no harmonised time moves"
    effects = found.effects
    assert effects["endpoint"].tolist() == ["BCSS", "OS", "RFI"]
    assert (effects[["n_old", "events_old"]].to_numpy() == effects[["n_new", "events_new"]].to_numpy()).all()
    assert (effects["estimate_old"] / effects["estimate_new"]).to_numpy() == pytest.approx(1, abs=FACTOR)
    assert "all by the factor 1.0133" in str(found)
    assert new.sources[0].sha256 == sha256(metabric / PORTAL), "the hash is that of the user's file"


def test_trap_of_the_unit(metabric: Path) -> None:
    """Reading the old RFS with the new unit would make every follow-up 1.3 % too short: the ratio shows it."""
    old, new = (load_release(metabric / name).raw for name in (PATIENT, PORTAL))
    free = (old["RFS_STATUS"] == "0:Not Recurred") & (old["OS_MONTHS"].astype(float) > 12)
    for raw, unit in ((old, 30.4), (new, 30.0)):
        ratio = (raw["OS_MONTHS"].astype(float) * 30 / raw["RFS_MONTHS"].astype(float))[free].median()
        assert ratio == pytest.approx(unit, rel=FACTOR)
    assert (old["RFS_STATUS"].fillna("") == new["RFS_STATUS"].fillna("")).all(), "and no status differs"


def test_what_moved(data_dir: Path) -> None:
    """A patient, an event and values that moved are told, with the hazard ratios before and after."""
    text = EMBEDDED.read_text(encoding="utf-8")
    lines = [line for line in text.splitlines(keepends=True) if not line.startswith("MB-0046\t")]
    text = "".join(lines).replace("\tNEUTRAL\t", "\tGAIN\t", 60).replace("0:LIVING", "1:DECEASED", 1)
    (data_dir / "metabric").mkdir()
    (data_dir / "metabric" / PATIENT).write_text(text, encoding="utf-8")
    found = tr.diff(tr.load("metabric"), load_release(data_dir / "metabric"))
    assert found.moved.removed == ("MB-0046",)
    changed = found.columns.set_index("column")["changed"].to_dict()
    assert changed == {"HER2_SNP6": 60, "OS_STATUS": 1}
    row = found.effects.set_index("endpoint").loc["BCSS"]
    assert row["estimate_old"] == pytest.approx(1.516, abs=5e-4)
    assert row["estimate_new"] != pytest.approx(row["estimate_old"], abs=5e-4)


def test_registry(tmp_path: Path) -> None:
    """Two files of a registry are compared through one mapping, by its own marker."""
    for name, text in (("old", REGISTRY), ("new", REGISTRY.replace("3,47,positive,1,0,900,0", "3,57,,1,0,901,1"))):
        (tmp_path / f"{name}.csv").write_text(text)
    (tmp_path / "m.toml").write_text(MAPPING)
    releases = [load_release(tmp_path / f"{name}.csv", mapping=tmp_path / "m.toml") for name in ("old", "new")]
    found = tr.diff(*releases, questions=[tr.Question(marker="HER2", endpoint="OS")])
    [row] = found.effects.to_dict("records")
    assert (row["n_old"], row["n_new"], row["events_old"], row["events_new"]) == (6, 5, 4, 4), "ER unknown leaves"
    changes = raw_changes(*releases).set_index("column")
    assert changes.loc["er", ["changed", "became_known", "became_unknown"]].tolist() == [0, 0, 1]
    assert changes.loc["dead", "changed"] == 1
    assert changes["factor"].isna().all(), "one patient is no unit"


def test_a_factor_is_one_for_all(tmp_path: Path) -> None:
    """Times in another unit differ by one factor, also where one is rounded; corrected times do not."""
    lines = [line.split(",") for line in REGISTRY.splitlines()]
    texts = {
        "days": REGISTRY,
        "months": "\n".join(
            ",".join((*c[:5], c[5] if c[5] == "days" else f"{float(c[5]) / 30.4375:.2f}", c[6])) for c in lines
        ),
        "corrected": REGISTRY.replace(",400,", ",410,").replace(",300,", ",390,"),
    }
    (tmp_path / "m.toml").write_text(MAPPING)
    releases = {}
    for name, text in texts.items():
        (tmp_path / f"{name}.csv").write_text(text)
        releases[name] = load_release(tmp_path / f"{name}.csv", mapping=tmp_path / "m.toml")
    in_months, corrected = (
        raw_changes(releases["days"], releases[name]).set_index("column").loc["days"]
        for name in ("months", "corrected")
    )
    assert (in_months["changed"], corrected["changed"]) == (6, 2)
    assert in_months["factor"] == pytest.approx(1 / 30.4375, rel=1e-3)
    assert corrected["factor"] != corrected["factor"], "no one factor"


def test_without_marker() -> None:
    """Where there is no marker the effect of treatment is asked; a question without an answer says why."""
    gbsg = tr.load("gbsg")
    effects = tr.diff(gbsg, gbsg).effects
    assert effects["estimand"].unique().tolist() == ["treatment_effect"]
    assert effects.set_index("endpoint").loc["RFS", "estimate_new"] == pytest.approx(0.69488, abs=5e-6)
    [row] = tr.diff(gbsg, gbsg, questions=[tr.Question(marker="PTEN", endpoint="RFS")]).effects.to_dict("records")
    assert row["note"].startswith("old: gbsg cannot answer for PTEN")


def test_refusals(tmp_path: Path) -> None:
    """What cannot be loaded or compared is refused in one sentence."""
    with pytest.raises(DataError, match=r"nothing does not exist\. Give a folder"):
        load_release(tmp_path / "nothing")
    with pytest.raises(QuestionError, match="Which cohort lies in .*Name it with --cohort: metabric"):
        load_release(tmp_path)
    (tmp_path / "a.txt").write_text("a\tb\n1\t2\n")
    with pytest.raises(QuestionError, match=r"a\.txt is no clinical file of METABRIC"):
        load_release(tmp_path / "a.txt")
    with pytest.raises(QuestionError, match="A release of msk_2018 is a folder"):
        load_release(tmp_path / "a.txt", cohort="msk_2018")
    spoiled = EMBEDDED.read_text(encoding="utf-8").replace("\t140.5\t", "\tlong\t", 1)
    (tmp_path / "b.txt").write_text(spoiled, encoding="utf-8")
    with pytest.raises(DataError, match=r"b\.txt, line 6, column OS_MONTHS: 'long' is not a number"):
        load_release(tmp_path / "b.txt")
    with pytest.raises(QuestionError, match="metabric and gbsg have no patient in common"):
        tr.diff(tr.load("metabric"), tr.load("gbsg"))


def test_command(metabric: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`tamoxres diff OLD NEW` says what moved and gives the hazard ratios of both."""
    with pytest.raises(SystemExit) as stopped:
        main(["diff", str(metabric / PATIENT), str(metabric / PORTAL)])
    out = capsys.readouterr().out
    assert not stopped.value.code
    assert "metabric (2020-12-02) -> metabric (bfa894af00c0): nothing moved" in out
    assert "HER2 on BCSS (prognostic): HR 1.52 (1.18-1.94) -> 1.52 (1.18-1.94)" in out
