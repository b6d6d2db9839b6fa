"""How many studies and rows were found, left out, and why: the numbers of a PRISMA flow that tables can tell.

What tables cannot tell (records screened, reports not retrieved) is not made up.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..effects import EffectEstimate
from ..registry import find
from .check import TIERS, open_extraction
from .published import OPTIONAL, derived_interactions
from .rows import effects_of
from .tables import Extraction, Row, row_flags, split

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["NO_FINDING", "evidence_counts"]

_WHY = {
    "recalled": "number known but not read again", "pooled_estimate": "a pooled estimate of other studies",
    "overlaps_row_of_same_study": "same patients as another row of its study",
    "superseded_by_publication": "a meeting report of what was published later",
}  # fmt: skip
NO_FINDING = "of these no finding of its own, so not on the evidence map"
_NO_NUMBER = ("null_without_number", "significant_without_number")
_ESTIMANDS = {
    "prognostic": "marker among patients treated alike", "treatment_effect": "treatment within a marker level",
    "interaction": "interaction of marker and treatment",
}  # fmt: skip


def evidence_counts(
    *, marker: str | None = None, data: str | Path | Extraction | None = None, merge: bool = False
) -> pd.DataFrame:
    """Count studies and effect rows from those identified to those usable, each row left out for one reason.

    Parameters
    ----------
    marker, data, merge
        As in `literature`.

    Returns
    -------
    DataFrame
        step (identified, left out, usable), what, studies, rows. Rows identified are rows left out and rows usable;
        studies identified are those on the evidence map and those without a finding of their own.

    Examples
    --------
    >>> evidence_counts(marker="HER2").columns[:3].tolist()
    ['step', 'what', 'studies']
    """
    import pandas as pd

    asked = None if marker is None else find(marker).evidence_name
    tables = open_extraction(data, merge=merge)
    about = [row for row in tables.studies if asked in (None, *split(row["markers"]))]
    pairs = [
        (row, effect) for row, effect in zip(tables.effects, effects_of(tables), strict=True)
        if asked in (None, row["marker"])
    ]  # fmt: skip
    with_rows = {row["study_id"] for row, _ in pairs}
    reasons = [next((kind for kind in OPTIONAL if kind in row_flags(row)), "") for row, _ in pairs]
    by_reason = {
        kind: [e for (_, e), why in zip(pairs, reasons, strict=True) if why == kind] for kind in ("", *OPTIONAL)
    }
    usable, owners = by_reason[""], [tables.study(row["study_id"]) for row, _ in pairs]
    steps = [("identified", *told) for told in _identified(about, owners, asked)]
    steps.append(
        ("left out", "no effect of the marker is printed", sum(s["study_id"] not in with_rows for s in about), 0)
    )
    steps += [("left out", why, *_size(by_reason[kind])) for kind, why in _WHY.items()]
    steps.append(("usable", "all", *_size(usable)))
    steps.append(("usable", "with a standard error", *_size(e for e in usable if e.status == "estimated")))
    steps.append(("usable", "a test or an estimate alone", *_size(e for e in usable if e.status == "test_only")))
    steps.append(("usable", "reported without a number", *_size(e for e in usable if e.status in _NO_NUMBER)))
    steps += [("usable", told, *_size(e for e in usable if e.estimand == name)) for name, told in _ESTIMANDS.items()]
    derived = derived_interactions(marker=marker, data=tables)
    steps.append(("usable", "interactions made from two printed strata", *_size(derived)))
    return pd.DataFrame(steps, columns=["step", "what", "studies", "rows"])


def _identified(about: Sequence[Row], owners: Sequence[Row], marker: str | None) -> Iterator[tuple[str, int, int]]:
    """Count studies, and rows by the study that owns each: all, by tier, and those without a finding of their own."""
    yield "all", len(about), len(owners)
    for tier in TIERS:
        studies, rows = (sum(study["tier"] == tier for study in part) for part in (about, owners))
        yield tier.replace("meta_", "meta-").replace("_", " "), studies, rows
    silent, rows = (sum(not _has_finding(study, marker) for study in part) for part in (about, owners))
    yield NO_FINDING, silent, rows


def _has_finding(study: Row, marker: str | None) -> bool:
    """Whether a study votes, on a marker or on any."""
    voted = [finding.partition(":")[0] for finding in split(study["finding_direction"])]
    return bool(voted) if marker is None else marker in voted


def _size(effects: Iterable[EffectEstimate]) -> tuple[int, int]:
    """Count studies and rows."""
    rows = list(effects)
    return len({row.study for row in rows}), len(rows)
