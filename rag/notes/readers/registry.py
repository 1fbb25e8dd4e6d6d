"""Which files are notes, and how each kind is read: a new kind is a module beside this one and a row here."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath

from rag.notes.files import MAX_BYTES
from rag.notes.readers import book, html, notebook, org, pairs, pdf, restructured, slides, table, text, word
from rag.notes.readers.base import Reader, guarded
from rag.text import glossary

READERS: Mapping[str, Reader] = {
    ".md": text.read,
    ".markdown": text.read,
    ".txt": text.read,
    ".csv": table.read,
    ".tsv": table.read,
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

VERSION = 1  # another number means that a file that is converted makes another text
PLAIN = (text.read, table.read)  # the text is what the file holds
BY_LINES = (".org", ".rst")  # what is converted line for line
PACKED_BYTES = 100_000_000  # what holds pictures besides its text
PACKED = (".pdf", ".docx", ".pptx", ".epub")


def reader_of(name: str) -> Reader | None:
    """Returns what reads a file with such a name, also with folders before it; None for what is no note."""
    path = PurePosixPath(name)
    return None if path.name == glossary.SOURCE else READERS.get(path.suffix.lower())


def is_converted(name: str) -> bool:
    """Says whether the text of such a file has to be made out of it, which may take long."""
    reader = reader_of(name)
    return reader is not None and reader not in PLAIN


def has_lines(name: str) -> bool:
    """Says whether the lines of its text are those of such a file."""
    return not is_converted(name) or _suffix(name) in BY_LINES


def max_bytes(name: str) -> int:
    """Returns how large a file with such a name may be."""
    return PACKED_BYTES if _suffix(name) in PACKED else MAX_BYTES


def _suffix(name: str) -> str:
    return PurePosixPath(name).suffix.lower()
