"""Serving the explorer: on this machine alone, behind a token, to the page that it made itself.

Conventions: the server listens on 127.0.0.1; the address it prints begins with a random token, and so does all that
the page asks for: it needs no cookie, which a browser would keep from the page inside a notebook of another host name.
A request without the token, from another origin, or for another host name (DNS rebinding) is refused with 403. Nothing
is written outside the folders that the user names, and nothing is asked of the network. All explorers of one process
run on one event loop: Shiny guards its reactive graph by one lock, which belongs to one loop.
"""

from __future__ import annotations

import asyncio
import hmac
import secrets
import socket
import threading
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import Future, wait
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ..errors import TamoxresError

if TYPE_CHECKING:
    from ..cohort import Cohort

__all__ = ["Guard", "Served", "explore"]

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
_HOST = "127.0.0.1"


class Guard:
    """Let through what bears the token and comes from the page itself.

    Parameters
    ----------
    app : ASGI application
    token : str
    port : int
    """

    def __init__(self, app: Callable[[Scope, Receive, Send], Awaitable[None]], token: str, port: int) -> None:
        self._app, self._token = app, token
        self._hosts = {f"{name}:{port}" for name in (_HOST, "localhost")}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, or refuse."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        given = str(scope["path"]).split("/", 2)[1:2]
        known = bool(given) and hmac.compare_digest(given[0].encode(), self._token.encode())
        if known and self._own(headers):
            await self._app({**scope, "root_path": f"/{self._token}"}, receive, send)
        else:
            await _refuse(scope, send)

    def _own(self, headers: dict[str, str]) -> bool:
        """Whether the request is for this host, and from no other page."""
        origin = headers.get("origin", "")
        return headers.get("host", "") in self._hosts and (not origin or urlsplit(origin).netloc in self._hosts)


async def _refuse(scope: Scope, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
        return
    await send({"type": "http.response.start", "status": 403, "headers": [(b"content-type", b"text/plain")]})
    await send(
        {"type": "http.response.body", "body": b"Open the address that tamoxres explore printed, with its token."}
    )


class Served:
    """A running explorer; `address` opens it, `stop()` ends it."""

    def __init__(self, server: Any, serving: Future[None], address: str) -> None:
        self._server, self._serving, self.address = server, serving, address

    def stop(self) -> None:
        """End the server and wait until it has."""
        self._server.should_exit = True
        wait([self._serving], 10)

    def wait(self) -> None:
        """Wait until the server ends; an interrupt ends it."""
        try:
            while not self._serving.done():
                wait([self._serving], 0.5)
        except KeyboardInterrupt:
            self.stop()

    def __str__(self) -> str:
        return f"The explorer is at {self.address}"

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return f'<iframe src="{self.address}" title="tamoxres explorer" width="100%" height="900"></iframe>'


def explore(
    cohort: Cohort | None = None,
    *,
    mapping: str | Path | None = None,
    data_dir: str | Path | None = None,
    port: int = 0,
) -> Served:
    """Open the explorer on this machine: curves, effects and verdicts by clicking, each with the code that makes it.

    Parameters
    ----------
    cohort : Cohort, optional
        Offered first, beside those at hand.
    mapping : path, optional
        Of the cohort's file, so that copied commands name it.
    data_dir : path, optional
        Folder with the publishers' files, searched first.
    port : int
        0 for any free one.

    Returns
    -------
    Served
        Shows itself in Jupyter; `address` opens it in a browser, `stop()` ends it.

    Raises
    ------
    TamoxresError
        If Shiny is not installed, or the port is taken.

    Examples
    --------
    >>> import tamoxres as tr
    >>> running = tr.explore(tr.load("gbsg"))  # in Jupyter the last line of a cell shows the page
    >>> running.address.startswith("http://127.0.0.1:")
    True
    >>> running.stop()
    """
    try:
        import uvicorn

        from .app import make_app
    except ImportError as error:
        raise TamoxresError(
            "The explorer needs Shiny, which is not installed.", mend="pip install 'tamoxres[explore]'"
        ) from error
    made = make_app(cohort, mapping=mapping, data_dir=data_dir)
    try:
        listening = socket.create_server((_HOST, port))
    except OSError as error:
        raise TamoxresError(f"Port {port} cannot be had: {error.strerror}.", mend="Leave --port out.") from error
    taken = int(listening.getsockname()[1])
    token = secrets.token_urlsafe(24)
    app = Guard(made, token, taken)
    config = uvicorn.Config(app, log_level="error", access_log=False, lifespan="on", ws="websockets-sansio")
    server = uvicorn.Server(config)
    serving = asyncio.run_coroutine_threadsafe(server.serve(sockets=[listening]), _loop())
    return Served(server, serving, f"http://{_HOST}:{taken}/{token}/")


@cache
def _loop() -> asyncio.AbstractEventLoop:
    """Start the event loop of this process's explorers, in a thread that ends with the process."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True, name="tamoxres explorer").start()
    return loop
