"""What the notes suggest while somebody types, and after an answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.assistant import Assistant
from rag.indexing.sync import sync
from rag.insights.completion import Suggestion, Suggestions
from rag.insights.related import related
from rag.store.local import Index
from rag.types import Answer, Hit
from tests.small import NOTES, write_notes
from tests.toy_encoder import ToyEncoder

TOY = ToyEncoder()
MORE = {
    "llm/cache.md": (
        "# 推理\n\n## KV cache 占多少显存？\n\n每层都存键和值。\n\n## 微调之后怎样部署？\n\n先合并权重，再部署。\n\n"
        "## 什么是位置编码？\n\n同一个问题，另一篇笔记。\n\n## storage 有多大？\n\n很大。\n"
    ),
    "散文.md": "# 数据\n\n## 清洗\n\n去掉重复的文本。\n\n## 配比\n\n网页占一半。\n",
}


@pytest.fixture
def index(corpus: Path, folder: Path) -> Index:
    write_notes(corpus, MORE)
    sync(corpus, folder, TOY)
    return Index.open(folder, TOY)


def complete(index: Index, typed: str) -> list[str]:
    """Returns the suggestions with what matched in brackets."""
    shown = []
    for suggestion in Suggestions.of(index).complete(typed):
        text = suggestion.text
        for start, end in reversed(suggestion.matched):
            text = f"{text[:start]}[{text[start:end]}]{text[end:]}"
        shown.append(text)
    return shown


@pytest.mark.parametrize(
    ("typed", "suggested"),
    [
        ("什么是位", ["[什么是位]置编码？"]),
        ("位置", ["什么是[位置]编码？"]),
        ("位置編碼", ["什么是[位置编码]？"]),
        ("kvcache", ["[KV cache] 占多少显存？"]),
        ("ＫＶ", ["[KV] cache 占多少显存？"]),
        ("lo", ["[Lo]RA 的原理是什么？"]),
        ("lora的原理", ["[LoRA 的原理]是什么？"]),
        ("原理 lora", ["[LoRA] 的[原理]是什么？"]),
        ("位置编码是什么", ["什么是[位置编码]？"]),
        ("位置编马", ["什么是[位置编码]？"]),
        ("zhuyili", ["[注意力]", "什么是[注意力]机制？"]),
        ("zhu yi li", ["[注意力]", "什么是[注意力]机制？"]),
        ("zhuyl", ["[注意力]", "什么是[注意力]机制？"]),
        ("zyl", ["[注意力]", "什么是[注意力]机制？"]),
        ("zuyi", ["[注意]力", "什么是[注意]力机制？"]),
        ("weitiao", ["[微调]之后怎样部署？", "[微调]"]),
        ("lora yuanli", ["[LoRA] 的[原理]是什么？"]),
        ("KV缓存", ["[KV] cache 占多少显存？"]),
        ("清", ["[清]洗"]),
        ("无关", []),
        ("", []),
        ("？！ _", []),
        ("👍", []),
    ],
)
def test_what_is_typed_is_completed(index: Index, typed: str, suggested: list[str]) -> None:
    found = complete(index, typed)
    assert sorted(found) == sorted(suggested)
    assert complete(index, typed) == found


def test_notes_without_headings_suggest_nothing(tmp_path: Path, folder: Path) -> None:
    sync(write_notes(tmp_path / "prose", {"a.txt": "今天下了雨，我们去了公园。\n"}), folder, TOY)
    assert [complete(Index.open(folder, TOY), typed) for typed in ("zy", "公园", "gy", "park")] == [[]] * 4


def test_beginnings_come_first_then_the_middle_then_words(index: Index) -> None:
    assert complete(index, "微调") == ["[微调]之后怎样部署？", "[微调]"]  # a question before a heading
    assert complete(index, "ra") == ["LoRA"[:0] + "Lo[RA] 的原理是什么？", "sto[ra]ge 有多大？"]
    assert complete(index, "什么是")[:3] == ["[什么是]位置编码？", "[什么是]注意力机制？", "[什么是]灾难性遗忘？"]


def test_a_suggestion_knows_its_lines_and_repeated_ones_are_given_once(index: Index) -> None:
    suggestions = Suggestions.of(index)
    assert suggestions.complete("推理") == (Suggestion("推理", "llm/cache.md", 1, 17, ((0, 2),)),)
    assert suggestions.complete("什么是位置编码") == (
        Suggestion("什么是位置编码？", "llm/attention.md", 7, 9, ((0, 7),)),
    )
    assert [found.text for found in suggestions.complete("么", limit=2)] == ["什么是位置编码？", "什么是注意力机制？"]
    assert suggestions.complete("么", limit=0) == ()


# ------------------------------------------------------------------------------------------------------ after an answer


def number_of(index: Index, title: str) -> int:
    titles = [index.passage(n).question or index.passage(n).headings[-1:] for n in range(index.size)]
    return titles.index(title if title in titles else (title,))


def answer(index: Index, *cited: str, found: bool = True, question: str = "别的问题") -> Answer:
    passages = [index.passage(number_of(index, title)) for title in cited]
    hits = tuple(Hit(passage, 0.9, (0, 1), False, (0, 1)) for passage in passages)
    return Answer(question, "", hits, tuple(range(1, len(hits) + 1)) if found else (), found, 0.9)


def texts(suggestions: tuple[Suggestion, ...]) -> list[str]:
    return [suggestion.text for suggestion in suggestions]


def test_the_next_entry_the_one_before_and_then_other_notes(index: Index) -> None:
    follow = related(index, answer(index, "微调之后怎样部署？"))
    assert texts(follow[:2]) == ["什么是位置编码？", "KV cache 占多少显存？"]
    assert len(follow) == 4
    assert not {found.source for found in follow[2:]} & {"llm/cache.md"}
    assert follow[0] == Suggestion("什么是位置编码？", "llm/cache.md", 11, 13)
    assert texts(related(index, answer(index, "微调之后怎样部署？"), limit=1)) == ["什么是位置编码？"]


def test_neither_what_was_asked_nor_what_is_cited_is_suggested(index: Index) -> None:
    asked = answer(index, "微调之后怎样部署？", "KV cache 占多少显存？", question="什么是位置編碼?")
    assert not {"什么是位置编码？", "微调之后怎样部署？", "KV cache 占多少显存？"} & set(texts(related(index, asked)))


def test_headings_are_suggested_where_a_note_asks_nothing(index: Index) -> None:
    assert texts(related(index, answer(index, "清洗")))[0] == "配比"


def test_without_an_answer_the_questions_among_the_nearest_are_suggested(index: Index) -> None:
    nothing = answer(index, "清洗", "微调之后怎样部署？", "什么是位置编码？", found=False, question="什么是位置编码")
    assert texts(related(index, nothing)) == ["微调之后怎样部署？"]


def test_a_real_answer_has_follow_ups(index: Index) -> None:
    follow = related(index, Assistant(index, TOY, Path("unused")).ask("LoRA 的原理是什么？"))
    assert texts(follow)[0] == "什么是灾难性遗忘？"


def test_an_answer_of_another_generation_has_none(index: Index, tmp_path: Path) -> None:
    sync(write_notes(tmp_path / "other", {"a.md": NOTES["tuning.md"]}), tmp_path / "other-index", TOY)
    other = Index.open(tmp_path / "other-index", TOY)
    assert related(other, answer(index, "KV cache 占多少显存？")) == ()
