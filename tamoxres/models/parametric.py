"""Parametric survival models: Weibull, log-normal, log-logistic, generalized gamma, and a flexible spline.

Conventions: the competing deaths of an endpoint are censored (the hazard is cause-specific). The first four are
accelerated failure time models: a time ratio (TR) of 2 means that events come twice as late. The Weibull model is one
of proportional hazards too and gives hazard ratios beside time ratios; the spline (Royston-Parmar: the log cumulative
hazard is a natural cubic spline of log time) gives hazard ratios. Patients censored at 0 months say nothing about any
distribution and leave; an event at 0 is refused. Delayed entry is left truncation.

References
----------
Kalbfleisch JD, Prentice RL 2002, chapter 3. Cox C, Chu H, Schneider MF, Munoz A 2007, Stat Med 26:4352. Royston P,
Parmar MKB 2002, Stat Med 21:2175. Latimer NR 2013, Med Decis Making 33:743 (extrapolated means).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import chdtrc, ndtri

from ..analysis import AnalysisSet
from ..analysis.design import LEVEL, Design, Term, complete_cases, make_design
from ..analysis.follow_up import delayed_entry
from ..effects import EffectEstimate
from ..errors import AnalysisError, NotConverged, QuestionError
from ..tables.cells import effect_cell, interval_cell, p_cell
from ..tables.effects import EffectRows
from ..tables.shown import ShowsEffects
from ..tables.table import Cell, Column, Row, Table
from ..vocabulary import DISTRIBUTIONS, Distribution, FloatArray, choose, one_or_more
from ..wording import count, number, percent
from ..wording.codes import flag_sentences
from .cox import refuse_empty_levels, sparseness, term_row
from .parametric_predict import LevelEstimate
from .standardise import set_levels

if TYPE_CHECKING:
    from ..kernel.newton import Climb
    from .parametric_fit import Family, Times

__all__ = ["Parameter", "ParametricModel", "parametric"]

_MEASURES: dict[str, tuple[str, ...]] = {"weibull": ("HR", "TR"), "spline": ("HR",)}
_TITLES = {
    "weibull": "Weibull", "lognormal": "Log-normal", "loglogistic": "Log-logistic", "gengamma": "Generalized gamma",
    "spline": "Flexible spline",
}  # fmt: skip
_SHAPES = {
    "weibull": ("log(shape)",), "lognormal": ("log(sigma)",), "loglogistic": ("log(shape)",),
    "gengamma": ("log(sigma)", "Q"),
}  # fmt: skip
_COLLAPSED = 7.0  # log of a shape or sigma beyond which times are foretold exactly: the likelihood has no maximum
_RUNAWAY = 1e-3  # a last step this long, in standard deviations of a column, means that there is no finite maximum


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of the model: its name, estimate and standard error."""

    name: str
    estimate: float
    se: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ParametricModel(ShowsEffects):
    """A fitted parametric survival model.

    Attributes
    ----------
    analysis : AnalysisSet
        The complete cases with follow-up above 0.
    design : Design
    distribution : "weibull" | "lognormal" | "loglogistic" | "gengamma" | "spline"
    knots : tuple of float
        Of the spline, in months, with the outer ones; empty otherwise.
    coefficients : array of float, shape (k,)
        Intercept, one a column of the design, then the shapes, named in `parameters`. The intercept and the columns
        are of the log time, or of the log cumulative hazard (spline).
    covariance : array of float, shape (k, k)
    loglik : float
    focus : str
        `marker` or `treatment`.
    sparse : tuple of str
        Flags of every row: few events for the parameters, or on one side of a column.
    """

    analysis: AnalysisSet
    design: Design
    distribution: Distribution
    knots: tuple[float, ...]
    coefficients: FloatArray
    covariance: FloatArray
    loglik: float
    focus: str
    sparse: tuple[str, ...] = ()

    @property
    def aic(self) -> float:
        """Akaike's criterion; comparable between distributions fitted to the same patients."""
        return 2 * len(self.coefficients) - 2 * self.loglik

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """All parameters, as they stand in `coefficients`."""
        shapes = _SHAPES.get(self.distribution) or [f"gamma {i}" for i in range(1, len(self.knots))]
        se = np.sqrt(np.diag(self.covariance))
        names = ("intercept", *self.design.names, *shapes)
        return tuple(map(Parameter, names, self.coefficients.tolist(), se.tolist()))

    @property
    def effect(self) -> EffectEstimate:
        """The row of the marker (or, without one, of the treatment): a hazard ratio where the model has one."""
        return self._row(self.design.term(self.focus), 0, self._measures[0])

    @property
    def effects(self) -> EffectRows:
        """One row for each column; of the Weibull model first all hazard ratios, then all time ratios."""
        terms = [(term, i) for term in self.design.terms for i in range(len(term.columns))]
        return EffectRows(self._row(term, i, measure) for measure in self._measures for term, i in terms)

    @property
    def flags(self) -> tuple[str, ...]:
        """Codes of what must be said of the rows, then of the means: `extrapolated_mean`, `not_estimable`."""
        means = (flag for row in self.mean_survival() for flag in row.flags)
        return tuple(dict.fromkeys((*self.effects.flags, *means)))

    @property
    def _measures(self) -> tuple[str, ...]:
        return _MEASURES.get(self.distribution, ("TR",))

    @property
    def _family(self) -> Family:
        from .parametric_fit import family_of

        return family_of(self.distribution, self.knots)

    def _gradient(self, columns: Sequence[int], measure: str) -> FloatArray:
        """Derivatives of log ratios by the parameters, shape (columns, k)."""
        gradient = np.zeros((len(columns), len(self.coefficients)))
        rows, places = np.arange(len(columns)), np.asarray(columns) + 1
        gradient[rows, places] = 1.0
        if self.distribution == "weibull" and measure == "HR":  # log HR = -shape x log TR
            shape = np.exp(self.coefficients[-1])
            gradient[rows, places] = -shape
            gradient[:, -1] = -shape * self.coefficients[places]
        return gradient

    def _ratios(self, columns: Sequence[int], measure: str) -> tuple[FloatArray, FloatArray]:
        """Log ratios of some columns, shape (c,), and their covariance, shape (c, c)."""
        gradient = self._gradient(columns, measure)
        places = np.asarray(columns) + 1
        return gradient[np.arange(len(places)), places] * self.coefficients[places], (
            gradient @ self.covariance @ gradient.T
        )

    def _row(self, term: Term, i: int, measure: str) -> EffectEstimate:
        points, covariance = self._ratios(term.columns, measure)
        return EffectEstimate(
            **term_row(self.analysis, term, i, self.sparse), measure=measure,  # type: ignore[arg-type]
            log_estimate=float(points[i]), se=float(np.sqrt(covariance[i, i])), se_kind="model",
            adjusted_for=tuple(t.name for t in self.design.terms if t.name not in (self.focus, term.name)),
            term=self.design.names[term.columns[i]],
            term_p=float(chdtrc(len(points), points @ np.linalg.solve(covariance, points))),
            model="flexible" if self.distribution == "spline" else self.distribution, engine="lifelines",
        )  # fmt: skip

    def survival(self, times: float | Sequence[float], *, level: float = 0.95) -> tuple[LevelEstimate, ...]:
        """Return survival at some times by level of the marker, averaged over the covariates of all patients.

        Parameters
        ----------
        times : float or sequence of float
            Months, above 0; beyond the last follow-up they rest on the distribution alone.
        level : float
            Of the intervals, which are symmetric for log(-log survival).

        Raises
        ------
        QuestionError
            If a time is not above 0.
        """
        from .parametric_predict import level_survival

        months = np.asarray(one_or_more(times), float)
        if not (months > 0).all():
            raise QuestionError(f"Survival is asked for at {months.min():g} months; give times above 0.")
        z = float(ndtri((1 + level) / 2))
        return level_survival(self._family, self.coefficients, self.covariance, self._worlds(), months, z)

    def mean_survival(self, *, level: float = 0.95) -> tuple[LevelEstimate, ...]:
        """Return mean survival in months by level of the marker, averaged over the covariates of all patients.

        The mean is that of the whole distribution: the share of it that lies beyond the last follow-up is extrapolated.

        Parameters
        ----------
        level : float
            Of the intervals, which are symmetric on the log scale.
        """
        from .parametric_predict import level_means

        z, last = float(ndtri((1 + level) / 2)), float(self.analysis.frame["months"].max())
        return level_means(self._family, self.coefficients, self.covariance, self._worlds(), last, z)

    def _worlds(self) -> dict[str, FloatArray]:
        """The design with all patients at one level of the focus, for each level, the reference first."""
        term = self.design.term(self.focus)
        return {level: set_levels(self.design, {self.focus: level}) for level in (term.reference, *term.levels)}

    def table(self) -> Table:
        """Print the model: a row for each coefficient, its ratios and their P."""
        columns = [Column("Coefficient")]
        for measure in self._measures:
            columns += [Column(f"{measure} (95% CI)", "ratio"), Column("P", "p")]
        width, effects = len(self.design.names), self.effects
        rows = []
        for i, name in enumerate(self.design.names):
            cells = [Cell(name)]
            for row in effects[i::width]:
                cells += [effect_cell(row), p_cell(row.p_value, row.row_id)]
            rows.append(Row(tuple(cells)))
        shapes = [p for p in self.parameters if p.name not in self.design.names]
        words = ", ".join(f"{p.name} {number(p.estimate, 3)} (SE {number(p.se, 3)})" for p in shapes)
        knots = f" Knots at {', '.join(f'{knot:.1f}' for knot in self.knots)} months." if self.knots else ""
        return Table(
            title=f"{_TITLES[self.distribution]} model of {self.analysis.endpoint.code}: {self.analysis.cohort.title}",
            columns=tuple(columns), rows=tuple(rows),
            footnotes=(
                f"{count(self.analysis.n)} patients, {count(self.analysis.events)} events.",
                f"Log likelihood {number(self.loglik, 2)}, AIC {number(self.aic, 2)}; {words}.{knots}",
                *flag_sentences(self.sparse),
            ),
        )  # fmt: skip

    def survival_table(self, times: float | Sequence[float]) -> Table:
        """Print survival at some times (months) and mean survival, by level of the marker."""
        by_level: dict[str, list[Cell]] = {}
        for row in self.survival(times):
            by_level.setdefault(row.level, [Cell(row.level)]).append(_interval(row))
        means = self.mean_survival()
        for row in means:
            by_level[row.level] += [
                _interval(row),
                Cell("" if row.flags == ("not_estimable",) else percent(row.beyond)),
            ]
        heads = [
            Column(self.focus.capitalize()),
            *(Column(f"{time:g} months (95% CI)", "number") for time in one_or_more(times)),
        ]
        return Table(
            title=f"{_TITLES[self.distribution]} model: survival by {self.focus}",
            columns=(*heads, Column("Mean, months (95% CI)", "number"), Column("Of it beyond follow-up", "number")),
            rows=tuple(Row(tuple(cells)) for cells in by_level.values()),
            footnotes=tuple(_MEAN_NOTES[flag] for row in means for flag in row.flags),
        )

    def to_lifelines(self) -> Any:
        """Return the model as lifelines' fitted fitter, for its plots and predictions.

        Raises
        ------
        NotConverged
            If lifelines does not take the maximum for one.
        """
        from .parametric_fit import lifelines_fitter

        data = _times(self.analysis, self.design)
        return lifelines_fitter(self.design.names, data, self._family, self.coefficients, self.covariance)

    def __str__(self) -> str:
        return f"{self.effect}; {_TITLES[self.distribution]} model, AIC {number(self.aic, 1)}"


