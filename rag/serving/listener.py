"""The socket and the web server of the page, on this machine only."""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import socket
import sys
import threading
from collections.abc import Iterator
from itertools import count

import uvicorn
from starlette.types import ASGIApp

from rag.errors import ServerError
from rag.serving.guard import is_loopback

PORT = 7860
LAST_PORT = 65_535
GOODBYE_SECONDS = 1  # an open page keeps a stream open for ever: Ctrl-C does not wait for it
LOOK_SECONDS = 1  # Windows delivers Ctrl-C between two waits


def listen(host: str, port: int) -> socket.socket:
    """Returns a socket that listens on `host` and `port` (0: any free one); raises ServerError."""
    _require_loopback(host)
    try:
        return _listen(host, port)
    except (OSError, OverflowError) as error:
        raise ServerError(_refused(host, port, error)) from error


def listen_next(host: str) -> socket.socket:
    """Returns a socket that listens on the usual port, or on the next one that is free; raises ServerError."""
    _require_loopback(host)
    for port in count(PORT):
        try:
            return _listen(host, port)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or port == LAST_PORT:
                raise ServerError(_refused(host, port, error)) from error
    raise AssertionError("count() has no end")


def port_of(listener: socket.socket) -> int:
    return int(listener.getsockname()[1])


def url(listener: socket.socket) -> str:
    """Returns where a browser finds the page."""
    host, port = listener.getsockname()[:2]
    return f"http://{f'[{host}]' if _is_ipv6(host) else host}:{port}"


class Server:
    """A web server in a thread of its own, so that the caller can prepare what it serves."""

    def __init__(self, app: ASGIApp, listener: socket.socket) -> None:
        config = uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            ws="none",
            timeout_graceful_shutdown=GOODBYE_SECONDS,
        )
        self._server = uvicorn.Server(config)
        self._ended = threading.Event()  # Ctrl-C during Thread.join makes a thread look ended that is not
        self._thread = threading.Thread(target=self._run, args=(listener,), name="kuaida-server", daemon=True)

    def wait(self) -> None:
        """Returns when it serves no longer; KeyboardInterrupt passes through."""
        while not self._ended.wait(LOOK_SECONDS):
            pass

    @contextlib.contextmanager
    def serving(self) -> Iterator[None]:
        """Serves as long as the block lasts."""
        self._thread.start()
        try:
            yield
        finally:
            self._server.should_exit = True
            with contextlib.suppress(KeyboardInterrupt):  # pressed again: then without a goodbye
                self.wait()

    def _run(self, listener: socket.socket) -> None:
        try:
            self._server.run([listener])
        finally:
            self._ended.set()


def _listen(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if _is_ipv6(host) else socket.AF_INET, socket.SOCK_STREAM)
    try:
        if sys.platform != "win32":  # where it means that two may listen on one port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # start again right after a stop
        listener.bind((host, port))
        listener.listen()
    except (OSError, OverflowError):
        listener.close()
        raise
    return listener


def _require_loopback(host: str) -> None:
    if not is_loopback(host):
        raise ServerError(f"{host} can be reached by others and the page asks for no password: use --host 127.0.0.1")


def _is_ipv6(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).version == 6
    except ValueError:
        return False


def _refused(host: str, port: int, error: Exception) -> str:
    if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
        return f"port {port} is in use: choose another one with --port"
    if isinstance(error, OSError) and error.errno == errno.EACCES:
        return f"port {port} needs more rights: choose one over 1023 with --port"
    return f"cannot listen on {host} port {port} ({error}): choose another one with --port"
