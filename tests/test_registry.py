"""One marker, one declaration: a marker that one file, or a mapping alone, brings works in every command and report."""

from __future__ import annotations

import ast
import csv
import importlib.metadata
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import tamoxres as tr
from tamoxres.cohort import MarkerCall
from tamoxres.cohorts.fetch_api import _symbols
from tamoxres.cohorts.profiles import CASCADE_GENES
from tamoxres.errors import QuestionError, UnknownChoice
from tamoxres.markers.calling import rule_names, rules_for
from tamoxres.registry import ColumnRule, Marker, built_in, canonical, declared, find, known, label_of
from tamoxres.registry.known import GROUP, branches, entrez_ids, evidence_names

Run = Callable[..., tuple[int, str, str]]
PACKAGE = Path(__file__).resolve().parents[1] / "tamoxres"
SAME = 1e-12  # one model, fitted twice
PRINTED = 0.005  # ratios have two decimals on a terminal
DECLARATION = '''"""ESR1: mutated in the tumour."""

from tamoxres.registry import ColumnRule, Marker

MARKER = Marker(
    name="ESR1", label="ER gene", aliases=("ERA",), genes={"ESR1": 2099}, altered_means="ESR1 mutated",
    rules=(
        ColumnRule(
            marker="ESR1", name="panel", assay="panel sequencing", column="esr1_status", altered=("mut",),
            unaltered=("wt",), definition="any non-silent ESR1 mutation", reference="Toy 2013, doi:10.1038/ng.2822",
        ),
    ),
    default_rule="panel",
    columns=r"esr1.*",
)
'''
MAPPING = """
name = "clinic"
title = "Clinic"
treatment_specificity = "tamoxifen_confirmed"
[columns]
patient = "pid"
age = "age"
endocrine = { from = "tam", yes = [1], no = [0] }
[endpoints.OS]
time = "months"
unit = "months"
event = "dead"
event_values = [1]
censored_values = [0]
"""
OF_THE_MAPPING = """
[markers."AR status"]
from = "ar"
altered = [1]
unaltered = [0]
assay = "IHC"
"""
PLAN = """
title = "Does {marker} modify the effect of tamoxifen?"
[[cohorts]]
name = "clinic"
file = "registry.csv"
mapping = "mapping.toml"
[[markers]]
cohort = "clinic"
markers = ["{marker}"]
endpoints = ["OS"]
er = "any"
adjust_prognostic = ["age"]
adjust_interaction = ["age"]
[[pools]]
marker = "all"
estimand = "interaction"
endpoints = ["OS"]
taken_as = "OS"
label = "interaction"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three hundred patients whose altered marker doubles the hazard, the more so under treatment."""
    draw = np.random.default_rng(20)
    n = 300
    ar, tam, age = draw.integers(0, 2, n), draw.integers(0, 2, n), draw.normal(60, 9, n)
    time = draw.exponential(80 / np.exp(0.7 * ar - 0.6 * tam + 0.5 * ar * tam + 0.02 * (age - 60)))
    frame = pd.DataFrame(
        {
            "pid": [f"P{i}" for i in range(n)], "age": age.round(1), "tam": tam, "ar": ar,
            "esr1_status": np.where(draw.integers(0, 3, n) == 0, "mut", "wt"),
            "months": np.minimum(time, 120).round(2).clip(0.01), "dead": (time < 120).astype(int),
        }
    )  # fmt: skip
    frame.to_csv(tmp_path / "registry.csv", index=False)
    (tmp_path / "mapping.toml").write_text(MAPPING, encoding="utf-8")
    return tmp_path


