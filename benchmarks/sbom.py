"""Writes what the installed package rests on as a CycloneDX 1.5 file: `make sbom`, or `python benchmarks/sbom.py FILE`.

`python benchmarks/sbom.py --check` writes nothing and ends with 1 where something is unknown: a requirement without a
bound, or one that is not installed, or in another version than is asked for; a part without a licence, or with one that
copies on (GPL, AGPL); a part that came from elsewhere than a package index.

Conventions: versions and licences are those that the installed distributions state (importlib.metadata); extras and the
time are left out, so that the same environment gives the same bytes.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

__all__ = ["faults", "sbom"]

_COPIES_ON = re.compile(r"(?<!L)\bA?GPL|GNU (?:Affero )?General Public", re.IGNORECASE)


def sbom(root: str = "tamoxres") -> dict[str, Any]:
    """Return the bill of materials of an installed distribution."""
    found: dict[str, Distribution] = {}
    _collect(root, found)
    parts = [_component(name, one) for name, one in sorted(found.items())]
    links = [
        {
            "ref": _ref(name, one),
            "dependsOn": sorted(_ref(other, found[other]) for other in _needs(one) if other in found),
        }
        for name, one in sorted(found.items())
    ]
    top = next(part for part in parts if part["name"] == root)
    return {
        "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
        "metadata": {"component": {**top, "type": "application"}},
        "components": [part for part in parts if part is not top], "dependencies": links,
    }  # fmt: skip


def faults(root: str = "tamoxres", *, own: bool = True) -> list[str]:
    """Return what is unknown of a distribution's parts, a sentence each; empty where all is known.

    Parameters
    ----------
    root : str
    own : bool
        Whether every requirement of the root itself must state a bound, as ours do.
    """
    found: dict[str, Distribution] = {}
    _collect(root, found)
    named = {part["name"]: part for part in sbom(root)["components"]}
    out = []
    for name, one in sorted(found.items()):
        for wanted in _requirements(one):
            other = str(canonicalize_name(wanted.name))
            if wanted.url or (name == root and own and not wanted.specifier):
                out.append(f"{name}: its requirement {wanted} states no bound.")
            if other not in found:
                out.append(f"{name}: its requirement {wanted} is not installed.")
            elif not wanted.specifier.contains(found[other].version, prereleases=True):
                out.append(f"{name}: it wants {wanted}, and {other} {found[other].version} is installed.")
        if name != root:
            out += _unknown(name, one, named.get(name, {}))
    return out


def _unknown(name: str, one: Distribution, part: dict[str, Any]) -> Iterator[str]:
    """Yield what is not known of one part."""
    licence = ", ".join(each["license"]["name"] for each in part.get("licenses", ()))
    if part.get("version") != one.version or not one.version:
        yield f"{name}: its version is unknown."
    if not licence:
        yield f"{name} {one.version}: its licence is unknown."
    if _COPIES_ON.search(licence):
        yield f"{name} {one.version}: its licence is {licence}."
    if one.read_text("direct_url.json"):
        yield f"{name} {one.version}: it comes from no package index."


def _collect(name: str, found: dict[str, Distribution]) -> None:
    if name in found:
        return
    try:
        found[name] = distribution(name)
    except PackageNotFoundError:  # a requirement of another platform, or one that is not installed
        return
    for other in _needs(found[name]):
        _collect(other, found)


def _needs(one: Distribution) -> Iterator[str]:
    """Yield what a distribution requires here, without its extras."""
    for wanted in _requirements(one):
        yield str(canonicalize_name(wanted.name))


def _requirements(one: Distribution) -> Iterator[Requirement]:
    """Yield the requirements that hold here, extras aside."""
    for text in one.requires or ():
        wanted = Requirement(text)
        if wanted.marker is None or wanted.marker.evaluate({"extra": ""}):
            yield wanted


def _ref(name: str, one: Distribution) -> str:
    return f"pkg:pypi/{name}@{one.version}"


def _component(name: str, one: Distribution) -> dict[str, Any]:
    part: dict[str, Any] = {"type": "library", "bom-ref": _ref(name, one), "name": name, "version": one.version}
    if licence := _licence(one):
        part["licenses"] = [{"license": {"name": licence}}]
    return {**part, "purl": _ref(name, one)}


def _licence(one: Distribution) -> str:
    """Return the licence that a distribution states: its expression, its classifiers, or a short licence field."""
    about = one.metadata
    if expression := about.get("License-Expression"):
        return str(expression)
    named = [text.rpartition(" :: ")[2] for text in about.get_all("Classifier") or () if text.startswith("License ::")]
    stated = str(about.get("License") or "").strip()
    return ", ".join(named) or stated.partition("\n")[0][:80]


if __name__ == "__main__" and sys.argv[1] == "--check":
    sys.exit("\n".join(faults()) or 0)
elif __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps(sbom(), indent=1) + "\n", encoding="utf-8")
