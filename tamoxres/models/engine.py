"""The two engines of a Cox fit on a frame and its design: `kernel`, which fits every model, and lifelines beside it."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..analysis.design import Design
from ..analysis.follow_up import delayed_entry, risk_sets, stratum_codes
from ..errors import AnalysisError
from ..kernel.cox import CoxFit, CoxOptions, fit_cox, fit_on
from ..vocabulary import Engine, FloatArray, Ties

if TYPE_CHECKING:
    import pandas as pd
    from lifelines import CoxPHFitter

__all__ = ["Engine", "Ties", "kernel_fit", "kernel_nested", "lifelines_cox", "lifelines_fit"]

# lifelines stops when a step, the Newton decrement or the relative gain in likelihood is small: a decrement of 1e-12
# still leaves a coefficient 2e-7 off
_FIT_OPTIONS = {"precision": 1e-18, "r_precision": 1e-16}


def lifelines_cox(
    frame: pd.DataFrame, design: Design, strata: Sequence[str], ties: Ties, *, start: FloatArray
) -> CoxPHFitter:
    """Return lifelines' fitted Cox model.

    `start` is the kernel's maximum: from 0 lifelines' step rule can stall far off when columns are nearly collinear.

    Raises
    ------
    AnalysisError
        If ties are Breslow's: lifelines has Efron's alone.
    """
    from lifelines import CoxPHFitter

    if ties != "efron":
        raise AnalysisError(f"lifelines fits Efron's ties alone, not {ties}. Fit the model with ties='efron'.")
    data = frame[list(strata)].astype(str)
    data[list(design.names)] = design.x
    data["months"], data["event"] = frame["months"], frame["event"] == 1
    entry = delayed_entry(frame)
    if entry is not None:
        data["entry"] = np.maximum(entry, -1.0)  # before 0: those observed from the start are at risk at 0
    scaled = start * design.x.std(axis=0, ddof=1)  # as lifelines scales its columns
    fitter = CoxPHFitter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # sparseness and separation are told in our own words
        fitter.fit(
            data, "months", "event", strata=list(strata) or None, entry_col=None if entry is None else "entry",
            fit_options=_FIT_OPTIONS, initial_point=scaled,
        )  # fmt: skip
    return fitter


def lifelines_fit(
    frame: pd.DataFrame, design: Design, strata: Sequence[str], *, start: FloatArray
) -> tuple[FloatArray, FloatArray, float]:
    """Fit with lifelines (Efron ties): coefficients (p,), covariance (p, p) and log partial likelihood."""
    fitter = lifelines_cox(frame, design, strata, "efron", start=start)
    return fitter.params_.to_numpy(), fitter.variance_matrix_.to_numpy(), float(fitter.log_likelihood_)


def kernel_fit(
    frame: pd.DataFrame, design: Design, strata: Sequence[str], ties: Ties, *, start: FloatArray | None = None
) -> CoxFit:
    """Fit on `kernel`."""
    return fit_cox(
        frame["months"].to_numpy(float), np.asarray(frame["event"] == 1, dtype=int), design.x,
        entry=delayed_entry(frame), strata=stratum_codes(frame, strata), options=CoxOptions(ties=ties, start=start),
    )  # fmt: skip


def kernel_nested(
    frame: pd.DataFrame, design: Design, without: str, strata: Sequence[str], ties: Ties
) -> tuple[CoxFit, CoxFit]:
    """Fit a model with and without one of its terms, the first from where the second ended, on the same risk sets."""
    sets = risk_sets(frame, strata, ties)
    kept = np.delete(np.arange(design.x.shape[1]), design.term(without).columns)
    smaller = fit_on(sets, np.ascontiguousarray(design.x[:, kept]), CoxOptions(ties=ties))
    start = np.zeros(design.x.shape[1])
    start[kept] = smaller.coefficients
    return fit_on(sets, design.x, CoxOptions(ties=ties, start=start)), smaller
