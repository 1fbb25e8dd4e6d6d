"""Which files are notes, and how each kind is read: a new kind is a module beside this one and a row here."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath

from rag.notes.readers import table, text
from rag.notes.readers.base import Reader
from rag.text import glossary

READERS: Mapping[str, Reader] = {
    ".md": text.read,
    ".markdown": text.read,
    ".txt": text.read,
    ".csv": table.read,
    ".tsv": table.read,
}


def reader_of(name: str) -> Reader | None:
    """Returns what reads a file with such a name, also with folders before it; None for what is no note."""
    path = PurePosixPath(name)
    return None if path.name == glossary.SOURCE else READERS.get(path.suffix.lower())
