"""What patients made from a published curve cannot answer."""

from __future__ import annotations

from ..errors import QuestionError
from .sets import AnalysisSet

__all__ = ["refuse_reconstructed"]


def refuse_reconstructed(analysis: AnalysisSet, what: str) -> None:
    """Refuse a question that needs more than one outcome of patients who were reconstructed from one curve.

    Parameters
    ----------
    analysis : AnalysisSet
    what : str
        The question, such as `A cumulative incidence`.

    Raises
    ------
    QuestionError
        If the cohort was made from a Kaplan-Meier curve.
    """
    if analysis.cohort.reconstructed:
        raise QuestionError(
            f"{what} needs competing events, and {analysis.cohort.title} holds one outcome: what competed was censored "
            "in the curve. Use kaplan_meier, logrank, cox or rmst."
        )
