"""One marker x treatment interaction from the patients of several cohorts: Cox stratified by cohort, in one stage.

Conventions: each cohort keeps its own baseline hazard, its own effects of treatment and marker, and its own
coefficients of the covariates; only the interaction is common. The product is treatment x (marker - altered share of
the cohort), so that its coefficient rests on what is seen within cohorts. What is seen between them (is treatment less
effective in cohorts with more altered patients?) is estimated apart, from a model with one treatment effect and the
product of treatment and altered share; it needs three cohorts, is open to ecological bias and is never mixed in. The
likelihood-ratio test of heterogeneity compares the common interaction with one interaction a cohort.

The first stage of two stands beside it: the cohorts' own interactions, to be pooled by `deft`.

References
----------
Riley RD et al. 2020, doi:10.1002/sim.8555. Fisher DJ et al. 2017, doi:10.1136/bmj.j573. Hua H et al. 2017,
doi:10.1002/sim.7171 (centring and separating).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import chdtrc, ndtr

from ..analysis import TREATED, AnalysisSet
from ..analysis.design import Design, complete_cases, make_design
from ..cohort import ALTERED
from ..effects import EffectEstimate
from ..errors import AnalysisError
from ..inference.verdict import design_flags
from ..kernel.cox import CoxFit
from ..tables.effects import EffectRows, effects_table
from ..tables.shown import ShowsEffects
from ..tables.table import Table
from ..vocabulary import FloatArray, one_or_more
from ..wording import p_value, percent, ratio_with_interval
from .contrasted import PRODUCT
from .engine import Choices, Ties, kernel_fit
from .interaction import interaction

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["OneStage", "one_stage"]

_EQUAL_SHARES = 1e-9  # shares that differ by less tell nothing between cohorts
_FEWEST = 3  # cohorts: between two, one difference is all there is, and nothing tests the line through it
_REFUSED = {
    "between_needs_three_cohorts": "Between cohorts: not estimated; two cohorts are too few, at least 3 are needed.",
    "equal_shares": "Between cohorts: not estimated; all have the same share of altered patients.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class OneStage(ShowsEffects):
    """The interaction of one marker with treatment in several cohorts at once.

    Attributes
    ----------
    within : EffectEstimate
        Ratio of hazard ratios within cohorts, with its likelihood-ratio P: altered over unaltered.
    across : EffectEstimate or None
        The same ratio as cohorts with more and fewer altered patients suggest it (all altered against none); None
        with two cohorts (flag `between_needs_three_cohorts`) and where all have the same share (`equal_shares`).
        Never to be pooled.
    difference_p : float or None
        P (Wald) of within = across: a small one is a sign of ecological bias.
    heterogeneity_chi2, heterogeneity_p : float
        Likelihood-ratio test of one interaction for all against one a cohort.
    heterogeneity_df : int
    studies : tuple of EffectEstimate
        Each cohort's own interaction, from its own model.
    shares : tuple of float
        Share of altered patients, by cohort.
    refused : tuple of str
        Codes of what could not be estimated between cohorts; among the flags too.
    """

    within: EffectEstimate
    across: EffectEstimate | None
    difference_p: float | None
    heterogeneity_chi2: float
    heterogeneity_df: int
    heterogeneity_p: float
    studies: tuple[EffectEstimate, ...]
    shares: tuple[float, ...]
    refused: tuple[str, ...] = ()

    @property
    def effect(self) -> EffectEstimate:
        """The common interaction, from within cohorts."""
        return self.within

    @property
    def effects(self) -> EffectRows:
        """The cohorts' own interactions, then the common one."""
        return EffectRows([*self.studies, self.within])

    @property
    def flags(self) -> tuple[str, ...]:
        """Codes of what must be said of any of the rows, and of what was refused."""
        return (*self.effects.flags, *self.refused)

    def table(self) -> Table:
        """Return the cohorts' interactions, the common one and the one between cohorts as a table."""
        rows = [*self.effects, *([] if self.across is None else [self.across])]
        return effects_table(rows).with_footnotes(*str(self).splitlines()[1:])

    def __str__(self) -> str:
        row = self.within
        lines = [
            f"{row.marker} {row.endpoint} interaction within {len(self.studies)} cohorts: {_ratio(row)}, "
            f"{p_value(row.p_value, label=True)} (likelihood ratio)"
        ]
        if self.across is not None:
            spread = f"altered share {percent(min(self.shares), 0)} to {percent(max(self.shares), 0)}"
            differs = p_value(self.difference_p, label=True)
            lines.append(
                f"Between cohorts ({spread}; ecological): {_ratio(self.across)}; differs from within: {differs}"
            )
        lines += [_REFUSED[code] for code in self.refused]
        lines.append(
            f"Heterogeneity: chi2 {self.heterogeneity_chi2:.2f} on {self.heterogeneity_df} df, "
            f"{p_value(self.heterogeneity_p, label=True)}"
        )
        return "\n".join(lines)


