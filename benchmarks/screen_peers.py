"""The peers that benchmarks/screen.py times: one Cox fit with Efron ties each, at its own default tolerance.

A peer takes a frame of time, event and columns, and returns the coefficients in the columns' order. None is a
dependency of the package: imports stand inside, and a peer that is absent is said to be `not installed`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Fit = Callable[[pd.DataFrame], NDArray[np.float64]]


@dataclass(frozen=True)
class Peer:
    """One peer: its name in the tables, its fit, and the most patients that it is given at a time."""

    name: str
    fit: Fit
    patients: int = 1_000_000


def _apart(frame: pd.DataFrame) -> tuple[NDArray[Any], NDArray[Any], NDArray[np.float64]]:
    when, event = frame["time"].to_numpy(float), frame["event"].to_numpy()
    return when, event, frame.drop(columns=["time", "event"]).to_numpy(float)


def lifelines(frame: pd.DataFrame) -> NDArray[np.float64]:
    """Fit with lifelines' CoxPHFitter."""
    from lifelines import CoxPHFitter

    return CoxPHFitter().fit(frame, "time", "event").params_.to_numpy()


def statsmodels(frame: pd.DataFrame) -> NDArray[np.float64]:
    """Fit with statsmodels' PHReg."""
    from statsmodels.duration.hazard_regression import PHReg

    when, event, x = _apart(frame)
    return np.asarray(PHReg(when, x, status=event, ties="efron").fit().params)


def scikit_survival(frame: pd.DataFrame) -> NDArray[np.float64]:
    """Fit with scikit-survival's CoxPHSurvivalAnalysis, which gives no standard errors."""
    from sksurv.linear_model import CoxPHSurvivalAnalysis
    from sksurv.util import Surv

    when, event, x = _apart(frame)
    return np.asarray(CoxPHSurvivalAnalysis(ties="efron").fit(x, Surv.from_arrays(event.astype(bool), when)).coef_)


def rust_formula(frame: pd.DataFrame) -> NDArray[np.float64]:
    """Fit with the Rust package survival through its formula."""
    from survival import coxph

    columns = " + ".join(str(name) for name in frame if name not in ("time", "event"))
    return np.asarray(coxph(f"Surv(time, event) ~ {columns}", frame, ties="efron").coefficients)


def rust_arrays(frame: pd.DataFrame) -> NDArray[np.float64]:
    """Fit with the Rust package survival on arrays, without residuals: its fastest route."""
    from survival.regression import coxph_fit_raw

    return np.asarray(coxph_fit_raw(*_apart(frame), method="efron", resid=False).coefficients)


PEERS = (
    Peer("lifelines", lifelines),
    Peer("statsmodels", statsmodels, patients=10_000),
    Peer("scikit-survival", scikit_survival, patients=50_000),
    Peer("Rust survival, coxph", rust_formula),
    Peer("Rust survival, coxph_fit_raw", rust_arrays),
)


def seconds_of(peer: Peer, frames: Sequence[pd.DataFrame]) -> tuple[float | None, str]:
    """Return the seconds that a peer takes for these fits after one to warm up; or None, and why."""
    try:
        peer.fit(frames[0].head(2_000))
    except ModuleNotFoundError:
        return None, "not installed"
    except ImportError:
        return None, "the installed version has no such fit"
    start = time.perf_counter()
    for frame in frames:
        peer.fit(frame)
    return time.perf_counter() - start, ""


def largest_difference(peer: Peer, frames: Sequence[pd.DataFrame], truth: NDArray[np.float64]) -> float | None:
    """Return the largest difference between a peer's coefficients and these, or None without the peer."""
    try:
        return float(max(np.abs(peer.fit(f) - row).max() for f, row in zip(frames, truth, strict=True)))
    except ImportError:
        return None
