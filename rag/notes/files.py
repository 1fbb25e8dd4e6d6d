"""Sources ↔ files: where in the corpus a file lies, what it holds, and why it cannot be read."""

from __future__ import annotations

import errno
import os
import re
import stat
from pathlib import Path

from rag.errors import NoteUnreadable
from rag.types import Cause, Reason

MAX_BYTES = 20_000_000  # a text longer than any book is a log or a dump

# O_NONBLOCK: a FIFO without a writer must not hang the build. O_NOFOLLOW: the path was resolved a moment ago.
OPEN_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)

CAUSES = {
    errno.EACCES: Cause.NO_PERMISSION,
    errno.EPERM: Cause.NO_PERMISSION,
    errno.ELOOP: Cause.LINK_CIRCLE,
    errno.ENOENT: Cause.GONE,
    errno.ENOTDIR: Cause.GONE,
    errno.ENAMETOOLONG: Cause.PATH_TOO_LONG,
    errno.ENXIO: Cause.NOT_A_FILE,
    errno.EISDIR: Cause.NOT_A_FILE,
}

ESCAPED = re.compile(rb"\\x([0-9a-f]{2})")


def locate(corpus: Path, source: str) -> str:
    """Returns the real path of the file at `source`; raises NoteUnreadable for one that is not in the corpus."""
    try:
        parts = unescape(source).split("/")
        if any(part in ("", ".", "..") or os.path.isabs(part) for part in parts):
            raise NoteUnreadable(Reason(Cause.OUTSIDE))
        return _resolve(corpus, os.path.join(corpus, *parts))
    except OSError as error:
        raise NoteUnreadable(reason_of(error)) from error
    except ValueError as error:  # a NUL or a lone surrogate, which no file name holds
        raise NoteUnreadable(Reason(Cause.NOT_A_NAME)) from error


def read_bytes(path: str, limit: int = MAX_BYTES) -> bytes:
    """Returns what a regular file of at most `limit` bytes holds, which `locate` found; raises NoteUnreadable."""
    try:
        return _read(path, limit)
    except OSError as error:
        raise NoteUnreadable(reason_of(error)) from error


def escape(name: str) -> str:
    """Returns the name of a file, or a path, in printable characters, as sources have it.

    Anything else, and the backslash itself, is `\\xNN` for each byte.
    """
    return "".join(
        char if char.isprintable() and char != "\\" else "".join(f"\\x{byte:02x}" for byte in os.fsencode(char))
        for char in name
    )


def unescape(source: str) -> str:
    """Returns the path that `escape` made a source of."""
    return os.fsdecode(ESCAPED.sub(lambda match: bytes([int(match[1], 16)]), os.fsencode(source)))


def reason_of(error: OSError) -> Reason:
    """Returns what an error of the operating system says of the file."""
    if cause := CAUSES.get(error.errno or 0):
        return Reason(cause)
    return Reason(Cause.SYSTEM, error.strerror) if error.strerror else Reason(Cause.CANNOT_READ)


def _resolve(corpus: Path, path: str) -> str:
    """Returns the real path of `path`; raises NoteUnreadable when a link leads out of the corpus."""
    os.stat(path)  # the kernel stops long chains of links, on which realpath would recurse
    root, real = os.path.realpath(corpus), os.path.realpath(path)
    if os.path.commonpath((root, real)) != root:
        raise NoteUnreadable(Reason(Cause.LINK_OUT))
    return real


def _read(path: str, limit: int) -> bytes:
    with os.fdopen(os.open(path, OPEN_FLAGS), "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise NoteUnreadable(Reason(Cause.NOT_A_FILE))
        data = file.read(limit + 1) if status.st_size <= limit else None
    if data is None or len(data) > limit:  # the second when the file grew meanwhile
        raise NoteUnreadable(Reason(Cause.TOO_BIG, str(limit // 1_000_000)))
    return data
