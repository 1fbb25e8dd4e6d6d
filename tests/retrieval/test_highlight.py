"""Where the words of a question are in a passage, whatever form they have there."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.indexing.sync import sync
from rag.retrieval.fusion import inverse_document_frequency
from rag.retrieval.highlight import MatchedTerm, Matcher
from rag.retrieval.terms import How
from rag.store.local import Index
from tests.small import write_notes
from tests.toy_encoder import ToyEncoder

TOY = ToyEncoder()
GLOSSARY = "大语言模型\tLLM\n"


@pytest.fixture
def index(corpus: Path, folder: Path) -> Index:
    write_notes(corpus, {"glossary.tsv": GLOSSARY, "llm.md": "# LLM\n\n## 什么是 attention？\n\n一种机制。\n"})
    sync(corpus, folder, TOY)
    return Index.open(folder, TOY)


def marked(index: Index, question: str, text: str) -> list[str]:
    return [text[start:end] for start, end in Matcher(question, index).spans(text)]


@pytest.mark.parametrize(
    ("question", "text", "found"),
    [
        ("位置编码是什么？", "旋转位置编码给出位置。", ["位置编码", "位置"]),
        ("位置編碼", "位置编码", ["位置编码"]),
        ("位置编码", "前ﷺ位置編碼後", ["位置編碼"]),
        ("lora 的秩", "👩‍👩‍👧 ＬｏＲＡ：低秩矩阵", ["ＬｏＲＡ", "秩"]),
        ("KV 缓存", "kv-cache、KV缓存，不是 KVs", ["kv", "KV缓存"]),
        ("什么是量？", "重量与質量", ["量", "量"]),
        ("café", "cafe\u0301 之后", ["cafe\u0301"]),
        ("位置编马", "位置编码", ["位置编码"]),
        ("LLM 会编造吗", "大语言模型不会编造。", ["大语言模型", "会编造"]),
        ("大语言模型", "An LLM, not a lLm2", ["LLM"]),
        ("attension", "the Attention", ["Attention"]),
        ("attention", "attention 与注意力", ["attention"]),
        ("attention", "注意力", ["注意力"]),
        ("有什么用", "有用，作用", []),
        ("什么是什么", "什么是什么", []),
        ("what is it", "what it is", []),
        ("？", "？", []),
        ("位置编码", "", []),
    ],
)
def test_the_words_of_the_question_are_marked(index: Index, question: str, text: str, found: list[str]) -> None:
    assert marked(index, question, text) == found


def test_a_name_of_many_tokens_counts_only_in_one_piece(index: Index) -> None:
    assert marked(index, "LLM", "大的语言，好的模型") == []


def test_terms_say_how_they_matched_heaviest_first(index: Index) -> None:
    rare, common, name = (inverse_document_frequency(passages, index.size) for passages in (1, 2, 3))
    text = "注意力让大语言模型看位置编码，用 Attention。"
    assert Matcher("attension 和位置编马、LLM", index).terms(text) == (
        MatchedTerm("位置编马", How.HEARD, pytest.approx(2 * rare + common), "位置编码"),
        MatchedTerm("attension", How.MEANT, pytest.approx(name), "Attention"),  # llm/attention.md
        MatchedTerm("LLM", How.NAMED, pytest.approx(name), "大语言模型"),
    )
    assert Matcher("attention", index).terms("注意力")[0].how == How.TRANSLATED
    assert Matcher("冻结", index).terms("冻结") == (MatchedTerm("冻结", How.TYPED, pytest.approx(rare), "冻结"),)


def test_one_matcher_serves_many_texts(index: Index) -> None:
    matcher = Matcher("位置编码", index)
    assert [matcher.spans(text) for text in ("位置编码", "x位置", "无")] == [((0, 4),), ((1, 3),), ()]
    assert matcher.terms("无") == ()
