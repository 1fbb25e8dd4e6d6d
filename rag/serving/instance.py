"""One page for one index: the file PAGE in the index folder says where it is, and is locked while it runs.

The lock ends with the process, however that ends, so a file that is left behind means nothing.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import time
from dataclasses import dataclass
from pathlib import Path

from rag import durable
from rag.errors import ServerError

FILE = "PAGE"
ANNOUNCE_SECONDS = 5.0  # between the lock and the address lies the opening of a socket
LOOK_SECONDS = 0.02
URL = re.compile(r"http://(?:127\.[\d.]+|\[::1\]):\d+")


@dataclass(frozen=True, slots=True)
class Page:
    """A running page: its address, and the real path of its notes."""

    url: str
    corpus: str


class Claim:
    """The right to serve the page over an index, held until `close` or the end of the process."""

    def __init__(self, handle: int | None) -> None:
        self._handle = handle

    def announce(self, url: str, corpus: Path) -> None:
        """Tells others where the page is."""
        if self._handle is None:
            return
        text = json.dumps({"url": url, "corpus": os.path.realpath(corpus)}) + "\n"
        os.ftruncate(self._handle, 0)
        os.lseek(self._handle, 0, os.SEEK_SET)
        os.write(self._handle, text.encode())

    def close(self) -> None:
        if self._handle is not None:
            with contextlib.suppress(OSError):  # a full disk: the lock is what counts
                os.ftruncate(self._handle, 0)
            os.close(self._handle)


def claim(index: Path) -> Claim | None:
    """Returns the claim on the folder of an index, which is made if need be; None when a running page has it.

    Nobody can claim a folder that cannot be written to, and nobody is kept from serving it.
    """
    try:
        index.mkdir(parents=True, exist_ok=True)
        handle = os.open(index / FILE, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError:
        return Claim(None)
    if _lock(handle):
        return Claim(handle)
    os.close(handle)
    return None


def running(index: Path) -> Page:
    """Returns the page that has claimed the index; raises ServerError when it does not say where it is."""
    until = time.monotonic() + ANNOUNCE_SECONDS
    while time.monotonic() < until:
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):  # not yet written
            told = json.loads((index / FILE).read_text(encoding="utf-8"))
            if URL.fullmatch(told["url"]):
                return Page(told["url"], str(told["corpus"]))
        time.sleep(LOOK_SECONDS)
    raise ServerError(f"another page over the index in {index} is starting or ending: try again")


def _lock(handle: int) -> bool:
    try:
        durable.lock(handle, wait=False)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks: two pages are better than none
        return True
    return True
