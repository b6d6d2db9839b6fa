"""Is the marker prognostic, or does it predict failure of the treatment? One model with treatment x marker.

Conventions: the ratio of hazard ratios is (treated v untreated when altered) / (treated v untreated when unaltered),
which equals (altered v unaltered when treated) / (the same when untreated); above 1, the treatment helps less when the
marker is altered. The four hazard ratios are contrasts of the one model, not refits of subsets. The likelihood-ratio
test compares the model with and without the product on the same complete cases.

References
----------
Royston P, Sauerbrei W 2004, Stat Med 23:2509. Knol MJ, VanderWeele TJ 2012, doi:10.1093/ije/dyr218.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Unpack

import numpy as np
from scipy.special import chdtrc

from ..analysis import TREATED, UNTREATED, AnalysisSet
from ..analysis.design import complete_cases
from ..cohort import ALTERED, UNALTERED
from ..effects import EffectEstimate, effects_to_frame
from ..errors import AnalysisError
from ..inference.verdict import Verdict, design_flags, reach_verdict, single_arm_verdict
from .cox import CoxModel, fit_nested
from .engine import ModelChoices

__all__ = ["InteractionResult", "interaction"]

_PRODUCT = "treatment:marker"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class InteractionResult:
    """The interaction of one marker with treatment, by one model, and what may be said of it.

    Attributes
    ----------
    model : CoxModel
        Treatment, marker, their product, covariates.
    ratio : EffectEstimate
        Ratio of hazard ratios, with its likelihood-ratio P.
    marker_treated, marker_untreated : EffectEstimate
        Marker altered v unaltered, in the treated and in the untreated.
    treatment_altered, treatment_unaltered : EffectEstimate
        Treated v untreated, when the marker is altered and when it is not.
    crude : InteractionResult or None
        The same without covariates and strata; None when this is the crude model.
    verdict : Verdict
        Resting on this model (the adjusted one, where covariates were given).
    cells : DataFrame
        marker, treatment, patients, events: the four groups.
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

    @property
    def effects(self) -> list[EffectEstimate]:
        """The ratio first, then the four contrasts."""
        return [
            self.ratio,
            self.marker_treated,
            self.marker_untreated,
            self.treatment_altered,
            self.treatment_unaltered,
        ]

    def __str__(self) -> str:
        return str(self.verdict)

    def _repr_html_(self) -> str:
        shown = effects_to_frame(self.effects)[
            [
                "estimand",
                "contrast",
                "marker_level",
                "treatment_1",
                "n",
                "events",
                "estimate",
                "ci_low",
                "ci_high",
                "p_value",
            ]
        ]
        told = f"<p><b>{escape(self.verdict.label)}</b>. {escape(self.verdict.sentence)}</p>"
        return told + str(shown.round(4).to_html(index=False))


def interaction(
    analysis: AnalysisSet,
    *,
    adjust: Sequence[str] = (),
    alpha: float = 0.05,
    margin: tuple[float, float] | None = None,
    **how: Unpack[ModelChoices],
) -> InteractionResult:
    """Estimate the marker x treatment interaction and reach a verdict.

    Parameters
    ----------
    analysis : AnalysisSet
        Selected with a marker and `treatment="any"`.
    adjust : sequence of str
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

    Raises
    ------
    AnalysisError
        If there is no marker, one arm only, or a cell without events.
    """
    _refuse_single_arm(analysis)
    strata = how.get("strata", ())
    terms = ["treatment", "marker", *adjust, *strata]
    complete = complete_cases(analysis, terms, honours=("start", "weights", "products"))
    result = _interaction(complete, adjust, how)
    crude = _interaction(analysis, (), {**how, "strata": ()}) if adjust or strata else None
    verdict = reach_verdict(result["ratio"], result["marker_treated"], alpha=alpha, margin=margin)
    if crude is None:
        return InteractionResult(**result, crude=None, verdict=verdict)
    crude_verdict = reach_verdict(crude["ratio"], crude["marker_treated"], alpha=alpha, margin=margin)
    return InteractionResult(
        **result, crude=InteractionResult(**crude, crude=None, verdict=crude_verdict), verdict=verdict
    )


def _refuse_single_arm(analysis: AnalysisSet) -> None:
    if not analysis.marker:
        raise AnalysisError("An interaction needs a marker.", mend="Select with marker=..., such as HER2.")
    if not analysis.has_both_arms:
        raise AnalysisError(
            f"{single_arm_verdict(analysis.cohort.title)} "
            "Select with treatment='any' if the cohort has an untreated arm."
        )


def _interaction(analysis: AnalysisSet, adjust: Sequence[str], how: ModelChoices) -> dict[str, Any]:
    cells = _cells(analysis)
    terms = ["treatment", "marker", _PRODUCT, *adjust]
    full, smaller = fit_nested(analysis, terms, _PRODUCT, **how)
    position = {name: full.design.term(name).columns[0] for name in ("treatment", "marker", _PRODUCT)}
    lrt_p = float(chdtrc(1, max(2 * (full.loglik - smaller), 0.0)))
    contrasts: dict[str, tuple[str, ...]] = {
        "ratio": (_PRODUCT,),
        "marker_treated": ("marker", _PRODUCT),
        "marker_untreated": ("marker",),
        "treatment_altered": ("treatment", _PRODUCT),
        "treatment_unaltered": ("treatment",),
    }
    rows = {name: _contrast(full, name, [position[t] for t in parts], lrt_p) for name, parts in contrasts.items()}
    return {"model": full, "cells": cells, **rows}


