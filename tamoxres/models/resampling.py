"""The bootstrap, seeded and spread over workers by joblib: the same numbers whatever the number of workers.

Conventions: patients are drawn with replacement; resample i has its own stream, spawned from the seed; a resample in
which the statistic cannot be computed is left out and counted.

References
----------
Efron B, Tibshirani RJ 1993, An Introduction to the Bootstrap, chapter 13 (percentile limits).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..errors import AnalysisError, TamoxresError
from ..vocabulary import FloatArray, IntArray
from .watching import steps

__all__ = ["Resamples", "bootstrap"]

_MOST_FAILED = 0.1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Resamples:
    """The statistic in each resample.

    Attributes
    ----------
    values : array of float, shape (m, k)
    failed : int
        Resamples in which it could not be computed; they are not among `values`.
    """

    values: FloatArray
    failed: int

    @property
    def se(self) -> FloatArray:
        """Standard deviation over the resamples, shape (k,)."""
        return np.asarray(self.values.std(axis=0, ddof=1))

    def limits(self, level: float = 0.95) -> tuple[FloatArray, FloatArray]:
        """Percentile limits, shape (k,) each."""
        low, high = np.quantile(self.values, [(1 - level) / 2, (1 + level) / 2], axis=0)
        return low, high


def bootstrap(
    statistic: Callable[[IntArray], FloatArray],
    n: int,
    *,
    m: int = 500,
    seed: int,
    jobs: int = 1,
    progress: Callable[[int], None] | None = None,
) -> Resamples:
    """Compute a statistic in bootstrap resamples of n patients.

    Parameters
    ----------
    statistic : callable
        Takes the rows drawn, shape (n,), and gives an array of shape (k,).
    n, m : int
        Patients and resamples.
    seed : int
    jobs : int
        Workers of joblib; its `parallel_config` chooses the backend.
    progress : callable, optional
        Called with the number of resamples done.

    Raises
    ------
    AnalysisError
        If more than a tenth of the resamples cannot be computed.
    """
    from joblib import Parallel, delayed

    if m < 2:
        raise AnalysisError(f"The bootstrap needs at least 2 resamples; found m={m}.")
    streams = np.random.SeedSequence(seed).spawn(m)
    tasks = (delayed(_resample)(statistic, n, stream) for stream in steps(streams, "bootstrap resamples"))
    values: list[FloatArray] = []
    for done, value in enumerate(Parallel(n_jobs=jobs, return_as="generator")(tasks), start=1):
        if value is not None:
            values.append(value)
        if progress is not None:
            progress(done)
    failed = m - len(values)
    if failed > _MOST_FAILED * m:
        raise AnalysisError(
            f"{failed} of {m} bootstrap resamples could not be computed: too few events.", mend="Adjust for fewer."
        )
    return Resamples(values=np.array(values), failed=failed)


def _resample(statistic: Callable[[IntArray], FloatArray], n: int, stream: np.random.SeedSequence) -> FloatArray | None:
    try:
        value = np.asarray(statistic(np.random.default_rng(stream).integers(0, n, n)), dtype=float)
    except TamoxresError:
        return None
    return value if np.isfinite(value).all() else None