@pytest.fixture
def plug_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Install a package of one file that declares a marker, as far as entry points tell."""
    whole = importlib.metadata.entry_points

    def install(declaration: str, module: str) -> None:
        site = tmp_path / "site"
        site.mkdir(exist_ok=True)
        (site / f"{module}.py").write_text(declaration, encoding="utf-8")
        monkeypatch.syspath_prepend(str(site))
        point = importlib.metadata.EntryPoint(name=module, value=f"{module}:MARKER", group=GROUP)
        monkeypatch.setattr(
            importlib.metadata, "entry_points", lambda **given: [point] if given == {"group": GROUP} else whole(**given)
        )
        declared.cache_clear()
        _symbols.cache_clear()

    yield install
    monkeypatch.undo()
    declared.cache_clear()
    _symbols.cache_clear()


def every_command(run: Run, folder: Path, marker: str, name: str) -> tuple[str, str]:
    """Run markers, effect, sensitivity and report; return the row of `markers` and the report's page."""
    data = (folder / "registry.csv", "--mapping", folder / "mapping.toml")
    code, out, err = run("markers", *data)
    assert code == 0, err
    [listed] = [line for line in out.splitlines() if name in line]
    asked = (*data, "--marker", marker, "--endpoint", "OS", "--estimand", "interaction", "--adjust", "age")
    code, out, err = run("effect", *asked, "--er", "any", "--format", "json")
    assert code == 0, err
    [row] = json.loads(out)["effects"] if isinstance(json.loads(out), dict) else json.loads(out)
    assert (row["marker"], row["estimand"]) == (name, "interaction")
    code, out, err = run("sensitivity", *asked)
    assert code == 0, err
    assert f"{float(row['estimate']):.2f}" in out.split("primary")[1].splitlines()[0]
    (folder / "plan.toml").write_text(PLAN.format(marker=marker), encoding="utf-8")
    code, out, err = run("report", "--plan", folder / "plan.toml", "-o", folder / "report", "--quiet")
    assert code == 0, err
    assert out.startswith(f"{label_of(name)}, Clinic, OS: ")
    with (folder / "report" / "effects.csv").open(encoding="utf-8") as stream:
        rows = [one for one in csv.DictReader(stream) if one["estimand"] == "interaction" and one["adjusted_for"]]
    assert rows
    assert all(one["marker"] == name for one in rows)
    assert float(rows[0]["estimate"]) == pytest.approx(float(row["estimate"]), rel=SAME)
    return listed, (folder / "report" / "report.html").read_text(encoding="utf-8")


def test_a_marker_of_one_file_works_everywhere(run: Run, folder: Path, plug_in: Callable[..., None]) -> None:
    """ESR1, declared by one file of another package, is found by its alias in every command and in the report."""
    plug_in(DECLARATION, "esr1_marker")
    listed, page = every_command(run, folder, "era", "ESR1")
    table = pd.read_csv(folder / "registry.csv")
    altered = int((table["esr1_status"] == "mut").sum())
    assert re.search(rf"panel sequencing +{altered} +{len(table) - altered} ", listed)
    assert "No published evidence in the table." in page
    assert "The review makes no claim of it" in page
    assert "ER gene" in page
    assert len(re.findall(r">\s*(None|nan)\s*<", page)) == 1, "the level of certainty alone is called so"
    assert _symbols()[2099] == "ESR1"


def test_a_marker_of_a_mapping_alone_works_everywhere(run: Run, folder: Path) -> None:
    """A marker that nobody declares, with a blank in its name, works as the declared ones do."""
    (folder / "mapping.toml").write_text(MAPPING + OF_THE_MAPPING, encoding="utf-8")
    listed, page = every_command(run, folder, "AR status", "AR STATUS")
    altered = int(pd.read_csv(folder / "registry.csv")["ar"].sum())
    assert re.search(rf"mapping +True +IHC +{altered} ", listed)
    assert "No published evidence in the table." in page
    assert "AR STATUS: no published evidence in the table." in page
    assert 'href="#marker-ar-status"' in page
    assert len(re.findall(r">\s*(None|nan)\s*<", page)) == 1, "the level of certainty alone is called so"


def test_a_mapping_may_use_an_alias(folder: Path) -> None:
    """A mapping that calls ERBB2 gives HER2: by every name, with its default rule, and with the same numbers."""
    for name in ("ERBB2", "HER2"):
        (folder / f"{name}.toml").write_text(MAPPING + OF_THE_MAPPING.replace('"AR status"', name), encoding="utf-8")
    by_alias, by_name = (tr.load(folder / "registry.csv", mapping=folder / f"{n}.toml") for n in ("ERBB2", "HER2"))
    assert rule_names(by_alias, "her2") == ("mapping",)
    for asked in ("HER2", "erbb2", "neu"):
        rows = [
            tr.ask(cohort, tr.Question(marker=asked, endpoint="OS", er="any", treatment="any"))[0]
            for cohort in (by_alias, by_name)
        ]
        assert [row.marker for row in rows] == ["HER2", "HER2"]
        assert rows[0].estimate == pytest.approx(rows[1].estimate, rel=SAME)
    assert tr.markers_table(by_alias)["marker"].tolist() == ["HER2"]