_MEAN_NOTES = {
    "extrapolated_mean": "A mean reaches beyond the last follow-up, where it rests on the distribution alone.",
    "not_estimable": "The distribution's mean is infinite, so none is given.",
}


def _interval(row: LevelEstimate) -> Cell:
    return interval_cell((row.estimate, row.ci_low, row.ci_high), is_ratio=False)


def parametric(
    analysis: AnalysisSet,
    *,
    adjust: str | Sequence[str] = (),
    distribution: Distribution = "weibull",
    knots: int | Sequence[float] | None = None,
) -> ParametricModel:
    """Fit a parametric survival model of the marker (or, without a marker, of the treatment).

    Parameters
    ----------
    analysis : AnalysisSet
    adjust : str or sequence of str
        Covariates; numbers enter per unit, levels against their reference.
    distribution : "weibull" | "lognormal" | "loglogistic" | "gengamma" | "spline"
    knots : int or sequence of float, optional
        Of the spline alone: how many inner knots, at quantiles of the log event times (2 if None; 0 is the Weibull
        model), or their months. The outer ones stand at the first and the last event.

    Returns
    -------
    ParametricModel

    Raises
    ------
    QuestionError
        If the distribution is unknown, or knots are given to another one than the spline.
    AnalysisError
        If a level has no events, a column is constant or collinear, a patient has an event at 0 months, knots do not
        increase between the first and the last event, or there is no maximum (NotConverged).

    Examples
    --------
    >>> import tamoxres as tr
    >>> gbsg = tr.select(tr.load("gbsg"), endpoint="RFS", er="any", treatment="any")
    >>> print(parametric(gbsg, distribution="lognormal", adjust="nodes"))
    GBSG trial 2 RFS treatment_effect: TR 1.40 (1.15-1.69), P < 0.001; Log-normal model, AIC 3133.1
    """
    choose("distribution", distribution, DISTRIBUTIONS)
    if knots is not None and distribution != "spline":
        raise QuestionError(f"Knots belong to the spline; {distribution} has none. Leave them out.")
    from .parametric_fit import fit_family

    focus = "marker" if analysis.marker else "treatment"
    terms = list(dict.fromkeys([focus, *one_or_more(adjust)]))
    complete = _with_follow_up(complete_cases(analysis, terms, honours=LEVEL, estimator="A parametric model"))
    frame = complete.frame
    event = frame["event"].to_numpy() == 1
    if not event.any():
        raise AnalysisError(f"{complete}: no events, so no ratio can be estimated.")
    design = make_design(frame, terms)
    refuse_empty_levels(design, event)
    times = _times(complete, design)
    where = _knots(times, 2 if knots is None else knots) if distribution == "spline" else ()
    top, covariance = fit_family(distribution, times, where)
    if not _is_maximum(top, covariance, len(design.names), spline=distribution == "spline"):
        raise NotConverged(
            f"The {_TITLES[distribution].lower()} model did not converge on {complete.n:,} patients and "
            f"{complete.events:,} events.", mend="Adjust for fewer covariates, or choose another distribution.",
        )  # fmt: skip
    return ParametricModel(
        analysis=complete, design=design, distribution=distribution, knots=where, coefficients=top.beta,
        covariance=covariance, loglik=float(top.state.loglik), focus=focus, sparse=sparseness(design, event),
    )  # fmt: skip


