"""A trial that nobody ran, emulated: treatment strategies compared from time zero, by cloning, censoring and weighting.

Conventions: time zero is that of the cohort, eligible are the patients selected who had not started treatment before
it; the strategies are to start within a grace period, and never to start (`per_protocol`) or not to start within it
(`as_started`, whoever starts later stays). Quantities are risks and restricted means by strategy, and the hazard ratio
of the weighted Cox model; standard errors are those of a bootstrap of patients that refits everything. The
time-dependent Cox model stands last as a check: it estimates the effect of being on treatment, another estimand, and
need agree only where treatment does nothing. What weights cannot balance (unmeasured confounding) remains.

References
----------
Hernán MA, Robins JM 2016, doi:10.1093/aje/kwv254. Hernán MA et al. 2016, doi:10.1016/j.jclinepi.2016.04.014 (immortal
time). Maringe C et al. 2020, doi:10.1093/ije/dyaa057.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..analysis import TREATED, AnalysisSet
from ..analysis.design import complete_cases, make_design
from ..analysis.exposure import Honours, begins_later
from ..analysis.follow_up import delayed_entry
from ..effects import EffectEstimate
from ..errors import AnalysisError
from ..inference.verdict import design_flags
from ..tables.effects import EffectRows
from ..tables.shown import ShowsEffects
from ..tables.table import Cell, Column, Row, Table
from ..vocabulary import FloatArray, IntArray, Measure, choose, one_or_more
from .clones import Contrast, Emulated, Follow, emulate
from .grouping import check_horizon, group_patients
from .hazards import Gain
from .resampling import bootstrap
from .treatment import treatment_effect

__all__ = ["EmulatedTrial", "target_trial"]

_START: tuple[Honours, ...] = ("start",)
_OTHER = {"per_protocol": "never start", "as_started": "do not start within the grace period"}
_CONTRASTS = {
    "per_protocol": "per protocol: had everyone kept to the strategy",
    "as_started": "as started: whoever starts after the grace period stays in follow-up",
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EmulatedTrial(ShowsEffects):
    """An emulated target trial.

    Attributes
    ----------
    analysis : AnalysisSet
        The eligible patients; its flow says who left.
    effects : EffectRows
        Hazard ratio, then risk difference and difference of restricted means at each time, then the check: the hazard
        ratio of the time-dependent Cox model.
    risks : tuple of (months, float, float)
        Risk without and with starting, at each time.
    grace : float, months
    contrast : "per_protocol" | "as_started"
    adjust : tuple of str
        Covariates of the models of starting.
    largest_weight : float
    m, failed : int
        Resamples, and those that could not be computed.
    """

    analysis: AnalysisSet
    effects: EffectRows
    risks: tuple[tuple[float, float, float], ...]
    grace: float
    contrast: Contrast
    adjust: tuple[str, ...]
    largest_weight: float
    m: int
    failed: int

    @property
    def check(self) -> EffectEstimate:
        """The time-dependent Cox model's hazard ratio: another estimand, equal only where treatment does nothing."""
        return self.effects[-1]

    @property
    def protocol(self) -> Table:
        """The protocol of the target trial, and how each part of it is emulated."""
        analysis, times = self.analysis, ", ".join(f"{months:g}" for months, *_ in self.risks)
        drug = analysis.treatment.contrast
        causal = _CONTRASTS[self.contrast]
        parts = (
            ("Eligibility", analysis.population, f"{analysis.n:,} patients, not treated before time zero"),
            ("Strategies", f"start within {self.grace:g} months; {_OTHER[self.contrast]} ({drug})",
             "date of start as recorded; a treatment that stopped counts on"),
            ("Assignment", "at random at time zero", "every patient is cloned into both arms"),
            ("Time zero", "randomisation", "the cohort's time zero, for both arms"),
            ("Follow-up", f"to event, loss, or {times} months", "clones end where they leave their strategy"),
            ("Outcome", analysis.endpoint.code, "as recorded, blind to the strategy"),
            ("Causal contrast", causal, causal),
            ("Analysis", "risks, restricted means, hazard ratio by arm",
             "the same, weighted by the inverse probability of keeping to the strategy given "
             f"{', '.join(self.adjust) or 'nothing (crude)'}; bootstrap of patients, {self.m} resamples"),
        )  # fmt: skip
        return Table(
            title=f"Emulated protocol: {analysis.cohort.title}",
            columns=(Column("Component"), Column("Target trial"), Column("Emulation")),
            rows=tuple(Row(tuple(map(Cell, part))) for part in parts),
            footnotes=("Confounding that the covariates do not measure remains.",),
        )

    def __str__(self) -> str:
        return str(self.effects)


