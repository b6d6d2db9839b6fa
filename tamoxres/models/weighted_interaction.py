"""The interaction by propensity weights: treatment weighted within each level of the marker, and the ratio of the two.

Conventions: the propensity of treatment is fitted within each level of the marker, so that it may depend on the
covariates differently in each; the two weighted hazard ratios are of different patients and so independent, and the
variance of the log ratio is the sum of their robust (sandwich) variances, P Wald's. The hazard ratios are marginal:
they do not equal a conditional model's even where nothing is confounded. Weighting mends measured confounding alone.

References
----------
Li F, Morgan KL, Zaslavsky AM 2018, doi:10.1080/01621459.2016.1260466 (overlap weights). Green KM, Stuart EA 2014,
doi:10.1037/a0036515 (propensity within levels of a moderator).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ..analysis import AnalysisSet, marker_level
from ..analysis.design import column_of, parts_of
from ..cohort import ALTERED, UNALTERED
from ..effects import EffectEstimate
from ..errors import AnalysisError
from ..inference.verdict import design_flags
from ..tables.effects import EffectRows
from ..tables.shown import ShowsEffects
from ..tables.table import Table
from ..vocabulary import one_or_more
from .contrasted import PRODUCT
from .weights import Method, PropensityWeights, weights

__all__ = ["WeightedInteraction", "propensity_columns", "weighted_interaction"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WeightedInteraction(ShowsEffects):
    """An interaction by propensity weights.

    Attributes
    ----------
    ratio : EffectEstimate
        Ratio of the two weighted hazard ratios of treatment.
    altered, unaltered : EffectEstimate
        Weighted hazard ratios of treatment in the marker's levels.
    weights_altered, weights_unaltered : PropensityWeights
        With balance and effective sample size.
    """

    ratio: EffectEstimate
    altered: EffectEstimate
    unaltered: EffectEstimate
    weights_altered: PropensityWeights
    weights_unaltered: PropensityWeights

    @property
    def effects(self) -> EffectRows:
        """The ratio, then treatment when the marker is altered and when it is not."""
        return EffectRows([self.ratio, self.altered, self.unaltered])

    def table(self) -> Table:
        """Return the rows as a table, with balance and effective sample size of both levels below."""
        levels = ((ALTERED, self.weights_altered), (UNALTERED, self.weights_unaltered))
        return self.effects.table().with_footnotes(*(f"Marker {level}: {made}." for level, made in levels))


def weighted_interaction(
    analysis: AnalysisSet, *, adjust: str | Sequence[str] | None = None, method: Method = "overlap"
) -> WeightedInteraction:
    """Estimate the marker x treatment interaction with treatment weighted by its propensity in each marker level.

    Parameters
    ----------
    analysis : AnalysisSet
        Selected with a marker and `treatment="any"`.
    adjust : str or sequence of str, optional
        Covariates of the propensity, products left aside; those of `INDICATION` that are known, if None.
    method : "overlap" | "iptw" | "att"

    Returns
    -------
    WeightedInteraction

    Raises
    ------
    AnalysisError
        If there is no marker or one arm only, or positivity is violated in a level of the marker.

    Examples
    --------
    >>> import tamoxres as tr
    >>> her2 = tr.call(tr.load("metabric"), "HER2")
    >>> both = tr.select(her2, marker="HER2", endpoint="BCSS", treatment="any")
    >>> weighted_interaction(both, adjust=["age", "npi"]).ratio.weights
    'overlap'
    """
    if not analysis.marker:
        raise AnalysisError("An interaction needs a marker.", mend="Select with marker=..., such as HER2.")
    names = None if adjust is None else [name for name in one_or_more(adjust) if len(parts_of(name)) == 1]
    made = {
        level: weights(marker_level(analysis, level), adjust=names, method=method) for level in (ALTERED, UNALTERED)
    }
    altered, unaltered = (made[level].effect for level in (ALTERED, UNALTERED))
    return WeightedInteraction(
        ratio=_ratio(analysis, altered, unaltered), altered=altered, unaltered=unaltered,
        weights_altered=made[ALTERED], weights_unaltered=made[UNALTERED],
    )  # fmt: skip


def _ratio(analysis: AnalysisSet, altered: EffectEstimate, unaltered: EffectEstimate) -> EffectEstimate:
    """Make the row of the ratio of two independent hazard ratios."""
    row = analysis.describe("interaction")
    n, events = (_sum(getattr(altered, name), getattr(unaltered, name)) for name in ("n", "events"))
    row |= {
        "flags": (*row["flags"], *design_flags(analysis.design)), "n": n, "events": events,
        "n_1": altered.n, "events_1": altered.events, "n_0": unaltered.n, "events_0": unaltered.events,
        "person_years": (altered.person_years or 0.0) + (unaltered.person_years or 0.0),
        "left_out": max(analysis.selected - n, 0),
    }  # fmt: skip
    adjusted = tuple(dict.fromkeys((*altered.adjusted_for, *unaltered.adjusted_for)))
    return EffectEstimate(
        **row, estimand="interaction", log_estimate=(altered.point or 0.0) - (unaltered.point or 0.0),
        se=math.hypot(altered.se or math.nan, unaltered.se or math.nan), se_kind="robust", scale="binary",
        adjusted_for=adjusted, term=PRODUCT, model="cox", ties="efron", weights=altered.weights,
    )  # fmt: skip


def _sum(first: int | None, second: int | None) -> int:
    return (first or 0) + (second or 0)


def propensity_columns(*names: Sequence[str]) -> tuple[str, ...]:
    """Return the covariates of several lists, each column once, products left aside.

    Examples
    --------
    >>> propensity_columns(["age", "treatment:age", "factor(grade)"], ["site", "grade"])
    ('age', 'factor(grade)', 'site')
    """
    plain = (name for group in names for name in group if len(parts_of(name)) == 1)
    kept: dict[str, str] = {}
    for name in plain:
        kept.setdefault(column_of(name), name)
    return tuple(kept.values())
