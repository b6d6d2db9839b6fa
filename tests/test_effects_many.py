"""Files of many effect rows: the check by columns says what the check row by row says, of sound and hostile rows."""

import csv
import io
import math

import numpy as np
import pytest

from tamoxres.effects import EffectEstimate, doubts, effects_to_csv
from tamoxres.effects import many as of_many
from tamoxres.effects.many import check_many, sound
from tamoxres.effects.rows import parse_row
from tamoxres.errors import EffectError
from tamoxres.tables.printed import check_effects

HEAD = ["study", "measure", "endpoint", "estimand", "estimate", "ci_low", "ci_high", "p_value", "n", "events", "n_1",
        "events_1", "n_0", "events_0", "scale", "flags", "status", "level", "df", "found_on_page"]  # fmt: skip
ODD = {
    "study": ["", "'=x"], "measure": ["RD", "OR", "XX"], "endpoint": ["PFS", "no such"],
    "estimand": ["interaction", "z"],
    "estimate": ["", "1e0", " 1.0", "x", "0", "-1", "9.99", "1e4294967296"], "ci_low": ["", "5", "0.0", "nan"],
    "ci_high": ["", "inf", "0.1"], "p_value": ["<0.001", "ns", "0.2", "0.04", "0.049", "1", "0", "2", "0.05"],
    "n": ["-1", "1.5", "10", "x"], "events": ["0", "1", "99999"], "n_1": ["7"], "events_1": ["0"], "n_0": ["4"],
    "events_0": ["0", "12"], "scale": ["per_unit", "zzz"], "flags": ["few_events", "asymmetric_interval"],
    "status": ["not_estimable", "test_only", "?"], "level": ["0.9", "0", "0.95"], "df": ["4", "0"],
    "found_on_page": ["kept"],
}  # fmt: skip


def rows_of(seed, many):
    """Make rows as papers print them: most are sound; every third has one or two odd cells."""
    rng = np.random.default_rng(seed)
    for i in range(many):
        point, se = rng.normal(0, 0.4), rng.uniform(0.05, 0.6)
        digits = int(rng.integers(1, 4))
        limits = [math.exp(point + z * se * rng.choice([1, 1, 1, 1.2])) for z in (0, -1.96, 1.96)]
        events = int(rng.integers(2, 60) + 4 / se**2)
        row = dict.fromkeys(HEAD, "") | {
            "study": f"S{i}", "endpoint": "OS", "measure": rng.choice(["HR", ""]), "events": str(events),
            "n": str(events + 20),
        }  # fmt: skip
        row |= {name: f"{x:.{digits}f}" for name, x in zip(("estimate", "ci_low", "ci_high"), limits, strict=True)}
        if rng.random() < 0.4:
            row["p_value"] = f"{math.erfc(abs(point) / se / math.sqrt(2)) * rng.choice([1, 1, 1.5]):.{digits}f}"
        for name in rng.choice(HEAD, rng.choice([0, 0, 1, 2])):
            row[name] = str(rng.choice(ODD[name]))
        yield row


def said(row):
    """Return what the row alone leaves to ask, or None where it cannot be built."""
    try:
        return doubts(parse_row(row, "row")[0])
    except EffectError:
        return None


@pytest.mark.parametrize("seed", range(6))
def test_what_is_plainly_sound_is_sound(seed):
    """No row that cannot be built, or leaves a question, is called sound; most of the others are."""
    rows = list(rows_of(seed, 400))
    found = sound({name: [row[name] for row in rows] for name in HEAD}, len(rows))
    alone = [said(row) for row in rows]
    assert found.shape == (400,)
    assert not [row for row, plain, one in zip(rows, found, alone, strict=True) if plain and one != ()]
    assert sum(one is None for one in alone) > 40
    assert sum(bool(one) for one in alone) > 10
    assert found.sum() > 0.5 * sum(one == () for one in alone)


