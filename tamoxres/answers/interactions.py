"""Every within-trial interaction of a marker: published ones, nulls too, and a user's own cohorts given as rows."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ..effects import EffectEstimate
from ..evidence.ratios import trial_ratios
from ..evidence.tables import Extraction
from ..meta.body import Claimed
from ..meta.within import Interactions, within_trials
from ..registry import Marker, find

__all__ = ["interactions", "own_rows"]


def interactions(
    *,
    marker: str,
    own: Iterable[EffectEstimate] = (),
    claimed: Claimed = "above",
    data: str | Path | Extraction | None = None,
    merge: bool = False,
) -> Interactions:
    """Gather every ratio of marker and treatment within a trial, nulls without a number too, pooled by comparison.

    Parameters
    ----------
    marker : str
        By any of its names.
    own : iterable of EffectEstimate
        Rows of your own cohorts, as models and files give them; of their interactions of this marker one a question
        is taken, that with most covariates. What was not randomised is shown and never enters a pool.
    claimed : "above" | "below"
        Side of 1 on which the ratio is claimed to lie for tamoxifen against none; above: less help where altered.
    data, merge
        As in `literature`.

    Returns
    -------
    Interactions
        `effects` (all rows), `comparisons` (one a pair of treatments, with its certainty), `certainty()`, `iceman()`,
        `table()`.

    Raises
    ------
    QuestionError
        If the marker is unknown.

    References
    ----------
    Schandelmaier S et al. 2020, doi:10.1503/cmaj.200077 (ICEMAN). Fisher DJ et al. 2017, doi:10.1136/bmj.j573.

    Examples
    --------
    >>> found = interactions(marker="HER2")
    >>> [(row.label, row.status) for row in found.comparisons[0].rows][:1]
    [('De Placido 2003', 'estimated')]
    >>> found.certainty().for_modification, found.certainty().of_none
    ('very low', 'none')
    """
    about = find(marker)
    published = trial_ratios(marker=about.name, data=data, merge=merge) if about.evidence_name else []
    given = [_turned(row) for row in own_rows(own, about) if row.estimand == "interaction"]
    return within_trials([*published, *given], marker=about.label, claimed=claimed)


def own_rows(rows: Iterable[EffectEstimate], about: Marker) -> list[EffectEstimate]:
    """Keep one row a question of the cohorts: the marker's own ratio with most covariates and strata, the first such.

    Published and pooled rows, covariates, periods of follow-up, and markers in both arms together are left out.
    """
    names = {name.casefold() for name in about.names}
    kept: dict[tuple[str, ...], EffectEstimate] = {}
    for row in rows:
        if row.marker.casefold() not in names or not _of_the_marker(row):
            continue
        key = (row.study, row.estimand, row.endpoint, row.rule, row.treatment_1, row.treatment_0)
        if key not in kept or _covariates(row) > _covariates(kept[key]):
            kept[key] = row
    return list(kept.values())


def _of_the_marker(row: EffectEstimate) -> bool:
    own = row.origin not in ("published", "pooled") and row.is_ratio and not row.variable
    whole = not row.from_months and row.to_months is None
    return own and whole and (
        row.estimand == "interaction" or (row.estimand == "prognostic" and row.treated_alike != "no")
    )  # fmt: skip


def _covariates(row: EffectEstimate) -> int:
    return len(row.adjusted_for) + len(row.strata)


def _turned(row: EffectEstimate) -> EffectEstimate:
    return row.reversed() if row.group_1 == "unaltered" else row