def _ratio(row: EffectEstimate) -> str:
    return f"ratio of HRs {ratio_with_interval(row.estimate, *row.ci())}"


def one_stage(
    analyses: Sequence[AnalysisSet],
    *,
    adjust: str | Sequence[str] = (),
    ties: Ties = "efron",
    endpoint_map: Mapping[str, str] | None = None,
    treatment_contrast: str | None = None,
) -> OneStage:
    """Estimate one marker x treatment interaction from the patients of two or more cohorts.

    Parameters
    ----------
    analyses : sequence of AnalysisSet
        One a cohort, selected with the same marker and `treatment="any"`.
    adjust : str or sequence of str
        Covariates that every cohort has; each cohort has its own coefficients.
    ties : "efron" | "breslow"
    endpoint_map : mapping of str to str, optional
        Endpoints taken as another, such as `{"RFI": "RFS"}`.
    treatment_contrast : str, optional
        What the treatments are taken as where cohorts differ, such as `endocrine_v_none`.

    Returns
    -------
    OneStage

    Raises
    ------
    AnalysisError
        If cohorts share patients, or differ in marker, endpoint or treatments, or one lacks an arm; cohorts are named.

    Examples
    --------
    >>> import tamoxres as tr
    >>> def with_pr(cohort):
    ...     status = cohort.patients["pr"].map({"positive": "altered", "negative": "unaltered"})
    ...     about = {"assay": "ligand binding", "reference": "", "definition": "10 fmol/mg or more"}
    ...     return cohort.with_marker(tr.MarkerCall(marker="PR", rule="from_10", values=status, **about))
    >>> choices = {"marker": "PR", "endpoint": "RFS", "er": "any", "treatment": "any", "where": ["nodes >= 1"]}
    >>> sets = [tr.select(with_pr(tr.load(name)), **choices) for name in ("gbsg", "rotterdam")]
    >>> round(one_stage(sets, treatment_contrast="endocrine_v_none").within.estimate, 2)
    0.73
    """
    adjust = one_or_more(adjust)
    question = _comparable(analyses, endpoint_map or {}, treatment_contrast)
    names = [analysis.cohort.name for analysis in analyses]
    complete = [
        complete_cases(analysis, ["marker", "treatment", *adjust], estimator="The one-stage model")
        for analysis in analyses
    ]
    own = [interaction(analysis, adjust=adjust, ties=ties) for analysis in complete]
    for analysis, result in zip(complete, own, strict=True):
        if result.ratio.model == "firth":
            raise AnalysisError(
                f"{analysis.cohort.title}: a group of marker and treatment has no events.", mend="Leave the cohort out."
            )
    stack = _stack(complete, names, adjust)
    full = _fit(stack, [*stack.own, stack.within], ties)
    without = _fit(stack, stack.own, ties)
    chi2 = max(2 * (sum(result.model.loglik for result in own) - float(full.loglik)), 0.0)
    studies = tuple(result.ratio for result in own)
    shared = _shared(complete, studies, question, ties)
    refused = _refused_between(stack.shares)
    across, difference_p = (None, None) if refused else _across(stack, shared, ties)
    df = len(complete) - 1
    return OneStage(
        within=EffectEstimate(
            **shared, estimand="interaction", term=PRODUCT, p_kind="lrt",
            log_estimate=float(full.coefficients[-1]), se=float(full.se[-1]),
            p_value=float(chdtrc(1, max(2 * float(full.loglik - without.loglik), 0.0))),
        ),
        across=across, difference_p=difference_p, heterogeneity_chi2=chi2, heterogeneity_df=df,
        heterogeneity_p=float(chdtrc(df, chi2)), studies=studies, shares=stack.shares,
        refused=refused,
    )  # fmt: skip


