"""Brings an index up to date with the notes."""

from __future__ import annotations

import datetime
import hashlib
import json
import os
import time
from collections.abc import Callable, Iterable, Set
from dataclasses import dataclass
from pathlib import Path

from rag.encoders.base import Encoder
from rag.errors import CorpusError, IndexUnusable
from rag.indexing import checkpoint
from rag.indexing.changes import Changes
from rag.indexing.encode import Plan, encode, make_plan
from rag.indexing.publish import level_of_alike, publish
from rag.notes.corpus import Held, read_corpus, read_glossary
from rag.notes.walking import UNOPENED
from rag.passages.split import SPLITTER_VERSION
from rag.store import generations
from rag.store.base import REBUILD, Manifest, NoteRecord, Progress, made_by, numbers_by_note
from rag.store.local import Index
from rag.text.glossary import Glossary
from rag.text.normal import is_chinese
from rag.types import BuildReport, Note, Passage, Reason, Remark, Skipped


@dataclass(frozen=True, slots=True)
class _Taken:
    """All that a build takes from the corpus."""

    notes: tuple[Note, ...]
    glossary: Glossary
    skipped: tuple[Skipped, ...]

    @classmethod
    def from_folder(cls, corpus: Path, base: Index | None) -> _Taken:
        """Reads the corpus, without what takes long to read and `base` holds as it is: such notes have no text."""
        notes, skipped = read_corpus(corpus, _held(base) if base else {})
        glossary, unusable = read_glossary(corpus)
        return cls(notes, glossary, (*skipped, *unusable))

    @property
    def remarks(self) -> tuple[Remark, ...]:
        """What is wrong with files that were read all the same."""
        return tuple(Remark(note.source, flaw) for note in self.notes for flaw in note.flaws)

    @property
    def digest(self) -> str:
        """A hash of it: the index is current as long as it stays the same.

        What is no note by its name is not in it: a picture, or an index among the notes, which is another after each
        build.
        """
        notes = [[note.source, note.sha256] for note in self.notes]
        opened = (file for file in self.skipped if file.reason.cause not in UNOPENED)
        skipped = [[file.source, str(file.reason)] for file in opened]
        return hashlib.sha256(json.dumps([notes, skipped, self.glossary.entries]).encode()).hexdigest()


def sync(
    corpus: Path,
    index: Path,
    encoder: Encoder,
    *,
    calibrated: bool = True,
    full: bool = False,
    progress: Progress | None = None,
) -> BuildReport:
    """Brings the index up to date with the notes and reports what changed; publishes nothing when nothing did.

    Vectors of passages that look the same to the encoder are taken over, unless `full`, also from a build of many
    passages that was stopped. Where `calibrated`, an index
    that is not much like the one before is asked how sure it looks; without, any confidence is that of typical notes.
    `progress` gets the number of passages encoded and of those to encode. Raises CorpusError and IndexNotWritable; the
    index then is as before.
    """
    started = time.monotonic()
    with generations.exclusive(index):
        previous = _previous(index)
        reusable = previous if previous and not full and _vectors_fit(previous.manifest, encoder) else None
        taken = _Taken.from_folder(corpus, reusable)
        if full:
            checkpoint.remove(index)
        if previous and not full and _is_up_to_date(previous, taken, corpus, encoder):
            checkpoint.remove(index)
            return _report(previous.manifest, taken, Changes(), previous.generation, started)
        plan = make_plan(taken.notes, reusable)
        if not plan.passages:
            raise CorpusError(f"no notes with text in {corpus}: put .md, .txt, .pdf or .docx files there and {REBUILD}")
        arrays = encode(plan, reusable, encoder, index, progress)
        manifest = _manifest(taken, plan, encoder, _relative(corpus, index), reusable)
        keep = previous.generation if previous else None
        generation = publish(index, manifest, plan.passages, arrays, taken.glossary, encoder, keep, calibrated)
        checkpoint.remove(index)
    return _report(manifest, taken, _changes(plan, previous), generation, started)


def is_current(corpus: Path, index: Path, encoder: Encoder) -> bool:
    """Says whether `sync` would find nothing to do; writes nothing. Raises CorpusError."""
    previous = _previous(index)
    taken = _Taken.from_folder(corpus, previous)
    return previous is not None and _is_up_to_date(previous, taken, corpus, encoder)


def _held(base: Index) -> dict[str, Held]:
    flaws: dict[str, tuple[Reason, ...]] = {}
    for remark in base.manifest.remarks:
        flaws[remark.source] = (*flaws.get(remark.source, ()), remark.reason)
    return {note.source: Held(note.sha256, flaws.get(note.source, ())) for note in base.notes}


def _previous(index: Path) -> Index | None:
    try:
        return Index.open(index)
    except IndexUnusable:
        return None  # nothing there, or nothing that this version can read: all passages are new


def _is_up_to_date(previous: Index, taken: _Taken, corpus: Path, encoder: Encoder) -> bool:
    return (
        previous.warning is None
        and _vectors_fit(previous.manifest, encoder)
        and previous.manifest.corpus_digest == taken.digest
        and os.path.realpath(previous.corpus) == os.path.realpath(corpus)
    )


def _vectors_fit(manifest: Manifest, encoder: Encoder) -> bool:
    return made_by(manifest, encoder) and manifest.splitter == SPLITTER_VERSION


def _manifest(taken: _Taken, plan: Plan, encoder: Encoder, corpus: str, base: Index | None) -> Manifest:
    """Returns the manifest of the next generation, whose files are not yet written."""
    return Manifest(
        encoder=encoder.name,
        revision=encoder.revision,
        dimension=encoder.dimension,
        splitter=SPLITTER_VERSION,
        corpus=corpus,
        corpus_digest=taken.digest,
        created=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        passages=len(plan.passages),
        level=level_of_alike(base, len(plan.passages)),
        english=sum(not is_chinese(passage.text) for passage in plan.passages),
        notes=plan.notes,
        skipped=taken.skipped,
        remarks=taken.remarks,
        files={},
    )


def _relative(corpus: Path, index: Path) -> str:
    corpus_path, index_path = os.path.realpath(corpus), os.path.realpath(index)
    try:
        return Path(os.path.relpath(corpus_path, index_path)).as_posix()
    except ValueError:  # on another drive of Windows
        return Path(corpus_path).as_posix()


def _report(manifest: Manifest, taken: _Taken, changes: Changes, generation: str, started: float) -> BuildReport:
    return BuildReport(
        notes=len(manifest.notes),
        passages=manifest.passages,
        added=len(changes.added),
        changed=len(changes.changed),
        removed=len(changes.removed),
        skipped=taken.skipped,
        generation=generation,
        seconds=time.monotonic() - started,
        differences=changes.differences(),
        remarks=taken.remarks,
    )


def _changes(plan: Plan, previous: Index | None) -> Changes:
    if previous is None:
        return Changes(added=tuple(plan.passages))
    same: Set[tuple[str, str]] = set()
    if previous.manifest.splitter == SPLITTER_VERSION:
        same = numbers_by_note(previous.manifest.notes).keys() & numbers_by_note(plan.notes).keys()
    old = _by_source(previous.manifest.notes, previous.passage, same)
    new = _by_source(plan.notes, plan.passages.__getitem__, same)
    return Changes.between(old, new)


def _by_source(
    notes: Iterable[NoteRecord], passage: Callable[[int], Passage], left_out: Set[tuple[str, str]]
) -> dict[str, list[Passage]]:
    return {
        source: [passage(number) for number in numbers]
        for (source, sha256), numbers in numbers_by_note(notes).items()
        if (source, sha256) not in left_out
    }
