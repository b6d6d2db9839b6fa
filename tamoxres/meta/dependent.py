"""Several effects from one study: a three-level model by REML, with cluster-robust standard errors.

Conventions. Effects of one study (and of studies that share patients) form a cluster. The model has a variance between
clusters, a variance between effects of one cluster, and sampling errors that are correlated by `rho` within a cluster
(0 when the effects come from different patients, such as marker-positive and marker-negative; about 0.5 to 0.8 when
they are two endpoints of the same patients). Whatever rho truly is, the robust error holds: `cr2` with Satterthwaite
degrees of freedom (the default), or `cr1` with (clusters - 1). `model` trusts the model and is normal.

References
----------
Konstantopoulos S 2011, doi:10.1002/jrsm.35 (three levels). Pustejovsky JE, Tipton E 2022,
doi:10.1007/s11121-021-01246-3 (correlated and hierarchical effects). Tipton E 2015, doi:10.1037/met0000011 (CR2).
Hedges LV, Tipton E, Johnson MC 2010, doi:10.1002/jrsm.5 (robust variance).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np

from ..effects import EffectEstimate
from ..errors import PoolingError
from ..wording import number
from .comparable import Alike, check, patient_ids, remarks
from .estimate import quantile, two_sided
from .pool import arrays, estimated
from .summary import Summary
from .tau2 import Array

__all__ = ["ClusterFit", "DependentPool", "RobustCi", "by_patients", "fit_clusters", "pool_dependent", "robust_error"]

Codes = np.ndarray[Any, np.dtype[np.int64]]
RobustCi = Literal["cr2", "cr1", "model"]
_TIGHT, _MAX_STEPS = 1e-12, 500


@dataclass(frozen=True, slots=True)
class ClusterFit:
    """A three-level fit.

    Attributes
    ----------
    point, variance : float
        Pooled effect and its model variance.
    between, within : float
        Variances between clusters and between the effects of one cluster.
    covariance : array (k, k)
        Marginal covariance of the effects.
    loglik : float
        Restricted log likelihood.
    """

    point: float
    variance: float
    between: float
    within: float
    covariance: Array
    loglik: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DependentPool:
    """A pooled effect of dependent effects.

    Attributes
    ----------
    summary : Summary
        The pooled effect with the interval asked for.
    df : float or None
        Its degrees of freedom; None for `model`.
    between, within : float
        Variances between clusters, and between effects of one cluster.
    rho : float
    ci : "cr2" | "cr1" | "model"
    clusters : tuple of tuple of str
        Studies of each cluster.
    effects, left_out : tuple of EffectEstimate
    notes : tuple of str
    """

    summary: Summary
    df: float | None
    between: float
    within: float
    rho: float
    ci: RobustCi
    clusters: tuple[tuple[str, ...], ...]
    effects: tuple[EffectEstimate, ...]
    left_out: tuple[EffectEstimate, ...]
    notes: tuple[str, ...]

    def __str__(self) -> str:
        freedom = "" if self.df is None else f", {number(self.df, 1)} df"
        lines = [
            f"{self.summary} in {len(self.clusters)} clusters ({self.ci}{freedom})",
            f"Variance between clusters {number(self.between, 3)}, within {number(self.within, 3)}; rho {self.rho:g}",
        ]
        return "\n".join([*lines, *(f"Note: {note}" for note in self.notes)])


def pool_dependent(
    effects: Iterable[EffectEstimate],
    *,
    rho: float = 0.5,
    ci: RobustCi = "cr2",
    level: float = 0.95,
    clusters: Sequence[str] | None = None,
    endpoint_map: Mapping[str, str] | None = None,
    alike: Alike | None = None,
) -> DependentPool:
    """Pool effects of which several come from one study, or from studies that share patients.

    Parameters
    ----------
    effects : iterable of EffectEstimate
    rho : float
        Correlation of the sampling errors within a cluster.
    ci : "cr2" | "cr1" | "model"
    level : float
    clusters : sequence of str, optional
        The cluster of each estimated effect; by default its study, joined with the studies it overlaps.
    endpoint_map, alike : optional
        As in `pool`: the question must be one, only the patients may be shared.

    Returns
    -------
    DependentPool
        The pool with cluster-robust limits.

    Raises
    ------
    PoolingError
        As `pool`, but for shared patients; and with fewer than two clusters.

    Examples
    --------
    >>> import tamoxres as tr
    >>> rows = [
    ...     tr.EffectEstimate(study=s, log_estimate=y, se=0.2)
    ...     for s, y in (("A", 0.1), ("A", 0.2), ("B", 0.4), ("C", 0.3))
    ... ]
    >>> print(pool_dependent(rows))
    Pooled (three levels): 1.31 (0.93-1.85), P = 0.077 (k = 4) in 3 clusters (cr2, 2.0 df)
    Variance between clusters 0.000, within 0.000; rho 0.5
    Note: Only 2.0 degrees of freedom: the robust interval is not to be trusted below 4.
    """
    if not 0 <= rho < 1:
        raise PoolingError(f"rho is {rho:g}; it is a correlation from 0 to below 1.")
    if ci not in get_args(RobustCi):
        raise PoolingError(f"Unknown ci {ci!r}. Use one of {', '.join(get_args(RobustCi))}.")
    rows, left_out = estimated(effects)
    mapping, declared = endpoint_map or {}, alike or Alike()
    check(rows, mapping, declared, dependent=True)
    if clusters is not None and len(clusters) != len(rows):
        raise PoolingError(f"clusters holds {len(clusters)} names for {len(rows)} estimated effects.")
    codes = _codes(list(clusters)) if clusters is not None else by_patients(rows)
    members = [
        tuple(dict.fromkeys(rows[i].label for i in np.flatnonzero(codes == c))) for c in range(int(codes.max()) + 1)
    ]
    if len(members) < 2:
        raise PoolingError(f"All effects are of one cluster ({', '.join(members[0])}); pooling needs at least two.")
    y, v = arrays(rows)
    fit = fit_clusters(y, v, codes, rho)
    se, df = robust_error(y, codes, fit, ci)
    half = float(quantile((1 + level) / 2, np.array(df))) * se
    summary = Summary(
        label="Pooled (three levels)", point=fit.point, se=se, low=fit.point - half, high=fit.point + half, k=len(rows),
        p_value=float(two_sided(np.array(fit.point), np.array(se), np.array(df))), tau2=fit.between + fit.within,
        is_ratio=rows[0].is_ratio,
    )  # fmt: skip
    notes = remarks(rows, mapping, declared) + _cautions(df)
    return DependentPool(
        summary=summary, df=None if np.isinf(df) else df, between=fit.between, within=fit.within, rho=rho, ci=ci,
        clusters=tuple(members), effects=rows, left_out=left_out, notes=notes,
    )  # fmt: skip


def _cautions(df: float) -> tuple[str, ...]:
    return (f"Only {df:.1f} degrees of freedom: the robust interval is not to be trusted below 4.",) if df < 4 else ()


def _codes(names: Sequence[str]) -> Codes:
    order = {name: i for i, name in enumerate(dict.fromkeys(names))}
    return np.array([order[name] for name in names])


def by_patients(effects: Sequence[EffectEstimate]) -> Codes:
    """Join effects of one study, and of studies that share patients: declared, of one trial, or both with a third."""
    cluster = {name: name for effect in effects for name in patient_ids(effect)}
    for effect in effects:
        new = cluster[effect.study.casefold()]
        joined = {cluster[name] for name in patient_ids(effect)}
        cluster = {name: new if old in joined else old for name, old in cluster.items()}
    return _codes([cluster[effect.study.casefold()] for effect in effects])


def fit_clusters(y: Array, v: Array, codes: Codes, rho: float = 0.0) -> ClusterFit:
    """Fit the three-level model by REML: Fisher scoring in the two variances, each held at 0 where it belongs there.

    Parameters
    ----------
    y, v : array (k,)
    codes : array of int (k,)
        Cluster of each effect.
    rho : float
        Correlation of sampling errors within a cluster.
    """
    same = (codes[:, None] == codes).astype(float)
    se = np.sqrt(v)
    sampling = np.where(same > 0, rho * np.outer(se, se), 0.0)
    np.fill_diagonal(sampling, v)
    parts = [same, np.eye(len(y))]
    if same.sum() == len(y):  # one effect a cluster: the two variances cannot be told apart
        parts = parts[:1]
    theta = np.full(len(parts), float(np.var(y)) / len(parts))
    for _ in range(_MAX_STEPS):
        score, information = _score(y, sampling, parts, theta)
        free = (theta > 0) | (score > 0)
        step = np.zeros(len(parts))
        if free.any():
            step[free] = np.linalg.solve(information[np.ix_(free, free)], score[free])
        moved = _uphill(y, sampling, parts, theta, step)
        ended = np.abs(moved - theta).max() <= _TIGHT * (moved.max() + float(v.min()))
        theta = moved
        if ended:
            between, within = (theta[0], theta[1]) if len(parts) == 2 else (theta[0], 0.0)
            return _at(y, sampling, parts, theta, float(between), float(within))
    raise PoolingError("The three-level model did not converge; check the standard errors of the studies.")


def _total(sampling: Array, parts: Sequence[Array], theta: Array) -> Array:
    return np.asarray(sampling + sum(t * part for t, part in zip(theta, parts, strict=True)))


def _gls(y: Array, covariance: Array) -> tuple[float, float, Array]:
    """Pooled effect, its variance, and the precision matrix, of a common mean."""
    precision = np.asarray(np.linalg.inv(covariance), dtype=float)
    variance = 1 / float(precision.sum())
    return variance * float(precision.sum(0) @ y), variance, precision


def _score(y: Array, sampling: Array, parts: Sequence[Array], theta: Array) -> tuple[Array, Array]:
    """Score and Fisher information of the variances under REML."""
    _, variance, precision = _gls(y, _total(sampling, parts, theta))
    rows = precision.sum(0)
    p = precision - variance * np.outer(rows, rows)
    py = p @ y
    products = [p @ part for part in parts]
    score = np.array(
        [0.5 * (py @ part @ py - np.trace(product)) for part, product in zip(parts, products, strict=True)]
    )
    return score, np.array([[0.5 * (a * b.T).sum() for b in products] for a in products])


def _uphill(y: Array, sampling: Array, parts: Sequence[Array], theta: Array, step: Array) -> Array:
    """Take the step, halved until the likelihood does not fall, and cut off at 0."""
    here = _loglik(y, _total(sampling, parts, theta))
    for _ in range(40):
        moved = np.maximum(0, theta + step)
        if _loglik(y, _total(sampling, parts, moved)) >= here - 1e-12 * abs(here):
            return moved
        step = step / 2
    return theta


def _loglik(y: Array, covariance: Array) -> float:
    point, variance, precision = _gls(y, covariance)
    residual = y - point
    logdet = float(np.linalg.slogdet(covariance)[1])
    square = float(residual @ precision @ residual)
    return -0.5 * (logdet - math.log(variance) + square + (len(y) - 1) * math.log(2 * math.pi))


def _at(y: Array, sampling: Array, parts: Sequence[Array], theta: Array, between: float, within: float) -> ClusterFit:
    covariance = _total(sampling, parts, theta)
    point, variance, _ = _gls(y, covariance)
    # R's metafor adds half the log determinant of X'X, here of k ones
    return ClusterFit(point, variance, between, within, covariance, _loglik(y, covariance) + 0.5 * math.log(len(y)))


def robust_error(y: Array, codes: Codes, fit: ClusterFit, ci: RobustCi = "cr2") -> tuple[float, float]:
    """Return the standard error of the pooled effect and its degrees of freedom (infinite for `model`)."""
    if ci == "model":
        return float(np.sqrt(fit.variance)), np.inf
    precision = np.linalg.inv(fit.covariance)
    weight = fit.variance * precision.sum(0)  # the pooled effect is weight @ y
    residual = y - fit.point
    groups = [np.flatnonzero(codes == c) for c in range(int(codes.max()) + 1)]
    if ci == "cr1":
        m = len(groups)
        return float(np.sqrt(m / (m - 1) * sum((weight[g] @ residual[g]) ** 2 for g in groups))), m - 1
    adjusted = [weight[g] @ _adjustment(fit, g) for g in groups]
    variance = sum(float(a @ residual[g]) ** 2 for a, g in zip(adjusted, groups, strict=True))
    return float(np.sqrt(variance)), _satterthwaite(adjusted, groups, weight, fit.covariance)


def _adjustment(fit: ClusterFit, group: Codes) -> Array:
    """CR2's matrix of one cluster: makes the expected square of its residuals right under the model."""
    phi = fit.covariance[np.ix_(group, group)]
    root = np.linalg.cholesky(phi)
    middle = root.T @ (phi - fit.variance) @ root
    values, vectors = np.linalg.eigh(middle)
    kept = values > 1e-12 * values.max()
    inverse_root = (vectors[:, kept] / np.sqrt(values[kept])) @ vectors[:, kept].T
    return np.asarray(root @ inverse_root @ root.T)


def _satterthwaite(adjusted: Sequence[Array], groups: Sequence[Codes], weight: Array, covariance: Array) -> float:
    """Degrees of freedom of the CR2 variance: twice its squared mean over its variance, under the model."""
    columns = np.zeros((len(weight), len(groups)))
    for j, (a, g) in enumerate(zip(adjusted, groups, strict=True)):
        columns[g, j] = a
        columns[:, j] -= a.sum() * weight  # residuals have the pooled effect taken off
    p = columns.T @ covariance @ columns
    return float(np.trace(p) ** 2 / (p * p).sum())
