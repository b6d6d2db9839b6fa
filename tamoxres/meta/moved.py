"""Which pooled answers move when rows are added, removed or altered.

Conventions: rows are pooled with those that ask the same question in every respect that `pool` compares but adjustment
(crude and adjusted are pooled together here, to see what moves); one row a study, the first, of studies that share no
patients; flagged rows that `pool` refuses are left out. A question with fewer than two such studies has no answer.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ..effects import EffectEstimate
from ..errors import PoolingError
from ..wording import number_with_interval, ratio_with_interval
from .comparable import REFUSED_FLAGS, Alike, question, shared_patients
from .pool import pool
from .pooled import PooledEffect

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["answers", "moved"]

_ANY = {"*": "any"}
_ALIKE = Alike(adjusted={"crude": "adjusted"}, rule=_ANY, assay=_ANY, cut=_ANY, scale=_ANY, setting=_ANY)
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
    """Show the pooled answers that differ between two sets of rows.

    Returns
    -------
    DataFrame
        What was asked (marker, estimand, endpoint, measure, contrast, treatment_contrast, marker_level,
        treatment: in whom), k_before, before, k_after, after (estimate with its interval; empty where there was no
        answer). Answers that stayed are not listed.
    """
    import pandas as pd

    old, new = answers(before, **how), answers(after, **how)
    rows = []
    for key in dict.fromkeys([*old, *new]):
        one, other = old.get(key), new.get(key)
        if _numbers(one) != _numbers(other):
            rows.append((*key, one.k if one else 0, _told(one), other.k if other else 0, _told(other)))
    return pd.DataFrame(rows, columns=[*_ASKED, "k_before", "before", "k_after", "after"])


def _numbers(pooled: PooledEffect | None) -> tuple[float, ...]:
    return () if pooled is None else (pooled.k, pooled.point, pooled.se)


def _told(pooled: PooledEffect | None) -> str:
    if pooled is None:
        return ""
    write = ratio_with_interval if pooled.is_ratio else number_with_interval
    return write(pooled.estimate, *pooled.ci())
