"""A deterministic encoder without a model: shared characters and bigrams make texts similar."""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Sequence

import numpy as np

from rag.encoder import Vectors
from rag.text import normalize
from rag.types import Span

DIMENSION = 64


class ToyEncoder:
    """Counts hashed unigrams and bigrams of the normalised text; each vector is scaled to length 1."""

    def __init__(self, name: str = "toy", revision: str = "1") -> None:
        self.name = name
        self.revision = revision
        self.dimension = DIMENSION

    def encode_questions(self, questions: Sequence[str]) -> Vectors:
        return np.stack([_vector(question) for question in questions])

    def encode_passages(self, texts: Sequence[str], sentences: Sequence[Sequence[Span]]) -> list[Vectors]:
        return [
            np.stack([_vector(text), *(_vector(text[start:end]) for start, end in spans)])
            for text, spans in zip(texts, sentences, strict=True)
        ]


def _vector(text: str) -> Vectors:
    characters = normalize("".join(text.split()))
    counts = np.zeros(DIMENSION, dtype=np.float32)
    for gram in (*characters, *map("".join, itertools.pairwise(characters))):
        counts[zlib.crc32(gram.encode()) % DIMENSION] += 1
    if not counts.any():
        counts[0] = 1
    return counts / np.linalg.norm(counts)
