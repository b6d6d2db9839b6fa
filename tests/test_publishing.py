"""What a published package holds: metadata, policies, citations, licences beside data, a bill of materials."""

from __future__ import annotations

import json
import re
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "benchmarks"))
import sbom as materials  # noqa: E402

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_the_metadata_says_who_can_use_it() -> None:
    """Addresses, Python's versions and the sdist's files are named."""
    project = PROJECT["project"]
    assert project["urls"]
    assert {"Programming Language :: Python :: 3.11", "Typing :: Typed"} <= set(project["classifiers"])
    shipped = PROJECT["tool"]["hatch"]["build"]["targets"]["sdist"]["only-include"]
    assert not [name for name in shipped if not (ROOT / name).exists()]


def test_the_extras_hold_what_the_site_needs() -> None:
    """Every extension and the theme of the site are in the extra `docs`."""
    conf = (ROOT / "docs" / "conf.py").read_text(encoding="utf-8")
    named = {
        name.replace("_", "-") for name in re.findall(r'"(numpydoc|myst_nb|sphinx_design|pydata_sphinx_theme)"', conf)
    }
    assert named <= {re.split(r"[<>=]", text)[0] for text in PROJECT["project"]["optional-dependencies"]["docs"]}


@pytest.mark.parametrize("folder", sorted(file.parent.name for file in (ROOT / "data_raw").glob("*/README.md")))
def test_a_licence_stands_beside_the_data(folder: str) -> None:
    """Every folder of data has a licence of its own."""
    assert (ROOT / "data_raw" / folder / "LICENSE").stat().st_size > 50


def test_the_paper_cites_what_stands() -> None:
    """The paper and its bibliography name the same works, each with a DOI or a publisher."""
    cited = set(re.findall(r"@(\w+)", (ROOT / "paper.md").read_text(encoding="utf-8")))
    entries = (ROOT / "paper.bib").read_text(encoding="utf-8").splitlines()
    assert cited == {re.search(r"\{(\w+),", line)[1] for line in entries}
    assert all("doi = " in line or "publisher = " in line for line in entries)


def test_what_the_security_page_names_exists() -> None:
    """Files that SECURITY.md names are there."""
    named = re.findall(r"`((?:tamoxres|tests)/[\w/.]+)`", (ROOT / "SECURITY.md").read_text(encoding="utf-8"))
    assert len(named) >= 3
    assert not [name for name in named if not (ROOT / name).exists()]


def test_the_bill_of_materials() -> None:
    """It is CycloneDX, holds every requirement once, and every reference is a component."""
    made = materials.sbom("pandas")
    assert made["bomFormat"] == "CycloneDX"
    assert made == json.loads(json.dumps(materials.sbom("pandas")))
    names = [part["name"] for part in made["components"]]
    assert {"numpy", "python-dateutil"} <= set(names)
    assert len(names) == len(set(names))
    known = {part["bom-ref"] for part in (*made["components"], made["metadata"]["component"])}
    assert all({link["ref"], *link["dependsOn"]} <= known for link in made["dependencies"])
    assert "numpy" in {part["name"] for part in made["components"] if part.get("licenses")}
