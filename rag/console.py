"""What the commands share: an exit code and one line on stderr, whatever happens."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable

from rag.errors import KuaidaError
from rag.text.normal import clean


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
    sys.stderr.write(f"{program}: {clean(message).replace(chr(10), ' ')}\n")
    return 2


def speak_utf8() -> None:
    """Chinese must come out whole even where the locale is C or the console is not UTF-8."""
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="replace")
