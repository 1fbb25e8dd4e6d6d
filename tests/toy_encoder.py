"""A deterministic encoder without a model: shared characters and bigrams make texts similar."""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Sequence

import numpy as np

from rag.encoders.base import TOKEN_DIMENSION, Encoded, Vectors
from rag.text.normal import normalize
from rag.types import Span

DIMENSION = 64


class ToyEncoder:
    """Counts hashed unigrams and bigrams of the normalised text; each vector is scaled to length 1.

    With `late`, every character is a token of late interaction.
    """

    def __init__(self, name: str = "toy", revision: str = "1", late: bool = True) -> None:
        self._late = late
        self.name = name
        self.revision = revision
        self.dimension = DIMENSION

    def encode_questions(self, questions: Sequence[str]) -> list[Encoded]:
        return self.encode_passages(questions, [()] * len(questions))

    def encode_passages(self, texts: Sequence[str], sentences: Sequence[Sequence[Span]]) -> list[Encoded]:
        return [self._encode(text, spans) for text, spans in zip(texts, sentences, strict=True)]

    def _encode(self, text: str, spans: Sequence[Span]) -> Encoded:
        vectors = np.stack([_vector(text), *(_vector(text[start:end]) for start, end in spans)])
        characters = "".join(text.split()) if self._late else ""
        if not characters:
            return Encoded.without_tokens(vectors)
        tokens = np.zeros((len(characters), TOKEN_DIMENSION), np.float32)
        tokens[range(len(characters)), [zlib.crc32(c.encode()) % TOKEN_DIMENSION for c in characters]] = 1
        return Encoded(vectors, tokens, np.full(len(characters), 1 / len(characters), np.float32))


def _vector(text: str) -> Vectors:
    characters = normalize("".join(text.split()))
    counts = np.zeros(DIMENSION, dtype=np.float32)
    for gram in (*characters, *map("".join, itertools.pairwise(characters))):
        counts[zlib.crc32(gram.encode()) % DIMENSION] += 1
    if not counts.any():
        counts[0] = 1
    return counts / np.linalg.norm(counts)
