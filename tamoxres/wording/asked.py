"""What an answer is not: the one sentence that stands under each estimand, whatever its number.

Conventions: as in `rows`: fields in, words out; nothing reads these words back.
"""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["model_line", "not_shown"]

_CHOSEN = "Treatment was chosen, not randomised: what it does is mixed with who was given it."


def not_shown(estimand: str, *, design: str, against: str = "", supported: bool = False) -> str:
    """Write what an answer does not show.

    Parameters
    ----------
    estimand : str
        prognostic, treatment_effect or interaction.
    design : str
        How treatment came about.
    against : str
        What the treatment is compared with; empty where one arm alone was looked at.
    supported : bool
        Whether a randomised interaction was seen.

    Examples
    --------
    >>> not_shown("prognostic", design="observational")
    'That the marker predicts failure of the treatment: for that its interaction with treatment is needed.'
    """
    if estimand == "prognostic":
        return "That the marker predicts failure of the treatment: for that its interaction with treatment is needed."
    if design != "randomised":
        return _CHOSEN
    if estimand == "treatment_effect":
        return "That the effect differs between levels of a marker: for that their interaction is needed."
    if supported:
        return "That it holds elsewhere: one trial's interaction wants another's."
    return "That there is no interaction: an interval that holds 1 is no evidence of none."


def model_line(model: str, adjusted_for: Sequence[str], strata: Sequence[str], weights: str, cluster: str) -> str:
    """Write a model with what it was adjusted for, its strata, weights and clusters.

    Examples
    --------
    >>> model_line("Cox regression", ["age", "npi"], ["site"], "none", "")
    'Cox regression, adjusted for age and npi, strata site'
    """
    parts = [model, f"adjusted for {_joined(adjusted_for)}" if adjusted_for else "crude"]
    parts += [f"strata {_joined(strata)}" if strata else "", f"clusters {cluster}" if cluster else ""]
    parts += [f"{weights} weights" if weights not in ("", "none") else ""]
    return ", ".join(part for part in parts if part)


def _joined(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
