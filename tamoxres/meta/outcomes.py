"""Several outcomes of the same studies pooled together: multivariate random effects (RFS and OS).

Conventions. Each row is one study's effect on one endpoint; a study may lack some. Rows of studies that share patients
have correlated sampling errors: the correlation is known (a number for each study) or assumed (one number), and
`over` shows what other assumptions give. Between studies the effects have a covariance of their own: `un`, each
endpoint its variance and each pair its correlation; `cs`, one variance and one correlation. The interval `adhoc` scales
the standard errors by sqrt(max(1, q / (n - p))) and takes t on n - p degrees of freedom (n rows, p endpoints); `z`
trusts the model and is normal.

References
----------
Jackson D, Riley R, White IR 2011, doi:10.1002/sim.4172. Riley RD 2009, doi:10.1111/j.1467-985X.2008.00593.x (unknown
correlations). Jackson D, Riley RD 2014, doi:10.1002/sim.5957 (scaled intervals). Berkey CS et al. 1998,
doi:10.1002/(SICI)1097-0258(19981130)17:22<2537::AID-SIM953>3.0.CO;2-C.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

import numpy as np

from ..effects import EffectEstimate
from ..errors import PoolingError
from ..tables.effects import EffectRows
from ..tables.shown import ShowsEffects
from ..tables.table import Table
from ..vocabulary import choose
from ..wording import number, p_value
from .comparable import Alike, check, remarks
from .covariance import Between, GlsFit, Likelihood, fit_between, gls, squared_parts
from .dependent import by_patients
from .heterogeneity import chi2_p
from .pool import arrays, estimated
from .tau2 import Array

__all__ = ["MultivariatePool", "Structure", "pool_outcomes"]

Structure = Literal["un", "cs"]
Interval = Literal["adhoc", "z"]
Correlation: TypeAlias = float | Mapping[str, float]
_GRID = (0.0, 0.25, 0.5, 0.75, 0.9)
_AT_BOUND = 1 - 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class MultivariatePool(ShowsEffects):
    """Pooled effects on several endpoints of the same studies.

    Attributes
    ----------
    effects : EffectRows
        One pooled row an endpoint, in the order in which the rows name them.
    rows, left_out : tuple of EffectEstimate
        What was pooled, and what has no estimate.
    correlation : float or mapping of str to float
        Of sampling errors within a study, as it was given.
    structure : "un" | "cs"
    method : "reml" | "ml"
    ci : "adhoc" | "z"
    covariance : array (p, p)
        Of the pooled estimates, before the interval's scaling.
    between : array (p, p)
        Covariance between studies.
    q, q_df, q_p : float, int, float
        Heterogeneity: of all rows about their endpoint's common effect.
    loglik : float
    notes : tuple of str
    """

    effects: EffectRows
    rows: tuple[EffectEstimate, ...]
    left_out: tuple[EffectEstimate, ...]
    correlation: Correlation
    structure: Structure
    method: Likelihood
    ci: Interval
    covariance: Array
    between: Array
    q: float
    q_df: int
    q_p: float
    loglik: float
    notes: tuple[str, ...]

    @property
    def between_correlation(self) -> Array:
        """Correlations between studies (p, p); NaN where an endpoint has no variance."""
        sd = np.sqrt(np.diag(self.between))
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(self.between / np.outer(sd, sd))

    def over(self, correlations: Sequence[float] = _GRID) -> tuple[MultivariatePool, ...]:
        """Pool again for each correlation of sampling errors within a study, to see whether the answer rests on it."""
        given = (_Model(value, self.structure, self.method, self.ci, self.effects[0].level) for value in correlations)
        return tuple(_pooled(self.rows, self.left_out, model, self.notes) for model in given)

    def sensitivity(self, correlations: Sequence[float] = _GRID) -> Table:
        """Return the pooled effects over correlations of sampling errors as a table."""
        found = self.over(correlations)
        rows = [
            replace(row, study=f"Correlation {value:g}", label="")
            for value, one in zip(correlations, found, strict=True)
            for row in one.effects
        ]
        return EffectRows(rows).table().titled("Pooled effects over the correlation within studies")

    def table(self) -> Table:
        """Return the pooled rows as a table; the model stands in the notes."""
        return self.effects.table().with_footnotes(self._model, *self.notes)

    @property
    def _model(self) -> str:
        names = [row.endpoint for row in self.effects]
        spread = ", ".join(f"{name} {number(v, 3)}" for name, v in zip(names, np.diag(self.between), strict=True))
        known = "known" if isinstance(self.correlation, Mapping) else f"taken as {self.correlation:g}"
        return (
            f"Correlation within studies {known}; variance between studies {spread}; heterogeneity Q {number(self.q)} "
            f"on {self.q_df} df, {p_value(self.q_p, label=True)}."
        )

    def __str__(self) -> str:
        return "\n".join([str(self.effects), self._model, *(f"Note: {note}" for note in self.notes)])


@dataclass(frozen=True, slots=True)
class _Model:
    correlation: Correlation
    structure: Structure
    method: Likelihood
    ci: Interval
    level: float


def pool_outcomes(
    effects: Iterable[EffectEstimate],
    *,
    correlation: Correlation = 0.5,
    structure: Structure = "un",
    method: Likelihood = "reml",
    ci: Interval = "adhoc",
    level: float = 0.95,
    alike: Alike | None = None,
) -> MultivariatePool:
    """Pool the effects of several endpoints of the same studies, so that what one endpoint lacks the other helps with.

    Parameters
    ----------
    effects : iterable of EffectEstimate
        One row a study and endpoint; rows of a study, or of studies that share patients, are correlated.
    correlation : float, or mapping of str to float
        Of the sampling errors of two endpoints of the same patients: assumed, or known for each study that has several
        endpoints, by its name.
    structure : "un" | "cs"
        Between studies: a variance for each endpoint and a correlation for each pair, or one of each for all.
    method : "reml" | "ml"
    ci : "adhoc" | "z"
    level : float
    alike : Alike, optional
        As in `pool`: but for the endpoint the question must be one.

    Returns
    -------
    MultivariatePool

    Raises
    ------
    PoolingError
        If an endpoint has fewer than two studies, two rows of one endpoint share patients, a study's correlation is
        missing or none, or (`un`) two endpoints are never of the same study.

    Examples
    --------
    >>> numbers = {"A": (0.40, 0.35), "B": (0.10, 0.22), "C": (0.55, 0.61), "D": (0.20, None)}
    >>> rows = [EffectEstimate(study=study, endpoint=endpoint, log_estimate=value, se=0.2)
    ...         for study, pair in numbers.items() for endpoint, value in zip(("RFS", "OS"), pair) if value is not None]
    >>> both = pool_outcomes(rows, correlation=0.7, ci="z")
    >>> [(row.endpoint, round(row.estimate, 2), round(row.se, 3)) for row in both.effects]
    [('RFS', 1.37, 0.102), ('OS', 1.44, 0.11)]
    """
    model = _Model(
        correlation, choose("structure", structure, ("un", "cs")), choose("method", method, ("reml", "ml")),
        choose("ci", ci, ("adhoc", "z")), level,
    )  # fmt: skip
    if not 0 < level < 1:
        raise PoolingError(f"level is {level:g}; it lies between 0 and 1, as 0.95.")
    rows, left_out = estimated(effects)
    declared = alike or Alike()
    _check(rows, declared)
    return _pooled(rows, left_out, model, remarks(rows, {}, declared))


def _endpoints(rows: Sequence[EffectEstimate]) -> list[str]:
    return list(dict.fromkeys(row.endpoint for row in rows))


def _check(rows: Sequence[EffectEstimate], declared: Alike) -> None:
    """Refuse rows that differ in more than the endpoint, and endpoints that cannot stand alone."""
    check(rows, {"*": "any"}, declared, dependent=True)
    names = _endpoints(rows)
    if len(names) < 2:
        raise PoolingError(f"All rows are of one endpoint ({names[0] or 'not given'}). Use pool.")
    for name in names:
        own = [row for row in rows if row.endpoint == name]
        if len(own) < 2:
            raise PoolingError(
                f"{name or 'An endpoint not given'} has one study alone ({own[0].label}); two are needed."
            )
        check(own, {}, declared)


def _pooled(
    rows: tuple[EffectEstimate, ...], left_out: tuple[EffectEstimate, ...], model: _Model, notes: tuple[str, ...]
) -> MultivariatePool:
    """Fit the model and write its rows."""
    names = _endpoints(rows)
    outcome = np.array([names.index(row.endpoint) for row in rows])
    y, v = arrays(rows)
    same = np.equal.outer(*(2 * [by_patients(rows)])).astype(float)
    sampling = _sampling(rows, np.sqrt(v), same, model.correlation)
    x = np.eye(len(names))[outcome]
    between, start = _structure(model.structure, same, outcome, v)
    fit = fit_between(y, x, sampling, between, start, model.method)
    _, _, q = gls(y, x, sampling)
    df = len(y) - len(names)
    found = EffectRows(_row(rows, name, j, fit, df, model) for j, name in enumerate(names))
    return MultivariatePool(
        effects=found, rows=rows, left_out=left_out, correlation=model.correlation, structure=model.structure,
        method=model.method, ci=model.ci, covariance=fit.cov, q=q, q_df=df, q_p=chi2_p(q, df),
        loglik=fit.loglik, notes=notes, between=_matrix(model.structure, fit.parameters, len(names)),
    )  # fmt: skip


def _sampling(rows: Sequence[EffectEstimate], se: Array, same: Array, correlation: Correlation) -> Array:
    """Covariance of the sampling errors: correlated among rows of the same patients."""
    shared = same.sum(0) > 1
    if isinstance(correlation, Mapping):
        known = {name.casefold(): float(value) for name, value in correlation.items()}
        lacking = [
            row.label
            for row, several in zip(rows, shared, strict=True)
            if several and row.study.casefold() not in known
        ]
        if lacking:
            raise PoolingError(f"No correlation is given for {', '.join(dict.fromkeys(lacking))}.")
        own = np.array([known.get(row.study.casefold(), 0.0) for row in rows])
    else:
        own = np.full(len(rows), float(correlation))
    if not np.all(np.abs(own) < 1):
        raise PoolingError("A correlation of sampling errors lies above -1 and below 1.")
    r = np.minimum.outer(own, own) * same
    np.fill_diagonal(r, 1.0)
    if np.linalg.eigvalsh(r).min() <= 0:
        raise PoolingError(f"Such a correlation cannot be among {int(same.sum(0).max())} rows of the same patients.")
    return np.asarray(r * np.outer(se, se))


def _structure(structure: Structure, same: Array, outcome: Array, v: Array) -> tuple[Between, Array]:
    """Return the covariance between studies as a function of its parameters, and where to begin."""
    p, size = int(outcome.max()) + 1, float(np.sqrt(v.mean()))
    alike = np.equal.outer(outcome, outcome)
    if structure == "cs":
        if not (same * ~alike).any():
            raise PoolingError("No study has two endpoints, so that nothing is known of their correlation. Use pool.")
        return squared_parts([same * (alike - 1 / p), same / p]), np.array([size, size])
    together = np.array(
        [[(same * np.logical_and.outer(outcome == a, outcome == b)).sum() for b in range(p)] for a in range(p)]
    )
    if not together.all():
        raise PoolingError(
            "Two endpoints are never of the same study, so that nothing is known of their correlation. "
            "Use structure='cs', or pool them apart."
        )
    low = np.tril_indices(p)

    def between(t: Array) -> tuple[Array, list[Array]]:
        root = np.zeros((p, p))
        root[low] = t
        slopes = []
        for a, b in zip(*low, strict=True):
            unit = np.zeros((p, p))
            unit[a, b] = 1.0
            half = unit @ root.T
            slopes.append(same * (half + half.T)[np.ix_(outcome, outcome)])
        return same * (root @ root.T)[np.ix_(outcome, outcome)], slopes

    start = np.where(low[0] == low[1], size, 0.1 * size)
    return between, start


def _matrix(structure: Structure, t: Array, p: int) -> Array:
    """Return the covariance between studies (p, p) at its parameters."""
    if structure == "cs":
        return np.asarray(t[0] ** 2 * (np.eye(p) - 1 / p) + t[1] ** 2 / p)
    root = np.zeros((p, p))
    root[np.tril_indices(p)] = t
    return np.asarray(root @ root.T)


def _row(rows: Sequence[EffectEstimate], name: str, j: int, fit: GlsFit, df: int, model: _Model) -> EffectEstimate:
    """Write an endpoint's pooled row."""
    own = [row for row in rows if row.endpoint == name]
    facts = (
        "marker", "scale", "scale_unit", "marker_level", "group_1", "group_0", "treatment_1", "treatment_0", "estimand",
        "measure", "treated_alike", "adjusted_for",
    )  # fmt: skip
    shared: dict[str, Any] = {f: getattr(own[0], f) for f in facts if len({getattr(row, f) for row in own}) == 1}
    shared.setdefault("adjusted_for", ("unknown",))  # studies differ in it
    point, scale = float(fit.coefficients[j]), 1.0 if model.ci == "z" else max(1.0, float(_scale(fit, df)))
    known = isinstance(model.correlation, Mapping)
    return EffectEstimate(
        **shared, study=f"Pooled ({len(own)} studies)", origin="pooled", endpoint=name,
        log_estimate=point if own[0].is_ratio else None, difference=None if own[0].is_ratio else point,
        se=float(np.sqrt(scale * fit.cov[j, j])), df=None if model.ci == "z" else df, level=model.level,
        p_kind="wald", ci_kind="wald" if model.ci == "z" else "adhoc", model=model.method,
        overlaps=tuple(row.study for row in own),
        flags=("pooled_estimate", "endpoints_pooled_together", *(() if known else ("correlation_assumed",)),
               *_bound(fit, model, len({row.endpoint for row in rows}))),
    )  # fmt: skip


def _scale(fit: GlsFit, df: int) -> float:
    """Weighted residual sum of squares over its degrees of freedom."""
    return fit.q / df


def _bound(fit: GlsFit, model: _Model, p: int) -> tuple[str, ...]:
    g = _matrix(model.structure, fit.parameters, p)
    sd = np.sqrt(np.diag(g))
    off = np.abs(g - np.diag(np.diag(g)))
    return ("correlation_at_bound",) if bool((off >= _AT_BOUND * np.outer(sd, sd) + (sd.min() == 0)).any()) else ()
