"""Is the marker prognostic, or does it predict failure of the treatment? One model with treatment x marker.

Conventions: the ratio of hazard ratios is (treated v untreated when altered) / (treated v untreated when unaltered),
which equals (altered v unaltered when treated) / (the same when untreated); above 1, the treatment helps less when the
marker is altered. The four hazard ratios are contrasts of the one model, not refits of subsets. The likelihood-ratio
test compares the model with and without the product on the same complete cases; the ratio's interval is that of the
profile likelihood, which goes with it. With fewer than 5 events in one of the four groups Firth's penalised likelihood
gives the ratio that is judged; with none it gives the whole model. A marker that enters as a number has a ratio per
unit of it, and treatment's hazard ratio at its quartiles (`contrasted`).

References
----------
Royston P, Sauerbrei W 2004, Stat Med 23:2509. Heinze G, Schemper M 2001, Biometrics 57:114 (profile, Firth). Knol MJ,
VanderWeele TJ 2012, doi:10.1093/ije/dyr218.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Unpack

import numpy as np
from scipy.special import chdtrc

from ..analysis import TREATED, UNTREATED, AnalysisSet
from ..analysis.design import complete_cases
from ..cohort import ALTERED, UNALTERED
from ..effects import EffectEstimate
from ..effects.routes import ratio_of
from ..errors import AnalysisError
from ..inference.verdict import (
    TOO_FEW_EVENTS,
    Evidence,
    FourGroups,
    Verdict,
    reach_verdict,
    single_arm_verdict,
)
from ..kernel.profile import profile_interval
from ..kernel.residuals import martingale_residuals
from ..tables.contrasts import contrast_table
from ..tables.effects import EffectRows
from ..tables.shown import ShowsEffects
from ..tables.table import Table
from ..vocabulary import BoolArray, FloatArray, one_or_more
from .contrasted import PRODUCT, Compared, compared
from .cox import CoxModel, fit_nested, unfitted
from .engine import ModelChoices, resolve
from .firth import penalised_product
from .over_time import over_time
from .treatment import treatment_flags

__all__ = [
    "InteractionResult", "contrast_parts", "contrasts", "interaction", "one_interaction",
    "refuse_single_arm",
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class InteractionResult(ShowsEffects):
    """The interaction of one marker with treatment, by one model, and what may be said of it.

    Attributes
    ----------
    model : CoxModel
        Treatment, marker, their product, covariates.
    ratio : EffectEstimate
        Ratio of hazard ratios, with its likelihood-ratio P and profile likelihood interval; Wald's, with robust
        standard errors, where there are sampling weights or clusters.
    marker_treated, marker_untreated : EffectEstimate
        Marker altered v unaltered, in the treated and in the untreated.
    treatment_altered, treatment_unaltered : EffectEstimate
        Treated v untreated, when the marker is altered and when it is not; at the upper and at the lower quartile of
        a marker that enters as a number.
    crude : InteractionResult or None
        The same without covariates and strata; None when this is the crude model.
    verdict : Verdict
        Resting on this model (the adjusted one, where covariates were given).
    cells : DataFrame
        marker, treatment, patients, events: the four groups; of a number, up to its median and above.
    evidence : Evidence
        What the verdict was reached from.
    penalised : EffectEstimate or None
        The ratio by Firth's penalised likelihood, where a group has fewer than 5 events: what is then judged.
    """

    model: CoxModel
    ratio: EffectEstimate
    marker_treated: EffectEstimate
    marker_untreated: EffectEstimate
    treatment_altered: EffectEstimate
    treatment_unaltered: EffectEstimate
    crude: InteractionResult | None
    verdict: Verdict
    cells: Any
    evidence: Evidence
    penalised: EffectEstimate | None = None

    @property
    def judged(self) -> EffectEstimate:
        """The ratio that the verdict rests on: by Firth's penalised likelihood where a group has too few events."""
        return self.penalised or self.ratio

    @property
    def effects(self) -> EffectRows:
        """The ratio first, then the four contrasts; last the penalised ratio where it is another row."""
        rows = [
            self.ratio, self.marker_treated, self.marker_untreated, self.treatment_altered, self.treatment_unaltered,
        ]  # fmt: skip
        return EffectRows(rows if self.judged is self.ratio else [*rows, self.judged])

    def judge(self, *, alpha: float = 0.05, margin: tuple[float, float] | None = None) -> Verdict:
        """Reach the verdict at another level, or with another margin."""
        return reach_verdict(self.evidence, alpha=alpha, margin=margin)

    def table(self) -> Table:
        """Return the contrasts as a table, crude beside adjusted, with the verdict below."""
        return self._contrasts().with_footnotes(str(self.verdict))

    def _contrasts(self) -> Table:
        own = self.effects[:5]
        return contrast_table(own) if self.crude is None else contrast_table(self.crude.effects[:5], own)

    def _repr_html_(self) -> str:
        return f"{self.verdict._repr_html_()}{self._contrasts()._repr_html_()}"

    def __str__(self) -> str:
        return str(self.verdict)


