"""The interaction of marker and treatment where deaths compete: on risk (Fine-Gray), and on each cause's hazard.

Conventions: the ratio is that of treatment's (sub)distribution hazard ratios, altered over unaltered, as in
`interaction`. The subdistribution ratio speaks of the endpoint's risk and mixes in what happens to competing deaths;
the two cause-specific ratios say where it comes from. Both kinds of hazard cannot be proportional at once, and every
row says so. With strata each has a baseline, and in Fine-Gray a censoring curve, of its own.

References
----------
Fine JP, Gray RJ 1999, JASA 94:496. Zhou B et al. 2011, doi:10.1111/j.1541-0420.2010.01493.x (strata). Latouche A et al.
2013, doi:10.1016/j.jclinepi.2012.09.017. Grambauer N, Schumacher M, Beyersmann J 2010, doi:10.1002/sim.3786.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..analysis import AnalysisSet
from ..analysis.design import complete_cases
from ..analysis.exposure import Honours
from ..cohort import ALTERED, UNALTERED
from ..effects import EffectEstimate
from ..errors import AnalysisError
from ..inference.verdict import design_flags
from ..tables.cells import count_cell, effect_cell, p_cell
from ..tables.effects import EffectRows, rows_title
from ..tables.hazard_notes import model_note
from ..tables.shown import ShowsEffects
from ..tables.table import Cell, Column, Row, Table
from ..vocabulary import one_or_more
from .contrasted import PRODUCT
from .cox import CoxModel
from .fine_gray import subdistribution_model
from .grouping import group_patients
from .interaction import one_interaction

__all__ = ["CompetingInteraction", "competing_interaction"]

_HONOURS: tuple[Honours, ...] = ("products",)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CompetingInteraction(ShowsEffects):
    """The interaction on the subdistribution and on the cause-specific hazards.

    Attributes
    ----------
    model : CoxModel
        The Fine-Gray model: treatment, marker, their product, covariates.
    subdistribution : EffectEstimate
        Ratio of subdistribution hazard ratios (sHR).
    endpoint, competing : EffectEstimate
        Ratio of cause-specific hazard ratios of the endpoint, and of the deaths that compete with it.
    by_marker : tuple of EffectEstimate
        Treatment's subdistribution hazard ratio when unaltered, and when altered.
    """

    model: CoxModel
    subdistribution: EffectEstimate
    endpoint: EffectEstimate
    competing: EffectEstimate
    by_marker: tuple[EffectEstimate, EffectEstimate]

    @property
    def effects(self) -> EffectRows:
        """The three ratios, then treatment's subdistribution hazard ratio in each marker level."""
        return EffectRows([self.subdistribution, self.endpoint, self.competing, *self.by_marker])

    def table(self) -> Table:
        """Return one line for each ratio, named by what it is of."""
        code = self.subdistribution.endpoint
        names = (
            f"interaction, risk of {code} (sHR)", f"interaction, hazard of {code} (HR)",
            "interaction, hazard of competing deaths (HR)", "treatment when unaltered (sHR)",
            "treatment when altered (sHR)",
        )  # fmt: skip
        rows = [
            Row((Cell(name), count_cell(row.n), count_cell(row.events), effect_cell(row), p_cell(row.p_value)))
            for name, row in zip(names, self.effects, strict=True)
        ]
        return Table(
            title=f"Interaction where deaths compete: {rows_title(self.effects[:2])}",
            columns=(
                Column("Ratio"), Column("N", "number"), Column("Events", "number"), Column("Ratio (95% CI)", "ratio"),
                Column("P", "p"),
            ),
            rows=tuple(rows),
            footnotes=tuple(
                dict.fromkeys(
                    [model_note([[self.subdistribution]]), model_note([[self.endpoint]])]
                    + [sentence for row in self.effects for sentence in row.sentences]
                )
            ),
        )  # fmt: skip


