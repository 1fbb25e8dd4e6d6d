"""Serves the page on this machine only."""

from __future__ import annotations

import errno
import ipaddress
import socket

import gradio as gr
import uvicorn
from fastapi import FastAPI
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from rag.errors import ServerError
from rag.serving.guard import MAX_BODY_BYTES, Guard, is_loopback
from rag.serving.service import Service
from rag.ui import page, routes
from rag.ui.words.base import Words
from rag.ui.words.chinese import CHINESE
from rag.ui.words.english import ENGLISH

BASES = {"/en": ENGLISH, "": CHINESE}  # the path that a language is under; the longer first, "" matches all
GOODBYE_SECONDS = 1  # an open page keeps a stream open for ever: Ctrl-C does not wait for it


def bind(host: str, port: int) -> socket.socket:
    """Returns a socket bound to `host` and `port` (0: any free one); raises ServerError.

    To be called before anything slow is loaded, so that a port in use is said at once. It does not `listen` yet:
    until the page is there, browsers shall be refused and not kept waiting.
    """
    if not is_loopback(host):
        raise ServerError(f"{host} can be reached by others and the page asks for no password: use --host 127.0.0.1")
    family = socket.AF_INET6 if _is_ipv6(host) else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # start again right after a stop
        listener.bind((host, port))
    except (OSError, OverflowError) as error:
        listener.close()
        raise ServerError(_refused(host, port, error)) from error
    return listener


def listen(listener: socket.socket) -> None:
    """Lets browsers connect; raises ServerError."""
    try:
        listener.listen()
    except OSError as error:  # somebody else listens there since
        host, port = listener.getsockname()[:2]
        raise ServerError(_refused(host, port, error)) from error


def url(listener: socket.socket) -> str:
    """Returns where a browser finds the page."""
    host, port = listener.getsockname()[:2]
    return f"http://{f'[{host}]' if _is_ipv6(host) else host}:{port}"


def application(service: Service) -> ASGIApp:
    """Returns the page in each of its languages as one ASGI application; no file of notes or the index is served."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    for base, words in BASES.items():
        app.include_router(routes.router(service, words), prefix=base)
        app.mount(f"{base}/kuaida/assets", StaticFiles(directory=page.ASSETS))
    for base, words in BASES.items():
        _mount(app, base, words, service)
    return Guard(app)


def serve(app: ASGIApp, listener: socket.socket) -> None:
    """Serves until Ctrl-C, which it passes on as KeyboardInterrupt."""
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        ws="none",
        timeout_graceful_shutdown=GOODBYE_SECONDS,
    )
    uvicorn.Server(config).run(sockets=[listener])


def _mount(app: FastAPI, base: str, words: Words, service: Service) -> None:
    """Adds the page in one language; every setting is passed, for Gradio reads the environment for the others."""
    built = page.build(service, words)
    gr.mount_gradio_app(
        app,
        built,
        path=base or "/",
        server_name="127.0.0.1",
        root_path="",
        footer_links=[],
        run_history=False,
        allowed_paths=[],
        blocked_paths=[str(path.resolve()) for path in (service.settings.corpus, service.settings.index)],
        favicon_path=None if base else str(page.ICON),  # one for all
        show_error=False,
        max_file_size=MAX_BODY_BYTES,
        ssr_mode=False,
        enable_monitoring=False,
        pwa=False,
        mcp_server=False,
        theme=page.theme(),
        head=page.head(words, base),
    )
    built.has_launched = True  # as `launch()` sets it: before, Gradio takes every file for one that the program names


def _is_ipv6(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).version == 6
    except ValueError:
        return False


def _refused(host: str, port: int, error: Exception) -> str:
    if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
        return f"port {port} is in use, perhaps by this page in another terminal: choose another one with --port"
    if isinstance(error, OSError) and error.errno == errno.EACCES:
        return f"port {port} needs more rights: choose one over 1023 with --port"
    return f"cannot listen on {host} port {port} ({error}): choose another one with --port"
