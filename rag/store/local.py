"""The index: passages, their vectors and postings as one immutable generation; built by `sync`, read by `Index`.

    passages.jsonl        one passage a line; the line number counts from 0 and is the passage's number everywhere
    passages.faiss        the vectors of whole passages
    sentences.npy         the vectors of their sentences, float16, shape (m, dimension), in order of the passages
    sentence_spans.npy    int32, shape (m, 3): passage number, start and end in its text
    tokens.npy            what late interaction compares, in that order too: unit vectors times 127, int8, shape (t, 64)
    token_counts.npy      int32, shape (n, 1): how many of them each passage has, 0 with an encoder that has none
    words.txt             the Latin words of five letters and more, sorted: what a misspelt one may have meant
    glossary.tsv          the names of one thing on each line, in normal form, separated by tabs
    postings/             the lexical index

`rag.store.generations` keeps these files safe; ranking is not done here.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import itertools
import json
import os
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from rag.encoders.base import TOKEN_DIMENSION, Encoded, Encoder, Vectors
from rag.errors import IndexCorrupt, IndexMismatch, IndexMissing, IndexUnusable
from rag.store import faiss_vectors, generations
from rag.store.base import (
    QUANTISED,
    REBUILD,
    Bytes,
    Candidate,
    Halves,
    Manifest,
    NoteRecord,
    Triples,
    late_interaction,
    made_by,
    maker,
    numbers_by_note,
)
from rag.store.tantivy_postings import Postings
from rag.text.glossary import Glossary
from rag.types import Passage, Place, Span

PASSAGES, VECTORS, SENTENCES, SPANS, TOKENS, TOKEN_COUNTS, WORDS, GLOSSARY, POSTINGS = (
    "passages.jsonl",
    "passages.faiss",
    "sentences.npy",
    "sentence_spans.npy",
    "tokens.npy",
    "token_counts.npy",
    "words.txt",
    "glossary.tsv",
    "postings/",
)
OPEN_ATTEMPTS = 5  # a generation vanishes under a reader only if two builds end while it reads
LEXICAL_OVERFETCH = 4  # so that what only the vectors found usually has its lexical score too
REMEMBERED = 10_000  # passages that stay in memory once they were asked for, about 5 kB each


class Index:
    """One generation, verified and in memory: it stays what it is, whatever is built meanwhile. Safe to share.

    `identity` is the sha256 of the manifest: names start again at gen-00000001 in an index folder that was removed.
    `warning` says that a damaged newer generation was passed over, and what to do.
    """

    def __init__(self, folder: Path, manifest: Manifest, identity: str, warning: str | None = None) -> None:
        """Reads what `manifest` lists, parsing the very bytes that were verified; raises IndexCorrupt."""
        self.generation = folder.name
        self.identity = identity
        self.manifest = manifest
        self.warning = warning
        self._folder = folder
        self._lines = self._read(PASSAGES)
        self._line_ends = np.flatnonzero(np.frombuffer(self._lines, dtype=np.uint8) == ord("\n"))
        self._vectors = faiss_vectors.from_bytes(self._read(VECTORS))
        self._sentences: Halves = self._read_array(SENTENCES, np.float16, manifest.dimension)
        self._spans: Triples = self._read_array(SPANS, np.int32, 3)
        # the sentences of passage i are the rows from _first_sentence[i] to _first_sentence[i + 1]
        self._first_sentence = np.searchsorted(self._spans[:, 0], np.arange(self.size + 1))
        self._tokens: Bytes = self._read_array(TOKENS, np.int8, TOKEN_DIMENSION)
        counts = self._read_array(TOKEN_COUNTS, np.int32, 1)[:, 0]
        self._first_token = np.concatenate([[0], np.cumsum(counts, dtype=np.int64)])
        self._notes = {note.source: note for note in manifest.notes}
        self._numbers = {source: numbers for (source, _), numbers in numbers_by_note(manifest.notes).items()}
        self._parsed: dict[int, Passage] = {}
        self._words = self._read(WORDS).decode().split()
        self.glossary = Glossary.from_text(self._read(GLOSSARY).decode())
        self._postings = self._open_postings()
        self._check_sizes()

    @classmethod
    def open(cls, index: Path, encoder: Encoder | None = None) -> Index:
        """Returns the current generation, or an older one with a warning when the current one is damaged.

        Raises IndexMissing, IndexMismatch when `encoder` is another one than made the index, and IndexCorrupt when
        no generation is whole.
        """
        try:
            return cls._open_current(index, encoder)
        except IndexCorrupt as error:
            return cls._open_older(index, encoder, error)

    @property
    def size(self) -> int:
        """The number of passages."""
        return self.manifest.passages

    @property
    def english(self) -> int:
        return self.manifest.english

    @property
    def level(self) -> float | None:
        return self.manifest.level

    @property
    def notes(self) -> Sequence[NoteRecord]:
        return self.manifest.notes

    @property
    def corpus(self) -> Path:
        """The folder of the notes, absolute."""
        return Path(os.path.normpath(os.path.join(os.path.realpath(self._folder.parent), self.manifest.corpus)))

    def note(self, source: str) -> NoteRecord | None:
        """Returns what is known of the note at `source`, None when it was not indexed."""
        return self._notes.get(source)

    def passage(self, id: int) -> Passage:
        """Returns the passage with a number below `size`; its line is only parsed when it is first asked for."""
        known = self._parsed.get(id)
        if known is None:
            known = self._parse(id)
            if len(self._parsed) < REMEMBERED:
                self._parsed[id] = known
        return known

    def passages(self, source: str | None = None) -> Iterator[tuple[int, Passage]]:
        numbers = range(self.size) if source is None else self._numbers.get(source, range(0))
        return ((number, self.passage(number)) for number in numbers)

    def candidates(self, question: Encoded, weights: Mapping[str, float], limit: int) -> list[Candidate]:
        numbers, _ = faiss_vectors.search(self._vectors, question.whole, limit)
        scores = dict(self._postings.search(weights, LEXICAL_OVERFETCH * limit))
        chosen = sorted({*numbers.tolist(), *itertools.islice(scores, limit)})
        dense = (self.vectors(chosen) @ question.whole).tolist()
        sentences = self._best_sentences(chosen, question.whole, dense)
        late = self._late_interaction(chosen, question) or [(similarity, similarity) for similarity, _ in sentences]
        found = [
            Candidate(number, dense_, similarity, best, scores.get(number, 0.0), *late_)
            for number, dense_, (similarity, best), late_ in zip(chosen, dense, sentences, late, strict=True)
        ]
        return sorted(found, key=lambda candidate: (-candidate.dense, candidate.id))

    def document_frequency(self, token: str) -> int:
        """Returns in how many passages `token` occurs, in the heading, the question or the text."""
        return self._postings.document_frequency(token)

    def words(self) -> Collection[str]:
        return self._words

    def vectors(self, ids: Sequence[int]) -> Vectors:
        return faiss_vectors.reconstruct(self._vectors, ids)

    def sentences(self, id: int, question: Vectors) -> dict[Span, float]:
        similarities = self.sentence_vectors(id).astype(np.float32) @ question
        return dict(zip(self.sentence_spans(id), similarities.tolist(), strict=True))

    def sentence_vectors(self, number: int) -> Halves:
        """Returns the vectors of the sentences of a passage, shape (its sentences, dimension)."""
        return self._sentences[self._first_sentence[number] : self._first_sentence[number + 1]]

    def sentence_spans(self, number: int) -> list[Span]:
        """Returns where the sentences of a passage are in its text."""
        rows = self._spans[self._first_sentence[number] : self._first_sentence[number + 1], 1:]
        return [(start, end) for start, end in rows.tolist()]

    def token_vectors(self, number: int) -> Bytes:
        """Returns what late interaction compares of a passage, shape (its tokens, TOKEN_DIMENSION)."""
        return self._tokens[self._first_token[number] : self._first_token[number + 1]]

    def _late_interaction(self, numbers: Sequence[int], question: Encoded) -> list[tuple[float, float]] | None:
        """Returns `late` and `weakest` of each passage, −1 to 1; None when the encoder has no token vectors."""
        if not len(question.tokens) or not len(self._tokens) or not numbers:
            return None
        pieces = [self.token_vectors(number) for number in numbers]
        starts = np.cumsum([0, *map(len, pieces[:-1])])
        similarities = np.concatenate(pieces).astype(np.float32) @ (question.tokens.T / QUANTISED)
        with np.errstate(invalid="ignore"):  # OpenBLAS now and then flags lanes of a register that it does not use
            late, weakest = late_interaction(np.maximum.reduceat(similarities, starts), question.weights)
        return list(zip(late.tolist(), weakest.tolist(), strict=True))

    def _best_sentences(
        self, numbers: Sequence[int], question: Vectors, dense: Sequence[float]
    ) -> list[tuple[float, Span]]:
        """Returns the best sentence of each passage with its similarity; of one without any, all of it and `dense`.

        One product for all of them is much faster than one for each.
        """
        starts = self._first_sentence[numbers]
        counts = self._first_sentence[np.asarray(numbers, dtype=np.int64) + 1] - starts
        ends = np.cumsum(counts)
        rows = np.arange(counts.sum()) + np.repeat(starts - (ends - counts), counts)
        similarities = np.split(self._sentences[rows].astype(np.float32) @ question, ends[:-1])
        return [
            self._best_sentence(number, similar) if len(similar) else (whole, (0, len(self.passage(number).text)))
            for number, similar, whole in zip(numbers, similarities, dense, strict=True)
        ]

    def _best_sentence(self, number: int, similarities: Vectors) -> tuple[float, Span]:
        nearest = int(similarities.argmax())
        start, end = self._spans[self._first_sentence[number] + nearest, 1:].tolist()
        return float(similarities[nearest]), (start, end)

    def _parse(self, number: int) -> Passage:
        start = self._line_ends[number - 1] + 1 if number else 0
        values = json.loads(self._lines[start : self._line_ends[number]])
        for name in ("headings", "answer", "asks", "names"):
            values[name] = None if values[name] is None else tuple(values[name])
        if "place" in values:
            values["place"] = Place(**values["place"])
        return Passage(**values)

    @classmethod
    def _open_current(cls, index: Path, encoder: Encoder | None) -> Index:
        for attempt in itertools.count(1):
            pointer = generations.current(index)
            if pointer is None:
                raise IndexMissing(f"no index in {index}: {REBUILD}")
            try:
                return cls._open_generation(index / pointer.name, pointer.sha256, encoder)
            except IndexCorrupt:
                # collected by a build while we read it: then CURRENT has moved on
                if attempt == OPEN_ATTEMPTS or generations.current(index) == pointer:
                    raise
        raise AssertionError("unreachable")

    @classmethod
    def _open_older(cls, index: Path, encoder: Encoder | None, cause: IndexCorrupt) -> Index:
        for name in generations.newest_first(index):
            warning = f"the index in {index} is damaged ({cause}), {name} is used instead: {REBUILD}"
            with contextlib.suppress(IndexCorrupt):
                return cls._open_generation(index / name, None, encoder, warning)
        raise IndexCorrupt(f"the index in {index} is damaged ({cause}): {REBUILD}") from cause

    @classmethod
    def _open_generation(
        cls, folder: Path, sha256: str | None, encoder: Encoder | None = None, warning: str | None = None
    ) -> Index:
        data = generations.read_manifest(folder, sha256)
        manifest = Manifest.from_json(data)
        if encoder is not None and not made_by(manifest, encoder):
            made, asked = maker(manifest.encoder, manifest.revision), maker(encoder.name, encoder.revision)
            raise IndexMismatch(
                f"the index was made by {made}, not by {asked}: run `python -m rag.build --encoder {encoder.name}`"
            )
        return cls(folder, manifest, hashlib.sha256(data).hexdigest(), warning)

    def _read(self, name: str) -> bytes:
        record = self.manifest.files.get(name)
        if record is None:
            self._corrupt(f"lists no {name}")
        return generations.read_file(self._folder, name, record)

    def _read_array(self, name: str, kind: type[np.generic], columns: int) -> npt.NDArray[Any]:
        """Returns the array in a .npy file, sharing the memory of the bytes that were verified."""
        data = self._read(name)
        stream = io.BytesIO(data)
        try:
            np.lib.format.read_magic(stream)
            shape, _, stored = np.lib.format.read_array_header_1_0(stream)
            array = np.frombuffer(data, dtype=stored, offset=stream.tell()).reshape(shape)
        except ValueError:
            self._corrupt(f"has no array in {name}")
        if array.dtype != kind or array.ndim != 2 or array.shape[1] != columns:
            self._corrupt(f"has the wrong array in {name}")
        return array

    def _open_postings(self) -> Postings:
        """Opens a private copy: tantivy maps files and locks their folder, which may be read-only or change."""
        names = [name for name in self.manifest.files if name.startswith(POSTINGS)]
        try:
            # mapped files outlive their names; on Windows they stay in the temporary folder
            with tempfile.TemporaryDirectory(prefix="kuaida-", ignore_cleanup_errors=True) as copy:
                for name in names:
                    Path(copy, name.removeprefix(POSTINGS)).write_bytes(self._read(name))
                return Postings(Path(copy))
        except OSError as error:
            where, cause = tempfile.gettempdir(), error.strerror
            raise IndexUnusable(f"cannot unpack the postings in {where} ({cause}): free space or set TMPDIR") from error

    def _check_sizes(self) -> None:
        numbers = self._spans[:, 0]
        if (
            len(self._line_ends) != self.size
            or (self._vectors.ntotal, self._vectors.d) != (self.size, self.manifest.dimension)
            or self._postings.size != self.size
            or len(self._sentences) != len(numbers)
            or (len(self._first_token) - 1, self._first_token[-1]) != (self.size, len(self._tokens))
            or self._first_sentence[-1] - self._first_sentence[0] != len(numbers)
            or np.any(np.diff(numbers) < 0)
        ):
            self._corrupt("does not agree with its manifest")

    def _corrupt(self, what: str) -> NoReturn:
        raise IndexCorrupt(f"{self.generation} {what}")


def current_identity(index: Path) -> str | None:
    """Returns the `Index.identity` of the generation that was published last, None without one; reads a small file."""
    try:
        pointer = generations.current(index)
    except IndexCorrupt:
        return None
    return pointer.sha256 if pointer else None
