"""When effects cannot be pooled: P values combined, directions counted, and the data of an albatross plot.

Conventions. A one-sided P is P / 2 in the row's direction; `worse` means worse for the altered state (or for the
first-named treatment). An estimate below no effect is better, except for measures and flagged odds ratios in which more
is better. Rows without a P or a direction are left out by name. Combined P values say whether any study saw an effect
of that direction, never how large it is.

References
----------
Stouffer SA et al. 1949, The American Soldier. Fisher RA 1932, Statistical Methods for Research Workers.
McKenzie JE, Brennan SE 2019, Cochrane Handbook chapter 12 (vote counting by direction). Harrison S et al. 2017,
doi:10.1002/jrsm.1239 (albatross plot).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy.special import bdtr, betaincinv, chdtrc, ndtr, ndtri

from ..effects import EffectEstimate
from ..errors import PoolingError
from ..wording import p_value, percent

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CombinedP", "VoteTable", "albatross", "albatross_contour", "combine_p", "direction", "vote_table"]

Direction = Literal["worse", "better", ""]
_MORE_IS_BETTER = ("RMSTD",)
_TURNED = ("or_of_response_above_1_favours_ai", "or_of_being_event_free_below_1_is_worse")
_EITHER_WAY = ("other_difference",)


def direction(effect: EffectEstimate) -> Direction:
    """Tell on which side of no effect a row lies: worse or better, or empty where it is not told."""
    if effect.direction in ("worse", "better"):
        return "worse" if effect.direction == "worse" else "better"
    if effect.point is None or effect.point == 0 or effect.measure in _EITHER_WAY:
        return ""
    turned = effect.measure in _MORE_IS_BETTER or effect.flagged(*_TURNED)
    return "worse" if (effect.point > 0) != turned else "better"


@dataclass(frozen=True, slots=True, kw_only=True)
class CombinedP:
    """One-sided P values combined into one.

    Attributes
    ----------
    method : "stouffer" | "fisher"
    side : "worse" | "better"
        The direction tested.
    statistic : float
        Stouffer's Z, or Fisher's chi-squared on 2 k df.
    p_value : float
        One-sided.
    k : int
    used, left_out : tuple of str
        Studies; those left out give no P or no direction.
    notes : tuple of str
    """

    method: Literal["stouffer", "fisher"]
    side: Literal["worse", "better"]
    statistic: float
    p_value: float
    k: int
    used: tuple[str, ...]
    left_out: tuple[str, ...]
    notes: tuple[str, ...]

    def __str__(self) -> str:
        lines = [
            f"{self.method.capitalize()}, {self.k} studies, {self.side}: one-sided {p_value(self.p_value, label=True)}"
        ]
        if self.left_out:
            lines.append(f"Left out, no P or no direction: {', '.join(self.left_out)}")
        return "\n".join([*lines, *self.notes])


def combine_p(
    effects: Iterable[EffectEstimate],
    *,
    method: Literal["stouffer", "fisher"] = "stouffer",
    side: Literal["worse", "better"] = "worse",
    weights: Literal["equal", "sqrt_n"] = "equal",
) -> CombinedP:
    """Combine the P values of studies that cannot be pooled, in one direction.

    Parameters
    ----------
    effects : iterable of EffectEstimate
        One row a study; rows may be tests alone.
    method : "stouffer" | "fisher"
    side : "worse" | "better"
    weights : "equal" | "sqrt_n"
        Of Stouffer's Z; `sqrt_n` needs n in every row.

    Returns
    -------
    CombinedP
        One-sided P of all rows together.

    Raises
    ------
    PoolingError
        With fewer than two usable rows, a study twice, or studies that share patients.

    Examples
    --------
    >>> import tamoxres as tr
    >>> rows = [
    ...     tr.EffectEstimate(study=s, p_value=p, n=200, direction="worse", status="test_only")
    ...     for s, p in (("A", 0.04), ("B", 0.2))
    ... ]
    >>> print(combine_p(rows))
    Stouffer, 2 studies, worse: one-sided P = 0.009
    """
    rows = list(effects)
    used = [effect for effect in rows if effect.p_value is not None and direction(effect)]
    left = tuple(effect.label for effect in rows if effect not in used)
    if len(used) < 2:
        raise PoolingError(f"Combining P values needs two rows with a P and a direction; found {len(used)}.")
    _refuse_shared(used)
    tails = np.array([_one_sided(effect, side) for effect in used])
    if method == "fisher":
        statistic = float(-2 * np.log(tails).sum())
        p = float(chdtrc(2 * len(used), statistic))
    else:
        w = _weights(used, weights)
        statistic = float((w * -ndtri(tails)).sum() / np.sqrt((w**2).sum()))
        p = float(ndtr(-statistic))
    bounds = [effect.label for effect in used if effect.flagged("p_is_upper_bound")]
    notes = (f"P printed as an upper bound, taken as it stands: {', '.join(bounds)}.",) if bounds else ()
    names = tuple(effect.label for effect in used)
    return CombinedP(
        method=method, side=side, statistic=statistic, p_value=p, k=len(used), used=names, left_out=left, notes=notes
    )


def _one_sided(effect: EffectEstimate, side: str) -> float:
    half = max(float(effect.p_value or 0), 1e-300) / 2
    return half if direction(effect) == side else 1 - half


def _weights(effects: Sequence[EffectEstimate], kind: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    if kind == "equal":
        return np.ones(len(effects))
    if lacking := [effect.label for effect in effects if not effect.n]:
        raise PoolingError(f"{lacking[0]} gives no n; use weights='equal'.")
    return np.sqrt([float(effect.n or 0) for effect in effects])


def _refuse_shared(effects: Sequence[EffectEstimate]) -> None:
    names = [effect.study.casefold() for effect in effects]
    if twice := [effect.label for i, effect in enumerate(effects) if names[i] in names[:i]]:
        raise PoolingError(f"Study {twice[0]} stands twice; keep one row a study.")
    for effect in effects:
        if shared := [other for other in effect.overlaps if other.casefold() in names]:
            raise PoolingError(f"{effect.label} and {shared[0]} share patients; keep one of them.")


@dataclass(frozen=True, slots=True, kw_only=True)
class VoteTable:
    """Votes by direction: how many studies point to worse and to better, whatever their P.

    Attributes
    ----------
    worse, better, not_told : tuple of str
        Studies.
    significant_worse, significant_better : tuple of str
        Those of them with P below alpha.
    alpha : float
    share_worse, low, high : float
        Share of worse among those that tell a direction, with its exact 95% interval.
    p_value : float
        Exact two-sided sign test of a share of one half.
    """

    worse: tuple[str, ...]
    better: tuple[str, ...]
    not_told: tuple[str, ...]
    significant_worse: tuple[str, ...]
    significant_better: tuple[str, ...]
    alpha: float
    share_worse: float
    low: float
    high: float
    p_value: float

    @property
    def table(self) -> pd.DataFrame:
        """One row a direction: direction, studies, significant, names."""
        import pandas as pd

        rows = [
            ("worse", self.worse, self.significant_worse), ("better", self.better, self.significant_better),
            ("not told", self.not_told, ()),
        ]  # fmt: skip
        return pd.DataFrame(
            [(name, len(all_), len(significant), ", ".join(all_)) for name, all_, significant in rows],
            columns=["direction", "studies", "significant", "names"],
        )

    def __str__(self) -> str:
        told = len(self.worse) + len(self.better)
        limits = f"{percent(self.low, 0)} to {percent(self.high, 0)}"
        return (
            f"{len(self.worse)} of {told} studies point to worse ({percent(self.share_worse, 0)}, {limits}), "
            f"{p_value(self.p_value, label=True)}; {len(self.not_told)} tell no direction"
        )


def vote_table(effects: Iterable[EffectEstimate], *, alpha: float = 0.05) -> VoteTable:
    """Count the directions of studies that cannot be pooled, one vote a study.

    Returns
    -------
    VoteTable
        Counts by direction and the sign test.

    Raises
    ------
    PoolingError
        Without rows, or with a study twice.

    Examples
    --------
    >>> import tamoxres as tr
    >>> rows = [tr.EffectEstimate(study=s, log_estimate=y, se=0.2) for s, y in (("A", 0.1), ("B", 0.4), ("C", 0.3))]
    >>> print(vote_table(rows))
    3 of 3 studies point to worse (100%, 29% to 100%), P = 0.250; 0 tell no direction
    """
    rows = list(effects)
    if not rows:
        raise PoolingError("A vote table needs at least one row.")
    _refuse_shared(rows)
    sides = {side: [effect for effect in rows if direction(effect) == side] for side in ("worse", "better", "")}
    clear = {
        side: [e.label for e in found if e.p_value is not None and e.p_value < alpha] for side, found in sides.items()
    }
    n, worse = len(sides["worse"]) + len(sides["better"]), len(sides["worse"])
    low = float(betaincinv(worse, n - worse + 1, 0.025)) if worse else 0.0
    high = float(betaincinv(worse + 1, n - worse, 0.975)) if worse < n else 1.0
    p = min(1.0, 2 * float(bdtr(min(worse, n - worse), n, 0.5))) if n else 1.0
    names = {side: tuple(effect.label for effect in found) for side, found in sides.items()}
    return VoteTable(
        worse=names["worse"], better=names["better"], not_told=names[""], significant_worse=tuple(clear["worse"]),
        significant_better=tuple(clear["better"]), alpha=alpha, share_worse=worse / n if n else math.nan,
        low=low if n else math.nan, high=high if n else math.nan, p_value=p,
    )  # fmt: skip


def albatross(effects: Iterable[EffectEstimate]) -> pd.DataFrame:
    """Return the data of an albatross plot: study, n, p_value, direction, the signed Z, and whether P is a bound.

    The frame's `attrs["left_out"]` names the studies whose row lacks n, P or direction, and `attrs["events_share"]` is
    the share of patients with an event in the rows that tell it (None where none does).
    """
    import pandas as pd

    rows = list(effects)
    placed = [effect for effect in rows if effect.n and effect.p_value is not None and direction(effect)]
    frame = pd.DataFrame(
        [(e.label, e.n, e.p_value, direction(e), _signed_z(e), e.flagged("p_is_upper_bound")) for e in placed],
        columns=["study", "n", "p_value", "direction", "z", "bound"],
    )
    told = [(effect.events, effect.n) for effect in placed if effect.events and effect.n]
    frame.attrs["left_out"] = [effect.label for effect in rows if effect not in placed]
    frame.attrs["events_share"] = sum(events for events, _ in told) / sum(n for _, n in told) if told else None
    return frame


def _signed_z(effect: EffectEstimate) -> float:
    return float(-ndtri(_one_sided(effect, "worse")))


def albatross_contour(ratio: float, p: float, *, events_share: float = 1.0, allocation: float = 0.5) -> float:
    """Return the n at which a hazard ratio gives a two-sided P: z^2 / (share of events * a (1 - a) * log(ratio)^2).

    Parameters
    ----------
    ratio : float
    p : float
    events_share : float
        Share of patients with an event.
    allocation : float
        Share of patients in the altered (or treated) group.
    """
    if not ratio > 0 or ratio == 1 or not 0 < p < 1:
        raise PoolingError(
            f"A contour needs a ratio above 0 other than 1 and a P between 0 and 1; found {ratio:g}, {p:g}."
        )
    z = float(-ndtri(p / 2))
    return z**2 / (events_share * allocation * (1 - allocation) * math.log(ratio) ** 2)
