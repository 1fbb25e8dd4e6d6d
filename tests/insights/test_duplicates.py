"""Questions that are answered twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.indexing.sync import sync
from rag.insights import duplicates as module
from rag.insights.duplicates import Twin, twins
from rag.store.local import Index
from tests.small import write_notes
from tests.toy_encoder import ToyEncoder

TOY = ToyEncoder()


def find(tmp_path: Path, notes: dict[str, str]) -> tuple[Twin, ...]:
    sync(write_notes(tmp_path / "corpus", notes), tmp_path / "index", TOY)
    return twins(Index.open(tmp_path / "index", TOY), TOY)


def places(found: tuple[Twin, ...]) -> list[tuple[str, int, str, int, bool]]:
    return [
        (twin.first.source, twin.first.start_line, twin.second.source, twin.second.start_line, twin.same_answer)
        for twin in found
    ]


def test_two_answers_to_one_question_are_twins(tmp_path: Path) -> None:
    found = find(
        tmp_path,
        {
            "a.md": "## 什么是位置编码？\n\n它告诉模型每个词在哪里。\n\n## 什么是分词？\n\n切成词元。\n",
            "b.md": "## 位置编码是什么\n\n无关\n\n## 什么是位置编码?\n\n它告诉模型词在哪里，新的说法。\n",
            "c.md": "## 什么是分词？\n\n切成 词元！\n",
        },
    )
    assert places(found) == [("a.md", 1, "b.md", 5, False), ("a.md", 5, "c.md", 1, True)]
    assert [twin.similarity for twin in found] == pytest.approx([1.0, 1.0], abs=1e-6)


def test_the_most_similar_come_first(tmp_path: Path) -> None:
    found = find(
        tmp_path,
        {
            "a.md": "## 怎样减少大模型的幻觉？\n\n接上检索，让它引用。\n",
            "b.md": "## 怎样减少大模型幻觉？\n\n接上检索，让它引用原文。\n",
            "c.md": "## 怎样减少大模型的幻觉\n\n接上检索，让它引用笔记。\n",
        },
    )
    assert places(found) == [
        ("a.md", 1, "c.md", 1, False),
        ("a.md", 1, "b.md", 1, False),
        ("b.md", 1, "c.md", 1, False),
    ]
    assert found[0].similarity > found[1].similarity > found[2].similarity >= module.SAME_QUESTION


def test_headings_count_only_in_notes_without_questions_and_when_they_are_no_labels(tmp_path: Path) -> None:
    prose = "# 数据\n\n## 清洗\n\n去掉重复的文本，留下好的。\n"
    asking = "# 数据\n\n## 清洗\n\n去掉重复的文本，留下好的。\n\n## 什么是配比？\n\n比例。\n"
    assert places(find(tmp_path, {"a.md": prose, "b.md": prose.replace("好的", "干净的"), "c.md": asking})) == [
        ("a.md", 1, "b.md", 1, False)
    ]
    labels = {f"{n}.md": "# 数据\n\n## 清洗\n\n去掉重复的文本，留下好的。\n" for n in range(module.LABELS)}
    assert find(tmp_path / "labels", labels) == ()


def test_one_heading_over_two_topics_is_no_twin(tmp_path: Path) -> None:
    assert (
        find(
            tmp_path,
            {
                "a.md": "# How\n\n用卷积核逐行扫过图像，再在每个窗口里取最大值，最后接上全连接层。\n",
                "b.md": "# How\n\nPOST the request, then read the JSON that comes back, as usual.\n",
            },
        )
        == ()
    )


def test_a_long_answer_is_one_entry(tmp_path: Path) -> None:
    long = "## 什么是分词？\n\n" + "\n\n".join(f"第{n}段，{'说明' * 100}。" for n in range(8)) + "\n"
    assert places(find(tmp_path, {"a.md": long, "b.md": long})) == [("a.md", 1, "b.md", 1, True)]
    other = find(tmp_path / "other", {"a.md": long, "b.md": long.replace("第7段", "最后一段")})
    assert places(other) == [("a.md", 1, "b.md", 1, False)]


def test_nothing_to_compare(tmp_path: Path) -> None:
    assert find(tmp_path, {"a.txt": "没有标题的一段话。\n"}) == ()


def test_of_very_many_titles_those_most_like_another_are_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_TITLES", 2)
    monkeypatch.setattr(module, "BLOCK", 3)
    notes = {
        f"{n}.md": f"## {word}是什么？\n\n{word}的说明。\n" for n, word in enumerate("狐狸 骆驼 企鹅 海豚 蜻蜓".split())
    }
    notes["z.md"] = "## 海豚是什么？\n\n海豚的另一种说明。\n"
    assert places(find(tmp_path, notes)) == [("3.md", 1, "z.md", 1, False)]
