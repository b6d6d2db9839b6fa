"""Pool effect rows into one estimate: refuse what must not be pooled, then REML with a Hartung-Knapp interval.

See `meta.tau2`, `meta.estimate` and `meta.heterogeneity` for the formulas and their papers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, get_args

import numpy as np

from ..effects import EffectEstimate
from ..errors import PoolingError
from .comparable import Alike, asked, check, remarks
from .estimate import CiMethod, Pooled, all_equal, pool_arrays
from .heterogeneity import PredictionRule, heterogeneity, prediction, tau2_interval
from .pooled import PooledEffect
from .tau2 import TAU2, Array, Tau2Method

__all__ = ["PooledEffect", "arrays", "estimated", "pool"]

_FEW = 5  # below this many studies tau2 is hardly known


def pool(
    effects: Iterable[EffectEstimate],
    *,
    tau2: Tau2Method = "reml",
    ci: CiMethod | None = None,
    prediction: PredictionRule = "hts",
    level: float = 0.95,
    endpoint_map: Mapping[str, str] | None = None,
    alike: Alike | None = None,
) -> PooledEffect:
    """Pool the effects of at least two studies that asked the same question.

    Parameters
    ----------
    effects : iterable of EffectEstimate
        Rows with `status` other than `estimated` are listed as left out.
    tau2 : "common" | "dl" | "reml" | "ml" | "pm" | "he" | "sj" | "eb"
        Estimator of the between-study variance; `common` pools without one.
    ci : "hksj" | "z" | "hk_adhoc"
        Hartung-Knapp-Sidik-Jonkman, normal, or Hartung-Knapp with max(1, q). By default `hksj`; `z` for a common
        effect, for which Hartung-Knapp is not meant.
    prediction : "hts" | "z" | "k1" | "hksj"
        Rule of the prediction interval (see `meta.heterogeneity`).
    level : float
        Of every interval.
    endpoint_map : mapping of str to str, optional
        Endpoints taken as another, such as `{"DFS": "RFS"}`.
    alike : Alike, optional
        Anything else that the caller declares to be alike.

    Returns
    -------
    PooledEffect

    Raises
    ------
    PoolingError
        If fewer than two effects are estimated, or they must not be pooled; the message names the studies.

    Examples
    --------
    >>> naples = EffectEstimate.from_ci(1.33, 0.70, 2.51, study="Naples 2003")
    >>> berlin = EffectEstimate.from_ci(0.98, 0.73, 1.31, study="Berlin 2001")
    >>> print(round(pool([naples, berlin], ci="z").estimate, 3))
    1.033
    """
    ci = ci or ("z" if tau2 == "common" else "hksj")
    _check_choices(tau2, ci, prediction, level)
    rows, left_out = estimated(effects)
    mapping, declared = endpoint_map or {}, alike or Alike()
    check(rows, mapping, declared)
    y, v = arrays(rows)
    fit = pool_arrays(y, v, tau2=tau2, ci=ci)
    chosen: dict[str, Any] = {"tau2_method": tau2, "ci_method": ci, "prediction_rule": prediction, "level": level}
    shared: dict[str, Any] = {"effects": rows, "left_out": left_out, **asked(rows, mapping, declared)}
    notes = (*remarks(rows, mapping, declared), *_cautions(rows, y, fit, tau2, ci))
    numbers = _numbers(y, v, fit, chosen)
    if tau2 == "common":
        return PooledEffect(**shared, **numbers, notes=notes)
    plain = pool_arrays(y, v, tau2="common", ci="z")
    fixed = _numbers(y, v, plain, {**chosen, "tau2_method": "common", "ci_method": "z"})
    return PooledEffect(**shared, **numbers, notes=notes, common=PooledEffect(**shared, **fixed))


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


def _check_choices(tau2: str, ci: str, prediction: str, level: float) -> None:
    rules = get_args(PredictionRule)
    for name, value, allowed in (
        ("tau2", tau2, tuple(TAU2)),
        ("ci", ci, get_args(CiMethod)),
        ("prediction", prediction, rules),
    ):
        if value not in allowed:
            raise PoolingError(f"Unknown {name} {value!r}. Use one of {', '.join(allowed)}.")
    if not 0 < level < 1:
        raise PoolingError(f"level is {level:g}; it lies between 0 and 1, as 0.95.")


def _numbers(y: Array, v: Array, fit: Pooled, chosen: dict[str, Any]) -> dict[str, Any]:
    """Compute the numeric fields of a PooledEffect from a fit by the chosen methods."""
    random, level, tau2 = chosen["tau2_method"] != "common", chosen["level"], float(fit.tau2)
    differs = heterogeneity(y, v, tau2, random=random)
    low, high = tau2_interval(y, v, level) if random else (None, None)
    # equal estimates have no Hartung-Knapp error of their own; pool_arrays has put the Wald error in its place
    errors = float(fit.se_wald), float(fit.se_hk)
    predicted = prediction(float(fit.point), errors, tau2, len(y), chosen["prediction_rule"], level) if random else None
    used = "hk_adhoc" if chosen["ci_method"] == "hksj" and all_equal(y) else chosen["ci_method"]
    return {
        **chosen, "ci_method": used, "point": float(fit.point), "se": float(fit.se), "p_value": float(fit.p),
        "df": None if np.isinf(fit.df) else float(fit.df), "tau2": tau2, "tau2_ci_low": low, "tau2_ci_high": high,
        "q": differs.q, "q_df": differs.df, "q_p": differs.p, "i2_q": differs.i2_q, "i2_tau2": differs.i2_tau2,
        "h2": differs.h2, "prediction": predicted, "weights": tuple((fit.weights / fit.weights.sum()).tolist()),
    }  # fmt: skip


def _cautions(effects: Sequence[EffectEstimate], y: Array, fit: Pooled, tau2: Tau2Method, ci: CiMethod) -> list[str]:
    """Say what the numbers themselves warn of."""
    out = []
    if ci == "hksj" and all_equal(y):
        studies = ", ".join(effect.label for effect in effects[:3]) + (" and others" if len(effects) > 3 else "")
        out.append(f"All estimates are equal ({studies}): the Hartung-Knapp error would be 0, so max(1, q) is used.")
    elif ci == "hksj" and fit.se_hk < fit.se_wald:
        ratio = float(fit.se_hk / fit.se_wald)
        wider = "ci='hk_adhoc' (--ci hk_adhoc) never goes below it"
        out.append(f"The Hartung-Knapp error is {ratio:.2f} of the Wald error; {wider}.")
    if tau2 == "common" and ci != "z":
        out.append("A Hartung-Knapp interval is not meant for a common effect; ci='z' (--ci z) is usual there.")
    if len(effects) < _FEW and tau2 != "common":
        out.append(f"Only {len(effects)} studies: the variance between studies is hardly known.")
    return out
