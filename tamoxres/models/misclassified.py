"""What would the marker's ratios be, had it been measured without error? A correction for sensitivity and specificity.

Conventions: the errors are the same whatever a patient's outcome, treatment and covariates (non-differential), and
given from outside: from a validation study, or as the agreement with another rule, which is accuracy only if that rule
were the truth. The corrected score is that of `kernel.corrected`; ties are Breslow's, standard errors robust. Where the
numbers of patients behind sensitivity and specificity are given, their binomial errors are carried into the interval by
the delta method, as if those patients were others.

References
----------
Zucker DM, Spiegelman D 2008, Stat Med 27:1911. Fox MP, MacLehose RF, Lash TL 2021, Applying Quantitative Bias Analysis
to Epidemiologic Data, 2nd edition, chapter 6.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..analysis import AnalysisSet
from ..analysis.design import Design, complete_cases, make_design
from ..analysis.exposure import Honours
from ..analysis.follow_up import delayed_entry, stratum_codes
from ..cohort import ALTERED, UNALTERED
from ..effects import EffectEstimate
from ..errors import AnalysisError, QuestionError
from ..inference.verdict import design_flags
from ..kernel.corrected import CorrectedFit, FollowUp, Versions, corrected_score, fit_corrected, version_weights
from ..tables.cells import effect_cell
from ..tables.effects import EffectRows, rows_title
from ..tables.shown import ShowsEffects
from ..tables.table import Cell, Column, Row, Table
from ..vocabulary import FloatArray, one_or_more
from ..wording import percent
from .contrasted import PRODUCT
from .interaction import contrast_parts

__all__ = ["Accuracy", "Misclassified", "accuracy_against", "misclassified"]

_HONOURS: tuple[Honours, ...] = ("products",)
_NUDGE = 1e-5  # of a sensitivity or specificity, for its derivative


@dataclass(frozen=True, slots=True, kw_only=True)
class Accuracy:
    """How well a marker was measured.

    Attributes
    ----------
    sensitivity, specificity : float
        Share of the truly altered called altered, and of the truly unaltered called unaltered.
    n_altered, n_unaltered : int or None
        Truly altered and truly unaltered patients in whom that was found; without them both are taken as known.
    truth : str
        The rule that stood for the truth; empty where it was named from outside.

    Examples
    --------
    >>> import tamoxres as tr
    >>> tr.Accuracy(sensitivity=0.9, specificity=0.95).youden
    0.85
    """

    sensitivity: float
    specificity: float
    n_altered: int | None = None
    n_unaltered: int | None = None
    truth: str = ""

    def __post_init__(self) -> None:
        for name in ("sensitivity", "specificity"):
            if not 0 < getattr(self, name) <= 1:
                raise QuestionError(f"{name} is {getattr(self, name)}; it is a share above 0, up to 1.")
        if self.youden <= 0:
            raise QuestionError(
                f"Sensitivity {self.sensitivity:g} and specificity {self.specificity:g} sum to 1 or less: such a call "
                "tells nothing of the marker."
            )

    @property
    def youden(self) -> float:
        """Sensitivity + specificity - 1."""
        return round(self.sensitivity + self.specificity - 1, 12)

    @property
    def variances(self) -> tuple[float, float]:
        """Binomial variances of sensitivity and specificity; 0 where they are taken as known."""
        pairs = (self.sensitivity, self.n_altered), (self.specificity, self.n_unaltered)
        first, second = (share * (1 - share) / n if n else 0.0 for share, n in pairs)
        return first, second

    def __str__(self) -> str:
        against = f", if {self.truth} were the truth" if self.truth else ""
        return f"sensitivity {percent(self.sensitivity)}, specificity {percent(self.specificity)}{against}"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Misclassified(ShowsEffects):
    """Hazard ratios of a marker corrected for errors of measurement, beside those as observed.

    Attributes
    ----------
    effects : EffectRows
        With both arms the ratio of hazard ratios, the marker's hazard ratio in the treated and the untreated,
        treatment's when altered and when unaltered; else the marker's hazard ratio. All corrected.
    observed : EffectRows
        The same without the correction.
    accuracy : Accuracy
    share_observed, share_true : float
        Of patients called altered, and truly altered.
    """

    effects: EffectRows
    observed: EffectRows
    accuracy: Accuracy
    share_observed: float
    share_true: float

    def table(self) -> Table:
        """Return one line for each ratio: as observed, and corrected."""
        rows = [
            Row((Cell(_named(row)), effect_cell(seen), effect_cell(row)))
            for row, seen in zip(self.effects, self.observed, strict=True)
        ]
        share = f"{percent(self.share_observed)} are called altered, {percent(self.share_true)} truly are"
        return Table(
            title=f"Corrected for misclassification of the marker: {rows_title(self.effects)}",
            columns=(Column("Ratio"), Column("As observed, HR (95% CI)", "ratio"), Column("Corrected, HR (95% CI)",
                     "ratio")),
            rows=tuple(rows),
            footnotes=(
                f"At {self.accuracy}: {share}.",
                *dict.fromkeys(s for row in self.effects for s in row.sentences if s != row.remark),
            ),
        )  # fmt: skip

    def __str__(self) -> str:
        return f"As observed: {self.observed[0]}\nCorrected, {self.accuracy}: {self.effects[0]}"


def _named(row: EffectEstimate) -> str:
    if row.estimand == "interaction":
        return "interaction"
    what = "treatment" if row.estimand == "treatment_effect" else "marker"
    return f"{what}, {row.within}" if row.within else what


def accuracy_against(analysis: AnalysisSet, truth: str) -> Accuracy:
    """Measure the rule by which a marker was called against another rule, taken as the truth, in the same patients.

    Parameters
    ----------
    analysis : AnalysisSet
        Of a cohort in which the marker is called by both rules.
    truth : str
        The other rule. It is another assay or another construct: what comes out is agreement, and accuracy only if
        that rule were the truth.

    Returns
    -------
    Accuracy

    Raises
    ------
    QuestionError
        If there is no marker, or the cohort does not hold the other rule's call.
    AnalysisError
        If the other rule finds nobody altered, or nobody unaltered.

    Examples
    --------
    >>> import tamoxres as tr
    >>> cohort = tr.call(tr.call(tr.load("metabric"), "HER2", rule="three_gene"), "HER2", rule="snp6_gain")
    >>> both = tr.select(cohort, marker="HER2", rule="snp6_gain", endpoint="BCSS", treatment="any")
    >>> print(accuracy_against(both, "three_gene"))
    sensitivity 100.0%, specificity 87.0%, if three_gene were the truth
    """
    if not analysis.marker:
        raise QuestionError("The accuracy of a marker's call needs a marker. Select with marker=...")
    values = analysis.cohort.marker(analysis.marker, truth).values.reindex(analysis.frame.index)
    called = (analysis.frame["marker"] == ALTERED).to_numpy()
    altered, unaltered = (values == ALTERED).to_numpy(), (values == UNALTERED).to_numpy()
    if not altered.any() or not unaltered.any():
        raise AnalysisError(
            f"{analysis}: by {truth} {int(altered.sum()):,} are altered and {int(unaltered.sum()):,} unaltered; both "
            "are needed."
        )
    return Accuracy(
        sensitivity=float(called[altered].mean()), specificity=float((~called)[unaltered].mean()),
        n_altered=int(altered.sum()), n_unaltered=int(unaltered.sum()), truth=truth,
    )  # fmt: skip


def misclassified(
    analysis: AnalysisSet,
    accuracy: Accuracy,
    *,
    adjust: str | Sequence[str] = (),
    strata: str | Sequence[str] = (),
) -> Misclassified:
    """Correct a marker's hazard ratios, and its interaction with treatment, for errors of its measurement.

    Parameters
    ----------
    analysis : AnalysisSet
        Selected with a marker; with `treatment="any"` the interaction is corrected.
    accuracy : Accuracy
        Sensitivity and specificity of the call, the same in all patients.
    adjust, strata : str or sequence of str
        Taken as measured without error.

    Returns
    -------
    Misclassified

    Raises
    ------
    AnalysisError
        If there is no marker, fewer are called altered than the specificity alone would give (or more than the
        sensitivity allows), or the corrected score has no root.

    Examples
    --------
    >>> import tamoxres as tr
    >>> her2 = tr.select(tr.call(tr.load("metabric"), "HER2"), marker="HER2", endpoint="BCSS")
    >>> found = misclassified(her2, tr.Accuracy(sensitivity=0.9, specificity=0.95))
    >>> round(found.observed[0].estimate, 2), round(found.effect.estimate, 2)
    (1.52, 1.72)
    """
    if not analysis.marker:
        raise AnalysisError("A correction for misclassification needs a marker.", mend="Select with marker=...")
    adjust, by = one_or_more(adjust), one_or_more(strata)
    both = analysis.has_both_arms
    terms = [*(["treatment"] if both else []), "marker", *([PRODUCT] if both else []), *adjust]
    complete = complete_cases(analysis, [*terms, *by], honours=_HONOURS, estimator="A correction for misclassification")
    called = (complete.frame["marker"] == ALTERED).to_numpy()
    share = float(called.mean())
    true = (share + accuracy.specificity - 1) / accuracy.youden
    if not 0 < true < 1:
        raise AnalysisError(
            f"{percent(share)} are called altered, which cannot be at {accuracy}: the truly altered would be "
            f"{percent(true)}.",
            mend="Name another sensitivity or specificity.",
        )
    fitted = [_fit(complete, terms, by, called, given) for given in (accuracy, Accuracy(sensitivity=1, specificity=1))]
    rows = [_rows(complete, (*design_and_fit, adjust, by), accuracy if i == 0 else None)
            for i, design_and_fit in enumerate(fitted)]  # fmt: skip
    return Misclassified(effects=rows[0], observed=rows[1], accuracy=accuracy, share_observed=share, share_true=true)


def _fit(
    analysis: AnalysisSet, terms: Sequence[str], strata: Sequence[str], called: Any, accuracy: Accuracy
) -> tuple[Design, CorrectedFit]:
    """Fit the corrected score; its covariance holds the error of sensitivity and specificity too."""
    frame = analysis.frame
    design = make_design(frame, terms)
    worlds = np.stack([_as_if(design, level) for level in (0.0, 1.0)])
    entry, codes = delayed_entry(frame), stratum_codes(frame, strata)
    follow_up = FollowUp(
        frame["months"].to_numpy(float), np.asarray(frame["event"] == 1, dtype=int),
        np.full(len(frame), -np.inf) if entry is None else entry,
        np.zeros(len(frame), int) if codes is None else codes,
    )  # fmt: skip
    given = accuracy.sensitivity, accuracy.specificity
    fit = fit_corrected(follow_up, Versions(worlds, version_weights(called, *given)))
    covariance = fit.covariance.copy()
    for i, variance in enumerate(accuracy.variances):
        if variance > 0:
            ends = []
            for nudge in (_NUDGE, -_NUDGE):
                moved = [value + nudge * (i == j) for j, value in enumerate(given)]
                versions = Versions(worlds, version_weights(called, *moved))
                ends.append(corrected_score(follow_up, versions, fit.coefficients))
            slope = fit.bread @ (ends[0] - ends[1]) / (2 * _NUDGE)
            covariance += variance * np.outer(slope, slope)
    return design, replace(fit, covariance=covariance)


def _as_if(design: Design, level: float) -> FloatArray:
    """Return the design as if everybody's marker were of one level."""
    x = design.x.copy()
    own = design.term("marker").columns[0]
    for term in design.terms:
        if term.name == PRODUCT:
            x[:, term.columns[0]] = x[:, design.term("treatment").columns[0]] * level
    x[:, own] = level
    return x


