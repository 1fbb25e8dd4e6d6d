"""A corpus small enough to know by heart: five entries and one piece of prose in three notes."""

from __future__ import annotations

from pathlib import Path

NOTES = {
    "llm/attention.md": (
        "# 注意力\n\n"
        "## 什么是注意力机制？\n\n注意力机制让模型关注相关的部分。它由查询、键和值组成。\n\n"
        "## 什么是位置编码？\n\n位置编码告诉模型每个词在哪里。\n"
    ),
    "tuning.md": (
        "# 微调\n\n"
        "## LoRA 的原理是什么？\n\nLoRA 冻结原来的权重，只训练两个低秩矩阵。\n\n"
        "## 什么是灾难性遗忘？\n\n模型学了新任务，却忘了旧任务。\n"
    ),
    "分词.txt": "分词器把文本切成词元。\n\n字节对编码从字符开始合并。\n",
}
ENTRY = "什么是位置编码？"
ENTRY_ANSWER = "位置编码告诉模型每个词在哪里。 [1]"
ENTRY_PLACE = "llm/attention.md:7-9"


def write_notes(corpus: Path, notes: dict[str, str] = NOTES) -> Path:
    """Writes `notes` below the folder `corpus`, and returns it."""
    for source, text in notes.items():
        path = corpus / source
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return corpus
