"""Encoders: text to unit vectors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from rag.types import Span

Vectors = npt.NDArray[np.float32]
TOKEN_DIMENSION = 64


@dataclass(frozen=True, slots=True)
class Encoded:
    """A text as unit vectors.

    `vectors`: shape (1 + its sentences, dimension), the whole first. `tokens`: shape (t, TOKEN_DIMENSION), what late
    interaction compares, and `weights`, shape (t,), what each counts in a question, sum 1; t is 0 when the encoder has
    no late interaction.
    """

    vectors: Vectors
    tokens: Vectors
    weights: Vectors

    @property
    def whole(self) -> Vectors:
        """The vector of the whole text, shape (dimension,)."""
        whole: Vectors = self.vectors[0]
        return whole

    @classmethod
    def without_tokens(cls, vectors: Vectors) -> Encoded:
        return cls(vectors, np.zeros((0, TOKEN_DIMENSION), np.float32), np.zeros(0, np.float32))


class Encoder(Protocol):
    """What the index needs of an encoder; every vector that leaves it has length 1."""

    @property
    def name(self) -> str:
        """The name that `--encoder` takes; it is written into the index."""

    @property
    def revision(self) -> str:
        """Changes whenever the vectors change: an index made by another revision is not opened."""

    @property
    def dimension(self) -> int: ...

    def encode_questions(self, questions: Sequence[str]) -> list[Encoded]: ...

    def encode_passages(self, texts: Sequence[str], sentences: Sequence[Sequence[Span]]) -> list[Encoded]:
        """Returns the texts with their sentences; `sentences[i]` are character spans into `texts[i]`."""


def unit(vectors: Vectors) -> Vectors:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12), np.float32)
