"""The commands about effect rows: every refusal's mend can be typed, nothing is printed twice, own tables are read."""

from __future__ import annotations

import json
import re
import shlex

import pytest
from test_extraction import EFFECT, STUDY, own, write

from tamoxres.effects import effects_to_csv
from tamoxres.evidence import literature

__all__ = ["own"]  # a fixture of the extraction's tests
HEAD = "study,marker,contrast,endpoint,estimand,measure,population,estimate,ci_low,ci_high,note\n"
ROWS = (
    "A 2001,HER2,altered v unaltered,OS,prognostic,HR,,1.5,1.0,2.25,\n"
    "B 2002,HER2,altered v unaltered,DFS,prognostic,HR,,1.2,0.8,1.8,\n"
    "C 2003,HER2,altered v unaltered,OS,prognostic,RR,,1.3,0.9,1.88,flags: recalled\n"
    "D 2004,HER2,unaltered v altered,OS,prognostic,HR,,0.7,0.5,0.98,\n"
    "A 2001,HER2,altered v unaltered,OS,prognostic,HR,older,1.6,1.0,2.56,\n"
)
MEND = re.compile(r"\((--[^()]*(?:\([^()]*\)[^()]*)*)\)")


@pytest.fixture
def mixed(tmp_path):
    """Five rows that differ in everything a file can differ in."""
    file = tmp_path / "mixed.csv"
    file.write_text(HEAD + ROWS, encoding="utf-8")
    return file


def mended(run, *arguments):
    """Type the mend of each refusal until rows are pooled; return what was typed and the output."""
    typed = []
    for _ in range(12):
        code, out, err = run("pool", *arguments, *typed)
        if not code:
            return typed, out
        mend = MEND.findall(err)
        assert mend, f"no mend to type in {err}"
        typed += shlex.split(mend[0].removesuffix(" ..."))
    raise AssertionError(f"never pooled: {typed}")


def test_every_mend_can_be_typed(run, mixed):
    """What a refusal says to type is taken, and leads to the next refusal, until the rows are pooled."""
    typed, out = mended(run, mixed)
    assert typed == [
        "--include", "recalled", "--alike", "measure:RR=HR", "--reverse", "D 2004", "--endpoint-map", "DFS=OS",
        "--one-a-study",
    ]  # fmt: skip
    assert "4 studies, REML, ad hoc Hartung-Knapp interval" in out
    for note in ("Measure RR taken as HR: C 2003.", "Endpoint DFS taken as OS: B 2002.", "flagged recalled: C 2003."):
        assert note in out


@pytest.mark.parametrize("marker", ["HER2", "AKT", "MTOR", "PIK3CA"])
def test_mends_lead_from_published_rows_to_a_pooled_effect(run, tmp_path, marker):
    """Prognostic rows of the literature differ in much; each refusal tells what to type."""
    file = tmp_path / "rows.csv"
    file.write_text(effects_to_csv(literature(marker=marker, estimand="prognostic")), encoding="utf-8")
    _, out = mended(run, file)
    assert "Prediction interval" in out


def test_estimands_are_told_apart_by_a_choice(run, tmp_path):
    """Mixed estimands: the message names the option that chooses one."""
    file = tmp_path / "rows.csv"
    file.write_text(effects_to_csv(literature(marker="MTOR")), encoding="utf-8")
    code, _, err = run("pool", file)
    assert code == 2
    assert re.search(r"if you mean it, or keep one of them \(--estimand \w+\)\.", err)


def test_nothing_is_printed_twice(run, mixed):
    """Common effect, notes and rows left out stand once."""
    _, out = mended(run, mixed)
    lines = out.strip().splitlines()
    assert len(lines) == len(set(lines))
    assert out.lower().count("common effect") == 1


def test_common_effect_has_a_normal_interval_unless_asked(run, mixed):
    """`--tau2 common` takes z; another interval is taken when it is asked for."""
    same = (mixed, "--leave-out", "C 2003", "--leave-out", "B 2002", "--reverse", "D 2004", "--one-a-study")
    for extra, expected in (((), "z"), (("--ci", "hksj"), "hksj")):
        _, out, _ = run("pool", *same, "--tau2", "common", "--format", "json", *extra)
        assert json.loads(out)["ci_method"] == expected
    _, out, err = run("pool", *same, "--format", "json")
    assert json.loads(out)["ci_method"] == "adhoc"
    assert json.loads(out)["prediction_rule"] == "same"
    assert "left out by --one-a-study: A 2001" in err


def test_forest_takes_the_same_mends(run, mixed, tmp_path):
    """What pools can be drawn."""
    typed, _ = mended(run, mixed)
    code, out, _ = run("forest", mixed, *typed, "-o", tmp_path / "forest.svg")
    assert (code, "Wrote" in out) == (0, True)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--endpoint-map", "DFS"], "Cannot read 'DFS' in --endpoint-map. Write DFS=RFS"),
        (["--alike", "RR=HR"], "Cannot read --alike 'RR=HR'. Write NAME:VALUE=TAKEN_AS"),
        (["--alike", "shoe:RR=HR"], "NAME is one of marker, contrast"),
        (["--leave-out", "Z"], "No row is of study 'Z'. Studies are A 2001, B 2002"),
        (["--include", "nonsense"], "Unknown flag 'nonsense' in include"),
    ],
)
def test_options_that_cannot_be_read(run, mixed, options, says):
    """One sentence, exit code 2."""
    code, _, err = run("pool", mixed, *options)
    assert code == 2
    assert says in err


