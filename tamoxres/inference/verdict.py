"""The verdict on one marker in one cohort: a label of a fixed vocabulary, and the facts that its sentence is made of.

Resistance is a claim about the marker x treatment interaction. A marker that goes with relapse among treated patients
may be only prognostic; a null interaction is not "no difference"; treatment that was not randomised supports no claim
that a marker tells whom it helps.

Conventions: the P of the row shown is compared with alpha. With 0-4 events in the smallest of the four groups of marker
and treatment nothing is said; with 5-9 that is added. Directions come from the hazard ratios of treatment in both
levels of the marker, never from the ratio alone; that one group is helped and the other harmed is said only where the
test of Gail and Simon shows it. An interaction whose hazards are not proportional has no direction. An interaction lies
within the margin when its 90 % interval (of estimate, standard error and df, as in `equivalence`) does. Where the
marker enters as a number, the two levels are its quartiles, and the groups are cut at its median.

References
----------
Schmoor C, Sauerbrei W, Schumacher M 2000, Stat Med 19:441 (power of interaction tests). Schuirmann DJ 1987,
J Pharmacokinet Biopharm 15:657 (two one-sided tests). Gail M, Simon R 1985, Biometrics 41:361. Ballman KV 2015,
doi:10.1200/JCO.2015.63.3651 (prognostic or predictive).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from typing import Literal

from ..effects import EffectEstimate
from ..errors import AnalysisError
from .detectable import detectable_by_error, minimum_detectable
from .gail_simon import gail_simon
from .panel import Panel
from .verdict_words import sentence_of

__all__ = [
    "LABELS", "NOT_PROPORTIONAL", "SEEN", "SINGLE_ARM", "TOO_FEW", "TOO_FEW_EVENTS", "Evidence", "FourGroups",
    "OverTime", "Verdict", "design_flags", "reach_verdict", "single_arm_verdict",
]  # fmt: skip

Label = Literal[
    "interaction supported (randomised)",
    "interaction seen, treatment not randomised",
    "interaction seen, not proportional",
    "prognostic; interaction inconclusive",
    "prognostic; interaction within margin",
    "interaction within margin",
    "too few events to say",
    "no evidence either way",
    "single arm: cannot tell",
]
LABELS: tuple[Label, ...] = Label.__args__  # type: ignore[attr-defined]
SUPPORTED: Label = "interaction supported (randomised)"
SEEN: Label = "interaction seen, treatment not randomised"
NOT_PROPORTIONAL: Label = "interaction seen, not proportional"
TOO_FEW: Label = "too few events to say"
SINGLE_ARM: Label = "single arm: cannot tell"
NOT_RUN = "robustness panel not run"
TOO_FEW_EVENTS = 5  # of the smallest group of marker and treatment: with fewer nothing is said
_TEST, _CHANGE = 0.05, 0.10  # of proportional hazards, and of a change between the halves of follow-up
_EQUIVALENCE = 0.90


def design_flags(design: str) -> tuple[str, ...]:
    """Return the flag that a treatment effect from such a design never goes without; none where it was randomised."""
    if design == "randomised":
        return ()
    return ("partly_randomised",) if design == "partly_randomised" else ("not_randomised",)


@dataclass(frozen=True, slots=True, kw_only=True)
class FourGroups:
    """Patients and events of unaltered untreated, unaltered treated, altered untreated and altered treated.

    Attributes
    ----------
    patients, events : tuple of int
    expected : tuple of float
        Events that the fit without the product expects.
    """

    patients: tuple[int, ...]
    events: tuple[int, ...]
    expected: tuple[float, ...]

    @property
    def smallest(self) -> int:
        """Events of the group that has fewest."""
        return min(self.events)


@dataclass(frozen=True, slots=True, kw_only=True)
class OverTime:
    """Whether the interaction stays the same over follow-up.

    Attributes
    ----------
    joint_p, product_p : float
        Score tests (Kaplan-Meier scale) of treatment and product together (2 df), and of the product.
    early, late : tuple of EffectEstimate
        Ratio, treatment when altered, treatment when unaltered, up to the median event time and after it; empty where
        a group has no events in a half.
    change_p : tuple of float
        Of the same three, that both halves are equal.
    """

    joint_p: float
    product_p: float
    early: tuple[EffectEstimate, ...] = ()
    late: tuple[EffectEstimate, ...] = ()
    change_p: tuple[float, ...] = ()

    @property
    def crosses(self) -> bool:
        """Whether the ratio or a level's hazard ratio changes sides of 1 between the halves."""
        pairs = zip(self.early, self.late, self.change_p, strict=True)
        return any((one.point or 0.0) * (two.point or 0.0) < 0 and p < _CHANGE for one, two, p in pairs)

    @property
    def proportional(self) -> bool:
        """Whether nothing speaks against an interaction that stays the same."""
        return not (self.joint_p < _TEST or self.product_p < _TEST or self.crosses)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What a verdict is reached from.

    Attributes
    ----------
    ratio : EffectEstimate
        The row of the interaction that is shown: its P decides, its id is the verdict's basis.
    prognostic : EffectEstimate
        Marker altered v unaltered among the treated, of the same model.
    altered, unaltered : EffectEstimate
        Treatment when the marker is altered, and when it is not, of the same model.
    groups : FourGroups
    over_time : callable, optional
        Gives `OverTime`; called only where an interaction is seen.
    """

    ratio: EffectEstimate
    prognostic: EffectEstimate
    altered: EffectEstimate
    unaltered: EffectEstimate
    groups: FourGroups
    over_time: Callable[[], OverTime] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What may be said about a marker, and on what it rests.

    Attributes
    ----------
    finding : str
        One of `LABELS`; `label` goes on with what the robustness panel says.
    alpha : float
    margin : (float, float) or None
        Within which the ratio would count as none.
    cohort : str
    ratio, prognostic, altered, unaltered : EffectEstimate or None
        The rows it rests on (`Evidence`); None for a single arm.
    groups : FourGroups or None
    qualitative_p : float or None
        Gail and Simon's P, where the hazard ratios of treatment lie on both sides of 1.
    tests_disagree : bool
        Whether the likelihood-ratio and the Wald test of the ratio lie on two sides of alpha.
    within_margin : bool
    over_time : OverTime or None
        Where an interaction is seen.
    robustness : Panel or None
        The robustness panel; None where it was not run.

    Examples
    --------
    >>> import tamoxres as tr
    >>> her2 = tr.call(tr.load("metabric"), "HER2")
    >>> both = tr.select(her2, marker="HER2", endpoint="BCSS", treatment="any")
    >>> print(tr.interaction(both).verdict.label)
    prognostic; interaction inconclusive
    """

    finding: Label
    alpha: float = 0.05
    margin: tuple[float, float] | None = None
    cohort: str = ""
    ratio: EffectEstimate | None = None
    prognostic: EffectEstimate | None = None
    altered: EffectEstimate | None = None
    unaltered: EffectEstimate | None = None
    groups: FourGroups | None = None
    qualitative_p: float | None = None
    tests_disagree: bool = False
    within_margin: bool = False
    over_time: OverTime | None = None
    robustness: Panel | None = None

    @property
    def label(self) -> str:
        """The finding; that of an interaction seen without randomisation goes on with what the panel says of it."""
        if self.finding != SEEN:
            return self.finding
        return f"{SEEN}; {NOT_RUN if self.robustness is None else self.robustness.suffix}"

    @property
    def seen(self) -> bool:
        """Whether an interaction was seen."""
        return self.finding in (SUPPORTED, SEEN, NOT_PROPORTIONAL)

    @property
    def basis(self) -> str:
        """Row id of the interaction it rests on, which is the row shown; empty for a single arm."""
        return self.ratio.row_id if self.ratio is not None else ""

    @property
    def strata(self) -> tuple[str, ...]:
        """Row ids of treatment when the marker is altered, and when it is not."""
        return tuple(row.row_id for row in (self.altered, self.unaltered) if row is not None)

    @property
    def smallest(self) -> int | None:
        """Events of the smallest of the four groups of marker and treatment."""
        return None if self.groups is None else self.groups.smallest

    @property
    def minimum_detectable(self) -> tuple[float | None, float | None]:
        """The ratios below and above 1 that 80 % power would have seen (`minimum_detectable`); None where none would.

        Worked out when it is asked for: with few events it is simulated. For a marker that enters as a number it
        follows from the standard error.
        """
        groups, ratio = self.groups, self.ratio
        if groups is None or ratio is None or groups.smallest == 0:
            return None, None
        if ratio.is_number and ratio.se is not None:
            return detectable_by_error(ratio.se, alpha=self.alpha)
        se = ratio.se if ratio.model != "firth" else None
        return minimum_detectable(groups.patients, groups.expected, events=groups.events, se=se, alpha=self.alpha)

    @property
    def sentence(self) -> str:
        """What the label and the facts allow to be said."""
        return sentence_of(self)

    def __str__(self) -> str:
        return f"{self.label}. {self.sentence}"

    def _repr_html_(self) -> str:
        return f"<p><b>{escape(self.label)}</b>. {escape(self.sentence)}</p>"


