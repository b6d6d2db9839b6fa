"""Who a question is about, and what of them enters a model: selection, design matrix, follow-up as arrays."""

from .by_marker import marker_level
from .sets import TREATED, UNTREATED, AnalysisSet, select

__all__ = ["TREATED", "UNTREATED", "AnalysisSet", "marker_level", "select"]