def test_a_marker_of_a_frame_works(folder: Path) -> None:
    """A call that `with_marker` adds is known by name, answered, and listed."""
    bare = tr.load(folder / "registry.csv", mapping=folder / "mapping.toml")
    values = bare.raw["ar"].map({"1": "altered", "0": "unaltered"})
    cohort = bare.with_marker(
        MarkerCall(marker="fox", rule="mine", assay="IHC", reference="", values=values, definition="stained")
    )
    assert find("Fox", cohort) == Marker(name="FOX", altered_means="stained", evidence_name="")
    [row] = tr.ask(cohort, tr.Question(marker="fox", endpoint="OS", er="any"))
    assert (row.marker, row.rule) == ("FOX", "mine")
    with pytest.raises(UnknownChoice, match="Unknown marker 'FOX'"):
        tr.ask(bare, tr.Question(marker="fox", endpoint="OS", er="any"))


@pytest.mark.parametrize(
    ("name", "expected"),
    [("HER2", "HER2"), ("erbb2", "HER2"), ("mTOR", "MTOR"), ("frap1", "MTOR"), ("hedgehog", "HH"), ("pkb", "AKT")],
)
def test_find_knows_every_name(name: str, expected: str) -> None:
    """Names, labels and aliases find one marker, whatever their case."""
    assert find(name).name == canonical(name) == expected


@pytest.mark.parametrize(("name", "near"), [("HERR2", "HER2"), ("PIK3A", "PIK3CA"), ("ERBB", "ERBB2")])
def test_an_unknown_marker_is_one_error(run: Run, name: str, near: str) -> None:
    """Every way to ask for an unknown marker says the nearest name, and lists the markers."""
    ways: list[Callable[[], object]] = [
        lambda: find(name), lambda: tr.call(tr.load("gbsg"), name), lambda: tr.literature(marker=name),
        lambda: tr.evidence_counts(marker=name), lambda: rules_for(tr.load("gbsg"), name),
        lambda: tr.ask(tr.load("gbsg"), tr.Question(marker=name, endpoint="RFS")),
    ]  # fmt: skip
    told = set()
    for way in ways:
        with pytest.raises(UnknownChoice) as error:
            way()
        assert error.value.nearest == near
        told.add(str(error.value))
    assert len(told) == 1
    code, _, err = run("literature", "--marker", name)
    assert (code, err) == (2, f"tamoxres: {told.pop()}\n")


def test_a_plan_with_an_unknown_marker_is_refused(run: Run, folder: Path) -> None:
    """A slip in a plan is told by the nearest name that the plan's cohorts know, not passed over as not assayed."""
    (folder / "mapping.toml").write_text(MAPPING + OF_THE_MAPPING, encoding="utf-8")
    (folder / "plan.toml").write_text(PLAN.format(marker="AR statu"), encoding="utf-8")
    code, _, err = run("report", "--plan", folder / "plan.toml", "-o", folder / "report", "--quiet")
    assert code == 2
    assert "Unknown marker 'AR STATU'. Is it 'AR STATUS'?" in err


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (('name = "clinic"\nfile', 'name = "other"\nfile'), "nothing is asked of it"),
        (('cohort = "clinic"', 'cohort = "clinique"'), "nothing is asked of it"),
        (('mapping = "mapping.toml"\n', ""), "mapping is missing"),
        (('"mapping.toml"', '"nowhere.toml"'), "nowhere.toml does not exist"),
    ],
)
def test_a_plan_names_its_own_cohorts(run: Run, folder: Path, change: tuple[str, str], message: str) -> None:
    """What is wrong in [[cohorts]] is said by name."""
    (folder / "plan.toml").write_text(PLAN.format(marker="HER2").replace(*change), encoding="utf-8")
    code, _, err = run("report", "--plan", folder / "plan.toml", "-o", folder / "report", "--quiet")
    assert code == 2
    assert message in err


def test_plan_and_mapping_share_a_name(run: Run, folder: Path) -> None:
    """A cohort that its mapping names otherwise is refused, with both names."""
    (folder / "plan.toml").write_text(PLAN.format(marker="HER2").replace('"clinic"', '"clinique"'), encoding="utf-8")
    code, _, err = run("report", "--plan", folder / "plan.toml", "-o", folder / "report", "--quiet")
    assert code == 2
    assert "names it clinic. Write one name in both." in err


