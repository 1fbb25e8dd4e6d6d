"""One normal form and one list of tokens for notes and questions."""

from __future__ import annotations

import pytest

from rag.question.frames import content_tokens
from rag.text.normal import clean, is_chinese, normalize
from rag.text.tokens import needle, placed_tokens, runs, tokens


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("ＬｏＲＡ　３２", "lora 32"),
        ("ﬁne-Tuning", "fine-tuning"),
        ("H₂O Ⅳ ①", "h2o iv 1"),
        ("大語言模型的幻覺", "大语言模型的幻觉"),
        ("臺灣、皇后、頭髮", "台湾、皇后、头发"),  # 后 and 發 have several traditional forms
        ("什么？！（甲）", "什么?!(甲)"),
        ("", ""),
    ],
)
def test_normalize(text: str, normal: str) -> None:
    assert normalize(text) == normal
    assert normalize(normal) == normal


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("大模型", ["大模", "模型"]),
        ("大語言模型", ["大语", "语言", "言模", "模型"]),
        ("LoRA微调", ["lora", "微调"]),
        ("GPT-4的参数", ["gpt", "4", "的参", "参数"]),
        ("大模型，微调!", ["大模", "模型", "微调"]),  # no bigram goes over a comma
        ("模 a", ["模", "a"]),
        ("x_1 = 3.14", ["x", "1", "3", "14", "3.14"]),
        ("café", ["café"]),
        ("日本のモデル", ["日本", "のモデル"]),
        ("𠀀𠀁𠀂", ["𠀀𠀁", "𠀁𠀂"]),
        ("？！…😀", []),
        ("", []),
    ],
)
def test_tokens(text: str, expected: list[str]) -> None:
    assert list(tokens(text)) == expected


def test_tokens_have_places() -> None:
    assert list(placed_tokens("用 lora微调, 𠮷")) == [
        ("用", (0, 1)),
        ("lora", (2, 6)),
        ("微调", (6, 8)),
        ("𠮷", (10, 11)),
    ]
    assert list(placed_tokens("大模型3.5")) == [("大模", (0, 2)), ("模型", (1, 3)), ("3", (3, 4)), ("5", (5, 6))]
    assert list(placed_tokens("")) == []


def test_a_needle_is_found_where_its_token_is() -> None:
    text = "# GPT-4 的 KV cache，訓練时显存不足 32GB\n\n猫_狗 é2 大模型"
    assert runs(text) == " gpt 4 的 kv cache 训练时显存不足 32gb 猫 狗 é2 大模型 "
    held = set(tokens(text))
    others = {"gp", "gb", "ca", "大", "型", "é", "足3", "的训", "~da-mo", "时存", "狗 ", "模型大"}
    assert {token for token in held | others if needle(token) in runs(text)} == held


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("什么是LoRA？", ("lora",)),
        ("請問 LoRA 是什麼", ("lora",)),
        ("怎么降低显存占用呢", ("降低", "低显", "显存", "存占", "占用")),
        ("What is the attention mechanism?", ("attention", "mechanism")),
        ("注意力的作用", ("注意", "意力", "作用")),
        ("什么是？", ("什么", "么是")),  # nothing but a frame: better than nothing to search for
        ("the", ("the",)),
        ("？！", ()),
    ],
)
def test_content_tokens(question: str, expected: tuple[str, ...]) -> None:
    assert content_tokens(question) == expected


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("甲\t乙\n丙", "甲\t乙\n丙"),
        ("\x1b[31m红\x1b]0;标题\x07", "[31m红]0;标题"),
        ("a\x00b\rc\x7fd\x85e\x9bf", "abcdef"),
        ("a\u200bb\u200dc\ufeffd\u2060e", "abcde"),  # zero-width
        ("a\u202eb\u2066c\u2069d\u200fe", "abcde"),  # direction
        ("a\ufe0fb", "ab"),  # variation selectors
        ("a\U000e0041\U000e007fb", "ab"),  # tags, which only a language model reads
        ("a\ud800b\udfffc", "abc"),  # lone surrogates cannot be written as UTF-8
        ("𠀀é", "𠀀é"),
    ],
)
def test_clean(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("LoRA 的原理", True),
        ("aaaaaaaaa注", True),  # one in ten
        ("aaaaaaaaaa注", False),
        ("What is 注意力 in a transformer model?", False),
        ("abc", False),
        ("𠀀", True),
    ],
)
def test_is_chinese(text: str, expected: bool) -> None:
    assert is_chinese(text) is expected
