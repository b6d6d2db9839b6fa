"""The robustness panel of an interaction: every check that the patients allow, on nulls as on what is seen.

Conventions: each check changes one thing of the question's model. The batch is the column `site` where there is one,
else the first stratum; where the model does not hold it, it is a stratum of the refit. Weights are made of the model's
covariates, strata and batch. Tamoxifen by name keeps the untreated and those treated with tamoxifen. What a check says
is judged by `inference.panel`; one that cannot be made keeps its place, with the reason.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Unpack

from ..analysis import TREATED, UNTREATED, AnalysisSet
from ..analysis.design import column_of, parts_of
from ..effects import EffectEstimate
from ..errors import TamoxresError
from ..inference.panel import (
    CheckName,
    Member,
    Outcome,
    Panel,
    judge_calibrated,
    judge_continuous,
    judge_control,
    judge_refit,
)
from ..inference.verdict import Verdict
from ..models.engine import ModelChoices
from ..models.interaction import InteractionResult, one_interaction
from ..models.marker_level import cut_within, level_interaction, measured_by
from ..models.negative_control import negative_control, other_deaths
from ..models.watching import steps
from ..models.weighted_interaction import propensity_columns, weighted_interaction
from ..scan.calibrated import CalibratedInteraction, calibrated_interaction
from ..tables.effects import EffectRows
from ..tables.shown import ShowsEffects
from ..tables.table import Table
from ..treatment import Treatment, assign
from ..vocabulary import one_or_more

__all__ = ["Robustness", "checks_of", "robustness"]

_SITE = "site"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Robustness(ShowsEffects):
    """An interaction with its robustness panel.

    Attributes
    ----------
    interaction : InteractionResult
        What was checked.
    panel : Panel
        Every check with its outcome, rows and reason.
    calibration : CalibratedInteraction or None
        The empirical null of the cohort's other genes; None where it could not be asked for.
    """

    interaction: InteractionResult
    panel: Panel
    calibration: CalibratedInteraction | None = None

    @property
    def effects(self) -> EffectRows:
        """The interaction's ratio, then the rows of each check."""
        return self.panel.effects

    @property
    def verdict(self) -> Verdict:
        """The verdict, with what the panel says of it."""
        return replace(self.interaction.verdict, robustness=self.panel)

    @property
    def label(self) -> str:
        """The verdict's label: that of an interaction seen without randomisation tells the outcome of the panel."""
        return self.verdict.label

    @property
    def calibrated_p(self) -> float | None:
        """P against the empirical null of the cohort's other genes; None where there is none."""
        return self.panel.calibrated_p

    def table(self) -> Table:
        """Return one row a check, with the verdict below."""
        return self.panel.table().with_footnotes(str(self.verdict))

    def __str__(self) -> str:
        return str(self.verdict)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Asked:
    """The question that is checked.

    Attributes
    ----------
    adjust, strata : tuple of str
        Of its model.
    batch : str
        Column of the batch; empty where there is none.
    how : ModelChoices
        Ties, engine, weights and clusters.
    """

    analysis: AnalysisSet
    found: InteractionResult
    adjust: tuple[str, ...]
    strata: tuple[str, ...]
    batch: str
    how: ModelChoices
    alpha: float

    @property
    def ratio(self) -> EffectEstimate:
        """The interaction that is checked."""
        return self.found.judged

    def refit(self, analysis: AnalysisSet, *more: str) -> InteractionResult:
        """Fit the question's model to other patients, or with more terms; the batch of a product is in the model."""
        strata = self.strata
        held = {column_of(name) for name in (*self.adjust, *strata)}
        if self.batch and any(self.batch in parts_of(term) for term in more) and self.batch not in held:
            strata = (*strata, self.batch)
        how: ModelChoices = {**self.how, "strata": strata}
        return one_interaction(analysis, adjust=(*self.adjust, *more), alpha=self.alpha, **how)


