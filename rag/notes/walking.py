"""Which files of a folder are notes, and why the others are not: names and kinds alone, nothing is opened."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from rag.errors import CorpusError
from rag.notes.files import escape, reason_of, unescape
from rag.notes.readers.registry import reader_of
from rag.text import glossary
from rag.types import Cause, Reason, Skipped


def require_folder(corpus: Path) -> None:
    """Raises CorpusError when `corpus` cannot be listed: what can be said before anything slow is loaded."""
    try:
        os.scandir(corpus).close()
    except OSError as error:
        raise _corpus_error(corpus, error) from error


def may_be_note(source: str) -> bool:
    """Says whether a file may be a note by its name: whatever else lies beside the notes is nobody's business."""
    return reader_of(source) is not None and not any(part.startswith(".") for part in source.split("/"))


def is_glossary(corpus: Path, source: str) -> bool:
    """Says whether the file at `source` is the glossary; a folder of that name is none."""
    path = os.path.join(corpus, glossary.SOURCE)
    return source == glossary.SOURCE and os.path.lexists(path) and not os.path.isdir(path)


def walk(corpus: Path) -> Iterator[str | Skipped]:
    """Yields the source of each file that may be a note, and what is left out before opening it."""
    pending = [""]  # a list, not the call stack: folders may be nested thousands deep
    while pending:
        prefix = pending.pop()
        try:
            entries = _list(corpus, prefix)
        except OSError as error:
            if not prefix:
                raise _corpus_error(corpus, error) from error
            yield Skipped(prefix, reason_of(error))
            continue
        for entry in entries:
            source = prefix + escape(entry.name)
            if is_glossary(corpus, source):
                continue  # `read_glossary` says what is wrong with it
            reason = _left_out(entry)
            if entry.is_dir(follow_symlinks=False):
                source += "/"
                if reason is None:
                    pending.append(source)
                    continue
            yield source if reason is None else Skipped(source, reason)


def _list(corpus: Path, prefix: str) -> list[os.DirEntry[str]]:
    with os.scandir(os.path.join(corpus, unescape(prefix))) as entries:
        return list(entries)


def _left_out(entry: os.DirEntry[str]) -> Reason | None:
    """Returns why `entry` is left out by its name or kind alone."""
    if entry.name.startswith("."):
        return Reason(Cause.HIDDEN)
    if entry.is_dir(follow_symlinks=False):
        return None
    if entry.is_symlink() and os.path.isdir(entry.path):
        return Reason(Cause.FOLDER_LINK)  # inside the corpus it would repeat its notes or lead in a circle
    return None if reader_of(entry.name) else no_note(escape(entry.name))


def no_note(source: str) -> Reason:
    """Returns why no reader reads the file at `source`."""
    return Reason(Cause.NOT_A_NOTE, PurePosixPath(source).suffix.lower() or "no suffix")


def _corpus_error(corpus: Path, error: OSError) -> CorpusError:
    if not os.path.lexists(corpus):
        return CorpusError(f"no folder {corpus}/: create it and put notes in it, or name yours with --corpus")
    if not os.path.isdir(corpus):
        return CorpusError(f"{corpus} is not a folder: name the folder that holds your notes with --corpus")
    return CorpusError(f"cannot read the folder {corpus} ({reason_of(error)}): allow reading it, or name another one")
