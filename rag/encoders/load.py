"""The name of an encoder → the encoder."""

from __future__ import annotations

from pathlib import Path

from rag.config import BUNDLED_ENCODER
from rag.encoders.base import Encoder
from rag.encoders.onnx import OnnxEncoder
from rag.encoders.sentence_transformers import SentenceTransformersEncoder

BUNDLED_NAME = "kuaida"


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
