"""Effects of a marker's value on another scale: exactly where it is a change of unit, by a model where it is not.

A change of unit (per 1 to per 10, a turned contrast) is exact. Half against half, third against third, and any share
against the rest become an effect per standard deviation under two assumptions: the marker is normal, and the log ratio
is linear in it. The means of the highest share p and the lowest share q of a normal marker then lie
phi(z_p) / p + phi(z_q) / q apart: 1.596 SD between the halves, 2.182 SD between the outer thirds. Rows so converted are
flagged `scale_converted`, which `pool` refuses unless it is asked for by name: they are for sensitivity.

References
----------
Chêne G, Thompson SG 1996, doi:10.1093/oxfordjournals.aje.a008785 (quantiles to a common scale).
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from scipy.special import ndtri

from ..errors import EffectError
from .estimate import EffectEstimate

__all__ = ["distance_in_sd", "per_sd", "per_units"]


def distance_in_sd(top: float, bottom: float) -> float:
    """Return how far the means of the highest and the lowest share of a normal marker lie apart, in its SDs.

    Parameters
    ----------
    top, bottom : float
        Shares of the patients: 0.5 and 0.5 for the halves, 1/3 and 1/3 for the outer thirds.

    Examples
    --------
    >>> round(distance_in_sd(0.5, 0.5), 3), round(distance_in_sd(1 / 3, 1 / 3), 3)
    (1.596, 2.182)
    """
    if not (0 < top < 1 and 0 < bottom < 1 and top + bottom <= 1 + 1e-12):
        raise EffectError(f"Shares {top:g} and {bottom:g} of the patients: each is above 0, both together at most 1.")
    return sum(_density(float(ndtri(share))) / share for share in (top, bottom))


def _density(z: float) -> float:
    return math.exp(-z * z / 2) / math.sqrt(2 * math.pi)


def per_units(effect: EffectEstimate, units: float, unit: str = "") -> EffectEstimate:
    """Return an effect per unit as one per so many units: the log ratio and its error times `units`.

    Parameters
    ----------
    effect : EffectEstimate
        Of a number: `scale` per_unit, per_sd or per_doubling.
    units : float
    unit : str
        What the new unit is called, such as `10 fmol/mg`; by default the number and the old one.

    Raises
    ------
    EffectError
        If the effect compares groups, or `units` is not above 0.

    Examples
    --------
    >>> age = EffectEstimate.from_ci(1.02, 1.01, 1.03, study="A", scale="per_unit", scale_unit="year")
    >>> print(per_units(age, 10))
    A: HR 1.22 (1.10-1.34), P < 0.001
    """
    if effect.scale not in ("per_unit", "per_sd", "per_doubling"):
        raise EffectError(f"{effect.label}: the effect is not of a number (scale {effect.scale or 'not given'!r}).")
    if not (math.isfinite(units) and units > 0):
        raise EffectError(f"units is {units:g}; give a number above 0, and turn an effect round with .reversed().")
    return _scaled(effect, units, scale_unit=unit or f"{units:g} {effect.scale_unit}".strip())


def per_sd(
    effect: EffectEstimate, *, sd: float | None = None, top: float = 0.5, bottom: float | None = None
) -> EffectEstimate:
    """Return an effect as one per standard deviation of the marker.

    Parameters
    ----------
    effect : EffectEstimate
        Per unit (with `sd`: exact), or of groups: the highest share against the lowest.
    sd : float, optional
        Standard deviation of the marker, in the effect's own units.
    top, bottom : float
        Shares of the patients in the group above and the group below; `bottom` is all the others if not given.

    Returns
    -------
    EffectEstimate
        Scale per_sd; of groups flagged `scale_converted`.

    Raises
    ------
    EffectError
        If an effect per unit comes without its `sd`, or an effect is a trend over scores, which are no doses.

    Examples
    --------
    >>> median = EffectEstimate.from_ci(2.0, 1.4, 2.86, study="A", scale="binary", cut="median")
    >>> converted = per_sd(median)
    >>> round(converted.estimate, 3), converted.flags
    (1.544, ('scale_converted',))
    """
    if effect.scale == "per_sd":
        return effect
    if effect.scale == "trend":
        raise EffectError(f"{effect.label}: a trend over scores has no standard deviation; keep it apart.")
    if effect.scale == "per_unit":
        if sd is None or not sd > 0:
            raise EffectError(f"{effect.label}: an effect per unit needs the marker's standard deviation (sd).")
        return _scaled(effect, sd, scale="per_sd", scale_unit="")
    if effect.scale not in ("", "binary"):
        raise EffectError(f"{effect.label}: scale {effect.scale!r} cannot be brought to standard deviations.")
    distance = distance_in_sd(top, 1 - top if bottom is None else bottom)
    flags = tuple(dict.fromkeys((*effect.flags, "scale_converted")))
    return _scaled(effect, 1 / distance, scale="per_sd", scale_unit="", cut="", group_1="", group_0="", flags=flags)


def _scaled(effect: EffectEstimate, times: float, **changes: Any) -> EffectEstimate:
    """Multiply an effect, its error and its limits on the analysis scale."""
    if effect.status != "estimated" or effect.point is None or effect.se is None:
        raise EffectError(f"{effect.label}: only an estimated effect can be brought to another scale.")
    low, high = (None if x is None else _power(x, times, effect.is_ratio) for x in (effect.ci_low, effect.ci_high))
    moved: dict[str, Any] = {"log_estimate" if effect.is_ratio else "difference": effect.point * times}
    return replace(effect, **moved, se=effect.se * times, ci_low=low, ci_high=high, **changes)


def _power(limit: float, times: float, is_ratio: bool) -> float:
    if not is_ratio:
        return limit * times
    return math.exp(min(math.log(limit) * times, 709.0)) if limit > 0 else 0.0
