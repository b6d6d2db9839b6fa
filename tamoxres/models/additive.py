"""Interaction on additive scales: of risks, of mean survival times, and as relative excess risk (RERI).

Conventions: the interaction of risk (or of restricted means) is the treatment's difference when the marker is altered
less that when it is unaltered, crude, each cell by its own curve. Where deaths compete, risk is the cumulative
incidence and the mean is time lost. RERI is made of the adjusted Cox model's hazard ratios with the lowest-risk cell
as reference, each factor turned so that it raises the hazard from there (Knol 2011); it is approximate, and another
coding of a protective factor gives another RERI, even of another sign. The additive verdict rests on risks and means.

References
----------
Rothman KJ 1986. Hosmer DW, Lemeshow S 1992, Epidemiology 3:452. Knol MJ et al. 2011, doi:10.1007/s10654-011-9554-9.
Li R, Chambless L 2007, doi:10.1016/j.annepidem.2006.10.008 (hazard ratios).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..analysis import AnalysisSet
from ..analysis.uncut import refuse_uncut
from ..effects import EffectEstimate
from ..errors import AnalysisError
from ..inference.verdict import design_flags
from ..tables.effects import EffectRows
from ..tables.shown import ShowsEffects
from ..vocabulary import FloatArray, one_or_more
from ..wording import number_with_interval, p_value
from .contrasted import PRODUCT
from .cox import CoxModel, fit_terms
from .grouping import Groups, check_horizon, group_patients
from .incidence import aalen_johansen
from .rmst import mean_survival, mean_time_lost
from .survival import product_limit

__all__ = ["AdditiveInteraction", "Reri", "additive_interaction", "reri"]

_CELLS = ("unaltered untreated", "unaltered treated", "altered untreated", "altered treated")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reri:
    """Relative excess risk due to interaction, with its standard error and reference cell.

    Attributes
    ----------
    estimate, se : float
    reference : tuple of int
        (treatment, marker) of the reference cell, 0 or 1 each.
    """

    estimate: float
    se: float
    reference: tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class AdditiveInteraction(ShowsEffects):
    """Interaction of marker and treatment on additive scales.

    Attributes
    ----------
    risk, mean : EffectEstimate
        Interaction of the risk difference (RD) and of the mean (RMSTD, or RMTLD where deaths compete) at the horizon.
    risk_by_marker, mean_by_marker : tuple of EffectEstimate
        The treatment's difference when the marker is unaltered, and when it is altered.
    excess : EffectEstimate
        RERI from the adjusted hazard ratios, approximate; its `term` names the reference cell.
    horizon : float, months
    """

    risk: EffectEstimate
    mean: EffectEstimate
    risk_by_marker: tuple[EffectEstimate, EffectEstimate]
    mean_by_marker: tuple[EffectEstimate, EffectEstimate]
    excess: EffectEstimate
    horizon: float

    @property
    def effects(self) -> EffectRows:
        """All rows: interactions first."""
        return EffectRows([self.risk, self.mean, self.excess, *self.risk_by_marker, *self.mean_by_marker])

    def __str__(self) -> str:
        return "\n".join(
            f"{row.term}: {number_with_interval(row.difference, *row.ci(), decimals=3)}, "
            f"{p_value(row.p_value, label=True)}"
            for row in (self.risk, self.mean, self.excess)
        )


def reri(coefficients: FloatArray, covariance: FloatArray, *, reference: tuple[int, int] | None = None) -> Reri:
    """Compute RERI from the log hazard ratios of treatment, marker and their product, by the delta method.

    Parameters
    ----------
    coefficients : array of float, shape (3,)
        Treatment, marker, product.
    covariance : array of float, shape (3, 3)
    reference : (treatment, marker), optional
        The cell that others are compared with; the one of lowest hazard, if None.

    Returns
    -------
    Reri

    Examples
    --------
    >>> import numpy as np
    >>> round(reri(np.log([2.0, 3.0, 1.0]), np.eye(3) / 100, reference=(0, 0)).estimate, 6)
    2.0
    """
    weights = {(t, m): np.array([t, m, t * m], float) for t in (0, 1) for m in (0, 1)}
    logs = {cell: float(weight @ coefficients) for cell, weight in weights.items()}
    chosen = min(logs, key=lambda cell: logs[cell]) if reference is None else reference
    turned = 1 - chosen[0], 1 - chosen[1]
    signs = {turned: 1.0, (turned[0], chosen[1]): -1.0, (chosen[0], turned[1]): -1.0}
    ratios = {cell: float(np.exp(logs[cell] - logs[chosen])) for cell in signs}
    gradient = sum(
        (sign * ratios[cell] * (weights[cell] - weights[chosen]) for cell, sign in signs.items()), np.zeros(3)
    )
    estimate = 1 + sum(sign * ratios[cell] for cell, sign in signs.items())
    return Reri(estimate=estimate, se=float(np.sqrt(gradient @ covariance @ gradient)), reference=chosen)


def additive_interaction(
    analysis: AnalysisSet,
    *,
    adjust: str | Sequence[str] = (),
    strata: str | Sequence[str] = (),
    horizon: float = 120.0,
) -> AdditiveInteraction:
    """Estimate the interaction of marker and treatment on additive scales.

    Parameters
    ----------
    analysis : AnalysisSet
        Selected with a marker and `treatment="any"`.
    adjust, strata : str or sequence of str
        Of the model that RERI rests on.
    horizon : float, months
        Within the follow-up of all four cells.

    Returns
    -------
    AdditiveInteraction

    Raises
    ------
    AnalysisError
        If there is no marker, one arm only, a cell without patients, or a horizon beyond follow-up.

    Examples
    --------
    >>> import tamoxres as tr
    >>> her2 = tr.call(tr.load("metabric"), "HER2")
    >>> both = tr.select(her2, marker="HER2", endpoint="BCSS", treatment="any")
    >>> [effect.measure for effect in additive_interaction(both, adjust="age", horizon=120).effects][:3]
    ['RD', 'RMTLD', 'RERI']
    """
    if not analysis.marker or not analysis.has_both_arms:
        raise AnalysisError(
            "An interaction needs a marker and both arms.", mend="Select with marker=... and treatment='any'."
        )
    cells = _cells(analysis)
    end = check_horizon(cells, horizon)
    refuse_uncut(analysis, "An additive interaction")
    model = fit_terms(analysis, ["treatment", "marker", PRODUCT, *one_or_more(adjust)], strata=strata)
    competing = bool(analysis.endpoint.competing)
    risks, means = ([_at(cells, code, end, what, competing) for code in range(4)] for what in ("risk", "mean"))
    measure = "RMTLD" if competing else "RMSTD"
    return AdditiveInteraction(
        risk=_interaction(analysis, "RD", risks, f"risk at {horizon:g} months"),
        mean=_interaction(analysis, measure, means, f"mean to {horizon:g} months"),
        risk_by_marker=_by_marker(analysis, "RD", risks, f"risk at {horizon:g} months"),
        mean_by_marker=_by_marker(analysis, measure, means, f"mean to {horizon:g} months"),
        excess=_excess(model),
        horizon=horizon,
    )


def _cells(analysis: AnalysisSet) -> Groups:
    """Number the four cells: twice the marker plus the treatment."""
    marker, treatment = (
        group_patients(analysis, by, estimator="The additive interaction", absolute=True)
        for by in ("marker", "treatment")
    )
    codes = 2 * marker.codes + treatment.codes
    present = set(codes.tolist())
    if len(marker.levels) != 2 or len(present) != 4:
        empty = next(cell for code, cell in enumerate(_CELLS) if code not in present or len(marker.levels) != 2)
        raise AnalysisError(f"{analysis}: nobody is {empty}, so there is no interaction to estimate.")
    return replace(marker, by=None, label="cells", levels=_CELLS, codes=codes)


def _at(cells: Groups, code: int, horizon: float, what: str, competing: bool) -> tuple[float, float]:
    """Return the risk at the horizon, or the mean to it, of one cell, with its variance."""
    rows = cells.rows(code)
    time, event = cells.months[rows], cells.event[rows]
    entry = None if cells.entry is None else cells.entry[rows]
    if what == "mean":
        mean = (mean_time_lost if competing else mean_survival)(time, event, horizon, entry)
        return mean.estimate, mean.se**2
    if competing:
        fitted = aalen_johansen(time, event, entry)
        values, errors = fitted.incidence[0], fitted.se[0]
    else:
        limit = product_limit(time, event, entry)
        values, errors = 1 - limit.survival, limit.se
    at = int(np.searchsorted(np.unique(time), horizon, side="right")) - 1
    if at < 0:
        return 0.0, 0.0
    return float(values[at]), float(np.nan_to_num(errors[at])) ** 2


def _interaction(analysis: AnalysisSet, measure: Any, cells: list[tuple[float, float]], term: str) -> EffectEstimate:
    point = (cells[3][0] - cells[2][0]) - (cells[1][0] - cells[0][0])
    about = {"estimand": "interaction", "term": f"interaction, {term}"}
    return _row(analysis, measure, point, sum(variance for _, variance in cells), about)


def _by_marker(
    analysis: AnalysisSet, measure: Any, cells: list[tuple[float, float]], term: str
) -> tuple[EffectEstimate, EffectEstimate]:
    rows = []
    for level, (none, treated) in (("unaltered", cells[:2]), ("altered", cells[2:])):
        part = analysis.part("marker", level)
        about: dict[str, Any] = {"estimand": "treatment_effect", "marker_level": level}
        counts = group_patients(part, "treatment").describe() if part.has_both_arms else {}
        about |= {
            k: counts[k] for k in ("n", "events", "n_1", "events_1", "n_0", "events_0", "person_years") if k in counts
        }
        rows.append(_row(analysis, measure, treated[0] - none[0], treated[1] + none[1], about | {"term": term}))
    return rows[0], rows[1]


def _row(analysis: AnalysisSet, measure: Any, point: float, variance: float, about: dict[str, Any]) -> EffectEstimate:
    base = analysis.describe(about["estimand"]) | {"model": "curves", "scale": "binary"} | about
    flags = (*base["flags"], *design_flags(analysis.design))
    if variance > 0:
        base |= {"difference": point, "se": float(np.sqrt(variance)), "flags": flags}
    else:
        base |= {"status": "not_estimable", "flags": (*flags, "no_events_by_horizon")}
    return EffectEstimate(**base, measure=measure)


def _excess(model: CoxModel) -> EffectEstimate:
    columns = [model.design.term(name).columns[0] for name in ("treatment", "marker", PRODUCT)]
    excess = reri(model.coefficients[columns], model.covariance[np.ix_(columns, columns)])
    cell = _CELLS[2 * excess.reference[1] + excess.reference[0]]
    row = model.analysis.describe("interaction")
    row["flags"] = (*row["flags"], "approximate_reri", *design_flags(model.analysis.design))
    return EffectEstimate(
        **row,
        estimand="interaction",
        scale="binary",
        measure="RERI",
        difference=excess.estimate,
        se=excess.se,
        adjusted_for=model.adjusted_for,
        strata=model.strata,
        term=f"RERI, reference {cell}",
        variable="cell of treatment and marker",
        group_0=cell,
        model="cox",
        ties=model.ties,
    )
