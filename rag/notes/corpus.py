"""Walks the corpus and reads its notes; whatever cannot be read is named with its reason and left out."""

from __future__ import annotations

import errno
import functools
import hashlib
import os
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from rag.errors import CorpusError, NoteUnreadable
from rag.notes.readers import text as plain
from rag.notes.readers.base import Reader, Text
from rag.notes.readers.registry import MAX_BYTES, VERSION, is_converted, max_bytes, reader_of
from rag.notes.readers.remembered import Remembered
from rag.text import glossary
from rag.text.glossary import Glossary
from rag.text.markdown import front_matter, unlinked
from rag.types import Cause, Note, Reason, Skipped

TITLE_CHARACTERS = 60
SENTENCE_ENDS = ("。", ".", "！", "!", "；", ";", "，", ",", "：", ":", "、")

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
DIGITS = re.compile("([0-9]+)")
FRONT_TITLE = re.compile(r"title\s*:\s*(.+)", re.IGNORECASE)
FENCE = re.compile(r"\s{0,3}(```|~~~)")
ATX_TITLE = re.compile(r"#\s+(.*?)(?:\s+#+)?$")
NO_TITLE = re.compile(r"[-+•>|<!\[`~$]|\*\s|#{2,}|\W*$|\d{1,3}[.、)）:：]|https?:")


_REMEMBERED = Remembered()


@dataclass(frozen=True, slots=True)
class Held:
    """What is known of a note that was read before: its `sha256`, and what of its file was left out then."""

    sha256: str
    cut: Reason | None = None


def read_corpus(corpus: Path, held: Mapping[str, Held] | None = None) -> tuple[tuple[Note, ...], tuple[Skipped, ...]]:
    """Returns the notes under `corpus` and what was left out, both in natural order of their sources.

    A folder that is left out as a whole is one entry, its source ends in "/"; a file that is read in part is in both.
    A file such as a PDF that is in `held` and is still the same is not read again, its note has no text: who asks for
    that needs only what changed. Raises CorpusError when `corpus` itself cannot be listed; an empty corpus is no error
    here.
    """
    held = held or {}
    notes: list[Note] = []
    skipped: list[Skipped] = []
    for found in _walk(corpus):
        if isinstance(found, Skipped):
            skipped.append(found)
            continue
        try:
            note, cut = _read_held(corpus, found, held.get(found))
            notes.append(note)
            skipped += [Skipped(found, cut)] if cut else []
        except NoteUnreadable as error:
            skipped.append(Skipped(found, error.reason))
    return (
        tuple(sorted(notes, key=lambda note: _natural(note.source))),
        tuple(sorted(skipped, key=lambda entry: _natural(entry.source))),
    )


def require_folder(corpus: Path) -> None:
    """Raises CorpusError when `corpus` cannot be listed: what can be said before anything slow is loaded."""
    try:
        os.scandir(corpus).close()
    except OSError as error:
        raise _corpus_error(corpus, error) from error


def read_note(corpus: Path, source: str) -> Note:
    """Returns the note at `source`, a path as `read_corpus` writes it; raises NoteUnreadable."""
    return _read_held(corpus, source, None)[0]


def read_sha256(corpus: Path, source: str) -> str:
    """Returns the `sha256` of the note at `source` and nothing else, which is fast; raises NoteUnreadable.

    A file such as a PDF is not looked into: it has one even when it cannot be read.
    """
    return _File.at(corpus, source).sha256


def read_text(corpus: Path, source: str) -> Text:
    """Returns what the note at `source` says and where in its file each line of that stands; raises NoteUnreadable."""
    return _File.at(corpus, source).text


def _read_held(corpus: Path, source: str, held: Held | None) -> tuple[Note, Reason | None]:
    """Returns a note and what of its file is left out."""
    file = _File.at(corpus, source)
    sha256 = file.sha256
    if held and held.sha256 == sha256 and is_converted(source):
        return Note(source, PurePosixPath(source).stem, "", sha256), held.cut
    read = file.text
    return Note(source, title(source, read.text), read.text, sha256, read.unit, read.places), read.cut


