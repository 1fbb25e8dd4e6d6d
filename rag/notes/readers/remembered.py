"""What readers made of files, kept for a while: an answer looks at its notes again, and a PDF takes seconds to read."""

from __future__ import annotations

import threading
from collections import OrderedDict

from rag.errors import NoteUnreadable
from rag.notes.readers.base import Reader, Text
from rag.types import Reason

REMEMBERED_CHARACTERS = 20_000_000  # a shelf of books
REFUSED_CHARACTERS = 1_000  # what it counts that a file cannot be read

Read = Text | Reason


class Remembered:
    """Keeps what was read last by the sha256 of the file, bounded in characters; safe to share between threads."""

    def __init__(self, limit: int = REMEMBERED_CHARACTERS) -> None:
        self._limit = limit
        self._known: OrderedDict[str, Read] = OrderedDict()
        self._characters = 0
        self._keeping = threading.Lock()

    def read(self, key: str, reader: Reader, data: bytes) -> Text:
        """Returns what `reader` makes of `data`, whose name is `key`; raises NoteUnreadable, then as before."""
        with self._keeping:
            found = self._known.get(key)
            if found is not None:
                self._known.move_to_end(key)
        if found is None:
            found = _read(reader, data)
            self._keep(key, found)
        if isinstance(found, Reason):
            raise NoteUnreadable(found)
        return found

    def _keep(self, key: str, found: Read) -> None:
        with self._keeping:
            if key in self._known:
                return
            self._known[key] = found
            self._characters += _cost(found)
            while self._characters > self._limit:
                self._characters -= _cost(self._known.popitem(last=False)[1])


def _read(reader: Reader, data: bytes) -> Read:
    try:
        return reader(data)
    except NoteUnreadable as error:
        return error.reason


def _cost(found: Read) -> int:
    return REFUSED_CHARACTERS if isinstance(found, Reason) else len(found.text)
