"""Encoders: text to unit vectors. The only module that imports embedding libraries."""

from __future__ import annotations

import functools
import hashlib
import importlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from rag.config import BUNDLED_ENCODER
from rag.errors import EncoderError
from rag.types import Span

Vectors = npt.NDArray[np.float32]

BUNDLED_NAME = "kuaida"
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


def load_encoder(name: str | None = None) -> Encoder:
    """Returns the encoder called `name`: a folder, a sentence-transformers model name, or None for the bundled one.

    Raises EncoderError when it cannot be loaded. Folders with `onnx/model.onnx` and `kuaida.json` run without torch.
    """
    if name is None or name == BUNDLED_NAME:
        return OnnxEncoder(BUNDLED_ENCODER, BUNDLED_NAME)
    folder = Path(name)
    if (folder / "kuaida.json").is_file():
        is_bundled = folder.resolve() == BUNDLED_ENCODER
        return OnnxEncoder(folder, BUNDLED_NAME if is_bundled else name)
    return SentenceTransformersEncoder(name)


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
        return [
            self._encoded(encoding.ids, encoding.offsets, spans)
            for encoding, spans in zip(self._tokenizer.encode_batch(list(texts)), sentences, strict=True)
        ]

    def _encoded(self, ids: list[int], offsets: list[tuple[int, int]], spans: Sequence[Span]) -> Encoded:
        tokens = self._run(ids)
        vectors = _pool(tokens, offsets, spans)
        return Encoded(vectors, *self._late(tokens, ids)) if self._late else Encoded.without_tokens(vectors)

    def _run(self, ids: list[int]) -> Vectors:
        """Returns the token vectors (length, dimension) of one text.

        One at a time: int8 scales its inputs by the largest of the batch, so that neighbours would change a vector, and
        on two cores a batch is no faster.
        """
        row = np.asarray([ids], np.int64)
        (tokens,) = self._session.run(None, {"input_ids": row, "attention_mask": np.ones_like(row)})
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
        return _unit(vectors), np.asarray(weights / weights.sum(), np.float32)


def _unit(vectors: Vectors) -> Vectors:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12), np.float32)


def _pool(tokens: Vectors, offsets: list[tuple[int, int]], sentences: Sequence[Span]) -> Vectors:
    """Returns unit means: of all `tokens` (length, dimension), then of the tokens inside each sentence.

    A sentence beyond the encoder's length has no token and gets the vector of the whole.
    """
    whole = tokens.mean(0)
    rows = [whole]
    starts = np.asarray([start for start, _ in offsets])
    ends = np.asarray([end for _, end in offsets])
    for first, last in sentences:
        inside = (starts >= first) & (ends <= last) & (ends > starts)
        rows.append(tokens[inside].mean(0) if inside.any() else whole)
    return _unit(np.stack(rows))


def _load_onnx(folder: Path, max_tokens: int) -> tuple[Any, Any]:
    import onnxruntime
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.enable_truncation(max_tokens)
    tokenizer.no_padding()
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    # a thread that spins between two short runs only slows down what happens in between
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = onnxruntime.InferenceSession(
        str(folder / "onnx" / "model.onnx"), options, providers=["CPUExecutionProvider"]
    )
    return tokenizer, session


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
        return _unit(np.asarray(vectors, np.float32).reshape(-1, self.dimension))


def _cut(vectors: Vectors, sizes: Sequence[int]) -> Iterator[Vectors]:
    start = 0
    for size in sizes:
        yield vectors[start : start + size]
        start += size