RULE = ColumnRule(
    marker="ESR1", name="panel", definition="d", reference="r", column="c", altered=("1",), unaltered=("0",)
)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"name": "esr1"}, "Write its name in capitals"),
        ({"name": "ER/PR"}, "Write its name in capitals"),
        ({"name": "ESR2", "rules": (RULE,)}, "panel of ESR2 calls ESR1"),
        ({"name": "ESR1", "rules": (RULE, RULE)}, "Two rules of ESR1 have one name"),
        ({"name": "ESR1", "rules": (RULE,), "default_rule": "exome"}, "no rule 'exome', its default. .* are panel"),
    ],
)
def test_a_declaration_that_contradicts_itself_is_refused(given: dict, message: str) -> None:
    """A name, a rule or a default that cannot be is told when the marker is made."""
    with pytest.raises(QuestionError, match=message):
        Marker(**given)


def test_two_markers_may_not_share_a_name(plug_in: Callable[..., None]) -> None:
    """A package that takes another marker's alias, or brings no marker, is refused by name."""
    plug_in(DECLARATION.replace('"ERA"', '"ErbB2"'), "taken_alias")
    with pytest.raises(QuestionError, match="The markers HER2 and ESR1 are both called 'erbb2'"):
        declared()
    plug_in("MARKER = 'ESR1'\n", "no_marker")
    with pytest.raises(QuestionError, match="entry point no_marker of tamoxres.markers gives str, not a Marker"):
        declared()


def test_what_the_registry_holds() -> None:
    """Seven markers of the review in its order and the composite; their genes are what is fetched and screened."""
    names = [name for name, one in built_in().items() if one.claim is not None]
    assert [*names, "CASCADE"] == list(built_in())
    assert tuple(names) == evidence_names()
    assert [one.marker for one in tr.evidence.claims()] == names
    assert [label_of(name) for name in ("MTOR", "HH", "HER2", "KI67")] == ["mTOR", "Hedgehog", "HER2", "KI67"]
    genes = entrez_ids(built_in().values())
    assert set(CASCADE_GENES) - set(genes) == {"ESR1", "PGR", "MKI67"}
    assert {"ERBB2": 2064, "PTEN": 5728, "PIK3CA": 5290}.items() <= genes.items()
    assert list(branches()) == ["HER2", "PI3K", "AKT", "mTOR", "SRC", "Hedgehog"]
    assert branches()["PI3K"][:1] + branches()["PI3K"][-2:] == ("PIK3CA", "PTEN", "INPP4B")
    for one in built_in().values():
        assert one.rules, one
        assert one.altered_means, one
    assert list(known()) == list(declared())


def marker_lists(source: str, names: set[str]) -> list[int]:
    """Return the lines of literal lists, tuples, sets and dicts that hold three markers or more."""
    lines = []
    for node in ast.walk(ast.parse(source)):
        inner = node.elts if isinstance(node, ast.List | ast.Tuple | ast.Set) else []
        inner = [key for key in node.keys if key is not None] if isinstance(node, ast.Dict) else inner
        values = {one.value for one in inner if isinstance(one, ast.Constant) and isinstance(one.value, str)}
        text = node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
        split = set(re.split(r"[ ,]+", text)) if len(text) < 80 else set()
        if len(values & names) >= 3 or len(split & names) >= 3:
            lines.append(node.lineno)
    return lines


def test_nothing_else_lists_markers() -> None:
    """No module outside the registry holds a list of markers; sequencing panels list the genes they read."""
    names = {own for one in built_in().values() for own in (one.name, one.label)}
    assert marker_lists("A = ('HER2', 'AKT', 'HH')\nB = {'HER2': 1, 'PTEN': 2}", names) == [1]
    assert marker_lists("A = 'HER2 AKT PTEN'\nB = {'HER2', 'PTEN', 'mTOR'}", names) == [1, 2]
    panels = {"cohorts/cbioportal.py"}
    found = {
        path.relative_to(PACKAGE).as_posix()
        for path in sorted(PACKAGE.rglob("*.py"))
        if path.parent.name != "registry" and marker_lists(path.read_text(encoding="utf-8"), names)
    }
    assert found <= panels
