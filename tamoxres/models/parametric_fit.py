"""Parametric survival models on plain arrays: their likelihoods, by lifelines, and the climb to the maximum.

Conventions: time in months, above 0; entry is 0 for those observed from the start. Parameters stand in one vector: the
location's intercept and coefficients, then what shapes the time (one number each). The location is the log of a time
(`weibull`, `lognormal`, `loglogistic`, `gengamma`) or the log cumulative hazard (`spline`). Shapes are lifelines' own:
log of the Weibull's and the log-logistic's shape, log sigma of the log-normal's and the generalized gamma's, and Q.
lifelines gives each likelihood, autograd its derivatives (the generalized gamma's are written out here: autograd takes
those of its incomplete gamma function by coarse differences); Newton's method climbs to the end of double precision,
where lifelines' default stops 1e-5 off.

References
----------
Royston P, Parmar MKB 2002, Stat Med 21:2175. Prentice RL 1974, Biometrika 61:539. Cox C, Chu H, Schneider MF, Munoz A
2007, Stat Med 26:4352.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from autograd import grad, hessian  # type: ignore[import-untyped]
from autograd import numpy as anp
from lifelines import GeneralizedGammaRegressionFitter, LogLogisticAFTFitter, LogNormalAFTFitter, WeibullAFTFitter
from lifelines.exceptions import ConvergenceError
from lifelines.fitters import ParametricRegressionFitter
from lifelines.fitters.mixins import SplineFitterMixin
from scipy.special import gammainc, gammaincc, gammaln, log_ndtr

from ..errors import NotConverged
from ..kernel.newton import Climb, climb, inverse
from ..vocabulary import BoolArray, FloatArray

__all__ = ["Family", "GeneralizedGamma", "RoystonParmarFitter", "Times", "family_of", "fit_family", "lifelines_fitter"]

_TOLERANCE, _ITERATIONS = 1e-12, 200
_SMALL_Q, _NORMAL_Q = 0.1, 1e-5  # below: Stirling's series; the normal distribution
_STEP = 2e-3  # of Q, for differences of fourth order


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Times:
    """Follow-up and covariates: time, event, entry of shape (n,), x of shape (n, p)."""

    time: FloatArray
    event: BoolArray
    entry: FloatArray
    x: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class State:
    """A log likelihood with its score (k,) and information (k, k), made positive definite off the maximum."""

    loglik: float
    score: FloatArray
    information: FloatArray


class RoystonParmarFitter(SplineFitterMixin, ParametricRegressionFitter):  # type: ignore[misc]
    """A natural cubic spline of the log cumulative hazard in log time, with proportional hazards, for lifelines.

    Parameters
    ----------
    knots : sequence of float
        In months: the first and last bound the cubic part, those between are the inner knots.
    """

    _KNOWN_MODEL = True
    _FAST_MEDIAN_PREDICT = False

    def __init__(self, knots: tuple[float, ...], **options: Any) -> None:
        self.knots = np.log(np.asarray(knots, float))
        self._fitted_parameter_names = ["beta_", *(f"gamma{i}_" for i in range(1, len(knots)))]
        super().__init__(**options)

    def _log_time(self, params: Any, log_time: Any) -> Any:
        first, last = self.knots[0], self.knots[-1]
        bends = (params[f"gamma{i + 1}_"] * self.basis(log_time, self.knots[i], first, last) for i in self._inner)
        return sum(bends, params["gamma1_"] * log_time)

    def _slope(self, params: Any, log_time: Any) -> Any:
        first, last = self.knots[0], self.knots[-1]

        def square(knot: float) -> Any:
            return 3 * self.relu(log_time - knot) ** 2

        total = params["gamma1_"] * anp.ones_like(log_time)
        for i in self._inner:
            share = (last - self.knots[i]) / (last - first)
            bend = square(self.knots[i]) - share * square(first) - (1 - share) * square(last)
            total = total + params[f"gamma{i + 1}_"] * bend
        return total

    @property
    def _inner(self) -> range:
        return range(1, len(self.knots) - 1)

    def _cumulative_hazard(self, params: Any, times: Any, columns: Any) -> Any:
        return anp.exp(columns["beta_"] @ params["beta_"] + self._log_time(params, anp.log(times)))

    def _log_hazard(self, params: Any, times: Any, columns: Any) -> Any:
        log_time = anp.log(times)
        location = columns["beta_"] @ params["beta_"]
        return location + self._log_time(params, log_time) + anp.log(self._slope(params, log_time)) - log_time


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Family:
    """One distribution, as lifelines writes it.

    Attributes
    ----------
    distribution : "weibull" | "lognormal" | "loglogistic" | "gengamma" | "spline"
    fitter : ParametricRegressionFitter
        Not fitted; it holds the likelihood.
    location : str
        lifelines' name of what the covariates move.
    shapes : tuple of str
        lifelines' names of the other parameters, one number each.
    """

    distribution: str
    fitter: Any
    location: str
    shapes: tuple[str, ...]

    def named(self, theta: FloatArray) -> dict[str, Any]:
        """Return the parameters by lifelines' names."""
        cut = len(theta) - len(self.shapes)
        return {self.location: theta[:cut], **{name: theta[cut + i :][:1] for i, name in enumerate(self.shapes)}}

    def _columns(self, x: FloatArray) -> dict[str, FloatArray]:
        ones = np.ones((len(x), 1))
        return {self.location: np.hstack([ones, x])} | dict.fromkeys(self.shapes, ones)

    def cumulative_hazard(self, theta: FloatArray, time: FloatArray, x: FloatArray) -> FloatArray:
        """Return the cumulative hazard at each row's time (above 0), shape (n,)."""
        return np.asarray(self.fitter._cumulative_hazard(self.named(theta), time, self._columns(x)))

    def state(self, theta: FloatArray, data: Times) -> State:
        """Evaluate the log likelihood, its score and its information."""
        columns, late = self._columns(data.x), data.entry > 0
        before = {name: values[late] for name, values in columns.items()}

        def loglik(parameters: Any) -> Any:
            named = self.named(parameters)
            events = self.fitter._log_hazard(
                named, data.time[data.event], {k: v[data.event] for k, v in columns.items()}
            )
            total = anp.sum(events) - anp.sum(self.fitter._cumulative_hazard(named, data.time, columns))
            if late.any():
                total = total + anp.sum(self.fitter._cumulative_hazard(named, data.entry[late], before))
            return total

        value = float(loglik(theta))
        if not np.isfinite(value):
            return _nowhere(len(theta))
        return _state(value, grad(loglik)(theta), hessian(loglik)(theta))


