"""Pages by the dozen: a process that imports what takes seconds once, and forks for each page that a test opens.

Nearly all of the start of `app.py` is the import of Gradio. The process that forks has done that and nothing else: it
has neither threads nor a model, so that a child is what `python app.py` is after its imports.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ORDER_BYTES = 65_536
IMPORTS = ("app", "rag.server", "faiss", "onnxruntime", "opencc", "pypinyin", "tantivy", "tokenizers")


class Forked:
    """A process that was forked here, with that part of the interface of `subprocess.Popen` that tests use."""

    def __init__(self, pid: int, output: int) -> None:
        self.pid = pid
        self.ended = False
        self._output = output
        self._said = b""

    def readline(self, seconds: float) -> str:
        """Returns the next line of what it writes, empty at its end; raises TimeoutExpired."""
        until = time.monotonic() + seconds
        while b"\n" not in self._said and self._read(until):
            pass
        line, end, self._said = self._said.partition(b"\n")
        return (line + end).decode()

    def communicate(self, timeout: float) -> tuple[str, None]:
        """Returns what it writes until it ends; raises TimeoutExpired."""
        until = time.monotonic() + timeout
        while self._read(until):
            pass
        os.close(self._output)
        self.ended = True
        return self._said.decode(), None

    def send_signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    def _read(self, until: float) -> bool:
        if not select.select([self._output], [], [], max(0.0, until - time.monotonic()))[0]:
            raise subprocess.TimeoutExpired("page", until)
        chunk = os.read(self._output, ORDER_BYTES)
        self._said += chunk
        return chunk != b""


class Forks:
    """The process that forks, seen from the tests."""

    def __init__(self) -> None:
        self._orders, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            command = [sys.executable, "-m", "tests.ui.pages", str(theirs.fileno())]
            self._process = subprocess.Popen(command, cwd=ROOT, pass_fds=[theirs.fileno()])

    def start(self, variables: Mapping[str, str], module: str, *arguments: str) -> Forked:
        """Runs `main(arguments)` of a module in a process of its own, with `variables` in its environment."""
        output, theirs = os.pipe()
        socket.send_fds(self._orders, [json.dumps([variables, module, *arguments]).encode()], [theirs])
        os.close(theirs)
        return Forked(int(self._orders.recv(ORDER_BYTES)), output)

    def close(self) -> None:
        """Ends the process, and all that it forked."""
        self._orders.close()
        self._process.wait(30)


def _serve(orders: socket.socket) -> None:
    """Forks for each order, until there is nobody who could give one."""
    children: list[int] = []
    while True:
        order, handles, _, _ = socket.recv_fds(orders, ORDER_BYTES, 1)
        if not order:
            break
        child = os.fork()
        if child == 0:
            orders.close()
            _run(handles[0], *json.loads(order))
        os.close(handles[0])
        children = [pid for pid in (*children, child) if os.waitpid(pid, os.WNOHANG)[0] == 0]
        orders.send(str(child).encode())
    for pid in children:
        os.kill(pid, signal.SIGKILL)


def _run(output: int, variables: Mapping[str, str], module: str, *arguments: str) -> None:
    """Does what `python module.py arguments` would, and ends; what it writes goes to `output`."""
    code = 1
    try:
        for stream in (1, 2):
            os.dup2(output, stream)
        os.close(output)
        sys.stdout, sys.stderr = (os.fdopen(stream, "w", 1, closefd=False) for stream in (1, 2))
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.environ.update(variables)
        code = importlib.import_module(module).main(list(arguments))
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)  # not waiting for threads that are in the middle of an answer


def main(arguments: Sequence[str]) -> None:
    for name in IMPORTS:
        importlib.import_module(name)
    assert len(os.listdir("/proc/self/task")) == 1, "a thread would be missing in what is forked"
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends the tests, and their end this
    with socket.socket(fileno=int(arguments[0])) as orders:
        _serve(orders)


if __name__ == "__main__":
    main(sys.argv[1:])
