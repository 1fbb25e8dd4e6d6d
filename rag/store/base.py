"""What an index is made of, whatever keeps it."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rag.encoders.base import Encoder
from rag.errors import IndexCorrupt, IndexMismatch
from rag.store.generations import FileRecord
from rag.types import Reason, Skipped, Span

FORMAT = 2  # of the files above
LATIN = re.compile("[a-z][a-z0-9]{4,}")  # shorter words are too close to each other to guess what was meant
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
    files: dict[str, FileRecord]

    def to_json(self) -> bytes:
        values = {"format": FORMAT, **dataclasses.asdict(self)}
        values["skipped"] = [{"source": file.source, "reason": str(file.reason)} for file in self.skipped]
        return json.dumps(values, ensure_ascii=False).encode()

    @classmethod
    def from_json(cls, data: bytes) -> Manifest:
        """Raises IndexMismatch when another version wrote it, IndexCorrupt when nobody did."""
        try:
            values = json.loads(data)
            if values.pop("format") != FORMAT:
                raise IndexMismatch(f"the index was made by another version of this program: {REBUILD}")
            values["notes"] = tuple(NoteRecord(**record) for record in values["notes"])
            values["skipped"] = tuple(
                Skipped(record["source"], Reason.from_text(record["reason"])) for record in values["skipped"]
            )
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
