"""Published effects and studies as rows: the embedded tables, or a user's own extraction in the same format.

Rows that must not be pooled unawares (`OPTIONAL`) are left out unless they are asked for by name.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..effects import EffectEstimate
from ..effects.derive import from_strata, stratum
from ..errors import QuestionError
from ..registry import find
from ..tables.effects import EffectRows
from ..vocabulary import ESTIMANDS, choose, one_or_more
from .check import SETTINGS, TIERS, open_extraction
from .rows import effects_of
from .tables import Extraction, Row, citation, row_flags, split, study_labels

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["OPTIONAL", "derived_interactions", "literature", "narrowed", "strata_pairs", "studies"]

OPTIONAL = ("recalled", "pooled_estimate", "overlaps_row_of_same_study", "superseded_by_publication")


def literature(
    *,
    marker: str | None = None,
    estimand: str | None = None,
    tier: str | None = None,
    setting: str | None = None,
    include: str | Sequence[str] = (),
    data: str | Path | Extraction | None = None,
    merge: bool = False,
) -> EffectRows:
    """Return published effects, one row each, by default without those that must not be pooled unawares.

    Parameters
    ----------
    marker : str, optional
        By any of its names, such as `HER2` or `ERBB2`; a marker without a row in the tables gives none.
    estimand : "prognostic" | "treatment_effect" | "interaction", optional
    tier : "clinical" | "meta_analysis", optional
        Of the study (cell-line and animal studies have no effect rows).
    setting : "adjuvant" | "advanced" | "neoadjuvant", optional
    include : str or sequence of str
        Rows otherwise left out: `recalled`, `pooled_estimate`, `overlaps_row_of_same_study`,
        `superseded_by_publication`, or `all`.
    data : path, optional
        A folder with your own effects.csv and studies.csv; the embedded tables if not given.
    merge : bool
        Add your own studies to the embedded ones; a study of the same id is replaced with all its rows.

    Returns
    -------
    EffectRows
        A list of EffectEstimate.

    Raises
    ------
    QuestionError
        On an unknown marker, estimand, tier, setting or name in `include`.
    DataError
        If your own tables are not sound, naming file, line and column.

    Examples
    --------
    >>> len(literature(include="all"))
    199
    """
    about = None if marker is None else find(marker)
    choices = {"estimand": (estimand, ESTIMANDS), "tier": (tier, TIERS), "setting": (setting, SETTINGS)}
    for name, (value, allowed) in choices.items():
        if value is not None:
            choose(name, value, allowed)
    kept_kinds = _kinds(include)
    tables, out = open_extraction(data, merge=merge), EffectRows()
    for row, effect in zip(tables.effects, effects_of(tables), strict=True):
        study = tables.study(row["study_id"])
        facts = {"estimand": effect.estimand, "tier": study["tier"], "setting": study["setting"]}
        fits = all(value in (None, facts[name]) for name, (value, _) in choices.items())
        fits &= about is None or row["marker"] == about.evidence_name
        if fits and set(row_flags(row)) & set(OPTIONAL) <= kept_kinds:
            out.append(effect if about is None else replace(effect, marker=about.name))
    return out


def _kinds(include: str | Sequence[str]) -> set[str]:
    names = one_or_more(include)
    if unknown := [name for name in names if name not in (*OPTIONAL, "all")]:
        raise QuestionError(f"Unknown row kind {unknown[0]!r} in include. Use {', '.join(OPTIONAL)} or all.")
    return set(OPTIONAL) if "all" in names else set(names)


def narrowed(
    effects: Iterable[EffectEstimate],
    *,
    treatment: str = "",
    with_flags: Sequence[str] = (),
    without_flags: Sequence[str] = (),
) -> EffectRows:
    """Keep the rows whose treatment names a drug, that bear every flag asked for, and none of those refused."""
    rows = list(effects)
    known = {flag for row in rows for flag in row.flags}
    if unknown := [flag for flag in with_flags if flag not in known]:
        raise QuestionError(f"None of {len(rows)} rows is flagged {unknown[0]}. Flags are {', '.join(sorted(known))}.")
    return EffectRows(
        row
        for row in rows
        if any(
            treatment.casefold() in name.casefold() for name in (row.treatment_1, row.treatment_0, *row.restrictions)
        )
        and set(with_flags) <= set(row.flags)
        and not set(without_flags) & set(row.flags)
    )


def studies(*, data: str | Path | Extraction | None = None, merge: bool = False) -> pd.DataFrame:
    """Return the studies of the evidence map, one row a study, marker and direction.

    Parameters
    ----------
    data, merge
        As in `literature`.

    Returns
    -------
    DataFrame
        study, study_id, marker, direction, tier, evidence_kind, drug, trial, setting, year, design, population,
        summary, verification, flags, source. `direction` is about the altered state: resistant, no_effect, sensitive,
        mixed, unclear, prognostic_worse or prognostic_better.

    Examples
    --------
    >>> studies().columns[:3].tolist()
    ['study', 'study_id', 'marker']
    """
    import pandas as pd

    tables = open_extraction(data, merge=merge)
    return pd.DataFrame([row for study in tables.studies for row in _findings(study, study_labels(tables))])


def _findings(study: Row, labels: dict[str, str]) -> list[dict[str, str | int]]:
    shared = (
        "tier",
        "evidence_kind",
        "drug",
        "trial",
        "setting",
        "design",
        "population",
        "summary",
        "verification",
        "flags",
    )
    return [
        {"study": labels[study["study_id"]], "study_id": study["study_id"], "marker": marker, "direction": direction}
        | {"year": int(study["year"])} | {name: study[name] for name in shared} | {"source": citation(study)}
        for marker, _, direction in (finding.partition(":") for finding in split(study["finding_direction"]))
    ]  # fmt: skip


def derived_interactions(
    *,
    marker: str | None = None,
    include: str | Sequence[str] = (),
    data: str | Path | Extraction | None = None,
    merge: bool = False,
) -> EffectRows:
    """Make a trial's interaction from its two printed strata: the difference of their logs, root of summed squares.

    Two rows of one study are strata of each other when they share endpoint, measure, treatments and subset, and one is
    about marker-altered, the other about marker-unaltered patients. The result is altered over unaltered, and its
    `route` is `strata`. Parameters are as in `literature`.

    Returns
    -------
    EffectRows
        Rows with the estimand `interaction`.

    Examples
    --------
    >>> {row.estimand for row in derived_interactions(marker="HER2")}
    {'interaction'}
    """
    rows = literature(marker=marker, estimand="treatment_effect", include=include, data=data, merge=merge)
    return EffectRows(from_strata(altered, unaltered) for altered, unaltered in strata_pairs(rows))


def strata_pairs(
    effects: Iterable[EffectEstimate], *, points: bool = False
) -> list[tuple[EffectEstimate, EffectEstimate]]:
    """Find the marker-altered and the marker-unaltered stratum of one question of one study; a level stands once.

    With `points` a stratum may be a ratio without a standard error.
    """
    strata: dict[tuple[str, ...], dict[str, list[EffectEstimate]]] = {}
    for effect in effects:
        told = effect.status == "estimated" or (points and effect.log_estimate is not None)
        if told and (level := stratum(effect)):
            compared = (effect.treatment_1, effect.treatment_0, *effect.restrictions)
            kind = "composite" if effect.flagged("composite_marker") else ""
            key = (effect.study, effect.marker, effect.endpoint, effect.measure, kind, *compared)
            strata.setdefault(key, {}).setdefault(level, []).append(effect)
    return [
        (pair["altered"][0], pair["unaltered"][0])
        for pair in strata.values()
        if len(pair) == 2 and all(len(rows) == 1 for rows in pair.values())
    ]
