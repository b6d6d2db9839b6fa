"""Who a question is about, and what of them enters a model: selection, design matrix, follow-up as arrays."""

from .sets import TREATED, UNTREATED, AnalysisSet, marker_level, select

__all__ = ["TREATED", "UNTREATED", "AnalysisSet", "marker_level", "select"]