def robustness(
    analysis: AnalysisSet,
    *,
    adjust: str | Sequence[str] = (),
    batch: str | None = None,
    alpha: float = 0.05,
    margin: tuple[float, float] | None = None,
    **how: Unpack[ModelChoices],
) -> Robustness:
    """Estimate the marker x treatment interaction and check how far it holds where treatment was not randomised.

    Parameters
    ----------
    analysis : AnalysisSet
        Selected with a marker and `treatment="any"`.
    adjust : str or sequence of str
    batch : str, optional
        Column of the site or batch; `site` where there is one, else the first stratum, if None.
    alpha : float
        Level of the verdict's tests, and of the calibrated P.
    margin : (low, high), optional
        Equivalence margin for the ratio of hazard ratios.
    **how
        strata, ties, engine, weights and cluster, as in `cox`.

    Returns
    -------
    Robustness
        Treatment x site, treatment x covariates, the marker cut within batch and uncut, overlap weights, tamoxifen by
        name, deaths of other causes, the P calibrated by the cohort's other genes; each agrees, differs, is
        uninformative or not available.

    Raises
    ------
    AnalysisError
        If the interaction itself cannot be estimated.

    Examples
    --------
    >>> import tamoxres as tr
    >>> her2 = tr.call(tr.load("metabric"), "HER2")
    >>> both = tr.select(her2, marker="HER2", endpoint="BCSS", treatment="any")
    >>> checked = robustness(both, adjust=["age", "npi", "chemotherapy"], strata="site")
    >>> checked.panel.member("overlap_weights").outcome, checked.calibrated_p
    ('agrees', None)

    References
    ----------
    Lipsitch M, Tchetgen Tchetgen E, Cohen T 2010, doi:10.1097/EDE.0b013e3181d61eeb. Schuemie MJ et al. 2014,
    doi:10.1002/sim.5925. VanderWeele TJ, Ding P 2017, doi:10.7326/M16-2607.
    """
    adjust = one_or_more(adjust)
    found = one_interaction(analysis, adjust=adjust, alpha=alpha, margin=margin, **how)
    return checks_of(found, analysis, adjust=adjust, batch=batch, alpha=alpha, **how)


def checks_of(
    found: InteractionResult,
    analysis: AnalysisSet,
    *,
    adjust: Sequence[str] = (),
    batch: str | None = None,
    alpha: float = 0.05,
    **how: Unpack[ModelChoices],
) -> Robustness:
    """Check an interaction that was fitted already; see `robustness`."""
    strata = one_or_more(how.get("strata", ()))
    rest: Any = {name: value for name, value in how.items() if name != "strata"}
    asked = _Asked(
        analysis=analysis, found=found, adjust=tuple(adjust), strata=strata, how=rest, alpha=alpha,
        batch=_batch(analysis, strata) if batch is None else batch,
    )  # fmt: skip
    members = [_tried(name, check, asked) for name, check in steps(list(_CHECKS.items()), "checks")]
    calibrated, calibration = _calibrated(asked)
    return Robustness(
        interaction=found, calibration=calibration,
        panel=Panel(ratio=asked.ratio, members=(*map(_flagged, members), _flagged(calibrated)), alpha=alpha),
    )  # fmt: skip


def _batch(analysis: AnalysisSet, strata: Sequence[str]) -> str:
    """Name the column of the batch: the site, else the first stratum; empty where there is none."""
    frame = analysis.frame
    for name in (_SITE, *strata):
        if name in frame and frame[name].nunique() > 1:
            return name
    return ""


def _tried(name: CheckName, check: Callable[[CheckName, _Asked], Member], asked: _Asked) -> Member:
    """Make one check; where the patients do not allow it, its place tells why."""
    try:
        return check(name, asked)
    except TamoxresError as error:
        return _missing(name, error.what)


def _missing(name: CheckName, reason: str, **facts: Any) -> Member:
    return Member(name=name, outcome="not_available", reason=reason, **facts)


def _flagged(member: Member) -> Member:
    """Mark the rows of a check as such, so that nobody takes them for the answer."""
    flag = f"check_{member.name}"
    return replace(member, rows=tuple(replace(row, flags=(*row.flags, flag)) for row in member.rows))


def _refitted(name: CheckName, asked: _Asked, found: InteractionResult) -> Member:
    smallest = int(found.cells["events"].min())
    outcome = judge_refit(asked.ratio, found.judged, smallest=smallest, alpha=asked.alpha)
    return Member(name=name, outcome=outcome, rows=(found.judged,), reason=_why(outcome))


def _why(outcome: Outcome) -> str:
    return "few_events" if outcome == "uninformative" else ""


def _by_site(name: CheckName, asked: _Asked) -> Member:
    if not asked.batch:
        return _missing(name, "no_batch")
    return _refitted(name, asked, asked.refit(asked.analysis, f"treatment:{asked.batch}"))


def _by_covariates(name: CheckName, asked: _Asked) -> Member:
    products = [f"treatment:{term}" for term in asked.adjust if len(parts_of(term)) == 1]
    more = [term for term in products if term not in asked.adjust]
    if not more:
        return _missing(name, "no_covariates")
    return _refitted(name, asked, asked.refit(asked.analysis, *more))


