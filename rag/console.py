"""What the commands share: how they are called, their options, an exit code and one line on stderr."""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rag.errors import KuaidaError

COMMANDS = {"ask": "rag.query", "build": "rag.build", "evaluate": "rag.evaluate"}  # of `kuaida`, and their modules

OPTIONS: dict[str, dict[str, Any]] = {
    "--corpus": {
        "type": Path,
        "metavar": "FOLDER",
        "help": "folder of notes (default: corpus/ in a clone, else the one opened last)",
    },
    "--index": {
        "type": Path,
        "metavar": "FOLDER",
        "help": "folder of the index (default: index/ in a clone, else one for each folder of notes)",
    },
    "--encoder": {"metavar": "NAME", "help": "sentence-transformers name or folder (default: bundled)"},
    "--reranker": {"metavar": "NAME", "help": "CrossEncoder name or folder (default: none)"},
}


def typed(program: str) -> str:
    """Returns what a person types to call a program: "rag.query" is called by `python -m rag.query`."""
    if program.endswith(".py"):
        return f"python {program}"
    return program if program.startswith("kuaida") else f"python -m {program}"


def parser(program: str, description: str, *options: str) -> argparse.ArgumentParser:
    """Returns a parser with those of OPTIONS that are named; what it parses tells `program` too."""
    made = argparse.ArgumentParser(prog=typed(program), description=description)
    made.set_defaults(program=program)
    for option in options:
        made.add_argument(option, **OPTIONS[option])
    return made


def in_words_of(program: str, message: str) -> str:
    """Returns `message` with the commands in it as they are called where `program` was: `kuaida build`."""
    if program.startswith("kuaida"):
        for command, module in COMMANDS.items():
            message = message.replace(f"python -m {module}", f"kuaida {command}")
    return message


def say(program: str, message: object) -> None:
    """Writes one line on stderr."""
    from rag.text.normal import clean  # here, so that --help waits for no library

    line = clean(in_words_of(program, str(message))).replace("\n", " ")
    sys.stderr.write(f"{program}: {line}\n")


def run(program: str, command: Callable[[], int]) -> int:
    """Returns the exit code of `command`; 2 when it is stopped or raises KuaidaError, which is said in one line."""
    speak_utf8()
    try:
        code = command()
        sys.stdout.flush()  # here, where an error can still be caught
    except KuaidaError as error:
        return _fail(program, str(error))
    except KeyboardInterrupt:
        return _fail(program, "stopped")
    except BrokenPipeError:  # `| head` has read enough; what is still buffered goes nowhere
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return code


def _fail(program: str, message: str) -> int:
    say(program, message)
    return 2


def speak_utf8() -> None:
    """Chinese must come out whole even where the locale is C or the console is not UTF-8."""
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="replace")