class _File:
    """What a note's file holds, and what its reader makes of that, which for a PDF is only found out when needed."""

    def __init__(self, source: str, reader: Reader, data: bytes) -> None:
        self._reader = reader
        self._data = data
        self._kind = PurePosixPath(source).suffix.lower()
        self._is_converted = is_converted(source)

    @classmethod
    def at(cls, corpus: Path, source: str) -> _File:
        """Raises NoteUnreadable."""
        path = locate(corpus, source)
        reader = reader_of(source)
        if reader is None:
            raise NoteUnreadable(_no_note(source))
        return cls(source, reader, read_bytes(path, max_bytes(source)))

    @functools.cached_property
    def sha256(self) -> str:
        """Raises NoteUnreadable for a plain text that is none."""
        if not self._is_converted:
            return hashlib.sha256(self.text.text.encode()).hexdigest()
        digest = hashlib.sha256(f"{VERSION}\n".encode())
        digest.update(self._data)
        return digest.hexdigest()

    @functools.cached_property
    def text(self) -> Text:
        """Raises NoteUnreadable."""
        if not self._is_converted:
            return self._reader(self._data)
        return _REMEMBERED.read(f"{self._kind} {self.sha256}", self._reader, self._data)


def locate(corpus: Path, source: str) -> str:
    """Returns the real path of the file at `source`; raises NoteUnreadable for one that is not in the corpus."""
    try:
        parts = _unescape(source).split("/")
        if any(part in ("", ".", "..") or os.path.isabs(part) for part in parts):
            raise NoteUnreadable(Reason(Cause.OUTSIDE))
        return _resolve(corpus, os.path.join(corpus, *parts))
    except OSError as error:
        raise NoteUnreadable(_reason(error)) from error
    except ValueError as error:  # a NUL or a lone surrogate, which no file name holds
        raise NoteUnreadable(Reason(Cause.NOT_A_NAME)) from error


def may_be_note(source: str) -> bool:
    """Says whether a file may be a note by its name: whatever else lies beside the notes is nobody's business."""
    return reader_of(source) is not None and not any(part.startswith(".") for part in source.split("/"))


def read_bytes(path: str, limit: int = MAX_BYTES) -> bytes:
    """Returns what a regular file of at most `limit` bytes holds, which `locate` found; raises NoteUnreadable."""
    try:
        return _read(path, limit)
    except OSError as error:
        raise NoteUnreadable(_reason(error)) from error


def read_glossary(corpus: Path) -> tuple[Glossary, tuple[Skipped, ...]]:
    """Returns the glossary at the top of `corpus`, empty without one, and what of it cannot be used."""
    if not _is_glossary(corpus, glossary.SOURCE):
        return Glossary(()), ()
    try:
        return glossary.parse(plain.read(read_bytes(locate(corpus, glossary.SOURCE))).text)
    except NoteUnreadable as error:
        return Glossary(()), (Skipped(glossary.SOURCE, error.reason),)


def _is_glossary(corpus: Path, source: str) -> bool:
    path = os.path.join(corpus, glossary.SOURCE)
    return source == glossary.SOURCE and os.path.lexists(path) and not os.path.isdir(path)


def _walk(corpus: Path) -> Iterator[str | Skipped]:
    """Yields the source of each file that may be a note, and what is left out before opening it."""
    pending = [""]  # a list, not the call stack: folders may be nested thousands deep
    while pending:
        prefix = pending.pop()
        try:
            entries = _list(corpus, prefix)
        except OSError as error:
            if not prefix:
                raise _corpus_error(corpus, error) from error
            yield Skipped(prefix, _reason(error))
            continue
        for entry in entries:
            source = prefix + escape(entry.name)
            if _is_glossary(corpus, source):
                continue  # `read_glossary` says what is wrong with it
            reason = _left_out(entry)
            if entry.is_dir(follow_symlinks=False):
                source += "/"
                if reason is None:
                    pending.append(source)
                    continue
            yield source if reason is None else Skipped(source, reason)


