"""Markdown as text: what is enclosed, what a reader sees, how much there is to read."""

from __future__ import annotations

import pytest

from rag.text.markdown import enclosed, extent, visible


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("甲\n```py\nx\n```\n乙", [("```py\nx\n```", True)]),
        ("~~~~\n```\n~~~~", [("~~~~\n```\n~~~~", True)]),
        ("```\n```py\n```", [("```\n```py\n```", True)]),  # what names a language closes nothing
        ("```一行里的代码```\n乙", []),
        ("- 甲\n  ```\n  x\n  ```", [("  ```\n  x\n  ```", True)]),
        ("甲\n```\nx\n\ny", [("```\nx\n\ny", True)]),
        ("$$\na\n$$\n乙\n\\[\nb\n\\]", [("$$\na\n$$", False), ("\\[\nb\n\\]", False)]),
        ("$$ a\n+ b $$\n乙", [("$$ a\n+ b $$", False)]),
        ("$$a$$\n乙\n$$b$$", []),
        ("一碗 $$\n$$ 的面", []),
        ("$$\n没有合上", []),
        ("没有", []),
    ],
)
def test_what_is_enclosed(text: str, expected: list[tuple[str, bool]]) -> None:
    assert [(text[block.start : block.end], block.is_code) for block in enclosed(text)] == expected


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("甲 <!-- 乙\n丙 --> 丁", "甲       \n      丁"),
        ("`<!-- 甲 -->` 乙", "`<!-- 甲 -->` 乙"),
        ("```\n<!-- 甲 -->\n```", "```\n<!-- 甲 -->\n```"),
        ("<!--\n```\n甲\n```\n-->\n乙", "    \n   \n \n   \n   \n乙"),
        ("<details open><summary>甲</summary>乙</details>", f"{' ' * 34}乙{' ' * 10}"),
        ("甲 <!-- 乙", "甲 <!-- 乙"),  # not closed, and within a line
        ("甲 < 乙", "甲 < 乙"),
    ],
)
def test_what_a_reader_sees(text: str, shown: str) -> None:
    assert visible(text) == shown


@pytest.mark.parametrize(
    ("text", "characters"),
    [
        ("甲乙丙", 3),
        ("| 甲     | 乙 |", 9),
        ("甲\t\t乙", 3),
        ("甲  乙", 4),
        ("    甲", 5),
        ("| 甲 |\n|----|\n| 乙 |", 12),
        ("----", 4),
        ("", 0),
    ],
)
def test_how_much_there_is_to_read(text: str, characters: int) -> None:
    assert extent(text) == characters