class GeneralizedGamma(Family):
    """The generalized gamma: log T = location + sigma log(Q^2 G) / Q, G being a gamma variable of shape Q^-2.

    Q = 1 is the Weibull, Q = 0 the log-normal distribution. For given Q the derivatives are closed; those in Q are
    differences of fourth order.
    """

    __slots__ = ()

    def cumulative_hazard(self, theta: FloatArray, time: FloatArray, x: FloatArray) -> FloatArray:
        """Return the cumulative hazard at each row's time (above 0), shape (n,)."""
        location = theta[0] + x @ theta[1:-2]
        return -log_survival((np.log(time) - location) / np.exp(theta[-2]), float(theta[-1]))

    def state(self, theta: FloatArray, data: Times) -> State:
        """Evaluate the log likelihood, its score and its information."""
        at = partial(_gamma_given_q, theta[:-1], data=data)
        q = float(theta[-1])
        here, up, down, up_2, down_2 = (at(q + k * _STEP) for k in (0, 1, -1, 2, -2))
        if not all(np.isfinite(part[0]) for part in (here, up, down, up_2, down_2)):
            return _nowhere(len(theta))
        slope = [(8 * (a - b) - (c - d)) / (12 * _STEP) for a, b, c, d in zip(up, down, up_2, down_2, strict=True)]
        bend = (16 * (up[0] + down[0]) - up_2[0] - down_2[0] - 30 * here[0]) / (12 * _STEP**2)
        second = np.block([[here[2], slope[1][:, None]], [slope[1][None, :], np.array([[bend]])]])
        return _state(float(here[0]), np.append(here[1], slope[0]), second)


def log_survival(w: FloatArray, q: float) -> FloatArray:
    """Return log S of the standardised log time w under the generalized gamma with Q = q."""
    if abs(q) < _NORMAL_Q:
        return np.asarray(log_ndtr(-w))
    shape = q**-2
    tail = gammaincc if q > 0 else gammainc
    with np.errstate(divide="ignore", over="ignore"):
        return np.asarray(np.log(tail(shape, shape * np.exp(q * w))))