_Fitted = tuple[Design, CorrectedFit, Sequence[str], Sequence[str]]


def _rows(analysis: AnalysisSet, fitted: _Fitted, accuracy: Accuracy | None) -> EffectRows:
    """Make the rows of the ratios: sums of coefficients, with the variance of the sum."""
    design, fit, adjust, strata = fitted
    names = [term.name for term in design.terms]
    parts: dict[str, tuple[tuple[str, ...], Any, str, Any]]
    parts = contrast_parts() if PRODUCT in names else {"marker": (("marker",), "prognostic", "", "")}
    rows = EffectRows()
    for name, (summed, estimand, column, level) in parts.items():
        positions = [design.term(one).columns[0] for one in summed]
        part = analysis if not column else analysis.part(column, level)
        row: dict[str, Any] = part.describe(estimand) | {"marker_level": level if column == "marker" else ""}
        if estimand == "prognostic" and column:
            treated = analysis.treatment.name if level == "treated" else analysis.treatment.against
            row |= {"treatment_1": treated, "treatment_0": "", "treated_alike": "yes"}
        corrected = ("misclassification_corrected",) if accuracy else ()
        own = () if estimand == "prognostic" else design_flags(analysis.design)
        rows.append(EffectEstimate(
            **(row | {"flags": (*row["flags"], *own, *corrected)}), estimand=estimand, scale="binary", measure="HR",
            log_estimate=float(fit.coefficients[positions].sum()),
            se=float(np.sqrt(fit.covariance[np.ix_(positions, positions)].sum())), se_kind="robust", ties="breslow",
            model="cox_corrected" if accuracy else "cox", adjusted_for=tuple(adjust), strata=tuple(strata), term=name,
            remark=f"At {accuracy}." if accuracy else "",
        ))  # fmt: skip
    return rows
