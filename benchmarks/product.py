"""Runs what is in a checkout as a person does: its commands, its prompt and its page, each in a process of its own.

Nothing of `rag` is imported, so that it stays the same while the modules move.
"""

from __future__ import annotations

import contextlib
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SECONDS = 900  # a machine that does other things too takes a while to ask hundreds of questions


class ProductFailed(Exception):
    """The product did not do what nothing can be recorded without."""


@dataclass(frozen=True, slots=True)
class Done:
    """A command that has ended."""

    exit: int
    stdout: str
    stderr: str


@dataclass(frozen=True, slots=True)
class Product:
    """The checkout in the folder `root`; its commands run there."""

    root: Path

    def run(self, *command: object, stdin: str = "") -> Done:
        """Runs `python *command` to its end, everything piped."""
        done = subprocess.run(
            [sys.executable, *map(str, command)],
            cwd=self.root,
            env=_environment(),
            input=stdin,
            capture_output=True,
            encoding="utf-8",
            timeout=SECONDS,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def prompt(self, typed: list[str], home: Path, *command: object) -> Done:
        """Types lines at a command whose input, alone, is a terminal: what it writes has no echo and no colours."""
        ours, theirs = pty.openpty()
        os.write(ours, "".join(f"{line}\n" for line in typed).encode())
        try:
            done = subprocess.run(
                [sys.executable, *map(str, command)],
                cwd=self.root,
                env={**_environment(), "XDG_STATE_HOME": str(home)},
                stdin=theirs,
                capture_output=True,
                encoding="utf-8",
                timeout=SECONDS,
            )
        finally:
            os.close(ours)
            os.close(theirs)
        return Done(done.returncode, done.stdout, done.stderr)

    @contextlib.contextmanager
    def served(self, corpus: Path, index: Path, *options: str) -> Iterator[tuple[str, str]]:
        """Starts the page on a free port; yields its address, and what it said before. Raises ProductFailed."""
        command = [sys.executable, "app.py", "--port", "0", "--corpus", corpus, "--index", index, *options]
        command += ["--feedback", index.with_name("feedback")]
        with subprocess.Popen(
            list(map(str, command)),
            cwd=self.root,
            env=_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        ) as process:
            try:
                yield _address(process)
            finally:
                _stop(process)


def _environment() -> dict[str, str]:
    """Returns ours, but what would let another checkout be imported, and with a fixed width for help texts."""
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return {**inherited, "HF_HUB_OFFLINE": "1", "COLUMNS": "80"}


def _address(process: subprocess.Popen[str]) -> tuple[str, str]:
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if line.startswith("http://"):
            return line.split()[0], said
    raise ProductFailed(f"the page does not start: {said.strip()}")


def _stop(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGINT)
    try:
        process.communicate(timeout=30)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
