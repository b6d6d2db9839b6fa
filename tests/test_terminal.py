"""The terminal at 80 columns: no line of any command is longer, no word is broken; four lines say an effect."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import tamoxres as tr
from tamoxres.cli import app
from tamoxres.cli.layout import lay_out, together, wrap

Run = Callable[..., tuple[int, str, str]]
HERE = Path(__file__).resolve().parent
NAMES = sorted(str(command.name or command.callback.__name__).replace("_", "-") for command in app.registered_commands)
BOXES = re.compile(r"[│╭╮╰╯─┃━]+")
EFFECT = "--marker HER2 --endpoint BCSS"
COMMANDS = (  # each command in its own words, on data that come along
    "--version", "cohorts", "markers metabric", "markers metabric --concordance HER2", "check metabric", "check gbsg",
    f"effect metabric {EFFECT}", f"effect metabric {EFFECT} --estimand interaction --adjust age,npi --strata site",
    "effect gbsg --estimand treatment_effect --endpoint RFS --er any", f"effect metabric {EFFECT} --rule no_such_rule",
    "effect metabrik --marker HER2 --endpoint OS", "effect gbsg --marker HER2 --endpoint RFS",
    f"effect metabric {EFFECT} --adjust no_such_column",
    "literature --marker PTEN", "literature --view counts", "literature --view studies --marker SRC",
    "literature --marker HER2 --view side-by-side", "help plan", "help mapping", "cache path",
    "overlap gbsg rotterdam",
    "pool {rows}", "check {rows}", "check {registry} --mapping {mapping}", "check {wrong} --mapping {mapping}",
    "effect {registry} --mapping {mapping} --marker HER2 --endpoint OS",
    "diff {registry} {registry} --mapping {mapping}",
    "init-mapping {registry} -o {made}", "init-plan {registry} --mapping {mapping} -o {made}",
    f"robustness metabric {EFFECT} --adjust age --strata site", f"bayes metabric {EFFECT} --adjust age",
    "interactions --marker HER2", "marker-page PTEN", "design 1.6 --marker-share 0.15 --risk 0.3",
    "curve gbsg er_fmol --endpoint RFS --er any", f"competing metabric {EFFECT} --adjust age",
    f"changing metabric {EFFECT} --shape step --landmarks 0,60",
    "states rotterdam --endpoint RFS --er any --times 60",
    f"pseudo metabric {EFFECT} --times 60",
    "predict gbsg --endpoint OS --er any --horizon 60",
    f"ten-ways metabric {EFFECT}",
    "cure gbsg --endpoint RFS --er any",
    f"mismeasured metabric {EFFECT} --sensitivity 0.95 --specificity 0.95",
    "confounder {rows} --ratio 2 --treated 0.4 --untreated 0.2",
    f"absolute metabric {EFFECT} --adjust age --times 60 --method augmented_ipw", "reconstruct {rows} -o {made}",
    f"assayed metabric {EFFECT} --rule three_gene --covariates age",
    "case-cohort {registry} --mapping {mapping} --marker HER2 --endpoint OS",
    "convert {rows} -o {made}", "convert {rows} -o {json}", "references --marker SRC -o {library}",
    "risk-of-bias --tool QUIPS --marker PTEN", "moved {rows} {more}", "moved {rows} {rows}",
    "cumulative {rows} --relevant 0.8", "cumulative {dated} --relevant 0.8", "network {rows}",
    "report gbsg -o {folder}", "report --plan {nothing} -o {folder}", "claims {text}", "fetch no_such_cohort",
)  # fmt: skip
KEPT = {"--help"}  # what rich writes of its own


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Files for the commands: rows, a registry with its mapping, one with a fault, a text that claims too much."""
    folder = tmp_path_factory.mktemp("t")
    rows = "study,estimate,ci_low,ci_high\nA very long name of a study 2001,0.5,0.3,0.8333333\nB,0.7,0.5,0.98\n"
    (folder / "rows.csv").write_text(rows)
    (folder / "more.csv").write_text(rows + "C,0.9,0.6,1.35\n")
    (folder / "dated.csv").write_text("study,year,estimate,ci_low,ci_high\nAnother long name,2001,0.5,0.3,0.83\n"
                                      "B,2004,0.7,0.5,0.98\n")  # fmt: skip
    registry = folder / "undated.csv"
    shutil.copy(HERE / "registries" / "undated.csv", registry)
    text = tr.init_mapping(registry).replace("event_values = []", "event_values = [1]")
    text = text.replace("censored_values = []", "censored_values = [0]")
    block = re.search(r"(?m)^# \[markers\.HER2\]\n(# .*\n)+", text)
    assert block
    (folder / "m.toml").write_text(text.replace(block[0], re.sub(r"(?m)^# ", "", block[0])))
    (folder / "wrong.csv").write_text(registry.read_text().replace(",1\r\n", ",one\r\n"))
    (folder / "a.md").write_text("HER2 is predictive of tamoxifen failure, and this sentence is longer than a line.\n")
    return {
        "rows": folder / "rows.csv", "registry": registry, "mapping": folder / "m.toml", "wrong": folder / "wrong.csv",
        "made": folder / "made.toml", "folder": folder / "report", "nothing": folder / "no.toml",
        "text": folder / "a.md", "more": folder / "more.csv", "dated": folder / "dated.csv",
        "json": folder / "a.json", "library": folder / "a.ris",
    }  # fmt: skip


def both(run: Run, words: list[str]) -> str:
    """Return what a command writes to both streams; paths of this machine are as short as a user's."""
    _, out, err = run(*words)
    return f"{out}\n{err}"


