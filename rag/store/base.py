"""What an index must answer, whatever keeps it: `Store`, and the values that cross its border.

`local.py` keeps it in files on this machine. Another one, a database or a server, implements `Store` and passes
`tests/store/test_conformance.py`; nothing above knows which it is.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from rag.encoders.base import Encoded, Encoder, Vectors
from rag.errors import IndexCorrupt, IndexMismatch
from rag.store.generations import FileRecord
from rag.text.glossary import Glossary
from rag.types import Passage, Reason, Remark, Skipped, Span

FORMAT = 5  # of the files of an index; another one is built anew
QUANTISED = 127  # the int8 of 1.0 in a token vector

REBUILD = "run `python -m rag.build`"

Progress = Callable[[int, int], None]
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
    remarks: tuple[Remark, ...]
    files: dict[str, FileRecord]

    def to_json(self) -> bytes:
        values = {"format": FORMAT, **dataclasses.asdict(self)}
        for name, files in (("skipped", self.skipped), ("remarks", self.remarks)):
            values[name] = [{"source": file.source, "reason": str(file.reason)} for file in files]
        return json.dumps(values, ensure_ascii=False).encode()

    @classmethod
    def from_json(cls, data: bytes) -> Manifest:
        """Raises IndexMismatch when another version wrote it, IndexCorrupt when nobody did."""
        try:
            values = json.loads(data)
            if values.pop("format") != FORMAT:
                raise IndexMismatch(f"the index was made by another version of this program: {REBUILD}")
            values["notes"] = tuple(NoteRecord(**record) for record in values["notes"])
            for name, kind in (("skipped", Skipped), ("remarks", Remark)):
                values[name] = tuple(kind(file["source"], Reason.from_text(file["reason"])) for file in values[name])
            values["files"] = {name: FileRecord(**record) for name, record in values["files"].items()}
            return cls(**values)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise IndexCorrupt("the manifest cannot be parsed") from error


WEAKEST = 1 / 3  # share of the question, by weight


@dataclass(frozen=True, slots=True)
class Candidate:
    """A passage that may answer, with what each channel says; higher is better everywhere.

    `dense` is the similarity of the whole passage, `sentence` that of its best sentence, `best` in `passage.text`;
    `lexical` is BM25, 0.0 for a passage that the postings did not find among their first; `late` is late interaction,
    each token of the question with its nearest in the passage (ColBERT, Khattab & Zaharia 2020), and `weakest` the same
    of the third of the question that the passage says least about: a near miss lacks one word. Both are `sentence`
    again where the encoder has no token vectors.
    """

    id: int
    dense: float
    sentence: float
    best: Span
    lexical: float
    late: float
    weakest: float


def late_interaction(nearest: Vectors, weights: Vectors) -> tuple[Vectors, Vectors]:
    """Returns `late` and `weakest` of some passages, each (passages,).

    `nearest` (passages, tokens) is how near each token of the question comes to a passage, `weights` (tokens,) what it
    counts, in sum 1.
    """
    order = nearest.argsort(1)
    rising, counted = np.take_along_axis(nearest, order, 1), weights[order]
    before = counted.cumsum(1) - counted
    lowest = np.clip(WEAKEST - before, 0.0, counted)
    return nearest @ weights, (rising * lowest).sum(1) / WEAKEST


class Store(Protocol):
    """Passages with their vectors and postings, as one state that does not change; safe to share between threads.

    The `id` of a passage means nothing outside of the store that gave it.
    """

    @property
    def identity(self) -> str:
        """What tells one state from another, also in the same place."""

    @property
    def size(self) -> int:
        """The number of passages."""

    @property
    def english(self) -> int:
        """How many of them are not in Chinese."""

    @property
    def level(self) -> float | None:
        """How sure the search looks over these notes, None where that was not measured."""

    @property
    def notes(self) -> Sequence[NoteRecord]:
        """The notes, in order."""

    @property
    def glossary(self) -> Glossary: ...

    def note(self, source: str) -> NoteRecord | None:
        """Returns what is known of the note at `source`, None when it was not indexed."""

    def candidates(self, question: Encoded, weights: Mapping[str, float], limit: int) -> list[Candidate]:
        """Returns the best `limit` passages by vector and the best `limit` by BM25, together, by falling `dense`.

        `weights` are those of lexical tokens, as `text.tokens` and `text.typos.sounds` make them.
        """

    def passage(self, id: int) -> Passage: ...

    def passages(self, source: str | None = None) -> Iterator[tuple[int, Passage]]:
        """Yields all passages, or those of one note, with their ids, in the order of the notes."""

    def vectors(self, ids: Sequence[int]) -> Vectors:
        """Returns the vectors of whole passages, unit, shape (len(ids), dimension)."""

    def sentences(self, id: int, question: Vectors) -> dict[Span, float]:
        """Returns how similar the sentences of a passage are to a unit vector, by their place in its text, in order."""

    def document_frequency(self, token: str) -> int:
        """Returns in how many passages `token` occurs, in the heading, the question or the text, or as a sound."""

    def words(self) -> Collection[str]:
        """Returns the Latin words that a misspelt one may have meant."""


def is_beside_questions(store: Store, passage: Passage) -> bool:
    """True for a passage that answers no question in a note that has some: a title, an introduction, a list."""
    note = store.note(passage.source)
    return passage.question is None and note is not None and note.questions > 0


def made_by(manifest: Manifest, encoder: Encoder) -> bool:
    made = (manifest.encoder, manifest.revision, manifest.dimension)
    return made == (encoder.name, encoder.revision, encoder.dimension)


def maker(name: str, revision: str) -> str:
    return f"{name} (revision {revision})"


def numbers_by_note(notes: Iterable[NoteRecord]) -> dict[tuple[str, str], range]:
    """Returns the passage numbers of each (source, sha256)."""
    numbers: dict[tuple[str, str], range] = {}
    first = 0
    for note in notes:
        numbers[note.source, note.sha256] = range(first, first + note.passages)
        first += note.passages
    return numbers