def target_trial(
    analysis: AnalysisSet,
    *,
    adjust: str | Sequence[str] = (),
    grace: float,
    times: float | Sequence[float] = (60.0,),
    contrast: Contrast = "per_protocol",
    m: int = 200,
    seed: int = 1,
) -> EmulatedTrial:
    """Emulate a trial of starting treatment within a grace period against not starting it.

    Parameters
    ----------
    analysis : AnalysisSet
        Selected with `treatment="any"` in a cohort that records when treatment started.
    adjust : str or sequence of str
        Covariates at time zero of the models of starting (and of the check).
    grace : float, months
    times : float or sequence of float, months
        Risks at, and means to, each; beyond the grace period and within follow-up.
    contrast : "per_protocol" | "as_started"
        Against never starting, or against not starting within the grace period.
    m, seed : int
        Bootstrap resamples of patients, and their seed.

    Returns
    -------
    EmulatedTrial

    Raises
    ------
    AnalysisError
        If the start of treatment is not recorded, entry is delayed, nobody starts within the grace period, a time lies
        within it or beyond follow-up, or a weight outweighs whole cohorts.

    Examples
    --------
    >>> import numpy as np
    >>> from tamoxres.models.clones import Follow, emulate
    >>> months, start = np.array([10.0, 12, 2, 8, 11, 12]), np.array([1.0, 2, np.inf, np.inf, 6, np.inf])
    >>> data = Follow(time=months, event=np.array([1, 0, 1, 1, 1, 0]), start=start, x=np.zeros((6, 0)))
    >>> made = emulate(data, grace=3, contrast="per_protocol")
    >>> made.expected([Gain("risk", 9), Gain("risk", 10)]).round(3).tolist()  # not started, started by month 3
    [[0.6, 0.6], [0.167, 0.583]]
    """
    choose("contrast", contrast, tuple(_OTHER))
    adjust = one_or_more(adjust)
    eligible = _eligible(analysis, adjust)
    at = [check_horizon(group_patients(eligible, None, honours=_START), time) for time in one_or_more(times)]
    if not 0 < grace < min(at):
        raise AnalysisError(f"The grace period is {grace:g} months; it lies between 0 and {min(at):g}, the first time.")
    data = _follow(eligible, adjust)
    gains = [Gain(kind, time) for time in at for kind in ("risk", "lost")]

    def statistic(rows: IntArray) -> FloatArray:
        made = emulate(data.take(rows), grace, contrast)
        arms = made.expected(gains)
        return np.array([made.log_ratio, *(arms[1] - arms[0])])

    whole = emulate(data, grace, contrast)
    drawn = bootstrap(statistic, eligible.n, m=m, seed=seed)
    arms = whole.expected(gains)
    rows = _rows(eligible, whole, gains, drawn.se)
    named = [replace(row, adjusted_for=adjust, remark=f"Grace period {grace:g} months.") for row in rows]
    check = replace(treatment_effect(eligible, adjust=adjust).effect, remark="A check: another estimand.")
    risks = tuple((gain.months, float(arms[0, i]), float(arms[1, i])) for i, gain in enumerate(gains) if not i % 2)
    return EmulatedTrial(
        analysis=eligible, effects=EffectRows([*named, check]), risks=risks, grace=grace, contrast=contrast,
        adjust=adjust, largest_weight=whole.largest, m=m, failed=drawn.failed,
    )  # fmt: skip


