"""Every file of `../shared/cases` is pinned by a test: where it is, and the cases that stand in no other file."""

from __future__ import annotations

from pathlib import Path

import pytest

import tamoxres as tr
from tamoxres.cli import main
from tamoxres.effects import read_effects
from tamoxres.errors import EffectError
from tamoxres.wording import ratio_limits

TESTS = Path(__file__).parents[1]
PINNED = {  # the test that holds each case's right value
    "test_readers.py": """cbioportal_patients.txt censored.csv comma.csv dates5.xpt dates_mixed.xlsx def.RData
        expr_carriage_return.tsv expr_duplicate_gene.tsv huge_exponent.csv inconsistent_status.csv
        inconsistent_status.toml int.RData l15.xpt pan_can_order.txt plain.xpt registry.csv registry.toml
        registry_dates.toml registry_semicolon.toml registry_xpt.toml registry_xpt_latin1.toml sentinel_999.csv
        sentinel_999.toml stray_quote.csv tens_stray.csv title.xlsx word_in_time.txt wrap.RData""",
    "test_time.py": "km_ties.csv near_ties.csv near_ties.toml",
    "test_verdicts.py": "few_events harm_in_both null_within_margin qualitative.csv registry_simple.toml",
    "test_sampling.py": "sampling_weight.csv",
    "test_exposure.py": "treatment_start.csv",
    "test_mapping_endpoints.py": "cbioportal_patients.toml",
    "test_every_case.py": """asym.csv caps.csv huge.csv km_mapping.toml levels.csv levels.toml nar.csv noevents.csv
        plt.csv wide.csv""",
}
NO_CASES = {"README.md", "make_cases.R"}


def run(*asked: str | Path) -> int:
    """Run a command; return its exit code."""
    with pytest.raises(SystemExit) as left:
        main(list(map(str, asked)))
    return int(left.value.code or 0)


@pytest.fixture
def cases(shared: Path) -> Path:
    """The folder of cases."""
    return shared / "cases"


def test_no_case_is_left_out(cases: Path) -> None:
    """Each file of the folder is named in the test that is said to hold it."""
    held = {name: test for test, names in PINNED.items() for name in names.split()}
    for file in cases.iterdir():
        if file.name in NO_CASES:
            continue
        test = held.get(file.name) or held.get(file.stem)
        assert test is not None, file.name
        [path] = TESTS.rglob(test)
        text = path.read_text(encoding="utf-8")
        assert file.name in text or f'"{file.stem}"' in text, (file.name, test)


def test_near_misses_of_columns_are_read_aloud(cases: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """caps.csv: `Marker` is read as `marker`, and said so, and HER2 and PIK3CA are not pooled."""
    assert run("pool", cases / "caps.csv") == 2
    told = capsys.readouterr()
    assert "columns read under another name: 'Marker' as marker, 'Endpoint' as endpoint" in told.err
    assert "DFS" in told.err
    assert told.out == ""


def test_a_group_without_events_has_no_ratio(cases: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """noevents.csv: `check` asks about events_1 = 0 beside a ratio of 1.48, and says that there is a question."""
    assert run("check", cases / "noevents.csv") == 0
    told = capsys.readouterr().out
    assert "events_1 = 0, and yet a ratio of 1.48" in told
    assert "questions: 1" in told


def test_effects_near_one_print_their_digits(cases: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """nar.csv: 1.0004 (1.0001-1.0007), in rows, pool and prediction interval; nowhere (1.00-1.00)."""
    assert run("pool", cases / "nar.csv") == 0
    told = capsys.readouterr().out
    assert "A: HR 1.0004 (1.0001-1.0007)" in told
    assert "HR 1.0004 (0.9998-1.0009)" in told
    pooled = tr.pool(read_effects(cases / "nar.csv"))
    assert f"Prediction interval (same): ({pooled.prediction_low:.4f}-{pooled.prediction_high:.4f})" in told
    assert "(1.00-1.00)" not in told
    assert run("pool", cases / "nar.csv", "--margin", "0.999,1.001") == 0
    assert "(1.00-1.00)" not in capsys.readouterr().out
    assert "(1.00-1.00)" not in str(tr.equivalence(read_effects(cases / "nar.csv")[0], margin=(0.999, 1.001)))
    assert ratio_limits(1.5, 1.0, 2.25) == "(1.00-2.25)"


def test_a_row_without_information_is_named(cases: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """huge.csv: A (SE 2,850) stands apart and is left out of k; asym.csv: its two errors are told, by check too."""
    assert run("pool", cases / "huge.csv") == 0
    told = capsys.readouterr().out
    assert "[no information]" in told
    assert "(2 studies, REML" in told
    assert "A (SE 2,850)" in told
    for command in ("pool", "check"):
        assert run(command, cases / "asym.csv") == 0
        assert "SE 0.190 by the lower limit, 0.385 by the upper" in capsys.readouterr().out


def test_a_printed_p_is_not_needed_beside_an_interval(cases: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """plt.csv: `<0.001` is read as a bound, and the interval gives the error."""
    assert run("pool", cases / "plt.csv") == 0
    assert "A: HR 0.50 (0.36-0.70), P < 0.001" in capsys.readouterr().out


def test_a_wide_ratio_prints_its_value(cases: Path) -> None:
    """wide.csv: 250 (12-6,000) is no NE, in the row and in the forest, whose mark lies at the axis' edge."""
    rows = read_effects(cases / "wide.csv")
    assert str(rows[3]).endswith("HR 250 (12.00-6,000), P < 0.001")
    texts = [text.get_text() for text in tr.forest(rows).texts]
    assert not any("NE" in text.split() for text in texts)
    assert any("250" in text for text in texts)
    with pytest.raises(EffectError):
        tr.forest([])


def test_levels_stay_as_the_file_has_them(cases: Path) -> None:
    """levels.csv: `unit_1` and `unit 1` are two rows of the hazard table, with their own patients."""
    cohort = tr.load(cases / "levels.csv", mapping=cases / "levels.toml")
    analysis = tr.select(cohort, endpoint="OS", marker=cohort.markers[0].marker, er="any", treatment="any")
    table = tr.hazard_table(tr.cox(analysis, adjust=["clinic"]).effects).to_frame()
    names = table.iloc[:, 0].str.strip().tolist()
    assert [name for name in names if "1" in name] == ["UNIT-1", "Unit 1", "unit 1", "unit_1"]


def test_days_of_ties_by_their_mapping(cases: Path) -> None:
    """km_ties.csv with km_mapping.toml: 1 before day 180, 0.667 from day 365, as R's timefix has it."""
    cohort = tr.load(cases / "km_ties.csv", mapping=cases / "km_mapping.toml")
    analysis = tr.select(cohort, endpoint=tr.OS, er="any", marker="HER2", treatment="any")
    at = tr.kaplan_meier(analysis).at([180 / 30.4375, 365 / 30.4375, 730 / 30.4375])
    by = {group: rows["survival"].round(6).tolist() for group, rows in at.groupby("group", observed=True)}
    assert by["unaltered"] == [0.666667, 0.666667, 0.0]
    assert by["altered"] == [1.0, 0.666667, 0.666667]


def test_a_folder_of_the_cohorts_name_is_no_file(
    shared: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In a folder that holds one called metabric, `check metabric` checks the cohort."""
    monkeypatch.chdir(shared / "cohorts")
    assert run("check", "metabric", "--data-dir", ".") == 0
    assert "metabric: 2,509 patients" in capsys.readouterr().out
