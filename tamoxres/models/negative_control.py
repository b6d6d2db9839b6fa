"""A negative-control outcome: the interaction on deaths that neither marker nor treatment should change.

Conventions: the control is death from another cause, in the patients and by the model of the question: breast-cancer
events are censored there, as deaths of other causes are in the question. Where the endpoint has competing deaths these
are the control; overall survival takes those of breast-cancer-specific survival. An interaction on the control too is
what confounding or selection looks like. The ratio of the two ratios says whether they differ; its variance is the sum
of the two (the two kinds of death share no event).

References
----------
Lipsitch M, Tchetgen Tchetgen E, Cohen T 2010, doi:10.1097/EDE.0b013e3181d61eeb.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Unpack

from ..analysis import AnalysisSet
from ..analysis.exposure import begins_later
from ..effects import EffectEstimate
from ..endpoints import BCSS, OTHER_DEATH
from ..errors import AnalysisError
from ..tables.effects import EffectRows
from ..tables.shown import ShowsEffects
from .engine import ModelChoices
from .interaction import InteractionResult, one_interaction

__all__ = ["NegativeControl", "negative_control", "other_deaths"]

_CONTROL, _EVENT, _CENSORED = 2, 1, 0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NegativeControl(ShowsEffects):
    """The interaction on deaths of other causes, and how it differs from that of the question.

    Attributes
    ----------
    ratio : EffectEstimate
        Ratio of hazard ratios of death from another cause.
    contrast : EffectEstimate
        The question's ratio over that ratio, with its Wald interval and P.
    asked : InteractionResult
        Of the question.
    control : InteractionResult
        Of death from another cause.
    """

    ratio: EffectEstimate
    contrast: EffectEstimate
    asked: InteractionResult
    control: InteractionResult

    @property
    def effects(self) -> EffectRows:
        """The control's ratio, then the ratio of the two ratios."""
        return EffectRows([self.ratio, self.contrast])


def other_deaths(analysis: AnalysisSet) -> AnalysisSet | None:
    """Return the same patients with death from another cause as the event; None where it is not told apart."""
    frame = analysis.frame
    if not analysis.endpoint.competing:
        return _by_cause(analysis)
    if not (frame["event"] == _CONTROL).any():
        return None
    event = frame["event"].map({_CENSORED: _CENSORED, _EVENT: _CONTROL, _CONTROL: _EVENT})
    return replace(analysis, endpoint=OTHER_DEATH, frame=frame.assign(event=event))


def _by_cause(analysis: AnalysisSet) -> AnalysisSet | None:
    """Take deaths of other causes from breast-cancer-specific survival, where a question on all deaths holds them."""
    patients, moved = analysis.cohort.patients, analysis.landmark is not None or analysis.to_months is not None
    held = BCSS.event in patients and BCSS.months in patients
    if not held or moved or begins_later(analysis):
        return None
    own = patients.loc[analysis.frame.index, [BCSS.months, BCSS.event]]
    known = own.notna().all(axis=1).to_numpy()
    inside = analysis.without(known, name="Cause of death known", why=f"cause unknown {int((~known).sum()):,}")
    event = own.loc[known, BCSS.event].astype(int)
    frame = inside.frame.assign(months=own.loc[known, BCSS.months], event=event)
    return other_deaths(replace(inside, endpoint=BCSS, frame=frame)) if (event == _CONTROL).any() else None


def negative_control(
    analysis: AnalysisSet, *, adjust: str | Sequence[str] = (), **how: Unpack[ModelChoices]
) -> NegativeControl:
    """Estimate the interaction on death from another cause, which neither marker nor treatment should change.

    Parameters
    ----------
    analysis : AnalysisSet
        Selected with a marker and `treatment="any"`.
    adjust : str or sequence of str
    **how
        strata, ties, engine, weights and cluster, as in `cox`.

    Returns
    -------
    NegativeControl

    Raises
    ------
    AnalysisError
        If the cohort does not tell deaths of other causes apart, or a group has none.

    Examples
    --------
    >>> import tamoxres as tr
    >>> her2 = tr.call(tr.load("metabric"), "HER2")
    >>> both = tr.select(her2, marker="HER2", endpoint="BCSS", treatment="any")
    >>> negative_control(both, adjust=["age", "npi"], strata="site").ratio.endpoint
    'other_cause_death'
    """
    others = other_deaths(analysis)
    if others is None:
        raise AnalysisError(f"{analysis.cohort.title} does not tell deaths of other causes apart here.")
    asked = one_interaction(analysis, adjust=adjust, **how)
    control = one_interaction(others, adjust=adjust, **how)
    return NegativeControl(
        ratio=control.judged, contrast=_contrast(asked.judged, control.judged), asked=asked, control=control
    )


def _contrast(asked: EffectEstimate, control: EffectEstimate) -> EffectEstimate:
    """Make the row of the ratio of two ratios."""
    return replace(
        control, estimand="", endpoint=asked.endpoint, term="ratio_of_ratios",
        log_estimate=(asked.point or 0.0) - (control.point or 0.0),
        se=math.hypot(asked.se or math.nan, control.se or math.nan), ci_low=None, ci_high=None, ci_kind="",
        p_value=None, p_kind="", n=asked.n, events=asked.events, n_1=None, events_1=None, n_0=None, events_0=None,
        flags=(*asked.flags, "against_negative_control"),
    )  # fmt: skip
