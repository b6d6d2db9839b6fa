"""Dose-response of one study: the trend of its categories' log ratios, which share a reference (Greenland-Longnecker).

Conventions: log ratios of one study share the reference category, so that they are correlated; their covariance is
found from counts that fit the ratios and the printed margins. The trend is a straight line of the log ratio through the
reference's dose. Counts and a common reference are needed; scores of immunohistochemistry are no doses.

References
----------
Greenland S, Longnecker MP 1992, doi:10.1093/oxfordjournals.aje.a116237. Orsini N et al. 2006, Stata J 6:40 (glst).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ..effects import EffectEstimate
from ..errors import PoolingError
from .heterogeneity import chi2_p
from .tau2 import Array

__all__ = ["DoseResponse", "covariance", "dose_response"]

Counts = Literal["case_control", "person_time", "cumulative"]
_TIGHT, _MAX_STEPS = 1e-12, 200


@dataclass(frozen=True, slots=True, kw_only=True)
class DoseResponse:
    """The trend of one study.

    Attributes
    ----------
    effect : EffectEstimate
        Log ratio per unit of dose, scale per_unit.
    q, q_df, q_p : float
        Departure of the categories from a straight line.
    covariance : array (k, k)
        Of the log ratios.
    """

    effect: EffectEstimate
    q: float
    q_df: int
    q_p: float
    covariance: Array

    def __str__(self) -> str:
        return str(self.effect)


def dose_response(
    effects: Sequence[EffectEstimate], doses: Sequence[float], *, cases: Sequence[float], totals: Sequence[float],
    counts: Counts = "cumulative", unit: str = "",
) -> DoseResponse:  # fmt: skip
    """Fit the trend of a study's categories against one reference.

    Parameters
    ----------
    effects : sequence of EffectEstimate (k,)
        Ratios of each category to the reference, of one study.
    doses : sequence of float (k + 1,)
        The reference's dose first.
    cases, totals : sequence of float (k + 1,)
        Events; and patients (`cumulative`), cases with controls (`case_control`), or person-time (`person_time`).
    counts : "case_control" | "person_time" | "cumulative"
    unit : str
        Of the dose.

    Raises
    ------
    PoolingError
        If the rows are of several studies or a trend over scores, lengths differ, or counts cannot be.

    Examples
    --------
    >>> ratios = [(0.80, 0.51, 1.27), (1.16, 0.73, 1.85), (1.57, 0.99, 2.51)]
    >>> rows = [EffectEstimate.from_ci(*ratio, study="alcohol", measure="OR") for ratio in ratios]
    >>> trend = dose_response(rows, [0, 2, 6, 11], cases=[165, 74, 90, 122], totals=[337, 167, 186, 212],
    ...                       counts="case_control", unit="g/day")
    >>> round(trend.effect.log_estimate, 4), round(trend.effect.se, 4)
    (0.0454, 0.0207)
    """
    rows = tuple(effects)
    _check(rows, doses, cases, totals)
    y = np.array([row.log_estimate for row in rows], dtype=float)
    se = np.array([row.se for row in rows], dtype=float)
    sigma = covariance(y, se, np.asarray(cases, float), np.asarray(totals, float), counts)
    x = np.asarray(doses, float)[1:] - float(doses[0])
    precision = np.linalg.inv(sigma)
    variance = 1 / float(x @ precision @ x)
    slope = variance * float(x @ precision @ y)
    residual = y - slope * x
    q = float(residual @ precision @ residual)
    first = rows[0]
    effect = EffectEstimate(
        study=first.study, label=first.label, trial=first.trial, year=first.year, origin=first.origin,
        marker=first.marker, assay=first.assay, rule=first.rule, endpoint=first.endpoint, estimand=first.estimand,
        measure=first.measure, scale="per_unit", scale_unit=unit, log_estimate=slope, se=variance**0.5,
        adjusted_for=first.adjusted_for, overlaps=first.overlaps, source=first.source, setting=first.setting,
        treatment_1=first.treatment_1, treatment_0=first.treatment_0, treated_alike=first.treated_alike,
        flags=("dose_response_of_categories",),
    )  # fmt: skip
    return DoseResponse(effect=effect, q=q, q_df=len(rows) - 1, q_p=chi2_p(q, len(rows) - 1), covariance=sigma)


def covariance(y: Array, se: Array, cases: Array, totals: Array, counts: Counts) -> Array:
    """Return the covariance (k, k) of log ratios (k,) with standard errors (k,) that share a reference.

    Parameters
    ----------
    y, se : array (k,)
    cases, totals : array (k + 1,)
        The reference first.
    counts : "case_control" | "person_time" | "cumulative"
    """
    fitted = _fitted_cases(y, cases, totals, counts)
    spread = 1 / fitted
    if counts == "case_control":
        spread = spread + 1 / (totals - fitted)
    elif counts == "cumulative":
        spread = spread - 1 / totals
    own = spread[1:] + spread[0]
    correlation = spread[0] / np.sqrt(np.outer(own, own))
    np.fill_diagonal(correlation, 1.0)
    return np.asarray(correlation * np.outer(se, se))


def _fitted_cases(y: Array, cases: Array, totals: Array, counts: Counts) -> Array:
    """Return cases that give the ratios back, with the totals and the sum of the cases as printed."""
    ratio = np.append(1.0, np.exp(y))
    if counts != "case_control":
        share = totals * ratio
        return np.asarray(cases.sum() * share / share.sum())
    odds = cases[0] / (totals[0] - cases[0])
    for _ in range(_MAX_STEPS):  # Newton's method in the log odds of the reference
        p = odds * ratio / (1 + odds * ratio)
        step = float((cases.sum() - (totals * p).sum()) / (totals * p * (1 - p)).sum())
        odds *= np.exp(step)
        if abs(step) < _TIGHT:
            return np.asarray(totals * odds * ratio / (1 + odds * ratio))
    raise PoolingError("The fitted counts did not converge; check cases and totals.")


def _check(
    rows: Sequence[EffectEstimate], doses: Sequence[float], cases: Sequence[float], totals: Sequence[float]
) -> None:
    if len(rows) < 2 or not len(rows) + 1 == len(doses) == len(cases) == len(totals):
        raise PoolingError(
            "A trend needs two ratios at least, and a dose, cases and a total of each and of the reference; found "
            f"{len(rows)}, {len(doses)}, {len(cases)} and {len(totals)}."
        )
    if len({row.study for row in rows}) > 1:
        studies = ", ".join(dict.fromkeys(row.label for row in rows))
        raise PoolingError(f"The ratios share no reference: they are of {studies}.")
    if any(row.scale == "trend" or row.log_estimate is None or row.se is None for row in rows):
        raise PoolingError(f"{rows[0].label}: a trend over scores, or a ratio without error, gives no dose-response.")
    if any(not 0 < case < total for case, total in zip(cases, totals, strict=True)) or len(set(doses)) < len(doses):
        raise PoolingError(f"{rows[0].label}: cases lie between 0 and the totals, and doses differ.")