def competing_interaction(
    analysis: AnalysisSet, *, adjust: str | Sequence[str] = (), strata: str | Sequence[str] = ()
) -> CompetingInteraction:
    """Estimate the marker x treatment interaction by Fine-Gray, with the cause-specific ones beside it.

    Parameters
    ----------
    analysis : AnalysisSet
        Selected with a marker and `treatment="any"`, of an endpoint with which other deaths compete.
    adjust, strata : str or sequence of str

    Returns
    -------
    CompetingInteraction

    Raises
    ------
    AnalysisError
        If there is no marker, one arm only, no death competes, entry is delayed, or a model has no finite maximum.

    Examples
    --------
    >>> import tamoxres as tr
    >>> her2 = tr.call(tr.load("metabric"), "HER2")
    >>> both = tr.select(her2, marker="HER2", endpoint="BCSS", treatment="any")
    >>> [row.measure for row in competing_interaction(both, adjust="age").effects]
    ['sHR', 'HR', 'HR', 'sHR', 'sHR']
    """
    adjust, by = one_or_more(adjust), one_or_more(strata)
    if not analysis.marker or not analysis.has_both_arms:
        raise AnalysisError(
            "An interaction needs a marker and both arms.", mend="Select with marker=... and treatment='any'."
        )
    terms = ["treatment", "marker", *adjust, *by]
    complete = complete_cases(analysis, terms, honours=_HONOURS, estimator="The Fine-Gray interaction")
    model = subdistribution_model(complete, ["treatment", "marker", PRODUCT, *adjust], by)
    swapped = complete.frame["event"].map({0: 0, 1: 2, 2: 1})
    others = replace(complete, frame=complete.frame.assign(event=swapped))
    endpoint, competing = (_cause_specific(one, adjust, by) for one in (complete, others))
    named = replace(competing, endpoint="", remark=f"Of the deaths that compete with {complete.endpoint.code}.")
    return CompetingInteraction(
        model=model, subdistribution=_ratio(model), endpoint=endpoint, competing=named,
        by_marker=(_level(model, UNALTERED), _level(model, ALTERED)),
    )  # fmt: skip


def _flagged(row: EffectEstimate) -> EffectEstimate:
    return replace(row, flags=(*row.flags, "not_both_proportional"))


def _cause_specific(analysis: AnalysisSet, adjust: Sequence[str], strata: Sequence[str]) -> EffectEstimate:
    """Return the ratio of one cause's hazard ratios; a row that says so where it cannot be estimated."""
    try:
        return _flagged(one_interaction(analysis, adjust=adjust, strata=strata).judged)
    except AnalysisError as reason:
        base = analysis.describe("interaction") | {"estimand": "interaction", "scale": "binary", "model": "cox"}
        return EffectEstimate(**base, status="not_estimable", term=PRODUCT, remark=str(reason))


def _ratio(model: CoxModel) -> EffectEstimate:
    return _sum_of(model, model.analysis.describe("interaction") | {"estimand": "interaction"}, (PRODUCT,))


def _level(model: CoxModel, level: str) -> EffectEstimate:
    """Return treatment's subdistribution hazard ratio in one marker level."""
    analysis = model.analysis
    base = group_patients(analysis.part("marker", level), "treatment").describe() | {"marker_level": level}
    return _sum_of(model, base, ("treatment", PRODUCT) if level == ALTERED else ("treatment",))


def _sum_of(model: CoxModel, base: dict[str, Any], parts: tuple[str, ...]) -> EffectEstimate:
    """Make the row of a sum of the model's coefficients."""
    positions = [model.design.term(part).columns[0] for part in parts]
    flags = (*base["flags"], *design_flags(model.analysis.design), *model.row_flags)
    row = EffectEstimate(
        **(base | {"flags": flags, "scale": "binary"}), measure="sHR",
        log_estimate=float(model.coefficients[positions].sum()),
        se=float(np.sqrt(model.covariance[np.ix_(positions, positions)].sum())), se_kind="robust", model="fine_gray",
        ties="breslow", strata=model.strata, adjusted_for=model.adjusted_for, term=parts[-1],
    )  # fmt: skip
    return _flagged(row)
