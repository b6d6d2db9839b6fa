"""The interaction as a Bayesian reads it: sceptical, enthusiastic and shrinkage priors on the log ratio.

Conventions: those of `inference.bayes`. Beside the normal approximation the profile likelihood of the ratio (all other
coefficients at their best) is integrated: it is worked out at 81 log ratios over six standard errors on both sides, and
between them is a cubic spline. With sampling weights or clusters there is no likelihood, and the normal approximation
stands alone. The posterior holds under the model; it does not make up for confounding.

References
----------
Spiegelhalter DJ, Abrams KR, Myles JP 2004, Bayesian Approaches to Clinical Trials and Health-Care Evaluation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Unpack

import numpy as np

from ..analysis import AnalysisSet
from ..effects import EffectEstimate
from ..inference.bayes import (
    PRIORS,
    NeededPrior,
    Posterior,
    Prior,
    by_likelihood,
    by_normal,
    check_margin,
    estimated_ratio,
    prior_needed,
)
from ..kernel.profile import profile_loglik
from ..tables.cells import interval_cell, p_cell
from ..tables.effects import rows_title
from ..tables.shown import ShowsTable
from ..tables.table import Cell, Column, Row, Table
from ..vocabulary import FloatArray
from .contrasted import PRODUCT
from .engine import ModelChoices
from .interaction import InteractionResult, one_interaction

__all__ = ["BayesInteraction", "bayes_interaction", "bayes_of_row"]

_REACH, _AT, _BETWEEN = 6.0, 81, 4001


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BayesInteraction(ShowsTable):
    """Posteriors of an interaction under several priors.

    Attributes
    ----------
    ratio : EffectEstimate
        The row they are of.
    posteriors : tuple of Posterior
        Of each prior by the normal approximation, then by the profile likelihood where there is one.
    needed : NeededPrior or None
        The prior that belief turns on.
    """

    ratio: EffectEstimate
    posteriors: tuple[Posterior, ...]
    needed: NeededPrior | None

    def of(self, prior: str, likelihood: str = "normal") -> Posterior:
        """Return one posterior, by the name of its prior and `normal` or `profile`."""
        return next(p for p in self.posteriors if (p.prior.name, p.likelihood) == (prior, likelihood))

    def table(self) -> Table:
        """Return one row a prior and likelihood."""
        low, high = self.posteriors[0].margin
        rows = tuple(
            Row(
                (
                    Cell(p.prior.name), Cell(p.likelihood), interval_cell((p.median, p.ci_low, p.ci_high)),
                    *(p_cell(share) for share in (p.above_1, p.above, p.within, p.below)),
                )
            )
            for p in self.posteriors
        )  # fmt: skip
        heads = ("P(ratio > 1)", f"P(ratio > {high:g})", f"P({low:g} to {high:g})", f"P(ratio < {low:g})")
        notes = ["The posterior holds under the model: confounding is not made up for."]
        if self.ratio.design not in ("randomised", ""):
            notes.append("Treatment was not randomised, and no prior here allows for that.")
        if self.needed is not None:
            notes.append(f"Prior needed: {self.needed}.")
        return Table(
            title=f"The interaction under several priors: {rows_title([self.ratio])}",
            columns=(
                Column("Prior"), Column("Likelihood"), Column("Ratio of HRs, median (95% CrI)", "ratio"),
                *(Column(head, "p") for head in heads),
            ),
            rows=rows, footnotes=tuple(notes),
        )  # fmt: skip

    def __str__(self) -> str:
        return str(self.table())


def bayes_interaction(
    analysis: AnalysisSet,
    *,
    adjust: str | Sequence[str] = (),
    priors: Sequence[Prior] = PRIORS,
    margin: tuple[float, float] = (0.8, 1.25),
    **how: Unpack[ModelChoices],
) -> BayesInteraction:
    """Read the marker x treatment interaction under sceptical, enthusiastic and shrinkage priors.

    Parameters
    ----------
    analysis : AnalysisSet
        Selected with a marker and `treatment="any"`.
    adjust : str or sequence of str
    priors : sequence of Prior
        Of the log ratio; by default sceptical, enthusiastic, shrinkage and flat.
    margin : (low, high)
        Ratios within it count as none.
    **how
        strata, ties, engine, weights and cluster, as in `cox`.

    Returns
    -------
    BayesInteraction

    Raises
    ------
    AnalysisError
        If the interaction cannot be estimated, or the margin does not hold 1.

    Examples
    --------
    >>> import tamoxres as tr
    >>> her2 = tr.call(tr.load("metabric"), "HER2")
    >>> both = tr.select(her2, marker="HER2", endpoint="BCSS", treatment="any")
    >>> found = bayes_interaction(both, adjust=["age", "npi"], strata="site")
    >>> round(found.of("sceptical").above_1, 2), round(found.of("sceptical", "profile").above_1, 2)
    (0.42, 0.42)
    """
    check_margin(margin)
    found = one_interaction(analysis, adjust=adjust, **how)
    normal = bayes_of_row(found.judged, priors=priors, margin=margin)
    likelihood = _profile(found)
    if likelihood is None:
        return normal
    profiled = [by_likelihood(*likelihood, prior, margin=margin) for prior in priors]
    return BayesInteraction(ratio=normal.ratio, posteriors=(*normal.posteriors, *profiled), needed=normal.needed)


def bayes_of_row(
    row: EffectEstimate, *, priors: Sequence[Prior] = PRIORS, margin: tuple[float, float] = (0.8, 1.25)
) -> BayesInteraction:
    """Read any estimated interaction, a published or pooled one too, by the normal approximation.

    Examples
    --------
    >>> row = EffectEstimate.from_ci(2.06, 1.31, 3.24, study="a", estimand="interaction")
    >>> found = bayes_of_row(row)
    >>> round(found.of("sceptical").above_1, 3), round(found.of("shrinkage").above_1, 3)
    (0.996, 0.992)
    """
    log_ratio, se = estimated_ratio(row)
    posteriors = tuple(by_normal(log_ratio, se, prior, margin=margin) for prior in priors)
    return BayesInteraction(ratio=row, posteriors=posteriors, needed=prior_needed(row))


def _profile(found: InteractionResult) -> tuple[FloatArray, FloatArray] | None:
    """Return log ratios and the profile log likelihood there; None where the model has none (weights, Firth)."""
    model = found.model
    if model.kind != "cox" or model.choices.robust or found.judged is not found.ratio:
        return None
    fit, column = model.on_kernel(), model.design.term(PRODUCT).columns[0]
    estimate, se = float(model.coefficients[column]), float(fit.se[column])
    at = np.linspace(estimate - _REACH * se, estimate + _REACH * se, _AT)
    from scipy.interpolate import CubicSpline

    logs = np.array([profile_loglik(fit, column, float(value)) for value in at])
    between = np.linspace(at[0], at[-1], _BETWEEN)
    return between, np.asarray(CubicSpline(at, logs)(between))
