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

`rag.generations` keeps these files safe; ranking is not done here.
"""

from __future__ import annotations

import dataclasses
import datetime
import hashlib
import io
import itertools
import json
import os
import re
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import numpy as np
import numpy.typing as npt
from rapidfuzz import process
from rapidfuzz.distance import OSA

from rag import generations, lexical, vectors
from rag.calibration import TYPICAL, Calibration
from rag.changes import Changes
from rag.encoders.base import TOKEN_DIMENSION, Encoded, Encoder, Vectors
from rag.errors import CorpusError, IndexCorrupt, IndexMismatch, IndexMissing, IndexNotWritable, IndexUnusable
from rag.generations import FileRecord
from rag.lexical import Postings, Row
from rag.notes import read_corpus, read_glossary
from rag.passages.split import SPLITTER_VERSION, split
from rag.passages.views import embed, heading_text, heard, lexical_text
from rag.text.glossary import Glossary
from rag.text.normal import is_chinese
from rag.text.tokens import runs, tokens
from rag.text.typos import sounds
from rag.types import BuildReport, Note, Passage, Skipped, Span

T = TypeVar("T")

FORMAT = 2  # of the files above
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
LATIN = re.compile("[a-z][a-z0-9]{4,}")  # shorter words are too close to each other to guess what was meant
OPEN_ATTEMPTS = 5  # a generation vanishes under a reader only if two builds end while it reads
LEXICAL_OVERFETCH = 4  # so that what only the vectors found usually has its lexical score too
ENCODE_BATCH = 128  # passages; the encoder sorts them by length, and each is one step of the progress bar
REMEMBERED = 10_000  # passages that stay in memory once they were asked for, about 5 kB each
TWO_SLIPS = 8  # letters from which a word may have two
ALIKE = 0.1  # two generations whose sizes differ by no more than this are calibrated once
QUANTISED = 127  # the int8 of 1.0 in a token vector
SELF_SIMILARITY = 0.99  # of a vector and itself; float16 costs about 0.0005

REBUILD = "run `python -m rag.build`"

Progress = Callable[[int, int], None]
Calibrate = Callable[["Index", Encoder], Calibration | None]
Halves = npt.NDArray[np.float16]
Triples = npt.NDArray[np.int32]
Bytes = npt.NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class NoteRecord:
    """A note as indexed; the passages of one note have consecutive numbers, in the order of the records."""

    source: str
    sha256: str
    passages: int
    questions: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a generation says about itself.

    `corpus` is relative to the index folder, so that both can be moved together; `created` is ISO 8601 in UTC;
    `english` counts the passages that are not in Chinese.
    """

    encoder: str
    revision: str
    dimension: int
    splitter: int
    corpus: str
    corpus_digest: str
    created: str
    passages: int
    level: float | None
    english: int
    notes: tuple[NoteRecord, ...]
    skipped: tuple[Skipped, ...]
    files: dict[str, FileRecord]

    def to_json(self) -> bytes:
        return json.dumps({"format": FORMAT, **dataclasses.asdict(self)}, ensure_ascii=False).encode()

    @classmethod
    def from_json(cls, data: bytes) -> Manifest:
        """Raises IndexMismatch when another version wrote it, IndexCorrupt when nobody did."""
        try:
            values = json.loads(data)
            if values.pop("format") != FORMAT:
                raise IndexMismatch(f"the index was made by another version of this program: {REBUILD}")
            values["notes"] = tuple(NoteRecord(**record) for record in values["notes"])
            values["skipped"] = tuple(Skipped(**record) for record in values["skipped"])
            values["files"] = {name: FileRecord(**record) for name, record in values["files"].items()}
            return cls(**values)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise IndexCorrupt("the manifest cannot be parsed") from error


@dataclass(frozen=True, slots=True)
class Candidate:
    """A passage that may answer, with what each channel says; higher is better everywhere.

    `dense` is the similarity of the whole passage, `sentence` that of its best sentence, `best` in `passage.text`;
    `lexical` is BM25, 0.0 for a passage that the postings did not find among their first.
    """

    number: int
    dense: float
    sentence: float
    best: Span
    lexical: float


