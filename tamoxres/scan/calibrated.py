"""A marker's interaction against the cohort's other genes: the empirical null, and the P calibrated by it.

Conventions: every other gene of the marker's profile is called by the marker's own rule, in the same patients and
model; most genes modify nothing, so that the spread of their z shows what confounding (such as site) does to any gene.
mu0 is the median of their z, sigma0 the greater of 1 and their median absolute deviation (times 1.4826); the calibrated
log ratio is estimate - mu0 SE with standard error sigma0 SE. Left out are genes correlated with the marker (|r| above
0.3), those of the pathways, ESR1, PGR and ERBB2, and genes with fewer than 5 events in a group. Where a batch is named,
genes are matched on their association with it (standardised difference of its levels between altered and unaltered,
within 0.25 of the marker's), in both arms together, who are in the interaction: among the treated alone it is another
number (MTOR and METABRIC's site: 0.736 in the 1,444 of the interaction, 0.762 in the 1,065 treated). There is no null
below 200 genes, below 100 matched ones, nor from a panel of genes chosen for what they do. It holds for a marker that
is exchangeable with the genes; one that goes with site more than they do is called too often where genes are not
matched.

References
----------
Efron B 2004, doi:10.1198/016214504000000089 (empirical null). Schuemie MJ et al. 2014, doi:10.1002/sim.5925 (empirical
calibration of P). Yang D, Dalton JE 2012, SAS Global Forum 335 (standardised difference of levels).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import ndtr

from ..analysis import TREATED, AnalysisSet
from ..analysis.design import complete_cases, make_design, parts_of
from ..analysis.follow_up import risk_sets
from ..cohort import ABOVE_MEDIAN, ALTERED, Profile
from ..effects import EffectEstimate
from ..errors import AnalysisError, QuestionError
from ..files.frames import holds_frames
from ..inference.verdict import design_flags
from ..kernel.batch import GenePlan, fit_genes, plan_genes
from ..markers.calling import level_rule
from ..registry import LevelRule, built_in
from ..tables.effects import EffectRows
from ..tables.shown import ShowsEffects
from ..tables.table import Table
from ..vocabulary import BoolArray, FloatArray, IntArray, one_or_more
from ..wording import number
from ..wording.checks import reason_words

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["LEAST", "LEAST_MATCHED", "CalibratedInteraction", "EmpiricalNull", "batch_differences",
           "calibrate_by", "calibrated_interaction", "empirical_null"]  # fmt: skip

LEAST, LEAST_MATCHED = 200, 100
_WITHIN, _CORRELATED, _FEW_EVENTS = 0.25, 0.3, 5
_TO_SIGMA = 1.482602218505602  # of a normal distribution: its standard deviation over its median absolute deviation
_BLOCK = 1024
_RECEPTORS = ("ESR1", "PGR", "ERBB2")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EmpiricalNull:
    """What z looks like in genes that modify nothing.

    Attributes
    ----------
    mean, sd : float
        Median of z; the greater of 1 and the median absolute deviation times 1.4826.
    spread : float
        That deviation, whether or not it exceeds 1.
    genes : int
    """

    mean: float
    sd: float
    spread: float
    genes: int

    def __str__(self) -> str:
        return f"empirical null of {self.genes:,} genes: mean {number(self.mean)}, SD {number(self.sd)}"


def empirical_null(z: Sequence[float] | FloatArray) -> EmpiricalNull:
    """Take the empirical null from the z of genes that modify nothing.

    Parameters
    ----------
    z : sequence of float, shape (genes,)

    Returns
    -------
    EmpiricalNull

    Raises
    ------
    AnalysisError
        If there are fewer than two genes, or a z is no finite number.

    Examples
    --------
    >>> null = empirical_null([-2.0, -1.0, 0.5, 2.0, 3.0])
    >>> null.mean, round(null.sd, 6)
    (0.5, 2.223903)
    """
    known = int(np.isfinite(values := np.asarray(z, float)).sum())
    if values.size < 2 or known < values.size:
        raise AnalysisError(f"A null takes the z of two genes or more; found {known} of {values.size} finite.")
    centre = float(np.median(values))
    spread = _TO_SIGMA * float(np.median(np.abs(values - centre)))
    return EmpiricalNull(mean=centre, sd=max(1.0, spread), spread=spread, genes=values.size)


@holds_frames("genes")
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CalibratedInteraction(ShowsEffects):
    """An interaction against the empirical null of the cohort's other genes.

    Attributes
    ----------
    raw : EffectEstimate or None
        The marker's ratio with its Wald P, as the genes were fitted; None where it was not fitted.
    calibrated : EffectEstimate or None
        None where there is no null.
    null : EmpiricalNull or None
    genes : DataFrame
        gene, z, smd (association with batch; NaN without one), matched: the genes that could be nulls.
    smd : float
        The marker's own association with batch; NaN without one.
    reason : str
        Why there is no null: a code of `wording.checks`.
    count : int or None
        Genes the reason is about.
    about : str
        How the panel's genes were chosen, where the reason is `panel`.
    """

    raw: EffectEstimate | None
    calibrated: EffectEstimate | None
    null: EmpiricalNull | None
    genes: pd.DataFrame
    smd: float = float("nan")
    reason: str = ""
    count: int | None = None
    about: str = ""

    @property
    def effects(self) -> EffectRows:
        """The calibrated ratio where there is one, then the raw one."""
        return EffectRows(row for row in (self.calibrated, self.raw) if row is not None)

    def table(self) -> Table:
        """Return both rows as a table, with the null, or why there is none, below."""
        return self.effects.table().with_footnotes(f"{str(self)[:1].upper()}{str(self)[1:]}.")

    def __str__(self) -> str:
        if self.null is None:
            return f"no calibrated P: {reason_words(self.reason, count=self.count, about=self.about)}"
        matched = f", matched on site (the marker's SMD {number(self.smd)})" if np.isfinite(self.smd) else ""
        return f"{self.calibrated}; {self.null}{matched}"


def calibrated_interaction(
    analysis: AnalysisSet,
    *,
    adjust: str | Sequence[str] = (),
    strata: str | Sequence[str] = (),
    batch: str = "",
    rule: LevelRule | None = None,
    genes: Sequence[str] | None = None,
) -> CalibratedInteraction:
    """Calibrate a marker's interaction with treatment by the cohort's other genes.

    Parameters
    ----------
    analysis : AnalysisSet
        Selected with a marker and `treatment="any"`.
    adjust, strata : str or sequence of str
        Of the question's model; products of treatment with a covariate may be among them.
    batch : str
        Column on whose association genes are matched, such as `site`; empty for all other genes.
    rule : LevelRule, optional
        How the marker was called; the registry's rule of that name, if None.
    genes : sequence of str, optional
        Genes known to modify nothing, to be the null whatever the panel was chosen for; all of the profile, if None.

    Returns
    -------
    CalibratedInteraction
        Where there is no null it says why.

    Raises
    ------
    QuestionError
        If the model holds a product with the marker, or one arm alone is there.
    AnalysisError
        If the model cannot be estimated.

    Examples
    --------
    >>> import tamoxres as tr
    >>> her2 = tr.call(tr.load("metabric"), "HER2")
    >>> both = tr.select(her2, marker="HER2", endpoint="BCSS", treatment="any")
    >>> print(calibrated_interaction(both))
    no calibrated P: the marker's rule cuts no measured level
    """
    adjust, strata = one_or_more(adjust), one_or_more(strata)
    if any("marker" in parts_of(term) for term in adjust):
        raise QuestionError("A product with the marker has no like in the other genes. Leave it out of adjust.")
    own = rule or level_rule(analysis.cohort, analysis.marker, analysis.rule)
    profile = None if own is None else analysis.cohort.profile(own.kind)
    if own is None or profile is None:
        return _without(None, reason="no_level")
    fits = _Fits.of(analysis, adjust, strata, batch)
    raw, smd = fits.marker()
    names = sorted(profile.features()) if genes is None else sorted(set(genes) & profile.features())
    about = _chosen(profile) if genes is None else ""
    if about or len(names) < LEAST:
        return _without(raw, reason="panel" if about else "few_genes", count=len(names), about=about)
    table = fits.of_genes(own, profile, [name for name in names if name not in _left_out(own)], smd)
    if len(table) < LEAST:
        return _without(raw, table, smd, reason="few_genes", count=len(table))
    matched = table["matched"].to_numpy()
    if batch and int(matched.sum()) < LEAST_MATCHED:
        return _without(raw, table, smd, reason="no_comparable_genes", count=int(matched.sum()))
    null = empirical_null(table["z"].to_numpy()[matched])
    return CalibratedInteraction(raw=raw, calibrated=calibrate_by(raw, null), null=null, genes=table, smd=smd)


def _without(
    raw: EffectEstimate | None, table: pd.DataFrame | None = None, smd: float = float("nan"), **why: Any
) -> CalibratedInteraction:
    import pandas as pd

    genes = pd.DataFrame(columns=["gene", "z", "smd", "matched"]) if table is None else table
    return CalibratedInteraction(raw=raw, calibrated=None, null=None, genes=genes, smd=smd, **why)


def _chosen(profile: Profile) -> str:
    """Say how a profile's genes were chosen; empty where they are all of a platform's."""
    return "antibodies" if profile.kind == "rppa" else str(getattr(profile, "chosen", ""))


@cache
def _pathways() -> frozenset[str]:
    markers = built_in().values()
    named = {gene for marker in markers for gene in marker.genes}
    return frozenset({*named, *(gene for m in markers if m.branch for gene in m.branch.genes), *_RECEPTORS})


def _left_out(rule: LevelRule) -> frozenset[str]:
    return _pathways() | frozenset(rule.genes)


def calibrate_by(raw: EffectEstimate, null: EmpiricalNull) -> EffectEstimate:
    """Shift and widen an interval by an empirical null, and give the P that goes with it.

    Examples
    --------
    >>> row = EffectEstimate(study="a", log_estimate=0.6, se=0.2, estimand="interaction")
    >>> made = calibrate_by(row, EmpiricalNull(mean=0.5, sd=2.0, spread=2.0, genes=300))
    >>> round(made.point, 6), round(made.se, 6), round(made.p_value, 4), made.p_kind
    (0.5, 0.4, 0.2113, 'calibrated')
    """
    point, se = raw.point or 0.0, raw.se or float("nan")
    return replace(
        raw, log_estimate=point - null.mean * se, se=null.sd * se, ci_low=None, ci_high=None, ci_kind="",
        p_value=float(2 * ndtr(-abs(point / se - null.mean) / null.sd)), p_kind="calibrated",
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Fits:
    """The model that marker and genes enter, in the complete cases.

    Attributes
    ----------
    groups : array of int, shape (n,), or None
        Batch of each patient.
    treated, event : array of bool, shape (n,)
    called : array of bool, shape (n,)
        Who has the marker altered.
    """

    analysis: AnalysisSet
    plan: GenePlan
    adjust: tuple[str, ...]
    strata: tuple[str, ...]
    groups: Any
    treated: BoolArray
    event: BoolArray
    called: BoolArray

    @classmethod
    def of(cls, analysis: AnalysisSet, adjust: Sequence[str], strata: Sequence[str], batch: str) -> _Fits:
        """Keep the complete cases and fit the model without the marker."""
        terms = ["treatment", "marker", *adjust, *strata, *([batch] if batch else [])]
        known = complete_cases(analysis, terms, estimator="The empirical null")
        frame = known.frame
        if frame["treatment"].nunique() < 2:
            raise QuestionError(f"{known.cohort.name}: an interaction needs both arms. Select with treatment='any'.")
        design = make_design(frame, ["treatment", *adjust])
        plan = plan_genes(risk_sets(frame, list(strata), "efron"), design.x, modifier=0)
        groups = np.unique(frame[batch].astype(str), return_inverse=True)[1] if batch else None
        return cls(
            analysis=known, plan=plan, adjust=tuple(adjust), strata=tuple(strata), groups=groups,
            treated=np.asarray(frame["treatment"] == TREATED), event=np.asarray(frame["event"] == 1),
            called=np.asarray(frame["marker"] == ALTERED),
        )  # fmt: skip

    def marker(self) -> tuple[EffectEstimate, float]:
        """Return the marker's row, and its association with batch."""
        fit = fit_genes(self.plan, self.called[None, :].astype(float), engine="numpy")
        log_ratio, se = float(fit.coefficients[0, -1]), float(fit.se[0, -1])
        row = self.analysis.describe("interaction")
        row["flags"] = (*row["flags"], *design_flags(self.analysis.design))
        raw = EffectEstimate(
            **row, estimand="interaction", log_estimate=log_ratio, se=se, se_kind="model", scale="binary",
            adjusted_for=self.adjust, strata=self.strata, term="treatment:marker", model="cox", ties="efron",
            engine="kernel",
        )  # fmt: skip
        return raw, float(self._associations(self.called[:, None].astype(float))[0])

    def _associations(self, called: FloatArray) -> FloatArray:
        """Return how each gene's call (n, genes; NaN where unknown) goes with batch; NaN without a batch."""
        return np.full(called.shape[1], np.nan) if self.groups is None else batch_differences(self.groups, called)

    def of_genes(self, rule: LevelRule, profile: Profile, names: Sequence[str], smd: float) -> pd.DataFrame:
        """Call and fit every gene that may be a null: gene, z, smd, matched."""
        import pandas as pd

        own = rule.measure(self.analysis.cohort).reindex(self.analysis.frame.index).to_numpy(float)
        rows: list[tuple[str, float, float]] = []
        for start in range(0, len(names), _BLOCK):
            rows += self._block(rule, profile, names[start : start + _BLOCK], own)
        table = pd.DataFrame(rows, columns=["gene", "z", "smd"])
        table["matched"] = True if self.groups is None else (table["smd"] - smd).abs() <= _WITHIN
        return table

    def _block(
        self, rule: LevelRule, profile: Profile, names: Sequence[str], own: FloatArray
    ) -> Iterator[tuple[str, float, float]]:
        cohort, index = self.analysis.cohort, self.analysis.frame.index
        levels = profile.values(names).reindex(cohort.patients.index)
        if rule.threshold is not None and profile.unit != ABOVE_MEDIAN:
            levels = (levels - levels.mean()) / levels.std()
        beyond = rule.beyond(levels, profile.unit).astype(float).where(levels.notna())
        here, called = levels.reindex(index).to_numpy(float), beyond.reindex(index).to_numpy(float)
        fits = fit_genes(self.plan, np.ascontiguousarray(called.T))
        with np.errstate(invalid="ignore"):
            z = np.where([not flag for flag in fits.flags], fits.coefficients[:, -1] / fits.se[:, -1], np.nan)
        apart = np.abs(_correlations(own, here)) <= _CORRELATED  # NaN, of a gene that does not vary, is none
        smd = self._associations(called)
        for i in map(int, np.flatnonzero(np.isfinite(z) & apart)):
            if self._bears(called[:, i]):
                yield names[i], float(z[i]), float(smd[i])

    def _bears(self, called: FloatArray) -> bool:
        """Whether each group of call and treatment has events enough."""
        known = self.event & np.isfinite(called)
        counts = np.bincount((2 * called[known] + self.treated[known]).astype(int), minlength=4)
        return bool(counts.min() >= _FEW_EVENTS)