def _cells(analysis: AnalysisSet) -> Any:
    import pandas as pd

    frame = analysis.frame
    marker, treatment = frame["marker"].array, frame["treatment"].array
    shape = len(marker.categories), len(treatment.categories)
    known = (marker.codes >= 0) & (treatment.codes >= 0)
    cell = np.ravel_multi_index((marker.codes[known], treatment.codes[known]), shape)
    event = frame["event"].to_numpy()[known] == 1
    patients, events = (np.bincount(rows, minlength=shape[0] * shape[1]) for rows in (cell, cell[event]))
    rows, columns = (index.ravel() for index in np.indices(shape))
    if not events.all():
        i = int(np.argmin(events))
        raise AnalysisError(
            f"{analysis.marker} {marker.categories[rows[i]]}, {treatment.categories[columns[i]]}: {patients[i]:,} "
            "patients and no events, so the interaction cannot be estimated.",
            mend="Choose another endpoint, rule or population.",
        )
    return pd.DataFrame(
        {
            "marker": pd.Categorical.from_codes(rows, dtype=marker.dtype),
            "treatment": pd.Categorical.from_codes(columns, dtype=treatment.dtype),
            "patients": patients, "events": events,
        }
    )  # fmt: skip


def _contrast(model: CoxModel, name: str, positions: list[int], lrt_p: float) -> EffectEstimate:
    """Make the row of a sum of coefficients: its variance is the sum of their covariances."""
    analysis = model.analysis
    point = float(model.coefficients[positions].sum())
    part = _PARTS[name]
    row = analysis.describe(part.estimand) | _counts(model, part) | _treated(analysis, part)
    row["marker_level"] = part.level if part.column == "marker" else ""
    row["flags"] = (*row["flags"], *model.flags, *_flags(analysis, part, point, model), "contrast_of_one_model")
    if name == "ratio" and not model.choices.robust:
        row |= {"p_value": lrt_p, "p_kind": "lrt"}
    return EffectEstimate(
        **row,
        estimand=part.estimand,
        log_estimate=point,
        se=float(np.sqrt(model.covariance[np.ix_(positions, positions)].sum())),
        scale="binary",
        adjusted_for=model.adjusted_for,
        term=_PRODUCT if name == "ratio" else name,
        **model.fitted_as,
    )


@dataclass(frozen=True, slots=True)
class _Part:
    """Which patients a contrast speaks of (`level` of `column`; empty: all), and what it estimates."""

    estimand: Any
    column: str = ""
    level: Any = ""


_PARTS = {
    "ratio": _Part("interaction"),
    "marker_treated": _Part("prognostic", "treatment", TREATED),
    "marker_untreated": _Part("prognostic", "treatment", UNTREATED),
    "treatment_altered": _Part("treatment_effect", "marker", ALTERED),
    "treatment_unaltered": _Part("treatment_effect", "marker", UNALTERED),
}


def _flags(analysis: AnalysisSet, part: _Part, point: float, model: CoxModel) -> tuple[str, ...]:
    if part.estimand == "prognostic":
        return ()
    crude = part.estimand == "treatment_effect" and not model.adjusted_for and point > 0 and analysis.er == "positive"
    return (*design_flags(analysis.design), *(("crude_by_indication",) if crude else ()))


def _treated(analysis: AnalysisSet, part: _Part) -> dict[str, str]:
    """Return the one treatment that the patients of a prognostic contrast had."""
    if part.estimand != "prognostic":
        return {}
    had = analysis.treatment.name if part.level == TREATED else analysis.treatment.against
    return {"treatment_1": had, "treatment_0": "", "treated_alike": "yes"}


def _counts(model: CoxModel, part: _Part) -> dict[str, Any]:
    """Count the patients a contrast speaks of, in all and by group; years are those of the rows fitted."""
    frame, rows = model.analysis.frame, model.frame
    event = frame["event"].to_numpy() == 1
    inside = frame[part.column].to_numpy() == part.level if part.column else np.ones(len(frame), dtype=bool)
    by, first, second = ("treatment", TREATED, UNTREATED) if part.column == "marker" else ("marker", ALTERED, UNALTERED)
    groups = frame[by].to_numpy()
    out: dict[str, Any] = {"n": int(inside.sum()), "events": int((event & inside).sum())}
    for suffix, level in (("1", first), ("0", second)):
        group = inside & (groups == level)
        out |= {f"n_{suffix}": int(group.sum()), f"events_{suffix}": int((group & event).sum())}
    of = rows[part.column].to_numpy() == part.level if part.column else np.ones(len(rows), dtype=bool)
    out["person_years"] = float((rows["months"].to_numpy() - rows["entry"].to_numpy())[of].sum() / 12)
    return out