def interaction(
    analysis: AnalysisSet,
    *,
    adjust: str | Sequence[str] = (),
    alpha: float = 0.05,
    margin: tuple[float, float] | None = None,
    **how: Unpack[ModelChoices],
) -> InteractionResult:
    """Estimate the marker x treatment interaction and reach a verdict.

    Parameters
    ----------
    analysis : AnalysisSet
        Selected with a marker and `treatment="any"`.
    adjust : str or sequence of str
        Covariates, and products of treatment or marker with one that is in the model (`treatment:site`, `marker:age`):
        in these numbers are centred at the mean of the patients and factors by the share of their levels, so that the
        four hazard ratios are those of the average patient. The ratio of hazard ratios does not depend on it.
    alpha : float
        Level of the verdict's tests.
    margin : (low, high), optional
        Equivalence margin for the ratio of hazard ratios.
    **how
        strata, ties, engine, weights and cluster, as in `cox`. With sampling weights or clusters the likelihood-ratio
        test does not hold: P is Wald's, with robust standard errors.

    Returns
    -------
    InteractionResult
        The ratio of hazard ratios first, the four effects, the verdict, and the crude model beside it.

    Raises
    ------
    AnalysisError
        If there is no marker, one arm only, a group without patients, or a marker level or an arm without events.

    Examples
    --------
    >>> import tamoxres as tr
    >>> her2 = tr.call(tr.load("metabric"), "HER2")
    >>> both = tr.select(her2, marker="HER2", endpoint="BCSS", treatment="any")
    >>> print(interaction(both, adjust=["age", "npi"], strata="site").effect)
    METABRIC HER2 BCSS interaction: ratio of HRs 0.93 (0.55-1.63), P = 0.793
    """
    refuse_single_arm(analysis)
    adjust, strata = one_or_more(adjust), one_or_more(how.get("strata", ()))
    found = one_interaction(analysis, adjust=adjust, alpha=alpha, margin=margin, **how)
    if not (adjust or strata):
        return found
    plain: ModelChoices = {**how, "strata": ()}
    return replace(found, crude=one_interaction(analysis, alpha=alpha, margin=margin, **plain))


def one_interaction(
    analysis: AnalysisSet,
    *,
    adjust: str | Sequence[str] = (),
    alpha: float = 0.05,
    margin: tuple[float, float] | None = None,
    **how: Unpack[ModelChoices],
) -> InteractionResult:
    """Estimate the interaction by one model, without the crude one beside it; see `interaction`."""
    adjust, strata = one_or_more(adjust), one_or_more(how.get("strata", ()))
    terms = ["treatment", "marker", *adjust, *strata]
    complete = complete_cases(analysis, terms, honours=("start", "weights", "products", "level"))
    result = _interaction(complete, adjust, how)
    verdict = reach_verdict(result["evidence"], alpha=alpha, margin=margin)
    return InteractionResult(**result, crude=None, verdict=verdict)


def refuse_single_arm(analysis: AnalysisSet) -> None:
    """Refuse a set without a marker or without both arms.

    Raises
    ------
    AnalysisError
        With the verdict on a single arm.
    """
    if not analysis.marker:
        raise AnalysisError("An interaction needs a marker.", mend="Select with marker=..., such as HER2.")
    if not analysis.has_both_arms:
        raise AnalysisError(
            f"{single_arm_verdict(analysis.cohort.title)} "
            "Select with treatment='any' if the cohort has an untreated arm."
        )


