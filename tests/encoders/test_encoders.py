"""The bundled model and the door to any other: unit vectors of the right shape, whatever the text."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tokenizers import Tokenizer

from rag.config import BUNDLED_ENCODER
from rag.encoders.base import Encoder, Vectors
from rag.encoders.load import load_encoder
from rag.encoders.onnx import OnnxEncoder
from rag.encoders.sentence_transformers import SentenceTransformersEncoder
from rag.errors import EncoderError
from rag.types import Span
from tests.offline import LIGHT, refused_at_once

TEXTS = (
    "大模型是什么？",
    "注意力机制让模型关注相关的部分。它由查询、键和值组成。",
    "LoRA freezes the weights. It trains two small matrices.",
    "短",
    "KV cache 占多少显存",
    "模型训练" * 100,
)
PROSE = "注意力机制让模型关注相关的部分。它由查询、键和值组成。多头注意力并行计算。"
SPANS = ((0, 16), (16, 27), (27, 37))


def assert_unit(vectors: Vectors, rows: int, dimension: int = 384) -> None:
    assert vectors.shape == (rows, dimension)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(rows), abs=1e-5)


# ------------------------------------------------------------------------------------------------- the bundled model


@pytest.fixture(scope="module")
def reference() -> Callable[[str], tuple[list[str], list[tuple[int, int]], Vectors]]:
    """The same files run in the plainest way: text → tokens, their places in the text, and their output vectors."""
    import onnxruntime

    tokenizer = Tokenizer.from_file(str(BUNDLED_ENCODER / "tokenizer.json"))
    session = onnxruntime.InferenceSession(
        str(BUNDLED_ENCODER / "onnx" / "model.onnx"), providers=["CPUExecutionProvider"]
    )

    def run(text: str) -> tuple[list[str], list[tuple[int, int]], Vectors]:
        encoding = tokenizer.encode(text)
        ids = np.array([encoding.ids], np.int64)
        (outputs,) = session.run(None, {"input_ids": ids})
        return encoding.tokens, encoding.offsets, outputs[0]

    return run


def whole(encoder: Encoder, texts: Sequence[str]) -> Vectors:
    return np.stack([encoded.whole for encoded in encoder.encode_questions(texts)])


def passage(encoder: Encoder, text: str, spans: Sequence[Span]) -> Vectors:
    (encoded,) = encoder.encode_passages([text], [spans])
    return encoded.vectors


def unit(vector: Vectors) -> Vectors:
    return vector / np.linalg.norm(vector)


def test_name_dimension_and_revision(bundled: OnnxEncoder) -> None:
    assert (bundled.name, bundled.dimension) == ("kuaida", 384)
    assert len(bundled.revision) == 16
    assert int(bundled.revision, 16) >= 0  # hexadecimal
    assert load_encoder(str(BUNDLED_ENCODER)).name == "kuaida"  # the same index, by whichever name it is asked for


def test_questions_are_unit_vectors(bundled: OnnxEncoder) -> None:
    assert_unit(whole(bundled, TEXTS), len(TEXTS))
    assert_unit(whole(bundled, ["", " ", "\n", "😀", "？"]), 5)


def test_no_text_no_vector(bundled: OnnxEncoder) -> None:
    assert bundled.encode_questions([]) == []
    assert bundled.encode_passages([], []) == []


def test_a_question_is_the_mean_of_its_tokens(bundled: OnnxEncoder, reference: Any) -> None:
    for text in TEXTS:
        _, _, outputs = reference(text)
        assert whole(bundled, [text])[0] == pytest.approx(unit(outputs.mean(0)), abs=1e-5)


def test_a_sentence_is_the_mean_of_its_tokens_in_context(bundled: OnnxEncoder, reference: Any) -> None:
    """Late chunking: one forward pass over the whole text."""
    rows = passage(bundled, PROSE, SPANS)
    assert_unit(rows, 4)
    _, offsets, outputs = reference(PROSE)
    assert rows[0] == pytest.approx(unit(outputs.mean(0)), abs=1e-5)
    for row, (first, last) in zip(rows[1:], SPANS, strict=True):
        inside = [i for i, (start, end) in enumerate(offsets) if start < end and first < end <= last]
        assert row == pytest.approx(unit(outputs[inside].mean(0)), abs=1e-5)


def test_one_sentence_differs_from_the_whole_only_by_the_special_tokens(bundled: OnnxEncoder, reference: Any) -> None:
    text = "注意力机制让模型关注相关的部分。"
    rows = passage(bundled, text, [(0, len(text))])
    tokens, _, outputs = reference(text)
    assert (tokens[0], tokens[-1]) == ("<s>", "</s>")
    assert rows[1] == pytest.approx(unit(outputs[1:-1].mean(0)), abs=1e-5)
    assert float(rows[0] @ rows[1]) > 0.8


def test_neighbours_change_no_vector(bundled: OnnxEncoder) -> None:
    """int8 scales a batch by its largest value: were texts run together, a rebuild would differ from a first build."""
    texts = [f"{text}{number}" for number in range(4) for text in TEXTS]
    alone = np.concatenate([whole(bundled, [text]) for text in texts])
    together = whole(bundled, texts)
    assert np.array_equal(alone, together)


def test_the_order_of_texts_is_kept(bundled: OnnxEncoder) -> None:
    texts = ["模型训练" * 20, "短", "注意力机制的计算复杂度是多少？", "什么是 RAG", "分词"] + [
        "x" * n for n in range(1, 30)
    ]
    encoded = bundled.encode_passages(texts, [[(0, 1)] * (number % 3) for number in range(len(texts))])
    assert [len(entry.vectors) for entry in encoded] == [1 + number % 3 for number in range(len(texts))]
    alone = whole(bundled, texts[:5])
    assert (np.stack([entry.whole for entry in encoded[:5]]) @ alone.T).argmax(1).tolist() == [0, 1, 2, 3, 4]


def test_a_text_beyond_the_window(bundled: OnnxEncoder) -> None:
    """Only the first 512 tokens count; a sentence behind them gets the vector of the whole."""
    text = "模型训练要数据。" * 300
    tokenizer = Tokenizer.from_file(str(BUNDLED_ENCODER / "tokenizer.json"))
    kept = tokenizer.encode(text).offsets[510][1]  # 510 tokens between the two special ones
    rows = passage(bundled, text, [(0, 8), (len(text) - 8, len(text))])
    assert_unit(rows, 3)
    assert rows[0] == pytest.approx(whole(bundled, [text[:kept]])[0], abs=1e-5)
    assert np.array_equal(rows[2], rows[0])
    assert not np.array_equal(rows[1], rows[0])


def test_traditional_characters_are_simplified_ones(bundled: OnnxEncoder) -> None:
    for traditional, simplified in (
        ("大語言模型的幻覺問題", "大语言模型的幻觉问题"),
        ("請問什麼是注意力機制？", "请问什么是注意力机制？"),
        ("ＬｏＲＡ　微調", "lora 微调"),
    ):
        assert np.array_equal(whole(bundled, [traditional]), whole(bundled, [simplified]))


@pytest.mark.parametrize("rare", ["龘", "😀", "𠀀", "\ue000"])
def test_a_rare_character_hides_nothing_but_itself(rare: str, reference: Any) -> None:
    for text in (f"{rare}是注意力机制", f"注意{rare}力", f"LoRA{rare}微调"):
        tokens, _, _ = reference(text)
        known = "".join(tokens[1:-1]).replace("▁", "").replace(rare, "")
        assert known == text.lower().replace(rare, "")


# ------------------------------------------------------------------------------------------------------------ damage


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@pytest.mark.parametrize(
    "harm",
    [
        lambda folder: truncate(folder / "onnx" / "model.onnx"),
        lambda folder: (folder / "onnx" / "model.onnx").unlink(),
        lambda folder: truncate(folder / "tokenizer.json"),
        lambda folder: (folder / "tokenizer.json").unlink(),
        lambda folder: truncate(folder / "kuaida.json"),
        lambda folder: (folder / "kuaida.json").write_text("[]"),
        lambda folder: (folder / "kuaida.json").write_text("{}"),
        lambda folder: (folder / "kuaida.json").write_text('{"dimension": "many", "max_tokens": 512, "revision": ""}'),
    ],
    ids=["half a model", "no model", "half a tokenizer", "no tokenizer", "half", "a list", "no keys", "no number"],
)
def test_a_damaged_folder(tmp_path: Path, harm: Callable[[Path], object]) -> None:
    folder = tmp_path / "model"
    shutil.copytree(BUNDLED_ENCODER, folder)
    harm(folder)
    with pytest.raises(EncoderError) as raised:
        load_encoder(str(folder))
    assert str(raised.value).endswith(": restore the folder from the repository")
    assert str(folder) in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(EncoderError) as raised:
        OnnxEncoder(tmp_path / "none", "kuaida")
    assert str(raised.value) == f"no encoder in {tmp_path / 'none'}: restore the folder from the repository"


# -------------------------------------------------------------------------------------------- sentence-transformers


@pytest.fixture(scope="module")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real sentence-transformers model: BERT with two layers of random weights and a vocabulary of characters."""
    torch = pytest.importorskip("torch", reason=LIGHT)
    library = pytest.importorskip("sentence_transformers", reason=LIGHT)
    transformers = pytest.importorskip("transformers", reason=LIGHT)
    torch.manual_seed(4)
    folder = tmp_path_factory.mktemp("tiny")
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"什么是注意力机制微调大模型的原理？。", "lora"]
    (folder / "vocab.txt").write_text("\n".join(vocabulary), encoding="utf-8")
    tokenizer = transformers.BertTokenizerFast(str(folder / "vocab.txt"))
    tokenizer.save_pretrained(folder / "bert")
    configuration = transformers.BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
    )
    transformers.BertModel(configuration).save_pretrained(folder / "bert")
    library.SentenceTransformer(str(folder / "bert"), device="cpu").save(str(folder / "model"))  # adds mean pooling
    return folder / "model"


