"""Adds a question to the end of a note, for a person to answer: the only place where a note is ever written to.

The note is replaced as a whole by a copy that is longer, so that a crash leaves either; line ends, byte order mark and
permissions stay, and so does a link to the note.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import stat
import threading
from collections import Counter
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from rag import durable
from rag.errors import NoteNotWritable, NoteUnreadable
from rag.notes.files import locate, read_bytes
from rag.notes.readers import text as plain
from rag.notes.readers.registry import reader_of
from rag.passages.forms import HEADING_CHARACTERS
from rag.passages.outline import Heading, headings
from rag.passages.split import split
from rag.text.normal import clean, is_chinese, letters
from rag.types import Cause, Note, Reason

LEVEL = 2  # of a question in a note that has none yet: below its title
PRIVATE = 0o600  # the copy, until it gets the permissions of the note
LINE_END = re.compile(rb"\r\n|\n|\r")
BEGINS = re.compile(r"^[#\s]+")
CAUSES = {errno.EACCES: Cause.WRITING_DENIED, errno.ENOSPC: Cause.DISK_FULL, errno.EROFS: Cause.DISK_READ_ONLY}
_WRITING = threading.Lock()


@dataclass(frozen=True, slots=True)
class Addition:
    """What is added to a note: `lines` stand at its end then, the heading among them is number `line` of the note."""

    source: str
    line: int
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _File:
    """A note as it was read, and what tells whether it was written to since."""

    path: str
    data: bytes
    status: os.stat_result

    @property
    def text(self) -> str:
        """Raises UnicodeDecodeError."""
        return self.data.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")

    @property
    def line_end(self) -> bytes:
        ends = LINE_END.findall(self.data)
        return ends[-1] if ends else b"\n"


def preview(corpus: Path, source: str, question: str) -> Addition:
    """Returns what `append_question` would add; raises NoteNotWritable where it would."""
    return _addition(source, _read(corpus, source), question)


def append_question(corpus: Path, source: str, question: str) -> int:
    """Adds `question` to the note as a heading of the level that its questions have; returns the line of the heading.

    A question that does not read as one gets a question mark. Raises NoteNotWritable, and the note is as before, when
    it is no writable UTF-8 note of the corpus, has the question already, or was changed at the same moment.
    """
    with _WRITING:
        file = _read(corpus, source)
        addition = _addition(source, file, question)
        begins = b"" if not file.data or LINE_END.fullmatch(file.data[-1:]) else file.line_end
        added = b"".join(line.encode() + file.line_end for line in addition.lines)
        try:
            _replace(source, file, file.data + begins + added)
        except OSError as error:
            raise NoteNotWritable(source, _reason(error)) from error
    return addition.line


def _read(corpus: Path, source: str) -> _File:
    parts = PurePosixPath(source)
    if any(part.startswith(".") and part != ".." for part in parts.parts):
        raise NoteNotWritable(source, Reason(Cause.HIDDEN))
    try:
        path = locate(corpus, source)
        if reader_of(source) is not plain.read:  # a line can only be added to a file that is nothing but lines
            raise NoteNotWritable(source, Reason(Cause.NOT_A_NOTE, parts.suffix or "no suffix"))
        status = os.stat(path)  # before reading, so that no edit falls between the two
        file = _File(path, read_bytes(path), status)
    except NoteUnreadable as error:
        raise NoteNotWritable(source, error.reason) from error
    except OSError as error:
        raise NoteNotWritable(source, Reason(Cause.GONE)) from error
    if not status.st_mode & 0o222 or not os.access(path, os.W_OK):  # a replaced file would not ask
        raise NoteNotWritable(source, Reason(Cause.READ_ONLY))
    return file


def _addition(source: str, file: _File, question: str) -> Addition:
    question = BEGINS.sub("", " ".join(clean(question).split()))
    if not question:
        raise NoteNotWritable(source, Reason(Cause.NO_QUESTION))
    try:
        text = file.text
    except UnicodeDecodeError as error:
        raise NoteNotWritable(source, Reason(Cause.NOT_UTF8)) from error
    if "\0" in text:
        raise NoteNotWritable(source, Reason(Cause.BINARY))
    note = Note(source, "", text, "")
    level = _level(headings(note))
    for wording in (question, question + ("？" if is_chinese(question) else "?")):
        addition = _placed(source, text, f"{'#' * level} {wording}")
        heading = _as_read(note, addition, level)
        if heading.asks:
            break
    if _key(heading.text) in _asked(note):
        raise NoteNotWritable(source, Reason(Cause.ASKED_ALREADY))
    return addition


def _level(found: tuple[Heading, ...]) -> int:
    """Returns the level that most questions of a note have."""
    levels = Counter(heading.level for heading in found if heading.asks)
    return levels.most_common(1)[0][0] if levels else LEVEL


def _placed(source: str, text: str, heading: str) -> Addition:
    lines = text.removesuffix("\n").split("\n") if text else []
    stands_free = not lines or not lines[-1].strip()
    added = (heading, "") if stands_free else ("", heading, "")
    return Addition(source, len(lines) + len(added) - 1, added)


def _as_read(note: Note, addition: Addition, level: int) -> Heading:
    """Returns the heading as the splitter reads it at the end of the note; raises NoteNotWritable when it does not."""
    text = "\n".join((note.text.removesuffix("\n"), *addition.lines)) if note.text else "\n".join(addition.lines)
    found = headings(Note(note.source, "", text, ""))
    heading = next((each for each in found if (each.line, each.level) == (addition.line, level)), None)
    if heading is None and any(len(line) > HEADING_CHARACTERS for line in addition.lines):
        raise NoteNotWritable(note.source, Reason(Cause.LONG_QUESTION))
    if heading is None:
        raise NoteNotWritable(note.source, Reason(Cause.ENDS_IN_CODE))
    return heading


def _asked(note: Note) -> set[str]:
    questions = (passage.question for passage in split(note))
    return {_key(text) for text in (*(heading.text for heading in headings(note)), *questions) if text}


def _key(text: str) -> str:
    return letters(text) or text


def _replace(source: str, file: _File, data: bytes) -> None:
    """Puts `data` in the place of the file; raises OSError, and NoteNotWritable when it was written to meanwhile."""
    with durable.replacing(Path(file.path), data, PRIVATE) as copy:
        os.chmod(copy, stat.S_IMODE(file.status.st_mode))
        if hasattr(os, "chown"):
            with contextlib.suppress(PermissionError):  # only root can give a file away
                os.chown(copy, file.status.st_uid, file.status.st_gid)
        if _identity(os.stat(file.path)) != _identity(file.status):
            raise NoteNotWritable(source, Reason(Cause.CHANGED))


def _reason(error: OSError) -> Reason:
    if cause := CAUSES.get(error.errno or 0):
        return Reason(cause)
    return Reason(Cause.SYSTEM, error.strerror) if error.strerror else Reason(Cause.CANNOT_WRITE)


def _identity(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_ino, status.st_mtime_ns, status.st_size
