"""Cox regression of one analysis set: marker (or treatment), covariates, strata.

Conventions: Efron ties unless Breslow is asked for; the competing deaths of an endpoint are censored (the hazard is
cause-specific); coefficients are log hazard ratios; numbers enter per unit, levels against their reference. `kernel`
fits every model. With `engine="lifelines"`, lifelines fits it from there to the end of double precision (its default
stops 5e-5 off), except where it cannot or takes seconds: Breslow ties, delayed entry, more than 20,000 patients.

References
----------
Cox DR 1972, J R Stat Soc B 34:187. Efron B 1977, JASA 72:557. Therneau TM, Grambsch PM 2000, Modeling Survival Data.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Unpack

import numpy as np
from scipy.special import chdtrc

from ..analysis import AnalysisSet
from ..analysis.design import Design, Term, complete_cases, make_design, parts_of, term_values
from ..analysis.design_terms import check_products, is_centred
from ..analysis.exposure import begins_later, start_stop
from ..effects import EffectEstimate
from ..errors import AnalysisError
from ..kernel.cox import CoxFit
from ..tables.effects import EffectRows
from ..tables.hazards import hazard_table
from ..tables.shown import ShowsEffects
from ..tables.table import Table
from ..vocabulary import Engine, FloatArray, Ties, Weights, one_or_more
from .engine import (
    Choices,
    ModelChoices,
    covariance_of,
    kernel_fit,
    kernel_nested,
    lifelines_cox,
    lifelines_fit,
    resolve,
)
from .estimable import refuse_empty_levels, refuse_unestimable, sparseness
from .proportional import ProportionalTest, proportional_test

if TYPE_CHECKING:
    import pandas as pd
    from lifelines import CoxPHFitter

__all__ = [
    "CoxModel",
    "cox",
    "fit_nested",
    "fit_terms",
    "group_counts",
    "refuse_empty_levels",
    "sparseness",
    "term_row",
    "unfitted",
]

_LIFELINES_PATIENTS = 20_000  # beyond, lifelines takes seconds


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CoxModel(ShowsEffects):
    """A fitted Cox model: what was fitted, to whom, and with what result.

    Attributes
    ----------
    analysis : AnalysisSet
        The complete cases.
    design : Design
    coefficients : array of float, shape (p,)
        Log hazard ratios, in the order of `design.names`.
    covariance : array of float, shape (p, p)
    loglik : float
    ties : "efron" | "breslow"
    strata : tuple of str
    focus : str
        The term the question is about: `marker` or `treatment`.
    row_flags : tuple of str
        Codes of what must be said of every row, beside those of its patients.
    engine, weights, cluster : str
        With sampling weights or clusters the covariance is robust.
    start_stop : DataFrame or None
        The rows fitted, where treatment counts from its start; else they are the patients.
    kind : "cox" | "firth"
        The likelihood that was maximised.
    fit : CoxFit or None
        The kernel's own fit; None where another likelihood gave the coefficients.
    """

    analysis: AnalysisSet
    design: Design
    coefficients: FloatArray
    covariance: FloatArray
    loglik: float
    ties: Ties
    strata: tuple[str, ...]
    focus: str
    row_flags: tuple[str, ...] = ()
    engine: Engine = "kernel"
    weights: Weights = "none"
    cluster: str = ""
    start_stop: pd.DataFrame | None = None
    kind: str = "cox"
    fit: CoxFit | None = None

    def on_kernel(self) -> CoxFit:
        """Return the kernel's fit of this model, of which residuals, tests and profiles are made."""
        return self.fit or kernel_fit(self.frame, self.design, self.choices, start=self.coefficients)

    @property
    def frame(self) -> pd.DataFrame:
        """The rows fitted, one a row of the design: patients, or start-stop rows."""
        return self.analysis.frame if self.start_stop is None else self.start_stop

    @property
    def choices(self) -> Choices:
        """How it was fitted."""
        how = {name: getattr(self, name) for name in ("strata", "ties", "engine", "weights", "cluster")}
        return Choices(**how)

    @property
    def fitted_as(self) -> dict[str, Any]:
        """What a row says of the model beside its numbers: strata, ties, engine, weights, clusters, kind of error."""
        return {
            "strata": self.strata, "ties": self.ties, "engine": self.engine, "cluster": self.cluster,
            "weights": "sampling" if self.weights == "sampling" else "", "model": self.kind,
            "se_kind": "robust" if self.choices.robust else "model",
        }  # fmt: skip

    @property
    def adjusted_for(self) -> tuple[str, ...]:
        """Terms of the model beside what the question is about: treatment is one of a marker's model."""
        names = [term.name for term in self.design.terms]
        asked = {"marker", "treatment"} if {"treatment:marker", "marker:treatment"} & set(names) else {self.focus}
        return tuple(name for name in names if not set(parts_of(name)) <= asked)

    @property
    def effect(self) -> EffectEstimate:
        """The row of the term the question is about."""
        return self.rows(self.design.term(self.focus))[0]

    @property
    def effects(self) -> EffectRows:
        """One row for each coefficient, each with its term's global P."""
        return EffectRows(row for term in self.design.terms for row in self.rows(term))

    def term_p(self, term: Term) -> float:
        """Return the P of the Wald test that all coefficients of a term are 0."""
        index = list(term.columns)
        beta = self.coefficients[index]
        statistic = float(beta @ np.linalg.solve(self.covariance[np.ix_(index, index)], beta))
        return float(chdtrc(len(index), statistic))

    def rows(self, term: Term) -> list[EffectEstimate]:
        """Return the effect rows of one term, one a column of the design."""
        return [self._row(term, i) for i in range(len(term.columns))]

    def _row(self, term: Term, i: int) -> EffectEstimate:
        position = term.columns[i]
        row = term_row(self.analysis, term, i, self.row_flags)
        columns = {part for one in self.design.terms for part in parts_of(one.name)} | set(self.strata)
        if term.name == "marker" and self.analysis.mixes_arms(columns):
            row |= {"estimand": "", "flags": (*row["flags"], "arms_mixed")}
        return EffectEstimate(
            **row,
            measure="HR",
            log_estimate=float(self.coefficients[position]),
            se=float(np.sqrt(self.covariance[position, position])),
            adjusted_for=tuple(name for name in self.adjusted_for if name != term.name),
            term=self.design.names[position],
            term_p=self.term_p(term),
            **self.fitted_as,
        )

    @property
    def proportional(self) -> ProportionalTest:
        """The score test of proportional hazards (`proportional_test` with the km transform)."""
        return proportional_test(self)

    def to_lifelines(self) -> CoxPHFitter:
        """Return lifelines' own fit of this model to the same patients, for its plots and predictions.

        Raises
        ------
        AnalysisError
            If ties are Breslow's: lifelines has Efron's alone.

        Examples
        --------
        >>> import tamoxres as tr
        >>> model = cox(tr.select(tr.load("gbsg"), endpoint="RFS", er="any", treatment="any"))
        >>> round(float(model.to_lifelines().hazard_ratios_.iloc[0]), 3), round(model.effect.estimate, 3)
        (0.695, 0.695)
        """
        return lifelines_cox(self.frame, self.design, self.strata, self.ties, start=self.coefficients)

    def __str__(self) -> str:
        return str(self.effect)

    def table(self) -> Table:
        """Return the hazard ratios as a table, with their terms' P and the patients left out."""
        return hazard_table(self.effects, flow=self.analysis.flow)


