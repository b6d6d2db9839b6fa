"""Standardised risks (g-computation): what the risk would be, were all these patients altered, or all unaltered.

Conventions: the model's own complete cases are the standard; everyone is given each level in turn and the predicted
risks are averaged. Survival is exp(-H), H by the baseline estimator of the ties rule; where deaths compete, a
cause-specific model with the same terms is fitted to them too and the two make a cumulative incidence, sum of S(t-)
dH. Limits are bootstrap percentiles with the models refitted. Risks of a population: not for individual decisions.

References
----------
Robins J 1986, Math Model 7:1393. Hernán MA, Robins JM 2020, Causal Inference: What If, chapter 13.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from ..analysis.design import Design, Term, parts_of
from ..analysis.design_terms import FOCI, is_centred
from ..analysis.exposure import refuse_absolute, refuse_unhonoured
from ..analysis.follow_up import delayed_entry, stratum_codes
from ..analysis.times import snap_to
from ..effects import EffectEstimate
from ..errors import AnalysisError
from ..files.frames import holds_frames
from ..kernel.cox import CoxOptions, fit_cox
from ..kernel.residuals import baseline_hazard
from ..tables.cells import interval_cell
from ..tables.effects import EffectRows, difference_cells, rows_title
from ..tables.shown import ShowsEffects
from ..tables.table import Cell, Column, Row, Table
from ..vocabulary import FloatArray, IntArray, one_or_more
from ..wording import number_with_interval
from .cox import CoxModel
from .engine import Ties
from .grouping import group_patients
from .resampling import bootstrap

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FollowUpArrays", "StandardisedRisks", "set_levels", "standardise", "standardised_risks"]

CAUTION = "Risks of a population, for comparison: not for individual decisions."


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FollowUpArrays:
    """Follow-up of n patients: months, event (0, 1, 2), entry and stratum (each None where there is none), ties."""

    time: FloatArray
    event: IntArray
    entry: FloatArray | None = None
    strata: IntArray | None = None
    ties: Ties = "efron"

    def take(self, rows: IntArray) -> FollowUpArrays:
        """Return these patients, in this order."""
        parts = {
            name: None if value is None else value[rows]
            for name, value in (("entry", self.entry), ("strata", self.strata))
        }
        return replace(self, time=self.time[rows], event=self.event[rows], **parts)  # type: ignore[arg-type]


@holds_frames("risks")
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StandardisedRisks(ShowsEffects):
    """Standardised risks by group and time, with bootstrap limits, and their differences from the first group.

    Attributes
    ----------
    risks : DataFrame
        A column for each variable that was set, then time, risk, se, ci_low, ci_high.
    effects : EffectRows
        Measure RD, one a group after the first and time.
    m, failed, seed : int
        Resamples, those that could not be computed, and the seed.
    note : str
    """

    risks: pd.DataFrame
    effects: EffectRows
    m: int
    failed: int
    seed: int
    note: str = CAUTION

    def table(self) -> Table:
        """Return the risks as a table, each group's difference from the first beside it."""
        groups = list(dict.fromkeys(" ".join(row[:-5]) for row in self.risks.itertuples(index=False, name=None)))
        rows = []
        ordered = self.risks.sort_values("time", kind="stable")
        for *levels, time, risk, _, low, high in ordered.itertuples(index=False, name=None):
            place = groups.index(" ".join(levels)) - 1
            own = [row for row in self.effects if row.to_months == time][place] if place >= 0 else None
            shown = interval_cell((100 * risk, 100 * low, 100 * high), is_ratio=False, decimals=1)
            rows.append(Row((Cell(f"{time:g}"), Cell(" ".join(levels)), shown, *difference_cells(own))))
        return Table(
            title=f"Standardised risk: {rows_title(self.effects)}",
            columns=(
                Column("Months"), Column("Group"), Column("Risk, % (95% CI)", "number"),
                Column("RD (95% CI)", "number"), Column("P", "p"),
            ),
            rows=tuple(rows), footnotes=tuple(sentence for row in self.effects for sentence in row.sentences),
        )  # fmt: skip

    def __str__(self) -> str:
        lines = []
        for *levels, time, risk, _, low, high in self.risks.itertuples(index=False, name=None):
            group = " ".join(levels)
            shown = number_with_interval(100 * risk, 100 * low, 100 * high, decimals=1)
            lines.append(f"{group} at {time:g} months: {shown} per 100")
        return "\n".join([*lines, self.note])


def set_levels(design: Design, levels: dict[str, str]) -> FloatArray:
    """Return the design matrix with everyone at the given levels of some terms, products included.

    Raises
    ------
    AnalysisError
        If a term is a number or has no such level.
    """
    x = design.x.copy()
    for name, level in levels.items():
        term = design.term(name)
        if level != term.reference and level not in term.levels:
            raise AnalysisError(
                f"{name} has no level {level!r} in this model; it has {', '.join((term.reference, *term.levels))}."
            )
        for column, own in zip(term.columns, term.levels, strict=True):
            x[:, column] = own == level
    for term in design.terms:
        parts = parts_of(term.name)
        if len(parts) == 2 and set(parts) & set(levels):
            first, second = (_main_effect(x, design, part, term) for part in parts)
            for column, (a, b) in zip(term.columns, product(first.T, second.T), strict=True):
                x[:, column] = a * b
    return x