def reach_verdict(evidence: Evidence, *, alpha: float = 0.05, margin: tuple[float, float] | None = None) -> Verdict:
    """Weigh the interaction, the marker's hazard ratio among the treated, and treatment in both levels of the marker.

    Parameters
    ----------
    evidence : Evidence
    alpha : float
        Two-sided level of the tests.
    margin : (low, high), optional
        Equivalence margin for the ratio; without one, a null interaction is never "within margin".

    Returns
    -------
    Verdict

    Raises
    ------
    AnalysisError
        If one of the rows was not estimated.
    """
    rows = (evidence.ratio, evidence.prognostic, evidence.altered, evidence.unaltered)
    if any(row.point is None or row.se is None or row.p_value is None for row in rows):
        raise AnalysisError("A verdict needs an estimated interaction and estimated effects in its groups.")
    enough = evidence.groups.smallest >= TOO_FEW_EVENTS
    found = enough and _p(evidence.ratio) < alpha
    over_time = evidence.over_time() if found and evidence.over_time is not None else None
    within = _within(evidence.ratio, margin)
    return Verdict(
        finding=_finding(evidence, alpha, within, over_time), alpha=alpha, margin=margin, cohort=evidence.ratio.label,
        ratio=evidence.ratio, prognostic=evidence.prognostic, altered=evidence.altered, unaltered=evidence.unaltered,
        groups=evidence.groups, qualitative_p=_qualitative(evidence), within_margin=within, over_time=over_time,
        tests_disagree=_disagree(evidence.ratio, alpha),
    )  # fmt: skip


