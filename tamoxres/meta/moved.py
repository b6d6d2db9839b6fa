"""Which pooled answers move when rows are added, removed or altered.

Conventions: rows are pooled with those that ask the same question in every respect that `pool` compares but adjustment
(crude and adjusted are pooled together here, to see what moves); one row a study, the first, of studies that share no
patients; flagged rows that `pool` refuses are left out. A question with fewer than two such studies has no answer.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ..effects import EffectEstimate
from ..errors import PoolingError
from ..wording import number_with_interval, ratio_with_interval
from .certainty import certainty
from .comparable import REFUSED_FLAGS, Alike, question, shared_patients
from .pool import pool
from .pooled import PooledEffect

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["answers", "moved"]

_ANY = {"*": "any"}
_ALIKE = Alike(adjusted={"crude": "adjusted"}, rule=_ANY, assay=_ANY, cut=_ANY, scale=_ANY, setting=_ANY)
_SHOWN = (
    "k_before", "before", "k_after", "after", "change", "i2_before", "i2_after", "certainty_before", "certainty_after",
    "added", "removed", "altered",
)  # fmt: skip
_ASKED = ("marker", "estimand", "endpoint", "measure", "contrast", "treatment_contrast", "marker_level", "treatment")


def answers(effects: Iterable[EffectEstimate], **how: Any) -> dict[tuple[str, ...], PooledEffect]:
    """Pool every question that the rows can answer; `how` goes to `pool`."""
    groups: dict[tuple[str, ...], list[EffectEstimate]] = {}
    for effect in effects:
        if effect.status != "estimated" or set(effect.flags) & set(REFUSED_FLAGS):
            continue
        read = question(effect)
        held = groups.setdefault(tuple(read[name] for name in _ASKED), [])
        if not any(shared_patients(effect, other) for other in held):
            held.append(effect)
    found = {}
    for key, rows in groups.items():
        try:
            found[key] = pool(rows, alike=_ALIKE, **how)
        except PoolingError:
            continue  # fewer than two studies
    return found


def moved(before: Iterable[EffectEstimate], after: Iterable[EffectEstimate], **how: Any) -> pd.DataFrame:
    """Show the pooled answers that differ between two sets of rows, by how much, and by which rows.

    Parameters
    ----------
    before, after : iterable of EffectEstimate
    **how
        Goes to `pool`.

    Returns
    -------
    DataFrame
        What was asked (marker, estimand, endpoint, measure, contrast, treatment_contrast, marker_level,
        treatment: in whom), k_before, before, k_after, after (estimate with its interval; empty where there was no
        answer), change (the ratio after over that before, or the difference), i2_before, i2_after (shares of one),
        certainty_before, certainty_after (of interactions, for modification and of none: `low, none`), and the studies
        whose rows were added, removed and altered, joined by `;`. Answers that stayed are not listed.

    Examples
    --------
    >>> rows = [EffectEstimate(study=s, log_estimate=y, se=0.2) for s, y in (("A", 0.1), ("B", 0.4), ("C", 0.3))]
    >>> moved(rows[:2], rows)[["k_before", "k_after", "added"]].values.tolist()
    [[2, 3, 'C']]
    """
    import pandas as pd

    old, new = answers(before, **how), answers(after, **how)
    rows = []
    for key in dict.fromkeys([*old, *new]):
        one, other = old.get(key), new.get(key)
        if _numbers(one) != _numbers(other):
            shown = (one.k if one else 0, _told(one), other.k if other else 0, _told(other), _change(one, other))
            rows.append((*key, *shown, _i2(one), _i2(other), _rated(one), _rated(other), *_by(one, other)))
    return pd.DataFrame(rows, columns=[*_ASKED, *_SHOWN])


def _change(one: PooledEffect | None, other: PooledEffect | None) -> float | None:
    """Return the later estimate over the earlier, or less it; None where there was none."""
    if one is None or other is None:
        return None
    apart = other.point - one.point
    return math.exp(apart) if other.is_ratio else apart


def _i2(pooled: PooledEffect | None) -> float | None:
    return None if pooled is None else pooled.i2_tau2


def _rated(pooled: PooledEffect | None) -> str:
    """Rate the certainty of randomised interactions, for modification and of none; empty for other questions."""
    if pooled is None or any(row.estimand != "interaction" or row.design != "randomised" for row in pooled.effects):
        return ""
    rated = certainty(pooled.effects)
    return f"{rated.for_modification}, {rated.of_none}"


def _by(one: PooledEffect | None, other: PooledEffect | None) -> tuple[str, str, str]:
    """Name the studies whose rows were added, removed and altered."""
    old, new = ({row.study: row for row in pooled.effects} if pooled else {} for pooled in (one, other))
    added = [row.label for study, row in new.items() if study not in old]
    removed = [row.label for study, row in old.items() if study not in new]
    altered = [row.label for s, row in new.items() if s in old and (row.point, row.se) != (old[s].point, old[s].se)]
    return ";".join(added), ";".join(removed), ";".join(altered)


def _numbers(pooled: PooledEffect | None) -> tuple[float, ...]:
    return () if pooled is None else (pooled.k, pooled.point, pooled.se)


def _told(pooled: PooledEffect | None) -> str:
    if pooled is None:
        return ""
    write = ratio_with_interval if pooled.is_ratio else number_with_interval
    return write(pooled.estimate, *pooled.ci())
