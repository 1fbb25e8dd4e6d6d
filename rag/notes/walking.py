"""Which files of a folder are notes, and why the others are not: by name and kind, only ignore files are opened."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from rag.errors import CorpusError
from rag.notes import ignoring
from rag.notes.files import escape, reason_of, unescape
from rag.notes.ignoring import Ignoring
from rag.notes.readers.registry import reader_of
from rag.text import glossary
from rag.types import Cause, Reason, Skipped

# What `rag.store` and whatever else keeps something beside an index call their files; and those of `rag.feedback.log`.
INDEX_MARKS = ("LOCK", "CURRENT")
IN_INDEX = re.compile(r"LOCK|CURRENT(\.tmp)?|PAGE|map\.json|encoded\.bin|gen-\d{8}|tmp-[0-9a-f]{16}")
IN_FEEDBACK = frozenset({"feedback.jsonl", "gaps.jsonl", "pinned.jsonl"})

PROGRAM_FOLDERS = frozenset({"node_modules", "__MACOSX"})
LOGSEQ_BACKUPS = ("logseq", "bak")  # Logseq keeps former versions of every note there
EDITOR_FILE = re.compile(r"~\$.*|.*~|#.*#", re.DOTALL)  # of Office while a file is open; of Vim and Emacs

UNOPENED = frozenset(  # causes that a name or a kind alone gives: such a file is no note, whatever it holds
    {
        Cause.HIDDEN,
        Cause.OWN,
        Cause.IGNORED,
        Cause.PROGRAM_FOLDER,
        Cause.EDITOR_FILE,
        Cause.FOLDER_LINK,
        Cause.NOT_A_NOTE,
    }
)


@dataclass(frozen=True, slots=True)
class _Found:
    """What the walk comes upon: a note, the glossary, an ignore file, or with a `reason` what is left out."""

    source: str
    entry: os.DirEntry[str] | None = None
    reason: Reason | None = None
    is_note: bool = True


def require_folder(corpus: Path) -> None:
    """Raises CorpusError when `corpus` cannot be listed: what can be said before anything slow is loaded."""
    try:
        os.scandir(corpus).close()
    except OSError as error:
        raise _corpus_error(corpus, error) from error


def may_be_note(source: str) -> bool:
    """Says whether a file may be a note by its name: whatever else lies beside the notes is nobody's business."""
    *folders, name = source.split("/")
    left_out = any(itertools.starmap(_of_folder, zip(folders, ["", *folders], strict=False)))
    return not left_out and _of_file(name) is None


def is_ignored(corpus: Path, source: str) -> bool:
    """Says whether an ignore file on the way to the file at `source` keeps it, or a folder above it, out."""
    kept_out, folder = Ignoring(), ""
    for part in re.findall("[^/]+/?", source):
        if os.path.isfile(os.path.join(corpus, unescape(folder), ignoring.NAME)):
            kept_out = kept_out.below(unescape(folder), ignoring.read(corpus, folder)[0])
        folder += part
        if kept_out.ignores(unescape(folder)):
            return True
    return False


def is_glossary(corpus: Path, source: str) -> bool:
    """Says whether the file at `source` is the glossary; a folder of that name is none."""
    path = os.path.join(corpus, glossary.SOURCE)
    return source == glossary.SOURCE and os.path.lexists(path) and not os.path.isdir(path)


def walk(corpus: Path) -> Iterator[str | Skipped]:
    """Yields the source of each file that may be a note, and what is left out before opening it."""
    for found in _visit(corpus):
        if found.reason:
            yield Skipped(found.source, found.reason)
        elif found.is_note:
            yield found.source


def watched(corpus: Path) -> Iterator[tuple[str, os.stat_result]]:
    """Yields each file on which the index depends: what may be a note, the glossary, ignore files; a link as itself."""
    for found in _visit(corpus):
        if found.entry:
            try:
                yield found.source, found.entry.stat(follow_symlinks=False)
            except OSError:
                continue  # gone between the listing and the look


