"""The words that tell a passage from others, by value."""

from __future__ import annotations

from pathlib import Path

from rag.indexing.sync import sync
from rag.insights.keywords import telling
from rag.store.local import Index
from tests.small import write_notes
from tests.toy_encoder import ToyEncoder

NOTES = {
    "a.md": "# 甲\n\n## 什么是注意力机制？\n\n注意力机制很常用。有了注意力机制，模型就好。attention of a model, x1 y2.",
    "b.md": "# 乙\n\n## 模型是什么？\n\n模型是函数，函数有参数。大的模型好，小的模型快。model",
}


def test_repeated_and_rare_words_tell_a_passage(tmp_path: Path) -> None:
    encoder = ToyEncoder()
    sync(write_notes(tmp_path / "corpus", NOTES), tmp_path / "index", encoder)
    index = Index.open(tmp_path / "index", encoder)
    assert telling(index, 0) == ("注意力机制", "attention")  # "model" is in both
    assert telling(index, 0, 1) == ("注意力机制",)
    assert telling(index, 1) == ("函数",)
