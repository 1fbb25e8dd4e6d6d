"""The student: MiniLM's body with a larger embedding table whose English rows never change."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from tokenizers import Tokenizer
from torch import Tensor, nn
from transformers import BertModel

DIMENSION = 384
LATE_DIMENSION = 64


class Student(nn.Module):
    """Token ids (batch, length) → unit sentence vectors (batch, 384), mean of the token vectors."""

    def __init__(self, base: Path, vocabulary: Path) -> None:
        super().__init__()
        self.body = BertModel.from_pretrained(str(base), add_pooling_layer=False, attn_implementation="sdpa")
        english = self.body.embeddings.word_embeddings.weight.detach().clone()
        table = torch.from_numpy(np.load(vocabulary / "vectors.npy"))
        self.register_buffer("rows", torch.from_numpy(np.load(vocabulary / "rows.npy")).long())
        self.register_buffer("english", english)
        self.chinese = nn.Parameter(table[len(english) :].clone())
        self.body.embeddings.word_embeddings = nn.Embedding(1, DIMENSION)  # never used: rows are looked up here

    def embed(self, ids: Tensor) -> Tensor:
        """Returns the word vectors (batch, length, 384) of token ids."""
        rows = self.rows[ids]
        offset = len(self.english)
        is_chinese = (rows >= offset).unsqueeze(-1)
        english = nn.functional.embedding(rows.clamp(max=offset - 1), self.english)
        chinese = nn.functional.embedding((rows - offset).clamp(min=0), self.chinese)
        return torch.where(is_chinese, chinese, english)

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        return mean_pool(self.tokens(ids, mask), mask)

    def tokens(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Returns the token vectors (batch, length, 384)."""
        return self.body(inputs_embeds=self.embed(ids), attention_mask=mask).last_hidden_state

    def table(self) -> Tensor:
        """Returns the whole embedding table (rows, 384), English rows first."""
        return torch.cat([self.english, self.chinese.detach()])


class LateInteraction(nn.Module):
    """How well a passage answers a question, token by token (ColBERT, Khattab & Zaharia 2020).

    Each token of the question looks for its nearest in the passage, in 64 dimensions; what a token counts is learnt
    too, so that "what is" weighs little.
    """

    def __init__(self) -> None:
        super().__init__()
        self.project = nn.Linear(DIMENSION, LATE_DIMENSION, bias=False)
        self.weigh = nn.Linear(DIMENSION, 1, bias=False)
        nn.init.zeros_(self.weigh.weight)

    def aim(self, tokens: Tensor) -> None:
        """Sets the projection to the first principal axes of token vectors (n, 384)."""
        centred = tokens - tokens.mean(0)
        axes = torch.linalg.svd(centred, full_matrices=False)[2][:LATE_DIMENSION]
        self.project.weight.data.copy_(axes)

    def forward(self, questions: Tensor, counted: Tensor, passages: Tensor, held: Tensor) -> Tensor:
        """Returns scores (questions, passages) in -1..1 of token vectors; `counted` and `held` mask what takes part."""
        asked = nn.functional.normalize(self.project(questions), dim=2)
        told = nn.functional.normalize(self.project(passages), dim=2)
        weights = self.weigh(questions).squeeze(2).masked_fill(~counted, -1e4).softmax(1)
        similarities = torch.einsum("qid,pjd->qpij", asked, told).masked_fill(~held[None, :, None, :], -1.0)
        return torch.einsum("qpi,qi->qp", similarities.amax(3), weights)


def taking_part(tokenizer: Tokenizer) -> Tensor:
    """Returns for each token id whether late interaction looks at it: special tokens and punctuation do not count."""
    tokens = (tokenizer.id_to_token(i) or "" for i in range(tokenizer.get_vocab_size()))
    return torch.tensor([not (t.startswith("[") and t.endswith("]")) and any(c.isalnum() for c in t) for t in tokens])


def load_student(student: Student, path: Path) -> None:
    """Loads a student.pt of distil.py or contrast.py, one of their checkpoints, or a model folder of export.py."""
    if path.is_dir():
        load_exported(student, path / "onnx" / "model.onnx")
        return
    state = torch.load(path, map_location="cpu")
    student.load_state_dict(state.get("student", state))