@pytest.fixture(scope="module")
def tiny(tiny_folder: Path) -> Encoder:
    return load_encoder(str(tiny_folder))


def test_a_folder_of_sentence_transformers(tiny: Encoder, tiny_folder: Path) -> None:
    assert isinstance(tiny, SentenceTransformersEncoder)
    assert (tiny.name, tiny.dimension) == (str(tiny_folder), 32)
    assert_unit(whole(tiny, ["什么是注意力？", "LoRA 的原理", ""]), 3, 32)
    assert tiny.encode_questions([]) == []
    assert tiny.encode_passages([], []) == []


def test_its_vectors_are_those_of_the_library(tiny: Encoder, tiny_folder: Path) -> None:
    import sentence_transformers

    library = sentence_transformers.SentenceTransformer(str(tiny_folder), device="cpu")
    text = "注意力机制。大模型的微调。"
    pieces = [text, "注意力机制。", "大模型的微调。"]
    expected = library.encode(pieces, normalize_embeddings=True)
    (rows, other) = tiny.encode_passages([text, "原理"], [((0, 6), (6, 13)), ()])
    assert rows.vectors == pytest.approx(expected, abs=1e-5)
    assert other.vectors == pytest.approx(library.encode(["原理"], normalize_embeddings=True), abs=1e-5)
    assert whole(tiny, pieces) == pytest.approx(expected, abs=1e-5)


