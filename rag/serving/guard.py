"""What stands between the network and Gradio: only this machine asks, only what the page needs, only so much.

A page of another site can reach a server on the loopback address, by a name of its own that resolves to it (DNS
rebinding) or by a request across origins. So the Host must be a loopback name, an Origin must be ours, and the routes
of Gradio that the page does not use (upload, files, proxy, monitoring, editing) are not there at all.

Gradio copies a file, or fetches an address, that a call names by an object in any depth, for whatever component. The
page's own calls are flat: a list of texts, numbers and yes or no. So nothing else comes in.
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

NOT_PLAIN = "a call must be a JSON object of texts, numbers, true, false and null, and of a list of these as its data"

MAX_BODY_BYTES = 2_000_000  # a long conversation with its passages, which travels with every question

ROUTES = re.compile(
    r"/en|(?:/en)?/(?:|kuaida/[\w/.-]*|config/?|theme\.css|robots\.txt|favicon\.ico|manifest\.json|(?:assets|static|svelte)/.*"
    r"|gradio_api/(?:info/?|openapi\.json|app_id/?|theme\.css|startup-events|cancel|reset/?|heartbeat/\w+"
    r"|run/predict|queue/(?:join|data)|call/(?:v2/)?ask(?:/\w+)?))"
)

HEADERS = {
    "content-security-policy": "default-src 'self'; img-src 'self' data: blob:; font-src 'self' data:; "
    "script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; base-uri 'self'; form-action 'none'; "
    "object-src 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}


class Guard:
    """Middleware, outermost: refuses with 400 (host, call), 403 (origin), 404 (route), 413 (size); adds the headers."""

    def __init__(self, app: ASGIApp, max_body_bytes: int = MAX_BODY_BYTES) -> None:
        self._app = app
        self._max_body_bytes = max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})  # the page uses none
        else:
            await self._http(scope, receive, _with_headers(send))

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = _refusal(scope)
        body = None if refusal else await _read(receive, self._max_body_bytes)
        if body is None:
            refusal = refusal or PlainTextResponse("too large", 413, {"connection": "close"})
        elif scope["method"] == "POST" and not _is_plain_call(Headers(scope=scope), body):
            refusal = PlainTextResponse(NOT_PLAIN, 400)
        else:
            await self._app(scope, _replay(body, receive), send)
            return
        await refusal(scope, receive, send)


def is_loopback(host: str) -> bool:
    """Says whether `host`, a name or an address without brackets, can only mean this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _refusal(scope: Scope) -> PlainTextResponse | None:
    headers = Headers(scope=scope)
    host = headers.get("host", "")
    if not is_loopback(_hostname(host)):
        return PlainTextResponse("unknown host", 400)
    origins = headers.getlist("origin")
    if any(urlsplit(origin).netloc != host or not origin.startswith("http") for origin in origins):
        return PlainTextResponse("foreign origin", 403)
    if _is_embedded(headers):
        return PlainTextResponse("foreign page", 403)
    if not ROUTES.fullmatch(scope["path"]):
        return PlainTextResponse("not found", 404)
    return None


def _hostname(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _is_embedded(headers: Headers) -> bool:
    """Says whether a page of another origin loads this as a part of its own, for which browsers send no Origin."""
    foreign = headers.get("sec-fetch-site") in ("cross-site", "same-site")
    return foreign and headers.get("sec-fetch-mode") != "navigate"


async def _read(receive: Receive, limit: int) -> bytes | None:
    """Returns the body of the request, or None when it is over `limit` bytes; never holds more than that."""
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > limit:
            return None
        if not message.get("more_body", False):  # also when the client has gone
            return bytes(body)


def _is_plain_call(headers: Headers, body: bytes) -> bool:
    if headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        return False
    try:
        call = json.loads(body, object_pairs_hook=tuple)  # pairs, for of a name that comes twice both count
    except (ValueError, RecursionError):
        return False
    return isinstance(call, tuple) and all(_is_plain(value, is_data=name == "data") for name, value in call)


def _is_plain(value: object, *, is_data: bool = False) -> bool:
    if is_data and isinstance(value, list):
        return all(_is_plain(item) for item in value)
    return value is None or isinstance(value, str | int | float)


def _replay(body: bytes, receive: Receive) -> Receive:
    messages: Iterable[Message] = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def replay() -> Message:
        for message in messages:
            return message
        return await receive()  # tells that the client has gone

    return replay


def _with_headers(send: Send) -> Send:
    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).update(HEADERS)
        await send(message)

    return send_with_headers
