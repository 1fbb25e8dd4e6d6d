"""Which passages are new, and their vectors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rag.encoders.base import TOKEN_DIMENSION, Encoder, Vectors
from rag.indexing.checkpoint import Checkpoint, Row
from rag.passages.split import split
from rag.passages.views import Embedded, embed
from rag.store.base import Bytes, Halves, NoteRecord, Progress, Triples, numbers_by_note
from rag.store.local import Index
from rag.types import Note, Passage, Span

ENCODE_BATCH = 128  # passages; the encoder sorts them by length, and each is one step of the progress bar


@dataclass(frozen=True, slots=True)
class Plan:
    """The passages of the next generation; `reused[i]` is the number in the current one with equal vectors, or -1."""

    notes: tuple[NoteRecord, ...]
    passages: list[Passage]
    reused: list[int]


@dataclass(frozen=True, slots=True)
class Arrays:
    """Vectors of passages (n, dimension), their sentences and their tokens; all but the first as on disk."""

    passages: Vectors
    sentences: Halves
    spans: Triples
    tokens: Bytes
    token_counts: Triples


def make_plan(notes: Iterable[Note], base: Index | None) -> Plan:
    """Splits the notes, except those that `base` holds unchanged, and looks up which vectors it has already."""
    held = numbers_by_note(base.manifest.notes) if base else {}
    known = _known_vectors(base, held.keys() - {(note.source, note.sha256) for note in notes}) if base else {}
    records: list[NoteRecord] = []
    passages: list[Passage] = []
    reused: list[int] = []
    for note in notes:
        numbers = held.get((note.source, note.sha256))
        if base and numbers is not None:
            pieces = [base.passage(number) for number in numbers]
            reused.extend(numbers)
        else:
            pieces = list(split(note))
            reused.extend(known.get(embed(piece).key, -1) if known else -1 for piece in pieces)
        passages.extend(pieces)
        asked = sum(piece.question is not None for piece in pieces)
        records.append(NoteRecord(note.source, note.sha256, len(pieces), asked))
    return Plan(tuple(records), passages, reused)


def _known_vectors(base: Index, notes: Set[tuple[str, str]]) -> dict[str, int]:
    """Returns the numbers of the passages of `notes`, which changed or went, by what the encoder saw of them."""
    numbers = numbers_by_note(base.manifest.notes)
    return {embed(base.passage(number)).key: number for note in notes for number in numbers[note]}


def encode(plan: Plan, base: Index | None, encoder: Encoder, index: Path, progress: Progress | None) -> Arrays:
    """Returns the vectors of all passages, encoding only what neither `base` nor a stopped build in `index` has."""
    whole = np.empty((len(plan.passages), encoder.dimension), dtype=np.float32)
    halves: list[Halves] = [np.empty((0, encoder.dimension), dtype=np.float16)] * len(plan.passages)
    spans: list[Sequence[Span]] = [()] * len(plan.passages)
    tokens_of: list[Bytes] = [np.empty((0, TOKEN_DIMENSION), dtype=np.int8)] * len(plan.passages)
    if base:
        reused = [number for number, old in enumerate(plan.reused) if old >= 0]
        whole[reused] = base.vectors([plan.reused[number] for number in reused])
        for number in reused:
            halves[number] = base.sentence_vectors(plan.reused[number])
            spans[number] = base.sentence_spans(plan.reused[number])
            tokens_of[number] = base.token_vectors(plan.reused[number])
    fresh = {number: embed(plan.passages[number]) for number, old in enumerate(plan.reused) if old < 0}
    for number, row in _rows(fresh, encoder, index, progress):
        whole[number], halves[number], tokens_of[number] = row.whole, row.sentences, row.tokens
        spans[number] = fresh[number].origins
    triples = [(number, start, end) for number, owned in enumerate(spans) for start, end in owned]
    return Arrays(
        whole,
        np.concatenate(halves),
        np.array(triples, dtype=np.int32).reshape(-1, 3),
        np.concatenate(tokens_of),
        np.array([[len(rows)] for rows in tokens_of], dtype=np.int32),
    )


def _rows(
    fresh: Mapping[int, Embedded], encoder: Encoder, index: Path, progress: Progress | None
) -> Iterator[tuple[int, Row]]:
    """Yields the vectors of each passage in `fresh` by its number, and keeps them for the next build until then."""
    keys = {number: embedded.key for number, embedded in fresh.items()}
    checkpoint = Checkpoint.open(index, encoder, frozenset(keys.values()))
    yield from ((number, checkpoint.rows[key]) for number, key in keys.items() if key in checkpoint.rows)
    left = [number for number, key in keys.items() if key not in checkpoint.rows]
    for start in range(0, len(left), ENCODE_BATCH):
        batch = left[start : start + ENCODE_BATCH]
        texts, sentences = [fresh[number].text for number in batch], [fresh[number].spans for number in batch]
        rows = [Row.of(encoded) for encoded in encoder.encode_passages(texts, sentences)]
        checkpoint.add([keys[number] for number in batch], rows)
        yield from zip(batch, rows, strict=True)
        if progress:
            progress(start + len(batch), len(left))
