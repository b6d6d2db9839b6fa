"""Calls spread over threads, or what `joblib.parallel_config` names; on Dask, a lost call does not lose the rest.

Conventions: results come in any order, each with the number of its call. Only a few calls wait at a time, so that what
they carry need not all be in memory. On Dask the calls go to the scheduler directly: joblib's bridge to it waits for
ever on a call whose worker has died once too often.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Generator, Iterable, Iterator
from itertools import islice
from typing import Any

from ..errors import AnalysisError, TamoxresError

__all__ = ["Lost", "spread"]

Results = Generator[tuple[int, Any], None, None]
_WAITING = 4  # calls sent for each worker
_PATIENCE = 60  # seconds to wait for the first worker
_MISSING = ("lost", "pending")  # its result was with a worker that died
_TIMES = 5  # that a call is sent before the cluster counts as gone


class Lost:
    """What stands for the result of a call that a cluster could not make: why, in words."""

    def __init__(self, why: str) -> None:
        self.why = why


def spread(function: Callable[..., Any], calls: Iterable[tuple[Any, ...]], jobs: int) -> Results:
    """Call a function with each tuple of arguments.

    Parameters
    ----------
    function : function
        Of a module, so that it can be sent.
    calls : iterable of tuple
        Taken as workers become free.
    jobs : int
        Threads, -1 for one a processor; a configured backend has its own number.

    Yields
    ------
    int, result
        The number of the call, and what it gave; on Dask `Lost` where its workers died of it.

    Raises
    ------
    TamoxresError
        Of a call.
    AnalysisError
        If the cluster goes away.
    """
    client = _dask_client()
    numbered = enumerate(calls)
    return _by_joblib(function, numbered, jobs) if client is None else _on_dask(client, function, numbered)


def _dask_client() -> Any:
    """Return the client of Dask where joblib is configured to use it, else None."""
    from joblib.parallel import get_active_backend

    backend, _ = get_active_backend()
    return getattr(backend, "client", None) if type(backend).__module__ == "joblib._dask" else None


def _numbered(i: int, function: Callable[..., Any], arguments: tuple[Any, ...]) -> tuple[int, Any]:
    return i, function(*arguments)


def _by_joblib(function: Callable[..., Any], calls: Iterator[tuple[int, tuple[Any, ...]]], jobs: int) -> Results:
    from joblib import Parallel, delayed

    # Compiled code leaves the interpreter's lock, so threads are enough; a configured backend goes before this hint.
    # A call is work enough: joblib would put several into one, and leave workers idle at the end.
    run = Parallel(
        n_jobs=jobs, prefer="threads", return_as="generator_unordered", batch_size=1,
        pre_dispatch=f"{_WAITING} * n_jobs",
    )  # fmt: skip
    results = run(delayed(_numbered)(i, function, arguments) for i, arguments in calls)
    try:
        for result in results:  # noqa: UP028 (`yield from` would close joblib's generator before warnings are off)
            yield result
    finally:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # joblib tells of the calls it drops when work is stopped
            results.close()


def _on_dask(client: Any, function: Callable[..., Any], calls: Iterator[tuple[int, tuple[Any, ...]]]) -> Results:
    import distributed

    try:
        client.wait_for_workers(1, timeout=_PATIENCE)
    except TimeoutError:
        raise AnalysisError(
            f"The Dask cluster has had no worker for {_PATIENCE} s. Start one, and run again."
        ) from None
    most = _WAITING * sum(client.ncores().values())
    numbers: dict[Any, tuple[int, tuple[Any, ...], int]] = {}
    sent: Any = distributed.as_completed()  # type: ignore[no-untyped-call]

    def send(i: int, arguments: tuple[Any, ...], times: int) -> None:
        future = client.submit(function, *arguments, pure=False)
        numbers[future] = i, arguments, times
        sent.add(future)

    try:
        for i, arguments in islice(calls, most):
            send(i, arguments, 1)
        while numbers:
            future = next(sent)
            i, arguments, times = numbers.pop(future)
            if future.status in _MISSING and times < _TIMES:
                send(i, arguments, times + 1)
                continue
            result = _result(future)
            for j, more in islice(calls, max(most - len(numbers), 0)):
                send(j, more, 1)
            yield i, result
    finally:
        client.cancel(list(numbers))


def _result(future: Any) -> Any:
    if future.status == "finished":
        return future.result()
    if future.status != "error":
        raise AnalysisError(f"The Dask cluster went away (a call is {future.status}). Start it anew, and run again.")
    error = future.exception()
    if isinstance(error, TamoxresError):
        raise error
    return Lost(f"{type(error).__name__}: {error}".partition(". ")[0])