def load_exported(student: Student, path: Path) -> None:
    """Loads the int8 file of export.py, so that anyone can train on from what ships; what it rounded stays rounded."""
    held = {tensor.name: numpy_helper.to_array(tensor) for tensor in onnx.load(path).graph.initializer}
    if not np.array_equal(held["rows"], student.rows.numpy()):
        raise SystemExit(f"the vocabulary is not the one of {path}: make it anew with vocabulary.py")
    table = held["table"].astype(np.float32) * held["scale"][:, None]
    state = {name: array for name, array in held.items() if name.startswith("layers.")}
    # in the order of export.py's operations; (in, out), as MatMul has them
    matrices = [name.removesuffix("_quantized") for name in held if name.endswith("_quantized")]
    names = ("attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense")
    names += ("intermediate.dense", "output.dense")
    for number, name in enumerate(matrices):
        steps = held[f"{name}_quantized"].astype(np.float32) - held[f"{name}_zero_point"].astype(np.float32)
        layer, part = divmod(number, len(names))
        state[f"layers.{layer}.{names[part]}.weight"] = (steps * held[f"{name}_scale"]).T
    embeddings = student.body.embeddings
    first_type = embeddings.token_type_embeddings.weight[0].detach().numpy()  # export.py adds it to the positions
    with torch.no_grad():
        student.chinese.copy_(torch.from_numpy(table[len(student.english) :]))
        embeddings.position_embeddings.weight.copy_(torch.from_numpy(held["positions"] - first_type))
        embeddings.LayerNorm.weight.copy_(torch.from_numpy(held["norm.weight"].copy()))
        embeddings.LayerNorm.bias.copy_(torch.from_numpy(held["norm.bias"].copy()))
    layers = {name.removeprefix("layers."): torch.from_numpy(array.copy()) for name, array in state.items()}
    student.body.encoder.layer.load_state_dict(layers)


def load_late(path: Path) -> LateInteraction:
    """Returns a late.pt of contrast.py, the one in a checkpoint, or in a model folder of export.py."""
    late = LateInteraction()
    if path.is_dir():
        held = np.load(path / "late.npz")
        state = {"project.weight": torch.from_numpy(held["project"].T.copy())}
        state["weigh.weight"] = torch.from_numpy(held["weigh"])[None]
    else:
        state = torch.load(path, map_location="cpu")
    late.load_state_dict(state.get("late", state))
    return late


def save_checkpoint(path: Path, step: int, parts: dict[str, Any]) -> None:
    """Writes the state of `parts`, which have a `state_dict`, after `step` steps."""
    torch.save({"step": step, **{name: part.state_dict() for name, part in parts.items()}}, path)


def resume(path: Path, device: str, parts: dict[str, Any]) -> int:
    """Puts the states of a checkpoint back into `parts` and returns its step; 0 when there is none."""
    if not path.exists():
        return 0
    state = torch.load(path, map_location=device)
    for name, part in parts.items():
        part.load_state_dict(state[name])
    return int(state["step"])


def mean_pool(tokens: Tensor, mask: Tensor) -> Tensor:
    """Returns the unit mean (batch, 384) of the token vectors (batch, length, 384) where `mask` is 1."""
    weights = mask.unsqueeze(-1).to(tokens.dtype)
    return nn.functional.normalize((tokens * weights).sum(1) / weights.sum(1), dim=1)


def load_tokenizer(folder: Path, length: int) -> Tokenizer:
    """Returns the tokenizer in `folder`, padding to the longest of a batch and cutting at `length` tokens."""
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.enable_truncation(length)
    tokenizer.enable_padding()
    return tokenizer


def to_tensors(tokenizer: Tokenizer, texts: list[str]) -> tuple[Tensor, Tensor]:
    """Returns token ids and attention mask, both (len(texts), longest)."""
    encodings = tokenizer.encode_batch(texts)
    return torch.tensor([e.ids for e in encodings]), torch.tensor([e.attention_mask for e in encodings])


class CharacterDropout:
    """Now and then cuts every Chinese word into its characters.

    Longest match would otherwise never show most characters to the model, and a typo leaves nothing but them
    (Provilkov et al. 2020, BPE-dropout, for the idea). A zero-width joiner is dropped by BertNormalizer, so the
    cut is made with spaces, which WordPiece does not keep.
    """

    def __init__(self, rate: float, generator: np.random.Generator) -> None:
        self.rate = rate
        self.generator = generator

    def __call__(self, text: str) -> str:
        if self.generator.random() >= self.rate:
            return text
        return "".join(f" {c} " if "\u4e00" <= c <= "\u9fff" else c for c in text)
