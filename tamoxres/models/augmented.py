"""Augmented inverse probability weighting for risks and restricted means: right if either kind of model is right.

Conventions: each patient's pseudo-outcome under a treatment a is the outcome model's prediction, plus, for those who
had a, what they did beyond it, weighted by 1/e (propensity) and 1/G (staying uncensored), with the term that gives
back what censoring took (Ozenne 2020, equation 8). Its mean is consistent if the outcome models hold, or if the
propensity and the censoring models both do. Propensity models hold the marker and its products with the covariates,
as if fitted within its levels. S and G in the augmentation are those just before a censoring. The standard error is
that of the pseudo-outcomes, which is right where all models hold; where one of them may be wrong, resample (m).

References
----------
Ozenne B, Scheike TH, Staerk L, Gerds TA 2020, doi:10.1002/bimj.201800298. Bang H, Robins JM 2005,
doi:10.1111/j.1541-0420.2005.00377.x. Zhang M, Schaubel DE 2012, doi:10.1111/j.1541-0420.2012.01759.x.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ..analysis import AnalysisSet
from ..analysis.design import Design, column_of, make_design, parts_of
from ..errors import AnalysisError
from ..vocabulary import FloatArray, IntArray, one_or_more
from .absolute import prepare, resampled
from .absolute_rows import ARMS, AbsoluteEffects, Setting, summarise
from .hazards import Gain, Hazard, OutcomeModel, fit_hazard, fit_outcome
from .positivity import check_positivity
from .standardise import set_levels
from .weights import balance_table, propensity_scores

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Nuisance", "augmented_ipw"]

_LARGEST = 1e3  # the weight above which a patient outweighs whole cohorts


@dataclass(frozen=True, slots=True, kw_only=True)
class Nuisance:
    """The covariates of each of the models that augmented weighting rests on; those of `adjust` where None.

    Attributes
    ----------
    outcome : tuple of str, optional
        Of the endpoint and of competing deaths (with treatment, marker and their product).
    propensity : tuple of str, optional
        Of treatment (with the marker and its products with them); without products with treatment itself.
    censoring : tuple of str, optional
        Of the end of follow-up (with treatment, marker and their product).

    Examples
    --------
    >>> import tamoxres as tr
    >>> tr.Nuisance(propensity=("age", "nodes")).propensity
    ('age', 'nodes')
    """

    outcome: tuple[str, ...] | None = None
    propensity: tuple[str, ...] | None = None
    censoring: tuple[str, ...] | None = None

    def filled(self, adjust: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
        """Return the covariates of each model."""
        of_treatment = tuple(name for name in adjust if "treatment" not in parts_of(name))
        chosen = of_treatment if self.propensity is None else self.propensity
        own = {"outcome": self.outcome, "propensity": chosen, "censoring": self.censoring}
        return {name: adjust if columns is None else columns for name, columns in own.items()}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Designs:
    """The design matrices of the models, and of the outcome with everyone untreated and treated."""

    outcome: FloatArray
    worlds: tuple[FloatArray, FloatArray]
    propensity: FloatArray
    censoring: FloatArray


def augmented_ipw(
    analysis: AnalysisSet,
    *,
    adjust: str | Sequence[str] = (),
    times: float | Sequence[float] = (60.0, 120.0),
    nuisance: Nuisance | None = None,
    m: int = 0,
    seed: int = 1,
    jobs: int = 1,
) -> AbsoluteEffects:
    """Estimate what treatment does to risk and mean survival, by marker, by augmented inverse probability weighting.

    Parameters
    ----------
    analysis : AnalysisSet
        Selected with `treatment="any"`, with a marker or without.
    adjust : str or sequence of str
        Covariates of all models: of the outcome, of treatment and of censoring.
    times : float or sequence of float, months
        Risks at, and means to, each of them; within the follow-up of each arm (in each marker level).
    nuisance : Nuisance, optional
        Other covariates for one of the models.
    m : int
        0 for standard errors by the influence function, else so many bootstrap resamples of patients.
    seed, jobs : int
        Of the bootstrap: its seed, and workers of joblib.

    Returns
    -------
    AbsoluteEffects
        With the balance of the propensity's weights in each marker level.

    Raises
    ------
    AnalysisError
        If an arm or a cell is missing, positivity is violated, a weight outweighs whole cohorts, entry is delayed,
        treatment starts after time zero, or a model has no maximum.

    Examples
    --------
    >>> import tamoxres as tr
    >>> gbsg = tr.select(tr.load("gbsg"), endpoint="RFS", er="any", treatment="any")
    >>> print(augmented_ipw(gbsg, adjust=["age", "nodes"], times=60))
    risk difference at 60 months: -17.5 (-27.2 to -7.8) per 100
    difference of means to 60 months: 5.1 (2.0-8.3) months
    """
    columns = (nuisance or Nuisance()).filled(one_or_more(adjust))
    every = tuple(dict.fromkeys(name for own in columns.values() for name in own))
    setting = prepare(analysis, every, times, estimator="Augmented inverse probability weighting")
    check_positivity(setting.analysis, list(dict.fromkeys(map(column_of, _plain(columns["propensity"])))))
    designs = _designs(setting, columns)

    def estimate(rows: IntArray) -> FloatArray:
        part = replace(
            setting, codes=setting.codes[rows], treated=setting.treated[rows], time=setting.time[rows],
            event=setting.event[rows],
        )  # fmt: skip
        return part.take(pseudo_outcomes(part, _take(designs, rows))[0])

    values, propensity = pseudo_outcomes(setting, designs)
    if m:
        found = resampled(setting, estimate, "augmented_ipw", (m, seed, jobs))
    else:
        theta = setting.take(values)
        spread = np.zeros((len(values), *theta.shape))
        for level in range(len(setting.levels)):
            inside = setting.codes == level
            spread[inside, level] = (values[inside] - theta[level]) / inside.sum()
        found = summarise(setting, theta, spread, "augmented_ipw")
    return replace(found, balance=_balance(setting, columns["propensity"], propensity))


def _plain(columns: tuple[str, ...]) -> list[str]:
    return [part for name in columns for part in parts_of(name)]


def _designs(setting: Setting, columns: dict[str, tuple[str, ...]]) -> _Designs:
    outcome = setting.design(columns["outcome"])
    worlds = [set_levels(outcome, {"treatment": arm}) for arm in ARMS]
    nothing = np.zeros((setting.time.size, 0))
    marked = bool(columns["propensity"]) or len(setting.levels) == 2
    return _Designs(
        outcome=outcome.x, worlds=(worlds[0], worlds[1]),
        propensity=setting.design(columns["propensity"], treatment=False).x if marked else nothing,
        censoring=setting.design(columns["censoring"]).x,
    )  # fmt: skip


def _take(designs: _Designs, rows: IntArray) -> _Designs:
    first, second = designs.worlds
    return _Designs(
        outcome=designs.outcome[rows], worlds=(first[rows], second[rows]), propensity=designs.propensity[rows],
        censoring=designs.censoring[rows],
    )  # fmt: skip


def pseudo_outcomes(setting: Setting, designs: _Designs) -> tuple[FloatArray, FloatArray]:
    """Return each patient's pseudo-outcome, shape (n, gains, 2: untreated, treated), and propensity, shape (n,).

    Raises
    ------
    AnalysisError
        If a weight outweighs whole cohorts.
    """
    treated, time, event = setting.treated, setting.time, setting.event
    model = fit_outcome(time, event, designs.outcome, competing=setting.competing)
    gone = event == 0 if setting.competing else event != 1
    censoring = fit_hazard(time, gone.astype(int), designs.censoring, about="censoring")
    propensity = propensity_scores(designs.propensity, treated)
    got = propensity * treated + (1 - propensity) * (1 - treated)
    stayed = np.exp(-censoring.relative(designs.censoring) * censoring.cumulative(time, before=True))
    own = _augmented(setting, model, censoring, designs)
    out = np.stack([model.expected(world, setting.gains) for world in designs.worlds], axis=2)
    for g, gain in enumerate(setting.gains):
        seen = (event == 1) & (time <= gain.months)
        _refuse_runaway(setting, np.where(seen, 1 / (got * stayed), 1 / got))
        outcome = np.where(seen, gain.of(time) / stayed, 0.0)
        for arm in (0, 1):
            had = treated == arm
            out[had, g, arm] += (outcome[had] - out[had, g, arm] + own[had, g]) / got[had]
    return out, propensity


def _refuse_runaway(setting: Setting, weight: FloatArray) -> None:
    worst = int(np.argmax(weight))
    if weight[worst] > _LARGEST:
        raise AnalysisError(
            f"A patient would weigh {weight[worst]:,.0f}: there was next to no chance of the treatment received, or of "
            f"being followed for {setting.time[worst]:.0f} months.",
            mend="Ask for earlier times, or restrict to patients who might have had either treatment (where=...).",
        )


def _augmented(setting: Setting, model: OutcomeModel, censoring: Hazard, designs: _Designs) -> FloatArray:
    """Return the integral of what was still expected over the censoring martingale, shape (n, gains)."""
    out = np.zeros((setting.time.size, len(setting.gains)))
    horizon = max(gain.months for gain in setting.gains)
    near, kept = model.until(horizon), censoring.times <= horizon
    censoring = replace(censoring, times=censoring.times[kept], steps=censoring.steps[kept])
    for rows in near.blocks(len(out), censoring.times.size):
        x = designs.outcome[rows]
        risks, _, growth = near.paths(x)
        alive = sum(
            np.outer(risk, hazard.cumulative(censoring.times, before=True))
            for risk, hazard in zip(risks, near.hazards, strict=True)
        )
        weight = _martingale(rows, censoring, designs.censoring[rows]) * np.exp(alive)
        for g, gain in enumerate(setting.gains):
            out[rows, g] = (weight * _to_come(near, growth, gain, censoring.times)).sum(axis=1)
    return out


def _martingale(rows: slice, censoring: Hazard, x: FloatArray) -> FloatArray:
    """Return increments of the censoring martingale over G(t-), shape (n, censoring times)."""
    time, gone = censoring.time[rows, None], censoring.event[rows, None] == 1
    relative = censoring.relative(x)[:, None]
    at_risk, own = time >= censoring.times, (time == censoring.times) & gone
    staying = np.exp(-relative * censoring.cumulative(censoring.times, before=True))
    return np.asarray((own - at_risk * relative * censoring.steps) / staying)


def _to_come(model: OutcomeModel, growth: FloatArray, gain: Gain, at: FloatArray) -> FloatArray:
    """Return the gain still expected after each time, unconditionally, shape (n, len(at)); 0 beyond the horizon."""
    gained = np.concatenate([np.zeros((len(growth), 1)), np.cumsum(growth * gain.of(model.times), axis=1)], axis=1)
    left = gained[:, -1:] - gained[:, np.searchsorted(model.times, at, side="right")]
    return np.asarray(left * (at <= gain.months))


def _balance(setting: Setting, columns: tuple[str, ...], propensity: FloatArray) -> pd.DataFrame | None:
    """Tabulate balance and effective sample sizes before and after weighting, in each marker level."""
    import pandas as pd

    plain = [name for name in columns if "marker" not in parts_of(name)]
    if not plain:
        return None
    design = make_design(setting.analysis.frame, plain)
    w = 1 / (propensity * setting.treated + (1 - propensity) * (1 - setting.treated))
    parts = []
    for code, level in enumerate(setting.levels):
        inside = setting.codes == code
        varies = np.flatnonzero(np.ptp(design.x[inside], axis=0) > 0)  # a level may hold one value of a covariate alone
        own = Design(x=design.x[inside][:, varies], terms=(), names=tuple(design.names[i] for i in varies))
        table = balance_table(own, setting.treated[inside], w[inside])
        for arm, name in enumerate(ARMS):
            weight = w[inside & (setting.treated == arm)]
            table[f"ess_{name}"] = float(weight.sum() ** 2 / (weight @ weight))
        table.insert(0, "marker", level)
        parts.append(table)
    return pd.concat(parts, ignore_index=True)
