"""What can go wrong, said in one sentence: what is wrong, what was found, what to do.

Every error that a user can cause is a `TamoxresError`; the command line prints it without a traceback and exits with 2.
"""

from __future__ import annotations

__all__ = ["AnalysisError", "DataError", "EffectError", "PoolingError", "QuestionError", "TamoxresError"]


class TamoxresError(Exception):
    """Anything that tamoxres refuses, with the mend in its message."""


class DataError(TamoxresError):
    """A data file is missing, altered, or holds a value that the codebook forbids."""


class QuestionError(TamoxresError):
    """A question names a marker, endpoint, population or option that the cohort cannot answer."""


class AnalysisError(TamoxresError):
    """The patients are there, but the model cannot be estimated from them."""


class EffectError(TamoxresError):
    """An effect row contradicts itself or lacks what a standard error is made of."""


class PoolingError(TamoxresError):
    """Effects that must not be pooled together."""
