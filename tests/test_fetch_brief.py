"""A report tries to fetch for a few seconds and goes on: with a server, a stalled one, a dead one, and no network."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from test_fetch import Portal, Server

from tamoxres.cohorts import fetch_brief
from tamoxres.cohorts.catalogue import load
from tamoxres.cohorts.fetch_brief import Brief, fetch_within
from tamoxres.errors import QuestionError

Run = Callable[..., tuple[int, str, str]]
BRIEF, START = 3.0, 15.0  # seconds: what is allowed, and what a busy machine takes to start a process beside it


@pytest.fixture
def server() -> Iterator[Server]:
    """A local server."""
    made = Server()
    yield made
    made.http.shutdown()
    made.http.server_close()


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give each test a cache that the fetching process writes into."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_a_server_gives_what_is_lacking(server: Server, shared: Path) -> None:
    """The files come, and are used: PTEN can be called, which it could not before."""
    assert "PTEN" in load("metabric").unfetched
    Portal(server, shared / "cohorts" / "metabric")
    found = fetch_within("metabric", seconds=120, from_url=server.url)
    assert (found.outcome, str(found)) == ("fetched", "metabric: its files were fetched.")
    assert "PTEN" in load("metabric").default_rules


def test_a_stalled_server_is_left(server: Server) -> None:
    """A server that takes the question and says nothing costs what is allowed, and no more."""

    def stall(handler: BaseHTTPRequestHandler) -> None:
        time.sleep(BRIEF + START)

    for path in ("/studies/brca_metabric", *server.answers):
        server.answers[path] = stall
    server.answers = _Everything(stall)
    began = time.monotonic()
    found = fetch_within("metabric", seconds=BRIEF, from_url=server.url)
    assert time.monotonic() - began < BRIEF + START
    assert found.outcome == "late"
    assert str(found).startswith(
        "metabric: its files did not come within 3 seconds, so the report is of what is on disk"
    )


class _Everything(dict):
    """The same answer for every path."""

    def __init__(self, answer: Callable[[BaseHTTPRequestHandler], None]) -> None:
        super().__init__()
        self.answer = answer

    def get(self, key: object, default: object = None) -> Callable[[BaseHTTPRequestHandler], None]:
        """Return the answer, whatever is asked."""
        return self.answer


def test_a_dead_server_is_left() -> None:
    """Nobody listens: asked again while there is time, then left."""
    found = fetch_within("metabric", seconds=BRIEF, from_url="http://127.0.0.1:9")
    assert found.outcome in ("late", "failed")
    assert "the report is of what is on disk" in str(found)


def test_no_network_falls_back_at_once() -> None:
    """A name that nobody knows is no reason to wait."""
    began = time.monotonic()
    found = fetch_within("metabric", seconds=60, from_url="http://nowhere.invalid")
    assert time.monotonic() - began < START
    assert found.outcome == "failed"
    assert "No network: nowhere.invalid cannot be found." in str(found)
    assert len(str(found).splitlines()) == 1


def test_what_is_held_is_not_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cohort that lacks nothing starts no process, and says nothing."""
    monkeypatch.setattr(fetch_brief.subprocess, "run", lambda *a, **k: pytest.fail("a process was started"))
    found = fetch_within("gbsg")
    assert (found.outcome, str(found)) == ("held", "")


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        (["report"], True), (["report", "--offline"], False), (["report", "--plan", "no.toml"], False),
        (["report", "gbsg"], False),
    ],
)  # fmt: skip
def test_only_the_review_s_own_report_fetches(
    words: list[str],
    asked: bool,
    run: Callable[..., tuple[int, str, str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """`--offline`, a plan and cohorts of one's own try nothing; what came of a try is one line."""
    tried: list[str] = []

    def brief(cohort: str, *, meanwhile: Callable[[], object]) -> Brief:
        meanwhile()
        tried.append(cohort)
        return Brief(cohort=cohort, outcome="failed", why="No network.")

    def stopped(**options: object) -> None:
        raise QuestionError("written elsewhere")

    monkeypatch.setattr("tamoxres.cohorts.fetch_brief.fetch_within", brief)
    monkeypatch.setattr("tamoxres.reporting.build.report", stopped)
    code, out, _ = run(*words, "-o", tmp_path / "r", "--quiet")
    assert (code, bool(tried)) == (2, asked)
    told = "metabric: not fetched, so the report is of what is on disk. No network.\n"
    assert out == (told if asked else "")


def test_a_fetch_that_cannot_be_started_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where Python may not start another, the report goes on with what is held, and the line says why."""
    monkeypatch.setattr("sys.executable", "/no/such/python")
    found = fetch_within("metabric", seconds=5)
    assert (found.outcome, found.why) == ("failed", "The fetch could not be started: No such file or directory.")


def test_something_else_is_done_meanwhile() -> None:
    """What is asked for is done while the other process tries; what goes wrong in it is seen, and stops the fetch."""
    done = []
    found = fetch_within("metabric", seconds=60, from_url="http://nowhere.invalid", meanwhile=lambda: done.append(1))
    assert (found.outcome, done) == ("failed", [1])
    with pytest.raises(ZeroDivisionError):
        fetch_within("metabric", seconds=60, from_url="http://nowhere.invalid", meanwhile=lambda: 1 / 0)
