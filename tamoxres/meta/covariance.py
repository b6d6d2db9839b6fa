"""Correlated estimates with variances between studies to be found: generalised least squares by REML or ML.

Conventions: estimates `y` (n,) have the covariance `sampling` (n, n), which is known, and one between studies, which is
a function of free parameters. Those enter as square roots (or a Cholesky factor), so that variances cannot be negative
and a bound, such as a correlation of 1, is an ordinary point of the likelihood, at which it has an ordinary maximum.

References
----------
Jackson D, Riley R, White IR 2011, doi:10.1002/sim.4172. Gasparrini A, Armstrong B, Kenward MG 2012,
doi:10.1002/sim.5471 (the likelihoods and their gradients).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from scipy.optimize import minimize

from ..errors import PoolingError
from .tau2 import Array

__all__ = ["Between", "GlsFit", "Likelihood", "fit_between", "gls", "squared_parts"]

Likelihood = Literal["reml", "ml"]
Between: TypeAlias = Callable[[Array], tuple[Array, list[Array]]]  # parameters -> covariance (n, n), its slopes
_NEWTON, _STEP, _AT_REST = 50, 1e-5, 1e-6


@dataclass(frozen=True, slots=True)
class GlsFit:
    """A fit of n estimates on p columns.

    Attributes
    ----------
    coefficients : array (p,)
    cov : array (p, p)
        Inverse of X'V^-1X.
    q : float
        Residual sum of squares, weighted by V^-1.
    covariance : array (n, n)
        V: sampling and between studies.
    parameters : array
        Of the covariance between studies.
    loglik : float
        Log likelihood, restricted where REML was asked for (with half the log determinant of X'X, as metafor).
    """

    coefficients: Array
    cov: Array
    q: float
    covariance: Array
    parameters: Array
    loglik: float


def squared_parts(parts: Sequence[Array]) -> Between:
    """Return a covariance that is a sum of fixed matrices, each times the square of its parameter."""

    def between(t: Array) -> tuple[Array, list[Array]]:
        total = sum((s * s * part for s, part in zip(t, parts, strict=True)), start=np.zeros_like(parts[0]))
        return np.asarray(total), [2 * s * part for s, part in zip(t, parts, strict=True)]

    return between


def gls(y: Array, x: Array, covariance: Array) -> tuple[Array, Array, float]:
    """Fit estimates (n,) on columns (n, p) given their covariance; return coefficients, their covariance and q."""
    root = np.linalg.cholesky(covariance)
    x_white, y_white = np.linalg.solve(root, x), np.linalg.solve(root, y)
    cov = np.linalg.inv(x_white.T @ x_white)
    coefficients = cov @ (x_white.T @ y_white)
    residual = y_white - x_white @ coefficients
    return coefficients, cov, float(residual @ residual)


def fit_between(
    y: Array, x: Array, sampling: Array, between: Between, start: Array, method: Likelihood = "reml"
) -> GlsFit:
    """Find the parameters of the covariance between studies at which the likelihood is highest.

    Parameters
    ----------
    y : array (n,)
    x : array (n, p)
    sampling : array (n, n)
    between : callable
        Gives the covariance between studies at the parameters, and its slope in each.
    start : array
        Parameters to begin at; 0 would be a point of rest.
    method : "reml" | "ml"

    Raises
    ------
    PoolingError
        If the likelihood has no maximum that can be found.
    """

    def loss(t: Array) -> tuple[float, Array]:
        value, slope = _loglik(y, x, sampling, between, t, method)
        return -value, -slope

    found = minimize(loss, start, jac=True, method="BFGS", options={"gtol": 1e-8, "maxiter": 1000})
    t = _polished(lambda at: -loss(at)[1], np.asarray(found.x))
    loglik, slope = _loglik(y, x, sampling, between, t, method)
    if not np.all(np.isfinite(t)) or float(np.abs(slope * np.maximum(np.abs(t), 1e-6)).max()) > _AT_REST:
        raise PoolingError("The variances between studies could not be found; the likelihood has no clear maximum.")
    covariance = sampling + between(t)[0]
    coefficients, cov, q = gls(y, x, covariance)
    return GlsFit(coefficients, cov, q, covariance, t, loglik)


def _loglik(y: Array, x: Array, sampling: Array, between: Between, t: Array, method: Likelihood) -> tuple[float, Array]:
    """Log likelihood at the parameters, and its gradient; minus infinity where the covariance is none."""
    extra, slopes = between(t)
    covariance = sampling + extra
    try:
        coefficients, cov, q = gls(y, x, covariance)
    except np.linalg.LinAlgError:
        return -math.inf, np.zeros_like(t)
    precision = np.linalg.inv(covariance)
    wx = precision @ x
    weighted = precision @ (y - x @ coefficients)
    n, p = x.shape
    value = np.linalg.slogdet(covariance)[1] + q + n * math.log(2 * math.pi)
    trace_of = precision
    if method == "reml":
        value += -np.linalg.slogdet(cov)[1] - np.linalg.slogdet(x.T @ x)[1] - p * math.log(2 * math.pi)
        trace_of = precision - wx @ cov @ wx.T
    gradient = [0.5 * (weighted @ d @ weighted - (trace_of * d).sum()) for d in slopes]
    return -0.5 * float(value), np.array(gradient)


def _polished(gradient: Callable[[Array], Array], t: Array) -> Array:
    """Take Newton's steps as long as they bring the gradient down."""
    here = gradient(t)
    for _ in range(_NEWTON):
        steps = _STEP * np.maximum(np.abs(t), 1e-2)
        hessian = np.array(
            [(gradient(t + d) - gradient(t - d)) / (2 * h) for d, h in zip(np.diag(steps), steps, strict=True)]
        )
        ahead = t - np.linalg.lstsq((hessian + hessian.T) / 2, here, rcond=1e-9)[0]
        there = gradient(ahead)
        if not np.abs(there).max() < np.abs(here).max():
            return t
        t, here = ahead, there
    return t
