"""Encoders that run on onnxruntime and tokenizers, the bundled one among them."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from rag.encoders.base import Encoded, Vectors, unit
from rag.errors import EncoderError
from rag.types import Span

WORKERS = max(1, min(8, os.cpu_count() or 1))


class OnnxEncoder:
    """A folder made by `training/export.py`, run by onnxruntime and tokenizers.

    A sentence's vector is the mean of its token outputs within the whole text's forward pass (late chunking,
    Günther et al. 2024), so it knows its context and costs no second pass.
    """

    def __init__(self, folder: Path, name: str) -> None:
        try:
            settings = json.loads((folder / "kuaida.json").read_text(encoding="utf-8"))
            self.name = name
            self.revision = str(settings["revision"])
            self.dimension = int(settings["dimension"])
            self._tokenizer, self._session = _load_onnx(folder, int(settings["max_tokens"]))
            self._late = _LateInteraction(folder / "late.npz") if (folder / "late.npz").is_file() else None
        except FileNotFoundError as error:
            raise EncoderError(f"no encoder in {folder}: restore the folder from the repository") from error
        except Exception as error:  # each library raises its own kinds, the cure is the same
            raise EncoderError(
                f"the encoder in {folder} is damaged ({type(error).__name__}): restore the folder from the repository"
            ) from error

    def encode_questions(self, questions: Sequence[str]) -> list[Encoded]:
        return self.encode_passages(questions, [()] * len(questions))

    def encode_passages(self, texts: Sequence[str], sentences: Sequence[Sequence[Span]]) -> list[Encoded]:
        encodings = self._tokenizer.encode_batch(list(texts))
        ids, offsets = ([getattr(one, name) for one in encodings] for name in ("ids", "offsets"))
        if len(texts) == 1:
            return [self._encoded(ids[0], offsets[0], sentences[0])]
        # a thread a text: the matrices are too small for several threads to share one
        with ThreadPoolExecutor(WORKERS) as workers:
            return list(workers.map(self._encoded, ids, offsets, sentences))

    def _encoded(self, ids: list[int], offsets: list[tuple[int, int]], spans: Sequence[Span]) -> Encoded:
        tokens = self._run(ids)
        vectors = _pool(tokens, offsets, spans)
        return Encoded(vectors, *self._late(tokens, ids)) if self._late else Encoded.without_tokens(vectors)

    def _run(self, ids: list[int]) -> Vectors:
        """Returns the token vectors (length, dimension) of one text.

        One at a time: int8 scales its inputs by the largest of the batch, so that neighbours would change a vector.
        """
        (tokens,) = self._session.run(None, {"input_ids": np.asarray([ids], np.int64)})
        return np.asarray(tokens[0], np.float32)


class _LateInteraction:
    """The part of the bundled encoder that makes token vectors (ColBERT, Khattab & Zaharia 2020).

    `project` is (384, 64), `weigh` (384,) tells what a token counts in a question, `counts` (vocabulary,) which tokens
    are more than punctuation.
    """

    def __init__(self, path: Path) -> None:
        with np.load(path) as file:
            self._project, self._weigh, self._counts = file["project"], file["weigh"], file["counts"]

    def __call__(self, tokens: Vectors, ids: list[int]) -> tuple[Vectors, Vectors]:
        """Returns the unit vectors (t, 64) and the weights (t,) of the tokens that count; of all when none does."""
        counted = self._counts[ids]
        kept = tokens[counted] if counted.any() else tokens
        vectors = kept @ self._project
        weights = np.exp(kept @ self._weigh)
        return unit(vectors), np.asarray(weights / weights.sum(), np.float32)


def _pool(tokens: Vectors, offsets: list[tuple[int, int]], sentences: Sequence[Span]) -> Vectors:
    """Returns unit means: of all `tokens` (length, dimension), then of the tokens inside each sentence.

    A sentence beyond the encoder's length has no token and gets the vector of the whole.
    """
    whole = tokens.mean(0)
    rows = [whole]
    starts = np.asarray([start for start, _ in offsets])
    ends = np.asarray([end for _, end in offsets])
    for first, last in sentences:
        inside = (ends > first) & (ends <= last) & (ends > starts)  # a token may begin with the blank before it
        rows.append(tokens[inside].mean(0) if inside.any() else whole)
    return unit(np.stack(rows))


def _load_onnx(folder: Path, max_tokens: int) -> tuple[Any, Any]:
    import onnxruntime
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.enable_truncation(max_tokens)
    tokenizer.no_padding()
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        str(folder / "onnx" / "model.onnx"), options, providers=["CPUExecutionProvider"]
    )
    return tokenizer, session
