"""Which markers there are: those declared in this folder, those of other packages, those that a cohort holds.

Conventions: a file of this folder that holds a `MARKER` declares it; nothing lists them. Another package brings one by
the entry point group `tamoxres.markers`, which names a `Marker`. A marker that a cohort's mapping or `with_marker`
brings and that nobody declares is made from its call. Names are found whatever their case, by alias too.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import pkgutil
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ..errors import QuestionError, UnknownChoice
from ..vocabulary import nearest
from .marker import Marker

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..cohort import Cohort

__all__ = [
    "GROUP", "branches", "built_in", "canonical", "declared", "entrez_ids", "evidence_names", "find", "known",
    "label_of",
]  # fmt: skip

GROUP = "tamoxres.markers"


@cache
def built_in() -> Mapping[str, Marker]:
    """Return the markers declared in this folder, by name, in the order of the review."""
    folder = Path(__file__).parent
    modules = (importlib.import_module(f".{one.name}", __package__) for one in pkgutil.iter_modules([str(folder)]))
    return _by_name(module.MARKER for module in modules if hasattr(module, "MARKER"))


@cache
def declared() -> Mapping[str, Marker]:
    """Return every declared marker, by name: those of this folder, then those of other packages.

    Raises
    ------
    QuestionError
        If a package's entry point is no marker, or takes a name that another marker has.
    """
    return _by_name([*built_in().values(), *map(_plugged, importlib.metadata.entry_points(group=GROUP))])


def _plugged(point: Any) -> Marker:
    marker = point.load()
    if not isinstance(marker, Marker):
        raise QuestionError(f"The entry point {point.name} of {GROUP} gives {type(marker).__name__}, not a Marker.")
    return marker


def _by_name(markers: Iterable[Marker]) -> Mapping[str, Marker]:
    """Put markers in order; a name that two of them have is refused."""
    ordered = sorted(markers, key=lambda marker: (marker.order, marker.name))
    owner: dict[str, Marker] = {}
    for marker in ordered:
        for name in {_plain(name) for name in marker.names}:
            if name in owner:
                raise QuestionError(
                    f"The markers {owner[name].name} and {marker.name} are both called {name!r}. Rename one of them."
                )
            owner[name] = marker
    return MappingProxyType({marker.name: marker for marker in ordered})


def _plain(name: str) -> str:
    """Return a name without case, spaces and signs: Her-2/neu is HER2NEU."""
    return "".join(letter for letter in name.casefold() if letter.isalnum()) or name.casefold()


def _named(markers: Mapping[str, Marker], name: str) -> Marker | None:
    wanted = _plain(name)
    return next((one for one in markers.values() if wanted in [_plain(own) for own in one.names]), None)


def _lookup(name: str) -> Marker | None:
    """Find a declared marker; other packages are asked only for a name that is not one of ours."""
    return _named(built_in(), name) or _named(declared(), name)


def known(*cohorts: Cohort) -> Mapping[str, Marker]:
    """Return every declared marker and those that these cohorts hold, by name.

    Parameters
    ----------
    *cohorts : Cohort

    Returns
    -------
    mapping of name to Marker
    """
    own = {
        call.marker: Marker(name=call.marker, altered_means=call.definition, evidence_name="")
        for cohort in cohorts
        for call in cohort.markers
        if _lookup(call.marker) is None
    }
    return MappingProxyType({**declared(), **own})


def find(name: str, *cohorts: Cohort) -> Marker:
    """Find a marker by its name, its label or an alias, whatever their case, spaces and signs.

    Parameters
    ----------
    name : str
    *cohorts : Cohort
        The markers that they hold are known too.

    Returns
    -------
    Marker

    Raises
    ------
    UnknownChoice
        Naming the nearest name, and every marker that is known.

    Examples
    --------
    >>> find("erbb2").name, find("Hedgehog").name
    ('HER2', 'HH')
    """
    if (marker := _lookup(name)) is not None:
        return marker
    here = known(*cohorts)
    if name.upper() in here:
        return here[name.upper()]
    every = [own for marker in here.values() for own in marker.names]
    raise UnknownChoice("marker", name, tuple(here), nearest=nearest(name, every))


def canonical(name: str) -> str:
    """Return the name of a declared marker by any of its names; another name in capitals.

    Examples
    --------
    >>> canonical("ERBB2"), canonical("esr1_protein")
    ('HER2', 'ESR1_PROTEIN')
    """
    marker = _lookup(name)
    return name.upper() if marker is None else marker.name


def label_of(name: str) -> str:
    """Write a marker as a reader does.

    Examples
    --------
    >>> label_of("MTOR"), label_of("HH"), label_of("KI67")
    ('mTOR', 'Hedgehog', 'KI67')
    """
    marker = _lookup(name) if name else None
    return name if marker is None else marker.label


def evidence_names() -> tuple[str, ...]:
    """Return the names of the declared markers in the tables of published effects, in order."""
    return tuple(marker.evidence_name for marker in declared().values() if marker.evidence_name)


def branches() -> Mapping[str, tuple[str, ...]]:
    """Return the genes of the review's cascade by branch, from the receptor on.

    Examples
    --------
    >>> list(branches())
    ['HER2', 'PI3K', 'AKT', 'mTOR', 'SRC', 'Hedgehog']
    """
    parts = [marker.branch for marker in built_in().values() if marker.branch is not None]
    out: dict[str, tuple[str, ...]] = {}
    for part in sorted(parts, key=lambda part: part.place):
        out[part.name] = (*out.get(part.name, ()), *part.genes)
    return MappingProxyType(out)


def entrez_ids(markers: Iterable[Marker]) -> dict[str, int]:
    """Return the Entrez ids of these markers' genes, by symbol."""
    return {symbol: entrez for marker in markers for symbol, entrez in marker.genes.items()}
