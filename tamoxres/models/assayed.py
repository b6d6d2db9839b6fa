"""Who was assayed: a marker known only where tissue was left, and weights that let those patients stand for all.

Conventions: all are the patients of the question, whatever their marker; the probability that the marker is known is a
logistic regression on covariates, fitted to all in whom these are known. A weight is the share known over that
probability (stabilised: the weights average about 1). The weighted set carries the weights as sampling weights, so
that Cox models, interactions and curves honour them, with robust errors, and what cannot refuses by name. The robust
error takes the weights as known, which makes it too large rather than too small. The estimate is that of all if what
decided who was assayed is among the covariates, and every kind of patient was assayed at times.

References
----------
Robins JM, Rotnitzky A, Zhao LP 1994, JASA 89:846. Cole SR, Hernan MA 2008, Am J Epidemiol 168:656. Seaman SR, White IR
2013, Stat Methods Med Res 22:278.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..analysis import AnalysisSet, select
from ..analysis.design import Design, complete_cases, make_design, term_values
from ..analysis.exposure import WEIGHT
from ..cohort import Cohort
from ..errors import AnalysisError, QuestionError
from ..tables.cells import number_cell
from ..tables.shown import ShowsTable
from ..tables.table import Cell, Column, Row, Table
from ..vocabulary import BoolArray, FloatArray, one_or_more
from ..wording import count, number, percent
from .weights import propensity_scores

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["AssayWeights", "assay_weights"]

_LEAST = 0.01  # a patient who stands for more than 100 others
_ESTIMATOR = "A weight for being assayed"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AssayWeights(ShowsTable):
    """Patients whose marker is known, weighted to stand for all.

    Attributes
    ----------
    analysis : AnalysisSet
        Those patients, with the weights as `sampling_weight`: what `tr.cox`, `tr.interaction` and curves take.
    covariates : tuple of str
    design : Design
        Of all patients.
    known : array of bool, shape (n,)
        Whose marker is known, of all.
    probability : array of float, shape (n,)
        Of being known.
    weights : array of float, shape (known,)
    truncated : float or None
        Quantile at which weights were cut.
    """

    analysis: AnalysisSet
    covariates: tuple[str, ...]
    design: Design
    known: BoolArray
    probability: FloatArray
    weights: FloatArray
    truncated: float | None = None

    @property
    def ess(self) -> float:
        """Effective sample size of the weighted patients, (sum w)^2 / sum w^2."""
        return float(self.weights.sum() ** 2 / (self.weights @ self.weights))

    @property
    def balance(self) -> pd.DataFrame:
        """One row a covariate: mean of all, of the assayed, and of the weighted; both less all, in SDs of all."""
        import pandas as pd

        rows: list[dict[str, Any]] = []
        for name, values in zip(self.design.names, self.design.x.T, strict=True):
            whole, sd = float(values.mean()), float(values.std(ddof=1))
            plain = float(values[self.known].mean())
            weighted = float(np.average(values[self.known], weights=self.weights))
            rows.append(
                {"covariate": name, "all": whole, "assayed": plain, "weighted": weighted,
                 "smd_before": (plain - whole) / sd, "smd_after": (weighted - whole) / sd}
            )  # fmt: skip
        return pd.DataFrame(rows)

    def table(self) -> Table:
        """Return the balance of all patients, the assayed and the weighted."""
        rows = tuple(
            Row((Cell(str(one["covariate"])), *(number_cell(float(value)) for value in list(one)[1:])))
            for _, one in self.balance.iterrows()
        )
        heads = ("All", "Assayed", "Weighted", "SMD before", "SMD after")
        return Table(
            title=f"Who was assayed: {self.analysis.cohort.title}, {self.analysis.marker}",
            columns=(Column("Covariate"), *(Column(head, "number") for head in heads)), rows=rows,
            footnotes=(f"{self}.", "SMD: the difference from all patients, in their standard deviations."),
        )  # fmt: skip

    def __str__(self) -> str:
        cut = f", cut at their quantile {self.truncated:g}" if self.truncated is not None else ""
        return (
            f"{self.analysis.marker} known in {count(self.known.sum())} of {count(self.known.size)} patients "
            f"({percent(self.known.mean())}); weights {number(float(self.weights.min()))} to "
            f"{number(float(self.weights.max()))}{cut}, effective sample size {number(self.ess, 0)}"
        )


def assay_weights(
    cohort: Cohort,
    *,
    marker: str,
    covariates: str | Sequence[str],
    rule: str | None = None,
    truncate: float | None = None,
    **question: Any,
) -> AssayWeights:
    """Weight the patients whose marker is known by the inverse of the probability of that.

    Parameters
    ----------
    cohort : Cohort
        With the marker called.
    marker : str
    covariates : str or sequence of str
        What may have decided who was assayed; `treatment` may be among them.
    rule : str, optional
        Of the call; the last if None.
    truncate : float, optional
        Quantile of the weights above which they are cut, such as 0.99; none are cut if None.
    **question
        endpoint, er, treatment and where, as in `select`.

    Returns
    -------
    AssayWeights

    Raises
    ------
    QuestionError
        If everybody was assayed, `truncate` is no quantile, or there are no covariates.
    AnalysisError
        If nobody of some kind was assayed (positivity), the probability of somebody is below 1%, or the covariates
        tell apart who was assayed.

    Examples
    --------
    >>> import tamoxres as tr
    >>> pten = tr.call(tr.load("metabric"), "HER2", rule="three_gene")
    >>> found = assay_weights(pten, marker="HER2", covariates=["age", "npi"], endpoint="BCSS", treatment="any")
    >>> bool(abs(found.balance["smd_after"]).max() < abs(found.balance["smd_before"]).max())
    True
    """
    covariates = one_or_more(covariates)
    if not covariates:
        raise QuestionError("Weights for being assayed need covariates: what may have decided who was.")
    if truncate is not None and not 0.5 < truncate < 1:
        raise QuestionError(f"truncate is {truncate:g}; it is a quantile of the weights, above 0.5 and below 1.")
    everyone = complete_cases(select(cohort, **question), covariates, estimator=_ESTIMATOR)
    assayed = complete_cases(select(cohort, marker=marker, rule=rule, **question), covariates, estimator=_ESTIMATOR)
    known = everyone.frame.index.isin(assayed.frame.index)
    if known.all():
        raise QuestionError(f"{assayed.marker} is known in all {count(known.size)} patients; no weights are needed.")
    _refuse_empty(everyone, covariates, known)
    design = make_design(everyone.frame, list(covariates))
    probability = _probability(design, known)
    order = everyone.frame.index.get_indexer(assayed.frame.index)
    least = int(np.argmin(probability[order]))
    if probability[order][least] < _LEAST:
        raise AnalysisError(
            f"Patient {assayed.frame.index[least]!r} was assayed against a probability of "
            f"{probability[order][least]:.4f} and would stand for more than 100.",
            mend="Positivity is in doubt: restrict the question, or use fewer covariates.",
        )
    weights = known.mean() / probability[order]
    if truncate is not None:
        weights = np.minimum(weights, np.quantile(weights, truncate))
    return AssayWeights(
        analysis=_weighted(assayed, weights), covariates=tuple(covariates), design=design, known=known,
        probability=probability, weights=weights[np.argsort(order)], truncated=truncate,
    )  # fmt: skip


def _weighted(assayed: AnalysisSet, weights: FloatArray) -> AnalysisSet:
    """Return the set with its weights, whose rows say what they are."""
    frame = assayed.frame.assign(**{WEIGHT: weights})
    return replace(assayed, frame=frame, codes=(*assayed.codes, "assay_weights"))


def _probability(design: Design, known: BoolArray) -> FloatArray:
    try:
        return propensity_scores(design.x, known.astype(float))
    except AnalysisError:
        raise AnalysisError(
            "The probability of being assayed has no finite estimate: covariates tell apart who was.",
            mend="Use fewer covariates.",
        ) from None


def _refuse_empty(everyone: AnalysisSet, covariates: Sequence[str], known: BoolArray) -> None:
    """Refuse a level of a covariate in which nobody was assayed: nobody can stand for its patients."""
    for name in covariates:
        values = term_values(everyone.frame, name)
        if values.dtype.kind in "fiu":
            continue
        texts = values.astype(str).to_numpy()
        for level in sorted(set(texts)):
            there = texts == level
            if not known[there].any():
                raise AnalysisError(
                    f"Positivity violated: none of the {count(there.sum())} patients with {name} == {level} was "
                    f"assayed, so nobody can stand for them.",
                    mend=f"Leave them out (where='{name} != {level}'): the answer is then about the others.",
                )