def _visit(corpus: Path) -> Iterator[_Found]:
    pending = [("", Ignoring())]  # a list, not the call stack: folders may be nested thousands deep
    while pending:
        prefix, kept_out = pending.pop()
        try:
            entries = _list(corpus, prefix)
        except OSError as error:
            if not prefix:
                raise _corpus_error(corpus, error) from error
            yield _Found(prefix, reason=reason_of(error))
            continue
        names = [entry.name for entry in entries if not entry.name.startswith(".")]
        own = _own(names)
        if prefix and own and len(own) == len(names):
            yield _Found(prefix, reason=Reason(Cause.OWN))
            continue
        if ignore_file := next(filter(_is_ignore_file, entries), None):
            patterns, unusable = ignoring.read(corpus, prefix)
            kept_out = kept_out.below(unescape(prefix), patterns)
            yield _Found(prefix + ignoring.NAME, ignore_file, is_note=False)
            yield from (_Found(file.source, reason=file.reason) for file in unusable)
            entries.remove(ignore_file)
        for entry in entries:
            source = prefix + escape(entry.name) + ("/" if entry.is_dir(follow_symlinks=False) else "")
            if is_glossary(corpus, source):
                yield _Found(source, entry, is_note=False)  # `read_glossary` says what is wrong with it
            elif reason := Reason(Cause.OWN) if entry.name in own else _left_out(entry, source, kept_out):
                yield _Found(source, reason=reason)
            elif source.endswith("/"):
                pending.append((source, kept_out))
            else:
                yield _Found(source, entry)


def _list(corpus: Path, prefix: str) -> list[os.DirEntry[str]]:
    with os.scandir(os.path.join(corpus, unescape(prefix))) as entries:
        return list(entries)


def _own(names: Collection[str]) -> frozenset[str]:
    """Returns which of the names in a folder are of an index or of feedback, also where notes lie beside them."""
    own = IN_FEEDBACK.intersection(names)
    if any(mark in names for mark in INDEX_MARKS):
        own |= frozenset(filter(IN_INDEX.fullmatch, names))
    return own


def _is_ignore_file(entry: os.DirEntry[str]) -> bool:
    return entry.name == ignoring.NAME and not entry.is_dir()


def _left_out(entry: os.DirEntry[str], source: str, kept_out: Ignoring) -> Reason | None:
    """Returns why `entry`, at `source`, is left out by its name or kind, or by a person."""
    if entry.name.startswith("."):
        return Reason(Cause.HIDDEN)
    if kept_out.files and kept_out.ignores(unescape(source)):
        return Reason(Cause.IGNORED)
    *_, above, name = ["", *source.removesuffix("/").split("/")]
    if source.endswith("/"):
        return _of_folder(name, above)
    if entry.is_symlink() and os.path.isdir(entry.path):
        return Reason(Cause.FOLDER_LINK)  # inside the corpus it would repeat its notes or lead in a circle
    return _of_file(name)


def _of_folder(name: str, above: str) -> Reason | None:
    """Returns why no note is in a folder of this name, which is in one named `above`."""
    if name.startswith("."):
        return Reason(Cause.HIDDEN)
    is_program = name in PROGRAM_FOLDERS or (above, name) == LOGSEQ_BACKUPS
    return Reason(Cause.PROGRAM_FOLDER) if is_program else None


def _of_file(name: str) -> Reason | None:
    """Returns why no file of this name is a note."""
    if name.startswith("."):
        return Reason(Cause.HIDDEN)
    if EDITOR_FILE.fullmatch(name):
        return Reason(Cause.EDITOR_FILE)
    return None if reader_of(name) else no_note(name)


def no_note(source: str) -> Reason:
    """Returns why no reader reads the file at `source`."""
    return Reason(Cause.NOT_A_NOTE, PurePosixPath(source).suffix.lower() or "no suffix")


def _corpus_error(corpus: Path, error: OSError) -> CorpusError:
    if not os.path.lexists(corpus):
        return CorpusError(f"no folder {corpus}/: create it and put notes in it, or name yours with --corpus")
    if not os.path.isdir(corpus):
        return CorpusError(f"{corpus} is not a folder: name the folder that holds your notes with --corpus")
    return CorpusError(f"cannot read the folder {corpus} ({reason_of(error)}): allow reading it, or name another one")
