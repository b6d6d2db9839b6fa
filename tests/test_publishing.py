"""What a published package holds: metadata, policies, citations, licences beside data, a bill of materials."""

from __future__ import annotations

import json
import re
import sys
import tomllib
from dataclasses import dataclass
from email.message import Message
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

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


def test_every_part_that_is_installed_is_known() -> None:
    """Each requirement states a bound and is installed within it, of a version and a licence that are known."""
    assert materials.faults() == []
    made = materials.sbom()
    named = {part["name"]: part for part in made["components"]}
    for text in PROJECT["project"]["dependencies"]:
        wanted = Requirement(text)
        part = named[canonicalize_name(wanted.name)]
        assert wanted.specifier.contains(part["version"])
        assert part["licenses"][0]["license"]["name"]
        assert part["purl"] == f"pkg:pypi/{part['name']}@{part['version']}"


@dataclass
class Part:
    """A distribution as `importlib.metadata` gives it, with what a bad one lacks."""

    version: str
    requires: list[str]
    licence: str = "MIT"
    elsewhere: str | None = None

    @property
    def metadata(self) -> Message:
        """The licence as a distribution states it."""
        made = Message()
        made["License-Expression"] = self.licence
        return made

    def read_text(self, name: str) -> str | None:
        """Return where it came from."""
        return self.elsewhere if name == "direct_url.json" else None


GOOD = {"root": Part("1", ["one>=1", "two>=2"]), "one": Part("1.5", ["two"]), "two": Part("2.0", [])}


@pytest.mark.parametrize(
    ("name", "part", "told"),
    [
        ("one", Part("1.5", ["two"]), ""),
        ("root", Part("1", ["one", "two>=2"]), "root: its requirement one states no bound."),
        ("root", Part("1", ["one @ https://x.org/one.whl", "two>=2"]), "states no bound"),
        ("root", Part("1", ["one>=1", "two>=2", "three>=1"]), "its requirement three>=1 is not installed"),
        ("one", Part("0.9", []), "root: it wants one>=1, and one 0.9 is installed."),
        ("two", Part("2.0", [], licence=""), "two 2.0: its licence is unknown."),
        ("two", Part("2.0", [], licence="AGPL-3.0-only"), "two 2.0: its licence is AGPL-3.0-only."),
        ("two", Part("2.0", [], licence="LGPL-2.1"), ""),
        ("one", Part("1.5", [], elsewhere="{}"), "one 1.5: it comes from no package index."),
    ],
)
def test_an_unknown_part_is_named(monkeypatch: pytest.MonkeyPatch, name: str, part: Part, told: str) -> None:
    """What is not known of a part is one sentence; what is known is none."""
    parts = GOOD | {name: part}

    def found(wanted: str) -> Part:
        if wanted not in parts:
            raise PackageNotFoundError(wanted)
        return parts[wanted]

    monkeypatch.setattr(materials, "distribution", found)
    faults = materials.faults("root")
    assert len(faults) == bool(told)
    assert told in "".join(faults)