def single_arm_verdict(cohort: str) -> Verdict:
    """Return the verdict on a cohort in which no patients are known to be untreated."""
    return Verdict(finding=SINGLE_ARM, cohort=cohort)


def _finding(evidence: Evidence, alpha: float, within: bool, over_time: OverTime | None) -> Label:
    if evidence.groups.smallest < TOO_FEW_EVENTS:
        return TOO_FEW
    if _p(evidence.ratio) < alpha:
        if over_time is not None and not over_time.proportional:
            return NOT_PROPORTIONAL
        return SUPPORTED if evidence.ratio.design == "randomised" else SEEN
    prognostic = _p(evidence.prognostic) < alpha
    if within:
        return "prognostic; interaction within margin" if prognostic else "interaction within margin"
    return "prognostic; interaction inconclusive" if prognostic else "no evidence either way"


def _p(row: EffectEstimate) -> float:
    return math.nan if row.p_value is None else row.p_value


def _within(ratio: EffectEstimate, margin: tuple[float, float] | None) -> bool:
    if margin is None:
        return False
    low, high = ratio.ci(_EQUIVALENCE)
    return margin[0] < low and high < margin[1]


def _qualitative(evidence: Evidence) -> float | None:
    """Return Gail and Simon's P where the points of both levels lie on different sides of 1."""
    one, other = evidence.altered.point or 0.0, evidence.unaltered.point or 0.0
    return gail_simon([evidence.altered, evidence.unaltered]).p_value if one * other < 0 else None


def _disagree(ratio: EffectEstimate, alpha: float) -> bool:
    wald = ratio.wald_p
    return ratio.p_kind == "lrt" and wald is not None and (_p(ratio) < alpha) != (wald < alpha)
