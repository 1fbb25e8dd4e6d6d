"""Any other encoder: sentence-transformers is imported only when one is asked for."""

from __future__ import annotations

import functools
import hashlib
import importlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rag.encoders.base import Encoded, Vectors, unit
from rag.errors import EncoderError
from rag.types import Span


class SentenceTransformersEncoder:
    """Any sentence-transformers model by hub name or folder; torch is imported only here.

    Sentences are encoded on their own: not every model pools by the mean.
    """

    def __init__(self, name: str) -> None:
        try:
            library = importlib.import_module("sentence_transformers")
        except ImportError as error:
            raise EncoderError(
                f"the encoder {name!r} needs sentence-transformers: run `pip install -r requirements.txt`"
            ) from error
        try:
            # a folder is complete; without this its name would be looked up on the hub for a model card
            self._model = library.SentenceTransformer(name, local_files_only=Path(name).is_dir())
        except Exception as error:  # the hub, files and configurations each fail in their own way
            raise EncoderError(
                f"cannot load the encoder {name!r}: give a sentence-transformers folder, or a hub name while online"
            ) from error
        self.name = name
        dimension = self._model.get_embedding_dimension()
        self.dimension = int(dimension)

    @functools.cached_property
    def revision(self) -> str:
        """A digest of the weights: a folder can be trained on under the same name."""
        digest = hashlib.sha256()
        for key, tensor in sorted(self._model.state_dict().items()):
            digest.update(key.encode())
            digest.update(tensor.detach().cpu().float().numpy().tobytes())
        return digest.hexdigest()[:16]

    def encode_questions(self, questions: Sequence[str]) -> list[Encoded]:
        vectors = self._unit(self._model.encode_query(list(questions), show_progress_bar=False))
        return [Encoded.without_tokens(row[None]) for row in vectors]

    def encode_passages(self, texts: Sequence[str], sentences: Sequence[Sequence[Span]]) -> list[Encoded]:
        flat = [
            piece
            for text, spans in zip(texts, sentences, strict=True)
            for piece in (text, *(text[start:end] for start, end in spans))
        ]
        vectors = self._unit(self._model.encode_document(flat, show_progress_bar=False))
        return [Encoded.without_tokens(rows) for rows in _cut(vectors, [1 + len(spans) for spans in sentences])]

    def _unit(self, vectors: Any) -> Vectors:
        return unit(np.asarray(vectors, np.float32).reshape(-1, self.dimension))


def _cut(vectors: Vectors, sizes: Sequence[int]) -> Iterator[Vectors]:
    start = 0
    for size in sizes:
        yield vectors[start : start + size]
        start += size
