"""The two engines of a Cox fit on a frame and its design: lifelines for the single fit, `kernel` for the rest."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ..kernel.cox import CoxFit, CoxOptions, fit_cox
from .design import Design

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Ties", "kernel_fit", "lifelines_fit", "stratum_codes"]

FloatArray = np.ndarray[Any, np.dtype[np.float64]]
Ties = Literal["efron", "breslow"]
# lifelines stops when a step, the Newton decrement or the relative gain in likelihood is small: a decrement of 1e-12
# still leaves a coefficient 2e-7 off
_FIT_OPTIONS = {"precision": 1e-18, "r_precision": 1e-16}


def lifelines_fit(
    frame: pd.DataFrame, design: Design, strata: Sequence[str], *, start: FloatArray
) -> tuple[FloatArray, FloatArray, float]:
    """Fit with lifelines (Efron ties): coefficients (p,), covariance (p, p) and log partial likelihood.

    `start` is the kernel's maximum: from 0 lifelines' step rule can stall far off when columns are nearly collinear.
    """
    from lifelines import CoxPHFitter

    data = frame[list(strata)].astype(str)
    data[list(design.names)] = design.x
    data["months"], data["event"] = frame["months"], frame["event"] == 1
    scaled = start * design.x.std(axis=0, ddof=1)  # as lifelines scales its columns
    fitter = CoxPHFitter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # sparseness and separation are told in our own words
        fitter.fit(data, "months", "event", strata=list(strata) or None, fit_options=_FIT_OPTIONS, initial_point=scaled)
    return fitter.params_.to_numpy(), fitter.variance_matrix_.to_numpy(), float(fitter.log_likelihood_)


def kernel_fit(
    frame: pd.DataFrame, design: Design, strata: Sequence[str], ties: Ties, *, start: FloatArray | None = None
) -> CoxFit:
    """Fit on `kernel`: for Breslow ties, delayed entry, large cohorts, and what residuals and tests are made of."""
    entry = frame["entry"].to_numpy(float)
    return fit_cox(
        frame["months"].to_numpy(float),
        np.asarray(frame["event"] == 1, dtype=int),
        design.x,
        entry=np.where(entry > 0, entry, -np.inf) if np.any(entry > 0) else None,  # zero follow-up is at risk at 0
        strata=stratum_codes(frame, strata),
        options=CoxOptions(ties=ties, start=start),
    )


def stratum_codes(frame: pd.DataFrame, strata: Sequence[str]) -> np.ndarray[Any, np.dtype[np.int_]] | None:
    """Number the combinations of the strata's levels; None without strata."""
    if not strata:
        return None
    return np.asarray(frame.groupby([frame[name].astype(str) for name in strata]).ngroup().to_numpy(), dtype=int)
