"""The glossary: what a person may write, and which names are found in a question."""

from __future__ import annotations

import pytest

from rag.config import DEFAULT_CORPUS
from rag.notes.corpus import read_glossary
from rag.text.glossary import Glossary, Mention, parse

ONE_NAME = "only one name: write the names of one thing on one line, with a tab between them"


def test_names_are_kept_in_normal_form() -> None:
    glossary, skipped = parse(
        "# 硬件\n\n顯存\tGPU  Memory\tＶＲＡＭ\t\t vram \n  # not a name\n \t \n大模型\tLLM\nC#\tC Sharp\n"
    )
    assert glossary.entries == (("显存", "gpu memory", "vram"), ("大模型", "llm"), ("c#", "c sharp"))
    assert skipped == ()


def test_lines_with_one_name_are_named() -> None:
    glossary, skipped = parse("显存 VRAM\n大模型\tLLM\n\n微调\t\nGPU\tgpu\n幻觉\t——\n")
    assert glossary.entries == (("大模型", "llm"),)
    assert [(line.source, str(line.reason)) for line in skipped] == [
        (f"glossary.tsv:{number}", ONE_NAME) for number in (1, 4, 5, 6)
    ]


def test_what_is_written_is_read_again() -> None:
    glossary = parse("显存\tGPU memory\n大模型\tLLM\n")[0]
    assert glossary.to_text() == "显存\tgpu memory\n大模型\tllm\n"
    assert Glossary.from_text(glossary.to_text()).entries == glossary.entries
    assert Glossary.from_text(Glossary(()).to_text()).entries == ()


GLOSSARY = parse(
    "显存\tGPU memory\tVRAM\n显存不足\tOOM\n大语言模型\tLLM\n语言模型\tLM\n"
    "检索增强生成\tRAG\n智能体\tagent\n代理\tagent\n"
)[0]


@pytest.mark.parametrize(
    ("question", "mentions"),
    [
        ("降低显存占用", [("显存", "gpu memory", "vram")]),
        ("VRAM太小", [("vram", "显存", "gpu memory")]),
        ("顯存和ｖｒａｍ", [("显存", "gpu memory", "vram"), ("vram", "显存", "gpu memory")]),
        ("显存不足，显存", [("显存不足", "oom"), ("显存", "gpu memory", "vram")]),
        ("大语言模型和语言模型", [("大语言模型", "llm"), ("语言模型", "lm")]),
        ("gpu memory usage", [("gpu memory", "显存", "vram")]),
        ("用RAG做问答", [("rag", "检索增强生成")]),
        ("RAG, RAG", [("rag", "检索增强生成")]),
        ("storage of fragments, rag2 and rags", []),
        ("gpu  memory", []),  # questions come with single blanks
        ("agent", [("agent", "智能体", "代理")]),
        ("", []),
    ],
)
def test_the_longest_name_from_left_to_right(question: str, mentions: list[tuple[str, ...]]) -> None:
    assert list(GLOSSARY.mentions(question)) == [Mention(name, tuple(others)) for name, *others in mentions]


def test_the_glossary_that_ships() -> None:
    """It has no line to complain about, and no name in two entries."""
    glossary, skipped = read_glossary(DEFAULT_CORPUS)
    names = [name for entry in glossary.entries for name in entry]
    assert skipped == ()
    assert len(glossary.entries) == 64
    assert [name for name in set(names) if names.count(name) > 1] == []
    assert ("显存不足", "oom", "爆显存", "out of memory", "显存不够") in glossary.entries
