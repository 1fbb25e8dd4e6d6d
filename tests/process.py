"""Runs the commands as a person does: in a process of their own, piped or on a terminal."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SECONDS = 60  # generous: a loaded machine takes a while to start a process

Environment = dict[str, str]


def environment(**more: str) -> Environment:
    """Returns the environment of a plain colour terminal, offline."""
    inherited = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    return {**inherited, "HF_HUB_OFFLINE": "1", "TERM": "xterm-256color", **more}


def run(module: str, *arguments: object, stdin: str = "", **more: str) -> subprocess.CompletedProcess[str]:
    """Runs `python -m module` to its end, everything piped."""
    return subprocess.run(
        [sys.executable, "-m", module, *map(str, arguments)],
        cwd=ROOT,
        env=environment(**more),
        input=stdin,
        capture_output=True,
        encoding="utf-8",
        timeout=SECONDS,
    )


class Terminal:
    """A process whose three streams are one pseudo-terminal, and all it has written so far."""

    def __init__(self, process: subprocess.Popen[bytes], master: int) -> None:
        self.process = process
        self.screen = ""
        self._master = master
        self._bytes = b""

    def type(self, text: str) -> None:
        os.write(self._master, text.encode())

    def wait_for(self, text: str, times: int = 1) -> None:
        """Reads until `text` was written `times` times since the start; raises AssertionError when it never is."""
        until = time.monotonic() + SECONDS
        while self.screen.count(text) < times:
            assert self._read(until), f"{text!r} is not on the terminal: {self.screen!r}"

    def wait(self) -> int:
        """Reads to the end and returns the exit code."""
        until = time.monotonic() + SECONDS
        while self._read(until):
            pass
        return self.process.wait(5)

    def _read(self, until: float) -> bool:
        ready, _, _ = select.select([self._master], [], [], max(0.0, until - time.monotonic()))
        chunk = b""
        with contextlib.suppress(OSError):  # Linux reports the end of a terminal as EIO
            chunk = os.read(self._master, 65_536) if ready else b""
        self._bytes += chunk
        self.screen = self._bytes.decode("utf-8", "replace").replace("\r\n", "\n")
        return chunk != b""


@contextlib.contextmanager
def terminal(module: str, *arguments: object, **more: str) -> Iterator[Terminal]:
    """Runs `python -m module` on a pseudo-terminal of 80 columns; ended with the block at the latest."""
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", module, *map(str, arguments)],
        cwd=ROOT,
        env=environment(**more),
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # so that Ctrl-C arrives as a signal
    )
    os.close(slave)
    try:
        yield Terminal(process, master)
    finally:
        process.kill()
        process.wait()
        os.close(master)