class Index:
    """One generation, verified and in memory: it stays what it is, whatever is built meanwhile. Safe to share.

    `identity` is the sha256 of the manifest: names start again at gen-00000001 in an index folder that was removed.
    `warning` says that a damaged newer generation was passed over, and what to do.
    """

    def __init__(self, folder: Path, manifest: Manifest, identity: str) -> None:
        """Reads what `manifest` lists, parsing the very bytes that were verified; raises IndexCorrupt."""
        self.generation = folder.name
        self.identity = identity
        self.manifest = manifest
        self.calibration = TYPICAL if manifest.level is None else Calibration(manifest.level)
        self.warning: str | None = None
        self._folder = folder
        self._lines = self._read(PASSAGES)
        self._line_ends = np.flatnonzero(np.frombuffer(self._lines, dtype=np.uint8) == ord("\n"))
        self._vectors = vectors.from_bytes(self._read(VECTORS))
        self._sentences: Halves = self._read_array(SENTENCES, np.float16, manifest.dimension)
        self._spans: Triples = self._read_array(SPANS, np.int32, 3)
        # the sentences of passage i are the rows from _first_sentence[i] to _first_sentence[i + 1]
        self._first_sentence = np.searchsorted(self._spans[:, 0], np.arange(self.size + 1))
        self._tokens: Bytes = self._read_array(TOKENS, np.int8, TOKEN_DIMENSION)
        counts = self._read_array(TOKEN_COUNTS, np.int32, 1)[:, 0]
        self._first_token = np.concatenate([[0], np.cumsum(counts, dtype=np.int64)])
        self._asking = {note.source for note in manifest.notes if note.questions}
        self._notes = {note.source: note for note in manifest.notes}
        self._numbers = {source: numbers for (source, _), numbers in _numbers_by_note(manifest.notes).items()}
        self._parsed: dict[int, Passage] = {}
        self._runs: dict[int, str] = {}
        self._heard: dict[int, str] = {}
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
    def corpus(self) -> Path:
        """The folder of the notes, absolute."""
        return Path(os.path.normpath(os.path.join(os.path.realpath(self._folder.parent), self.manifest.corpus)))

    def note(self, source: str) -> NoteRecord | None:
        """Returns what is known of the note at `source`, None when it was not indexed."""
        return self._notes.get(source)

    def numbers(self, source: str) -> range:
        """Returns the numbers of the passages of the note at `source`, none when it was not indexed."""
        return self._numbers.get(source, range(0))

    def passage(self, number: int) -> Passage:
        """Returns the passage with a number below `size`; its line is only parsed when it is first asked for."""
        return _remembered(self._parsed, number, lambda: self._parse(number))

    def is_beside_questions(self, passage: Passage) -> bool:
        """True for a passage that answers no question in a note that has some: a title, an introduction, a list."""
        return passage.question is None and passage.source in self._asking

    def candidates(self, question_vector: Vectors, token_weights: Mapping[str, float], limit: int) -> list[Candidate]:
        """Returns the best `limit` passages by vector and the best `limit` by BM25, together, by falling `dense`.

        `question_vector` is a unit vector of shape (dimension,).
        """
        numbers, _ = vectors.search(self._vectors, question_vector, limit)
        scores = dict(self._postings.search(token_weights, LEXICAL_OVERFETCH * limit))
        chosen = sorted({*numbers.tolist(), *itertools.islice(scores, limit)})
        similarities = (vectors.reconstruct(self._vectors, chosen) @ question_vector).tolist()
        of_sentences = self._sentence_similarities(chosen, question_vector)
        found = [
            self._candidate(number, dense, sentences_of, scores.get(number, 0.0))
            for number, dense, sentences_of in zip(chosen, similarities, of_sentences, strict=True)
        ]
        return sorted(found, key=lambda candidate: (-candidate.dense, candidate.number))

    def document_frequency(self, token: str) -> int:
        """Returns in how many passages `token` occurs, in the heading, the question or the text."""
        return self._postings.document_frequency(token)

    def runs(self, number: int) -> str:
        """Returns where `needle` is looked for: the headings of a passage, its question and its text."""
        return _remembered(self._runs, number, lambda: runs(lexical_text(self.passage(number))))

    def heard(self, number: int) -> str:
        """Returns where the needle of a sound is looked for: how all of `runs` sounds."""
        return _remembered(self._heard, number, lambda: heard(lexical_text(self.passage(number))))

    def nearest_word(self, word: str) -> str | None:
        """Returns the word of the notes that a misspelt Latin `word` most likely is.

        One slip of the finger (wrong, missing, doubled or swapped letter), two in long words, never the first letter
        (optimal string alignment distance).
        """
        if not LATIN.fullmatch(word):
            return None
        slips = 1 if len(word) < TWO_SLIPS else 2
        alike = [known for known in self._words if known[0] == word[0] and abs(len(known) - len(word)) <= slips]
        found = process.extractOne(word, alike, scorer=OSA.distance, score_cutoff=slips)
        return str(found[0]) if found else None

    def passage_vectors(self, numbers: Sequence[int]) -> Vectors:
        """Returns the vectors of whole passages, shape (len(numbers), dimension)."""
        return vectors.reconstruct(self._vectors, numbers)

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

    def late_interaction(self, numbers: Sequence[int], question: Encoded) -> list[float] | None:
        """Returns how well each passage answers, token by token, −1 to 1; None when the encoder has no such vectors.

        Each token of the question counts with its nearest in the passage (ColBERT, Khattab & Zaharia 2020).
        """
        if not len(question.tokens) or not len(self._tokens) or not numbers:
            return None
        pieces = [self.token_vectors(number) for number in numbers]
        starts = np.cumsum([0, *map(len, pieces[:-1])])
        similarities = np.concatenate(pieces).astype(np.float32) @ (question.tokens.T / QUANTISED)
        scores: list[float] = (np.maximum.reduceat(similarities, starts) @ question.weights).tolist()
        return scores

    def sentence_similarities(self, number: int, question_vector: Vectors, within: Span) -> dict[Span, float]:
        """Returns how similar to the question the sentences of a passage in a part of its text are, in order."""
        similarities = self.sentence_vectors(number).astype(np.float32) @ question_vector
        return {
            span: similarity
            for span, similarity in zip(self.sentence_spans(number), similarities.tolist(), strict=True)
            if within[0] <= span[0] < span[1] <= within[1]
        }

    def _sentence_similarities(self, numbers: Sequence[int], question_vector: Vectors) -> list[Vectors]:
        """Returns for each passage the similarities of its sentences; one product for all of them is much faster."""
        starts = self._first_sentence[numbers]
        counts = self._first_sentence[np.asarray(numbers, dtype=np.int64) + 1] - starts
        ends = np.cumsum(counts)
        rows = np.arange(counts.sum()) + np.repeat(starts - (ends - counts), counts)
        return np.split(self._sentences[rows].astype(np.float32) @ question_vector, ends[:-1])

    def _candidate(self, number: int, dense: float, similarities: Vectors, score: float) -> Candidate:
        if len(similarities) == 0:
            return Candidate(number, dense, dense, (0, len(self.passage(number).text)), score)
        nearest = int(similarities.argmax())
        start, end = self._spans[self._first_sentence[number] + nearest, 1:].tolist()
        return Candidate(number, dense, float(similarities[nearest]), (start, end), score)

    def _parse(self, number: int) -> Passage:
        start = self._line_ends[number - 1] + 1 if number else 0
        values = json.loads(self._lines[start : self._line_ends[number]])
        return Passage(**{**values, "headings": tuple(values["headings"])})

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
            try:
                found = cls._open_generation(index / name, None, encoder)
            except IndexCorrupt:
                continue
            found.warning = f"the index in {index} is damaged ({cause}), {name} is used instead: {REBUILD}"
            return found
        raise IndexCorrupt(f"the index in {index} is damaged ({cause}): {REBUILD}") from cause

    @classmethod
    def _open_generation(cls, folder: Path, sha256: str | None, encoder: Encoder | None = None) -> Index:
        data = generations.read_manifest(folder, sha256)
        manifest = Manifest.from_json(data)
        if encoder is not None and not _made_by(manifest, encoder):
            made, asked = _maker(manifest.encoder, manifest.revision), _maker(encoder.name, encoder.revision)
            raise IndexMismatch(
                f"the index was made by {made}, not by {asked}: run `python -m rag.build --encoder {encoder.name}`"
            )
        return cls(folder, manifest, hashlib.sha256(data).hexdigest())

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


