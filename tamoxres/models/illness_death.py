"""From relapse to death: what marker and treatment do to each transition, and how many are in which state.

Conventions: three states (relapse-free, relapsed, dead) and three transitions (relapse; death without relapse; death
after relapse), made of a relapse endpoint and overall survival of the same patients. Who relapses and dies at the same
recorded time died without a recorded relapse before; who is censored for relapse is censored for all; whose recorded
death precedes the relapse leaves. Each transition has its own Cox model: time since diagnosis, in the last with entry
at relapse (clock forward). Its hazard ratio among the relapsed is of those who lived to relapse: treatment there is
what was given first, not after relapse. State occupation is crude, by group; see `occupation`.

References
----------
Andersen PK, Keiding N 2002, doi:10.1191/0962280202SM276ra. Putter H, Fiocco M, Geskus RB 2007, Stat Med 26:2389.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import ndtri

from ..analysis import AnalysisSet
from ..analysis.design import complete_cases
from ..analysis.exposure import Honours, refuse_absolute
from ..analysis.follow_up import delayed_entry
from ..effects import EffectEstimate
from ..endpoints import OS
from ..errors import AnalysisError, QuestionError
from ..files.frames import holds_frames
from ..tables.cells import count_cell, effect_cell, interval_cell, p_cell
from ..tables.effects import EffectRows, rows_title
from ..tables.shown import ShowsEffects
from ..tables.table import Cell, Column, Row, Table
from ..vocabulary import FloatArray, one_or_more
from .contrasted import focus_of
from .cox import cox
from .grouping import Groups, check_horizon, group_patients
from .interaction import one_interaction
from .occupation import RELAPSED, STATES, Histories, occupation

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["IllnessDeath", "illness_death"]

TRANSITIONS = ("relapse", "death without relapse", "death after relapse")
_HONOURS: tuple[Honours, ...] = ("products",)
_NEAR = 1e-5  # months within which two recorded times are one: times of follow-up may have been joined


@holds_frames("states")
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class IllnessDeath(ShowsEffects):
    """Hazard ratios of the three transitions, and state occupation by group.

    Attributes
    ----------
    effects : EffectRows
        One for each transition: the ratio of hazard ratios with a marker and both arms, the marker's hazard ratio
        with one arm, treatment's without a marker. Their `term` names the transition.
    states : DataFrame
        group, time (months), state, probability, se, ci_low, ci_high, months (spent in the state up to the time),
        months_se.
    counts : dict of str to int
        Patients of each transition: at risk of it at some time, and of the last those with follow-up after relapse.
    """

    effects: EffectRows
    states: pd.DataFrame
    counts: dict[str, int]

    def table(self) -> Table:
        """Return one line for each transition, and one for each group, time and state."""
        heads = [
            Row((Cell(row.term), Cell(), count_cell(row.n), count_cell(row.events), effect_cell(row),
                 p_cell(row.p_value)))
            for row in self.effects
        ]  # fmt: skip
        lines: Any = self.states.itertuples()
        body = [
            Row((Cell(f"{one.state}, month {one.time:g}"), Cell(one.group), Cell(), Cell(), interval_cell(
                (100 * one.probability, 100 * one.ci_low, 100 * one.ci_high), is_ratio=False, decimals=1), Cell()))
            for one in lines
        ]  # fmt: skip
        return Table(
            title=f"From relapse to death: {rows_title(self.effects)}",
            columns=(
                Column("Transition, or state"), Column("Group"), Column("N", "number"), Column("Events", "number"),
                Column("HR, or % in the state (95% CI)", "ratio"), Column("P", "p"),
            ),
            rows=(*heads, *body),
            footnotes=(
                "Percentages are crude. Hazard ratios after relapse are of those who lived to relapse, by the "
                "treatment they had first.",
                *dict.fromkeys(s for row in self.effects for s in row.sentences if s != row.remark),
            ),
        )  # fmt: skip

    def __str__(self) -> str:
        return "\n".join(f"{row.term}: {row}" for row in self.effects)


def illness_death(
    analysis: AnalysisSet,
    *,
    adjust: str | Sequence[str] = (),
    strata: str | Sequence[str] = (),
    times: float | Sequence[float] = (60.0, 120.0),
) -> IllnessDeath:
    """Fit the illness-death model: relapse, death without it, and death after it, by marker and treatment.

    Parameters
    ----------
    analysis : AnalysisSet
        Of a relapse endpoint (RFS, RFI, DRFS ...), of a cohort that records overall survival too.
    adjust, strata : str or sequence of str
        Of the three Cox models.
    times : float or sequence of float, months
        Of state occupation, within the follow-up of every group.

    Returns
    -------
    IllnessDeath

    Raises
    ------
    QuestionError
        If the endpoint is death itself, or the cohort does not record overall survival.
    AnalysisError
        If entry is delayed, nobody relapses, there is nothing to compare, or a time lies beyond the follow-up.

    Examples
    --------
    >>> import tamoxres as tr
    >>> nodes = tr.select(tr.load("rotterdam"), endpoint="RFS", er="any", treatment="any", where="nodes >= 1")
    >>> [(row.term, row.events) for row in illness_death(nodes, times=60).effects]
    [('relapse', 972), ('death without relapse', 87), ('death after relapse', 769)]
    """
    adjust, by = one_or_more(adjust), one_or_more(strata)
    focus = focus_of(analysis)
    complete, histories = _histories(
        complete_cases(analysis, [*focus, *adjust, *by], honours=_HONOURS, estimator="The illness-death model")
    )
    if not (histories.to == RELAPSED).any():
        raise AnalysisError(f"{complete}: nobody relapses before death, so there is no illness-death model.")
    sets = _transitions(complete, histories)
    rows = EffectRows(_row(one, name, adjust, by) for name, one in zip(TRANSITIONS, sets, strict=True))
    groups = group_patients(complete, focus)
    return IllnessDeath(
        effects=rows, states=_occupied(groups, histories, times),
        counts={name: one.n for name, one in zip(TRANSITIONS, sets, strict=True)},
    )  # fmt: skip


def _histories(analysis: AnalysisSet) -> tuple[AnalysisSet, Histories]:
    """Join the relapse endpoint with overall survival; who died before the recorded relapse leaves."""
    patients, code = analysis.cohort.patients, analysis.endpoint.code
    if code in ("OS", "BCSS"):
        raise QuestionError(f"{code} is death itself; the illness-death model takes a relapse endpoint, such as RFS.")
    if OS.months not in patients:
        raise QuestionError(
            f"{analysis.cohort.name} does not record overall survival, so death after relapse is unknown."
        )
    refuse_absolute(analysis, "The illness-death model")
    if delayed_entry(analysis.frame) is not None:
        raise AnalysisError("The illness-death model does not take delayed entry.", mend="Use cox for the hazards.")
    own = patients.loc[analysis.frame.index, [OS.months, OS.event]]
    end, event = own[OS.months].to_numpy(float), analysis.frame["event"].to_numpy(int)
    left = analysis.frame["months"].to_numpy(float)
    known = own[OS.event].notna().to_numpy() & np.isfinite(end)
    backwards = known & (event == 1) & (end < left - _NEAR)
    kept = known & ~backwards
    if not kept.all():
        why = f"overall survival unknown {int((~known).sum())}, ended before relapse {int(backwards.sum())}"
        analysis = analysis.without(kept, name="Relapse and death agree", why=why)
        own, end, event, left = own[kept], end[kept], event[kept], left[kept]
    dead = own[OS.event].to_numpy(float) == 1
    together = (event == 1) & dead & (np.abs(end - left) <= _NEAR)
    to = np.where((event == 2) | together, 2, event)
    relapsed = to == RELAPSED
    return analysis, Histories(left, to, np.where(relapsed, end, left), relapsed & dead)


def _transitions(analysis: AnalysisSet, histories: Histories) -> tuple[AnalysisSet, AnalysisSet, AnalysisSet]:
    """Return the patients at risk of each transition, with its event."""
    frame, to = analysis.frame, histories.to
    first, second = (replace(analysis, frame=frame.assign(event=(to == k).astype(int))) for k in (1, 2))
    after = (to == RELAPSED) & (histories.end > histories.left + _NEAR)
    entered = frame.assign(
        entry=histories.left, months=histories.end, event=(histories.died & (to == RELAPSED)).astype(int)
    )
    gone = replace(analysis, frame=entered).without(after, name="Relapsed", why="no relapse, or no follow-up after it")
    return first, second, replace(gone, selected=gone.n)


def _row(analysis: AnalysisSet, name: str, adjust: Sequence[str], strata: Sequence[str]) -> EffectEstimate:
    """Return the effect on one transition; a row that says so where it cannot be estimated."""
    estimand = "interaction" if analysis.marker and analysis.has_both_arms else (
        "prognostic" if analysis.marker else "treatment_effect"
    )  # fmt: skip
    try:
        if estimand == "interaction":
            row = one_interaction(analysis, adjust=adjust, strata=strata).judged
        else:
            row = cox(analysis, adjust=adjust, strata=strata).effect
    except AnalysisError as reason:
        base = analysis.describe(estimand) | {"estimand": estimand, "scale": "binary", "model": "cox"}
        row = EffectEstimate(**base, status="not_estimable", remark=str(reason))
    late = ("survivors_to_relapse",) if name == TRANSITIONS[2] else ()
    endpoint = analysis.endpoint.code if name == TRANSITIONS[0] else ""
    return replace(
        row, term=name, endpoint=endpoint, flags=(*row.flags, *late), term_p=None,
        remark=row.remark or f"Transition: {name}.",
    )  # fmt: skip


def _occupied(groups: Groups, histories: Histories, times: float | Sequence[float]) -> pd.DataFrame:
    import pandas as pd

    at: FloatArray = np.unique([check_horizon(groups, float(time)) for time in one_or_more(times)])
    z, rows = float(ndtri(0.975)), []
    for code, level in enumerate(groups.levels):
        found = occupation(histories.part(groups.rows(code)), at)
        for k, time in enumerate(at):
            for s, state in enumerate(STATES):
                p, se = float(found.probability[k, s]), float(found.se[k, s])
                rows.append((level, float(time), state, p, se, max(p - z * se, 0.0), min(p + z * se, 1.0),
                             float(found.months[k, s]), float(found.months_se[k, s])))  # fmt: skip
    names = ["group", "time", "state", "probability", "se", "ci_low", "ci_high", "months", "months_se"]
    return pd.DataFrame(rows, columns=names)