def _refused_between(shares: Sequence[float]) -> tuple[str, ...]:
    """Say by code why nothing can be told between cohorts; empty where it can."""
    if len(shares) < _FEWEST:
        return ("between_needs_three_cohorts",)
    return ("equal_shares",) if max(shares) - min(shares) < _EQUAL_SHARES else ()


def _comparable(
    analyses: Sequence[AnalysisSet], endpoint_map: Mapping[str, str], contrast: str | None
) -> dict[str, str]:
    """Refuse cohorts that did not ask one question of different patients; return the question."""
    if len(analyses) < 2:
        raise AnalysisError(
            f"One stage needs at least two cohorts; found {len(analyses)}.", mend="Use interaction for one."
        )
    for analysis in analyses:
        if not analysis.marker or not analysis.has_both_arms:
            lacking = "no marker" if not analysis.marker else "one arm only"
            raise AnalysisError(f"{analysis.cohort.name} has {lacking}; select it with marker=... and treatment='any'.")
    _refuse_shared(analyses)
    readings = {
        "marker": ([a.marker for a in analyses], "Select the same marker in each."),
        "endpoint": (
            [endpoint_map.get(a.endpoint.code, a.endpoint.code) for a in analyses],
            "Pass endpoint_map={'RFI': 'RFS'} or the like if you mean it.",
        ),
        "treatment contrast": (
            [contrast or "_v_".join((a.treatment.name, a.treatment.against)) for a in analyses],
            "Pass treatment_contrast='endocrine_v_none' or the like if you mean it.",
        ),
    }
    for what, (values, mend) in readings.items():
        if len(set(values)) > 1:
            readings_of = ", ".join(f"{value} ({a.cohort.name})" for value, a in zip(values, analyses, strict=True))
            raise AnalysisError(f"Cohorts differ in {what}: {readings_of}. {mend}")
    return {what: values[0] for what, (values, _) in readings.items()}


def _refuse_shared(analyses: Sequence[AnalysisSet]) -> None:
    for one, other in combinations([analysis.cohort for analysis in analyses], 2):
        files = {source.sha256 for source in one.sources if source.sha256}
        if one.name == other.name:
            why = f"{one.name} stands twice; its patients would count twice."
        elif one.name in other.overlaps or other.name in one.overlaps:
            why = f"{one.name} and {other.name} share patients, who would count twice."
        elif files & {source.sha256 for source in other.sources}:
            why = f"{one.name} and {other.name} are read from the same file; its patients would count twice."
        else:
            continue
        raise AnalysisError(f"{why} Keep one of them.")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Stack:
    """The patients of all cohorts: times in `frame`, and the columns of the models, each shape (n,).

    `own` are the columns of one cohort each, 0 in the others; `treatment` is common to all; `mains` are the own columns
    without treatment. `within` is treatment x (marker - share), `between` treatment x share.
    """

    frame: pd.DataFrame
    own: list[FloatArray]
    mains: list[FloatArray]
    treatment: FloatArray
    within: FloatArray
    between: FloatArray
    shares: tuple[float, ...]


