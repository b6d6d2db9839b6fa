"""The robustness panel: what each check of an interaction says, and what they say together.

Conventions: a check *agrees*, *differs*, is *uninformative* or *not available*. Of an interaction that is seen, a refit
on the same scale agrees where the sign holds and at least two thirds of the log ratio remain; with the continuous
marker, where the sign holds and P is below 0.10; the calibrated P, where it is at most alpha. The negative control
(deaths of other causes) speaks against an interaction where it shows one on the same side with P below 0.05, for it
only where the two ratios differ (P below 0.05), and else says nothing. Where no interaction is seen, a check agrees if
it sees none either. A refit with fewer than 5 events in a group of marker and treatment is uninformative. "Robust to
the checks made" takes that nothing differs, and that treatment x site (or x covariates), weights and the calibrated P
agree.

References
----------
Lipsitch M, Tchetgen Tchetgen E, Cohen T 2010, doi:10.1097/EDE.0b013e3181d61eeb (negative controls). Schuemie MJ et al.
2014, doi:10.1002/sim.5925 (empirical calibration).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from ..effects import EffectEstimate
from ..tables.cells import count_cell, p_cell
from ..tables.effects import EffectRows, estimate_cell
from ..tables.shown import ShowsEffects
from ..tables.table import Cell, Column, Row, Table
from ..wording.checks import CHECKS, PANEL_NOTE, outcome_words, reason_words, suffix_words, summary_words
from .evalue import EValue, e_value

__all__ = ["CheckName", "Member", "Outcome", "Panel", "judge_calibrated", "judge_continuous", "judge_control",
           "judge_refit"]  # fmt: skip

Outcome = Literal["agrees", "differs", "uninformative", "not_available"]
CheckName = Literal[
    "treatment_by_site", "treatment_by_covariates", "cut_within_batch", "continuous_marker", "overlap_weights",
    "tamoxifen_by_name", "negative_control", "calibrated_p",
]  # fmt: skip
_REMAINS, _CONTINUOUS, _CONTROL = 2 / 3, 0.10, 0.05
_FEW_EVENTS = 5  # of the smallest group of marker and treatment, as for the verdict
_NEEDED: tuple[CheckName, ...] = ("overlap_weights", "calibrated_p")
_EITHER: tuple[CheckName, ...] = ("treatment_by_site", "treatment_by_covariates")
_CONTRAST = "the interaction's ratio over it"
_NOTHING_TO_CHECK = ("already_by_name", "already_uncut", "not_endocrine")


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One check of the panel.

    Attributes
    ----------
    name : str
        One of `CheckName`.
    outcome : "agrees" | "differs" | "uninformative" | "not_available"
    rows : tuple of EffectEstimate
        Its effect rows; those of the negative control are its ratio and the ratio of the two ratios.
    reason : str
        Why it says nothing: a code of `wording.checks`, or the sentence of an error.
    count : int or None
        Genes, where the reason is about them.
    about : str
        How the genes were chosen, where the reason is about that.
    """

    name: CheckName
    outcome: Outcome
    rows: tuple[EffectEstimate, ...] = ()
    reason: str = ""
    count: int | None = None
    about: str = ""

    @property
    def why(self) -> str:
        """Why it says nothing, in words."""
        return reason_words(self.reason, count=self.count, about=self.about)


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel(ShowsEffects):
    """An interaction and what the checks of it say.

    Attributes
    ----------
    ratio : EffectEstimate
        The interaction that was checked.
    members : tuple of Member
        Every check, in the order of `CheckName`.
    alpha : float
        Two-sided level at which the interaction counts as seen.
    """

    ratio: EffectEstimate
    members: tuple[Member, ...]
    alpha: float = 0.05

    @property
    def effects(self) -> EffectRows:
        """The ratio first, then the rows of each check."""
        return EffectRows([self.ratio, *(row for member in self.members for row in member.rows)])

    def member(self, name: CheckName) -> Member:
        """Return one check by its name."""
        return next(member for member in self.members if member.name == name)

    def of(self, *outcomes: Outcome) -> tuple[CheckName, ...]:
        """Name the checks with one of these outcomes."""
        return tuple(member.name for member in self.members if member.outcome in outcomes)

    @property
    def differs(self) -> tuple[CheckName, ...]:
        """Checks that speak against the interaction."""
        return self.of("differs")

    @property
    def unchecked(self) -> tuple[CheckName, ...]:
        """Checks that could not be made; one that there is no need of is none."""
        missing = (member for member in self.members if member.outcome == "not_available")
        return tuple(member.name for member in missing if member.reason not in _NOTHING_TO_CHECK)

    @property
    def robust(self) -> bool:
        """Whether the interaction is robust to the checks made: nothing differs, and those it takes agree."""
        agrees = self.of("agrees")
        taken = all(name in agrees for name in _NEEDED) and any(name in agrees for name in _EITHER)
        return taken and not self.differs

    @property
    def suffix(self) -> str:
        """How the label of an interaction that is seen goes on."""
        needed = set(_NEEDED) if set(_EITHER) & set(self.of("agrees")) else {*_NEEDED, *_EITHER}
        undecided = [name for name in self.of("uninformative") if name in needed]
        return suffix_words(robust=self.robust, differs=self.differs, undecided=undecided, unchecked=self.unchecked)

    @property
    def summary(self) -> str:
        """What the checks say, by outcome, in one sentence."""
        return summary_words(self.of("agrees"), self.differs, self.of("uninformative"), self.of("not_available"))

    @property
    def calibrated_p(self) -> float | None:
        """P against the empirical null of the cohort's other genes; None where there is none."""
        rows = self.member("calibrated_p").rows
        return rows[0].p_value if rows else None

    @property
    def e_value(self) -> EValue:
        """How strong unmeasured confounding would have to be to explain the ratio away."""
        return e_value(self.ratio)

    def table(self) -> Table:
        """Return one row a check (two for the negative control), the interaction itself first."""
        rows = [_line("The interaction itself", "", self.ratio)]
        for member in self.members:
            name, outcome = CHECKS[member.name], outcome_words(member.outcome)
            if not member.rows:
                rows.append(Row((Cell(name), Cell(outcome), Cell(), Cell(), Cell(), Cell())))
            for i, row in enumerate(member.rows):
                said = f"{name}, {row.contrast}" if row.scale == "per_sd" else name
                rows.append(_line(said if i == 0 else _CONTRAST, outcome if i == 0 else "", row))
        why = [PANEL_NOTE, *(f"{CHECKS[member.name]}: {member.why}." for member in self.members if member.reason)]
        low, high = self.ratio.ci()
        why += [] if low <= 1 <= high else [f"E-value: {self.e_value}."]
        return Table(
            title=f"Robustness panel: {self.ratio.marker} and {self.ratio.endpoint}, {self.ratio.label}",
            columns=(
                Column("Check"), Column("Outcome"), Column("N", "count"), Column("Events", "count"),
                Column("Ratio of HRs (95% CI)", "ratio"), Column("P", "p"),
            ),
            rows=tuple(rows), footnotes=tuple(text[:1].upper() + text[1:] for text in why),
        )  # fmt: skip

    def __str__(self) -> str:
        return self.summary


