"""What every test shares: no network, no display, a cache of its own, and the neighbouring folder of real files."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

# On a busy machine inputs come slowly: that is no fault of what is tested. Each test says itself what it may take.
settings.register_profile("busy", max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")
os.environ.setdefault("MPLBACKEND", "Agg")
_ROOT = Path(__file__).resolve().parents[1]
_LOOPBACK = ("127.", "::1", "localhost")


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse every connection that leaves the machine."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: object) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and not str(address[0]).startswith(_LOOPBACK):
            raise AssertionError(f"A test tried to reach {address!r}; tests use no network.")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Give the tests an empty cache and no named data folder, so that what a user has fetched changes no result."""
    user = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MPLCONFIGDIR", os.environ.get("MPLCONFIGDIR", str(user / "matplotlib")))  # keeps its font list
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        patch.delenv("TAMOXRES_DATA", raising=False)
        patch.delenv("COLUMNS", raising=False)  # what runs the tests may set it; nobody reads on a terminal here
        yield


@pytest.fixture(scope="session")
def shared() -> Path:
    """Return the folder of real cohort files, `../shared` or `TAMOXRES_SHARED`; without it skip, but fail under CI."""
    folder = Path(os.environ.get("TAMOXRES_SHARED", _ROOT.parent / "shared"))
    if folder.is_dir():
        return folder
    if os.environ.get("CI") == "true":
        pytest.fail(f"{folder} is missing; under CI the tests on real files must run.")
    pytest.skip(f"{folder} is missing: it holds real cohort files that are not part of the project")


@pytest.fixture(scope="session")
def default_report(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, list[tuple[int, int, str]]]:
    """Return the report of the default plan on the embedded data, and the progress that was told."""
    from tamoxres.reporting.build import report

    told: list[tuple[int, int, str]] = []
    output = tmp_path_factory.mktemp("default") / "report"
    return report(output=output, progress=lambda done, total, what: told.append((done, total, what))), told


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Return headless Chromium, which knows this machine alone; without it skip, but fail under CI."""
    named = [os.environ.get("TAMOXRES_CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome"]
    program = next((path for name in named if name and (path := shutil.which(name))), None)
    if program is None:
        told = "Chromium is missing (Debian: apt-get install chromium, or name it in TAMOXRES_CHROMIUM)"
        if os.environ.get("CI") == "true":
            pytest.fail(f"{told}; under CI the page must be tried.")
        pytest.skip(told)
    from playwright.sync_api import sync_playwright

    quiet = [
        "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking",
        "--disable-component-update", "--no-first-run", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    ]  # fmt: skip
    with sync_playwright() as play:
        opened = play.chromium.launch(executable_path=program, args=quiet, timeout=60_000)
        yield opened
        opened.close()


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """Return an empty data folder to put a cohort's raw files into."""
    folder = tmp_path / "data"
    folder.mkdir()
    return folder


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Run the command line; return exit code, standard output and standard error."""
    from tamoxres.cli import main

    def call(*arguments: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as stopped:
            main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return int(stopped.value.code or 0), out, err

    return call
