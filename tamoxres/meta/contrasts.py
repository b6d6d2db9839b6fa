"""Contrasts of treatments as arrays: columns for treatments and for designs, and what a shared arm makes of the errors.

Conventions: rows of a trial with several arms are turned so that all have the shared arm as `treatment_0`. Two rows
that share an arm have its variance as their covariance, and half of tau2.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..effects import EffectEstimate
from ..effects.derive import from_strata, stratum
from ..errors import PoolingError
from .dependent import by_patients
from .pool import arrays
from .tau2 import Array

__all__ = ["Contrasts", "contrasts_of", "interactions_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contrasts:
    """n contrasts of p + 1 treatments.

    Attributes
    ----------
    rows : tuple of EffectEstimate
        Turned where a trial's arms are shared.
    treatments : tuple of str
        The reference first.
    designs : tuple of (tuple of str, int)
        Sets of treatments compared, and the trials of each.
    y : array (n,)
    x, by_design : array (n, p), (n, f)
        Columns of the treatments but the reference; of each design's treatments but one.
    sampling, between : array (n, n)
        Covariance of the sampling errors; of the true contrasts, in units of tau2.
    """

    rows: tuple[EffectEstimate, ...]
    treatments: tuple[str, ...]
    designs: tuple[tuple[tuple[str, ...], int], ...]
    y: Array
    x: Array
    by_design: Array
    sampling: Array
    between: Array


def interactions_of(
    rows: Iterable[EffectEstimate],
) -> tuple[tuple[EffectEstimate, ...], tuple[EffectEstimate, ...]]:
    """Return the interactions among rows and those of trials that give both marker levels; and rows of one level."""
    given = [row for row in rows if row.estimand == "interaction"]
    others = [row for row in rows if row.estimand != "interaction"]
    pairs: dict[tuple[str, str], dict[str, EffectEstimate]] = {}
    for row in others:
        pairs.setdefault((row.study.casefold(), row.treatment_contrast), {})[stratum(row)] = row
    told = {(row.study.casefold(), row.treatment_contrast) for row in given}
    for key, levels in pairs.items():
        if key not in told and {"altered", "unaltered"} <= set(levels):
            given.append(from_strata(levels["altered"], levels["unaltered"]))
    used = {(row.study.casefold(), row.treatment_contrast) for row in given}
    return tuple(given), tuple(row for row in others if (row.study.casefold(), row.treatment_contrast) not in used)


def contrasts_of(rows: Sequence[EffectEstimate], reference: str, shared: Mapping[str, float]) -> Contrasts:
    """Turn rows into the arrays of a network.

    Parameters
    ----------
    rows : sequence of EffectEstimate
    reference : str
    shared : mapping of str to float
        Variance of the shared arm, by study.

    Raises
    ------
    PoolingError
        If a row tells no treatments, a trial's rows share no arm, or a treatment is not connected with the reference.
    """
    for row in rows:
        if not row.treatment_1 or not row.treatment_0 or row.treatment_1 == row.treatment_0:
            raise PoolingError(f"{row.label} does not tell which two treatments it compares.")
    codes = by_patients(rows)
    trials: list[list[int]] = [np.flatnonzero(codes == c).tolist() for c in range(int(codes.max()) + 1)]
    turned = list(rows)
    for trial in trials:
        if len(trial) > 1:
            base = _shared_arm([rows[i] for i in trial])
            for i in trial:
                turned[i] = rows[i] if rows[i].treatment_0 == base else _turned(rows[i])
    treatments = _treatments(turned, reference)
    arms = [tuple(sorted({arm for i in trial for arm in _arms(turned[i])})) for trial in trials]
    designs = {design: arms.count(design) for design in dict.fromkeys(arms)}
    of_row = [arms[c] for c in codes]
    y, v = arrays(turned)
    half = np.where(np.equal.outer(codes, codes), 0.5, 0.0)
    np.fill_diagonal(half, 1.0)
    return Contrasts(
        rows=tuple(turned), treatments=treatments, designs=tuple(designs.items()), y=y,
        x=_columns(turned, treatments[1:]), sampling=_sampling(turned, v, trials, shared), between=half,
        by_design=np.hstack([
            _columns(turned, design[1:]) * np.array([[own == design] for own in of_row]) for design in designs
        ]),
    )  # fmt: skip


def _arms(row: EffectEstimate) -> tuple[str, str]:
    return row.treatment_1, row.treatment_0


def _turned(row: EffectEstimate) -> EffectEstimate:
    """Return a row with its treatments turned round."""
    same: dict[str, Any] = {name: getattr(row, name) for name in ("group_1", "group_0")}
    if row.estimand == "interaction":  # its counts are of the marker's groups
        same |= {name: getattr(row, name) for name in ("n_1", "events_1", "n_0", "events_0")}
    return replace(row.reversed(), treatment_1=row.treatment_0, treatment_0=row.treatment_1, **same)


def _columns(rows: Sequence[EffectEstimate], treatments: Sequence[str]) -> Array:
    """Columns (n, p): 1 where a treatment is the row's first, -1 where it is its second."""
    signs = [[float(row.treatment_1 == name) - float(row.treatment_0 == name) for name in treatments] for row in rows]
    return np.array(signs, dtype=float).reshape(len(rows), len(treatments))


