"""The verdict on one marker in one cohort, in a fixed vocabulary, with the sentence it allows.

Resistance is a claim about the marker x treatment interaction. A marker that goes with relapse among treated patients
may be only prognostic; a null interaction is not "no difference"; treatment that was not randomised never makes a
marker "predictive".

References
----------
Schmoor C, Sauerbrei W, Schumacher M 2000, Stat Med 19:441 (power of interaction tests). Schuirmann DJ 1987,
J Pharmacokinet Biopharm 15:657 (two one-sided tests). Ballman KV 2015, doi:10.1200/JCO.2015.63.3651
(prognostic or predictive).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape
from typing import Literal

from scipy.special import ndtri

from ..effects import EffectEstimate
from ..errors import AnalysisError
from ..wording import interval, p_value, ratio, ratio_with_interval

__all__ = ["SINGLE_ARM", "Verdict", "design_flags", "minimum_detectable", "reach_verdict", "single_arm_verdict"]

Label = Literal[
    "interaction supported (randomised)",
    "interaction seen, treatment not randomised",
    "prognostic; interaction inconclusive",
    "prognostic; interaction within margin",
    "no evidence either way",
    "single arm: cannot tell",
]
_SEEN = ("interaction supported (randomised)", "interaction seen, treatment not randomised")
SINGLE_ARM: Label = "single arm: cannot tell"


def design_flags(design: str) -> tuple[str, ...]:
    """Return the flag that a treatment effect from such a design never goes without; none where it was randomised."""
    if design == "randomised":
        return ()
    return ("partly_randomised",) if design == "partly_randomised" else ("not_randomised",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What may be said about a marker, and on what it rests.

    Attributes
    ----------
    label : str
        One of the six of the fixed vocabulary.
    sentence : str
        The sentence the label allows.
    alpha : float
    basis : str
        Row id of the interaction effect it rests on (the adjusted model), empty for a single arm.
    minimum_detectable : float
        Ratio of hazard ratios that 80 % power would have seen; NaN for a single arm.
    """

    label: Label
    sentence: str
    alpha: float = 0.05
    basis: str = ""
    minimum_detectable: float = math.nan

    @property
    def seen(self) -> bool:
        """Whether an interaction was seen."""
        return self.label in _SEEN

    def __str__(self) -> str:
        return f"{self.label}. {self.sentence}"

    def _repr_html_(self) -> str:
        return f"<p><b>{escape(self.label)}</b>. {escape(self.sentence)}</p>"


def minimum_detectable(se: float, *, power: float = 0.80, alpha: float = 0.05) -> float:
    """Return the smallest ratio of hazard ratios above 1 that a two-sided test would have seen (its inverse below 1).

    Parameters
    ----------
    se : float
        Standard error of the log ratio.
    power, alpha : float

    Raises
    ------
    AnalysisError
        If the standard error is not positive, or power and alpha do not lie between 0 and 1.

    Examples
    --------
    >>> round(minimum_detectable(0.275), 2)
    2.16
    """
    if not (se > 0 and math.isfinite(se) and 0 < power < 1 and 0 < alpha < 1):
        raise AnalysisError(
            f"Needs se above 0, power and alpha between 0 and 1; found se={se:g}, power={power:g}, alpha={alpha:g}."
        )
    return math.exp((float(ndtri(1 - alpha / 2)) + float(ndtri(power))) * se)


def reach_verdict(
    interaction: EffectEstimate,
    prognostic: EffectEstimate,
    *,
    alpha: float = 0.05,
    margin: tuple[float, float] | None = None,
) -> Verdict:
    """Weigh the interaction and the marker's hazard ratio among the treated, both of the adjusted model.

    Parameters
    ----------
    interaction : EffectEstimate
        Ratio of hazard ratios, with its likelihood-ratio P.
    prognostic : EffectEstimate
        Marker altered v unaltered among the treated.
    alpha : float
        Two-sided level of both tests.
    margin : (low, high), optional
        Equivalence margin for the ratio; without one, a null interaction is never "within margin".
    """
    tested = interaction.p_value
    if interaction.se is None or prognostic.p_value is None or tested is None:
        raise AnalysisError("A verdict needs an estimated interaction and an estimated prognostic effect.")
    detectable = minimum_detectable(interaction.se, alpha=alpha)
    label = _label(interaction, tested, prognostic.p_value, alpha, margin)
    return Verdict(
        label=label,
        sentence=_sentence(label, interaction, prognostic, tested, detectable),
        alpha=alpha,
        basis=interaction.row_id,
        minimum_detectable=detectable,
    )


def single_arm_verdict(cohort: str) -> Verdict:
    """Return the verdict on a cohort in which no patients are known to be untreated."""
    sentence = (
        f"No patients of {cohort} are known to be untreated: a marker can be prognostic there, but nothing can be said "
        "about whether the treatment works less well when it is altered."
    )
    return Verdict(label=SINGLE_ARM, sentence=sentence)


def _label(
    interaction: EffectEstimate, tested: float, prognostic_p: float, alpha: float, margin: tuple[float, float] | None
) -> Label:
    if tested < alpha:
        randomised = interaction.design == "randomised"
        return "interaction supported (randomised)" if randomised else "interaction seen, treatment not randomised"
    if margin is not None:
        low, high = interaction.ci(0.90)
        if margin[0] < low and high < margin[1] and prognostic_p < alpha:
            return "prognostic; interaction within margin"
    return "prognostic; interaction inconclusive" if prognostic_p < alpha else "no evidence either way"


def _sentence(
    label: Label, interaction: EffectEstimate, prognostic: EffectEstimate, tested: float, detectable: float
) -> str:
    marker = interaction.marker
    hazard = ratio_with_interval(prognostic.estimate, *prognostic.ci())
    ratios = (
        f"ratio of HRs {ratio_with_interval(interaction.estimate, *interaction.ci())}, {p_value(tested, label=True)}"
    )
    unseen = (
        f"this cohort could have seen a ratio of {ratio(detectable)} or more (or {ratio(1 / detectable)} or less) "
        "with 80% power"
    )
    among = f"Among treated patients {marker} altered goes with HR {hazard} for {interaction.endpoint}"
    if label == "prognostic; interaction inconclusive":
        return f"{among}; whether it predicts failure of the treatment stays open ({ratios}; {unseen})."
    if label == "prognostic; interaction within margin":
        inside = f"the interaction lies within the margin (90% CI {_ninety(interaction)})"
        return f"{among}; {inside}, so the effect of the treatment does not differ by more than the margin allows."
    if label == "no evidence either way":
        neither = f"Neither a prognostic effect among the treated (HR {hazard}) nor an interaction ({ratios}) is shown"
        return f"{neither}; that is not evidence of no effect: {unseen}."
    strength = "is smaller" if (interaction.point or 0) > 0 else "is larger"
    seen = f"The effect of the treatment on {interaction.endpoint} {strength} when {marker} is altered ({ratios})"
    if label == "interaction supported (randomised)":
        return f"{seen}; treatment was randomised."
    doubt = "as treatment was not (wholly) randomised this may be confounding"
    return f"{seen}; {doubt}, and {marker} cannot be called predictive from it."


def _ninety(effect: EffectEstimate) -> str:
    low, high = effect.ci(0.90)
    return interval(ratio(low), ratio(high))
