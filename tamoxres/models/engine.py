"""The two engines of a Cox fit on a frame and its design: lifelines for the single fit, `kernel` for many fits."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np

from ..analysis.design import Design
from ..analysis.follow_up import delayed_entry, stratum_codes
from ..kernel.cox import CoxFit, CoxOptions, fit_cox
from ..vocabulary import FloatArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Engine", "Ties", "kernel_fit", "lifelines_fit"]

Ties = Literal["efron", "breslow"]
Engine = Literal["lifelines", "kernel"]
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
    """Fit on `kernel`: for many fits, Breslow ties, delayed entry, large cohorts, and what residuals and tests need."""
    return fit_cox(
        frame["months"].to_numpy(float), np.asarray(frame["event"] == 1, dtype=int), design.x,
        entry=delayed_entry(frame), strata=stratum_codes(frame, strata), options=CoxOptions(ties=ties, start=start),
    )  # fmt: skip
