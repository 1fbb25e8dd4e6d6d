"""Rerankers: question and passage read together by a cross-encoder, better and slower than comparing vectors.

Beside `rag.encoders.base` the only importer of sentence-transformers, and only when a reranker is asked for.
"""

from __future__ import annotations

import importlib
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from rag.errors import RerankerError

CURE = "give a folder with a sentence-transformers CrossEncoder of one score, or a hub name while online"


class Reranker(Protocol):
    @property
    def name(self) -> str:
        """The name that `--reranker` takes."""

    def scores(self, question: str, texts: Sequence[str]) -> list[float]:
        """Returns how well each text answers; higher is better, nothing else is promised of the numbers."""


def load_reranker(name: str | None) -> Reranker | None:
    """Returns the CrossEncoder called `name`, a folder or a hub name, or None without one; raises RerankerError."""
    return None if name is None else CrossEncoderReranker(name)


class CrossEncoderReranker:
    """Any sentence-transformers CrossEncoder that gives one score; safe to share between threads."""

    def __init__(self, name: str) -> None:
        self.name = name
        try:
            library = importlib.import_module("sentence_transformers")
        except ImportError as error:
            raise RerankerError(
                f"the reranker {name!r} needs sentence-transformers: run `pip install -r requirements.txt`"
            ) from error
        try:
            # a folder is complete; without this its name would be looked up on the hub for a model card
            self._model = library.CrossEncoder(name, local_files_only=Path(name).is_dir())
            labels, modules, architecture = self._model.num_labels, len(self._model), self._model.config.architectures
        except Exception as error:  # the hub, files and configurations each fail in their own way
            raise RerankerError(f"cannot load the reranker {name!r}: {CURE}") from error
        # from any other model the library makes one that answers at random, its last layer was never trained
        is_trained = modules > 1 or str((architecture or [""])[0]).endswith("ForSequenceClassification")
        if labels != 1 or not is_trained:
            raise RerankerError(f"{name!r} is no reranker: {CURE}")
        self._one_at_a_time = threading.Lock()  # its tokenizer refuses to be used by two threads

    def scores(self, question: str, texts: Sequence[str]) -> list[float]:
        if not texts:
            return []
        with self._one_at_a_time:
            found = self._model.predict([(question, text) for text in texts], show_progress_bar=False)
        return [float(score) for score in found]
