"""Step 6: write the student as the folder that ships: int8 ONNX, tokenizer, sentence-transformers configuration.

How the matrices are quantised is in network.py.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import json
import shutil
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from model import (
    DIMENSION,
    LateInteraction,
    Student,
    load_late,
    load_student,
    load_tokenizer,
    mean_pool,
    taking_part,
    to_tensors,
)
from network import INPUT, write_onnx
from pairs import read_pairs, read_parallel
from tokenizers import Tokenizer

MAX_TOKENS = 512
CHECKED_SENTENCES = 100
MEASURED = 100  # passages that tell which channels are large


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
            exact = mean_pool(student.body(input_ids=ids, attention_mask=mask).last_hidden_state, mask)[0].numpy()
        (tokens,) = session.run(None, {INPUT: ids.numpy()})
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
    parser.add_argument(
        "--student",
        type=Path,
        required=True,
        help="student.pt or checkpoint.pt of contrast.py, or what average.py wrote",
    )
    parser.add_argument(
        "--late", type=Path, required=True, help="late.pt or checkpoint.pt of contrast.py, or what average.py wrote"
    )
    parser.add_argument("--out", type=Path, required=True, help="the model folder, rag/model")
    options = parser.parse_args()
    student = Student(options.base, options.vocabulary).eval()
    load_student(student, options.student)
    (options.out / "onnx").mkdir(parents=True, exist_ok=True)
    shutil.copy(options.vocabulary / "tokenizer.json", options.out / "tokenizer.json")
    tokenizer = load_tokenizer(options.out, MAX_TOKENS)
    sentences = [chinese for chinese, _ in read_parallel(options.training)[: 40 * CHECKED_SENTENCES : 40]]
    told = [pair.p for pair in itertools.islice(read_pairs(options.training, "heading"), 0, 40 * MEASURED, 40)]
    write_onnx(student, options.out / "onnx" / "model.onnx", [to_tensors(tokenizer, [text])[0] for text in told])
    write_late(load_late(options.late), tokenizer, options.out / "late.npz")
    write_configuration(options.out)
    mean, lowest = agreement(student, options.out, sentences)
    size = (options.out / "onnx" / "model.onnx").stat().st_size
    print(
        json.dumps(
            {"megabytes": round(size / 1e6, 1), "mean_cosine": round(mean, 4), "lowest_cosine": round(lowest, 4)}
        )
    )


if __name__ == "__main__":
    main()
