"""Pool effect rows into one estimate: refuse what must not be pooled, then REML with an ad hoc Hartung-Knapp interval.

See `meta.tau2`, `meta.estimate` and `meta.heterogeneity` for the formulas and their papers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Sized
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..effects import EffectEstimate, rows_of
from ..errors import PoolingError
from ..vocabulary import CI_METHODS, PREDICTION_RULES, CiMethod, PredictionRule
from .cautions import Found, cautions, errors_of, uninformative
from .comparable import Alike, asked, check, remarks
from .estimate import all_equal, pool_arrays
from .heterogeneity import heterogeneity, prediction, tau2_interval
from .pooled import PooledEffect
from .tau2 import TAU2, Array, Tau2Method

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["PooledEffect", "arrays", "estimated", "informative", "pool"]

_APART = 1e12
_MOST = 5_000  # effects of one pool; leaving each out in turn takes its square


def pool(  # noqa: PLR0913 (each choice is one word of the published methods; all but the rows have defaults)
    effects: Iterable[EffectEstimate] | pd.DataFrame,
    *,
    tau2: Tau2Method = "reml",
    ci: CiMethod | None = None,
    prediction: PredictionRule = "same",
    level: float = 0.95,
    endpoint_map: Mapping[str, str] | None = None,
    alike: Alike | None = None,
    keep_uninformative: bool = False,
) -> PooledEffect:
    """Pool the effects of at least two studies that asked the same question.

    Parameters
    ----------
    effects : iterable of EffectEstimate, or DataFrame
        A frame has the columns of a file of effect rows: `study` and one route are enough. Rows with `status` other
        than `estimated` are listed as left out.
    tau2 : "common" | "dl" | "reml" | "ml" | "pm" | "he" | "sj" | "eb"
        Estimator of the between-study variance; `common` pools without one.
    ci : "adhoc" | "hksj" | "z"
        Hartung-Knapp with max(1, q), Hartung-Knapp-Sidik-Jonkman as published, or normal: one standard error and df
        for P and every level. By default `adhoc`; `z` for a common effect, for which Hartung-Knapp is not meant.
    prediction : "same" | "hts" | "z" | "k1" | "hksj"
        Rule of the prediction interval (see `meta.heterogeneity`).
    level : float
        Of every interval.
    endpoint_map : mapping of str to str, optional
        Endpoints taken as another, such as `{"DFS": "RFS"}`.
    alike : Alike, optional
        Anything else that the caller declares to be alike.
    keep_uninformative : bool
        Keep rows below 1 % of the mean weight, which carry no information and are otherwise set aside.

    Returns
    -------
    PooledEffect

    Raises
    ------
    PoolingError
        If fewer than two effects are estimated or carry information, or they must not be pooled; the message names
        the studies.

    Examples
    --------
    >>> naples = EffectEstimate.from_ci(1.33, 0.70, 2.51, study="Naples 2003")
    >>> berlin = EffectEstimate.from_ci(0.98, 0.73, 1.31, study="Berlin 2001")
    >>> print(round(pool([naples, berlin], ci="z").estimate, 3))
    1.033
    """
    ci = ci or ("z" if tau2 == "common" else "adhoc")
    _check_choices(tau2, ci, prediction, level)
    _refuse_many(effects)
    rows, left_out = estimated(rows_of(effects))
    _refuse_many(rows)
    mapping, declared = endpoint_map or {}, alike or Alike()
    check(rows, mapping, declared)
    rows, set_aside = (rows, ()) if keep_uninformative else informative(rows)
    _refuse_far_apart(rows)
    chosen = _Chosen(tau2=tau2, ci=ci, prediction=prediction, level=level)
    shared: dict[str, Any] = {
        "effects": rows, "left_out": left_out, "no_information": set_aside, **asked(rows, mapping, declared)
    }  # fmt: skip
    random, warned = _numbers(rows, set_aside, chosen)
    notes = (*remarks(rows, mapping, declared), *warned.values())
    if tau2 != "common":
        fixed, _ = _numbers(rows, set_aside, replace(chosen, tau2="common", ci="z"))
        shared["common"] = PooledEffect(**shared, **fixed)
    return PooledEffect(**shared, **random, notes=notes, flags=tuple(warned))


def _refuse_many(effects: object) -> None:
    """Refuse more effects than any question has studies, before they are looked at."""
    if isinstance(effects, Sized) and len(effects) > _MOST:
        raise PoolingError(
            f"{len(effects):,} effects are more than one question has studies; {_MOST:,} are pooled at most.",
            mend="Choose rows by marker, endpoint or estimand; patients of one source are for a model, not for a pool.",
        )


def _refuse_far_apart(rows: tuple[EffectEstimate, ...]) -> None:
    """Refuse standard errors that no arithmetic can hold in one sum."""
    small, large = (choose(rows, key=lambda row: row.se or 0.0) for choose in (min, max))
    assert small.se  # noqa: S101 an estimated row has one
    assert large.se  # noqa: S101
    if large.se > _APART * small.se:
        raise PoolingError(
            f"The standard errors of {small.label} ({small.se:g}) and {large.label} ({large.se:g}) are too far apart "
            "to be pooled. Correct them, or leave one out."
        )


def informative(
    rows: tuple[EffectEstimate, ...],
) -> tuple[tuple[EffectEstimate, ...], tuple[EffectEstimate, ...]]:
    """Part rows that carry information from those below 1 % of the mean weight.

    Raises
    ------
    PoolingError
        If one row alone carries information.
    """
    empty = uninformative(arrays(rows)[1])
    kept = tuple(row for row, is_empty in zip(rows, empty, strict=True) if not is_empty)
    aside = tuple(row for row, is_empty in zip(rows, empty, strict=True) if is_empty)
    if len(kept) < 2:
        raise PoolingError(
            f"Only {kept[0].label} carries information; beside it {aside[0].label} has less than 1% of the mean "
            "weight. Report it alone, or pass keep_uninformative=True (--keep-uninformative)."
        )
    return kept, aside


def estimated(effects: Iterable[EffectEstimate]) -> tuple[tuple[EffectEstimate, ...], tuple[EffectEstimate, ...]]:
    """Part rows that can be pooled from those that were not estimated."""
    rows: tuple[Any, ...] = tuple(effects)
    for row in rows:
        if not isinstance(row, EffectEstimate):
            found = type(row).__name__
            raise PoolingError(f"Pooling takes EffectEstimate rows; found {found}. Read a file with read_effects.")
    left = tuple(row for row in rows if row.status != "estimated")
    return tuple(row for row in rows if row.status == "estimated"), left


def arrays(effects: Sequence[EffectEstimate]) -> tuple[Array, Array]:
    """Return estimates and sampling variances (k,) on the analysis scale."""
    y = np.array([effect.point for effect in effects], dtype=float)
    v = np.array([effect.se for effect in effects], dtype=float) ** 2
    return y, v


@dataclass(frozen=True, slots=True, kw_only=True)
class _Chosen:
    """The methods of one pool."""

    tau2: Tau2Method
    ci: CiMethod
    prediction: PredictionRule
    level: float


def _check_choices(tau2: str, ci: str, prediction: str, level: float) -> None:
    for name, value, allowed in (
        ("tau2", tau2, TAU2),
        ("ci", ci, CI_METHODS),
        ("prediction", prediction, PREDICTION_RULES),
    ):
        if value not in allowed:
            raise PoolingError(f"Unknown {name} {value!r}. Use one of {', '.join(allowed)}.")
    if not 0 < level < 1:
        raise PoolingError(f"level is {level:g}; it lies between 0 and 1, as 0.95.")


def _numbers(
    rows: tuple[EffectEstimate, ...], set_aside: tuple[EffectEstimate, ...], chosen: _Chosen
) -> tuple[dict[str, Any], dict[str, str]]:
    """Compute the numeric fields of a PooledEffect by the chosen methods, and what they warn of."""
    y, v = arrays(rows)
    fit = pool_arrays(y, v, tau2=chosen.tau2, ci=chosen.ci)
    random, level, tau2 = chosen.tau2 != "common", chosen.level, float(fit.tau2)
    differs = heterogeneity(y, v, tau2, random=random)
    profile = tau2_interval(y, v, level) if random else None
    low, high = profile or (None, None)
    errors = errors_of(fit)
    predicted = prediction(float(fit.point), errors, tau2, len(y), chosen.prediction, level) if random else None
    # equal estimates have no Hartung-Knapp error of their own; pool_arrays has put the Wald error in its place
    used = "adhoc" if chosen.ci == "hksj" and all_equal(y) else chosen.ci
    numbers = {
        "tau2_method": chosen.tau2, "ci_method": used, "prediction_rule": chosen.prediction, "level": level,
        "point": float(fit.point), "se": errors.printed, "df": errors.df, "p_value": float(fit.p),
        "tau2": tau2, "tau2_ci_low": low, "tau2_ci_high": high, "q": differs.q, "q_df": differs.df, "q_p": differs.p,
        "i2_q": differs.i2_q, "i2_tau2": differs.i2_tau2, "h2": differs.h2, "prediction": predicted,
        "weights": tuple((fit.weights / fit.weights.sum()).tolist()),
    }  # fmt: skip
    warned = cautions(
        Found(
            effects=rows, no_information=set_aside, y=y, v=v, fit=fit, tau2=chosen.tau2, ci=chosen.ci, level=level,
            prediction=predicted, tau2_interval=profile,
        )
    )  # fmt: skip
    return numbers, warned