def _log_density(w: FloatArray, q: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the log density of the standardised log time, and its first two derivatives in w."""
    if abs(q) < _NORMAL_Q:
        return -0.5 * np.log(2 * np.pi) - w**2 / 2, -w, -np.ones_like(w)
    if abs(q) < _SMALL_Q:  # where log |q| + q^-2 (log q^-2 - 1) - gammaln(q^-2) loses its digits
        constant = -0.5 * np.log(2 * np.pi) - q**2 / 12 + q**6 / 360 - q**10 / 1260
    else:
        constant = np.log(abs(q)) - q**-2 * (2 * np.log(abs(q)) + 1) - gammaln(q**-2)
    with np.errstate(over="ignore"):
        away = np.expm1(q * w)
    return constant + (q * w - away) / q**2, -away / q, -(away + 1)


def _gamma_given_q(theta: FloatArray, q: float, *, data: Times) -> tuple[Any, FloatArray, FloatArray]:
    """Return log likelihood, score and Hessian in the location's coefficients and log sigma, for a given Q."""
    columns = np.hstack([np.ones((len(data.x), 1)), data.x])
    location, sigma = columns @ theta[:-1], np.exp(theta[-1])
    k = len(theta)
    value, score, second = 0.0, np.zeros(k), np.zeros((k, k))
    late = data.entry > 0
    parts = ((data.time, data.event, True, 1), (data.time, ~data.event, False, 1), (data.entry, late, False, -1))
    for times, rows, dies, sign in parts:
        x, w = columns[rows], (np.log(times[rows]) - location[rows]) / sigma
        of_w, first, bend = _log_density(w, q) if dies else _log_survival_derivatives(w, q)
        value += sign * float(of_w.sum()) - (np.log(times[rows]).sum() + theta[-1] * len(w) if dies else 0.0)
        score[:-1] -= sign * x.T @ first / sigma
        score[-1] -= sign * float(w @ first) + (len(w) if dies else 0)
        second[:-1, :-1] += sign * (x * bend[:, None]).T @ x / sigma**2
        cross = sign * x.T @ (first + w * bend) / sigma
        second[:-1, -1] += cross
        second[-1, :-1] += cross
        second[-1, -1] += sign * float(w @ first + w**2 @ bend)
    return value, score, second


def _log_survival_derivatives(w: FloatArray, q: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    survival = log_survival(w, q)
    density, slope, _ = _log_density(w, q)
    with np.errstate(over="ignore", invalid="ignore"):
        hazard = np.exp(density - survival)
        return survival, -hazard, -hazard * (slope + hazard)


def _nowhere(k: int) -> State:
    return State(loglik=-np.inf, score=np.full(k, np.nan), information=np.full((k, k), np.nan))


def _state(loglik: float, score: FloatArray, second: FloatArray) -> State:
    """Return the state; where the Hessian is not negative definite, with one that makes Newton's step climb."""
    if not (np.isfinite(score).all() and np.isfinite(second).all()):
        return _nowhere(len(score))
    information = -(second + second.T) / 2
    values, vectors = np.linalg.eigh(information)
    if values[0] <= 0:
        information = (vectors * np.maximum(np.abs(values), 1e-8 * np.abs(values).max())) @ vectors.T
    return State(loglik=loglik, score=score, information=information)


_LIFELINES = {
    "weibull": (WeibullAFTFitter, "lambda_", ("rho_",)),
    "lognormal": (LogNormalAFTFitter, "mu_", ("sigma_",)),
    "loglogistic": (LogLogisticAFTFitter, "alpha_", ("beta_",)),
}


def family_of(distribution: str, knots: tuple[float, ...] = ()) -> Family:
    """Return a distribution by its name; `knots` (months, the outer ones too) are the spline's."""
    if distribution == "gengamma":
        return GeneralizedGamma(
            distribution=distribution, fitter=GeneralizedGammaRegressionFitter(), location="mu_",
            shapes=("sigma_", "lambda_"),
        )  # fmt: skip
    if distribution == "spline":
        fitter = RoystonParmarFitter(knots)
        shapes = tuple(fitter._fitted_parameter_names[1:])
        return Family(distribution=distribution, fitter=fitter, location="beta_", shapes=shapes)
    make, location, shapes = _LIFELINES[distribution]
    return Family(distribution=distribution, fitter=make(), location=location, shapes=shapes)


def lifelines_fitter(
    names: tuple[str, ...], data: Times, family: Family, theta: FloatArray, covariance: FloatArray
) -> Any:
    """Return lifelines' fitter of the same patients, fitted by its own method from the maximum.

    It holds our covariance: lifelines' own of a generalized gamma model can be several times off, by the coarse
    differences of its incomplete gamma function.

    Raises
    ------
    NotConverged
        If lifelines does not take the maximum for one.
    """
    import pandas as pd

    columns = sorted(names)  # as lifelines' accelerated failure time models order them
    frame = pd.DataFrame(data.x, columns=list(names))
    coefficients = pd.Series(theta[1 : len(names) + 1], index=list(names)) * frame.std()  # as lifelines scales them
    start = family.named(np.array([*coefficients[columns], theta[0], *theta[len(names) + 1 :]]))
    shapes = [(name, "Intercept") for name in family.shapes]
    ours = [(family.location, "Intercept"), *((family.location, name) for name in names), *shapes]
    frame["months"], frame["event"] = data.time, data.event.astype(int)
    choices: dict[str, Any] = {"initial_point": start}
    if (data.entry > 0).any():
        frame["entry"], choices["entry_col"] = data.entry, "entry"
    if family.distribution not in _LIFELINES:
        frame["Intercept"] = 1.0
        ones = {name: ["Intercept"] for name in family.shapes}
        choices["regressors"] = {family.location: [*columns, "Intercept"], **ones}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            fitter = family.fitter.fit(frame, "months", "event", **choices)
        except ConvergenceError as error:
            raise NotConverged("lifelines does not reach the maximum of this model from there.") from error
    index = fitter.params_.index
    fitter.variance_matrix_ = pd.DataFrame(covariance, index=ours, columns=ours).loc[list(index), list(index)]
    fitter.variance_matrix_.index = fitter.variance_matrix_.columns = index
    fitter.standard_errors_ = pd.Series(np.sqrt(np.diag(fitter.variance_matrix_)), index=index, name="se")
    fitter.confidence_intervals_ = fitter._compute_confidence_intervals()
    return fitter


def fit_family(distribution: str, data: Times, knots: tuple[float, ...] = ()) -> tuple[Climb, FloatArray]:
    """Fit a distribution.

    Parameters
    ----------
    distribution : "weibull" | "lognormal" | "loglogistic" | "gengamma" | "spline"
    data : Times
    knots : tuple of float
        Of the spline, in months, with the outer ones.

    Returns
    -------
    top : Climb
        `beta` holds the parameters of the columns as given; `converged` tells whether they are a maximum.
    covariance : array, shape (k, k)
        Inverse of the observed information.
    """
    centre, scale = data.x.mean(axis=0), data.x.std(axis=0)
    unit = Times(time=data.time, event=data.event, entry=data.entry, x=(data.x - centre) / scale)
    top = max((_climb(distribution, unit, knots, start) for start in _starts(distribution, unit, knots)), key=_height)
    back = np.eye(len(top.beta))
    p = len(scale)
    back[1 : p + 1, 1 : p + 1] = np.diag(1 / scale)
    back[0, 1 : p + 1] = -centre / scale
    covariance = back @ inverse(top.state.information) @ back.T
    return (
        Climb(beta=back @ top.beta, state=top.state, step=top.step, iterations=top.iterations, converged=top.converged),
        covariance,
    )


def _height(top: Climb) -> tuple[bool, float]:
    return top.converged, top.state.loglik


def _climb(distribution: str, data: Times, knots: tuple[float, ...], start: FloatArray) -> Climb:
    family = family_of(distribution, knots)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        return climb(lambda theta: family.state(theta, data), start, _TOLERANCE, _ITERATIONS)


def _starts(distribution: str, data: Times, knots: tuple[float, ...]) -> list[FloatArray]:
    """Start from the exponential distribution, or from the fitted distribution that is nested in this one."""
    p = data.x.shape[1]
    years = float((data.time - data.entry).sum())
    location = np.log(years / data.event.sum())
    if distribution in ("weibull", "lognormal", "loglogistic"):
        return [np.array([location, *np.zeros(p + 1)])]
    weibull = _climb("weibull", data, (), _starts("weibull", data, ())[0]).beta
    if distribution == "spline":  # log H = shape (log t - location)
        shape = np.exp(weibull[-1])
        return [np.array([*(-shape * weibull[:-1]), shape, *np.zeros(len(knots) - 2)])]
    lognormal = _climb("lognormal", data, (), _starts("lognormal", data, ())[0]).beta
    return [np.array([*weibull[:-1], -weibull[-1], 1.0]), np.array([*lognormal, 1e-3])]
