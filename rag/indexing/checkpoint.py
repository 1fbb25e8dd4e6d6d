"""What a build encoded so far, kept until it is published: after one that was stopped the next has only the rest to do.

    index/encoded.bin   a line that says what encoded it, then a record a batch: length, sha256, arrays

A record is written when its batch is encoded, and trusted only with its checksum, so one that broke off costs itself.
A file of another encoder, or of nobody, is removed. Nothing here can fail a build: at worst it encodes again.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import shutil
import struct
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Self

import numpy as np

from rag.encoders.base import TOKEN_DIMENSION, Encoded, Encoder, Vectors
from rag.store.base import QUANTISED, Bytes, Halves

FILE = "encoded.bin"
FORMAT = 1
WORTHWHILE = 2_000  # passages to encode: fewer take a minute, which nobody minds twice
ROOM = 2  # times its own size that must stay free: the generation, which is about as large, needs its place too
RECORD = struct.Struct(">Q32s")  # bytes of the arrays, and their sha256


@dataclass(frozen=True, slots=True)
class Row:
    """One passage as it is on disk: `whole` (dimension,), its `sentences` (n, dimension), its `tokens` (t, 64)."""

    whole: Vectors
    sentences: Halves
    tokens: Bytes

    @classmethod
    def of(cls, encoded: Encoded) -> Self:
        tokens = np.rint(encoded.tokens * QUANTISED).astype(np.int8)
        return cls(encoded.whole, encoded.vectors[1:].astype(np.float16), tokens)


class Checkpoint:
    """The rows that were read from a file, by `Embedded.key`, and the file to which further ones are added, if any.

    The index must be locked: two builds would write into one file.
    """

    def __init__(self, rows: Mapping[str, Row], file: Path | None) -> None:
        self.rows = rows
        self._file = file

    @classmethod
    def open(cls, index: Path, encoder: Encoder, wanted: Collection[str]) -> Self:
        """Returns those rows of the file that are `wanted`; goes on with it where enough others remain to be encoded.

        A file of which less than half is wanted is begun anew, so that it never outgrows two generations.
        """
        path = index / FILE
        header = _header(encoder)
        found, end = _read(path, header)
        rows = {key: row for key, row in found.items() if key in wanted}
        if 2 * len(rows) < len(found):
            end = 0
        if not end:
            remove(index)
        if len(wanted) - len(rows) <= WORTHWHILE:
            return cls(rows, None)
        with contextlib.suppress(OSError):
            _prepare(path, header, end)
            return cls(rows, path)
        return cls(rows, None)

    def add(self, keys: Sequence[str], rows: Sequence[Row]) -> None:
        """Writes a batch down; what cannot be written, or would fill the disk, is only not kept."""
        if self._file is None:
            return
        arrays = _to_bytes(keys, rows)
        try:
            if shutil.disk_usage(self._file.parent).free < ROOM * (os.path.getsize(self._file) + len(arrays)):
                self._file = None
                return
            with open(self._file, "ab") as file:  # handed to the system, which outlives us; a power failure may cost it
                file.write(RECORD.pack(len(arrays), hashlib.sha256(arrays).digest()) + arrays)
        except OSError:
            self._file = None  # what follows a record that broke off could not be read


def remove(index: Path) -> None:
    """Removes the file: what it holds is published, or not wanted any more."""
    with contextlib.suppress(OSError):
        os.unlink(index / FILE)


def _header(encoder: Encoder) -> bytes:
    made = [FORMAT, encoder.name, encoder.revision, encoder.dimension, TOKEN_DIMENSION, QUANTISED]
    return json.dumps(["kuaida", "encoded", *made]).encode() + b"\n"


def _prepare(path: Path, header: bytes, end: int) -> None:
    """Makes the file end where its last whole record does: one that broke off would hide those after it."""
    with open(path, "r+b" if end else "wb") as file:
        file.truncate(end)
        if not end:
            file.write(header)


def _read(path: Path, header: bytes) -> tuple[dict[str, Row], int]:
    """Returns the rows of a file and where its last whole record ends, 0 for a file that is none of ours."""
    rows: dict[str, Row] = {}
    end = 0
    with contextlib.suppress(OSError, ValueError, KeyError), open(path, "rb") as file:
        if file.readline(len(header)) != header:
            return {}, 0
        end = len(header)
        for arrays in _records(file):
            rows.update(_from_bytes(arrays))
            end = file.tell()
    return rows, end


def _records(file: BinaryIO) -> Iterator[bytes]:
    """Yields the arrays of one record after the other, up to the first that is not whole."""
    size = os.fstat(file.fileno()).st_size
    while len(head := file.read(RECORD.size)) == RECORD.size:
        length, sha256 = RECORD.unpack(head)
        if length > size - file.tell():  # before memory is asked for: a damaged length can be any
            return
        arrays = file.read(length)
        if hashlib.sha256(arrays).digest() != sha256:
            return
        yield arrays


def _to_bytes(keys: Sequence[str], rows: Sequence[Row]) -> bytes:
    stream = io.BytesIO()
    np.savez(
        stream,
        keys=np.array(keys),
        whole=np.stack([row.whole for row in rows]),
        sentences=np.concatenate([row.sentences for row in rows]),
        sentence_ends=np.cumsum([len(row.sentences) for row in rows]),
        tokens=np.concatenate([row.tokens for row in rows]),
        token_ends=np.cumsum([len(row.tokens) for row in rows]),
    )
    return stream.getvalue()


def _from_bytes(data: bytes) -> dict[str, Row]:
    """Raises ValueError and KeyError."""
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        sentences = np.split(arrays["sentences"], arrays["sentence_ends"][:-1])
        tokens = np.split(arrays["tokens"], arrays["token_ends"][:-1])
        rows = map(Row, arrays["whole"], sentences, tokens)
        return dict(zip(arrays["keys"].tolist(), rows, strict=True))