def _interaction(analysis: AnalysisSet, adjust: Sequence[str], how: ModelChoices) -> dict[str, Any]:
    levels = compared(analysis)
    cells = _cells(analysis, levels)
    terms = ["treatment", "marker", PRODUCT, *adjust]
    smallest, robust = int(cells["events"].min()), resolve(analysis, how)[1].robust
    if smallest or robust:
        full, smaller = fit_nested(analysis, terms, PRODUCT, **how)
        expected = _expected(smaller, levels)
        tested = {} if robust else _by_likelihood(full, smaller)
    else:
        blank = unfitted(analysis, terms, **how)
        full, tested = penalised_product(replace(blank, row_flags=(*blank.row_flags, "no_events_in_group")), PRODUCT)
        expected = cells["events"].to_numpy(float)
    rows = {name: _contrast(full, name, levels) for name in _PARTS}
    rows["ratio"] = replace(rows["ratio"], **tested)
    firth = None
    if smallest < TOO_FEW_EVENTS and not robust:
        firth = _penalised_ratio(full, levels) if smallest else rows["ratio"]
    evidence = Evidence(
        ratio=firth or rows["ratio"], prognostic=rows["marker_treated"], altered=rows["treatment_altered"],
        unaltered=rows["treatment_unaltered"], groups=_groups(cells, expected),
        over_time=None if robust else partial(over_time, full),  # its score tests have the model's variance
    )  # fmt: skip
    return {"model": full, "cells": cells, "evidence": evidence, "penalised": firth, **rows}


def _expected(smaller: CoxModel, levels: Compared) -> FloatArray:
    """Return the events of the four groups that the model without the product expects, of the rows fitted."""
    fit = smaller.on_kernel()
    events = fit.risk_sets.event - martingale_residuals(fit)
    return np.bincount(levels.groups(smaller.frame), events, minlength=4).astype(float)


def _by_likelihood(full: CoxModel, smaller: CoxModel) -> dict[str, Any]:
    """Return the product's likelihood-ratio P, against the smaller model, and profile interval."""
    limits = profile_interval(full.on_kernel(), full.design.term(PRODUCT).columns[0])
    return {
        "ci_low": ratio_of(limits.low), "ci_high": ratio_of(limits.high), "ci_kind": "profile",
        "p_value": float(chdtrc(1, max(2 * (full.loglik - smaller.loglik), 0.0))), "p_kind": "lrt",
    }  # fmt: skip


def _penalised_ratio(model: CoxModel, levels: Compared) -> EffectEstimate:
    """Return the ratio by Firth's penalised likelihood of the same model."""
    penalised, fields = penalised_product(model, PRODUCT)
    return replace(_contrast(penalised, "ratio", levels), **fields)


def _groups(cells: Any, expected: FloatArray) -> FourGroups:
    """Keep the four groups as plain numbers, in the order of `cells`."""
    patients, events = (tuple(int(value) for value in cells[name]) for name in ("patients", "events"))
    return FourGroups(patients=patients, events=events, expected=tuple(float(value) for value in expected))


def contrasts(model: CoxModel) -> list[EffectEstimate]:
    """Return the ratio of hazard ratios and the four effects behind it, of a model with treatment x marker."""
    levels = compared(model.analysis)
    return [_contrast(model, name, levels) for name in _PARTS]


def _cells(analysis: AnalysisSet, levels: Compared) -> Any:
    """Count patients and events of the four groups; one without patients is refused."""
    import pandas as pd

    frame = analysis.frame
    group, event = levels.groups(frame), frame["event"].to_numpy() == 1
    patients, events = (np.bincount(rows, minlength=4) for rows in (group, group[event]))
    names = [(marker, arm) for marker in levels.names for arm in (UNTREATED, TREATED)]
    if not patients.all():
        marker, arm = names[int(np.argmin(patients))]
        raise AnalysisError(
            f"{analysis.marker} {marker}, {arm}: no patients, so the interaction cannot be estimated.",
            mend="Choose another endpoint, rule or population.",
        )
    kinds = pd.CategoricalDtype(list(levels.names)), pd.CategoricalDtype([UNTREATED, TREATED])
    columns = {
        name: pd.Categorical([pair[i] for pair in names], dtype=kinds[i])
        for i, name in enumerate(("marker", "treatment"))
    }
    return pd.DataFrame({**columns, "patients": patients, "events": events})