def _eligible(analysis: AnalysisSet, adjust: Sequence[str]) -> AnalysisSet:
    """Keep those not treated before time zero whose covariates are known."""
    if not begins_later(analysis):
        raise AnalysisError(
            f"{analysis.cohort.name} is not asked about treatment from its recorded start, which an emulated trial "
            "needs.",
            mend="Select with treatment='any' (not exposure='ever_treated') in a cohort with endocrine_start_months.",
        )
    complete = complete_cases(analysis, ["treatment", *adjust], honours=_START, estimator="An emulated trial")
    if delayed_entry(complete.frame) is not None:
        raise AnalysisError("An emulated trial does not take delayed entry.", mend="Use cox for the hazards.")
    before = _starts(complete) < 0
    if not before.any():
        return complete
    return complete.without(~before, name="Not treated before time zero", why=f"treated before {int(before.sum()):,}")


def _follow(eligible: AnalysisSet, adjust: tuple[str, ...]) -> Follow:
    frame = eligible.frame
    x = make_design(frame, adjust).x if adjust else np.zeros((len(frame), 0))
    return Follow(
        time=frame["months"].to_numpy(float), event=frame["event"].to_numpy(int), start=_starts(eligible), x=x
    )


def _starts(analysis: AnalysisSet) -> FloatArray:
    """Return when treatment began, infinity where it did not before the end of follow-up."""
    frame = analysis.frame
    treated = (frame["treatment"] == TREATED).to_numpy()
    return np.where(treated, frame["endocrine_start_months"].to_numpy(float), np.inf)


def _rows(analysis: AnalysisSet, made: Emulated, gains: Sequence[Gain], se: FloatArray) -> list[EffectEstimate]:
    """Make the rows of the hazard ratio and of the differences; every patient stands in both arms."""
    counted = {"n_1": analysis.n, "n_0": analysis.n, "events_1": int(made.seen[1]), "events_0": int(made.seen[0])}
    arms = made.expected(gains)
    differences = [
        _difference_row(analysis, gain, (float(arms[1, i] - arms[0, i]), float(se[i + 1])), counted)
        for i, gain in enumerate(gains)
    ]
    return [_ratio_row(analysis, made.log_ratio, float(se[0]), counted), *differences]


def _base(analysis: AnalysisSet, counted: dict[str, int]) -> dict[str, Any]:
    row = analysis.describe("treatment_effect") | counted
    row["flags"] = (*row["flags"], "emulated_trial", *design_flags(analysis.design))
    return row | {
        "estimand": "treatment_effect", "scale": "binary", "model": "target_trial", "se_kind": "bootstrap",
    }  # fmt: skip


def _ratio_row(analysis: AnalysisSet, point: float, se: float, counted: dict[str, int]) -> EffectEstimate:
    if not (np.isfinite(point) and se > 0):
        return EffectEstimate(**_base(analysis, counted), measure="HR", status="not_estimable", term="strategy")
    return EffectEstimate(
        **_base(analysis, counted), measure="HR", log_estimate=point, se=se, term="strategy", ties="breslow"
    )


def _difference_row(
    analysis: AnalysisSet, gain: Gain, found: tuple[float, float], counted: dict[str, int]
) -> EffectEstimate:
    row = _base(analysis, counted) | {"to_months": gain.months}
    competing, (point, se) = bool(analysis.endpoint.competing), found
    measure: Measure = "RD" if gain.kind == "risk" else "RMTLD" if competing else "RMSTD"
    row["flags"] = (*row["flags"], "not_for_decisions")
    what = f"risk difference at {gain.months:g} months" if gain.kind == "risk" else f"means to {gain.months:g} months"
    if not se > 0:
        return EffectEstimate(**row, measure=measure, status="not_estimable", term=what)
    turned = point if measure != "RMSTD" else -point  # months lived, not lost
    return EffectEstimate(**row, measure=measure, difference=turned, se=se, term=what)
