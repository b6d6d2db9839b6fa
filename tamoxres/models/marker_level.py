"""A marker's measured level: cut anew within each batch, and taken into the interaction uncut.

Conventions: a cohort-wide cut of a level that differs between sites or batches calls the site as much as the tumour.
Within a batch a median is that of the batch's patients in the set, and a published threshold is applied to the level in
standard deviations from the batch's mean. Uncut, the level enters per standard deviation of all assayed patients,
turned so that higher means altered; the product with treatment is linear, its P the likelihood-ratio test's.

References
----------
Royston P, Altman DG, Sauerbrei W 2006, doi:10.1002/sim.2331 (why not to cut).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np
from scipy.special import chdtrc

from ..analysis import AnalysisSet
from ..analysis.design import complete_cases, parts_of
from ..cohort import ABOVE_MEDIAN, ALTERED, UNALTERED
from ..effects import EffectEstimate
from ..effects.routes import ratio_of
from ..errors import AnalysisError
from ..inference.verdict import design_flags
from ..kernel.profile import profile_interval
from ..markers.calling import level_rule
from ..registry import LevelRule
from ..tables.effects import EffectRows
from ..tables.shown import ShowsEffects
from ..vocabulary import one_or_more
from .cox import CoxModel, fit_nested
from .engine import ModelChoices

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["LevelInteraction", "cut_within", "level_interaction", "measured_by"]

_LEVEL = "marker_level"
_PRODUCT = f"treatment:{_LEVEL}"


def measured_by(analysis: AnalysisSet) -> LevelRule | None:
    """Return the rule that cuts the marker's measured level; None where it cuts none, or was published cut."""
    if not analysis.marker:
        return None
    rule = level_rule(analysis.cohort, analysis.marker, analysis.rule)
    profile = None if rule is None else analysis.cohort.profile(rule.kind)
    return rule if profile is not None and profile.unit != ABOVE_MEDIAN else None


def _levels(analysis: AnalysisSet) -> tuple[LevelRule, pd.Series[Any]]:
    """Return the rule and the level of each patient of the set, in standard deviations."""
    rule = measured_by(analysis)
    if rule is None:
        raise AnalysisError(
            f"{analysis.marker or 'The set'} by {analysis.rule or 'no rule'} cuts no measured level in "
            f"{analysis.cohort.title}.", mend="Use a rule on mRNA or protein.",
        )  # fmt: skip
    return rule, rule.measure(analysis.cohort).reindex(analysis.frame.index)


def cut_within(analysis: AnalysisSet, batch: str = "site") -> AnalysisSet:
    """Cut a marker's measured level anew within each batch, so that the batch itself is not called.

    Parameters
    ----------
    analysis : AnalysisSet
        Selected with a marker whose rule cuts a level.
    batch : str
        Column of the batch, such as the contributing site; who has none leaves.

    Returns
    -------
    AnalysisSet

    Raises
    ------
    AnalysisError
        If the rule cuts no measured level, or a level of the marker is empty after it.

    Examples
    --------
    >>> import tamoxres as tr
    >>> her2 = tr.call(tr.load("metabric"), "HER2")
    >>> cut_within(tr.select(her2, marker="HER2", endpoint="BCSS", treatment="any"), "site")
    Traceback (most recent call last):
    ...
    tamoxres.errors.AnalysisError: HER2 by snp6_gain cuts no measured level in METABRIC. Use a rule on mRNA or protein.
    """
    import pandas as pd

    known = complete_cases(analysis, [batch], honours=("start", "weights", "products", "level"))
    rule, levels = _levels(known)
    groups = levels.groupby(known.frame[batch].astype(str).to_numpy())
    if rule.threshold is not None:
        levels = (levels - groups.transform("mean")) / groups.transform("std")
        groups = levels.groupby(known.frame[batch].astype(str).to_numpy())
    beyond = groups.transform(rule.beyond).astype(bool)
    called = pd.Categorical(np.where(beyond, ALTERED, UNALTERED), [UNALTERED, ALTERED])
    if len(set(called)) < 2:
        raise AnalysisError(f"{analysis.marker} cut within {batch}: all patients have one level.")
    codes = (*known.codes, "cut_within_batch")
    return replace(known, frame=known.frame.assign(marker=called), codes=codes, uncut=None)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LevelInteraction(ShowsEffects):
    """The interaction of treatment with a marker's level, uncut.

    Attributes
    ----------
    ratio : EffectEstimate
        Ratio of hazard ratios per standard deviation towards altered, with its likelihood-ratio P and profile interval.
    model : CoxModel
    """

    ratio: EffectEstimate
    model: CoxModel

    @property
    def effects(self) -> EffectRows:
        """The ratio alone."""
        return EffectRows([self.ratio])


def level_interaction(
    analysis: AnalysisSet, *, adjust: str | Sequence[str] = (), **how: Unpack[ModelChoices]
) -> LevelInteraction:
    """Estimate the interaction of treatment with a marker's measured level, without a cut.

    Parameters
    ----------
    analysis : AnalysisSet
        Selected with a marker whose rule cuts a level, and `treatment="any"`.
    adjust : str or sequence of str
    **how
        strata, ties, engine, weights and cluster, as in `cox`.

    Returns
    -------
    LevelInteraction
        The interaction per unit of the measured level.

    Raises
    ------
    AnalysisError
        If the rule cuts no measured level.

    Examples
    --------
    >>> import tamoxres as tr
    >>> her2 = tr.call(tr.load("metabric"), "HER2")
    >>> both = tr.select(her2, marker="HER2", endpoint="BCSS", treatment="any")
    >>> try:
    ...     level_interaction(both)
    ... except tr.TamoxresError as error:
    ...     print(error)
    HER2 by snp6_gain cuts no measured level in METABRIC. Use a rule on mRNA or protein.
    """
    rule, levels = _levels(analysis)
    towards = -levels if rule.altered == "low" else levels
    widened = replace(analysis, frame=analysis.frame.assign(**{_LEVEL: towards}))
    terms = ["treatment", _LEVEL, _PRODUCT, *one_or_more(adjust)]
    full, smaller = fit_nested(widened, terms, _PRODUCT, **how)
    return LevelInteraction(ratio=_row(full, smaller), model=full)


def _row(full: CoxModel, smaller: CoxModel) -> EffectEstimate:
    column = full.design.term(_PRODUCT).columns[0]
    row = full.analysis.describe("interaction")
    row["flags"] = (*row["flags"], *full.row_flags, *design_flags(full.analysis.design))
    tested: dict[str, Any] = {}
    if not full.choices.robust:
        limits = profile_interval(full.on_kernel(), column)
        tested = {
            "ci_low": ratio_of(limits.low), "ci_high": ratio_of(limits.high), "ci_kind": "profile", "p_kind": "lrt",
            "p_value": float(chdtrc(1, max(2 * (full.loglik - smaller.loglik), 0.0))),
        }  # fmt: skip
    return EffectEstimate(
        **row, estimand="interaction", scale="per_sd", term=_PRODUCT,
        log_estimate=float(full.coefficients[column]), se=float(np.sqrt(full.covariance[column, column])),
        adjusted_for=tuple(name for name in full.adjusted_for if _LEVEL not in parts_of(name)),
        **full.fitted_as, **tested,
    )  # fmt: skip