def _cut_within(name: CheckName, asked: _Asked) -> Member:
    if measured_by(asked.analysis) is None or not asked.batch:
        return _missing(name, "no_batch" if not asked.batch else "no_level")
    return _refitted(name, asked, asked.refit(cut_within(asked.analysis, asked.batch)))


def _continuous(name: CheckName, asked: _Asked) -> Member:
    if asked.analysis.uncut is not None:
        return _missing(name, "already_uncut")
    if measured_by(asked.analysis) is None:
        return _missing(name, "no_level")
    how: ModelChoices = {**asked.how, "strata": asked.strata}
    row = level_interaction(asked.analysis, adjust=asked.adjust, **how).ratio
    return Member(name=name, outcome=judge_continuous(asked.ratio, row, alpha=asked.alpha), rows=(row,))


def _weighted(name: CheckName, asked: _Asked) -> Member:
    if asked.analysis.uncut is not None:
        return _missing(name, "needs_levels")
    columns = propensity_columns(asked.adjust, asked.strata, [asked.batch] if asked.batch else [])
    found = weighted_interaction(asked.analysis, adjust=columns or None)
    groups = [getattr(row, arm) or 0 for row in found.effects[1:] for arm in ("events_1", "events_0")]
    outcome = judge_refit(asked.ratio, found.ratio, smallest=min(groups), alpha=asked.alpha)
    return Member(name=name, outcome=outcome, rows=(found.ratio,), reason=_why(outcome))


def _by_name(name: CheckName, asked: _Asked) -> Member:
    treatment, frame = asked.analysis.treatment, asked.analysis.frame
    if (treatment.name, treatment.against) != ("endocrine", "none"):
        return _missing(name, "already_by_name" if treatment.name == "tamoxifen" else "not_endocrine")
    if "endocrine_agent" not in frame or not (frame["endocrine_agent"] == "tamoxifen").any():
        return _missing(name, "drug_not_named")
    return _refitted(name, asked, asked.refit(_on_tamoxifen(asked.analysis)))


def _on_tamoxifen(analysis: AnalysisSet) -> AnalysisSet:
    """Keep the untreated and those treated with tamoxifen, as the question counts treatment in time."""
    frame = analysis.frame
    drug = assign(frame.drop(columns="treatment"), "tamoxifen", "none", cohort=analysis.cohort.name)
    keep = ((frame["treatment"] == UNTREATED) | (drug == TREATED)).to_numpy()
    why = f"other or unnamed drug {int((~keep).sum()):,}"
    kept = analysis.without(keep, name="Tamoxifen, or no endocrine therapy", why=why)
    return replace(kept, treatment=Treatment(name="tamoxifen", against="none"))


def _control(name: CheckName, asked: _Asked) -> Member:
    if other_deaths(asked.analysis) is None:
        return _missing(name, "no_other_deaths")
    how: ModelChoices = {**asked.how, "strata": asked.strata}
    found = negative_control(asked.analysis, adjust=asked.adjust, **how)
    smallest = int(found.control.cells["events"].min())
    outcome = judge_control(asked.ratio, *found.effects, smallest=smallest, alpha=asked.alpha)
    return Member(name=name, outcome=outcome, rows=tuple(found.effects), reason="few_events" if smallest < 5 else "")


def _calibrated(asked: _Asked) -> tuple[Member, CalibratedInteraction | None]:
    """Calibrate the P by the cohort's other genes, matched on the batch where there is one."""
    name: CheckName = "calibrated_p"
    if asked.analysis.uncut is not None:
        return _missing(name, "needs_levels"), None
    try:
        found = calibrated_interaction(asked.analysis, adjust=asked.adjust, strata=asked.strata, batch=asked.batch)
    except TamoxresError as error:
        return _missing(name, error.what), None
    if found.calibrated is None:
        return _missing(name, found.reason, count=found.count, about=found.about), found
    outcome = judge_calibrated(asked.ratio, found.calibrated, alpha=asked.alpha)
    return Member(name=name, outcome=outcome, rows=(found.calibrated,)), found


_CHECKS: dict[CheckName, Callable[[CheckName, _Asked], Member]] = {
    "treatment_by_site": _by_site,
    "treatment_by_covariates": _by_covariates,
    "cut_within_batch": _cut_within,
    "continuous_marker": _continuous,
    "overlap_weights": _weighted,
    "tamoxifen_by_name": _by_name,
    "negative_control": _control,
}
