"""Hazard ratios from a case-cohort sample: all cases of a cohort, and a random subcohort in whom markers were measured.

Conventions: the cohort declares a column `subcohort` and `cohort_size`, the patients of the whole cohort from whom the
subcohort was drawn; the sampling fraction is the subcohort over it, in any part of the cohort too. A case is a patient
with the event of the question; one outside the subcohort who has none is no part of the design. Ties are Efron's.
Prentice: a case from outside is at risk at its own event alone. Self and Prentice: at risk is the subcohort alone.
Lin and Ying: subcohort members without the event stand for all who have none. Barlow: subcohort members weigh the
inverse of the fraction until their event, with a robust error by patient. The variance of the first three is the
model's and that of the sampling (R's cch without `robust`); Prentice's is Self and Prentice's, as there.

References
----------
Prentice RL 1986, Biometrika 73:1. Self SG, Prentice RL 1988, Ann Stat 16:64. Lin DY, Ying Z 1993, JASA 88:1341. Barlow
WE 1994, Biometrics 50:1064. Therneau TM, Li H 1999, Lifetime Data Anal 5:99.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple, get_args

import numpy as np

from ..analysis import AnalysisSet
from ..analysis.design import complete_cases, make_design
from ..analysis.exposure import SUBCOHORT, Honours, is_case_cohort
from ..errors import AnalysisError, QuestionError
from ..kernel.cox import CoxFit, CoxOptions, fit_cox
from ..kernel.residuals import dfbeta_residuals, robust_covariance
from ..tables.effects import EffectRows
from ..tables.shown import ShowsEffects
from ..tables.table import Table
from ..vocabulary import BoolArray, FloatArray, choose, one_or_more
from ..wording import count, percent
from .contrasted import PRODUCT
from .cox import CoxModel
from .estimable import refuse_empty_levels, refuse_unestimable, sparseness
from .interaction import contrasts, refuse_single_arm

__all__ = ["CaseCohort", "Method", "case_cohort"]

Method = Literal["prentice", "self_prentice", "lin_ying", "barlow"]
_APART = -100.0  # log weight by which a copy of a case counts in no risk set
_ESTIMATOR = "A case-cohort estimate"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CaseCohort(ShowsEffects):
    """Hazard ratios of a case-cohort sample.

    Attributes
    ----------
    model : CoxModel
        Of the sample's complete cases: design, coefficients and their covariance, in which the sampling counts.
    method : "prentice" | "self_prentice" | "lin_ying" | "barlow"
    fraction : float
        Share of the whole cohort that the subcohort is.
    subcohort, cases, outside : int
        Patients of the subcohort, cases, and cases from outside it.
    effects : EffectRows
        One row a coefficient; with a product the ratio of hazard ratios and its four contrasts.
    """

    model: CoxModel
    method: Method
    fraction: float
    subcohort: int
    cases: int
    outside: int
    effects: EffectRows

    def table(self) -> Table:
        """Return the rows as a table, with the sampling below."""
        return self.effects.table().with_footnotes(
            f"{count(self.cases)} cases, {count(self.outside)} of them from outside the subcohort of "
            f"{count(self.subcohort)} patients, who are {percent(self.fraction)} of the cohort."
        )


def case_cohort(
    analysis: AnalysisSet,
    *,
    adjust: str | Sequence[str] = (),
    method: Method = "prentice",
    product: bool = False,
    cohort_size: int | None = None,
) -> CaseCohort:
    """Estimate hazard ratios of the marker (or, without one, of treatment) from a case-cohort sample.

    Parameters
    ----------
    analysis : AnalysisSet
        Of a cohort with a column `subcohort`.
    adjust : str or sequence of str
        Covariates; numbers enter per unit, levels against their reference.
    method : "prentice" | "self_prentice" | "lin_ying" | "barlow"
    product : bool
        Whether to estimate the marker x treatment interaction, in a set of both arms.
    cohort_size : int, optional
        Patients of the whole cohort; what the cohort declares, if None.

    Returns
    -------
    CaseCohort

    Raises
    ------
    QuestionError
        If the cohort declares no subcohort or no size, or patients from outside the subcohort lack the event.
    AnalysisError
        If a level has no events, a covariate is constant or collinear, or the subcohort holds only cases.

    Examples
    --------
    >>> import numpy as np, tamoxres as tr
    >>> whole = tr.simulate(3000, truth=tr.Truth(hr_marker=2.0), seed=3)
    >>> sub = np.random.default_rng(1).random(whole.n) < 0.2
    >>> frame = whole.patients.assign(sub=np.where(sub, "yes", "no"), her2=whole.markers[0].values)
    >>> sample = tr.from_frame(
    ...     frame[sub | (frame["BCSS_event"] == 1)], time="BCSS_months", endpoint="BCSS", markers="her2",
    ...     event={"from": "BCSS_event", "event": [1], "competing": [2], "censored": [0]},
    ...     columns={"age": "age", "subcohort": "sub"}, cohort_size=3000,
    ... )
    >>> chosen = tr.select(sample, endpoint="BCSS", marker="HER2", er="any", treatment="any")
    >>> found = case_cohort(chosen, adjust="age")
    >>> round(found.fraction, 2), found.effect.n == chosen.n
    (0.2, True)
    """
    choose("method", method, get_args(Method))
    adjust = one_or_more(adjust)
    size = _size(analysis, cohort_size)
    if product:
        refuse_single_arm(analysis)
    focus = ["treatment", "marker", PRODUCT] if product else ["marker" if analysis.marker else "treatment"]
    terms = [*focus, *adjust]
    honours: tuple[Honours, ...] = ("subcohort", "products") if product else ("subcohort",)
    complete = complete_cases(analysis, [*terms, SUBCOHORT], honours=honours, estimator=_ESTIMATOR)
    design = make_design(complete.frame, list(dict.fromkeys(terms)))
    members = (analysis.cohort.patients[SUBCOHORT] == "yes").sum()
    sample = _sample(complete, design.x, float(members) / size)
    refuse_empty_levels(design, sample.event)
    fit, covariance = _METHODS[method](sample)
    refuse_unestimable(design, fit)
    model = CoxModel(
        analysis=complete, design=design, coefficients=fit.coefficients, covariance=covariance, loglik=float("nan"),
        ties="efron", strata=(), focus=focus[-2] if product else focus[0], kind=f"case_cohort_{method}",
        row_flags=(*sparseness(design, sample.event), "case_cohort"),
    )  # fmt: skip
    return CaseCohort(
        model=model, method=method, fraction=sample.fraction, subcohort=int(sample.inside.sum()),
        cases=int(sample.event.sum()), outside=int((sample.event & ~sample.inside).sum()),
        effects=_rows(model, method, product=product),
    )  # fmt: skip


def _rows(model: CoxModel, method: Method, *, product: bool) -> EffectRows:
    """Return the rows; person-years of a sample are those of nobody."""
    rows = contrasts(model) if product else model.effects
    kind: Literal["robust", "model"] = "robust" if method == "barlow" else "model"
    return EffectRows(replace(row, person_years=None, se_kind=kind) for row in rows)


def _size(analysis: AnalysisSet, given: int | None) -> int:
    """Return the patients of the whole cohort, which hold those of the sample."""
    cohort = analysis.cohort
    if not is_case_cohort(analysis):
        raise QuestionError(
            f"{cohort.name} declares no case-cohort sample: that has a column {SUBCOHORT}, yes for the random "
            "subcohort and no for cases from outside it. Use tr.cox."
        )
    size = cohort.cohort_size if given is None else given
    if not size:
        raise QuestionError(
            f"{cohort.name} does not say how many patients its subcohort was drawn from. Give cohort_size, here or in "
            "the mapping."
        )
    if size < cohort.n:
        raise QuestionError(f"cohort_size is {count(size)}, and the sample alone holds {count(cohort.n)} patients.")
    return size


class _Sample(NamedTuple):
    """The sample as arrays of n patients: entry and exit (months), event and membership, columns, sampling fraction."""

    entry: FloatArray
    exit: FloatArray
    event: BoolArray
    inside: BoolArray
    x: FloatArray
    fraction: float

    @property
    def before(self) -> FloatArray:
        """A moment before each exit in which no other event lies."""
        times = np.unique(self.exit[self.event])
        return self.exit - (float(np.diff(times).min()) / 2 if times.size > 1 else self.exit.min() / 2)


def _sample(complete: AnalysisSet, x: FloatArray, fraction: float) -> _Sample:
    frame = complete.frame
    event, inside = (frame["event"] == 1).to_numpy(), (frame[SUBCOHORT] == "yes").to_numpy()
    if no_part := int((~event & ~inside).sum()):
        raise QuestionError(
            f"{count(no_part)} patients from outside the subcohort have no event of {complete.endpoint.code}: the "
            f"cases of this sample are of another endpoint. Ask for that one, or keep the subcohort: "
            f"where='{SUBCOHORT} == yes' and tr.cox."
        )
    if not (inside & ~event).any():
        raise AnalysisError("The subcohort holds only cases, so that nobody is there to compare them with.")
    entry, months = frame["entry"].to_numpy(float), frame["months"].to_numpy(float)
    return _Sample(entry, months, event, inside, x, fraction)


def _self_prentice(sample: _Sample) -> tuple[CoxFit, FloatArray]:
    """Fit cases against the subcohort alone: each case as a copy that no risk set holds, each member as censored."""
    event, inside = sample.event, sample.inside
    cases = int(event.sum())
    entry, end, x = (np.concatenate([one[event], one[inside]]) for one in (sample.entry, sample.exit, sample.x))
    failed = np.repeat([1, 0], [cases, int(inside.sum())])
    fit = fit_cox(end, failed, x, entry=entry, options=CoxOptions(offset=np.where(failed == 1, _APART, 0.0)))
    influence = dfbeta_residuals(fit)[cases:]
    return fit, fit.covariance + (1 - sample.fraction) * influence.T @ influence


def _prentice(sample: _Sample) -> tuple[CoxFit, FloatArray]:
    entry = np.where(sample.inside, sample.entry, sample.before)
    fit = fit_cox(sample.exit, sample.event.astype(int), sample.x, entry=entry)
    return fit, _self_prentice(sample)[1]


def _lin_ying(sample: _Sample) -> tuple[CoxFit, FloatArray]:
    others = ~sample.event
    cohort = sample.inside.sum() / sample.fraction
    stands_for = (cohort - sample.event.sum()) / others.sum()
    offset = np.where(others, np.log(stands_for), 0.0)
    fit = fit_cox(
        sample.exit, sample.event.astype(int), sample.x, entry=sample.entry, options=CoxOptions(offset=offset)
    )
    influence = dfbeta_residuals(fit)[others]
    away = influence - influence.mean(axis=0)
    return fit, fit.covariance + (1 - 1 / stands_for) * away.T @ away


def _barlow(sample: _Sample) -> tuple[CoxFit, FloatArray]:
    """Fit start-stop rows: each case at its event with weight 1, each member before that with the inverse fraction."""
    before = sample.before
    until = np.where(sample.event, before, sample.exit)
    case, member = np.flatnonzero(sample.event), np.flatnonzero(sample.inside & (until > sample.entry))
    who = np.concatenate([case, member])
    fit = fit_cox(
        np.concatenate([sample.exit[case], until[member]]), np.repeat([1, 0], [case.size, member.size]),
        sample.x[who], entry=np.concatenate([before[case], sample.entry[member]]),
        weights=np.repeat([1.0, 1 / sample.fraction], [case.size, member.size]),
    )  # fmt: skip
    return fit, robust_covariance(fit, who)


_METHODS: dict[str, Callable[[_Sample], tuple[CoxFit, FloatArray]]] = {
    "prentice": _prentice, "self_prentice": _self_prentice, "lin_ying": _lin_ying, "barlow": _barlow,
}  # fmt: skip
