"""NHS Predict breast v2.1 on plain arrays: its prognostic index and hazards, treatments and HER2 left aside.

Conventions: coefficients are those of the model's published program (2018-04-07). The index holds age at diagnosis,
size, positive nodes, grade and how the tumour was found; what is not known stands at Predict's own "unknown" (grade
2.13 where oestrogen receptors are present, found on screening 0.204; Ki67 and HER2 add nothing). Hazards are known at
whole years to the fifteenth, and even within a year.

References
----------
Candido dos Reis FJ et al. 2017, Breast Cancer Res 19:58 (version 2). Winton Centre, predict-v21-r,
Predict-v2.1-2018-04-07.R.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from ..vocabulary import BoolArray, FloatArray

__all__ = ["YEARS", "cancer_hazard", "death_risk", "other_hazard", "prognostic_index"]

YEARS = np.arange(16.0)
"""Years at which the hazards are known."""
GRADE_UNKNOWN, SCREEN_UNKNOWN = 2.13, 0.204


def prognostic_index(
    positive: BoolArray, age: FloatArray, size: FloatArray, nodes: FloatArray, grade: FloatArray
) -> FloatArray:
    """Return the prognostic index of breast-cancer death, shape (n,); NaN where age, size or nodes are unknown.

    Parameters
    ----------
    positive : array of bool, shape (n,)
        Whether oestrogen receptors are present.
    age : array of float, years, shape (n,)
    size : array of float, mm, shape (n,)
    nodes : array of float, shape (n,)
        Positive ones.
    grade : array of float, shape (n,)
        1 to 3; NaN where unknown.

    Examples
    --------
    >>> import numpy as np
    >>> one = np.ones(1)
    >>> prognostic_index(one > 0, 60 * one, 20 * one, 0 * one, 2 * one).round(4).tolist()
    [0.7615]
    """
    decade = age / 10
    with np.errstate(divide="ignore", invalid="ignore"):
        present = (
            34.53642 * (decade**-2 - 0.0287449295) - 34.20342 * (decade**-2 * np.log(decade) - 0.0510121013)
            + 0.7530729 * (np.log(size / 100) + 1.545233938)
            + 0.7060723 * (np.log((nodes + 1) / 10) + 1.387566896)
            + 0.746655 * np.where(np.isnan(grade), GRADE_UNKNOWN, grade) - 0.22763366 * SCREEN_UNKNOWN
        )  # fmt: skip
        absent = (
            0.0089827 * (age - 56.3254902) + 2.093446 * (np.sqrt(size / 100) - 0.5090456276)
            + 0.6260541 * (np.log((nodes + 1) / 10) + 1.086916249) + 1.129091 * np.where(grade >= 2, 1.0, 0.0)
        )  # fmt: skip
    index = np.where(positive, present, absent)
    return np.asarray(np.where(np.isfinite(index), index, np.nan))


def _baseline(positive: bool) -> FloatArray:
    """Return the baseline cumulative hazard of breast-cancer death at whole years, shape (16,)."""
    t = YEARS[1:]
    if positive:
        known = np.exp(0.7424402 - 7.527762 / np.sqrt(t) - 1.812513 * np.log(t) / np.sqrt(t))
    else:
        known = np.exp(-1.156036 + 0.4707332 / t**2 - 3.51355 / t)
    return np.concatenate([[0.0], known])


def cancer_hazard(positive: BoolArray, index: FloatArray, years: FloatArray) -> FloatArray:
    """Return each patient's cumulative hazard of breast-cancer death to a time of its own, shape (n,).

    Examples
    --------
    >>> import numpy as np
    >>> cancer_hazard(np.array([True]), np.array([0.7615]), np.array([10.0])).round(4).tolist()
    [0.1112]
    """
    base = np.where(
        positive, np.interp(years, YEARS, _baseline(positive=True)), np.interp(years, YEARS, _baseline(positive=False))
    )
    return np.asarray(base * np.exp(index))


def other_hazard(age: FloatArray, years: FloatArray) -> FloatArray:
    """Return each patient's cumulative hazard of death of other causes to a time of its own, shape (n,)."""
    t = YEARS[1:]
    base = np.concatenate([[0.0], np.exp(-6.052919 + 1.079863 * np.log(t) + 0.3255321 * np.sqrt(t))])
    return np.asarray(np.interp(years, YEARS, base) * np.exp(0.0698252 * ((age / 10) ** 2 - 34.23391957)))


def death_risk(positive: BoolArray, index: FloatArray, age: FloatArray, years: int) -> tuple[FloatArray, FloatArray]:
    """Return each patient's risk of breast-cancer death by a whole year, and of any death, other deaths competing.

    Each year's deaths are shared out by the two risks of that year, as the program does.
    """
    survival = [np.ones_like(index)]
    cancer = np.zeros_like(index)
    risks = [[1 - np.exp(-h) for h in (cancer_hazard(positive, index, np.full_like(index, float(t))),
                                       other_hazard(age, np.full_like(index, float(t))))]
             for t in range(years + 1)]  # fmt: skip
    for before, after in pairwise(risks):
        survival.append((1 - after[0]) * (1 - after[1]))
        own, other = after[0] - before[0], after[1] - before[1]
        with np.errstate(invalid="ignore"):
            share = np.where(own + other > 0, own / (own + other), 0.0)
        cancer = cancer + share * (survival[-2] - survival[-1])
    return cancer, 1 - survival[-1]
