"""The command line: what a user types, what comes out, and exit code 2 with one sentence for an error of ours."""

from __future__ import annotations

import json
import shutil

import pytest

import tamoxres as tr
from tamoxres.cli import main
from tamoxres.files import data_root

PRINTED = 5e-4  # the figures of the issue have three decimals
HER2 = "effect metabric --marker HER2 --endpoint"
TREATMENT = "--endpoint RFS --estimand treatment_effect --er any"
ADJUSTED = "--estimand interaction --adjust age,npi,chemotherapy --strata site"
BCG = "study,estimate,ci_low,ci_high\nA,0.5,0.3,0.8333333\nB,0.7,0.5,0.98\nC,1.1,0.6,2.0166667\n"


@pytest.mark.parametrize(
    ("command", "n", "events", "numbers"),
    [
        (f"{HER2} BCSS", 1101, 347, (1.516, 1.184, 1.942)),
        (f"{HER2} os", 1101, 652, (1.237, 1.022, 1.498)),
        (f"{HER2} BCSS --estimand interaction", 1492, 452, (0.890, 0.527, 1.555)),
        (f"{HER2} BCSS {ADJUSTED}", 1492, 452, (0.913, 0.540, 1.598)),
        (f"effect gbsg {TREATMENT}", 686, 299, (0.69488, 0.54384, 0.88787)),
        (f"effect rotterdam {TREATMENT}", 2982, 1670, (1.29944, 1.121, 1.507)),
        (f"effect rotterdam {TREATMENT} --where nodes>=1", 1546, 1059, (0.842, 0.722, 0.982)),
    ],
)
def test_effect_as_json(run, command, n, events, numbers):
    """`tamoxres effect ... --format json` gives the numbers that R gives."""
    code, out, _ = run(*command.split(), "--format", "json")
    [row] = json.loads(out)
    assert code == 0
    assert (row["n"], row["events"]) == (n, events)
    assert [row["estimate"], row["ci_low"], row["ci_high"]] == pytest.approx(numbers, abs=PRINTED)
    if row["estimand"] == "interaction" and not row["adjusted_for"]:
        assert row["p_value"] == pytest.approx(0.674, abs=PRINTED)


def test_effect_as_a_table_says_what_must_be_said(run):
    """The table is followed by the flow, the notes and, for an interaction, the verdict."""
    code, out, _ = run(*f"{HER2} BCSS {ADJUSTED}".split())
    assert code == 0
    for words in (
        "ratio of HRs 0.91 (0.54-1.60)",
        "1,492 patients",
        "confounding by indication",
        "trastuzumab",
        "does not name the drug",
        "Verdict: prognostic; interaction inconclusive",
        "2.04 or more, or of 0.41 or less",
    ):
        assert words in out
    assert "predictive" not in out


def test_effect_rows_pass_through_a_file(run, tmp_path):
    """`effect -o` writes what `pool` and `forest` read."""
    files = []
    for rule in ("snp6_gain", "intclust5"):
        files.append(tmp_path / f"{rule}.csv")
        code, _, err = run(*f"{HER2} BCSS --rule {rule} --format csv -o".split(), str(files[-1]))
        assert code == 0
        assert "Wrote" in err
    rows = [row for file in files for row in tr.read_effects(file)]
    assert [row.rule for row in rows] == ["snp6_gain", "intclust5"]
    code, _, err = run("pool", *map(str, files))
    assert code == 2
    assert "METABRIC" in err


def test_pool_as_json(run, tmp_path):
    """Columns study, estimate, ci_low, ci_high are enough; the JSON has the documented keys."""
    file = tmp_path / "effects.csv"
    file.write_text(BCG)
    code, out, _ = run("pool", str(file), "--format", "json", "--tau2", "dl", "--ci", "z")
    pooled = json.loads(out)
    assert code == 0
    assert pooled["k"] == 3
    assert pooled["tau2_method"] == "dl"
    assert pooled["estimate"] == pytest.approx(tr.pool(tr.read_effects(file), tau2="dl", ci="z").estimate)
    assert {"log_estimate", "q", "i2_q", "i2_tau2", "prediction_rule", "weights", "effects"} <= set(pooled)


def test_pool_with_a_margin(run, tmp_path):
    """A margin adds the 90% interval and whether it lies within."""
    file = tmp_path / "effects.csv"
    file.write_text("study,log_estimate,se\nA,0.01,0.02\nB,-0.01,0.02\nC,0.0,0.02\n")
    code, out, _ = run("pool", str(file), "--ci", "z", "--margin", "0.80,1.25")
    assert code == 0
    assert "lies within the margin (0.80-1.25)" in out


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
def test_forest_draws(run, tmp_path, suffix):
    """`forest` writes a picture."""
    file, picture = tmp_path / "effects.csv", tmp_path / f"forest.{suffix}"
    file.write_text(BCG)
    code, out, _ = run("forest", str(file), "-o", str(picture))
    assert code == 0
    assert picture.stat().st_size > 1000
    assert "Wrote" in out


def test_literature_and_cohorts_list(run):
    """`literature` and `cohorts` list what there is."""
    code, out, _ = run("literature", "--marker", "HER2", "--estimand", "prognostic", "--format", "json")
    assert code == 0
    assert {row["marker"] for row in json.loads(out)} == {"HER2"}
    code, out, _ = run("cohorts", "--format", "json")
    listed = {row["cohort"]: row for row in json.loads(out)}
    assert listed["metabric"]["patients"] == 2509
    assert listed["metabric"]["on_disk"]


