"""Bootstrap of a Cox model: patients drawn with replacement, and the model refitted each time.

Conventions: a patient drawn twice is two patients, whose tied events both enter the tie rule: under Efron's rule that
is not the same as a weight of 2. Rows of one cluster (the start-stop rows of a patient) are drawn together. Draws come
from NumPy's PCG64 with the seed given, and do not depend on how many fits run side by side.

References
----------
Efron B, Tibshirani RJ 1993, An Introduction to the Bootstrap. Burr D 1994, J Am Stat Assoc 89:1290.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import AnalysisError
from .cox import CoxFit
from .fits import CONVERGED, STATUS_WORDS, Genes, Limits, make_results
from .layout import make_layout
from .risksets import FloatArray, IntArray

__all__ = ["Resamples", "bootstrap", "refit"]

_TOLERANCE, _ITERATIONS = 1e-14, 50
_TOGETHER = 256  # resamples drawn at a time: bounds the memory of their counts


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Resamples:
    """Refits of one model.

    Attributes
    ----------
    coefficients, se : array, shape (b, p)
        NaN where a resample could not be fitted.
    loglik : array, shape (b,)
    n, events : array of int, shape (b,)
    flags : tuple of str
        Empty where the refit converged; else `singular`, `not converged` or `separated`.
    """

    coefficients: FloatArray
    se: FloatArray
    loglik: FloatArray
    n: IntArray
    events: IntArray
    flags: tuple[str, ...]

    @property
    def failed(self) -> int:
        """How many resamples could not be fitted."""
        return sum(flag != "" for flag in self.flags)


def refit(fit: CoxFit, counts: IntArray) -> Resamples:
    """Refit a model with each row as often as `counts` says.

    Parameters
    ----------
    fit : CoxFit
        All of its columns must be estimable.
    counts : array of int, shape (b, n)

    Returns
    -------
    Resamples
    """
    from .sweeps import fit_resamples

    if not fit.estimable.all():
        column = int(np.flatnonzero(~fit.estimable)[0])
        raise AnalysisError(f"Column {column} of x cannot be estimated (constant or collinear); leave it out first.")
    layout = make_layout(fit.risk_sets)
    counts, rows = np.asarray(counts), layout.rows
    scale = fit.x.std(axis=0)
    z = ((fit.x - fit.x.mean(axis=0)) / scale)[rows]
    weight, start = fit.risk_sets.weights[rows], fit.coefficients * scale
    model = Genes(z, np.empty((rows.size, 0)), fit.offset[rows], start, weight, layout)
    out = make_results(counts.shape[0], fit.x.shape[1])
    fit_resamples(
        np.ascontiguousarray(counts[:, rows], float),
        model,
        Limits(_TOLERANCE, _ITERATIONS, fit.risk_sets.ties == "breslow"),
        out,
    )
    fitted = (out.status == CONVERGED)[:, None]
    return Resamples(
        coefficients=np.where(fitted, out.beta / scale, np.nan),
        se=np.sqrt(np.einsum("bcc->bc", out.covariance)) / scale,
        loglik=np.where(fitted[:, 0], out.loglik, np.nan), n=counts.sum(axis=1), events=out.events,
        flags=tuple(STATUS_WORDS[s] for s in out.status),
    )  # fmt: skip


def bootstrap(fit: CoxFit, replicates: int = 1000, *, seed: int, cluster: IntArray | None = None) -> Resamples:
    """Draw patients with replacement and refit the model.

    Parameters
    ----------
    fit : CoxFit
    replicates : int
    seed : int
    cluster : array of int, shape (n,), optional
        Rows that are drawn together; each row by itself if None.

    Returns
    -------
    Resamples
    """
    n = fit.x.shape[0]
    codes = np.arange(n) if cluster is None else np.unique(np.asarray(cluster), return_inverse=True)[1]
    units = int(codes.max()) + 1
    draw = np.random.default_rng(seed)
    parts = []
    for start in range(0, replicates, _TOGETHER):
        size = min(_TOGETHER, replicates - start)
        counts = np.stack([np.bincount(draw.integers(0, units, units), minlength=units) for _ in range(size)])
        parts.append(refit(fit, counts[:, codes]))
    return Resamples(
        **{
            name: np.concatenate([getattr(part, name) for part in parts])
            for name in ("coefficients", "se", "loglik", "n", "events")
        },
        flags=tuple(flag for part in parts for flag in part.flags),
    )