def _shared_arm(rows: Sequence[EffectEstimate]) -> str:
    """Return the one arm that all rows of a trial share."""
    common = set(_arms(rows[0])).intersection(*(_arms(row) for row in rows))
    others = [arm for row in rows for arm in _arms(row) if arm not in common]
    if len(common) != 1 or len(set(others)) < len(others):
        raise PoolingError(
            f"{rows[0].label}: the {len(rows)} rows of the same patients must compare different treatments with one "
            "arm; leave out those that repeat or follow from the others."
        )
    return common.pop()


def _treatments(rows: Sequence[EffectEstimate], reference: str) -> tuple[str, ...]:
    """Return the treatments, the reference first; refuse a network in pieces."""
    named = list(dict.fromkeys(arm for row in rows for arm in (row.treatment_0, row.treatment_1)))
    if reference not in named:
        raise PoolingError(f"No row compares with {reference}. Pass reference= one of {', '.join(named)}.")
    reached = {reference}
    for _ in named:
        reached |= {arm for row in rows if reached & set(_arms(row)) for arm in _arms(row)}
    if apart := [name for name in named if name not in reached]:
        raise PoolingError(f"No comparison connects {', '.join(apart)} with {reference}: leave those rows out.")
    return (reference, *(name for name in named if name != reference))


def _sampling(
    rows: Sequence[EffectEstimate], v: Array, trials: Sequence[list[int]], shared: Mapping[str, float]
) -> Array:
    """Covariance of the sampling errors: the variance of the arm that contrasts of a trial share."""
    known = {name.casefold(): float(value) for name, value in shared.items()}
    out = np.diag(v)
    for trial in trials:
        if len(trial) > 1:
            own = _arm_variance([rows[i] for i in trial], known)
            if not 0 < own < float(v[trial].min()):
                raise PoolingError(
                    f"{rows[trial[0]].label}: the shared arm's variance is {own:g}; it lies above 0 and below that of "
                    f"each contrast ({float(v[trial].min()):g})."
                )
            block = np.full((len(trial), len(trial)), own)
            np.fill_diagonal(block, v[trial])
            out[np.ix_(trial, trial)] = block
    return out


def _arm_variance(rows: Sequence[EffectEstimate], known: Mapping[str, float]) -> float:
    given = [known[row.study.casefold()] for row in rows if row.study.casefold() in known]
    events = [row.events_0 for row in rows if row.events_0]
    if given:
        return given[0]
    if events and all(row.measure in ("HR", "sHR") and row.estimand == "treatment_effect" for row in rows):
        return 1 / max(events)
    raise PoolingError(
        f"{rows[0].label} has several arms, and nothing tells the variance of the one that its rows share. Pass "
        f"shared={{{rows[0].study!r}: variance}}, or give events_0."
    )
