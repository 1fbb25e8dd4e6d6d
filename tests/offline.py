"""Models by name, where no hub can be reached: what the tests of encoders and rerankers share."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable

import pytest

LIGHT = "torch and sentence-transformers are not installed (requirements-light.txt)"


def refused_at_once(
    load: Callable[[str], object], error: type[Exception], name: str, monkeypatch: pytest.MonkeyPatch
) -> str:
    """Loads what cannot be found, asserts that it fails soon and asks no other machine, and returns the message."""
    reached: list[object] = []
    started = time.monotonic()
    with monkeypatch.context() as patched, pytest.raises(error) as raised:
        patched.setattr(socket.socket, "connect", lambda self, address: reached.append(address))
        load(name)
    assert time.monotonic() - started < 5
    assert reached == []
    return str(raised.value)