def _contrast(model: CoxModel, name: str, levels: Compared) -> EffectEstimate:
    """Make the row of a weighted sum of coefficients."""
    analysis, part = model.analysis, _PARTS[name]
    at = levels.at[0] if part.level == ALTERED else levels.at[1]
    sums = _SUMS[name] if part.column != "marker" else (("treatment", 1.0), (PRODUCT, at))
    positions = [model.design.term(term).columns[0] for term, _ in sums]
    weights = np.array([weight for _, weight in sums])
    point = float(weights @ model.coefficients[positions])
    of_treatment = part.column == "marker"
    level = levels.levels[0 if part.level == ALTERED else 1]
    own_fields = levels.of_treatment(level) if of_treatment else levels.of_marker()
    row = analysis.describe(part.estimand) | _counts(model, part, levels) | _treated(analysis, part) | own_fields
    harm = point if part.estimand == "treatment_effect" else 0.0  # a ratio of ratios is no harm
    own = () if part.estimand == "prognostic" else treatment_flags(model, harm)
    row["flags"] = (*row["flags"], *model.row_flags, *own, "contrast_of_one_model")
    return EffectEstimate(
        **row, estimand=part.estimand, log_estimate=point,
        se=float(np.sqrt(weights @ model.covariance[np.ix_(positions, positions)] @ weights)),
        adjusted_for=model.adjusted_for, term=PRODUCT if name == "ratio" else name, **model.fitted_as,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Part:
    """Which patients a contrast speaks of (`level` of `column`; empty: all), and what it estimates."""

    estimand: Any
    column: str = ""
    level: Any = ""


_SUMS: dict[str, tuple[tuple[str, float], ...]] = {
    "ratio": ((PRODUCT, 1.0),),
    "marker_treated": (("marker", 1.0), (PRODUCT, 1.0)),
    "marker_untreated": (("marker", 1.0),),
}
_PARTS = {
    "ratio": _Part("interaction"),
    "marker_treated": _Part("prognostic", "treatment", TREATED),
    "marker_untreated": _Part("prognostic", "treatment", UNTREATED),
    "treatment_altered": _Part("treatment_effect", "marker", ALTERED),
    "treatment_unaltered": _Part("treatment_effect", "marker", UNALTERED),
}


def contrast_parts() -> dict[str, tuple[tuple[str, ...], Any, str, Any]]:
    """Return, for each contrast, the terms summed, the estimand, and of whom it speaks (column, level)."""
    terms = {name: tuple(term for term, _ in sums) for name, sums in _SUMS.items()}
    terms |= {"treatment_altered": ("treatment", PRODUCT), "treatment_unaltered": ("treatment",)}
    return {name: (terms[name], part.estimand, part.column, part.level) for name, part in _PARTS.items()}


def _treated(analysis: AnalysisSet, part: _Part) -> dict[str, str]:
    """Return the one treatment that the patients of a prognostic contrast had."""
    if part.estimand != "prognostic":
        return {}
    had = analysis.treatment.name if part.level == TREATED else analysis.treatment.against
    return {"treatment_1": had, "treatment_0": "", "treated_alike": "yes"}


def _counts(model: CoxModel, part: _Part, levels: Compared) -> dict[str, Any]:
    """Count the patients a contrast speaks of, in all and by group; years are those of the rows fitted."""
    frame, rows = model.analysis.frame, model.frame
    event = frame["event"].to_numpy() == 1
    inside, of = (_inside(one, part, levels) for one in (frame, rows))
    out: dict[str, Any] = {"n": int(inside.sum()), "events": int((event & inside).sum())}
    out["person_years"] = float((rows["months"].to_numpy() - rows["entry"].to_numpy())[of].sum() / 12)
    if levels.is_number and part.column != "marker":
        return out
    first = frame["treatment"].to_numpy() == TREATED if part.column == "marker" else levels.upper(frame)
    for suffix, group in (("1", inside & first), ("0", inside & ~first)):
        out |= {f"n_{suffix}": int(group.sum()), f"events_{suffix}": int((group & event).sum())}
    return out


def _inside(frame: Any, part: _Part, levels: Compared) -> BoolArray:
    """Tell of whom a contrast speaks: an arm, a level of the marker; everybody for the ratio, and at a number."""
    if part.column == "treatment":
        return np.asarray(frame["treatment"].to_numpy() == part.level)
    if part.column == "marker" and not levels.is_number:
        return np.asarray(levels.upper(frame) == (part.level == ALTERED))
    return np.ones(len(frame), dtype=bool)