def test_its_revision_is_that_of_the_weights(tiny: Encoder, tiny_folder: Path, tmp_path: Path) -> None:
    """A folder that was trained on is another encoder, though its name stayed."""
    from safetensors.numpy import load_file, save_file

    copy = tmp_path / "copy"
    shutil.copytree(tiny_folder, copy)
    assert load_encoder(str(copy)).revision == tiny.revision
    (weights,) = copy.rglob("model.safetensors")
    tensors = load_file(weights)
    name = min(tensors)
    tensors[name] = tensors[name] + np.float32(0.01)
    save_file(tensors, weights, metadata={"format": "pt"})
    assert load_encoder(str(copy)).revision != tiny.revision


def test_the_bundled_folder_is_one_too(bundled: OnnxEncoder) -> None:
    pytest.importorskip("torch", reason=LIGHT)
    library = pytest.importorskip("sentence_transformers", reason=LIGHT)
    model = library.SentenceTransformer(str(BUNDLED_ENCODER), trust_remote_code=True)
    assert model.get_embedding_dimension() == 384
    for text in TEXTS:  # one by one: see ALONE_AND_IN_A_BATCH
        assert model.encode([text])[0] == pytest.approx(whole(bundled, [text])[0], abs=1e-5)
    assert_unit(model.encode(list(TEXTS)), len(TEXTS))


def test_an_unknown_name_is_refused_at_once_and_offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pytest.importorskip("sentence_transformers", reason=LIGHT)
    for name in ("no-such/encoder", str(tmp_path), str(tmp_path / "none")):
        assert refused_at_once(load_encoder, EncoderError, name, monkeypatch) == (
            f"cannot load the encoder {name!r}: give a sentence-transformers folder, or a hub name while online"
        )


def test_without_the_library_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(EncoderError) as raised:
        load_encoder("BAAI/bge-small-zh-v1.5")
    assert str(raised.value) == (
        "the encoder 'BAAI/bge-small-zh-v1.5' needs sentence-transformers: run `pip install -r requirements.txt`"
    )
