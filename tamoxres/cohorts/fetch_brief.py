"""A fetch that may take so long and no longer: for a report that goes on without the files if they do not come.

Conventions: the fetch runs in a process of its own, so that it can be stopped in the middle of a stalled answer; what
came stays, and the next fetch goes on from there.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from ..errors import DataError
from .catalogue import load

__all__ = ["Brief", "fetch_within"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """What came of a brief fetch.

    Attributes
    ----------
    cohort : str
    outcome : "held" | "fetched" | "late" | "failed"
        `held`: nothing was lacking.
    why : str
        Of a failure, in one sentence.
    seconds : float
        How long it was allowed to take.
    """

    cohort: str
    outcome: Literal["held", "fetched", "late", "failed"]
    why: str = ""
    seconds: float = 0.0

    def __str__(self) -> str:
        mend = f"`tamoxres fetch {self.cohort}` goes on where it stopped."
        return {
            "held": "",
            "fetched": f"{self.cohort}: its files were fetched.",
            "late": f"{self.cohort}: its files did not come within {self.seconds:g} seconds, so the report is of what "
            f"is on disk; {mend}",
            "failed": f"{self.cohort}: not fetched, so the report is of what is on disk. {self.why}",
        }[self.outcome]


def fetch_within(
    cohort: str,
    *,
    seconds: float = 20.0,
    from_url: str | None = None,
    meanwhile: Callable[[], object] | None = None,
) -> Brief:
    """Fetch what a cohort lacks, for so many seconds at most.

    Parameters
    ----------
    cohort : str
        Such as `metabric`.
    seconds : float
        In all, from the start of the process on.
    from_url : str, optional
        A mirror in the place of the publisher.
    meanwhile : callable, optional
        What this process does while the other fetches.
    """
    try:
        if not load(cohort).unfetched:
            return Brief(cohort=cohort, outcome="held")
    except DataError:
        pass  # nothing of it is on disk
    mirror = [] if from_url is None else ["--from", from_url]
    command = [sys.executable, "-m", __package__.partition(".")[0], "fetch", cohort, *mirror]
    began = time.monotonic()
    try:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)  # noqa: S603 our own
    except OSError as error:  # this Python may not start another
        return Brief(cohort=cohort, outcome="failed", why=f"The fetch could not be started: {error.strerror}.")
    with process:
        try:
            if meanwhile is not None:
                meanwhile()
            errors = process.communicate(timeout=max(began + seconds - time.monotonic(), 0))[1]
        except BaseException as error:
            process.kill()
            if not isinstance(error, subprocess.TimeoutExpired):
                raise
            return Brief(cohort=cohort, outcome="late", seconds=seconds)
    if process.returncode == 0:
        return Brief(cohort=cohort, outcome="fetched")
    told = " ".join(errors.split()).rpartition("tamoxres: ")[2]
    return Brief(cohort=cohort, outcome="failed", why=told or "The fetch failed.")
