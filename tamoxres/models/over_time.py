"""Does the interaction stay the same over follow-up? Score tests, and the ratio in both halves of the events.

Conventions: the score test is that of `proportional_test` (Kaplan-Meier scale), of treatment and product jointly (both
levels' hazard ratios of treatment, 2 df) and of the product. Follow-up is split at the median event time, an event at
the cut belonging to the first half; treatment, marker and product have a coefficient in each half, covariates one for
all. A change is tested by Wald's test of the difference between the halves.

References
----------
Grambsch PM, Therneau TM 1994, Biometrika 81:515. Therneau TM, Grambsch PM 2000, Modeling Survival Data, chapter 6.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from scipy.special import ndtr

from ..analysis.follow_up import delayed_entry, stratum_codes
from ..effects import EffectEstimate
from ..errors import AnalysisError
from ..inference.verdict import OverTime
from ..kernel.cox import CoxFit, CoxOptions, fit_cox
from ..kernel.proportional import score_test, transform_times
from ..kernel.residuals import score_residual_parts
from ..vocabulary import FloatArray, MarkerLevel
from .contrasted import PRODUCT, Compared, compared
from .cox import CoxModel
from .time_split import SplitRows, split_rows

__all__ = ["over_time"]

_TERMS = ("treatment", "marker", PRODUCT)
_Contrast = tuple[Literal["interaction", "treatment_effect"], tuple[float, float, float], MarkerLevel]


def _contrasts(levels: Compared) -> tuple[_Contrast, ...]:
    """Return the weights of the three terms in the ratio, and in treatment's hazard ratio at both levels."""
    upper, lower = levels.levels
    return (
        ("interaction", (0.0, 0.0, 1.0), ""), ("treatment_effect", (1.0, 0.0, levels.at[0]), upper),
        ("treatment_effect", (1.0, 0.0, levels.at[1]), lower),
    )  # fmt: skip


def over_time(model: CoxModel) -> OverTime:
    """Test whether the interaction of a fitted model changes over follow-up.

    Parameters
    ----------
    model : CoxModel
        With treatment, marker and their product, each of one column.

    Returns
    -------
    OverTime
        Without halves where a group of marker and treatment has no events in one of them.
    """
    columns = [model.design.term(name).columns[0] for name in _TERMS]
    joint, product = _score_tests(model, columns)
    halves = _halves(model, columns)
    if halves is None:
        return OverTime(joint_p=joint, product_p=product)
    early, late, change = halves
    return OverTime(joint_p=joint, product_p=product, early=early, late=late, change_p=change)


def _score_tests(model: CoxModel, columns: list[int]) -> tuple[float, float]:
    frame = model.frame
    parts = score_residual_parts(model.on_kernel())
    g = transform_times(
        "km", parts.time, time=frame["months"].to_numpy(float), event=np.asarray(frame["event"] == 1, dtype=int),
        entry=delayed_entry(frame),
    )  # fmt: skip
    test = score_test(parts, g, [[columns[0], columns[2]], [columns[2]]])
    return float(test.p[0]), float(test.p[1])


_Rows = tuple[EffectEstimate, ...]


def _halves(model: CoxModel, columns: list[int]) -> tuple[_Rows, _Rows, tuple[float, ...]] | None:
    """Fit both halves of follow-up; None where a group has no events in one of them."""
    frame = model.frame
    months, event = frame["months"].to_numpy(float), np.asarray(frame["event"] == 1, dtype=int)
    cut = float(np.median(months[event == 1]))
    split = split_rows(months, event, [cut], delayed_entry(frame))
    levels = compared(model.analysis)
    cell = 4 * split.period + levels.groups(frame)[split.patient]
    if not np.bincount(cell, split.event, minlength=8).all():
        return None
    try:
        fit = _fit(model, split, columns)
    except AnalysisError:
        return None
    if fit.flags:
        return None
    rows = _contrasts(levels)
    periods = [tuple(_row(levels, model, fit, split, (period, cut), row) for row in rows) for period in (0, 1)]
    change = []
    for _, weights, _ in rows:
        difference, se = _sum(fit, np.concatenate([np.negative(weights), weights]))
        change.append(float(2 * ndtr(-abs(difference) / se)))
    return periods[0], periods[1], tuple(change)


def _fit(model: CoxModel, split: SplitRows, columns: list[int]) -> CoxFit:
    """Fit the three terms in each half, and the covariates for all of follow-up."""
    x, frame = model.design.x[split.patient], model.frame
    focus = x[:, columns]
    halves = [focus * (split.period == period)[:, None] for period in (0, 1)]
    others = np.delete(x, columns, axis=1)
    codes = stratum_codes(frame, model.strata)
    return fit_cox(
        split.stop, split.event, np.hstack([*halves, others]),
        entry=np.where(split.start > 0, split.start, -np.inf),
        strata=None if codes is None else codes[split.patient], options=CoxOptions(ties=model.ties),
    )  # fmt: skip


def _sum(fit: CoxFit, weights: FloatArray) -> tuple[float, float]:
    """Return a weighted sum of the first coefficients, and its standard error."""
    size = weights.size
    variance = float(weights @ fit.covariance[:size, :size] @ weights)
    return float(weights @ fit.coefficients[:size]), float(np.sqrt(variance))


def _row(
    levels: Compared, model: CoxModel, fit: CoxFit, split: SplitRows, where: tuple[int, float],
    about: _Contrast,
) -> EffectEstimate:  # fmt: skip
    """Make the row of a contrast in one half."""
    period, cut = where
    estimand, weights, level = about
    padded = np.zeros(6)
    padded[3 * period : 3 * period + 3] = weights
    point, se = _sum(fit, padded)
    analysis = model.analysis
    inside = split.period == period
    if level and not levels.is_number:
        inside &= (model.frame["marker"].to_numpy() == level)[split.patient]
    patients = model.frame.index.to_numpy()[split.patient[inside]]
    own = levels.of_treatment(level) if level else levels.of_marker()
    row: dict[str, Any] = analysis.describe(estimand) | own | {
        "from_months": period * cut, "to_months": analysis.to_months if period else cut,
        "n": len(set(patients)), "events": int(split.event[inside].sum()),
        "person_years": float((split.stop - np.maximum(split.start, 0))[inside].sum() / 12),
    }  # fmt: skip
    row["flags"] = (*row["flags"], *(["survivors_of_period"] if period else []), "contrast_of_one_model")
    return EffectEstimate(
        **row, estimand=estimand, log_estimate=point, se=se, se_kind="model", model="cox_by_period",
        adjusted_for=model.adjusted_for, strata=model.strata, term=PRODUCT if not level else "treatment",
        ties=model.ties,
    )  # fmt: skip
