"""Cox regression of one analysis set: marker (or treatment), covariates, strata.

Conventions: Efron ties unless Breslow is asked for; the competing deaths of an endpoint are censored (the hazard is
cause-specific); coefficients are log hazard ratios; numbers enter per unit, levels against their reference. The engine
of the single fit is lifelines, run to the end of double precision (its default stops 5e-5 off); Breslow ties, delayed
entry, more than 20,000 patients, and many fits (`engine="kernel"`) run on `kernel`. Each checks the other in the tests.

References
----------
Cox DR 1972, J R Stat Soc B 34:187. Efron B 1977, JASA 72:557. Therneau TM, Grambsch PM 2000, Modeling Survival Data.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, get_args

import numpy as np
from scipy.special import chdtrc

from ..analysis import AnalysisSet
from ..analysis.design import Design, Term, complete_cases, make_design, term_values
from ..effects import EffectEstimate
from ..errors import AnalysisError, QuestionError
from ..kernel.cox import CoxFit
from ..vocabulary import FloatArray
from .engine import Engine, Ties, kernel_fit, lifelines_fit
from .proportional import ProportionalTest, proportional_test

__all__ = ["CoxModel", "cox", "fit_terms", "treatment_contrast"]

_LIFELINES_PATIENTS = 20_000  # beyond, lifelines takes seconds
_FEW_EVENTS, _EVENTS_PER_PARAMETER = 5, 10
MARKER_CONTRAST = "altered v unaltered"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CoxModel:
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
    notes : tuple of str
    """

    analysis: AnalysisSet
    design: Design
    coefficients: FloatArray
    covariance: FloatArray
    loglik: float
    ties: Ties
    strata: tuple[str, ...]
    focus: str
    notes: tuple[str, ...] = ()

    @property
    def adjusted_for(self) -> tuple[str, ...]:
        """Terms of the model beside the marker and the treatment."""
        return tuple(t.name for t in self.design.terms if not set(t.name.split(":")) <= {"marker", "treatment"})

    @property
    def effect(self) -> EffectEstimate:
        """The row of the term the question is about."""
        return self.rows(self.design.term(self.focus))[0]

    @property
    def effects(self) -> list[EffectEstimate]:
        """One row for each coefficient, each with its term's global P."""
        return [row for term in self.design.terms for row in self.rows(term)]

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
        marker = term.name == "marker"
        contrast = MARKER_CONTRAST if marker else f"{term.levels[i]} v {term.reference}" if term.levels else "per unit"
        row = self.analysis.describe() | group_counts(self.analysis, term, i)
        return EffectEstimate(
            **row,
            contrast=treatment_contrast(self.analysis)[1] if term.name == "treatment" else contrast,
            treatment_contrast=treatment_contrast(self.analysis)[0] if term.name == "treatment" else "none",
            estimand={"marker": "prognostic", "treatment": "treatment_effect"}.get(term.name, ""),  # type: ignore[arg-type]
            measure="HR",
            log_estimate=float(self.coefficients[position]),
            se=float(np.sqrt(self.covariance[position, position])),
            adjusted_for=tuple(name for name in self.adjusted_for if name != term.name),
            strata=self.strata,
            term=self.design.names[position],
            term_p=self.term_p(term),
            method=f"Cox regression, {self.ties.capitalize()} ties" + (", stratified" if self.strata else ""),
            note=" ".join(self.notes),
        )

    @property
    def proportional(self) -> ProportionalTest:
        """The score test of proportional hazards (`proportional_test` with the km transform)."""
        return proportional_test(self)

    def __str__(self) -> str:
        return str(self.effect)

    def _repr_html_(self) -> str:
        from ..effects import effects_to_frame

        shown = effects_to_frame(self.effects)[
            ["term", "contrast", "n", "events", "estimate", "ci_low", "ci_high", "p_value", "term_p"]
        ]
        return f"<p><b>{self.analysis}</b></p>{shown.round(4).to_html(index=False)}"