_ESTIMANDS = {"marker": "prognostic", "treatment": "treatment_effect"}


def term_row(analysis: AnalysisSet, term: Term, i: int, flags: tuple[str, ...]) -> dict[str, Any]:
    """Return what an effect row says of a coefficient beside its numbers: of whom, what is compared, counts, flags."""
    estimand = _ESTIMANDS.get(term.name, "")
    row, about = analysis.describe(estimand) | group_counts(analysis, term, i), _about(analysis, term, i)
    return row | about | {"flags": (*row["flags"], *flags, *about.get("flags", ())), "estimand": estimand}


def _about(analysis: AnalysisSet, term: Term, i: int) -> dict[str, Any]:
    """Return the fields that say what a coefficient compares: levels of a covariate, or one unit of it."""
    if term.name == "marker" and analysis.uncut is not None:
        return analysis.uncut.fields()
    if term.name in _ESTIMANDS:
        return {"scale": "binary"}
    if len(parts_of(term.name)) > 1:
        return {"variable": term.name, "group_1": term.levels[i] if term.levels else "", "flags": ("product_term",)}
    if term.levels:
        return {"variable": term.name, "group_1": term.levels[i], "group_0": term.reference, "scale": "binary"}
    return {"variable": term.name, "scale": "per_unit"}


