"""Plain text and Markdown: bytes in any encoding that `rag.text.encodings` tells → text."""

from __future__ import annotations

import re

from rag.errors import NoteUnreadable
from rag.notes.readers.base import Text
from rag.text.encodings import decode
from rag.types import Cause, Reason

MAX_CONTROL_SHARE = 0.01  # text holds next to no control characters, a binary that decodes by chance holds many
SURROGATES = re.compile("[\ud800-\udfff]")
CONTROL = re.compile(r"[\x01-\x08\x0e-\x1a\x1c-\x1f\x7f]")


def read(data: bytes) -> Text:
    """Returns the text line by line as in the file, with U+FFFD for lone surrogates; raises NoteUnreadable."""
    decoded = decode(data)
    text = decoded.text
    if "\0" in text or len(CONTROL.findall(text)) > len(text) * MAX_CONTROL_SHARE:
        raise NoteUnreadable(Reason(Cause.BINARY))
    lines = SURROGATES.sub("\ufffd", text).replace("\r\n", "\n").replace("\r", "\n")
    return Text(lines, damaged=decoded.damaged)