def _line(name: str, outcome: str, row: EffectEstimate) -> Row:
    cells = (count_cell(row.n), count_cell(row.events), estimate_cell(row), p_cell(row.p_value, row.row_id))
    return Row((Cell(name), Cell(outcome), *cells))


def _seen(ratio: EffectEstimate, alpha: float) -> bool:
    return _p(ratio) < alpha


def _p(row: EffectEstimate) -> float:
    return math.nan if row.p_value is None else row.p_value


def _share(ratio: EffectEstimate, row: EffectEstimate) -> float:
    """Return how much of the log ratio remains; below 0 where the sign is another."""
    return (row.point or 0.0) / (ratio.point or math.nan)


def judge_refit(ratio: EffectEstimate, row: EffectEstimate, *, smallest: int, alpha: float = 0.05) -> Outcome:
    """Judge a refit on the same scale.

    Parameters
    ----------
    ratio, row : EffectEstimate
        The interaction and its refit, both ratios of hazard ratios altered v unaltered.
    smallest : int
        Events of the refit's smallest group of marker and treatment.
    alpha : float

    Returns
    -------
    "agrees" | "differs" | "uninformative"

    Examples
    --------
    >>> ratio, refit = (EffectEstimate.from_ci(*ci, study="a", p_value=p, p_kind="lrt", estimand="interaction")
    ...                 for ci, p in (((2.06, 1.31, 3.22), 0.002), ((1.84, 1.15, 2.94), 0.011)))
    >>> judge_refit(ratio, refit, smallest=40)
    'agrees'
    """
    if smallest < _FEW_EVENTS:
        return "uninformative"
    if not _seen(ratio, alpha):
        return "differs" if _seen(row, alpha) else "agrees"
    return "agrees" if _share(ratio, row) >= _REMAINS else "differs"


def judge_continuous(ratio: EffectEstimate, row: EffectEstimate, *, alpha: float = 0.05) -> Outcome:
    """Judge the interaction with the marker uncut, whose ratio is on another scale: by sign and P below 0.10."""
    if not _seen(ratio, alpha):
        return "differs" if _p(row) < _CONTINUOUS else "agrees"
    return "agrees" if _share(ratio, row) > 0 and _p(row) < _CONTINUOUS else "differs"


def judge_calibrated(ratio: EffectEstimate, row: EffectEstimate, *, alpha: float = 0.05) -> Outcome:
    """Judge the calibrated interaction: it agrees with one that is seen where its P is at most alpha, on one side."""
    shown = _p(row) <= alpha
    if not _seen(ratio, alpha):
        return "differs" if shown else "agrees"
    return "agrees" if shown and _share(ratio, row) > 0 else "differs"


def judge_control(
    ratio: EffectEstimate, control: EffectEstimate, contrast: EffectEstimate, *, smallest: int, alpha: float = 0.05
) -> Outcome:
    """Judge the negative-control outcome: `control` is its ratio, `contrast` the ratio of the two ratios."""
    if smallest < _FEW_EVENTS:
        return "uninformative"
    shown = _p(control) < _CONTROL
    if not _seen(ratio, alpha):
        return "differs" if shown else "uninformative"
    if shown and _share(ratio, control) > 0:
        return "differs"
    return "agrees" if _p(contrast) < _CONTROL else "uninformative"