def cox(
    analysis: AnalysisSet,
    *,
    adjust: Sequence[str] = (),
    strata: Sequence[str] = (),
    ties: Ties = "efron",
    engine: Engine = "lifelines",
) -> CoxModel:
    """Fit the marker's (or, without a marker, the treatment's) hazard ratio, adjusted and stratified as asked.

    Parameters
    ----------
    analysis : AnalysisSet
    adjust : sequence of str
        Covariates; numbers enter per unit, levels against their reference.
    strata : sequence of str
        Columns with a baseline hazard for each level.
    ties : "efron" | "breslow"
    engine : "lifelines" | "kernel"
        `kernel` for many fits (imputations, resamples): the same numbers, several times as fast.

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
    return fit_terms(analysis, [focus, *adjust], strata=strata, ties=ties, engine=engine)


def fit_terms(
    analysis: AnalysisSet,
    terms: Sequence[str],
    *,
    strata: Sequence[str] = (),
    ties: Ties = "efron",
    engine: Engine = "lifelines",
) -> CoxModel:
    """Fit a Cox model with the given terms (`a:b` is an interaction); the first is what the question is about."""
    if engine not in get_args(Engine):
        raise QuestionError(f"Unknown engine {engine!r}. Use one of {', '.join(get_args(Engine))}.")
    columns = [part for term in terms for part in term.split(":")]
    complete = complete_cases(analysis, [*columns, *strata])
    frame = complete.frame
    if complete.events == 0:
        raise AnalysisError(f"{complete}: no events, so no hazard ratio can be estimated.")
    design = make_design(frame, list(dict.fromkeys(terms)))
    _refuse_empty_levels(complete, design)
    fitted = _fit(frame, design, tuple(strata), ties, engine)
    return CoxModel(
        analysis=complete, design=design, coefficients=fitted[0], covariance=fitted[1], loglik=fitted[2], ties=ties,
        strata=tuple(strata), focus=terms[0], notes=_sparseness(complete, design),
    )  # fmt: skip


def _fit(
    frame: Any, design: Design, strata: tuple[str, ...], ties: Ties, engine: Engine
) -> tuple[FloatArray, FloatArray, float]:
    """Fit on the kernel, which tells what cannot be estimated, then on lifelines where it serves."""
    fitted = kernel_fit(frame, design, strata, ties)
    _refuse_unestimable(design, fitted)
    delayed = bool((frame["entry"] > 0).any())
    if engine == "kernel" or ties == "breslow" or delayed or len(frame) > _LIFELINES_PATIENTS:
        return fitted.coefficients, fitted.covariance, float(fitted.loglik)
    return lifelines_fit(frame, design, strata, start=fitted.coefficients)


def _refuse_empty_levels(analysis: AnalysisSet, design: Design) -> None:
    frame = analysis.frame
    event = frame["event"] == 1
    for term in design.terms:
        if not term.levels or ":" in term.name:
            continue
        counts = event.groupby(term_values(frame, term.name).astype(str)).agg(["size", "sum"])
        empty = counts[counts["sum"] == 0]
        if len(empty):
            level = empty.index[0]
            raise AnalysisError(
                f"{term.name} = {level}: {int(empty['size'].iloc[0]):,} patients and no events, so its hazard ratio "
                "cannot be estimated. Leave the level out, or merge it with another."
            )


def _refuse_unestimable(design: Design, fitted: CoxFit) -> None:
    for fault, why in (
        (~fitted.estimable, "is constant within the strata"),
        (fitted.separated, "separates those with an event from the others"),
    ):
        if fault.any():
            name = design.names[int(np.flatnonzero(fault)[0])]
            raise AnalysisError(f"Column {name} {why}: its hazard ratio has no finite estimate. Leave it out.")
    if not fitted.converged:
        furthest = design.names[int(np.argmax(np.abs(fitted.coefficients) * design.x.std(axis=0)))]
        raise AnalysisError(
            f"The Cox model did not converge: the hazard ratio of column {furthest} runs off. Leave it out."
        )


def _sparseness(analysis: AnalysisSet, design: Design) -> tuple[str, ...]:
    parameters = design.x.shape[1]
    notes = []
    if analysis.events < _EVENTS_PER_PARAMETER * parameters:
        notes.append(f"{analysis.events / parameters:.1f} events per parameter (fewer than {_EVENTS_PER_PARAMETER}).")
    event = (analysis.frame["event"] == 1).to_numpy()
    for name, values in zip(design.names, design.x.T, strict=True):
        inside = int(event[values == 1].sum())
        if set(np.unique(values)) == {0.0, 1.0} and min(inside, int(event.sum()) - inside) < _FEW_EVENTS:
            notes.append(f"Fewer than {_FEW_EVENTS} events on one side of {name}.")
    return tuple(notes)


def group_counts(analysis: AnalysisSet, term: Term, i: int = 0) -> dict[str, int]:
    """Count patients and events at a level (`_1`) and at the reference (`_0`); nothing for numbers and products."""
    if not term.levels or ":" in term.name:
        return {}
    labels = term_values(analysis.frame, term.name).astype(str)
    event = analysis.frame["event"] == 1
    out = {}
    for suffix, level in (("1", term.levels[i]), ("0", term.reference)):
        out[f"n_{suffix}"] = int((labels == level).sum())
        out[f"events_{suffix}"] = int((event & (labels == level)).sum())
    return out


def treatment_contrast(analysis: AnalysisSet) -> tuple[Any, str]:
    """Name the treatment contrast of a cohort: its code and its words."""
    if analysis.cohort.treatment_specificity == "tamoxifen_confirmed":
        return "tamoxifen_v_none", "tamoxifen v none"
    return "endocrine_v_none", "endocrine v none"
