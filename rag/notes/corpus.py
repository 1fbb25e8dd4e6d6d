"""Reads the notes of the corpus; whatever cannot be read is named with its reason and left out."""

from __future__ import annotations

import functools
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from rag.errors import NoteUnreadable
from rag.notes.files import locate, read_bytes
from rag.notes.names import names_of
from rag.notes.readers import text as plain
from rag.notes.readers.base import Reader, Text
from rag.notes.readers.registry import VERSION, is_converted, max_bytes, reader_of
from rag.notes.readers.remembered import Remembered
from rag.notes.walking import is_glossary, no_note, walk
from rag.text import glossary
from rag.text.fields import Fields, fields
from rag.text.glossary import Glossary
from rag.text.markdown import front_matter, unlinked
from rag.types import Note, Reason, Skipped

TITLE_CHARACTERS = 60
SENTENCE_ENDS = ("。", ".", "！", "!", "；", ";", "，", ",", "：", ":", "、")

DIGITS = re.compile("([0-9]+)")
FENCE = re.compile(r"\s{0,3}(```|~~~)")
ATX_TITLE = re.compile(r"#\s+(.*?)(?:\s+#+)?$")
NO_TITLE = re.compile(r"[-+•>|<!\[`~$]|\*\s|#{2,}|\W*$|\d{1,3}[.、)）:：]|https?:")

_REMEMBERED = Remembered()


@dataclass(frozen=True, slots=True)
class Held:
    """What is known of a note that was read before: its `sha256`, and what was wrong with its file then."""

    sha256: str
    flaws: tuple[Reason, ...] = ()


def read_corpus(corpus: Path, held: Mapping[str, Held] | None = None) -> tuple[tuple[Note, ...], tuple[Skipped, ...]]:
    """Returns the notes under `corpus` and what was left out, both in natural order of their sources.

    A folder that is left out as a whole is one entry, its source ends in "/". A file such as a PDF that is in `held`
    and still the same is not read again, its note has no text: who asks for that needs only what changed. Raises
    CorpusError when `corpus` itself cannot be listed; an empty corpus is no error here.
    """
    held = held or {}
    notes: list[Note] = []
    skipped: list[Skipped] = []
    for found in walk(corpus):
        if isinstance(found, Skipped):
            skipped.append(found)
            continue
        try:
            notes.append(_read_held(corpus, found, held.get(found)))
        except NoteUnreadable as error:
            skipped.append(Skipped(found, error.reason))
    return (
        tuple(sorted(notes, key=lambda note: _natural(note.source))),
        tuple(sorted(skipped, key=lambda entry: _natural(entry.source))),
    )


def read_note(corpus: Path, source: str) -> Note:
    """Returns the note at `source`, a path as `read_corpus` writes it; raises NoteUnreadable."""
    return _read_held(corpus, source, None)


def read_sha256(corpus: Path, source: str) -> str:
    """Returns the `sha256` of the note at `source` and nothing else, which is fast; raises NoteUnreadable.

    A file such as a PDF is not looked into: it has one even when it cannot be read.
    """
    return _File.at(corpus, source).sha256


def read_text(corpus: Path, source: str) -> Text:
    """Returns what the note at `source` says and where in its file each line of that stands; raises NoteUnreadable."""
    return _File.at(corpus, source).text


def note_of(source: str, read: Text, sha256: str) -> Note:
    """Returns the note that a file is whose text was read."""
    told = fields(read.text.split("\n"))
    title, names = _title(source, read.text, told), names_of(source, told)
    return Note(source, title, read.text, sha256, read.unit, read.places, names, read.flaws)


def _read_held(corpus: Path, source: str, held: Held | None) -> Note:
    file = _File.at(corpus, source)
    if held and held.sha256 == file.sha256 and is_converted(source):
        stem, names = PurePosixPath(source).stem, names_of(source, {})
        return Note(source, stem, "", held.sha256, names=names, flaws=held.flaws)
    return note_of(source, file.text, file.sha256)


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
            raise NoteUnreadable(no_note(source))
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


def read_glossary(corpus: Path) -> tuple[Glossary, tuple[Skipped, ...]]:
    """Returns the glossary at the top of `corpus`, empty without one, and what of it cannot be used."""
    if not is_glossary(corpus, glossary.SOURCE):
        return Glossary(()), ()
    try:
        return glossary.parse(plain.read(read_bytes(locate(corpus, glossary.SOURCE))).text)
    except NoteUnreadable as error:
        return Glossary(()), (Skipped(glossary.SOURCE, error.reason),)


def _title(source: str, text: str, told: Fields) -> str:
    """Returns the title: of the front matter, the first H1, a first line that looks like one, or the file's name."""
    lines = text.split("\n")
    front = front_matter(lines)
    if title := next(iter(told.get("title", ())), "").strip():
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
