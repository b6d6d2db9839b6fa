"""The embedded evidence tables are what the first edition, the corrections and the second reading make of them."""

from __future__ import annotations

import csv
import hashlib
import math
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tamoxres.evidence import literature
from tamoxres.evidence.check import EVIDENCE_KINDS
from tamoxres.files import data_root

HERE = Path(__file__).parent / "reference" / "literature"
EMBEDDED = data_root() / "literature"
THREE_DIGITS = 6e-3  # ratios and limits are given to three digits


def table(path):
    """Rows of a table as text."""
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def build(folder, script=HERE / "build_tables.py"):
    """Run the script that builds the tables."""
    done = subprocess.run([sys.executable, script, folder], check=False, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stderr


def test_the_script_gives_the_embedded_bytes(tmp_path):
    """Twice the same, and the same as what the package reads; the README tells their hashes."""
    assert build(tmp_path) == (0, "")
    readme = (EMBEDDED / "README.md").read_text(encoding="utf-8")
    for name in ("effects.csv", "studies.csv"):
        content = (tmp_path / name).read_bytes()
        assert content == (EMBEDDED / name).read_bytes(), name
        assert hashlib.sha256(content).hexdigest() in readme
        assert content.count(b"\n") == content.count(b"\r\n")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("rasmussen_2008,studies,finding_direction,HER2:resistant", "rasmussen_2008,studies,finding_direction,HER2:x",
         "rasmussen_2008 studies finding_direction holds 'HER2:resistant', not 'HER2:x'"),
        ("|TTP,n,,166", "|OS,n,,166", "No effect row of lipton_2003"),
        ("knoop_2014,studies,pmid; journal; doi", "knoop_2014,studies,summary", "holds .*, not ''"),
    ],
)  # fmt: skip
def test_a_correction_that_does_not_fit_stops_it(tmp_path, old, new, says):
    """Every correction is checked against what it corrects; nothing is skipped in silence."""
    for folder in ("revision_1", "revision_2"):
        (tmp_path / folder).mkdir()
        for file in (HERE / folder).iterdir():
            (tmp_path / folder / file.name).write_bytes(file.read_bytes())
    corrections = tmp_path / "revision_2" / "corrections.csv"
    text = corrections.read_bytes().decode("utf-8")
    assert text.count(old) == 1
    corrections.write_bytes(text.replace(old, new).encode("utf-8"))
    script = tmp_path / "build_tables.py"
    script.write_bytes((HERE / "build_tables.py").read_bytes())
    code, err = build(tmp_path, script)
    assert code == 1
    assert re.search(says, err)


def test_every_new_row_and_study_is_in_them():
    """38 rows of the second reading, four ratios of strata that corrections ask for, five studies, three parts."""
    old, new = table(HERE / "revision_1" / "effects.csv"), table(EMBEDDED / "effects.csv")
    added = table(HERE / "revision_2" / "new_effects.csv")
    assert new[-len(added) :] == added
    assert len(new) == len(old) + len(added) + 4
    studies = {row["study_id"]: row for row in table(EMBEDDED / "studies.csv")}
    assert len(studies) == len(table(HERE / "revision_1" / "studies.csv")) + 5 + 3
    told = table(HERE / "revision_2" / "studies_provenance.csv")
    assert all(studies[row["study_id"]]["evidence_kind"] == row["evidence_kind"] for row in told)
    assert all(studies[row["study_id"]]["trial"] == row["trial"] for row in told)
    assert {row["evidence_kind"] for row in studies.values()} == {*EVIDENCE_KINDS, ""}
    unkind = {row["tier"] for row in studies.values() if not row["evidence_kind"]}
    assert unkind == {"cell_line", "animal_model"}


def test_a_doubted_direction_does_not_stand_as_it_was():
    """Where a note says that the page does not support the vote, the vote has changed; the note stands beside it."""
    old = {row["study_id"]: row["finding_direction"] for row in table(HERE / "revision_1" / "studies.csv")}
    new = {row["study_id"]: row for row in table(EMBEDDED / "studies.csv")}
    doubted = [i for i, row in new.items() if row["note"].startswith("DIRECTION")]
    assert len(doubted) == 19
    assert [i for i in doubted if new[i]["finding_direction"] == old[i]] == ["tokunaga_2006_ijo"]  # of mixed drugs
    resistant = [
        i for i, row in new.items()
        if "HER2:resistant" in row["finding_direction"] and row["evidence_kind"] == "randomised_interaction"
    ]  # fmt: skip
    assert resistant == ["de_placido_2003", "carlomagno_1996"], "one trial, GUN"


def test_computed_ratios_are_those_worked_by_hand():
    """derived_ratios.txt of the second reading: log, error, ratio and limits of each pair of strata."""
    text = (HERE / "revision_2" / "derived_ratios.txt").read_text(encoding="utf-8")
    worked = {
        name: tuple(map(float, numbers))
        for name, *numbers in re.findall(r"(\w+): log (\S+) se (\S+) ratio (\S+) \((\S+)-(\S+)\)", text)
    }
    rows = [row for row in literature(include="all") if row.route == "strata"]
    pairs = {
        "deplacido_rp": "de_placido_2003", "stal2000": "stal_2000", "rasmussen": "rasmussen_2008",
        "team_her2": "bartlett_2013", "bostner2013": "bostner_2013", "bostner2015_width": "bostner_2015",
        "stal2003": "stal_2003", "chia": "chia_2012",
    }  # fmt: skip
    for name, study in pairs.items():
        log, se, ratio, low, high = worked[name]
        row = next(row for row in rows if row.study == study)
        assert row.estimate == pytest.approx(ratio, rel=THREE_DIGITS), study
        assert row.log_estimate == pytest.approx(log, abs=THREE_DIGITS), study
        assert row.se == pytest.approx(se, rel=THREE_DIGITS), study
        assert row.ci() == (pytest.approx(low, rel=THREE_DIGITS), pytest.approx(high, rel=THREE_DIGITS)), study
    assert math.isclose(worked["deplacido_rp"][2], 1.33 / 0.73, rel_tol=1e-3)
