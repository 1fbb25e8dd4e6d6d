"""The socket of the page: on this machine only, on the port that was asked for or the next one."""

from __future__ import annotations

import socket

import pytest

from rag.errors import ServerError
from rag.serving import listener


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
