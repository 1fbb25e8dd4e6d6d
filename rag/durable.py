"""Files that a crash leaves whole: written down before they are named, replaced at once, added to under a lock.

Everything raises OSError; what that means, and what to do about it, is for the caller to say.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import sys
import time
from collections.abc import Iterator
from pathlib import Path

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

BINARY = getattr(os, "O_BINARY", 0)
ANYONE = 0o666  # less the umask
REPLACE_ATTEMPTS = 20  # Windows refuses to replace a file that a reader has open; a reader needs milliseconds
FAR = 0x7FFFFFF0  # beyond the end of any file that is locked: on Windows what is locked cannot be read either


def write(path: Path, data: bytes | memoryview, mode: int = ANYONE) -> None:
    """Writes a file and waits until the disk has it; `mode` counts when the file is new."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | BINARY, mode)
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(handle, rest) :]
        _sync(handle)
    finally:
        os.close(handle)


def rename(source: Path, target: Path) -> None:
    """Gives the file `source` the name of `target`, which is gone at the same instant."""
    for _ in range(REPLACE_ATTEMPTS if sys.platform == "win32" else 0):
        with contextlib.suppress(PermissionError):
            return os.replace(source, target)
        time.sleep(0.05)
    return os.replace(source, target)


def sync_folder(folder: Path) -> None:
    """Waits until the disk has the names in a folder."""
    if sys.platform == "win32":
        return  # folders cannot be opened there; NTFS journals its names
    handle = os.open(folder, os.O_RDONLY)
    try:
        _sync(handle)
    finally:
        os.close(handle)


@contextlib.contextmanager
def replacing(path: Path, data: bytes, mode: int = ANYONE) -> Iterator[Path]:
    """Puts `data` in the place of a file at the end of the block, which gets the copy beside it for a last look.

    Whatever is raised, also by the block, leaves the file as it was and no copy.
    """
    copy = path.with_name(f".kuaida-{secrets.token_hex(8)}.tmp")  # hidden: no note, whatever the folder
    try:
        write(copy, data, mode)
        yield copy
        rename(copy, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(copy)
        raise
    with contextlib.suppress(OSError):  # the file is replaced already: too late to say that it is not
        sync_folder(path.parent)


def replace(path: Path, data: bytes) -> None:
    """Puts `data` in the place of a file, which need not be there; a crash leaves either."""
    with replacing(path, data):
        pass


def lock(handle: int, *, wait: bool) -> None:
    """Locks an open file until its handle is closed, against other processes and other handles of this one.

    Raises BlockingIOError when another has it, unless told to `wait`.
    """
    try:
        if sys.platform == "win32":
            os.lseek(handle, FAR, os.SEEK_SET)
            msvcrt.locking(handle, msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(handle, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except PermissionError as error:  # what Windows says, and some network drives
        raise BlockingIOError(error.errno, error.strerror) from error


def append_line(path: Path, line: bytes) -> None:
    """Adds `line`, with its "\\n", to the end of a file, which is made if need be; others that add to it wait.

    A line that broke off before it is ended first, so that only that one is damaged.
    """
    handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | BINARY, ANYONE)
    try:
        lock(handle, wait=True)
        line = line if _is_at_line_start(handle) else b"\n" + line
        written = os.write(handle, line)  # at once: a reader sees the line or nothing of it
        _sync(handle)
        if written < len(line):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    finally:
        os.close(handle)  # which unlocks it, on Windows too


def _is_at_line_start(handle: int) -> bool:
    size = os.lseek(handle, 0, os.SEEK_END)
    if size:
        os.lseek(handle, size - 1, os.SEEK_SET)
    return size == 0 or os.read(handle, 1) == b"\n"


def _sync(handle: int) -> None:
    if sys.platform == "darwin":
        fcntl.fcntl(handle, fcntl.F_FULLFSYNC)  # there, fsync leaves the data in the drive's cache
    else:
        os.fsync(handle)
