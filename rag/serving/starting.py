"""What stands at the address of the page from the first moment: how far it is, then the page itself. Without Gradio."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Literal

from starlette.applications import Starlette
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import Message, Receive, Scope, Send

from rag.errors import ServerError

ROUTE = "/kuaida/starting"
PAGES = ("/", "/en", "/en/")
HTML = Path(__file__).with_name("starting.html")
FRESH = {"cache-control": "no-store"}
START_SECONDS = 60.0  # of the page's own startup, which takes milliseconds
TELL_SECONDS = 5.0  # a page asks twice a second; a browser that was just opened needs longer

Step = Literal["loading", "reading", "encoding", "opening"]
State = Literal["starting", "ready", "failed"]


class Starting:
    """An ASGI application that tells how far the page is until `hand_over`, then passes everything on to it.

    Called by the web server in its thread; the methods are for the thread that prepares the page.
    """

    def __init__(self) -> None:
        self._state: State = "starting"
        self._step: Step = "loading"
        self._done, self._total, self._message = 0, 0, ""
        self._page: Starlette | None = None
        self._error: Exception | None = None
        self._is_seen = False
        self._has_told = threading.Event()
        self._is_served, self._is_started = threading.Event(), threading.Event()

    # ----------------------------------------------------------------- for the thread that prepares the page

    def step(self, step: Step) -> None:
        """Says what is under way."""
        self._step, self._done, self._total = step, 0, 0

    def advance(self, done: int, total: int) -> None:
        """Says how many passages of how many are encoded."""
        self._step, self._done, self._total = "encoding", done, total

    def hand_over(self, page: Starlette) -> None:
        """Runs the startup of the page and lets it answer from now on; raises what its startup raises."""
        self._page = page
        if not self._is_served.wait(START_SECONDS):
            raise ServerError("the web server does not start: try again")
        self._loop.call_soon_threadsafe(self._handed.set)
        if not self._is_started.wait(START_SECONDS):
            raise ServerError("the page does not start: try again")
        if self._error:
            raise self._error

    def fail(self, message: str, is_awaited: bool = False) -> None:
        """Says why there will be no page; returns when a browser that waits has been told, or does not ask."""
        self._message, self._state = message, "failed"
        if self._is_seen or is_awaited:
            self._has_told.wait(TELL_SECONDS)

    # --------------------------------------------------------------------------------------------- for the web server

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["path"] == ROUTE:
            await self._tell(scope, receive, send)
        elif self._state == "ready" and self._page is not None:
            await self._page(scope, receive, send)
        else:
            self._is_seen = True
            await _waiting(scope["path"])(scope, receive, send)

    async def _tell(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._is_seen = True
        state = self._state
        told = {"state": state, "step": self._step, "done": self._done, "total": self._total, "message": self._message}
        await JSONResponse(told, headers=FRESH)(scope, receive, send)
        if state == "failed":
            self._has_told.set()

    async def _live(self, receive: Receive, send: Send) -> None:
        """Lives as long as the web server; the page's own life lies within it, in one task, as its contexts need."""
        await receive()
        self._loop, self._handed = asyncio.get_running_loop(), asyncio.Event()
        self._is_served.set()
        await send({"type": "lifespan.startup.complete"})
        end = asyncio.ensure_future(receive())
        handed = asyncio.ensure_future(self._handed.wait())
        await asyncio.wait({end, handed}, return_when=asyncio.FIRST_COMPLETED)
        handed.cancel()
        if self._handed.is_set() and self._page is not None:
            await self._live_with(self._page, end)
        await end
        await send({"type": "lifespan.shutdown.complete"})

    async def _live_with(self, page: Starlette, end: asyncio.Future[Message]) -> None:
        try:
            async with page.router.lifespan_context(page):
                self._state = "ready"
                self._is_started.set()
                await end
        except Exception as error:  # whatever it is, the thread that waits for it shall raise it
            self._error = error
            self._is_started.set()


def _waiting(path: str) -> Response:
    """Returns the page that waits to a browser; programs are told to come back."""
    if path in PAGES:
        return HTMLResponse(HTML.read_bytes(), headers=FRESH)
    return JSONResponse({"detail": "the page is starting"}, 503, {**FRESH, "retry-after": "1"})
