"""The socket of the page: on this machine only, on the port that was asked for or the next one."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys

import pytest

from rag.errors import ServerError
from rag.serving import listener
from tests.process import ROOT, SECONDS, environment


def taken() -> socket.socket:
    other = socket.socket()
    other.bind(("127.0.0.1", 0))
    other.listen()
    return other


def test_a_port_in_use_is_one_sentence() -> None:
    with taken() as other:
        port = listener.port_of(other)
        with pytest.raises(ServerError, match=rf"^port {port} is in use: choose another one with --port$"):
            listener.listen("127.0.0.1", port)


def test_the_next_free_port_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    with taken() as first, taken() as second:
        usual, end = sorted(map(listener.port_of, (first, second)))
        monkeypatch.setattr(listener, "PORT", usual)
        with listener.listen_next("127.0.0.1") as found:
            assert usual < listener.port_of(found) != end


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.2", "example.com"])
def test_an_address_that_others_reach_is_refused(host: str) -> None:
    for listen in (lambda: listener.listen(host, 0), lambda: listener.listen_next(host)):
        with pytest.raises(ServerError, match=rf"{host} can be reached by others .*: use --host 127\.0\.0\.1"):
            listen()


def test_an_impossible_port_is_one_sentence() -> None:
    with pytest.raises(ServerError, match=r"cannot listen on 127\.0\.0\.1 port 70000"):
        listener.listen("127.0.0.1", 70_000)


def test_the_address_names_the_port_that_was_free() -> None:
    with listener.listen("127.0.0.1", 0) as found:
        assert listener.url(found) == f"http://127.0.0.1:{listener.port_of(found)}"
        with socket.create_connection(("127.0.0.1", listener.port_of(found)), timeout=5):
            pass  # who comes is kept waiting until the web server is there


INTERRUPTED = """
import asyncio, signal, sys
from rag.serving import listener

async def slow(scope, receive, send):
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await asyncio.sleep(0.5)  # a goodbye that takes a while
        print("goodbye", flush=True)
        await send({"type": "lifespan.shutdown.complete"})

server = listener.Server(slow, connections := listener.listen("127.0.0.1", 0))
try:
    with connections, server.serving():
        print("serving", flush=True)
        server.wait()
except KeyboardInterrupt:
    print("ended", flush=True)
"""


def test_ctrl_c_waits_for_the_goodbye_before_the_socket_is_closed() -> None:
    command = [sys.executable, "-c", INTERRUPTED]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8"
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "serving\n"
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=SECONDS)[0] == "goodbye\nended\n"