def test_literature_filters_and_views(run, tmp_path):
    """Tier, setting, drug and flags narrow the rows; counts, studies and the trials' ratios are views."""
    asked = ("literature", "--marker", "HER2", "--format", "json")
    every = json.loads(run(*asked)[1])
    for options in (
        ("--tier", "clinical", "--setting", "adjuvant"), ("--treatment", "letrozole"),
        ("--flag", "with_oophorectomy"), ("--without-flag", "with_oophorectomy"),
    ):  # fmt: skip
        found = json.loads(run(*asked, *options)[1])
        assert 0 < len(found) < len(every), options
    counts = json.loads(run("literature", "--counts", "--format", "json")[1])
    assert counts[0] == {"step": "identified", "what": "all", "studies": 146, "rows": 199}
    _, out, _ = run("literature", "--view", "side-by-side", "--marker", "HER2")
    assert "0.50 (0.27 or 0.50 by side)" in out
    assert "SE 0.18 by its lower limit, 0.4478 by its upper" in out
    _, out, _ = run("literature", "--view", "studies", "--marker", "src", "--tier", "cell_line", "--format", "csv")
    assert {line.split(",")[2] for line in out.splitlines()[1:] if line.startswith("Hiscox")} == {"SRC"}
    code, _, err = run("literature", "--counts", "--flag", "recalled")
    assert (code, "--flag is about effect rows" in err) == (2, True)


def test_own_tables(run, own):
    """They are listed, added, counted and compared; what moves is shown; without a folder nothing is compared."""
    code, out, _ = run("literature", "--data", own, "--format", "json")
    assert (code, len(json.loads(out))) == (0, 2)
    assert run("literature", "--data", own / "effects.csv", "--format", "json")[1] == out
    _, out, _ = run("literature", "--data", own, "--merge", "--counts", "--format", "json")
    assert json.loads(out)[0]["rows"] == 201
    _, out, _ = run("literature", "--data", own, "--merge", "--compare")
    assert "come along: 1 added in studies, 2 added in effects." in out
    assert "No pooled answer moves." in out
    write(own, [{**EFFECT, "marker": "AKT"}], [{**STUDY, "markers": "AKT", "finding_direction": ""}])
    assert "Pooled answers that move" in run("literature", "--data", own, "--merge", "--compare")[1]
    code, _, err = run("literature", "--compare")
    assert (code, "--compare needs your own tables. Add --data DIR" in err) == (2, True)


def test_rows_without_information_are_shown_and_may_be_kept(run, tmp_path):
    """A row of SE 2,850 is printed as such and left out of k; --keep-uninformative counts it."""
    file = tmp_path / "huge.csv"
    file.write_text("study,log_estimate,se\nA,18.5,2850\nB,0.2,0.2\nC,0.3,0.25\n", encoding="utf-8")
    code, out, _ = run("pool", file, "--ci", "hksj")
    assert code == 0
    assert "A: HR >100,000 (0.00 to >100,000), P = 0.995 [no information]" in out
    assert "HR 1.27 (0.68-2.36), P = 0.128 (2 studies" in out
    _, out, _ = run("pool", file, "--keep-uninformative", "--format", "json")
    assert json.loads(out)["k"] == 3


def test_what_a_file_leaves_to_ask_is_named(run, tmp_path):
    """check, pool and forest tell that an interval is not symmetric, that a group has no events, what is not read."""
    file = tmp_path / "asym.csv"
    text = "study,estimate,ci_low,ci_high,events_1,figure\nA,1.48,1.02,3.15,,2\nB,0.9,0.6,1.35,0,2\nC,1.2,0.8,1.8,,3\n"
    file.write_text(text, encoding="utf-8")
    said = ("SE 0.190 by the lower limit, 0.385 by the upper", "B: events_1 = 0, and yet a ratio of 0.90")
    code, out, _ = run("check", file)
    assert code == 0
    assert "hold" not in out
    assert all(part in " ".join(out.split()) for part in (*said, "nothing reads the columns figure"))
    code, out, err = run("pool", file)
    assert all(part in out for part in said)
    assert f"{file}: not read: figure." in err
    code, _, err = run("forest", file, "-o", tmp_path / "f.svg")
    assert (code, "not read: figure" in err) == (0, True)
    assert "0.385 by the upper" in (tmp_path / "f.svg").read_text(encoding="utf-8")


def test_a_p_printed_as_a_bound(run, tmp_path):
    """`<0.001` beside an interval is read and written as it was printed."""
    file = tmp_path / "plt.csv"
    file.write_text(
        "study,estimate,ci_low,ci_high,p_value\nA,0.5,0.36,0.70,<0.001\nB,0.6,0.4,0.9,0.013\n", encoding="utf-8"
    )
    assert "A: HR 0.50 (0.36-0.70), P < 0.001" in run("pool", file)[1]
    assert "hold (2 estimated)" in run("check", file)[1]