@pytest.mark.parametrize("kind", ["wald", "profile"])
def test_rows_that_were_written_are_sound(kind):
    """Rows as tamoxres writes them, with all columns, are told by columns; what it cannot prove it leaves."""
    rng = np.random.default_rng(7)
    rows = [
        EffectEstimate(
            study=f"S{i}", log_estimate=float(rng.normal()), se=float(rng.uniform(0.2, 0.4)), marker="HER2",
            estimand="prognostic", endpoint="OS", n=600, events=int(rng.integers(200, 400)), flags=("few_events",),
            adjusted_for=("age", "grade"), ci_kind=kind, ci_low=0.5 if kind == "profile" else None,
            ci_high=9.5 if kind == "profile" else None,
        )
        for i in range(50)
    ]  # fmt: skip
    header, *cells = list(csv.reader(io.StringIO(effects_to_csv(rows))))
    found = sound(dict(zip(header, zip(*cells, strict=True), strict=True)), 50)
    assert found.all() if kind == "wald" else not found.any()


@pytest.fixture
def small_blocks(monkeypatch):
    """Let few rows be many."""
    monkeypatch.setattr(of_many, "BLOCK", 50)


def written(path, rows, head=HEAD):
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, head, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return path


def test_a_long_file_is_checked_as_a_short_one(tmp_path, monkeypatch):
    """Questions, counts by status and unread columns are the same, whichever way a file is checked."""
    rows = [row for row in rows_of(11, 500) if said(row) is not None]
    file = written(tmp_path / "rows.csv", rows)
    short = check_effects(file)
    monkeypatch.setattr(of_many, "BLOCK", 64)
    long = check_effects(file)
    assert len(short.rows) == len(rows) > 300
    assert [str(one) for one in long.questions] == [str(one) for one in short.questions]
    assert long.rows == tuple(row for row in short.rows if doubts(row))
    assert long.statuses == short.statuses
    assert (str(long), long.unread, long.sound) == (str(short), ("found_on_page",), False)
    assert len(long.table().rows) == len(long.rows) > 20
    assert check_many(written(tmp_path / "few.csv", rows[:9])) is None


@pytest.mark.parametrize(
    ("at", "change", "told"),
    [
        (120, {"estimate": "x"}, "line 122, column estimate: 'x' is not a number"),
        (60, {"ci_low": "9.9"}, "line 62: The interval"),
        (55, {"study": ""}, "line 57, column study: an effect needs a study name"),
        (149, {"endpoint": "no such"}, "unknown endpoint 'no such'"),
    ],
)
def test_errors_name_the_line(tmp_path, small_blocks, at, change, told):
    """The first row that cannot be built is named by its line, in a block of its own or among sound ones."""
    plain = {"estimate": "0.54", "ci_low": "0.36", "ci_high": "0.81", "endpoint": "OS"}
    rows = [dict.fromkeys(HEAD, "") | plain | {"study": f"S{i}"} for i in range(150)]
    rows[at] |= change
    with pytest.raises(EffectError, match=told):
        check_effects(written(tmp_path / "rows.csv", rows))


HOLDS = "study,estimate,ci_low,ci_high\n" + "A,0.54,0.36,0.81\n" * 70


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (HOLDS + "A,1,2\n", "line 72: 3 cells under 4 columns"),
        ("study,study\n" + "A,1\n" * 70, "column 'study' stands twice"),
        ("studie,estimate\n" + "A,1\n" * 70, "no column 'study'"),
        (HOLDS + 'A,"1\n', "not CSV"),
    ],
)
def test_a_file_that_is_no_table_is_told(tmp_path, small_blocks, text, told):
    """What is wrong with the file itself is told in one sentence, with its line."""
    (tmp_path / "rows.csv").write_text(text)
    with pytest.raises(EffectError, match=told):
        check_effects(tmp_path / "rows.csv")


def test_a_file_that_is_no_text_is_told(tmp_path, small_blocks):
    """Bytes that are not UTF-8 are refused, whatever stands before them."""
    (tmp_path / "rows.csv").write_bytes(b"study,estimate\n" + b"A,1\n" * 70 + b"\xff\xfe,1\n")
    with pytest.raises(EffectError, match="not UTF-8"):
        check_effects(tmp_path / "rows.csv")