def test_check_passes_and_counts_the_unknown(run):
    """`check` prints how often each column is unknown."""
    code, out, _ = run("check", "metabric")
    assert code == 0
    assert "Positve" not in out
    assert "529" in out


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("effect metabrik --marker HER2 --endpoint OS", "Unknown cohort 'metabrik'"),
        (f"{HER2} XX", "Unknown endpoint 'XX'"),
        ("effect metabric --endpoint OS", "needs a marker"),
        (f"{HER2} OS --adjust shoe_size", "no column 'shoe_size'"),
        (f"{HER2} OS --estimand interaction --treatment endocrine", "leaves one arm"),
        (f"{HER2} OS --data-dir /nowhere", "does not exist"),
        ("pool nowhere.csv", "nowhere.csv does not exist"),
        (f"{HER2} OS -o x.txt", "--format csv"),
    ],
)
def test_our_errors_are_one_sentence_and_exit_2(run, command, words):
    """An error of ours: exit code 2, one line on standard error, no traceback."""
    code, _, err = run(*command.split())
    assert code == 2
    assert words in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("study,estimate,ci_low,ci_high\nA,0.5,0.6,0.8\n", "The interval from ci_low 0.6 to ci_high 0.8 does not hold"),
        ("study,estimate,ci_low,ci_high\nA,zero,0.6,0.8\n", "line 2, column estimate: 'zero' is not a number"),
        ("study,estimate\nA,0.5\n", "no route to a standard error"),
        ("study,log_estimate,se\nA,0.5,0\n", "se is 0"),
        ("name,estimate\nA,0.5\n", "no column 'study'"),
        ("", "no column 'study'"),
    ],
)
def test_a_bad_effects_file_names_its_line(run, tmp_path, text, words):
    """A bad row is named by file, line and column, and nothing is written."""
    file, out = tmp_path / "bad.csv", tmp_path / "pooled.json"
    file.write_text(text)
    code, _, err = run("pool", str(file), "--format", "json", "-o", str(out))
    assert code == 2
    assert words in err
    assert str(file) in err
    assert not out.exists()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("Positve", "Maybe", "column ER_IHC: 'Maybe' is an unknown level"),
        ("\t140.5\t", "\t-140.5\t", "column OS_MONTHS: '-140.5' is a negative time"),
        ("\t140.5\t", "\tlong\t", "column OS_MONTHS: 'long' is not a number"),
        ("MB-0002\t", "MB-0000\t", "column PATIENT_ID: an identifier that stood before"),
        ("HER2_SNP6", "HER2", "no column 'HER2_SNP6'"),
    ],
)
def test_an_altered_cohort_file_is_refused(run, tmp_path, old, new, words):
    """A raw file that holds what the loader does not know is refused by file, line and column."""
    raw = (data_root() / "metabric" / "data_clinical_patient.txt").read_text(encoding="utf-8")
    folder = tmp_path / "metabric"
    folder.mkdir()
    header, _, body = raw.partition("PATIENT_ID")
    target = folder / "data_clinical_patient.txt"
    target.write_text(header + ("PATIENT_ID" + body).replace(old, new, 1), encoding="utf-8")
    code, _, err = run("check", "metabric", "--data-dir", str(tmp_path))
    assert code == 2
    assert words in err
    assert str(target) in err


def test_a_truncated_cohort_file_is_refused(run, tmp_path):
    """A file cut in the middle of a line is named with that line."""
    folder = tmp_path / "metabric"
    folder.mkdir()
    raw = (data_root() / "metabric" / "data_clinical_patient.txt").read_bytes()
    (folder / "data_clinical_patient.txt").write_bytes(raw[: len(raw) // 2])
    code, _, err = run("effect", "metabric", "--marker", "HER2", "--endpoint", "OS", "--data-dir", str(tmp_path))
    assert code == 2
    assert "truncated" in err


def test_a_copy_in_the_data_folder_gives_the_same(run, tmp_path):
    """The same bytes in a data folder give the same row."""
    (tmp_path / "metabric").mkdir()
    shutil.copy(data_root() / "metabric" / "data_clinical_patient.txt", tmp_path / "metabric")
    arguments = ("effect", "metabric", "--marker", "HER2", "--endpoint", "BCSS", "--format", "csv")
    assert run(*arguments)[1] == run(*arguments, "--data-dir", str(tmp_path))[1]


def test_check_asks_after_a_group_without_events(tmp_path, capsys):
    """A finite ratio beside no events in a group is asked about; a bound of P alone is told what it can be."""
    path = tmp_path / "rows.csv"
    path.write_text("study,estimate,ci_low,ci_high,events_1,events_0\nA,1.48,1.02,2.15,0,10\nB,1.2,0.8,1.8,20,15\n")
    with pytest.raises(SystemExit) as stopped:
        main(["check", str(path)])
    assert not stopped.value.code
    assert "question: A: events_1 = 0, and yet a ratio of 1.48. Is the count right?" in "".join(capsys.readouterr())
    path.write_text("study,estimate,p_value\nA,0.5,<0.001\n")
    with pytest.raises(SystemExit):
        main(["pool", str(path)])
    assert "Its P is a bound, which gives none; say status test_only" in capsys.readouterr().err
