"""Which files are notes, and how each kind is read: a new kind is a module beside this one and a row here."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath

from rag.notes.readers import text
from rag.notes.readers.base import Reader

READERS: Mapping[str, Reader] = {".md": text.read, ".markdown": text.read, ".txt": text.read}


def reader_of(name: str) -> Reader | None:
    """Returns what reads a file with such a name, also with folders before it; None for what is no note."""
    return READERS.get(PurePosixPath(name).suffix.lower())
