"""The explorer: questions put to a cohort by clicking, in a browser on the user's own machine."""

from .serve import explore

__all__ = ["explore"]
