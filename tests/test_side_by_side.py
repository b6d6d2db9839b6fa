"""Jobs side by side: what they return, in order, whoever did them and whatever goes wrong in a child."""

from __future__ import annotations

import io
import multiprocessing
import os
import sys
import warnings

import numpy as np
import pytest

import tamoxres as tr
from tamoxres.errors import AnalysisError
from tamoxres.reporting import gather
from tamoxres.reporting import side_by_side as module
from tamoxres.reporting.chapters.methods import methods
from tamoxres.reporting.side_by_side import side_by_side
from tamoxres.reporting.sketch_plan import plan_of

HERE = os.getpid()
forks = pytest.mark.skipif(sys.platform != "linux", reason="children are forked on Linux alone")


@pytest.fixture(autouse=True)
def _two_processors(monkeypatch):
    """Be on a machine of two processors."""
    monkeypatch.setattr("joblib.cpu_count", lambda: 2)


def in_a_child():
    return os.getpid() != HERE


def slow(value):
    """Take so long that the other process gets its turn."""
    until = os.times().elapsed + 0.05
    while os.times().elapsed < until:
        pass
    return value, os.getpid()


@pytest.mark.parametrize("forked", [pytest.param(True, marks=forks), False])
def test_results_stand_in_the_order_of_the_jobs(forked):
    """Ten jobs, their results, and an announcement of each, in order."""
    told: list[int] = []
    jobs = [lambda i=i: np.arange(i).sum() for i in range(10)]
    assert side_by_side(jobs, forked=forked, begun=told.append) == [0, 0, 1, 3, 6, 10, 15, 21, 28, 36]
    assert told == list(range(10))
    assert side_by_side([], forked=forked) == []


@pytest.fixture
def others():
    """Workers that an earlier test's pool keeps in this process."""
    return set(multiprocessing.active_children())


@forks
def test_two_processes_share_the_jobs(others):
    """Parent and child take jobs in turn; afterwards no child is left."""
    found = side_by_side([lambda i=i: slow(i) for i in range(8)], forked=True)
    assert [value for value, _ in found] == list(range(8))
    assert len({process for _, process in found}) == 2
    assert HERE in {process for _, process in found}
    assert set(multiprocessing.active_children()) <= others


@forks
def test_what_is_shared_is_not_copied():
    """A result that refers to a shared object refers to that object, and to a copy of any other."""
    shared, own = {"patients": 3}, {"patients": 4}
    found = side_by_side([lambda i=i: (slow(i), shared, own) for i in range(6)], shared=[shared], forked=True)
    assert all(one is shared for _, one, _ in found)
    assert {other is own for _, _, other in found} == {True, False}
    assert all(other == own for _, _, other in found)


def fails_in_a_child(value):
    slow(value)
    if in_a_child():
        raise AnalysisError("of the child")
    return value


def ends_in_a_child(value):
    slow(value)
    if in_a_child():
        os._exit(1)
    return value


def warns_in_a_child(value):
    slow(value)
    if in_a_child():
        warnings.warn("of the child", UserWarning, stacklevel=1)
    return value


def cannot_be_sent(value):
    slow(value)
    return (lambda: value) if in_a_child() else value


@forks
@pytest.mark.parametrize("job", [fails_in_a_child, ends_in_a_child, warns_in_a_child, cannot_be_sent])
def test_what_a_child_cannot_do_its_parent_does(others, job):
    """An error, an end, a warning that is an error and a result that cannot be sent: nothing is lost."""
    assert side_by_side([lambda i=i: job(i) for i in range(4)], forked=True) == [0, 1, 2, 3]
    assert set(multiprocessing.active_children()) <= others


@pytest.mark.parametrize("forked", [pytest.param(True, marks=forks), False])
def test_an_error_is_the_job_s_own(others, forked):
    """What a job raises is raised here, and no child goes on."""

    def refuse():
        raise AnalysisError("No patients.", mend="Choose others.")

    with pytest.raises(AnalysisError, match="No patients") as caught:
        side_by_side([lambda: slow(1), refuse, lambda: slow(2)], forked=forked)
    assert caught.value.mend == "Choose others."
    assert set(multiprocessing.active_children()) <= others


@forks
def test_without_semaphores_or_room_for_a_child_the_parent_does_all(monkeypatch):
    """Where the system refuses, the jobs are done one after the other."""

    def refuse(*_):
        raise OSError("none left")

    jobs = [lambda i=i: slow(i) for i in range(4)]
    with monkeypatch.context() as patch:
        patch.setattr(multiprocessing.get_context("fork").Process, "start", refuse)
        assert [process for _, process in side_by_side(jobs, forked=True)] == [HERE] * 4
    monkeypatch.setattr(type(multiprocessing.get_context("fork")), "Value", refuse, raising=False)
    assert [value for value, _ in side_by_side(jobs, forked=True)] == [0, 1, 2, 3]


@forks
def test_a_worker_without_children_forks_none():
    """A process that may have no children, such as one of ours, does its jobs alone."""

    def inside():
        slow(0)
        return in_a_child(), module._can_fork(), {process for _, process in side_by_side([lambda: slow(1)] * 2)}

    found = side_by_side([inside] * 4, forked=True)
    assert {child for child, _, _ in found} == {True, False}
    assert not any(may for child, may, _ in found if child)
    assert all(len(processes) == 1 for child, _, processes in found if child)


def test_a_case_that_comes_from_a_child_belongs_to_its_plan(monkeypatch):
    """What a report asks, its cohorts and its calls are the plan's own objects, whichever process answered."""
    made = tr.simulate(300, truth=tr.Truth(scale=60), seed=1)
    plan = plan_of([made])

    def from_a_child(jobs, *, shared=(), begun=None):
        known = {id(one): one for one in shared}
        sent = module._packed({number: job() for number, job in enumerate(jobs)}, known)
        return list(module._Unpickler(io.BytesIO(sent), known).load().values())

    monkeypatch.setattr(gather, "side_by_side", from_a_child)
    found = gather.gather(plan, held={made.name: made})
    assert found.cases
    for case in found.cases:
        assert any(case.asked is asked for asked in plan.markers)
        assert any(case.call is call for call in case.cohort.markers)
    told = [str(block) for block in methods(found).blocks]
    assert any("Marker by treatment" in one for one in told)
