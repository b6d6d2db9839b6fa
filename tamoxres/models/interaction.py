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
from typing import Any

import numpy as np
from scipy.special import chdtrc

from ..analysis import TREATED, UNTREATED, AnalysisSet
from ..analysis.design import complete_cases
from ..cohort import ALTERED, UNALTERED
from ..effects import EffectEstimate, effects_to_frame
from ..errors import AnalysisError
from ..inference.verdict import Verdict, indication_note, reach_verdict, single_arm_verdict
from ..vocabulary import Engine, Ties
from .cox import MARKER_CONTRAST, CoxModel, fit_nested, treatment_contrast
from .treatment import CRUDE_WARNING

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
        Ratio of hazard ratios, with `lrt_p`.
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
            ["estimand", "contrast", "population", "n", "events", "estimate", "ci_low", "ci_high", "p_value", "lrt_p"]
        ]
        told = f"<p><b>{escape(self.verdict.label)}</b>. {escape(self.verdict.sentence)}</p>"
        return told + str(shown.round(4).to_html(index=False))


def interaction(
    analysis: AnalysisSet,
    *,
    adjust: Sequence[str] = (),
    strata: Sequence[str] = (),
    ties: Ties = "efron",
    alpha: float = 0.05,
    margin: tuple[float, float] | None = None,
    engine: Engine = "kernel",
) -> InteractionResult:
    """Estimate the marker x treatment interaction and reach a verdict.

    Parameters
    ----------
    analysis : AnalysisSet
        Selected with a marker and `treatment="any"`.
    adjust, strata : sequence of str
    ties : "efron" | "breslow"
    alpha : float
        Level of the verdict's tests.
    margin : (low, high), optional
        Equivalence margin for the ratio of hazard ratios.
    engine : "kernel" | "lifelines"
        As in `cox`.

    Raises
    ------
    AnalysisError
        If there is no marker, one arm only, or a cell without events.
    """
    _refuse_single_arm(analysis)
    complete = complete_cases(analysis, [*adjust, *strata])
    result = _interaction(complete, adjust, strata, ties, engine)
    crude = _interaction(analysis, (), (), ties, engine) if adjust or strata else None
    verdict = reach_verdict(result["ratio"], result["marker_treated"], alpha=alpha, margin=margin)
    if crude is None:
        return InteractionResult(**result, crude=None, verdict=verdict)
    crude_verdict = reach_verdict(crude["ratio"], crude["marker_treated"], alpha=alpha, margin=margin)
    return InteractionResult(
        **result, crude=InteractionResult(**crude, crude=None, verdict=crude_verdict), verdict=verdict
    )


def _refuse_single_arm(analysis: AnalysisSet) -> None:
    if not analysis.marker:
        raise AnalysisError("An interaction needs a marker. Select with marker=..., such as HER2.")
    if not analysis.has_both_arms:
        raise AnalysisError(
            f"{single_arm_verdict(analysis.cohort.title)} "
            "Select with treatment='any' if the cohort has an untreated arm."
        )


def _interaction(
    analysis: AnalysisSet, adjust: Sequence[str], strata: Sequence[str], ties: Ties, engine: Engine
) -> dict[str, Any]:
    cells = _cells(analysis)
    terms = ["treatment", "marker", _PRODUCT, *adjust]
    full, smaller = fit_nested(analysis, terms, _PRODUCT, strata=strata, ties=ties, engine=engine)
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
            "patients and no events, so the interaction cannot be estimated. "
            "Choose another endpoint, rule or population."
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
    se = float(np.sqrt(model.covariance[np.ix_(positions, positions)].sum()))
    code, words = treatment_contrast(analysis)
    about = {
        "ratio": {"estimand": "interaction", "contrast": MARKER_CONTRAST, "treatment_contrast": code, "lrt_p": lrt_p},
        "marker_treated": {"estimand": "prognostic", "contrast": MARKER_CONTRAST, "treatment_contrast": "none"},
        "marker_untreated": {"estimand": "prognostic", "contrast": MARKER_CONTRAST, "treatment_contrast": "none"},
        "treatment_altered": {"estimand": "treatment_effect", "contrast": words, "treatment_contrast": code},
        "treatment_unaltered": {"estimand": "treatment_effect", "contrast": words, "treatment_contrast": code},
    }[name]
    row = analysis.describe() | _part(analysis, name) | about
    return EffectEstimate(
        **row,
        log_estimate=point,
        se=se,
        adjusted_for=model.adjusted_for,
        strata=model.strata,
        term=_PRODUCT if name == "ratio" else name,
        method=f"Cox regression, {model.ties.capitalize()} ties, contrast of one model"
        + (", stratified" if model.strata else ""),
        note=_note(analysis, name, point, model),
    )


def _note(analysis: AnalysisSet, name: str, point: float, model: CoxModel) -> str:
    notes = list(model.notes)
    if name not in ("marker_treated", "marker_untreated"):
        notes += indication_note(analysis.cohort.design)
        crude = not model.adjusted_for and name.startswith("treatment")
        if crude and point > 0 and analysis.population.startswith("ER positive"):
            notes.append(CRUDE_WARNING)
    return " ".join(notes)


def _part(analysis: AnalysisSet, name: str) -> dict[str, Any]:
    """Counts and population of the patients a contrast speaks of."""
    frame = analysis.frame
    event = frame["event"].to_numpy() == 1
    subset = {
        "ratio": None,
        "marker_treated": ("treatment", TREATED, "endocrine"),
        "marker_untreated": ("treatment", UNTREATED, "none"),
        "treatment_altered": ("marker", ALTERED, "any"),
        "treatment_unaltered": ("marker", UNALTERED, "any"),
    }[name]
    inside = frame["months"].notna().to_numpy() if subset is None else frame[subset[0]].to_numpy() == subset[1]
    by, first, second = (
        ("treatment", TREATED, UNTREATED) if name.startswith("treatment") else ("marker", ALTERED, UNALTERED)
    )
    groups = frame[by].to_numpy()
    out: dict[str, Any] = {"n": int(inside.sum()), "events": int((event & inside).sum())}
    for suffix, level in (("1", first), ("0", second)):
        group = inside & (groups == level)
        out |= {f"n_{suffix}": int(group.sum()), f"events_{suffix}": int((group & event).sum())}
    out["person_years"] = float((frame["months"].to_numpy() - frame["entry"].to_numpy())[inside].sum() / 12)
    if subset is not None:
        label = f"{analysis.marker} {subset[1]}" if subset[0] == "marker" else subset[1]
        out |= {"population": f"{analysis.population}, {label}", "treatment": subset[2]}
    return out