def tokens(text: str) -> set[str]:
    """Return the words of an output, without the marks of tables and records."""
    return {word.strip(":;") for word in BOXES.sub(" ", text).split()} - {""}


@pytest.mark.parametrize("command", [*COMMANDS, "--help", "-h", *(f"{name} --help" for name in NAMES)])
def test_eighty_columns(
    command: str, run: Run, places: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    """No line is longer than the terminal, and every word on it is a word of the wide output."""
    monkeypatch.chdir(places["rows"].parent)
    words = [word.format(**{name: path.name for name, path in places.items()}) for word in command.split()]
    monkeypatch.setenv("COLUMNS", "80")
    narrow = both(run, words)
    assert narrow.strip()
    assert [line for line in narrow.splitlines() if len(line) > 80] == []
    monkeypatch.setenv("COLUMNS", "400")
    wide = both(run, words)
    broken = tokens(narrow) - tokens(wide)
    assert not broken, f"broken or added: {sorted(broken)[:5]}"


def test_every_command_is_in_the_list() -> None:
    """A new command is tried too, unless it runs for minutes."""
    tried = {command.split()[0] for command in COMMANDS}
    assert set(NAMES) - tried <= {"screen", "sensitivity", "calibrate", "forest", "emulate", "explore"}


def test_an_effect_in_four_lines(run: Run) -> None:
    """What was asked, the patients, the answer, what it is not; adjusters, strata and weights are among them."""
    code, out, _ = run(*f"effect metabric {EFFECT} --adjust age,npi --strata site".split())
    lines = out.splitlines()
    assert code == 0
    assert [line.partition(":")[0] for line in lines[:4]] == ["Asked", "Patients", "Answer", "Not shown"]
    assert "breast-cancer-specific survival (BCSS)" in lines[0]
    assert "adjusted for age and npi, strata site" in lines[0]
    [row] = tr.ask(
        tr.load("metabric"), tr.Question(marker="HER2", endpoint="BCSS", adjust=("age", "npi"), strata=("site",))
    )
    assert lines[1].startswith(f"Patients: {row.n:,} of 2,509, {row.events:,} events; left out: ER negative")
    assert tr.wording.ratio_with_interval(row.estimate, *row.ci()) in lines[2]
    assert "predicts failure of the treatment" in lines[3]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ("gbsg --estimand treatment_effect --endpoint RFS --er any", "chosen, not randomised"),
        (f"metabric {EFFECT} --estimand interaction", "chosen, not randomised"),
    ],
)
def test_what_an_effect_is_not(run: Run, options: str, told: str) -> None:
    """Treatment that was chosen is said so under every effect of it."""
    _, out, _ = run("effect", *options.split())
    [line] = [line for line in out.splitlines() if line.startswith("Not shown")]
    assert told in line


def test_a_folder_of_the_cohort_s_name_does_not_shadow_it(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    """`gbsg` is the cohort, also where a folder or file of that name lies."""
    (tmp_path / "gbsg").mkdir()
    monkeypatch.chdir(tmp_path)
    code, out, _ = run("check", "gbsg")
    assert (code, "gbsg: 686 patients." in out) == (0, True)
    assert run("effect", *["gbsg", "--estimand", "treatment_effect", "--endpoint", "RFS", "--er", "any"])[0] == 0
    assert tr.load("gbsg").n == 686


def test_version_and_help(run: Run) -> None:
    """--version says the version; -h is --help; completion can be installed."""
    assert run("--version") == (0, f"tamoxres {tr.__version__}\n", "")
    short, long = run("effect", "-h"), run("effect", "--help")
    assert short == long
    assert "--install-completion" in run("--help")[1]


def test_no_terminal_no_breaks(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a pipe a sentence is one line, so that it can be searched for."""
    monkeypatch.delenv("COLUMNS", raising=False)
    _, _, err = run("effect", "metabrik", "--marker", "HER2", "--endpoint", "RFS")
    assert len(err.splitlines()) == 1
    assert len(err) > 80


def test_a_table_shares_the_width() -> None:
    """Columns keep their longest word; texts take what is left; numbers stand right, whole ones without a point."""
    frame = pd.DataFrame({"name": ["a few words", "x"], "n": [2509.0, np.nan], "what": ["many more words here", ""]})
    assert lay_out(frame, "T", 28).splitlines() == [
        "T", "name           n  what", "a few       2509  many more", "words             words here", "x",
    ]  # fmt: skip
    assert lay_out(frame, "", None).splitlines()[1] == "a few words  2509  many more words here"
    assert lay_out(frame, "", 28, right=["name"]).splitlines()[3] == "         x"


def test_a_table_that_cannot_fit_is_stacked() -> None:
    """A line a cell, empty ones left out, what is the same for all told once; an estimate stays on one line."""
    frame = pd.DataFrame({
        "study": ["same", "same"], "endpoint": ["recurrence-free", "survival"], "population": ["postmenopausal", None],
        "estimate": [together("0.91 (0.54-1.60)"), "NE"],
    })  # fmt: skip
    assert lay_out(frame, "", 32).splitlines() == [
        "study: same", "endpoint: recurrence-free", "  population: postmenopausal",
        "  estimate: 0.91 (0.54-1.60)", "", "endpoint: survival", "  estimate: NE",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "width", "wanted"),
    [
        ("  indented words go on", 14, "  indented\n    words go\n    on"),
        ("one\n\ntwo", 10, "one\n\ntwo"),
        ("unbreakably", 5, "unbreakably"),
        ("kept " + together("as one"), None, "kept as one"),
    ],
)
def test_sentences_break_at_words(text: str, width: int | None, wanted: str) -> None:
    """What is carried over hangs; empty lines stay; no word is broken."""
    assert wrap(text, width, hanging=2) == wanted
