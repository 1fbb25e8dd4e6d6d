"""Tables of separated values: text like any other, unless it is data to compute with."""

from __future__ import annotations

from rag.errors import NoteUnreadable
from rag.notes.readers import text
from rag.notes.readers.base import Text
from rag.types import Cause, Reason

MAX_BYTES = 2_000_000  # some ten thousand questions with their answers


def read(data: bytes) -> Text:
    """Returns the table line by line as in the file; raises NoteUnreadable."""
    if len(data) > MAX_BYTES:
        raise NoteUnreadable(Reason(Cause.TOO_BIG, str(MAX_BYTES // 1_000_000)))
    return text.read(data)