def cox(
    analysis: AnalysisSet,
    *,
    adjust: str | Sequence[str] = (),
    strata: str | Sequence[str] = (),
    ties: Ties = "efron",
    engine: Engine = "kernel",
    weights: Weights | None = None,
    cluster: str = "",
) -> CoxModel:
    """Fit the marker's (or, without a marker, the treatment's) hazard ratio, adjusted and stratified as asked.

    A marker selected with a `scale` enters as the number that was measured: per unit, per SD, per doubling.

    Parameters
    ----------
    analysis : AnalysisSet
    adjust : str or sequence of str
        Covariates; numbers enter per unit, levels against their reference.
    strata : str or sequence of str
        Columns with a baseline hazard for each level.
    ties : "efron" | "breslow"
    engine : "kernel" | "lifelines"
        Which of the two independent programs fits; they give the same numbers.
    weights : "sampling" | "none", optional
        The cohort's sampling weights, which are honoured where it declares them, or none. With them standard errors
        are robust (the sandwich) and P is Wald's; n and events stay counts of patients.
    cluster : str
        Column of patients who belong together, such as a hospital; standard errors are then robust, by cluster.

    Returns
    -------
    CoxModel

    Raises
    ------
    AnalysisError
        If the marker has one level, a level has no events, or a covariate is constant, collinear or separates.

    Examples
    --------
    >>> import tamoxres as tr
    >>> cox(tr.select(tr.load("gbsg"), endpoint="RFS", er="any", treatment="any")).effect.n
    686
    """
    focus = "marker" if analysis.marker else "treatment"
    adjust, strata = one_or_more(adjust), one_or_more(strata)
    check_products([focus, *adjust, *strata], marker=False)
    how: ModelChoices = {"strata": strata, "ties": ties, "engine": engine, "weights": weights, "cluster": cluster}
    return fit_terms(analysis, [focus, *adjust], **how)


def fit_terms(analysis: AnalysisSet, terms: str | Sequence[str], **how: Unpack[ModelChoices]) -> CoxModel:
    """Fit a Cox model with the given terms (`a:b` is an interaction); the first is what the question is about.

    Treatment that starts after time zero is fitted on start-stop rows, where the set has it so.
    """
    analysis, choices = resolve(analysis, how)
    terms = one_or_more(terms)
    prepared = _prepare(analysis, terms, choices)
    return _fitted(prepared, choices, terms[0], kernel_fit(prepared.frame, prepared.design, choices))


def unfitted(analysis: AnalysisSet, terms: Sequence[str], **how: Unpack[ModelChoices]) -> CoxModel:
    """Return a Cox model without coefficients (0, of unknown variance), for another likelihood to fit."""
    analysis, choices = resolve(analysis, how)
    prepared = _prepare(analysis, terms, choices)
    p = len(prepared.design.names)
    return _model(prepared, choices, terms[0], (np.zeros(p), np.full((p, p), np.nan), float("nan")), None)


