"""Which files are notes, and how each kind is read: a new kind is a module beside this one and a row here."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath

from rag.notes.readers import book, html, notebook, org, pairs, pdf, restructured, slides, text, word
from rag.notes.readers.base import Reader, guarded

READERS: Mapping[str, Reader] = {
    ".md": text.read,
    ".markdown": text.read,
    ".txt": text.read,
    ".org": guarded(org.read),
    ".rst": guarded(restructured.read),
    ".ipynb": guarded(notebook.read),
    ".html": guarded(html.read),
    ".htm": guarded(html.read),
    ".pdf": guarded(pdf.read),
    ".docx": guarded(word.read),
    ".pptx": guarded(slides.read),
    ".epub": guarded(book.read),
    ".jsonl": guarded(pairs.read),
}

VERSION = 1  # another number means that the readers below make another text out of the same file
MAX_BYTES = 20_000_000  # a text longer than any book is a log or a dump
PACKED_BYTES = 100_000_000  # what holds pictures besides its text
PACKED = (".pdf", ".docx", ".pptx", ".epub")


def reader_of(name: str) -> Reader | None:
    """Returns what reads a file with such a name, also with folders before it; None for what is no note."""
    return READERS.get(_suffix(name))


def is_converted(name: str) -> bool:
    """Says whether the text of such a file has to be made out of it, which may take long."""
    return reader_of(name) not in (None, text.read)


def max_bytes(name: str) -> int:
    """Returns how large a file with such a name may be."""
    return PACKED_BYTES if _suffix(name) in PACKED else MAX_BYTES


def _suffix(name: str) -> str:
    return PurePosixPath(name).suffix.lower()