def _main_effect(x: FloatArray, design: Design, part: str, term: Term) -> FloatArray:
    """Return a part of a product as the design has it in the product: a covariate centred at its mean, shape (n, k)."""
    columns = next((list(own.columns) for own in design.terms if own.name == part), None)
    if columns is None:
        raise AnalysisError(f"{term.name} cannot be standardised: {part} is a stratum.", mend="Adjust for it instead.")
    centre = design.x[:, columns].mean(axis=0) if is_centred(term.name) and part not in FOCI else 0.0
    return np.asarray(x[:, columns] - centre)


def standardised_risks(
    data: FollowUpArrays, x: FloatArray, worlds: Sequence[FloatArray], times: FloatArray, *, competing: bool
) -> FloatArray:
    """Fit the model and return the mean risk in each world at each time, shape (len(worlds), len(times)).

    Parameters
    ----------
    data : FollowUpArrays
    x : array of float, shape (n, p)
        Covariates as they are.
    worlds : sequence of arrays, shape (n, p)
        Covariates as they would be.
    times : array of float, months
    competing : bool
        Whether event 2 competes; else it is censored.
    """
    causes = [1, 2] if competing and np.any(data.event == 2) else [1]
    hazards = [_hazard(data, x, cause) for cause in causes]
    codes = np.zeros(len(x), int) if data.strata is None else np.unique(data.strata, return_inverse=True)[1]
    out = np.zeros((len(worlds), len(times)))
    for code in range(int(codes.max()) + 1):
        rows = codes == code
        for w, world in enumerate(worlds):
            risks = [np.exp((world[rows] - h.centre) @ h.beta) for h in hazards]
            out[w] += _incidence([h.steps(code) for h in hazards], risks, times)
    return out / len(x)


@dataclass(frozen=True, slots=True, eq=False)
class _Hazard:
    """A fitted cause-specific hazard: coefficients, and baseline steps at the mean covariates by stratum."""

    beta: FloatArray
    centre: FloatArray
    time: FloatArray
    stratum: IntArray
    increment: FloatArray

    def steps(self, code: int) -> tuple[FloatArray, FloatArray]:
        own = self.stratum == code
        return self.time[own], self.increment[own]


def _hazard(data: FollowUpArrays, x: FloatArray, cause: int) -> _Hazard:
    fitted = fit_cox(
        data.time, (data.event == cause).astype(int), x, entry=data.entry, strata=data.strata,
        options=CoxOptions(ties=data.ties),
    )  # fmt: skip
    if fitted.flags:
        about = "the endpoint" if cause == 1 else "competing deaths"
        raise AnalysisError(
            f"The model of {about} cannot be estimated ({'; '.join(fitted.flags)}).", mend="Adjust for fewer."
        )
    centre = x.mean(axis=0)
    base = baseline_hazard(fitted, at=centre)
    return _Hazard(fitted.coefficients, centre, base.time, base.stratum, base.increment)


def _incidence(steps: list[tuple[FloatArray, FloatArray]], risks: list[FloatArray], times: FloatArray) -> FloatArray:
    """Return the sum over patients of the risk of the first cause at each time."""
    if len(steps) == 1:
        hazard = np.concatenate([[0.0], np.cumsum(steps[0][1])])[np.searchsorted(steps[0][0], times, side="right")]
        return np.asarray((1 - np.exp(-risks[0][:, None] * hazard)).sum(axis=0))
    merged = np.unique(np.concatenate([time for time, _ in steps]))
    totals = np.zeros((len(risks[0]), merged.size))
    for (time, increment), risk in zip(steps, risks, strict=True):
        spread = np.zeros(merged.size)
        spread[np.searchsorted(merged, time)] = increment
        totals += risk[:, None] * (np.cumsum(spread) - spread)  # hazard just before each time
    own = np.zeros(merged.size)
    own[np.searchsorted(merged, steps[0][0])] = steps[0][1]
    incidence = np.concatenate([[0.0], np.cumsum((risks[0] @ np.exp(-totals)) * own)])
    return np.asarray(incidence[np.searchsorted(merged, times, side="right")])