def _correlations(own: FloatArray, others: FloatArray) -> FloatArray:
    """Return the correlation of one level (n,) with each of several (n, genes), where both are known."""
    known = np.isfinite(own)[:, None] & np.isfinite(others)
    n = np.maximum(known.sum(axis=0), 1)
    first, second = (np.where(known, values, 0.0) for values in (own[:, None], others))
    first, second = (np.where(known, values - values.sum(axis=0) / n, 0.0) for values in (first, second))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((first * second).sum(axis=0) / np.sqrt((first**2).sum(axis=0) * (second**2).sum(axis=0)))


def batch_differences(groups: IntArray, called: FloatArray) -> FloatArray:
    """Return the standardised difference of batch between altered and unaltered, of each gene.

    Parameters
    ----------
    groups : array of int, shape (n,)
        Batch of each patient, from 0.
    called : array of float, shape (n, genes)
        1 altered, 0 unaltered, NaN unknown.

    Returns
    -------
    array of float, shape (genes,)
        As `smd_levels` has it; infinite where a batch parts the groups wholly.
    """
    inside = np.eye(int(groups.max()) + 1)[groups]
    shares = []
    for level in (1.0, 0.0):
        counts = (called == level).T.astype(float) @ inside
        shares.append((counts / np.maximum(counts.sum(axis=1, keepdims=True), 1))[:, 1:])
    gap = shares[0] - shares[1]
    covariance = sum(p[:, :, None] * np.eye(p.shape[1]) - p[:, :, None] * p[:, None, :] for p in shares) / 2
    weighted = np.einsum("gij,gj->gi", np.linalg.pinv(covariance), gap)
    explained = np.isclose(np.einsum("gij,gj->gi", covariance, weighted), gap).all(axis=1)
    size = np.sqrt(np.maximum(np.einsum("gi,gi->g", gap, weighted), 0.0))
    return np.asarray(np.where(explained, size, np.inf), dtype=float)
