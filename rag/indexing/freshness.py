"""Is the index current: which files differ from what it holds."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from pathlib import Path

from rag.errors import NoteUnreadable
from rag.notes.corpus import read_glossary, read_sha256, read_text
from rag.notes.walking import may_be_note
from rag.notes.watching import Moved, footprint, moved
from rag.store.local import Index
from rag.text import glossary

LOOK_SECONDS = 1.0  # what was seen is good for so long, however many pages ask
Print = tuple[int, int]


class Disk:
    """Tells which files differ from what an index holds; reads one again only when its size or time changed."""

    def __init__(self, corpus: Path) -> None:
        self._corpus = corpus
        self._looking = threading.Lock()
        self._known: dict[str, tuple[Print, str | None]] = {}
        self._seen: tuple[str, float, Moved | None] = ("", 0.0, None)

    def moved(self, index: Index) -> Moved | None:
        """Returns the sources that differ, None when the folder is not there."""
        with self._looking:
            identity, until, seen = self._seen
            if identity != index.identity or time.monotonic() >= until:
                seen = self._look(index)
                self._seen = (index.identity, time.monotonic() + LOOK_SECONDS, seen)
            return seen

    def forget(self) -> None:
        """Looks again at once the next time: something was written just now."""
        self._seen = ("", 0.0, None)

    @property
    def token(self) -> str:
        """Another text whenever a note was seen to be another."""
        known = sorted((source, told) for source, (_, told) in self._known.items())
        return hashlib.sha256(repr(known).encode()).hexdigest()[:16]

    def _look(self, index: Index) -> Moved | None:
        if not os.path.isdir(self._corpus):
            return None
        known = self._known
        self._known = {
            source: known[source] if source in known and known[source][0] == seen else (seen, self._told(source, index))
            for source, seen in footprint(self._corpus).items()
            if source == glossary.SOURCE or may_be_note(source)  # an ignore file shows in the notes that it keeps out
        }
        now = {source: told for source, (_, told) in self._known.items() if told is not None}
        held = {note.source: note.sha256 for note in index.manifest.notes}
        if index.glossary.entries:
            held[glossary.SOURCE] = repr(index.glossary.entries)
        return moved(held, now)

    def _told(self, source: str, index: Index) -> str | None:
        """Returns what tells one content of a file from another, None for a file that no index would hold.

        What the index holds is not read: a PDF takes seconds.
        """
        if source == glossary.SOURCE:
            entries = read_glossary(self._corpus)[0].entries
            return repr(entries) if entries else None
        try:
            told = read_sha256(self._corpus, source)
            held = index.note(source)
            if held is None or held.sha256 != told:
                read_text(self._corpus, source)
            return told
        except NoteUnreadable:
            return None
