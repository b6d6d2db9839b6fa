"""What the numbers of a pool warn of: codes, each with the sentence that says it with the studies' names.

Conventions: the weight of a row is its common-effect weight 1 / SE^2 over the mean weight of the rows given. Below 0.01
a row carries no information: kept, it adds a degree of freedom and nothing else, so that it narrows the interval. A row
below 0.05 is kept, and named where leaving it out moves P across alpha (1 - level).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from ..effects import EffectEstimate
from ..vocabulary import BoolArray, CiMethod, IntArray
from ..wording import number, p_value
from .estimate import Pooled, all_equal, pool_arrays
from .heterogeneity import Errors, narrower
from .posterior import FEW_STUDIES
from .tau2 import Array, Tau2Method

__all__ = ["HUGE_SE", "Found", "cautions", "errors_of", "relative_weights", "uninformative"]

HUGE_SE = 5.0  # of a log ratio: an interval from 0.00006 to 18,000 times the estimate
_NO_INFORMATION, _LIGHT = 0.01, 0.05  # of the mean weight
_SHOWN = 3
_TOGETHER = 2_000_000  # numbers of the analyses that are made at once


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What was pooled, by which methods, with what answer.

    Attributes
    ----------
    effects, no_information : tuple of EffectEstimate
        Rows pooled, and rows set aside because they carry no information.
    y, v : array (k,)
    fit : Pooled
    tau2, ci : str
    level : float
    prediction, tau2_interval : (float, float) or None
    """

    effects: tuple[EffectEstimate, ...]
    no_information: tuple[EffectEstimate, ...]
    y: Array
    v: Array
    fit: Pooled
    tau2: Tau2Method
    ci: CiMethod
    level: float
    prediction: tuple[float, float] | None
    tau2_interval: tuple[float, float] | None


def relative_weights(v: Array) -> Array:
    """Return common-effect weights (k,) over their mean."""
    return np.asarray(len(v) / v / (1 / v).sum())


def uninformative(v: Array) -> BoolArray:
    """Tell which rows (k,) carry no information beside the others: below 1 % of the mean weight."""
    return np.asarray(relative_weights(v) < _NO_INFORMATION)


def errors_of(fit: Pooled) -> Errors:
    """Return the standard errors of one pooled estimate."""
    df = None if np.isinf(fit.df) else float(fit.df)
    return Errors(wald=float(fit.se_wald), hksj=float(fit.se_hk), printed=float(fit.se), df=df)


def cautions(found: Found) -> dict[str, str]:
    """Return what the numbers warn of: code -> sentence, in the order in which a reader meets them."""
    return {**_of_method(found), **_of_rows(found), **_of_spread(found)}


def _of_method(found: Found) -> dict[str, str]:
    out, fit = {}, found.fit
    if found.ci == "hksj" and all_equal(found.y):
        names = _names(found.effects)
        out["equal_estimates"] = (
            f"All estimates are equal ({names}): the Hartung-Knapp error would be 0, so max(1, q) is used."
        )
    elif found.ci == "hksj" and fit.se_hk < fit.se_wald:
        below = float(fit.se_hk / fit.se_wald)
        out["hartung_knapp_below_wald"] = (
            f"The Hartung-Knapp error is {below:.2f} of the Wald error; ci='adhoc' (--ci adhoc) never goes below it."
        )
    if found.tau2 == "common" and found.ci != "z":
        out["hartung_knapp_of_common_effect"] = (
            "A Hartung-Knapp interval is not meant for a common effect; ci='z' (--ci z) is usual there."
        )
    k = len(found.effects)
    if k < FEW_STUDIES and found.tau2 != "common":
        out["few_studies"] = f"Only {k} studies: the variance between studies is hardly known."
    if k == 2 and found.ci != "z":
        out["two_studies"] = (
            "With two studies the interval holds nearly every value by construction (t on 1 degree of freedom): "
            "it is no sign of absence."
        )
    return out


def _of_rows(found: Found) -> dict[str, str]:
    out = {}
    if found.no_information:
        out["no_information"] = (
            f"No information: {_names(found.no_information)}, each below 1% of the mean weight; left out of k, df and "
            "tau2. keep_uninformative=True (--keep-uninformative) keeps them."
        )
    huge = [row for row in (*found.no_information, *found.effects) if row.se is not None and row.se > HUGE_SE]
    if huge:
        told = ", ".join(f"{row.label} (SE {row.se:,.4g})" for row in huge[:_SHOWN])
        out["huge_se"] = f"Standard error above {HUGE_SE:g}: {told}. Is it what the source prints?"
    light = _light_rows_that_decide(found)
    if light:
        p = p_value(float(found.fit.p), label=True)
        told = ", ".join(f"without {row.label} {p_value(without, label=True)}" for row, without in light[:_SHOWN])
        out["light_row_decides"] = f"A row below 5% of the mean weight moves P across {1 - found.level:g}: {p}, {told}."
    return out


def _light_rows_that_decide(found: Found) -> list[tuple[EffectEstimate, float]]:
    """Find rows of little weight without which P lies on the other side of alpha, each with that P."""
    light = np.flatnonzero(relative_weights(found.v) < _LIGHT)
    if not len(light):
        return []
    without = np.concatenate([_p_without(found, part) for part in _parts(light, len(found.v))])
    alpha = 1 - found.level
    crossed = (without < alpha) != (float(found.fit.p) < alpha)
    return [(found.effects[i], float(p)) for i, p, moved in zip(light, without, crossed, strict=True) if moved]


def _p_without(found: Found, rows: IntArray) -> Array:
    """Return P without each of some rows in turn."""
    keep = np.ones((len(rows), len(found.v)))
    keep[np.arange(len(rows)), rows] = 0
    return np.atleast_1d(pool_arrays(found.y, found.v, tau2=found.tau2, ci=found.ci, keep=keep).p)


def _parts(rows: IntArray, k: int) -> list[IntArray]:
    """Part rows so that the analyses without each of them fit into memory."""
    each = max(1, _TOGETHER // k)
    return [rows[start : start + each] for start in range(0, len(rows), each)]


def _of_spread(found: Found) -> dict[str, str]:
    if found.tau2 == "common":
        return {}
    out = {}
    if found.tau2_interval is None:
        out["tau2_interval_empty"] = (
            f"The {number(100 * found.level, 0)}% Q-profile interval of tau2 is empty: the estimates differ less than "
            "their standard errors allow by chance."
        )
    if narrower(found.prediction, errors_of(found.fit), found.level):
        out["prediction_narrower"] = (
            "By this rule the prediction interval is narrower than the interval of the mean; prediction='same' "
            "(--prediction same) never is."
        )
    return out


def _names(rows: Iterable[EffectEstimate]) -> str:
    names: Sequence[str] = [row.label for row in rows]
    return ", ".join(names[:_SHOWN]) + (" and others" if len(names) > _SHOWN else "")
