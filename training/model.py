"""The student: the body of multilingual-e5-small over the pieces that Chinese and English use, and late interaction."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor, nn
from transformers import BertModel

DIMENSION = 384
LATE_DIMENSION = 64


class Student(nn.Module):
    """Token ids (batch, length) → unit text vectors (batch, 384), mean of the token vectors."""

    def __init__(self, base: Path, vocabulary: Path) -> None:
        super().__init__()
        # "sdpa" is slower here: on a CPU its way back takes half of a step
        self.body = BertModel.from_pretrained(str(base), add_pooling_layer=False, attn_implementation="eager")
        rows = torch.from_numpy(np.load(vocabulary / "rows.npy")).long()
        words = self.body.embeddings.word_embeddings.weight.detach()[rows].clone()
        self.body.embeddings.word_embeddings = nn.Embedding.from_pretrained(words, freeze=True)

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        return mean_pool(self.tokens(ids, mask), mask)

    def tokens(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Returns the token vectors (batch, length, 384) as float32.

        The products are of 16-bit numbers, which processors with AMX multiply about eight times as fast.
        """
        with torch.autocast(ids.device.type, torch.bfloat16):
            return self.body(input_ids=ids, attention_mask=mask).last_hidden_state.float()


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
    return torch.tensor([not (t.startswith("<") and t.endswith(">")) and any(map(str.isalnum, t)) for t in tokens])


def load_student(student: Student, path: Path) -> None:
    """Loads a student.pt of contrast.py, or the one in a checkpoint of it."""
    state = torch.load(path, map_location="cpu")
    student.load_state_dict(state.get("student", state))


def load_late(path: Path) -> LateInteraction:
    """Returns a late.pt of contrast.py, or the one in a checkpoint of it."""
    late = LateInteraction()
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
    tokenizer.enable_padding(pad_id=1, pad_token="<pad>")
    return tokenizer


def to_tensors(tokenizer: Tokenizer, texts: list[str]) -> tuple[Tensor, Tensor]:
    """Returns token ids and attention mask, both (len(texts), longest)."""
    encodings = tokenizer.encode_batch(texts)
    return torch.tensor([e.ids for e in encodings]), torch.tensor([e.attention_mask for e in encodings])
