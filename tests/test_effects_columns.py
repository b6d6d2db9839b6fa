"""Files of many rows read by columns: the same rows, errors and warnings as row by row, of sound and hostile tables."""

import csv
import io
import math
import warnings

import numpy as np
import pytest
from test_effects_many import rows_of, said, written

from tamoxres.effects import EffectEstimate, effects_to_csv, read_effects, rows_many
from tamoxres.effects import many as of_many
from tamoxres.effects.rows_header import ColumnSynonym
from tamoxres.errors import TamoxresError

WORDS = {
    "label": ["", "A 2003", "'=x"], "trial": ["", "ATAC"], "year": ["", "2003", "2.5"], "marker": ["", "HER2"],
    "rule": ["", "ihc3+"], "restrictions": ["", "node-negative;grade 3", ";"], "adjusted_for": ["", "age; grade"],
    "remark": ["", "p. 3", "'+5"], "source": ["", "doi:1"], "schema": ["2", "2", "", "1", "3"],
    "ci_kind": ["", "printed", "wald", "profile"], "p_kind": ["", "printed", "logrank"], "flags": ["", "few_events"],
    "person_years": ["", "120.5", "-1"], "from_months": ["", "6"], "overlaps": ["", "B;C"], "simulated": ["", "true"],
    "group_1": ["", "altered"], "group_0": ["", "unaltered"], "contrast": ["", "altered v unaltered"],
    "n": ["", "900", " ", "7"], "term_p": ["", "0.2", "7"], "unread": ["", "kept"],
}  # fmt: skip


def row_by_row(path, monkeypatch):
    """Read a file as a short one is read."""
    with monkeypatch.context() as patch:
        patch.setattr(rows_many, "read_many", lambda path: None)
        return outcome(path)


def outcome(path):
    """Return the rows of a file or its error, and what was warned of."""
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always", ColumnSynonym)
        try:
            found = read_effects(path)
        except TamoxresError as error:
            found = str(error)
    return found, [str(one.message) for one in told]


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    """Let few rows be many, in several blocks."""
    monkeypatch.setattr(of_many, "BLOCK", 16)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("valid", [True, False])
def test_rows_as_papers_print_them(tmp_path, monkeypatch, seed, valid):
    """Printed numbers with odd cells: every row is equal to the last bit, or the same first error is told."""
    rows = [row for row in rows_of(seed, 150) if not valid or said(row) is not None]
    file = written(tmp_path / "rows.csv", rows)
    alone, by_columns = row_by_row(file, monkeypatch), outcome(file)
    assert rows_many.read_many(file) == alone[0] if valid else isinstance(alone[0], str)
    assert by_columns == alone
    if valid:
        assert len(alone[0]) == len(rows) > 100
        assert [row.row_id for row in by_columns[0]] == [row.row_id for row in alone[0]]


@pytest.mark.parametrize("seed", range(12))
def test_rows_with_every_kind_of_column(tmp_path, monkeypatch, seed):
    """Words, lists, counts, versions and kinds of limits and P at random, valid or not, a few of each table."""
    rng = np.random.default_rng(seed)
    bad = {"2.5", "3", "-1", "7", " ", ";", "profile"} if seed % 4 else set()
    head = ["study", "estimate", "ci_low", "ci_high", "p_value", "events", *rng.choice(list(WORDS), 9, replace=False)]
    rows = []
    for i in range(120):
        point, se = rng.normal(0, 0.4), rng.uniform(0.1, 0.5)
        numbers = [f"{math.exp(point + z * se):.{rng.integers(2, 4)}f}" for z in (0, -1.96, 1.96)]
        p = f"{math.erfc(abs(point) / se / math.sqrt(2)):.{rng.integers(3, 17)}f}" if rng.random() < 0.5 else ""
        words = {n: rng.choice([w for w in WORDS[n] if w not in bad or rng.random() < 0.002]) for n in head[6:]}
        rows.append({"study": f"S{i}", "p_value": p, "events": str(int(9 / se**2)), **words}
                    | dict(zip(head[1:4], numbers, strict=True)))  # fmt: skip
    file = written(tmp_path / "rows.csv", rows, head)
    alone, by_columns = row_by_row(file, monkeypatch), outcome(file)
    assert by_columns == alone
    if not isinstance(alone[0], str):
        assert [row.row_id for row in by_columns[0]] == [row.row_id for row in alone[0]]


