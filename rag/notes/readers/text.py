"""Plain text and Markdown: UTF-8, UTF-16 or GB18030 → text."""

from __future__ import annotations

import re

from rag.errors import NoteUnreadable
from rag.notes.readers.base import Text
from rag.types import Cause, Reason

MAX_CONTROL_SHARE = 0.01  # text holds next to no control characters, a binary that decodes by chance holds many
SURROGATES = re.compile("[\ud800-\udfff]")
CONTROL = re.compile(r"[\x01-\x08\x0e-\x1a\x1c-\x1f\x7f]")


def read(data: bytes) -> Text:
    """Returns the text line by line as in the file, with U+FFFD for lone surrogates; raises NoteUnreadable."""
    text = _decode_utf16(data) if data[:2] in (b"\xff\xfe", b"\xfe\xff") else _decode_bytes(data)
    if "\0" in text or len(CONTROL.findall(text)) > len(text) * MAX_CONTROL_SHARE:
        raise NoteUnreadable(Reason(Cause.BINARY))
    return Text(SURROGATES.sub("\ufffd", text).replace("\r\n", "\n").replace("\r", "\n"))


def _decode_utf16(data: bytes) -> str:
    try:
        return data.decode("utf-16", "surrogatepass")
    except UnicodeDecodeError as error:
        raise NoteUnreadable(Reason(Cause.DAMAGED_UTF16)) from error


def _decode_bytes(data: bytes) -> str:
    data = data.removeprefix(b"\xef\xbb\xbf")
    if b"\0" in data:
        raise NoteUnreadable(Reason(Cause.BINARY))
    try:
        return data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        pass
    try:
        return data.decode("gb18030")
    except UnicodeDecodeError as error:
        raise NoteUnreadable(Reason(Cause.UNKNOWN_ENCODING)) from error
