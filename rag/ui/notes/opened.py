"""A note that is opened at some lines of the index: where these lines are in the file as it is now. Pure."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass

from rag.passages.split import split
from rag.types import Note, Passage

Lines = tuple[int, int]  # the first and the last, from 1


class Standing(enum.Enum):
    """How a note on disk is to the one that was indexed."""

    SAME = enum.auto()
    CHANGED = enum.auto()
    GONE = enum.auto()
    NEW = enum.auto()  # not in the index


@dataclass(frozen=True, slots=True)
class Opened:
    """A note to be shown.

    `text` is that on disk, of a note that is gone what the index has of it; `passages` are those of `text`. `asked` are
    the lines that are meant, in the note as it was indexed, `marked` where they are in `text`; both None where no lines
    are meant. `lost` is what stood in the lines that are meant, when `text` no longer holds it, else "".
    """

    source: str
    title: str
    text: str
    passages: tuple[Passage, ...]
    standing: Standing
    asked: Lines | None = None
    marked: Lines | None = None
    lost: str = ""


def opened(
    source: str, note: Note | None, digest: str | None, indexed: Sequence[Passage], asked: Lines | None
) -> Opened | None:
    """Returns the note at `source`, None when neither disk nor index has it.

    `note` is that on disk, `digest` the sha256 of the text that was indexed, `indexed` are its passages.
    """
    if note is None:
        if digest is None:
            return None
        text = rebuilt(indexed)
        title = indexed[0].headings[0] if indexed and indexed[0].headings else source
        return Opened(source, title, text, tuple(indexed), Standing.GONE, asked, asked)
    if digest is None or note.sha256 == digest:
        passages = tuple(indexed) if digest else split(note)
        return Opened(source, note.title, note.text, passages, Standing.SAME if digest else Standing.NEW, asked, asked)
    if asked and rebuilt(indexed).count("\n") < asked[0] <= asked[1] <= note.text.count("\n") + 1:
        return Opened(source, note.title, note.text, split(note), Standing.CHANGED, None, asked)  # written since
    old = _old_text(indexed, asked) if asked else ("", 0)
    marked = _place(note.text, *old) if old[0] else None
    return Opened(source, note.title, note.text, split(note), Standing.CHANGED, asked, marked, "" if marked else old[0])


def rebuilt(passages: Sequence[Passage]) -> str:
    """Returns a note from its passages, each at its lines: all of it but the blanks in blank lines."""
    lines: list[str] = []
    for passage in passages:
        lines += [""] * (passage.start_line - 1 - len(lines))
        first, *rest = passage.text.split("\n")
        if passage.start_line == len(lines) and lines:  # it goes on in the last line of the passage before
            lines[-1] += first
            lines += rest
        else:
            lines += [first, *rest]
    return "\n".join(lines) + "\n"


def _old_text(indexed: Sequence[Passage], asked: Lines) -> tuple[str, int]:
    """Returns what stood in the lines that are meant, with the blank lines around it cut off, and its first line."""
    lines = rebuilt(indexed).split("\n")
    first, last = max(asked[0], 1), min(asked[1], len(lines))
    for passage in indexed:  # a passage that begins or ends within a line is that much only
        if (passage.start_line, passage.end_line) == asked:
            return passage.text, first
    while first <= last and not lines[first - 1].strip():
        first += 1
    while first <= last and not lines[last - 1].strip():
        last -= 1
    return "\n".join(lines[first - 1 : last]), first


def _place(text: str, wanted: str, line: int) -> Lines | None:
    """Returns the lines in which `wanted` stands in `text`, the nearest to `line` where it does so more than once."""
    places: list[int] = []
    at, line_at, seen = text.find(wanted), 1, 0
    while at >= 0:
        line_at += text.count("\n", seen, at)
        seen = at
        places.append(line_at)
        at = text.find(wanted, at + 1)
    if not places:
        return None
    first = min(places, key=lambda place: abs(place - line))
    return first, first + wanted.count("\n")
