"""Step 6: write the student as the folder that ships: int8 ONNX, tokenizer, sentence-transformers configuration.

Matrices are quantised per channel with 7 bits (onnxruntime dynamic quantisation, `reduce_range`): with 8, processors
without VNNI saturate and answer differently. The embedding table is int8 with one scale a row.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import logging
import shutil
import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from model import (
    DIMENSION,
    LateInteraction,
    Student,
    load_late,
    load_student,
    load_tokenizer,
    taking_part,
    to_tensors,
)
from onnxruntime.quantization import QuantType, quantize_dynamic
from pairs import read_parallel
from tokenizers import Tokenizer
from torch import Tensor, nn

MAX_TOKENS = 512
HEADS = 12
TENSORS = ["input_ids", "attention_mask", "last_hidden_state"]
CHECKED_SENTENCES = 100


class Exported(nn.Module):
    """The student in plain operations: token ids, mask (batch, length) → token vectors (batch, length, 384)."""

    def __init__(self, student: Student) -> None:
        super().__init__()
        table = student.table()
        scale = table.abs().amax(1).clamp(min=1e-8) / 127
        self.register_buffer("rows", student.rows.int())
        self.register_buffer("table", torch.round(table / scale.unsqueeze(1)).to(torch.int8))
        self.register_buffer("scale", scale)
        embeddings = student.body.embeddings
        self.register_buffer(
            "positions", embeddings.position_embeddings.weight + embeddings.token_type_embeddings.weight[0]
        )
        self.norm = embeddings.LayerNorm
        self.layers = student.body.encoder.layer

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        rows = self.rows[input_ids].long()
        words = self.table[rows].float() * self.scale[rows].unsqueeze(-1)
        hidden = self.norm(words + self.positions[: input_ids.shape[1]])
        penalty = (1 - attention_mask[:, None, None, :].float()) * -1e4
        for layer in self.layers:
            hidden = self._layer(layer, hidden, penalty)
        return hidden

    def _layer(self, layer: nn.Module, hidden: Tensor, penalty: Tensor) -> Tensor:
        attention, width = layer.attention, DIMENSION // HEADS

        def heads(values: Tensor) -> Tensor:
            return values.reshape(values.shape[0], -1, HEADS, width).transpose(1, 2)

        query, key, value = (heads(project(hidden)) for project in (
            attention.self.query, attention.self.key, attention.self.value))  # fmt: skip
        weights = torch.softmax(query @ key.transpose(2, 3) / width**0.5 + penalty, dim=-1)
        context = (weights @ value).transpose(1, 2).reshape(hidden.shape)
        hidden = attention.output.LayerNorm(hidden + attention.output.dense(context))
        inner = nn.functional.gelu(layer.intermediate.dense(hidden))
        return layer.output.LayerNorm(hidden + layer.output.dense(inner))


def write_onnx(student: Student, path: Path) -> None:
    exported = Exported(student).eval()
    ids = torch.randint(1000, 2000, (2, 9))
    mask = torch.ones_like(ids)
    with tempfile.TemporaryDirectory() as folder:
        full = Path(folder, "full.onnx")
        torch.onnx.export(
            exported, (ids, mask), str(full), input_names=TENSORS[:2],
            output_names=TENSORS[2:], opset_version=17, dynamo=False,
            dynamic_axes={name: {0: "batch", 1: "length"} for name in TENSORS},
        )  # fmt: skip
        logging.disable(logging.WARNING)  # it advises a preprocessing step that changes nothing here
        quantize_dynamic(
            str(full), str(path), weight_type=QuantType.QInt8, per_channel=True, reduce_range=True,
            op_types_to_quantize=["MatMul"],
        )  # fmt: skip
        logging.disable(logging.NOTSET)
    onnx.checker.check_model(str(path))


def write_late(late: LateInteraction, tokenizer: Tokenizer, path: Path) -> None:
    """Writes the projection (384, 64), the token weights (384,) and which token ids count."""
    project, weigh = late.project.weight.detach().T.numpy(), late.weigh.weight.detach()[0].numpy()
    np.savez(path, project=np.ascontiguousarray(project), weigh=weigh, counts=taking_part(tokenizer).numpy())


def agreement(student: Student, folder: Path, sentences: list[str]) -> tuple[float, float]:
    """Returns the mean and the lowest cosine between the student's vectors and those of the exported file."""
    session = onnxruntime.InferenceSession(str(folder / "onnx" / "model.onnx"), providers=["CPUExecutionProvider"])
    tokenizer = load_tokenizer(folder, MAX_TOKENS)
    cosines = []
    for sentence in sentences:
        ids, mask = to_tensors(tokenizer, [sentence])
        with torch.no_grad():
            exact = student(ids, mask)[0].numpy()
        (tokens,) = session.run(None, {"input_ids": ids.numpy(), "attention_mask": mask.numpy()})
        mean = tokens[0].mean(0)
        cosines.append(float(mean @ exact / np.linalg.norm(mean)))
    return float(np.mean(cosines)), float(np.min(cosines))


