"""Further commands: a registry's own file, markers, sensitivity, the cache."""

from __future__ import annotations

import pytest

from tamoxres.effects import read_effects
from tamoxres.files import data_root

MAPPING = """
name = "ours"
treatment_specificity = "tamoxifen_confirmed"
[columns]
patient = "pid"
age = "age"
nodes = "nodes"
er = { from = "er", positive = ">= 10" }
endocrine = { from = "hormon", yes = [1], no = [0] }
[markers.PR]
from = "pgr"
altered = "< 10"
unaltered = ">= 10"
assay = "ligand binding"
[endpoints.OS]
time = "dtime"
unit = "days"
event = "death"
event_values = [1]
competing_values = []
censored_values = [0]
"""


@pytest.fixture
def registry(tmp_path):
    """Return Rotterdam's file as if it were a registry's own, and its mapping."""
    mapping = tmp_path / "mapping.toml"
    mapping.write_text(MAPPING)
    return data_root() / "rotterdam" / "rotterdam.csv", mapping


def test_a_registry_from_sketch_to_effect(run, registry, tmp_path):
    """init-mapping sketches, check passes, effect takes the file and its own marker."""
    file, mapping = registry
    code, out, _ = run("init-mapping", file)
    assert code == 0
    assert "[columns]" in out
    assert "QUESTION" in out
    code, out, _ = run("check", file, "--mapping", mapping)
    assert code == 0
    assert "2,982 patients" in out
    code, out, _ = run("effect", file, "--mapping", mapping, "--marker", "PR", "--endpoint", "OS", "--format", "csv")
    assert code == 0
    assert out.splitlines()[1].startswith("ours,ours,,,own_patients,PR,")


def test_a_mapping_of_a_column_that_is_not_there(run, registry):
    """The column is named, with the mend, and the exit code is 2."""
    file, mapping = registry
    mapping.write_text(MAPPING.replace('age = "age"', 'age = "agee"'))
    code, _, err = run("check", file, "--mapping", mapping)
    assert code == 2
    assert "agee" in err


def test_markers_list_the_rules(run):
    """`markers` lists rules with counts; a kappa table on request."""
    code, out, _ = run("markers", "metabric")
    assert code == 0
    assert all(rule in out for rule in ("snp6_gain", "three_gene", "intclust5", "438"))
    code, out, _ = run("markers", "metabric", "--concordance", "HER2")
    assert code == 0
    assert "kappa" in out
    code, out, _ = run("markers", "gbsg")
    assert "no marker" in out


def test_sensitivity_writes_rows_and_a_figure(run, tmp_path):
    """`sensitivity -o` writes the rows and the forest."""
    out_dir = tmp_path / "sens"
    code, out, _ = run("sensitivity", "gbsg", "--endpoint", "RFS", "--estimand", "treatment_effect", "-o", out_dir)
    assert code == 0
    assert "after year 5" in out
    assert {p.name for p in out_dir.iterdir()} == {"effects.csv", "sensitivity.svg"}


def test_sensitivity_of_treatment_by_a_marker_shows_both_strata(run, tmp_path):
    """The command prints a line for altered and one for unaltered of every choice, and writes both rows."""
    asked = ("metabric", "--marker", "HER2", "--endpoint", "BCSS", "--estimand", "treatment_effect")
    code, out, _ = run("sensitivity", *asked, "-o", tmp_path / "sens")
    assert code == 0
    rows = read_effects(tmp_path / "sens" / "effects.csv")
    assert [row.marker_level for row in rows] == ["altered", "unaltered"] * (len(rows) // 2)
    assert out.count("HER2 altered") == out.count("HER2 unaltered") == len(rows) // 2
    assert "treatment when" in out


def test_the_cache_is_shown(run):
    """`cache path` tells where fetched cohorts lie."""
    code, out, _ = run("cache", "path")
    assert code == 0
    assert out.strip()
