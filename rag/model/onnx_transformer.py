"""Lets sentence-transformers open this folder: `SentenceTransformer("rag/model", trust_remote_code=True)`.

Its own ONNX backend needs optimum, whose requirements exclude those of Gradio 6. Kuaida itself does not come here:
`rag.encoder` runs the same two files without torch.
"""

# mypy: ignore-errors
# The base class is typed for all modalities at once; a test holds this module to the vectors of rag.encoder.

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import torch
from sentence_transformers.base.modules import InputModule
from tokenizers import Tokenizer

TOKENIZER, NETWORK = "tokenizer.json", "onnx/model.onnx"


class OnnxTransformer(InputModule):
    """Texts → token vectors, by onnxruntime on the CPU; the modules after it pool and normalise."""

    config_file_name = "kuaida.json"
    config_keys = ["revision", "dimension", "max_tokens"]  # noqa: RUF012  (as the base class declares it)

    def __init__(self, tokenizer: Path, network: Path, revision: str, dimension: int, max_tokens: int) -> None:
        super().__init__()
        self.revision, self.dimension, self.max_tokens = revision, dimension, max_tokens
        self.tokenizer = Tokenizer.from_file(str(tokenizer))
        self.tokenizer.no_padding()
        self.max_seq_length = max_tokens
        self._files = {TOKENIZER: tokenizer, NETWORK: network}
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(str(network), options, providers=["CPUExecutionProvider"])

    @classmethod
    def load(cls, model_name_or_path: str, subfolder: str = "", **options: Any) -> OnnxTransformer:
        """Called by sentence-transformers with a folder or a hub name; of `options` only those of the hub count."""
        hub = {key: options.get(key) for key in ("token", "cache_folder", "revision")}
        hub |= {"subfolder": subfolder, "local_files_only": options.get("local_files_only", False)}
        files = [cls.load_file_path(model_name_or_path, filename=name, **hub) for name in (TOKENIZER, NETWORK)]
        if None in files:
            raise OSError(f"{model_name_or_path} lacks {TOKENIZER} or {NETWORK}: restore the folder")
        return cls(*map(Path, files), **cls.load_config(model_name_or_path, **hub))

    @property
    def max_seq_length(self) -> int:
        return int(self.tokenizer.truncation["max_length"])

    @max_seq_length.setter
    def max_seq_length(self, tokens: int) -> None:
        self.tokenizer.enable_truncation(min(tokens, self.max_tokens))

    def get_embedding_dimension(self) -> int:
        return self.dimension

    def preprocess(self, inputs: Sequence[str], prompt: str | None = None, **_: Any) -> dict[str, torch.Tensor]:
        """Returns `input_ids` and `attention_mask`, both (len(inputs), longest)."""
        encodings = self.tokenizer.encode_batch([(prompt or "") + text for text in inputs])
        longest = max(len(encoding) for encoding in encodings)
        ids, mask = torch.zeros((2, len(encodings), longest), dtype=torch.int64)
        for row, encoding in enumerate(encodings):
            ids[row, : len(encoding)] = torch.tensor(encoding.ids)
            mask[row, : len(encoding)] = 1
        return {"input_ids": ids, "attention_mask": mask}

    def forward(self, features: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Adds `token_embeddings` (batch, longest, dimension).

        Each text runs alone and without padding: the int8 network scales its inputs by the range found in the whole
        batch, so the company of a text would change its vectors.
        """
        ids, mask = features["input_ids"], features["attention_mask"]
        tokens = np.zeros((*ids.shape, self.dimension), np.float32)
        for row, (text, length) in enumerate(zip(ids.cpu().numpy(), mask.sum(1).tolist(), strict=True)):
            tokens[row, :length] = self._session.run(None, {"input_ids": text[None, :length]})[0][0]
        features["token_embeddings"] = torch.from_numpy(tokens).to(ids.device)
        return features

    def save(self, output_path: str, *_: Any, **__: Any) -> None:
        for name, file in self._files.items():
            Path(output_path, name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, Path(output_path, name))
        self.save_config(output_path)