def write_configuration(out: Path) -> None:
    digest = hashlib.sha256()
    for name in ("tokenizer.json", "onnx/model.onnx", "late.npz"):
        digest.update((out / name).read_bytes())
    settings = {"revision": digest.hexdigest()[:16], "dimension": DIMENSION, "max_tokens": MAX_TOKENS}
    pooling = {"embedding_dimension": DIMENSION, "pooling_mode": "mean", "include_prompt": True}
    modules = [
        {"idx": 0, "name": "0", "path": "", "type": "onnx_transformer.OnnxTransformer"},
        {
            "idx": 1,
            "name": "1",
            "path": "1_Pooling",
            "type": "sentence_transformers.sentence_transformer.modules.pooling.Pooling",
        },
        {
            "idx": 2,
            "name": "2",
            "path": "2_Normalize",
            "type": "sentence_transformers.base.modules.normalize.Normalize",
        },
    ]
    (out / "1_Pooling").mkdir(exist_ok=True)
    for name, content in (
        ("kuaida.json", settings),
        ("modules.json", modules),
        ("config_sentence_transformers.json", {"similarity_fn_name": "cosine"}),
        ("1_Pooling/config.json", pooling),
    ):
        (out / name).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--training", type=Path, required=True, help="for sentences to check the quantisation on")
    parser.add_argument("--base", type=Path, required=True)
    parser.add_argument("--vocabulary", type=Path, required=True)
    parser.add_argument("--student", type=Path, required=True, help="student.pt or checkpoint.pt of contrast.py")
    parser.add_argument("--late", type=Path, required=True, help="late.pt or checkpoint.pt of contrast.py")
    parser.add_argument("--out", type=Path, required=True, help="the model folder, rag/model")
    options = parser.parse_args()
    student = Student(options.base, options.vocabulary).eval()
    load_student(student, options.student)
    (options.out / "onnx").mkdir(parents=True, exist_ok=True)
    shutil.copy(options.vocabulary / "tokenizer.json", options.out / "tokenizer.json")
    write_onnx(student, options.out / "onnx" / "model.onnx")
    write_late(load_late(options.late), load_tokenizer(options.out, MAX_TOKENS), options.out / "late.npz")
    write_configuration(options.out)
    sentences = [chinese for chinese, _ in read_parallel(options.training)[: 40 * CHECKED_SENTENCES : 40]]
    mean, lowest = agreement(student, options.out, sentences)
    size = (options.out / "onnx" / "model.onnx").stat().st_size
    print(
        json.dumps(
            {"megabytes": round(size / 1e6, 1), "mean_cosine": round(mean, 4), "lowest_cosine": round(lowest, 4)}
        )
    )


if __name__ == "__main__":
    main()