def fit_nested(
    analysis: AnalysisSet, terms: Sequence[str], without: str, **how: Unpack[ModelChoices]
) -> tuple[CoxModel, CoxModel]:
    """Fit a Cox model, and the one without one of its terms to the same patients.

    Returns
    -------
    full, smaller : CoxModel
    """
    analysis, choices = resolve(analysis, how)
    prepared = _prepare(analysis, terms, choices)
    full, smaller = kernel_nested(prepared.frame, prepared.design, without, choices)
    rest = prepared._replace(design=prepared.design.without(without))
    return _fitted(prepared, choices, terms[0], full), _fitted(rest, choices, terms[0], smaller)


class _Prepared(NamedTuple):
    """The complete cases, the rows of their fit, its design, and whether these are start-stop rows of treatment."""

    complete: AnalysisSet
    frame: pd.DataFrame
    design: Design
    moving: bool


def _prepare(analysis: AnalysisSet, terms: Sequence[str], choices: Choices) -> _Prepared:
    """Keep the complete cases and make their design, refusing what has no events."""
    needed = [*terms, *choices.strata, *(["sampling_weight"] if choices.weights == "sampling" else [])]
    needed += [choices.cluster] if choices.cluster not in ("", "patient") else []
    complete = complete_cases(analysis, needed, honours=("start", "weights", "products", "level"))
    moving = begins_later(complete) and any("treatment" in parts_of(term) for term in terms)
    frame = start_stop(complete) if moving else complete.frame
    event = frame["event"].to_numpy() == 1
    if not event.any():
        raise AnalysisError(f"{complete}: no events, so no hazard ratio can be estimated.")
    design = make_design(frame, list(dict.fromkeys(terms)))
    refuse_empty_levels(design, event)
    return _Prepared(complete, frame, design, moving)


def _fitted(prepared: _Prepared, choices: Choices, focus: str, fit: CoxFit) -> CoxModel:
    """Make the model of the kernel's fit, with lifelines' numbers where asked for and able."""
    frame, design = prepared.frame, prepared.design
    refuse_unestimable(design, fit)
    fits_there = choices.ties == "efron" and len(frame) <= _LIFELINES_PATIENTS and not (frame["entry"] > 0).any()
    if choices.engine == "lifelines" and fits_there:
        numbers = lifelines_fit(frame, design, choices.strata, start=fit.coefficients)
    else:
        numbers = fit.coefficients, covariance_of(fit, frame, choices), float(fit.loglik)
    return _model(prepared, choices, focus, numbers, fit)


def _model(
    prepared: _Prepared,
    choices: Choices,
    focus: str,
    numbers: tuple[FloatArray, FloatArray, float],
    fit: CoxFit | None,
) -> CoxModel:
    complete, frame, design, moving = prepared
    flags = (*sparseness(design, frame["event"].to_numpy() == 1), *(("time_dependent_treatment",) if moving else ()))
    flags += ("centred_products",) if any(is_centred(term.name) for term in design.terms) else ()
    return CoxModel(
        analysis=complete, design=design, coefficients=numbers[0], covariance=numbers[1], loglik=numbers[2],
        ties=choices.ties, strata=tuple(choices.strata), focus=focus, row_flags=flags, engine=choices.engine,
        weights=choices.weights or "none", cluster=choices.cluster,
        start_stop=frame if moving else None, fit=fit,
    )  # fmt: skip


def group_counts(analysis: AnalysisSet, term: Term, i: int = 0) -> dict[str, int]:
    """Count patients and events at a level (`_1`) and at the reference (`_0`); nothing for numbers and products."""
    if not term.levels or len(parts_of(term.name)) > 1:
        return {}
    labels = term_values(analysis.frame, term.name).astype(str)
    event = analysis.frame["event"] == 1
    out = {}
    for suffix, level in (("1", term.levels[i]), ("0", term.reference)):
        out[f"n_{suffix}"] = int((labels == level).sum())
        out[f"events_{suffix}"] = int((event & (labels == level)).sum())
    return out