@pytest.mark.parametrize("changed", [False, True])
def test_rows_that_were_written(tmp_path, monkeypatch, changed):
    """Rows as they are written come back equal; where a limit was changed, it is read as row by row."""
    rng = np.random.default_rng(3)
    rows = [
        EffectEstimate(study=f"S{i}", log_estimate=float(rng.normal()), se=float(rng.uniform(0.2, 0.4)), n=600,
                       events=int(rng.integers(200, 400)), marker="HER2", adjusted_for=("age",), flags=("few_events",))
        for i in range(60)
    ]  # fmt: skip
    text = effects_to_csv(rows)
    file = tmp_path / "rows.csv"
    if changed:
        header, *cells = csv.reader(io.StringIO(text))
        cells[40][header.index("ci_low")] = "0.001"
        text = "\n".join(",".join(line) for line in [header, *cells])
    file.write_text(text)
    found = outcome(file)
    assert found == row_by_row(file, monkeypatch)
    assert len(found[0]) == 60 or changed
    assert (found[0] != rows) is changed or found[0][40].ci_kind == "wald"


def test_most_rows_are_made_by_columns(tmp_path, monkeypatch):
    """Only the first row of each set of words, and what is not plainly sound, is built by itself."""
    calls = []
    monkeypatch.setattr(rows_many, "parse_row", lambda *cells: calls.append(cells[1]) or original(*cells))
    printed = ("0.50,0.30,0.80", "0.54,0.36,0.81")
    lines = [f"S{i},{printed[i % 2]},{'OS' if i % 2 else 'RFI'}" for i in range(200)]
    file = tmp_path / "rows.csv"
    file.write_text("study,estimate,ci_low,ci_high,endpoint\n" + "\n".join(lines))
    rows = read_effects(file)
    assert [row.study for row in rows] == [f"S{i}" for i in range(200)]
    assert len(calls) == 2
    assert rows[0].flags == ("printed_decimals:2,2,2",)
    assert rows[1].flags == ()
    assert rows[0].endpoint == "RFI"
    assert hash(rows[1]) == hash(read_effects(file)[1])
    with pytest.raises(AttributeError):
        rows[5].study = "B"


original = rows_many.parse_row
HOLDS = "study,estimate,ci_low,ci_high\n" + "A,0.54,0.36,0.81\n" * 40


@pytest.mark.parametrize(
    "text",
    [
        HOLDS + "A,1,2\n", HOLDS + 'A,"1\n', "study,study\n" + "A,1\n" * 80, "studie,estimate\n" + "A,1\n" * 80,
        "\n" * 300, "", HOLDS + "A,x,0.36,0.81\nA,1,2\n", HOLDS + "\n\n,,,\n", HOLDS.replace("\n", "\r\n"),
        "\ufeff" + HOLDS, HOLDS.replace("estimate", "HR").replace("ci_low", "90% CI low"),
        HOLDS.replace("estimate", "HR").replace("ci_low", "lcl"), HOLDS + "A,0.54,0.36,0.81,\n",
        HOLDS + '"A\nB",0.54,0.36,x\n', HOLDS.replace("A,", "'=A,"), HOLDS + ",0.54,0.36,0.81\n",
    ],
)  # fmt: skip
def test_what_the_file_itself_is(tmp_path, monkeypatch, text):
    """Files that are no table, blank lines, line ends and synonyms: the same error, rows and warnings."""
    file = tmp_path / "rows.csv"
    file.write_text(text, newline="")
    assert outcome(file) == row_by_row(file, monkeypatch)


def test_bytes_that_are_no_text_are_told_first(tmp_path, monkeypatch):
    """Of two faults that of the bytes is told, wherever it stands."""
    file = tmp_path / "rows.csv"
    file.write_bytes(HOLDS.encode() + b'A,"1\n\xff\n')
    assert "not UTF-8" in outcome(file)[0]
    assert outcome(file) == row_by_row(file, monkeypatch)


def test_columns_of_a_small_file_are_not_looked_at(tmp_path):
    """A file of fewer rows is read row by row, by its size or by what it holds."""
    file = tmp_path / "rows.csv"
    file.write_text("study,estimate,ci_low,ci_high\n" + "A,0.54,0.36,0.81\n" * 3)
    assert rows_many.read_many(file) is None
    file.write_text("study,estimate,ci_low,ci_high\n" + "A,0.54,0.36,0.81\n" * 12 + "\n" * 99)
    assert rows_many.read_many(file) is None
    assert len(read_effects(file)) == 12
