"""Does the marker modify what treatment does to absolute risk? Standardised risks and means, by treatment and marker.

Conventions: everyone is given either treatment in turn and the predictions are averaged over the patients of a marker
level (their own covariates: the marker is a trait, not a treatment). Quantities at each time are the risk and the
restricted mean: the time lost to the endpoint where deaths compete, the survival time where none do. A difference is
treated less untreated; the interaction is the difference when altered less that when unaltered. Standard errors are
those of the influence function, models of the outcome counted in, or of a bootstrap of patients that refits everything
together; intervals and P are Wald's with either.

References
----------
Robins J 1986, Math Model 7:1393. Hernán MA, Robins JM 2020, Causal Inference: What If, chapters 4 and 13. Ozenne B et
al. 2020, doi:10.1002/bimj.201800298. VanderWeele TJ, Knol MJ 2014, doi:10.1515/em-2013-0005.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from ..analysis import TREATED, AnalysisSet
from ..analysis.design import complete_cases
from ..analysis.exposure import Honours, refuse_absolute
from ..analysis.follow_up import delayed_entry
from ..cohort import ALTERED, UNALTERED
from ..errors import AnalysisError
from ..vocabulary import FloatArray, IntArray, one_or_more
from .absolute_rows import ARMS, AbsoluteEffects, Method, Setting, by_level, summarise
from .grouping import check_horizon, group_patients
from .hazards import Gain, fit_outcome
from .resampling import bootstrap
from .standardise import set_levels

__all__ = ["absolute_effects", "prepare", "resampled"]

_HONOURS: tuple[Honours, ...] = ("products",)


def prepare(
    analysis: AnalysisSet, columns: Sequence[str], times: float | Sequence[float], *, estimator: str
) -> Setting:
    """Select the complete cases of a question about absolute effects, and refuse what it cannot take.

    Raises
    ------
    AnalysisError
        If an arm or a cell is missing, entry is delayed, treatment starts after time zero, the cohort is a sample with
        weights, or a time lies beyond the follow-up of a cell.
    """
    if not analysis.has_both_arms:
        raise AnalysisError(f"{analysis.cohort.name} has one arm here; {estimator} compares two.")
    marker = ["marker"] if analysis.marker else []
    complete = complete_cases(analysis, ["treatment", *marker, *columns], honours=_HONOURS, estimator=estimator)
    refuse_absolute(complete, estimator)
    frame = complete.frame
    if delayed_entry(frame) is not None:
        raise AnalysisError(f"{estimator} does not take delayed entry.", mend="Use cox for the hazards.")
    levels = (UNALTERED, ALTERED) if marker else ("",)
    codes = (frame["marker"] == ALTERED).to_numpy().astype(int) if marker else np.zeros(len(frame), int)
    at = tuple(_within(complete, time, bool(marker)) for time in one_or_more(times))
    return Setting(
        analysis=complete, levels=levels, codes=codes, treated=(frame["treatment"] == TREATED).to_numpy().astype(float),
        time=frame["months"].to_numpy(float), event=frame["event"].to_numpy(int),
        gains=tuple(Gain(kind, time) for time in at for kind in ("risk", "lost")), adjust=tuple(columns),
    )  # fmt: skip


def _within(analysis: AnalysisSet, time: float, marker: bool) -> float:
    """Return the time, within the follow-up of either arm in each marker level."""
    if not marker:
        return check_horizon(group_patients(analysis, "treatment"), time)
    for level in (UNALTERED, ALTERED):
        part = analysis.part("marker", level)
        if not part.has_both_arms:
            raise AnalysisError(f"{analysis}: {analysis.marker} {level} has one arm only, so it holds no contrast.")
        time = check_horizon(group_patients(part, "treatment"), time)
    return time


def absolute_effects(
    analysis: AnalysisSet,
    *,
    adjust: str | Sequence[str] = (),
    times: float | Sequence[float] = (60.0, 120.0),
    m: int = 0,
    seed: int = 1,
    jobs: int = 1,
    progress: Callable[[int], None] | None = None,
) -> AbsoluteEffects:
    """Estimate what treatment does to risk and mean survival, by marker, standardised over measured covariates.

    Parameters
    ----------
    analysis : AnalysisSet
        Selected with `treatment="any"`, with a marker or without.
    adjust : str or sequence of str
        Covariates of the models of the outcome, which hold treatment, marker and their product too.
    times : float or sequence of float, months
        Risks at, and means to, each of them; within the follow-up of each arm (in each marker level).
    m : int
        0 for standard errors by the influence function, else so many bootstrap resamples of patients.
    seed, jobs : int
        Of the bootstrap: its seed, and workers of joblib.
    progress : callable, optional
        Called with the number of resamples done.

    Returns
    -------
    AbsoluteEffects

    Raises
    ------
    AnalysisError
        If an arm or a cell is missing, entry is delayed, treatment starts after time zero, or a model has no maximum.

    Examples
    --------
    >>> import tamoxres as tr
    >>> gbsg = tr.select(tr.load("gbsg"), endpoint="RFS", er="any", treatment="any")
    >>> print(absolute_effects(gbsg, adjust="nodes", times=60))
    risk difference at 60 months: -11.8 (-19.6 to -4.0) per 100
    difference of means to 60 months: 4.4 (1.5-7.2) months
    """
    setting = prepare(analysis, one_or_more(adjust), times, estimator="A standardised risk")
    x = setting.design(setting.adjust)
    worlds = [set_levels(x, {"treatment": arm}) for arm in ARMS]

    def estimate(rows: IntArray) -> FloatArray:
        model = fit_outcome(setting.time[rows], setting.event[rows], x.x[rows], competing=setting.competing)
        codes, predicted = setting.codes[rows], [model.expected(world[rows], setting.gains) for world in worlds]
        return by_level(np.stack(predicted, axis=2), codes, len(setting.levels))

    if m:
        return resampled(setting, estimate, "standardisation", (m, seed, jobs), progress)
    model = fit_outcome(setting.time, setting.event, x.x, competing=setting.competing)
    predicted = np.stack([model.expected(world, setting.gains) for world in worlds], axis=2)
    theta = setting.take(predicted)
    spread = np.zeros((len(x.x), *theta.shape))
    for level in range(len(setting.levels)):
        inside = setting.codes == level
        share = inside / inside.sum()
        for g, gain in enumerate(setting.gains):
            for arm, world in enumerate(worlds):
                own = (predicted[:, g, arm] - theta[level, g, arm]) * share
                spread[:, level, g, arm] = own + model.influence(world, share, gain)
    return summarise(setting, theta, spread, "standardisation")


def resampled(
    setting: Setting,
    estimate: Callable[[IntArray], FloatArray],
    method: Method,
    draws: tuple[int, int, int],
    progress: Callable[[int], None] | None = None,
) -> AbsoluteEffects:
    """Summarise an estimator with the standard errors of a bootstrap of patients (resamples, seed, workers)."""
    m, seed, jobs = draws
    n = setting.time.size
    theta = estimate(np.arange(n))
    found = bootstrap(lambda rows: estimate(rows).ravel(), n, m=m, seed=seed, jobs=jobs, progress=progress)
    away = (found.values - found.values.mean(axis=0)) / np.sqrt(len(found.values) - 1)
    made = summarise(setting, theta, away.reshape(-1, *theta.shape), method, se_kind="bootstrap")
    return replace(made, resamples=m, failed=found.failed)