def _list(corpus: Path, prefix: str) -> list[os.DirEntry[str]]:
    with os.scandir(os.path.join(corpus, _unescape(prefix))) as entries:
        return list(entries)


def _left_out(entry: os.DirEntry[str]) -> Reason | None:
    """Returns why `entry` is left out by its name or kind alone."""
    if entry.name.startswith("."):
        return Reason(Cause.HIDDEN)
    if entry.is_dir(follow_symlinks=False):
        return None
    if entry.is_symlink() and os.path.isdir(entry.path):
        return Reason(Cause.FOLDER_LINK)  # inside the corpus it would repeat its notes or lead in a circle
    return None if reader_of(entry.name) else _no_note(escape(entry.name))


def _no_note(source: str) -> Reason:
    return Reason(Cause.NOT_A_NOTE, PurePosixPath(source).suffix.lower() or "no suffix")


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


def title(source: str, text: str) -> str:
    """Returns the title: of the front matter, the first H1, a first line that looks like one, or the file's name."""
    lines = text.split("\n")
    front = front_matter(lines)
    for line in lines[:front]:
        if (match := FRONT_TITLE.match(line)) and (title := match[1].strip().strip("\"'").strip()):
            return title[:TITLE_CHARACTERS]
    first = next((line.strip() for line in lines[front:] if line.strip()), "")
    if len(first) > TITLE_CHARACTERS or first.endswith(SENTENCE_ENDS) or NO_TITLE.match(first):
        first = ""
    return _first_h1(lines[front:]) or first.strip("#*_ ") or PurePosixPath(source).stem


def _first_h1(lines: list[str]) -> str:
    fence = ""
    for line, below in zip(lines, [*lines[1:], ""], strict=True):
        if match := FENCE.match(line):
            fence = "" if fence == match[1] else fence or match[1]
        elif not fence and len(line) <= 4 * TITLE_CHARACTERS:
            is_setext = line.strip() != "" and len(below) >= 3 and below.rstrip().strip("=") == ""
            heading = line if is_setext else (match[1] if (match := ATX_TITLE.match(line)) else "")
            if title := unlinked(heading).replace("**", "").strip("*_ "):
                return title[:TITLE_CHARACTERS]
    return ""


def _natural(source: str) -> tuple[tuple[tuple[str | int, ...], ...], str]:
    """Returns a sort key by which `2.md` comes before `10.md`."""
    parts = (DIGITS.split(part.casefold()) for part in source.split("/"))
    # split() puts text at even and digits at odd places, so equal places hold comparable values
    keys = (tuple(int(piece) if place % 2 else piece for place, piece in enumerate(part)) for part in parts)
    return tuple(keys), source


def escape(name: str) -> str:
    """Returns the name of a file, or a path, in printable characters, as sources have it.

    Anything else, and the backslash itself, is `\\xNN` for each byte.
    """
    return "".join(
        char if char.isprintable() and char != "\\" else "".join(f"\\x{byte:02x}" for byte in os.fsencode(char))
        for char in name
    )


def _unescape(source: str) -> str:
    return os.fsdecode(ESCAPED.sub(lambda match: bytes([int(match[1], 16)]), os.fsencode(source)))


def _reason(error: OSError) -> Reason:
    if cause := CAUSES.get(error.errno or 0):
        return Reason(cause)
    return Reason(Cause.SYSTEM, error.strerror) if error.strerror else Reason(Cause.CANNOT_READ)


def _corpus_error(corpus: Path, error: OSError) -> CorpusError:
    if not os.path.lexists(corpus):
        return CorpusError(f"no folder {corpus}/: create it and put notes in it, or name yours with --corpus")
    if not os.path.isdir(corpus):
        return CorpusError(f"{corpus} is not a folder: name the folder that holds your notes with --corpus")
    return CorpusError(f"cannot read the folder {corpus} ({_reason(error)}): allow reading it, or name another one")
