"""Running the scenarios: each data set from its own stream, spread over processes by joblib, the same on any number."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..errors import QuestionError, TamoxresError
from .absolute import ABSOLUTE
from .cured import CURED
from .doubts import DOUBTS
from .edges import EDGES
from .foretold import FORETOLD
from .performance import Calibration, Result, performance
from .pseudo import PSEUDO
from .scenarios import SCENARIOS, Scenario
from .sites import SITES
from .states import STATES
from .studies import STUDIES
from .time import TIME

__all__ = ["ALL", "calibration"]

ALL: dict[str, Scenario] = {
    scenario.name: scenario
    for scenario in (
        *SCENARIOS,
        *EDGES,
        *ABSOLUTE,
        *DOUBTS,
        *TIME,
        *STATES,
        *PSEUDO,
        *FORETOLD,
        *CURED,
        *STUDIES,
        *SITES,
    )
}
_TOGETHER = 10  # data sets a worker makes at a time


def calibration(
    replicates: int = 1000,
    *,
    seed: int = 1,
    scenarios: Sequence[str] | None = None,
    jobs: int = -1,
    progress: Callable[[int, int], None] | None = None,
) -> Calibration:
    """See whether the estimators keep what they promise, on simulated patients and studies.

    Parameters
    ----------
    replicates : int
        Data sets of each scenario.
    seed : int
    scenarios : sequence of str, optional
        Those whose name begins with one of these; all if None.
    jobs : int
        Workers of joblib; -1 for one a processor.
    progress : function, optional
        Called with the data sets done and all of them.

    Returns
    -------
    Calibration

    Raises
    ------
    QuestionError
        If there are fewer than two replicates, or a scenario is not known.

    Examples
    --------
    >>> import tamoxres as tr
    >>> len(calibration(10, scenarios=["interaction"], jobs=1).table) > 0
    True
    """
    if replicates < 2:
        raise QuestionError(f"replicates is {replicates}; take at least 2, better 1,000.")
    chosen = _chosen(scenarios)
    streams = np.random.SeedSequence(seed).spawn(replicates)
    seeds = [int(stream.generate_state(1)[0]) for stream in streams]
    parts = [(name, seeds[i : i + _TOGETHER]) for name in chosen for i in range(0, replicates, _TOGETHER)]
    answers: dict[str, list[list[Result | None]]] = {name: [] for name in chosen}
    done = 0
    for (name, some), here in zip(parts, _each(parts, jobs), strict=True):
        answers[name] += here
        done += len(some)
        if progress is not None:
            progress(done, replicates * len(chosen))
    rows = [
        performance(
            [answer[i] for answer in answers[name]], one.truth(), scenario=name, estimator=one.name, null=one.null,
            aim=one.aim, note=one.note,
        )
        for name in chosen
        for i, one in enumerate(ALL[name].estimators)
    ]  # fmt: skip
    return Calibration(rows=tuple(rows), replicates=replicates, seed=seed)


def _chosen(scenarios: Sequence[str] | None) -> list[str]:
    if scenarios is None:
        return list(ALL)
    for begin in scenarios:
        if not any(name.startswith(begin) for name in ALL):
            raise QuestionError(f"There is no scenario {begin!r}. There are: {'; '.join(ALL)}.")
    return [name for name in ALL if name.startswith(tuple(scenarios))]


def _each(parts: Sequence[tuple[str, list[int]]], jobs: int) -> Any:
    from joblib import Parallel, delayed

    return Parallel(n_jobs=jobs, return_as="generator")(delayed(_answers)(*part) for part in parts)


def _answers(name: str, seeds: Sequence[int]) -> list[list[Result | None]]:
    """Make some data sets of a scenario, and ask its estimators; None where one could not answer."""
    scenario = ALL[name]
    out = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        for seed in seeds:
            data = scenario.make(seed)
            out.append([_answer(one.ask, data) for one in scenario.estimators])
    return out


def _answer(ask: Callable[[Any], Result], data: Any) -> Result | None:
    try:
        return ask(data)
    except TamoxresError:
        return None
