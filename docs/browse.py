"""Opens the built site in headless Chromium, wide and narrow: `python docs/browse.py [PAGE ...]`; exit code 1 if amiss.

What must hold of every page tried: no error in the console, no request that leaves the machine, nothing that axe-core
finds, no page wider than its window; and the search finds what the site holds.
"""

from __future__ import annotations

import os
import shutil
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

__all__ = ["faults"]

SITE = Path(__file__).resolve().parent / "_build" / "html"
PAGES = (  # one of each kind
    "index", "start", "gallery", "howto/own_registry", "explain/prognostic_predictive", "tutorials/01_metabric_her2",
    "tutorials/07_every_gene", "reference/index", "reference/api_hazard_models", "reference/names/cox",
    "reference/command_line", "trust/parity", "changelog",
)  # fmt: skip
WIDTHS = (1440, 390)


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def _served() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=SITE)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def faults(pages: Sequence[str] = PAGES) -> list[str]:
    """List what does not hold of the pages and of the search, one line each."""
    from playwright.sync_api import sync_playwright

    named = [os.environ.get("TAMOXRES_CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome"]
    program = next((path for name in named if name and (path := shutil.which(name))), None)
    if program is None:
        return ["Chromium is missing."]
    with _served() as address, sync_playwright() as play:
        browser = play.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page()
        found: list[str] = []
        page.on("console", lambda m: found.append(f"{page.url}: {m.text}") if m.type == "error" else None)
        page.on("request", lambda r: None if r.url.startswith((address, "data:", "blob:")) else found.append(r.url))
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            for name in pages:
                page.goto(f"{address}{name}.html")
                found += [f"{name} at {width}: {fault}" for fault in _on(page, width)]
        found += _search(page, address)
        browser.close()
    return found


def _on(page: Any, width: int) -> Iterator[str]:
    """List what is wrong with the page that is open."""
    from axe_playwright_python.sync_playwright import Axe

    wide = page.evaluate("document.documentElement.scrollWidth")
    if wide > width:
        yield f"{wide} pixels wide"
    for violation in Axe().run(page, options={"preload": False}).response["violations"]:
        yield f"{violation['id']}: {violation['nodes'][0]['html'][:160]} ({len(violation['nodes'])})"


def _search(page: Any, address: str) -> list[str]:
    page.goto(f"{address}search.html?q=immortal")
    page.wait_for_selector("#search-results li a", timeout=20_000)
    found = page.inner_text("#search-results")
    return [] if "Immortal time" in found else [f"the search for immortal gives {found[:80]!r}"]


if __name__ == "__main__":
    chosen = sys.argv[1:] or PAGES
    if told := faults(chosen):
        sys.exit("\n".join(told))
    sys.stdout.write(
        f"{len(chosen)} pages at {' and '.join(map(str, WIDTHS))} pixels, and the search: nothing amiss.\n"
    )