def _stack(analyses: Sequence[AnalysisSet], names: Sequence[str], adjust: Sequence[str]) -> _Stack:
    import pandas as pd

    frames = [analysis.frame for analysis in analyses]
    times = [frame[["months", "event", "entry"]].assign(study=name) for frame, name in zip(frames, names, strict=True)]
    designs = [make_design(frame, ["treatment", "marker", *adjust]).x for frame in frames]
    starts = np.cumsum([0, *(len(x) for x in designs)])
    own, mains = [], []
    for start, x in zip(starts, designs, strict=False):
        for j, column in enumerate(x.T):
            whole = np.zeros(starts[-1])
            whole[start : start + len(x)] = column
            own.append(whole)
            mains += [whole] if j else []
    treatment = np.concatenate([(frame["treatment"] == TREATED).to_numpy(float) for frame in frames])
    altered = [(frame["marker"] == ALTERED).to_numpy(float) for frame in frames]
    shares = tuple(float(values.mean()) for values in altered)
    share = np.repeat(shares, [len(values) for values in altered])
    return _Stack(
        frame=pd.concat(times, ignore_index=True), own=own, mains=mains, treatment=treatment,
        within=treatment * (np.concatenate(altered) - share), between=treatment * share, shares=shares,
    )  # fmt: skip


def _fit(stack: _Stack, columns: Sequence[FloatArray], ties: Ties) -> CoxFit:
    x = np.column_stack(columns)
    fitted = kernel_fit(stack.frame, Design(x=x, terms=(), names=()), Choices(strata=("study",), ties=ties))
    if not (fitted.converged and np.all(fitted.estimable) and not np.any(fitted.separated)):
        raise AnalysisError(
            "The one-stage model has no finite estimate: a covariate is constant or separates the events in one "
            "cohort.",
            mend="Adjust for fewer.",
        )
    return fitted


def _across(stack: _Stack, shared: dict[str, Any], ties: Ties) -> tuple[EffectEstimate, float]:
    """Estimate the interaction between cohorts, and test whether it differs from that within."""
    fitted = _fit(stack, [*stack.mains, stack.treatment, stack.between, stack.within], ties)
    row = EffectEstimate(
        **(shared | {"flags": ("pooled_estimate", "ecological")}), group_1="cohorts all altered",
        group_0="none altered", term="treatment:altered share", log_estimate=float(fitted.coefficients[-2]),
        se=float(fitted.se[-2]),
    )  # fmt: skip
    ends = fitted.covariance[-2:, -2:]
    spread = float(np.sqrt(ends[0, 0] + ends[1, 1] - 2 * ends[0, 1]))
    z = abs(float(fitted.coefficients[-1] - fitted.coefficients[-2])) / spread
    return row, float(2 * ndtr(-z))


def _shared(
    analyses: Sequence[AnalysisSet], studies: Sequence[EffectEstimate], question: Mapping[str, str], ties: Ties
) -> dict[str, Any]:
    """Return what the rows of all cohorts together have in common."""

    def joined(name: str, mark: str = "; ") -> str:
        return mark.join(dict.fromkeys(str(value) for row in studies if (value := getattr(row, name))))

    def summed(name: str) -> Any:
        values = [getattr(row, name) for row in studies]
        return None if None in values else sum(values)

    designs = {analysis.cohort.design for analysis in analyses}
    design = designs.pop() if len(designs) == 1 else "mixed"
    treatment_1, _, treatment_0 = question["treatment contrast"].partition("_v_")
    counts = ("n", "events", "n_1", "events_1", "n_0", "events_0", "person_years")
    return {
        "study": f"One stage ({', '.join(row.study for row in studies)})", "marker": question["marker"],
        "rule": joined("rule"), "assay": joined("assay"), "endpoint": question["endpoint"],
        "er": joined("er"), "restrictions": tuple(dict.fromkeys(text for row in studies for text in row.restrictions)),
        "treatment_1": treatment_1, "treatment_0": treatment_0, "measure": "HR", "scale": "binary",
        **{name: summed(name) for name in counts},
        "adjusted_for": studies[0].adjusted_for, "strata": ("cohort",), "design": design,
        "overlaps": tuple(dict.fromkeys(name for row in studies for name in (row.study, *row.overlaps))),
        "simulated": any(row.simulated for row in studies), "source": joined("source"),
        "data_sha256": joined("data_sha256", ";"),
        "flags": ("pooled_estimate", *design_flags(design)), "origin": "own_patients", "model": "one_stage",
        "ties": ties,
    }  # fmt: skip