def _is_maximum(top: Climb, covariance: FloatArray, columns: int, *, spline: bool) -> bool:
    """Whether a climb ended at a finite maximum with a covariance, and not where sigma runs to 0."""
    still = top.converged and bool(np.abs(top.step).max() < _RUNAWAY)
    bounded = spline or abs(float(top.beta[columns + 1])) < _COLLAPSED
    return still and bounded and bool((np.diag(covariance) > 0).all())


def _with_follow_up(analysis: AnalysisSet) -> AnalysisSet:
    """Leave out those censored at 0 months; refuse events there, whose log time no distribution has."""
    frame = analysis.frame
    nothing = frame["months"].to_numpy() <= 0
    if not nothing.any():
        return analysis
    at_once = nothing & (frame["event"].to_numpy() == 1)
    if at_once.any():
        raise AnalysisError(
            f"{int(at_once.sum()):,} patient(s) have the event at 0 months, the first is "
            f"{frame.index[at_once][0]!r}: no parametric distribution has events there. Leave them out, or use cox."
        )
    return analysis.without(~nothing, name="Follow-up above 0", why=f"censored at 0 months {int(nothing.sum()):,}")


def _times(analysis: AnalysisSet, design: Design) -> Times:
    from .parametric_fit import Times

    frame = analysis.frame
    entry = delayed_entry(frame)
    return Times(
        time=frame["months"].to_numpy(float), event=frame["event"].to_numpy() == 1, x=design.x,
        entry=np.zeros(len(frame)) if entry is None else np.maximum(entry, 0.0),
    )  # fmt: skip


def _knots(times: Times, knots: int | Sequence[float]) -> tuple[float, ...]:
    """Return the knots in months, with the outer ones at the first and the last event."""
    events = np.log(times.time[times.event])
    if isinstance(knots, int):
        if not 0 <= knots < len(np.unique(events)) - 1:
            raise AnalysisError(f"{knots} inner knots cannot stand between {len(np.unique(events))} event times.")
        inner = np.quantile(events, np.arange(1, knots + 1) / (knots + 1))
    else:
        inner = np.log(np.asarray(knots, float).clip(1e-300))
    where = np.array([events.min(), *inner, events.max()])
    if (np.diff(where) <= 0).any():
        shown = ", ".join(f"{knot:g}" for knot in np.exp(where))
        raise AnalysisError(f"Knots at {shown} months do not increase from the first event to the last. Use fewer.")
    return tuple(np.exp(where).tolist())
