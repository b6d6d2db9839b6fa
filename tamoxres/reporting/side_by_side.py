"""Jobs side by side on the processors that there are, with the results that one after the other would give.

Conventions: where a process can be forked, a child has at its start whatever its parent has, so nothing is sent but
results; each takes the next job as soon as it is free. What goes wrong in a child (an error, a warning that is one, its
end) is left to the parent, who does that job again and meets what is wrong itself. Elsewhere joblib's workers do it,
where there are enough jobs to repay their start.
"""

from __future__ import annotations

import io
import multiprocessing
import pickle
import sys
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

__all__ = ["side_by_side"]

T = TypeVar("T")
_ENOUGH = 16  # jobs that repay the start of a process that is not forked
_MOST = 8  # processes


def side_by_side(
    jobs: Sequence[Callable[[], T]],
    *,
    shared: Iterable[Any] = (),
    begun: Callable[[int], None] | None = None,
    forked: bool | None = None,
) -> list[T]:
    """Return what each job returns, in their order.

    Parameters
    ----------
    jobs : sequence of callables
        Without arguments; none may rest on what another leaves behind. The longest stand first.
    shared : iterable of objects
        Made before, and part of results: a result refers to them as if it had been made here.
    begun : callable (number), optional
        Told, in their order, that jobs have begun.
    forked : bool, optional
        Whether processes are forked; if None, where the system allows it safely (Linux).

    Raises
    ------
    Exception
        Whatever a job raises.

    Examples
    --------
    >>> side_by_side([lambda: 1, lambda: 2])
    [1, 2]
    """
    from joblib import Parallel, cpu_count, delayed

    many = min(cpu_count(), len(jobs), _MOST)
    if many > 1 and (_can_fork() if forked is None else forked):
        return _forked(jobs, many - 1, {id(one): one for one in shared}, begun)
    if begun is None and forked is None and len(jobs) >= _ENOUGH:
        return list(Parallel(n_jobs=many)(delayed(job)() for job in jobs))
    return [_told(number, job, begun) for number, job in enumerate(jobs)]


def _told(number: int, job: Callable[[], T], begun: Callable[[int], None] | None) -> T:
    if begun is not None:
        begun(number)
    return job()


def _can_fork() -> bool:
    """Whether a child may be forked here: on Linux, from a process of one thread that is no child without children.

    A second thread may hold a lock at that moment, which nobody in the child would ever open.
    """
    alone = threading.active_count() == 1 and not multiprocessing.current_process().daemon
    return sys.platform == "linux" and alone


def _forked(
    jobs: Sequence[Callable[[], T]],
    children: int,
    shared: Mapping[int, Any],
    begun: Callable[[int], None] | None,
) -> list[T]:
    """Do the jobs with so many children; the parent takes its part, and whatever did not come from a child."""
    done: dict[int, T] = {}
    started: list[tuple[Any, Any]] = []
    told = 0
    try:
        following = _start(jobs, children, shared, started)
        for number in _turns(len(jobs), following):
            for earlier in range(told, number + 1):
                _told(earlier, lambda: None, begun)
            told = number + 1
            done[number] = jobs[number]()
        for number in range(told, len(jobs)):
            _told(number, lambda: None, begun)
        for _, here in started:
            done |= _received(here, shared)
    except BaseException:
        for child, _ in started:
            child.terminate()
        raise
    finally:
        for child, here in started:
            here.close()
            child.join()
    return [done[number] if number in done else job() for number, job in enumerate(jobs)]


def _start(
    jobs: Sequence[Callable[[], Any]], children: int, shared: Mapping[int, Any], started: list[tuple[Any, Any]]
) -> Any:
    """Fork children, note them in `started`, and return the counter of the jobs; fewer where the system has no more."""
    context = multiprocessing.get_context("fork")
    try:
        following = context.Value("l", 0)
    except OSError:  # no semaphores here
        return None
    for _ in range(children):
        here, there = context.Pipe(duplex=False)
        child = context.Process(target=_child, args=(jobs, following, there, shared), daemon=True)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of threads: those of libraries, which take forks
            try:
                child.start()
            except OSError:
                break
            finally:
                there.close()
        started.append((child, here))
    return following


def _turns(jobs: int, following: Any) -> Iterator[int]:
    """Give the numbers of the jobs that nobody has taken, one at a time; all of them where there is no counter."""
    if following is None:
        yield from range(jobs)
        return
    while True:
        with following.get_lock():
            number = following.value
            following.value = number + 1
        if number >= jobs:
            return
        yield number


def _child(jobs: Sequence[Callable[[], Any]], following: Any, there: Any, shared: Mapping[int, Any]) -> None:
    """Do jobs in a child, and send what they return; stop at the first that fails."""
    done: dict[int, Any] = {}
    try:
        for number in _turns(len(jobs), following):
            done[number] = jobs[number]()
        content = _packed(done, shared)
    except Exception:  # noqa: BLE001 the parent does these jobs again, and meets it
        content = _packed({}, shared)
    there.send_bytes(content)


class _Pickler(pickle.Pickler):
    """Writes what is shared as its identity."""

    def __init__(self, out: io.BytesIO, shared: Mapping[int, Any]) -> None:
        super().__init__(out, protocol=5)
        self.shared = shared

    def persistent_id(self, obj: Any) -> int | None:
        return id(obj) if id(obj) in self.shared else None


class _Unpickler(pickle.Unpickler):
    """Finds what is shared by its identity."""

    def __init__(self, source: io.BytesIO, shared: Mapping[int, Any]) -> None:
        super().__init__(source)
        self.shared = shared

    def persistent_load(self, pid: int) -> Any:
        return self.shared[pid]


def _packed(done: Mapping[int, Any], shared: Mapping[int, Any]) -> bytes:
    out = io.BytesIO()
    _Pickler(out, shared).dump(done)
    return out.getvalue()


def _received(here: Any, shared: Mapping[int, Any]) -> dict[int, Any]:
    """Return what a child sent; nothing of one that ended without a word."""
    try:
        content = here.recv_bytes()
    except EOFError:
        return {}
    received: dict[int, Any] = _Unpickler(io.BytesIO(content), shared).load()
    return received
