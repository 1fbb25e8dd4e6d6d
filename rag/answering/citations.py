"""Does the note still say so: stale, verbatim, gone."""

from __future__ import annotations

from dataclasses import dataclass

from rag.errors import NoteUnreadable
from rag.notes.corpus import read_sha256
from rag.store.local import Index
from rag.types import Hit, Span


def is_stale(index: Index, source: str) -> bool:
    """Says whether the file on disk is no longer the note that was indexed."""
    indexed = index.note(source)
    try:
        return indexed is None or read_sha256(index.corpus, source) != indexed.sha256
    except NoteUnreadable:
        return True


@dataclass(frozen=True, slots=True)
class Evidence:
    """A hit against its note as it is on disk now.

    `stale` says that note and index differ, `verbatim` that the note holds what was quoted, letter for letter, `gone`
    that it no longer holds the passage; `terms` are the words that matched, `spans` where; `editor` a link or "".
    """

    hit: Hit
    stale: bool
    verbatim: bool
    gone: bool
    terms: tuple[str, ...]
    spans: tuple[Span, ...]
    editor: str