def standardise(
    fit: CoxModel,
    *,
    times: float | Sequence[float] = (60.0, 120.0, 180.0),
    by: str | Sequence[str] | None = None,
    m: int = 200,
    seed: int = 1,
    jobs: int = 1,
    progress: Callable[[int], None] | None = None,
) -> StandardisedRisks:
    """Standardise the risks of a fitted model to its own patients.

    Parameters
    ----------
    fit : CoxModel
    times : float or sequence of float, months
        Not beyond the last follow-up.
    by : str or sequence of str, optional
        Terms with levels that are set, in all combinations; the model's focus, if None.
    m, seed, jobs : int
        Bootstrap resamples, their seed, and workers of joblib.
    progress : callable, optional
        Called with the number of resamples done.

    Returns
    -------
    StandardisedRisks

    Raises
    ------
    AnalysisError
        If a time lies beyond follow-up, or too many resamples cannot be computed.

    Examples
    --------
    >>> import tamoxres as tr
    >>> gbsg = tr.select(tr.load("gbsg"), endpoint="RFS", er="any", treatment="any")
    >>> found = standardise(tr.cox(gbsg, adjust="nodes"), times=60, m=20)
    >>> len(found.table().rows) > 0
    True
    """
    names, times = list(one_or_more(fit.focus if by is None else by)), one_or_more(times)
    _refuse_unhonoured(fit, names)
    frame = fit.analysis.frame
    at = snap_to(frame, times)
    if at.max() > frame["months"].max():
        raise AnalysisError(
            f"Risk at {max(times):g} months lies beyond the last follow-up ({frame['months'].max():.1f})."
        )
    choices = [(fit.design.term(name).reference, *fit.design.term(name).levels) for name in names]
    groups = list(product(*choices))
    worlds = [set_levels(fit.design, dict(zip(names, group, strict=True))) for group in groups]
    data = FollowUpArrays(
        time=frame["months"].to_numpy(float), event=frame["event"].to_numpy(int), entry=delayed_entry(frame),
        strata=stratum_codes(frame, fit.strata), ties=fit.ties,
    )  # fmt: skip
    competing = bool(fit.analysis.endpoint.competing)

    def statistic(rows: IntArray) -> FloatArray:
        drawn = [world[rows] for world in worlds]
        return standardised_risks(data.take(rows), fit.design.x[rows], drawn, at, competing=competing).ravel()

    point = standardised_risks(data, fit.design.x, worlds, at, competing=competing)
    resamples = bootstrap(statistic, len(frame), m=m, seed=seed, jobs=jobs, progress=progress)
    drawn = resamples.values.reshape(-1, *point.shape)
    rows = EffectRows(
        _row(fit, names, groups, (g, k), times, point, drawn) for k in range(len(times)) for g in range(1, len(groups))
    )
    table = _table(names, groups, times, point, drawn)
    return StandardisedRisks(risks=table, effects=rows, m=m, failed=resamples.failed, seed=seed)


def _refuse_unhonoured(fit: CoxModel, names: Sequence[str]) -> None:
    """Refuse a model with sampling weights, or with treatment that starts after time zero, and terms without levels."""
    if numbers := [name for name in names if not fit.design.term(name).levels]:
        raise AnalysisError(f"{numbers[0]} enters as a number; risks are standardised by terms with levels.")
    columns = [part for term in fit.design.terms for part in parts_of(term.name)]
    refuse_unhonoured(fit.analysis, columns, (), "A standardised risk")
    refuse_absolute(fit.analysis, "A standardised risk")


def _table(
    names: list[str], groups: list[tuple[str, ...]], times: Sequence[float], point: FloatArray, drawn: FloatArray
) -> pd.DataFrame:
    import pandas as pd

    low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
    se = drawn.std(axis=0, ddof=1)
    rows = [
        (*group, time, point[g, k], se[g, k], low[g, k], high[g, k])
        for g, group in enumerate(groups)
        for k, time in enumerate(times)
    ]
    return pd.DataFrame(rows, columns=[*names, "time", "risk", "se", "ci_low", "ci_high"])


def _row(
    fit: CoxModel,
    names: list[str],
    groups: list[tuple[str, ...]],
    where: tuple[int, int],
    times: Sequence[float],
    point: FloatArray,
    drawn: FloatArray,
) -> EffectEstimate:
    g, k = where
    if len(names) == 1 and names[0] in ("marker", "treatment"):
        base = group_patients(fit.analysis, names[0]).describe(g, adjusted_for=(*fit.adjusted_for, *fit.strata))
    else:
        levels = {"group_1": " ".join(groups[g]), "group_0": " ".join(groups[0])}
        base = fit.analysis.describe() | levels | {"variable": " and ".join(names)}
    return EffectEstimate(
        **(base | {"to_months": float(times[k])}),
        measure="RD",
        difference=float(point[g, k] - point[0, k]),
        se=float((drawn[:, g, k] - drawn[:, 0, k]).std(ddof=1)),
        adjusted_for=fit.adjusted_for,
        strata=fit.strata,
        term=f"standardised risk difference at {times[k]:g} months",
        model="standardisation",
        se_kind="bootstrap",
        remark=f"g-computation from Cox regression, {len(drawn)} resamples. {CAUTION}",
    )