def _remembered(cache: dict[int, T], number: int, make: Callable[[], T]) -> T:
    """Returns what `cache` holds of a passage, made when it is first asked for; the first REMEMBERED stay."""
    value = cache.get(number)
    if value is None:
        value = make()
        if len(cache) < REMEMBERED:
            cache[number] = value
    return value


def current_identity(index: Path) -> str | None:
    """Returns the `Index.identity` of the generation that was published last, None without one; reads a small file."""
    try:
        pointer = generations.current(index)
    except IndexCorrupt:
        return None
    return pointer.sha256 if pointer else None


@dataclass(frozen=True, slots=True)
class _Taken:
    """All that a build takes from the corpus."""

    notes: tuple[Note, ...]
    glossary: Glossary
    skipped: tuple[Skipped, ...]

    @classmethod
    def from_folder(cls, corpus: Path) -> _Taken:
        notes, skipped = read_corpus(corpus)
        glossary, unusable = read_glossary(corpus)
        return cls(notes, glossary, (*skipped, *unusable))

    @property
    def digest(self) -> str:
        """A hash of it: the index is current as long as it stays the same."""
        notes = [[note.source, note.sha256] for note in self.notes]
        skipped = [[file.source, file.reason] for file in self.skipped]
        return hashlib.sha256(json.dumps([notes, skipped, self.glossary.entries]).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class _Plan:
    """The passages of the next generation; `reused[i]` is the number in the current one with equal vectors, or -1."""

    notes: tuple[NoteRecord, ...]
    passages: list[Passage]
    reused: list[int]


@dataclass(frozen=True, slots=True)
class _Encoded:
    """Vectors of passages (n, dimension), their sentences and their tokens; all but the first as on disk."""

    passages: Vectors
    sentences: Halves
    spans: Triples
    tokens: Bytes
    token_counts: Triples


def sync(
    corpus: Path,
    index: Path,
    encoder: Encoder,
    *,
    calibrate: Calibrate | None = None,
    full: bool = False,
    progress: Progress | None = None,
) -> BuildReport:
    """Brings the index up to date with the notes and reports what changed; publishes nothing when nothing did.

    Vectors of passages that look the same to the encoder are taken over, unless `full`. `calibrate` measures a new
    index that is not much like the one before. `progress` gets the number of passages encoded and of those to encode.
    Raises CorpusError and IndexNotWritable; the index then is as before.
    """
    started = time.monotonic()
    with generations.exclusive(index):
        taken = _Taken.from_folder(corpus)
        previous = _previous(index)
        if previous and not full and _is_up_to_date(previous, taken, corpus, encoder):
            return _report(previous.manifest, Changes(), previous.generation, started)
        reusable = previous if previous and not full and _vectors_fit(previous.manifest, encoder) else None
        plan = _plan(taken.notes, reusable)
        if not plan.passages:
            raise CorpusError(f"no notes with text in {corpus}: put .md or .txt files there and {REBUILD}")
        encoded = _encode(plan, reusable, encoder, progress)
        manifest = Manifest(
            encoder=encoder.name,
            revision=encoder.revision,
            dimension=encoder.dimension,
            splitter=SPLITTER_VERSION,
            corpus=_relative(corpus, index),
            corpus_digest=taken.digest,
            created=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            passages=len(plan.passages),
            level=_level_of_alike(reusable, len(plan.passages)),
            english=sum(not is_chinese(passage.text) for passage in plan.passages),
            notes=plan.notes,
            skipped=taken.skipped,
            files={},
        )
        keep = previous.generation if previous else None
        generation = _publish(index, manifest, plan.passages, encoded, taken.glossary, encoder, calibrate, keep)
    return _report(manifest, _changes(plan, previous), generation, started)


def is_current(corpus: Path, index: Path, encoder: Encoder) -> bool:
    """Says whether `sync` would find nothing to do; writes nothing. Raises CorpusError."""
    taken = _Taken.from_folder(corpus)
    previous = _previous(index)
    return previous is not None and _is_up_to_date(previous, taken, corpus, encoder)


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


def _made_by(manifest: Manifest, encoder: Encoder) -> bool:
    made = (manifest.encoder, manifest.revision, manifest.dimension)
    return made == (encoder.name, encoder.revision, encoder.dimension)


def _vectors_fit(manifest: Manifest, encoder: Encoder) -> bool:
    return _made_by(manifest, encoder) and manifest.splitter == SPLITTER_VERSION


def _maker(name: str, revision: str) -> str:
    return f"{name} (revision {revision})"


def _relative(corpus: Path, index: Path) -> str:
    corpus_path, index_path = os.path.realpath(corpus), os.path.realpath(index)
    try:
        return Path(os.path.relpath(corpus_path, index_path)).as_posix()
    except ValueError:  # on another drive of Windows
        return Path(corpus_path).as_posix()


def _report(manifest: Manifest, changes: Changes, generation: str, started: float) -> BuildReport:
    return BuildReport(
        notes=len(manifest.notes),
        passages=manifest.passages,
        added=len(changes.added),
        changed=len(changes.changed),
        removed=len(changes.removed),
        skipped=manifest.skipped,
        generation=generation,
        seconds=time.monotonic() - started,
        differences=changes.differences(),
    )


def _plan(notes: Iterable[Note], base: Index | None) -> _Plan:
    """Splits the notes, except those that `base` holds unchanged, and looks up which vectors it has already."""
    held = _numbers_by_note(base.manifest.notes) if base else {}
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
    return _Plan(tuple(records), passages, reused)


def _known_vectors(base: Index, notes: Set[tuple[str, str]]) -> dict[str, int]:
    """Returns the numbers of the passages of `notes`, which changed or went, by what the encoder saw of them."""
    numbers = _numbers_by_note(base.manifest.notes)
    return {embed(base.passage(number)).key: number for note in notes for number in numbers[note]}


def _numbers_by_note(notes: Iterable[NoteRecord]) -> dict[tuple[str, str], range]:
    """Returns the passage numbers of each (source, sha256)."""
    numbers: dict[tuple[str, str], range] = {}
    first = 0
    for note in notes:
        numbers[note.source, note.sha256] = range(first, first + note.passages)
        first += note.passages
    return numbers


def _encode(plan: _Plan, base: Index | None, encoder: Encoder, progress: Progress | None) -> _Encoded:
    """Returns the vectors of all passages, encoding only those that `base` does not have."""
    whole = np.empty((len(plan.passages), encoder.dimension), dtype=np.float32)
    halves: list[Halves] = [np.empty((0, encoder.dimension), dtype=np.float16)] * len(plan.passages)
    spans: list[Sequence[Span]] = [()] * len(plan.passages)
    tokens_of: list[Bytes] = [np.empty((0, TOKEN_DIMENSION), dtype=np.int8)] * len(plan.passages)
    if base:
        reused = [number for number, old in enumerate(plan.reused) if old >= 0]
        whole[reused] = base.passage_vectors([plan.reused[number] for number in reused])
        for number in reused:
            halves[number] = base.sentence_vectors(plan.reused[number])
            spans[number] = base.sentence_spans(plan.reused[number])
            tokens_of[number] = base.token_vectors(plan.reused[number])
    fresh = [number for number, old in enumerate(plan.reused) if old < 0]
    for start in range(0, len(fresh), ENCODE_BATCH):
        batch = fresh[start : start + ENCODE_BATCH]
        embedded = [embed(plan.passages[number]) for number in batch]
        encoded = encoder.encode_passages([item.text for item in embedded], [item.spans for item in embedded])
        for number, item, vectors_of in zip(batch, embedded, encoded, strict=True):
            whole[number] = vectors_of.whole
            halves[number] = vectors_of.vectors[1:].astype(np.float16)
            spans[number] = item.origins
            tokens_of[number] = np.rint(vectors_of.tokens * QUANTISED).astype(np.int8)
        if progress:
            progress(start + len(batch), len(fresh))
    triples = [(number, start, end) for number, owned in enumerate(spans) for start, end in owned]
    return _Encoded(
        whole,
        np.concatenate(halves),
        np.array(triples, dtype=np.int32).reshape(-1, 3),
        np.concatenate(tokens_of),
        np.array([[len(rows)] for rows in tokens_of], dtype=np.int32),
    )


def _publish(
    index: Path,
    manifest: Manifest,
    passages: Sequence[Passage],
    encoded: _Encoded,
    glossary: Glossary,
    encoder: Encoder,
    calibrate: Calibrate | None,
    keep: str | None,
) -> str:
    """Writes a generation, proves that it can be read, and makes it the current one; returns its name."""
    with generations.Draft(index) as draft:
        draft.write(PASSAGES, b"".join(map(_line, passages)))
        draft.write(VECTORS, vectors.to_bytes(vectors.build(encoded.passages)))
        draft.write(SENTENCES, _npy(encoded.sentences))
        draft.write(SPANS, _npy(encoded.spans))
        draft.write(TOKENS, _npy(encoded.tokens))
        draft.write(TOKEN_COUNTS, _npy(encoded.token_counts))
        scratch = draft.scratch()
        rows = [_lexical_row(passage) for passage in passages]
        draft.write(WORDS, _latin_words(rows))
        draft.write(GLOSSARY, glossary.to_text().encode())
        lexical.write(scratch, rows)
        for path in sorted(path for path in scratch.iterdir() if not path.name.startswith(".")):
            draft.write(POSTINGS + path.name, path.read_bytes())
        manifest = dataclasses.replace(manifest, files=draft.files)
        draft.seal(manifest.to_json())
        if calibrate and manifest.level is None:
            calibration = calibrate(_reopened(draft.folder), encoder)
            draft.seal(dataclasses.replace(manifest, level=calibration.level if calibration else None).to_json())
        _prove(draft.folder, encoded.passages)
        return draft.publish(keep)


def _line(passage: Passage) -> bytes:
    return json.dumps(dataclasses.asdict(passage), ensure_ascii=False).encode() + b"\n"


def _npy(array: npt.NDArray[Any]) -> memoryview:
    stream = io.BytesIO()
    np.lib.format.write_array(stream, np.ascontiguousarray(array), version=(1, 0), allow_pickle=False)
    return stream.getbuffer()


def _lexical_row(passage: Passage) -> Row:
    heading = heading_text(passage)
    body = tuple(tokens(passage.text))
    heard = itertools.chain.from_iterable(map(sounds, (*tokens(heading), *body)))
    return Row(" ".join(tokens(heading)), " ".join(body), " ".join(heard))


def _latin_words(rows: Iterable[Row]) -> bytes:
    """Returns the words that a misspelt one may have been meant as, one a line."""
    words = {word for row in rows for word in f"{row.heading} {row.body}".split() if LATIN.fullmatch(word)}
    return "".join(f"{word}\n" for word in sorted(words)).encode()


def _reopened(folder: Path) -> Index:
    try:
        return Index._open_generation(folder, None)
    except IndexCorrupt as error:
        raise IndexNotWritable(f"the new index reads back damaged ({error}): check the disk") from error


def _level_of_alike(base: Index | None, passages: int) -> float | None:
    """Returns the level of the generation before when it has about as many passages: it would hardly differ."""
    if base is None or abs(passages - base.size) > ALIKE * base.size:
        return None
    return base.manifest.level


def _prove(folder: Path, whole: Vectors) -> None:
    """Opens what was written and searches it; raises IndexNotWritable when a passage does not find itself."""
    written = _reopened(folder)
    probes = (0, len(whole) // 2, len(whole) - 1)  # one may fail: a graph does not promise to find everything
    best = [max((found.dense for found in written.candidates(whole[probe], {}, 1)), default=0.0) for probe in probes]
    if max(best) < SELF_SIMILARITY:
        raise IndexNotWritable(f"the new index does not find its own passages: {REBUILD} --full")


def _changes(plan: _Plan, previous: Index | None) -> Changes:
    if previous is None:
        return Changes(added=tuple(plan.passages))
    same: Set[tuple[str, str]] = set()
    if previous.manifest.splitter == SPLITTER_VERSION:
        same = _numbers_by_note(previous.manifest.notes).keys() & _numbers_by_note(plan.notes).keys()
    old = _by_source(previous.manifest.notes, previous.passage, same)
    new = _by_source(plan.notes, plan.passages.__getitem__, same)
    return Changes.between(old, new)


def _by_source(
    notes: Iterable[NoteRecord], passage: Callable[[int], Passage], left_out: Set[tuple[str, str]]
) -> dict[str, list[Passage]]:
    return {
        source: [passage(number) for number in numbers]
        for (source, sha256), numbers in _numbers_by_note(notes).items()
        if (source, sha256) not in left_out
    }
