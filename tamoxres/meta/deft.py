"""Two-stage pooling of marker x treatment interactions: only what is seen within studies is pooled.

Comparing the pooled treatment effect of marker-altered patients with that of marker-unaltered ones mixes information
within studies with differences between them (ecological bias, when a study gives one stratum only). Here each study
first gives its own interaction (printed, estimated, or from its two strata), and those are pooled.

References
----------
Fisher DJ, Carpenter JR, Morris TP, Freeman SC, Tierney JF 2017, doi:10.1136/bmj.j573 (deft against daft and deluded).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from ..effects import EffectEstimate
from ..effects.derive import from_strata, stratum
from ..errors import PoolingError
from ..vocabulary import CiMethod
from .comparable import Alike
from .pool import pool
from .pooled import PooledEffect
from .tau2 import Tau2Method

__all__ = ["deft", "within_study_interactions"]


def within_study_interactions(
    effects: Iterable[EffectEstimate],
) -> tuple[list[EffectEstimate], list[EffectEstimate]]:
    """Turn rows into one interaction a study; return them, and the rows that tell nothing within a study.

    A study's own interaction row stands before one made from its strata. A treatment effect without its counterpart
    in the other marker level, and a row without a standard error, are returned in the second list.

    Raises
    ------
    PoolingError
        On a row that is neither an interaction nor a treatment effect within a marker level.
    """
    found: dict[str, dict[str, EffectEstimate]] = {}
    left = []
    for effect in effects:
        part = "interaction" if effect.estimand == "interaction" else stratum(effect)
        if not part:
            raise PoolingError(
                f"{effect.label}: a {effect.estimand or 'nameless'} row is no interaction and no marker stratum."
            )
        if effect.status != "estimated":
            left.append(effect)
        elif part in found.setdefault(effect.study, {}):
            raise PoolingError(f"{effect.label} gives two rows of its {part}; keep one.")
        else:
            found[effect.study][part] = effect
    rows = []
    for parts in found.values():
        if "interaction" in parts:
            rows.append(parts["interaction"])
        elif len(parts) == 2:
            rows.append(from_strata(parts["altered"], parts["unaltered"]))
        else:
            left += parts.values()
    return rows, left


def deft(
    effects: Iterable[EffectEstimate],
    *,
    tau2: Tau2Method = "reml",
    ci: CiMethod | None = None,
    endpoint_map: Mapping[str, str] | None = None,
    alike: Alike | None = None,
    keep_uninformative: bool = False,
) -> PooledEffect:
    """Pool the within-study interactions of studies that give an interaction or both marker strata.

    Parameters
    ----------
    effects : iterable of EffectEstimate
        Interaction rows, and treatment effects within marker levels.
    tau2, ci, endpoint_map, alike, keep_uninformative
        As in `pool`.

    Returns
    -------
    PooledEffect
        Of the interactions; studies with one stratum stand in `left_out`.

    Raises
    ------
    PoolingError
        As `pool`, and on rows of another estimand.

    Examples
    --------
    >>> import tamoxres as tr
    >>> rows = [
    ...     tr.EffectEstimate(study=s, log_estimate=y, se=0.3, estimand="interaction", marker="HER2")
    ...     for s, y in (("A", 0.2), ("B", 0.4))
    ... ]
    >>> round(deft(rows).estimate, 2)
    1.35
    """
    rows, left = within_study_interactions(effects)
    pooled = pool(rows, tau2=tau2, ci=ci, endpoint_map=endpoint_map, alike=alike, keep_uninformative=keep_uninformative)
    alone = tuple(effect.label for effect in left if effect.status == "estimated")
    notes = (f"One marker stratum only, nothing within the study: {', '.join(alone)}.",) if alone else ()
    return replace(pooled, left_out=tuple(left), notes=(*pooled.notes, *notes))
