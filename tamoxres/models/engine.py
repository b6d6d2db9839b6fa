"""The two engines of a Cox fit on a frame and its design: `kernel`, which fits every model, and lifelines beside it."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypedDict

import numpy as np

from ..analysis import AnalysisSet
from ..analysis.design import Design
from ..analysis.exposure import is_weighted
from ..analysis.follow_up import delayed_entry, risk_sets, stratum_codes
from ..errors import AnalysisError, QuestionError
from ..kernel.cox import CoxFit, CoxOptions, fit_cox, fit_on
from ..kernel.residuals import robust_covariance
from ..vocabulary import ENGINES, Engine, FloatArray, Ties, Weights, choose, one_or_more

if TYPE_CHECKING:
    import pandas as pd
    from lifelines import CoxPHFitter

__all__ = [
    "Choices", "Engine", "ModelChoices", "Ties", "case_weights", "covariance_of", "kernel_fit", "kernel_nested",
    "lifelines_cox", "lifelines_fit", "resolve",
]  # fmt: skip

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


class ModelChoices(TypedDict, total=False):
    """How a Cox model is fitted, as keyword arguments; see `Choices`."""

    strata: str | Sequence[str]
    ties: Ties
    engine: Engine
    weights: Weights | None
    cluster: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """How a Cox model is fitted.

    Attributes
    ----------
    strata : tuple of str
    ties : "efron" | "breslow"
    engine : "kernel" | "lifelines"
    weights : "sampling" | "none", optional
        The cohort's sampling weights, or none of them; where the cohort declares them, if None.
    cluster : str
        Column of patients who belong together; `patient` for the rows of one patient.
    """

    strata: tuple[str, ...] = ()
    ties: Ties = "efron"
    engine: Engine = "kernel"
    weights: Weights | None = None
    cluster: str = ""

    @property
    def robust(self) -> bool:
        """Whether the standard errors are robust (the sandwich)."""
        return self.weights == "sampling" or bool(self.cluster)


def resolve(analysis: AnalysisSet, model: ModelChoices) -> tuple[AnalysisSet, Choices]:
    """Return the set and the choices with its sampling weights decided on: honoured where it declares them.

    Raises
    ------
    QuestionError
        If there are no sampling weights, or weights are asked for that are none of a Cox model's own.
    """
    how: dict[str, Any] = {**model, "strata": one_or_more(model.get("strata", ()))}
    choices = Choices(**how)
    choose("engine", choices.engine, ENGINES)
    if choices.weights not in (None, "none", "sampling"):
        raise QuestionError(
            f"A Cox model takes weights='sampling' or 'none', not {choices.weights!r}. Propensity weights: tr.weights."
        )
    if choices.weights == "sampling" and not is_weighted(analysis):
        raise QuestionError(f"{analysis.cohort.name} declares no sampling weights (column sampling_weight).")
    if choices.weights == "none":
        analysis = analysis.unweighted()
    choices = replace(choices, weights="sampling" if is_weighted(analysis) else "none")
    if choices.robust and choices.engine != "kernel":
        raise QuestionError(f"engine={choices.engine!r} takes neither weights nor clusters here. Use engine='kernel'.")
    return analysis, choices


def case_weights(frame: pd.DataFrame, choices: Choices) -> FloatArray | None:
    """Return the sampling weights of the rows; None where there are none."""
    return frame["sampling_weight"].to_numpy(float) if choices.weights == "sampling" else None


def covariance_of(fitted: CoxFit, frame: pd.DataFrame, choices: Choices) -> FloatArray:
    """Return the covariance: of the model, or the sandwich by cluster (by patient, if none is named)."""
    if not choices.robust:
        return fitted.covariance
    groups = frame.index if choices.cluster in ("", "patient") else frame[choices.cluster].astype(str)
    codes = np.unique(np.asarray(groups, dtype=str), return_inverse=True)[1]
    return robust_covariance(fitted, codes)


def kernel_fit(frame: pd.DataFrame, design: Design, choices: Choices, *, start: FloatArray | None = None) -> CoxFit:
    """Fit on `kernel`."""
    return fit_cox(
        frame["months"].to_numpy(float), np.asarray(frame["event"] == 1, dtype=int), design.x,
        entry=delayed_entry(frame), strata=stratum_codes(frame, choices.strata), weights=case_weights(frame, choices),
        options=CoxOptions(ties=choices.ties, start=start),
    )  # fmt: skip


def kernel_nested(frame: pd.DataFrame, design: Design, without: str, choices: Choices) -> tuple[CoxFit, CoxFit]:
    """Fit a model with and without one of its terms, the first from where the second ended, on the same risk sets."""
    ties = choices.ties
    sets = risk_sets(frame, choices.strata, ties, case_weights(frame, choices))
    kept = np.delete(np.arange(design.x.shape[1]), design.term(without).columns)
    smaller = fit_on(sets, np.ascontiguousarray(design.x[:, kept]), CoxOptions(ties=ties))
    start = np.zeros(design.x.shape[1])
    start[kept] = smaller.coefficients
    return fit_on(sets, design.x, CoxOptions(ties=ties, start=start)), smaller
